//! The ledger's tables, and the streams and runs in them.
//!
//! Entries are appended and never changed, each as one row of one insert, which ClickHouse makes visible at once. People
//! query views (`_criteo_windows`, ...) whose columns are those of every destination; the tables below them begin
//! with `_criteo_base_` and are nobody's business. What is written beside a window counts when `commit` says so.

use jiff::Timestamp;
use serde::Serialize;

use super::super::ledger_tables::{LAYOUT, LAYOUT_KEY};
use super::connection::{Failure, Server};
use super::sql::literal;
use super::{record_views, view};
use crate::ledger::{RunEntry, StreamEntry};

/// The type of sums.
const MONEY: &str = "Decimal(38, 9)";
/// What the names of the ledger's tables begin with.
pub(super) const PREFIX: &str = "_criteo_";
/// One row per commit or quarantine.
pub(super) const WINDOWS: &str = "_criteo_base_windows";
const RUNS: &str = "_criteo_base_runs";
/// One row per state of a stream.
pub(super) const STREAMS: &str = "_criteo_base_streams";
/// Which loads brought something that counts from which number on.
pub(super) const COMMITS: &str = "_criteo_base_commits";
/// What later readings changed, of loads that count or not.
pub(super) const CHANGES: &str = "_criteo_base_changes";
/// One row per state of a table of versions.
pub(super) const HISTORIES: &str = "_criteo_base_histories";
/// One row per dropping of old days.
pub(super) const DROPS: &str = "_criteo_base_drops";
const META: &str = "_criteo_meta";

/// The layout this program writes. A change that an older program would misread raises it.
/// A program of version 1 takes a window that a dropping said anew for the last word on its days, and loads without advancing
/// versions.
const VERSION: u32 = 2;

/// Makes an acknowledged insert survive a power failure; ClickHouse does not do so by itself.
pub(super) const DURABLE: &str = "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1";

/// A stream as it was prepared last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prepared {
    pub(super) entry: StreamEntry,
    /// Names the table's life: entries of another generation do not vouch for its rows.
    pub(super) generation: String,
}

/// What a database holds of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// None, or one whose making was not finished.
    Missing,
    /// One that an older program made: what it lacks is added before anything is written.
    Older,
    /// One that has everything.
    Whole,
}

/// Whether the database holds a ledger. One of a later version is refused.
pub(super) async fn presence(server: &Server) -> Result<Presence, Failure> {
    if engine_of(server, META).await?.is_none() {
        return Ok(Presence::Missing);
    }
    let found = server
        .rows(&format!(
            "SELECT maxIf(toUInt32OrZero(value), key = 'ledger_version'), \
             maxIf(toUInt32OrZero(value), key = '{LAYOUT_KEY}') FROM {}",
            server.table(META)
        ))
        .await?;
    let numbers: Vec<Option<u32>> = found
        .into_iter()
        .flatten()
        .map(|number| number.and_then(|number| number.parse().ok()))
        .collect();
    match numbers.as_slice() {
        // Created, and then the process died before it wrote the version.
        [Some(0), _] => Ok(Presence::Missing),
        [Some(version), Some(layout)] if *version <= VERSION => {
            Ok(if *version < VERSION || *layout < LAYOUT {
                Presence::Older
            } else {
                Presence::Whole
            })
        }
        other => {
            let version = match other {
                [Some(version), ..] => version.to_string(),
                _ => "unknown".to_owned(),
            };
            Err(Failure::Destination(
                super::super::DestinationError::Unavailable {
                    destination: server.describe(),
                    reason: format!(
                        "its ledger has version {version}, and this program knows none after {VERSION}"
                    ),
                    hint: Some("Install the newest version of this program.".to_owned()),
                },
            ))
        }
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
            "CREATE TABLE IF NOT EXISTS {} (stream LowCardinality(String), generation String, seq UInt64, \
             load_id String) ENGINE = MergeTree ORDER BY (stream, generation, seq) \
             {DURABLE} COMMENT 'Which loads brought records or versions that count.'",
            server.table(COMMITS)
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {} (load_id String, window_id String, observed_at DateTime64(6, 'UTC'), \
             stream LowCardinality(String), advertiser_id String, day Date32, age_days Int64, is_final Bool, \
             metric Nullable(String), old_sum Nullable({MONEY}), new_sum Nullable({MONEY}), \
             rows_added Nullable(Int64), rows_removed Nullable(Int64), rows_changed Nullable(Int64)) \
             ENGINE = MergeTree ORDER BY (stream, day, advertiser_id) \
             {DURABLE} COMMENT 'What later readings changed. Query _criteo_changes instead.'",
            server.table(CHANGES)
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {} (table_name String, version UInt64, stream String, of_table String, \
             is_kept Bool) ENGINE = ReplacingMergeTree(version) ORDER BY table_name \
             {DURABLE} COMMENT 'One row per state of a table of versions. Query _criteo_histories instead.'",
            server.table(HISTORIES)
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {} (load_id String, run_id String, stream LowCardinality(String), \
             table_name String, keep_from Date32, dropped_at DateTime64(6, 'UTC'), rows Int64, versions Int64, \
             committed_at DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY (stream, load_id) \
             {DURABLE} COMMENT 'One row per dropping of old days. Query _criteo_drops instead.'",
            server.table(DROPS)
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
        .chain(&record_views::all(server))
    {
        server.execute(statement).await?;
    }
    server
        .execute(&format!(
            "INSERT INTO {} VALUES ('ledger_version', '{VERSION}'), ('{LAYOUT_KEY}', '{LAYOUT}')",
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
    append_all(server, table, std::slice::from_ref(row)).await
}

/// Appends rows to a table of the ledger in one insert.
pub(super) async fn append_all(
    server: &Server,
    table: &str,
    rows: &[impl Serialize + Sync],
) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row)?;
        lines.push(b'\n');
    }
    let statement = format!("INSERT INTO {} FORMAT JSONEachRow", server.table(table));
    server.insert_whole(&statement, lines.into()).await
}

/// The first value of a row, or nothing.
pub(super) fn first(row: Vec<Option<String>>) -> String {
    row.into_iter().next().flatten().unwrap_or_default()
}

/// A number that grows with time. Of two equal ones ClickHouse keeps the later insert.
pub(super) fn version_of_now() -> u64 {
    u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(0)
}
