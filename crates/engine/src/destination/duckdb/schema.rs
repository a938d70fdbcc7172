//! Creating and extending tables, and refusing those that do not fit.

use ::duckdb::params;

use super::super::rules;
use super::connection::{Failure, Session};
use super::{changes, ledger, sql, versions, windows};
use crate::ledger::StreamEntry;
use crate::schema::{Column, FieldType, MONEY_PRECISION, MONEY_SCALE, TableSchema};

/// A column as DuckDB holds it.
pub(super) struct ExistingColumn {
    pub(super) name: String,
    pub(super) sql_type: String,
    pub(super) comment: Option<String>,
}

/// Creates the table or adds what it lacks, and remembers the stream.
pub(super) fn prepare(
    session: &Session<'_>,
    schema: &TableSchema,
    stream: &StreamEntry,
) -> Result<(), Failure> {
    rules::refuse_ledger_name(&schema.table, ledger::PREFIX).map_err(Failure::Refused)?;
    let remembered = ledger::stream(session, &stream.stream)?;
    // A new table name is a fresh start: the old table stays as it is, and the ledger no longer speaks of it.
    let same_table = remembered
        .as_ref()
        .is_some_and(|before| same_name(&before.table, &schema.table));
    if !table_exists(session, &schema.table)? {
        windows::drop_loaded(session, &stream.stream)?;
        if remembered.is_some_and(|before| !before.is_comparable_with(stream)) {
            changes::forget(session, &stream.stream)?;
        }
        create(session, schema)?;
    } else if same_table {
        if let Some(before) = &remembered {
            rules::refuse_other_purpose(before, stream)?;
        }
        extend(session, schema)?;
    } else {
        return Err(foreign(session, &schema.table)?);
    }
    ledger::remember_stream(session, stream)
}

/// Drops the table of a stream and what the ledger says of it.
pub(super) fn forget(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    if let Some(entry) = ledger::stream(session, stream)? {
        let table = session.table(&entry.table);
        session
            .connection
            .execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    windows::drop_all(session, stream)?;
    versions::stop(session, stream)?;
    ledger::forget_stream(session, stream)
}

/// Whether there is a table or view of that name. DuckDB does not tell upper from lower case in names.
pub(super) fn table_exists(session: &Session<'_>, table: &str) -> Result<bool, Failure> {
    let found: i64 = session.connection.query_row(
        "SELECT count(*) FROM information_schema.tables \
         WHERE table_catalog = ? AND lower(table_schema) = lower(?) AND lower(table_name) = lower(?)",
        params![session.catalog, session.schema, table],
        |row| row.get(0),
    )?;
    Ok(found > 0)
}

/// Whether the configured schema exists.
pub(super) fn schema_exists(session: &Session<'_>) -> Result<bool, Failure> {
    let found: i64 = session.connection.query_row(
        "SELECT count(*) FROM information_schema.schemata \
         WHERE catalog_name = ? AND lower(schema_name) = lower(?)",
        params![session.catalog, session.schema],
        |row| row.get(0),
    )?;
    Ok(found > 0)
}

/// How DuckDB names a column's type; also what it calls it in its catalog.
pub(super) fn sql_type(field_type: FieldType) -> String {
    match field_type {
        FieldType::Text => "VARCHAR".to_owned(),
        FieldType::Integer => "BIGINT".to_owned(),
        FieldType::Money => format!("DECIMAL({MONEY_PRECISION},{MONEY_SCALE})"),
        FieldType::Float => "DOUBLE".to_owned(),
        FieldType::Boolean => "BOOLEAN".to_owned(),
        FieldType::Date => "DATE".to_owned(),
        FieldType::Timestamp | FieldType::TimestampUtc => "TIMESTAMP".to_owned(),
        FieldType::Json => "JSON".to_owned(),
    }
}

/// The names of a table's columns, in order.
pub(super) fn column_names(session: &Session<'_>, table: &str) -> Result<Vec<String>, Failure> {
    Ok(existing_columns(session, table)?
        .into_iter()
        .map(|column| column.name)
        .collect())
}

fn create(session: &Session<'_>, schema: &TableSchema) -> Result<(), Failure> {
    let columns = schema
        .columns
        .iter()
        .map(definition)
        .collect::<Vec<_>>()
        .join(", ");
    let table = session.table(&schema.table);
    session
        .connection
        .execute_batch(&format!("CREATE TABLE {table} ({columns})"))?;
    comment_on_table(session, schema)?;
    for column in &schema.columns {
        comment_on_column(session, &schema.table, column)?;
    }
    Ok(())
}

/// Adds the columns that are missing and brings descriptions up to date.
fn extend(session: &Session<'_>, schema: &TableSchema) -> Result<(), Failure> {
    let existing = existing_columns(session, &schema.table)?;
    for column in &schema.columns {
        let wanted = sql_type(column.field_type);
        match existing
            .iter()
            .find(|present| same_name(&present.name, &column.name))
        {
            Some(present) if present.sql_type != wanted => {
                let found = &present.sql_type;
                return Err(rules::other_type(&schema.table, &column.name, found, &wanted).into());
            }
            Some(present) if present.comment.as_deref() == Some(&column.description) => {}
            Some(_) => comment_on_column(session, &schema.table, column)?,
            None => {
                session.connection.execute_batch(&format!(
                    "ALTER TABLE {} ADD COLUMN {}",
                    session.table(&schema.table),
                    definition(column)
                ))?;
                comment_on_column(session, &schema.table, column)?;
            }
        }
    }
    comment_on_table(session, schema)
}

fn definition(column: &Column) -> String {
    format!(
        "{} {}",
        sql::identifier(&column.name),
        sql_type(column.field_type)
    )
}

fn comment_on_table(session: &Session<'_>, schema: &TableSchema) -> Result<(), Failure> {
    let table = session.table(&schema.table);
    let comment = sql::literal(&schema.description);
    session
        .connection
        .execute_batch(&format!("COMMENT ON TABLE {table} IS {comment}"))?;
    Ok(())
}

fn comment_on_column(session: &Session<'_>, table: &str, column: &Column) -> Result<(), Failure> {
    let name = sql::identifier(&column.name);
    let table = session.table(table);
    let comment = sql::literal(&column.description);
    session
        .connection
        .execute_batch(&format!("COMMENT ON COLUMN {table}.{name} IS {comment}"))?;
    Ok(())
}

/// The columns of a table, in order.
pub(super) fn existing_columns(
    session: &Session<'_>,
    table: &str,
) -> Result<Vec<ExistingColumn>, Failure> {
    let mut statement = session.connection.prepare(
        "SELECT column_name, data_type, comment FROM duckdb_columns() \
         WHERE database_name = ? AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?) \
         ORDER BY column_index",
    )?;
    let rows = statement.query_map(params![session.catalog, session.schema, table], |row| {
        Ok(ExistingColumn {
            name: row.get(0)?,
            sql_type: row.get(1)?,
            comment: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The refusal of a table that this stream did not make.
fn foreign(session: &Session<'_>, table: &str) -> Result<Failure, Failure> {
    let owner = ledger::owner(session, table)?;
    Ok(rules::foreign_table(table, owner.as_deref()).into())
}

/// Whether two names are the same to DuckDB.
pub(super) fn same_name(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}
