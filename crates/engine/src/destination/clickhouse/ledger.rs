//! The ledger's tables, and the streams and runs in them.
//!
//! Entries are appended and never changed, each as one row of one insert, which ClickHouse makes visible at once. People
//! query views (`_criteo_windows`, ...) whose columns are those of every destination; the tables below them begin
//! with `_criteo_base_` and are nobody's business.

use jiff::Timestamp;
use serde::Serialize;

use super::connection::{Failure, Server};
use super::sql::literal;
use super::view;
use crate::ledger::{RunEntry, StreamEntry};

/// What the names of the ledger's tables begin with.
pub(super) const PREFIX: &str = "_criteo_";
/// One row per commit or quarantine.
pub(super) const WINDOWS: &str = "_criteo_base_windows";
const RUNS: &str = "_criteo_base_runs";
const STREAMS: &str = "_criteo_base_streams";
const META: &str = "_criteo_meta";

/// The layout this program writes. A change that an older program would misread raises it.
const VERSION: u32 = 1;

/// Makes an acknowledged insert survive a power failure; ClickHouse does not do so by itself.
pub(super) const DURABLE: &str = "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1";

/// A stream as it was prepared last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prepared {
    pub(super) entry: StreamEntry,
    /// Names the table's life: entries of another generation do not vouch for its rows.
    pub(super) generation: String,
}

/// Whether the database holds a ledger. One of a later layout is refused.
pub(super) async fn exists(server: &Server) -> Result<bool, Failure> {
    if engine_of(server, META).await?.is_none() {
        return Ok(false);
    }
    let found = server
        .rows(&format!(
            "SELECT max(value) FROM {} WHERE key = 'ledger_version'",
            server.table(META)
        ))
        .await?;
    let version = found.into_iter().flatten().next().flatten();
    match version.as_deref().map(str::parse::<u32>) {
        Some(Ok(version)) if version <= VERSION => Ok(true),
        // Created, and then the process died before it wrote the version.
        Some(Err(_)) if version.as_deref() == Some("") => Ok(false),
        _ => Err(Failure::Destination(
            super::super::DestinationError::Unavailable {
                destination: server.describe(),
                reason: format!(
                    "its ledger has version {}, and this program knows none after {VERSION}",
                    version.as_deref().unwrap_or("unknown")
                ),
                hint: Some("Install the newest version of this program.".to_owned()),
            },
        )),
    }
}

/// Creates what is missing. The version is written last, so that a ledger counts only when it is whole.
pub(super) async fn create(server: &Server) -> Result<(), Failure> {
    let base = [
        format!(
            "CREATE TABLE IF NOT EXISTS {} (stream LowCardinality(String), generation String, seq UInt64, \
             window_id String, load_id String, is_loaded Bool, first_day Nullable(Date32), \
             last_day Nullable(Date32), advertiser_ids Array(String), entry String, \
             committed_at DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY (stream, generation, seq, load_id) \
             {DURABLE} COMMENT 'One row per window that was loaded or given up. Query _criteo_windows instead.'",
            server.table(WINDOWS)
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {} (run_id String, version UInt64, entry String) \
             ENGINE = ReplacingMergeTree(version) ORDER BY run_id \
             {DURABLE} COMMENT 'One row per state of a run. Query _criteo_runs instead.'",
            server.table(RUNS)
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {} (stream String, version UInt64, is_forgotten Bool, generation String, \
             entry String) ENGINE = ReplacingMergeTree(version) ORDER BY stream \
             {DURABLE} COMMENT 'One row per state of a stream. Query _criteo_streams instead.'",
            server.table(STREAMS)
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {} (key String COMMENT 'Name of the fact.', value String COMMENT 'The \
             fact.') ENGINE = MergeTree ORDER BY key {DURABLE} COMMENT 'Facts about the ledger itself.'",
            server.table(META)
        ),
    ];
    for statement in base
        .iter()
        .chain(&view::of_ledger(server, WINDOWS, RUNS, STREAMS))
    {
        server.execute(statement).await?;
    }
    server
        .execute(&format!(
            "INSERT INTO {} VALUES ('ledger_version', '{VERSION}')",
            server.table(META)
        ))
        .await
}

