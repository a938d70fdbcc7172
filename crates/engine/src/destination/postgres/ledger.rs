//! The ledger's tables: making them, which version they have, and which streams they know.

use tokio_postgres::types::Type;

use super::super::ledger_tables::{
    LAYOUT, LAYOUT_KEY, LedgerTable, META, STREAMS, TABLES, VERSION,
};
use super::super::ledger_views::VIEWS;
use super::connection::Session;
use super::failure::Failure;
use super::{ledger_views, schema, sql};
use crate::ledger::StreamEntry;
use crate::schema::FieldType;

pub(super) use super::super::ledger_tables::{
    CHANGES, DROPS, HISTORIES, PREFIX, RUNS, WINDOW_ADVERTISERS, WINDOWS,
};

/// Whether the schema holds a ledger. A ledger of a later layout is refused.
pub(super) async fn exists(session: &Session<'_>) -> Result<bool, Failure> {
    if !schema::table_exists(session, META).await? {
        return Ok(false);
    }
    let question = format!(
        "SELECT value FROM {} WHERE key = 'ledger_version'",
        session.table(META)
    );
    let rows = session.transaction.query_typed(&question, &[]).await?;
    let version: Option<String> = match rows.first() {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    match version.as_deref().map(str::parse::<u32>) {
        Some(Ok(version)) if version <= VERSION => Ok(true),
        _ => Err(Failure::Refused(format!(
            "the ledger of schema '{}' has version {}, and this program knows none after {VERSION}; install the newest \
             version of this program",
            session.schema,
            version.as_deref().unwrap_or("unknown")
        ))),
    }
}

/// Whether the ledger was made by an older program and lacks something.
pub(super) async fn is_old(session: &Session<'_>) -> Result<bool, Failure> {
    let question = format!("SELECT value FROM {} WHERE key = $1", session.table(META));
    let found = session
        .transaction
        .query_typed_opt(&question, &[(&LAYOUT_KEY, Type::TEXT)])
        .await?;
    let layout: Option<String> = found.map(|row| row.try_get(0)).transpose()?;
    let layout = layout.map_or(Ok(1), |layout| layout.parse::<u32>());
    Ok(layout.is_ok_and(|layout| layout < LAYOUT))
}

/// Creates schema, tables and views. A schema that exists is not asked for again: that would need a right on the
/// database.
pub(super) async fn create(session: &Session<'_>) -> Result<(), Failure> {
    if !schema::schema_exists(session).await? {
        let schema = sql::identifier(session.schema);
        session
            .transaction
            .batch_execute(&format!("CREATE SCHEMA {schema}"))
            .await?;
    }
    for table in TABLES {
        create_table(session, table).await?;
    }
    let index = format!("CREATE INDEX ON {} (stream)", session.table(WINDOWS));
    session.transaction.batch_execute(&index).await?;
    let index = format!("CREATE INDEX ON {} (stream, day)", session.table(CHANGES));
    session.transaction.batch_execute(&index).await?;
    create_views(session).await?;
    set_fact(session, "ledger_version", VERSION).await?;
    set_fact(session, LAYOUT_KEY, LAYOUT).await
}

/// Adds to the ledger of an older program what it lacks. What it holds stays as it is.
pub(super) async fn extend(session: &Session<'_>) -> Result<(), Failure> {
    for table in TABLES {
        if !schema::table_exists(session, table.name).await? {
            create_table(session, table).await?;
            continue;
        }
        let existing = schema::existing_columns(session, table.name).await?;
        let name = session.table(table.name);
        for (column, field_type, description) in table.columns {
            if !existing.iter().any(|present| present.name == *column) {
                let statements = format!(
                    "ALTER TABLE {name} ADD COLUMN {}; {}",
                    definition(column, *field_type),
                    comment_on_column(&name, column, description)
                );
                session.transaction.batch_execute(&statements).await?;
            }
        }
    }
    create_views(session).await?;
    set_fact(session, LAYOUT_KEY, LAYOUT).await
}

async fn create_table(session: &Session<'_>, table: &LedgerTable) -> Result<(), Failure> {
    let name = session.table(table.name);
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .map(|(column, field_type, _)| definition(column, *field_type))
        .collect();
    if !table.key.is_empty() {
        let key = sql::identifiers(table.key.iter().copied());
        parts.push(format!("PRIMARY KEY ({key})"));
    }
    let comments: String = table
        .columns
        .iter()
        .map(|(column, _, description)| comment_on_column(&name, column, description))
        .collect();
    let statements = format!(
        "CREATE TABLE {name} ({}); COMMENT ON TABLE {name} IS {}; {comments}",
        parts.join(", "),
        sql::literal(table.description)
    );
    session.transaction.batch_execute(&statements).await?;
    Ok(())
}

/// The view's tables are found by the transaction's search path, and are the view's own from then on.
async fn create_views(session: &Session<'_>) -> Result<(), Failure> {
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
        let statements = format!(
            "CREATE OR REPLACE VIEW {name} AS {query}; COMMENT ON VIEW {name} IS {}; {comments}",
            sql::literal(view.description)
        );
        session.transaction.batch_execute(&statements).await?;
    }
    Ok(())
}

