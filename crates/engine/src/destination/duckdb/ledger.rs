//! The ledger's tables: what they look like, which version they have, and which streams they know.

use ::duckdb::{OptionalExt, params};

use super::connection::{Failure, Session};
use super::{schema, sql};
use crate::ledger::StreamEntry;

/// What the names of the ledger's tables begin with.
pub(super) const PREFIX: &str = "_criteo_";
/// One row per run.
pub(super) const RUNS: &str = "_criteo_runs";
/// One row per window, loaded or given up.
pub(super) const WINDOWS: &str = "_criteo_windows";
/// What each window still vouches for.
pub(super) const WINDOW_ADVERTISERS: &str = "_criteo_window_advertisers";
const STREAMS: &str = "_criteo_streams";
const META: &str = "_criteo_meta";

/// The layout this program writes. A change that an older program would misread raises it.
const VERSION: u32 = 1;

struct LedgerTable {
    name: &'static str,
    description: &'static str,
    /// Name, type and description of each column.
    columns: &'static [(&'static str, &'static str, &'static str)],
}

const TABLES: &[LedgerTable] = &[
    LedgerTable {
        name: META,
        description: "Facts about the ledger itself.",
        columns: &[
            ("key", "VARCHAR", "Name of the fact."),
            ("value", "VARCHAR", "The fact."),
        ],
    },
    LedgerTable {
        name: STREAMS,
        description: "What the table of each stream was made for.",
        columns: &[
            ("stream", "VARCHAR", "Name of the stream."),
            ("table_name", "VARCHAR", "Its table, in the same schema."),
            (
                "grain",
                "JSON",
                "The dimensions a row stands for, in Criteo's words; empty for entities.",
            ),
            (
                "currency",
                "VARCHAR",
                "The currency of the money columns; NULL where the stream has none.",
            ),
            (
                "time_zone",
                "VARCHAR",
                "The time zone in which days were cut; NULL where the stream has none.",
            ),
        ],
    },
    LedgerTable {
        name: RUNS,
        description: "One row per invocation of sync.",
        columns: &[
            (
                "run_id",
                "VARCHAR",
                "Identifier of the run, a UUID of version 7: later runs sort after earlier ones.",
            ),
            (
                "continues_run_id",
                "VARCHAR",
                "The interrupted run whose work this one carried on, if any.",
            ),
            ("started_at", "TIMESTAMP", "When it began, in UTC."),
            (
                "selection",
                "JSON",
                "What was asked for: streams, range of days, full refresh.",
            ),
            (
                "finished_at",
                "TIMESTAMP",
                "When it ended, in UTC; NULL while it runs or when it died.",
            ),
            (
                "outcome",
                "VARCHAR",
                "complete, partial, failed or interrupted; NULL while it runs or when it died.",
            ),
            ("calls", "BIGINT", "Calls made to Criteo."),
            ("rows", "BIGINT", "Rows loaded."),
            ("version", "VARCHAR", "Version of the connector."),
        ],
    },
    LedgerTable {
        name: WINDOWS,
        description: "One row per window that was read and loaded, or given up. Written in the same transaction as \
                      the rows it vouches for.",
        columns: &[
            (
                "window_id",
                "VARCHAR",
                "Identifier of the window, a UUID of version 7: later readings sort after earlier ones.",
            ),
            ("run_id", "VARCHAR", "The run that read it."),
            ("stream", "VARCHAR", "Name of the stream."),
            (
                "first_day",
                "DATE",
                "The first day it covers; NULL for entities.",
            ),
            (
                "last_day",
                "DATE",
                "The last day it covers; NULL for entities.",
            ),
            ("read_at", "TIMESTAMP", "When Criteo was asked, in UTC."),
            ("rows", "BIGINT", "Rows in the window when it was loaded."),
            ("calls", "BIGINT", "Calls it took."),
            ("bytes", "BIGINT", "Bytes received for it."),
            (
                "verified",
                "BOOLEAN",
                "Whether the rows agreed with the totals of Criteo's answer; NULL when there was nothing to compare.",
            ),
            (
                "column_names",
                "JSON",
                "The columns the rows were asked with, in table order.",
            ),
            (
                "totals",
                "JSON",
                "Sums of the additive columns over the window, as exact decimal text.",
            ),
            (
                "total_differences",
                "JSON",
                "Differences from the totals of Criteo's answer that were let through.",
            ),
            ("request_hash", "VARCHAR", "SHA-256 of the request bodies."),
            (
                "quarantine_reason",
                "VARCHAR",
                "Why the window was given up; NULL for a loaded one.",
            ),
        ],
    },
    LedgerTable {
        name: WINDOW_ADVERTISERS,
        description: "The advertisers a window vouches for. An advertiser leaves when a later window covers all of \
                      the days, so a window without advertisers is history.",
        columns: &[
            ("window_id", "VARCHAR", "The window."),
            ("advertiser_id", "VARCHAR", "The advertiser."),
            ("rows", "BIGINT", "Rows that came for the advertiser."),
        ],
    },
];

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

/// Creates schema and tables.
pub(super) fn create(session: &Session<'_>) -> Result<(), Failure> {
    let connection = session.connection;
    connection.execute_batch(&format!(
        "CREATE SCHEMA IF NOT EXISTS {}",
        session.schema_name()
    ))?;
    for table in TABLES {
        let name = session.table(table.name);
        let columns = table
            .columns
            .iter()
            .map(|(column, sql_type, _)| format!("{} {sql_type}", sql::identifier(column)))
            .collect::<Vec<_>>()
            .join(", ");
        connection.execute_batch(&format!(
            "CREATE TABLE {name} ({columns}); COMMENT ON TABLE {name} IS {}",
            sql::literal(table.description)
        ))?;
        for (column, _, description) in table.columns {
            connection.execute_batch(&format!(
                "COMMENT ON COLUMN {name}.{} IS {}",
                sql::identifier(column),
                sql::literal(description)
            ))?;
        }
    }
    connection.execute(
        &format!(
            "INSERT INTO {} VALUES ('ledger_version', ?)",
            session.table(META)
        ),
        params![VERSION.to_string()],
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
