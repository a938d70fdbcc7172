//! The ledger's tables: making them, which version they have, and which streams they know.

use ::duckdb::{OptionalExt, params};

use super::super::ledger_tables::{LAYOUT, LAYOUT_KEY, LedgerTable, META, TABLES, VERSION};
use super::super::ledger_views::VIEWS;
use super::connection::{Failure, Session};
use super::{ledger_views, schema, sql};
use crate::ledger::StreamEntry;

pub(super) use super::super::ledger_tables::{
    CHANGES, DROPS, HISTORIES, PREFIX, RUNS, STREAMS, WINDOW_ADVERTISERS, WINDOWS,
};

/// Whether the schema holds a ledger. A ledger of a later layout is refused.
pub(super) fn exists(session: &Session<'_>) -> Result<bool, Failure> {
    if !schema::table_exists(session, META)? {
        return Ok(false);
    }
    let version: Option<String> = session
        .connection
        .query_row(
            &format!(
                "SELECT value FROM {} WHERE key = 'ledger_version'",
                session.table(META)
            ),
            [],
            |row| row.get(0),
        )
        .optional()?;
    match version.as_deref().map(str::parse::<u32>) {
        Some(Ok(version)) if version <= VERSION => Ok(true),
        _ => Err(Failure::Refused(format!(
            "its ledger has version {}, and this program knows none after {VERSION}",
            version.as_deref().unwrap_or("unknown")
        ))),
    }
}

/// Whether the ledger was made by an older program and lacks something.
pub(super) fn is_old(session: &Session<'_>) -> Result<bool, Failure> {
    let layout: Option<String> = session
        .connection
        .query_row(
            &format!("SELECT value FROM {} WHERE key = ?", session.table(META)),
            params![LAYOUT_KEY],
            |row| row.get(0),
        )
        .optional()?;
    let layout = layout.map_or(Ok(1), |layout| layout.parse::<u32>());
    Ok(layout.is_ok_and(|layout| layout < LAYOUT))
}

/// Creates schema, tables and views.
pub(super) fn create(session: &Session<'_>) -> Result<(), Failure> {
    session.connection.execute_batch(&format!(
        "CREATE SCHEMA IF NOT EXISTS {}",
        session.schema_name()
    ))?;
    for table in TABLES {
        create_table(session, table)?;
    }
    create_views(session)?;
    set_fact(session, "ledger_version", VERSION)?;
    set_fact(session, LAYOUT_KEY, LAYOUT)
}

/// Adds to the ledger of an older program what it lacks. What it holds stays as it is.
pub(super) fn extend(session: &Session<'_>) -> Result<(), Failure> {
    for table in TABLES {
        if !schema::table_exists(session, table.name)? {
            create_table(session, table)?;
            continue;
        }
        let existing = schema::column_names(session, table.name)?;
        for (column, field_type, description) in table.columns {
            if !existing.iter().any(|name| name == column) {
                let name = session.table(table.name);
                session.connection.execute_batch(&format!(
                    "ALTER TABLE {name} ADD COLUMN {} {}; {}",
                    sql::identifier(column),
                    schema::sql_type(*field_type),
                    comment_on_column(&name, column, description)
                ))?;
            }
        }
    }
    super::windows::fill_days_of_reading(session)?;
    create_views(session)?;
    set_fact(session, LAYOUT_KEY, LAYOUT)
}

fn create_table(session: &Session<'_>, table: &LedgerTable) -> Result<(), Failure> {
    let name = session.table(table.name);
    let columns = table
        .columns
        .iter()
        .map(|(column, field_type, _)| {
            format!(
                "{} {}",
                sql::identifier(column),
                schema::sql_type(*field_type)
            )
        })
        .collect::<Vec<_>>()
        .join(", ");
    let comments: String = table
        .columns
        .iter()
        .map(|(column, _, description)| comment_on_column(&name, column, description))
        .collect();
    session.connection.execute_batch(&format!(
        "CREATE TABLE {name} ({columns}); COMMENT ON TABLE {name} IS {}; {comments}",
        sql::literal(table.description)
    ))?;
    Ok(())
}

/// The views name their tables without a schema, which DuckDB looks up beside the view: so they still work in a copy
/// of the file under another name.
fn create_views(session: &Session<'_>) -> Result<(), Failure> {
    for view in VIEWS {
        let Some(query) = ledger_views::query(view.name) else {
            continue;
        };
        let name = session.table(view.name);
        let comments: String = view
            .columns
            .iter()
            .map(|(column, description)| comment_on_column(&name, column, description))
            .collect();
        session.connection.execute_batch(&format!(
            "CREATE OR REPLACE VIEW {name} AS {}; COMMENT ON VIEW {name} IS {}; {comments}",
            query,
            sql::literal(view.description)
        ))?;
    }
    Ok(())
}

fn comment_on_column(table: &str, column: &str, description: &str) -> String {
    format!(
        "COMMENT ON COLUMN {table}.{} IS {};",
        sql::identifier(column),
        sql::literal(description)
    )
}

fn set_fact(session: &Session<'_>, key: &str, value: u32) -> Result<(), Failure> {
    let meta = session.table(META);
    session
        .connection
        .execute(&format!("DELETE FROM {meta} WHERE key = ?"), params![key])?;
    session.connection.execute(
        &format!("INSERT INTO {meta} (key, value) VALUES (?, ?)"),
        params![key, value.to_string()],
    )?;
    Ok(())
}

/// What is remembered of a stream.
pub(super) fn stream(session: &Session<'_>, stream: &str) -> Result<Option<StreamEntry>, Failure> {
    let found = session
        .connection
        .query_row(
            &format!(
                "SELECT table_name, CAST(grain AS VARCHAR), currency, time_zone FROM {} WHERE stream = ?",
                session.table(STREAMS)
            ),
            params![stream],
            |row| {
                let grain: String = row.get(1)?;
                Ok((row.get(0)?, grain, row.get(2)?, row.get(3)?))
            },
        )
        .optional()?;
    found
        .map(|(table, grain, currency, time_zone)| {
            Ok(StreamEntry {
                stream: stream.to_owned(),
                table,
                grain: serde_json::from_str(&grain)?,
                currency,
                time_zone,
            })
        })
        .transpose()
}

/// The stream that owns a table.
pub(super) fn owner(session: &Session<'_>, table: &str) -> Result<Option<String>, Failure> {
    Ok(session
        .connection
        .query_row(
            &format!(
                "SELECT stream FROM {} WHERE lower(table_name) = lower(?)",
                session.table(STREAMS)
            ),
            params![table],
            |row| row.get(0),
        )
        .optional()?)
}

/// Writes what a stream's table is for.
pub(super) fn remember_stream(session: &Session<'_>, entry: &StreamEntry) -> Result<(), Failure> {
    forget_stream(session, &entry.stream)?;
    session.connection.execute(
        &format!(
            "INSERT INTO {} (stream, table_name, grain, currency, time_zone) VALUES (?, ?, ?, ?, ?)",
            session.table(STREAMS)
        ),
        params![
            entry.stream,
            entry.table,
            serde_json::to_string(&entry.grain)?,
            entry.currency,
            entry.time_zone
        ],
    )?;
    Ok(())
}

/// Removes a stream from the list.
pub(super) fn forget_stream(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    session.connection.execute(
        &format!("DELETE FROM {} WHERE stream = ?", session.table(STREAMS)),
        params![stream],
    )?;
    Ok(())
}
