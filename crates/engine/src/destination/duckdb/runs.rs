//! The ledger's list of runs.

use ::duckdb::{Row, params};
use jiff::{SignedDuration, Timestamp};

use super::super::WINDOWS_KEPT_DAYS;
use super::connection::{Failure, Session};
use super::ledger::RUNS;
use super::windows;
use crate::ledger::RunEntry;

/// Writes a run, or replaces what was written of it before.
pub(super) fn record(session: &Session<'_>, run: &RunEntry) -> Result<(), Failure> {
    let runs = session.table(RUNS);
    session.connection.execute(
        &format!("DELETE FROM {runs} WHERE run_id = ?"),
        params![run.run_id],
    )?;
    let outcome = run.outcome.map(serde_json::to_value).transpose()?;
    let not_granted = run
        .not_granted
        .as_ref()
        .map(serde_json::to_string)
        .transpose()?;
    session.connection.execute(
        &format!(
            "INSERT INTO {runs} (run_id, continues_run_id, started_at, selection, finished_at, outcome, calls, \
             rows, version, bytes, waited_milliseconds, not_granted) \
             VALUES (?, ?, make_timestamp(?), ?, make_timestamp(?), ?, ?, ?, ?, ?, ?, ?)"
        ),
        params![
            run.run_id,
            run.continues_run_id,
            run.started_at.as_microsecond(),
            run.selection,
            run.finished_at.map(Timestamp::as_microsecond),
            outcome.as_ref().and_then(serde_json::Value::as_str),
            run.calls,
            run.rows,
            run.version,
            run.bytes,
            run.waited_milliseconds,
            not_granted
        ],
    )?;
    if let Some(finished_at) = run.finished_at {
        let kept = SignedDuration::from_hours(24 * i64::from(WINDOWS_KEPT_DAYS));
        windows::prune(session, finished_at - kept)?;
    }
    Ok(())
}

/// The newest runs, newest first.
pub(super) fn newest(session: &Session<'_>, limit: usize) -> Result<Vec<RunEntry>, Failure> {
    // The identifier, not the start, tells which run is newer: a test may let the calendar stand still.
    let mut statement = session.connection.prepare(&format!(
        "SELECT run_id, continues_run_id, epoch_us(started_at), CAST(selection AS VARCHAR), \
         epoch_us(finished_at), outcome, calls, rows, version, coalesce(bytes, 0), coalesce(waited_milliseconds, 0), \
         CAST(not_granted AS VARCHAR) FROM {} ORDER BY run_id DESC LIMIT ?",
        session.table(RUNS)
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![limit])?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(run(row)?);
    }
    Ok(runs)
}

fn run(row: &Row<'_>) -> Result<RunEntry, Failure> {
    let finished_at: Option<i64> = row.get(4)?;
    let outcome: Option<String> = row.get(5)?;
    let not_granted: Option<String> = row.get(11)?;
    Ok(RunEntry {
        run_id: row.get(0)?,
        continues_run_id: row.get(1)?,
        started_at: instant(row.get(2)?)?,
        selection: row.get(3)?,
        finished_at: finished_at.map(instant).transpose()?,
        outcome: outcome
            .map(|word| serde_json::from_value(serde_json::Value::String(word)))
            .transpose()?,
        calls: row.get(6)?,
        rows: row.get(7)?,
        version: row.get(8)?,
        bytes: row.get(9)?,
        waited_milliseconds: row.get(10)?,
        not_granted: not_granted
            .map(|list| serde_json::from_str(&list))
            .transpose()?,
    })
}

/// The instant so many microseconds after 1970 began in UTC.
pub(super) fn instant(microseconds: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_microsecond(microseconds).map_err(|error| {
        Failure::Refused(format!("the ledger holds an impossible instant: {error}"))
    })
}
