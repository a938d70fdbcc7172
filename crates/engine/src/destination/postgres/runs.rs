//! The ledger's list of runs.

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::super::WINDOWS_KEPT_DAYS;
use super::connection::Session;
use super::failure::Failure;
use super::ledger::RUNS;
use super::windows;
use crate::ledger::RunEntry;

/// Writes a run, or replaces what was written of it before.
pub(super) async fn record(session: &Session<'_>, run: &RunEntry) -> Result<(), Failure> {
    let runs = session.table(RUNS);
    let delete = format!("DELETE FROM {runs} WHERE run_id = $1");
    session
        .transaction
        .execute_typed(&delete, &[(&run.run_id, Type::TEXT)])
        .await?;
    let outcome = run.outcome.map(serde_json::to_value).transpose()?;
    let outcome = outcome.as_ref().and_then(serde_json::Value::as_str);
    let not_granted = run
        .not_granted
        .as_ref()
        .map(serde_json::to_string)
        .transpose()?;
    let insert = format!(
        "INSERT INTO {runs} (run_id, continues_run_id, started_at, selection, finished_at, outcome, calls, rows, version, \
         bytes, waited_milliseconds, not_granted) \
         VALUES ($1, $2, CAST($3 AS timestamptz), CAST($4 AS json), CAST($5 AS timestamptz), $6, $7, $8, $9, $10, $11, \
         CAST($12 AS json))"
    );
    session
        .transaction
        .execute_typed(
            &insert,
            &[
                (&run.run_id, Type::TEXT),
                (&run.continues_run_id, Type::TEXT),
                (&instant_text(run.started_at), Type::TEXT),
                (&run.selection, Type::TEXT),
                (&run.finished_at.map(instant_text), Type::TEXT),
                (&outcome, Type::TEXT),
                (&count("calls", run.calls)?, Type::INT8),
                (&count("rows", run.rows)?, Type::INT8),
                (&run.version, Type::TEXT),
                (&count("bytes", run.bytes)?, Type::INT8),
                (&count("milliseconds", run.waited_milliseconds)?, Type::INT8),
                (&not_granted, Type::TEXT),
            ],
        )
        .await?;
    if let Some(finished_at) = run.finished_at {
        let kept = SignedDuration::from_hours(24 * i64::from(WINDOWS_KEPT_DAYS));
        windows::prune(session, finished_at - kept).await?;
    }
    Ok(())
}

/// The newest runs, newest first.
pub(super) async fn newest(session: &Session<'_>, limit: usize) -> Result<Vec<RunEntry>, Failure> {
    // The identifier, not the start, tells which run is newer: a test may let the calendar stand still.
    let question = format!(
        "SELECT run_id, continues_run_id, {}, CAST(selection AS text), {}, outcome, calls, rows, version, \
         coalesce(bytes, 0), coalesce(waited_milliseconds, 0), CAST(not_granted AS text) FROM {} ORDER BY run_id DESC LIMIT $1",
        microseconds("started_at"),
        microseconds("finished_at"),
        session.table(RUNS)
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = session
        .transaction
        .query_typed(&question, &[(&limit, Type::INT8)])
        .await?;
    rows.iter().map(run).collect()
}

fn run(row: &Row) -> Result<RunEntry, Failure> {
    let finished_at: Option<i64> = row.try_get(4)?;
    let outcome: Option<String> = row.try_get(5)?;
    let not_granted: Option<String> = row.try_get(11)?;
    Ok(RunEntry {
        run_id: row.try_get(0)?,
        continues_run_id: row.try_get(1)?,
        started_at: instant(row.try_get(2)?)?,
        selection: row.try_get(3)?,
        finished_at: finished_at.map(instant).transpose()?,
        outcome: outcome
            .map(|word| serde_json::from_value(serde_json::Value::String(word)))
            .transpose()?,
        calls: natural("calls", row.try_get(6)?)?,
        rows: natural("rows", row.try_get(7)?)?,
        version: row.try_get(8)?,
        bytes: natural("bytes", row.try_get(9)?)?,
        waited_milliseconds: natural("milliseconds", row.try_get(10)?)?,
        not_granted: not_granted
            .map(|list| serde_json::from_str(&list))
            .transpose()?,
    })
}

/// An expression for the microseconds from 1970 to a `timestamptz`. `extract` gives a decimal, so nothing is rounded.
pub(super) fn microseconds(column: &str) -> String {
    format!("CAST(extract(epoch FROM {column}) * 1000000 AS bigint)")
}

/// The instant so many microseconds after 1970 began in UTC.
pub(super) fn instant(microseconds: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_microsecond(microseconds).map_err(|error| {
        Failure::Refused(format!("the ledger holds an impossible instant: {error}"))
    })
}

/// An instant as text, cut to the microsecond: PostgreSQL would round the rest.
pub(super) fn instant_text(instant: Timestamp) -> String {
    Timestamp::from_microsecond(instant.as_microsecond())
        .unwrap_or(instant)
        .to_string()
}

/// A count as PostgreSQL holds it.
pub(super) fn count(what: &str, count: u64) -> Result<i64, Failure> {
    i64::try_from(count)
        .map_err(|_| Failure::Refused(format!("{count} {what} are more than a BIGINT holds")))
}

/// A count as it came back.
pub(super) fn natural<Count: TryFrom<i64>>(what: &str, count: i64) -> Result<Count, Failure> {
    Count::try_from(count).map_err(|_| {
        Failure::Refused(format!(
            "the ledger holds an impossible count: {count} {what}"
        ))
    })
}