fn definition(column: &str, field_type: FieldType) -> String {
    // Identifiers are compared by their bytes: a language's order could put later readings before earlier ones.
    let order = match field_type {
        FieldType::Text => " COLLATE \"C\"",
        _ => "",
    };
    let sql_type = schema::sql_type(field_type);
    format!("{} {sql_type}{order}", sql::identifier(column))
}

fn comment_on_column(table: &str, column: &str, description: &str) -> String {
    format!(
        "COMMENT ON COLUMN {table}.{} IS {};",
        sql::identifier(column),
        sql::literal(description)
    )
}

async fn set_fact(session: &Session<'_>, key: &str, value: u32) -> Result<(), Failure> {
    let insert = format!(
        "INSERT INTO {} (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        session.table(META)
    );
    session
        .transaction
        .execute_typed(
            &insert,
            &[(&key, Type::TEXT), (&value.to_string(), Type::TEXT)],
        )
        .await?;
    Ok(())
}

/// What is remembered of a stream.
pub(super) async fn stream(
    session: &Session<'_>,
    stream: &str,
) -> Result<Option<StreamEntry>, Failure> {
    let question = format!(
        "SELECT table_name, CAST(grain AS text), currency, time_zone FROM {} WHERE stream = $1",
        session.table(STREAMS)
    );
    let found = session
        .transaction
        .query_typed_opt(&question, &[(&stream, Type::TEXT)])
        .await?;
    let Some(row) = found else { return Ok(None) };
    let grain: String = row.try_get(1)?;
    Ok(Some(StreamEntry {
        stream: stream.to_owned(),
        table: row.try_get(0)?,
        grain: serde_json::from_str(&grain)?,
        currency: row.try_get(2)?,
        time_zone: row.try_get(3)?,
    }))
}

/// The stream that owns a table.
pub(super) async fn owner(session: &Session<'_>, table: &str) -> Result<Option<String>, Failure> {
    let question = format!(
        "SELECT stream FROM {} WHERE table_name = $1 LIMIT 1",
        session.table(STREAMS)
    );
    let found = session
        .transaction
        .query_typed_opt(&question, &[(&table, Type::TEXT)])
        .await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

/// Writes what a stream's table is for.
pub(super) async fn remember_stream(
    session: &Session<'_>,
    entry: &StreamEntry,
) -> Result<(), Failure> {
    forget_stream(session, &entry.stream).await?;
    let insert = format!(
        "INSERT INTO {} (stream, table_name, grain, currency, time_zone) \
         VALUES ($1, $2, CAST($3 AS json), $4, $5)",
        session.table(STREAMS)
    );
    session
        .transaction
        .execute_typed(
            &insert,
            &[
                (&entry.stream, Type::TEXT),
                (&entry.table, Type::TEXT),
                (&serde_json::to_string(&entry.grain)?, Type::TEXT),
                (&entry.currency, Type::TEXT),
                (&entry.time_zone, Type::TEXT),
            ],
        )
        .await?;
    Ok(())
}

/// Removes a stream from the list.
pub(super) async fn forget_stream(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    let delete = format!("DELETE FROM {} WHERE stream = $1", session.table(STREAMS));
    session
        .transaction
        .execute_typed(&delete, &[(&stream, Type::TEXT)])
        .await?;
    Ok(())
}
