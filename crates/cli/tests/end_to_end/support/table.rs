//! A table as DuckDB has it.

use criteo_engine::catalog::FieldType;
use duckdb::{Connection, params};

use super::cell::{self, Cell};

/// A column as DuckDB describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DatabaseColumn {
    pub(super) name: String,
    pub(super) sql_type: String,
    pub(super) comment: Option<String>,
}

/// The columns of a table in their order; none when there is no such table.
pub(super) fn columns(database: &Connection, table: &str) -> Vec<DatabaseColumn> {
    let mut statement = database
        .prepare(
            "SELECT column_name, data_type, comment FROM duckdb_columns() \
             WHERE schema_name = 'main' AND table_name = ? ORDER BY column_index",
        )
        .unwrap();
    let columns = statement
        .query_map(params![table], |row| {
            Ok(DatabaseColumn {
                name: row.get(0)?,
                sql_type: row.get(1)?,
                comment: row.get(2)?,
            })
        })
        .unwrap();
    columns.map(Result::unwrap).collect()
}

/// The comment on a table.
pub(super) fn comment(database: &Connection, table: &str) -> Option<String> {
    database
        .query_row(
            "SELECT comment FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = ?",
            params![table],
            |row| row.get(0),
        )
        .unwrap()
}

/// Hands every row of some advertisers to `take`. DuckDB writes each value as text, decimals with all their digits and
/// doubles so that they read back as they are.
pub(super) fn rows(
    database: &Connection,
    table: &str,
    columns: &[(String, FieldType)],
    advertisers: &[String],
    mut take: impl FnMut(&[Cell]),
) {
    let texts: Vec<String> = columns
        .iter()
        .map(|(name, _)| format!("CAST(\"{name}\" AS VARCHAR)"))
        .collect();
    let quoted: Vec<String> = advertisers.iter().map(|id| format!("'{id}'")).collect();
    // A row without an advertiser is nobody's, so it is always looked at.
    let question = format!(
        "SELECT {} FROM \"{table}\" WHERE advertiser_id IS NULL OR advertiser_id IN ({})",
        texts.join(", "),
        quoted.join(", ")
    );
    let mut statement = database.prepare(&question).unwrap();
    let mut found = statement.query([]).unwrap();
    let mut cells = Vec::with_capacity(columns.len());
    while let Some(row) = found.next().unwrap() {
        cells.clear();
        for (place, (_, field_type)) in columns.iter().enumerate() {
            cells.push(cell::of_database(*field_type, row.get(place).unwrap()));
        }
        take(&cells);
    }
}