/// The engine of a table or view, if there is one.
pub(super) async fn engine_of(server: &Server, name: &str) -> Result<Option<String>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT engine FROM system.tables WHERE database = {} AND name = {}",
            literal(server.database()),
            literal(name)
        ))
        .await?;
    Ok(found.into_iter().flatten().next().flatten())
}

/// What is remembered of a stream.
pub(super) async fn stream(server: &Server, stream: &str) -> Result<Option<Prepared>, Failure> {
    let condition = format!("stream = {}", literal(stream));
    Ok(streams(server, &condition).await?.into_iter().next())
}

/// The streams that are remembered and meet a condition.
pub(super) async fn streams(server: &Server, condition: &str) -> Result<Vec<Prepared>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT generation, entry FROM {} FINAL WHERE NOT is_forgotten AND {condition}",
            server.table(STREAMS)
        ))
        .await?;
    found
        .into_iter()
        .map(|row| {
            let [Some(generation), Some(entry)] = row.as_slice() else {
                return Err(Failure::Damaged(
                    "the ledger's list of streams is damaged".to_owned(),
                ));
            };
            Ok(Prepared {
                entry: serde_json::from_str(entry)?,
                generation: generation.clone(),
            })
        })
        .collect()
}

/// Writes what a stream's table is for.
pub(super) async fn remember_stream(server: &Server, prepared: &Prepared) -> Result<(), Failure> {
    write_stream(
        server,
        &prepared.entry.stream,
        &prepared.generation,
        Some(&prepared.entry),
    )
    .await
}

/// Writes that a stream is not remembered any more.
pub(super) async fn forget_stream(server: &Server, prepared: &Prepared) -> Result<(), Failure> {
    write_stream(server, &prepared.entry.stream, &prepared.generation, None).await
}

async fn write_stream(
    server: &Server,
    stream: &str,
    generation: &str,
    entry: Option<&StreamEntry>,
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Row<'row> {
        stream: &'row str,
        version: u64,
        is_forgotten: bool,
        generation: &'row str,
        entry: String,
    }
    append(
        server,
        STREAMS,
        &Row {
            stream,
            version: version_of_now(),
            is_forgotten: entry.is_none(),
            generation,
            entry: entry
                .map(serde_json::to_string)
                .transpose()?
                .unwrap_or_default(),
        },
    )
    .await
}

/// Writes a run, or what has become of it.
pub(super) async fn record_run(server: &Server, run: &RunEntry) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Row<'row> {
        run_id: &'row str,
        version: u64,
        entry: String,
    }
    append(
        server,
        RUNS,
        &Row {
            run_id: &run.run_id,
            version: version_of_now(),
            entry: serde_json::to_string(run)?,
        },
    )
    .await
}

/// The newest runs, newest first.
pub(super) async fn runs(server: &Server, limit: usize) -> Result<Vec<RunEntry>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT entry FROM {} FINAL ORDER BY run_id DESC LIMIT {limit}",
            server.table(RUNS)
        ))
        .await?;
    found
        .into_iter()
        .map(|row| Ok(serde_json::from_str(&first(row))?))
        .collect()
}

/// Appends one row to a table of the ledger.
pub(super) async fn append(
    server: &Server,
    table: &str,
    row: &(impl Serialize + Sync),
) -> Result<(), Failure> {
    let line = serde_json::to_vec(row)?;
    let statement = format!("INSERT INTO {} FORMAT JSONEachRow", server.table(table));
    server.insert_whole(&statement, line.into()).await
}

/// The first value of a row, or nothing.
pub(super) fn first(row: Vec<Option<String>>) -> String {
    row.into_iter().next().flatten().unwrap_or_default()
}

/// A number that grows with time. Of two equal ones ClickHouse keeps the later insert.
fn version_of_now() -> u64 {
    u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(0)
}
