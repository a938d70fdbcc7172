//! The ledger's tables: making them, which version they have, and which streams they know.

use tokio_postgres::types::Type;

use super::super::ledger_tables::{META, STREAMS, TABLES, VERSION};
use super::connection::Session;
use super::failure::Failure;
use super::{schema, sql};
use crate::ledger::StreamEntry;
use crate::schema::FieldType;

pub(super) use super::super::ledger_tables::{PREFIX, RUNS, WINDOW_ADVERTISERS, WINDOWS};

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

/// Creates schema and tables. A schema that exists is not asked for again: that would need a right on the database.
pub(super) async fn create(session: &Session<'_>) -> Result<(), Failure> {
    if !schema::schema_exists(session).await? {
        let schema = sql::identifier(session.schema);
        session
            .transaction
            .batch_execute(&format!("CREATE SCHEMA {schema}"))
            .await?;
    }
    for table in TABLES {
        let name = session.table(table.name);
        let columns = table
            .columns
            .iter()
            .map(|(column, field_type, _)| {
                // Identifiers are compared by their bytes: a language's order could put later readings before earlier ones.
                let order = match field_type {
                    FieldType::Text => " COLLATE \"C\"",
                    _ => "",
                };
                let sql_type = schema::sql_type(*field_type);
                format!("{} {sql_type}{order}", sql::identifier(column))
            })
            .collect::<Vec<_>>()
            .join(", ");
        let key = sql::identifiers(table.key.iter().copied());
        let mut statements = format!(
            "CREATE TABLE {name} ({columns}, PRIMARY KEY ({key})); COMMENT ON TABLE {name} IS {}",
            sql::literal(table.description)
        );
        for (column, _, description) in table.columns {
            statements.push_str(&format!(
                "; COMMENT ON COLUMN {name}.{} IS {}",
                sql::identifier(column),
                sql::literal(description)
            ));
        }
        session.transaction.batch_execute(&statements).await?;
    }
    let index = format!("CREATE INDEX ON {} (stream)", session.table(WINDOWS));
    session.transaction.batch_execute(&index).await?;
    let version = format!(
        "INSERT INTO {} (key, value) VALUES ('ledger_version', $1)",
        session.table(META)
    );
    session
        .transaction
        .execute_typed(&version, &[(&VERSION.to_string(), Type::TEXT)])
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
