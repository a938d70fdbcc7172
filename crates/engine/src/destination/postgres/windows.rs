//! The ledger's list of windows, and what each of them still vouches for.
//!
//! A window keeps its row for a long time. Its advertisers leave one by one, as later readings cover all of its days, so
//! that what remains is what has to be known: who was last read when.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::super::DropDays;
use super::connection::Session;
use super::failure::Failure;
use super::ledger::{WINDOW_ADVERTISERS, WINDOWS};
use super::runs::{count, instant, instant_text, microseconds, natural};
use super::{ledger, schema, sql};
use crate::calendar::DayRange;
use crate::ledger::WindowEntry;

/// The ids of a window's advertisers, to be bound as an array.
pub(super) fn advertiser_ids(entry: &WindowEntry) -> Vec<&str> {
    entry.advertisers.keys().map(String::as_str).collect()
}

/// Whether the rows of this very reading are in the table, or were until a later reading replaced them.
pub(super) async fn is_loaded(session: &Session<'_>, window_id: &str) -> Result<bool, Failure> {
    let question = format!(
        "SELECT 1 FROM {} WHERE window_id = $1 AND quarantine_reason IS NULL",
        session.table(WINDOWS)
    );
    let found = session
        .transaction
        .query_typed_opt(&question, &[(&window_id, Type::TEXT)])
        .await?;
    Ok(found.is_some())
}

/// Writes the entry of a window whose rows were just inserted, and takes from other windows what it covers.
pub(super) async fn record_loaded(
    session: &Session<'_>,
    entry: &WindowEntry,
) -> Result<(), Failure> {
    // The same reading may have been given up before and have succeeded after all.
    remove(session, &entry.window_id).await?;
    insert(session, entry).await?;
    take_over(
        session,
        entry,
        "(quarantine_reason IS NULL OR window_id < $1)",
    )
    .await?;
    close_quarantine(session, &entry.stream).await
}

/// Writes the entry of a window that was given up. It stands in for earlier failures with the same window.
pub(super) async fn record_quarantine(
    session: &Session<'_>,
    entry: &WindowEntry,
) -> Result<(), Failure> {
    if is_loaded(session, &entry.window_id).await? {
        return Ok(());
    }
    remove(session, &entry.window_id).await?;
    insert(session, entry).await?;
    take_over(
        session,
        entry,
        "quarantine_reason IS NOT NULL AND window_id < $1",
    )
    .await
}

/// Every entry of a stream that still has advertisers, oldest reading first.
pub(super) async fn of_stream(
    session: &Session<'_>,
    stream: &str,
) -> Result<Vec<WindowEntry>, Failure> {
    let mut advertisers = advertisers_of_stream(session, stream).await?;
    // Entries cannot vouch for rows of a table that somebody dropped. What was given up remains to be done.
    let table_is_there = match ledger::stream(session, stream).await? {
        Some(entry) => schema::table_exists(session, &entry.table).await?,
        None => false,
    };
    let question = format!(
        "SELECT window_id, run_id, CAST(first_day AS text), CAST(last_day AS text), {}, rows, calls, bytes, verified, \
         CAST(column_names AS text), CAST(totals AS text), CAST(total_differences AS text), request_hash, \
         quarantine_reason, CAST(read_on AS text), coalesce(waited_milliseconds, 0) FROM {} WHERE stream = $1 \
         AND ($2 OR quarantine_reason IS NOT NULL) AND window_id IN (SELECT window_id FROM {}) ORDER BY window_id",
        microseconds("read_at"),
        session.table(WINDOWS),
        session.table(WINDOW_ADVERTISERS)
    );
    let rows = session
        .transaction
        .query_typed(
            &question,
            &[(&stream, Type::TEXT), (&table_is_there, Type::BOOL)],
        )
        .await?;
    let mut entries = Vec::new();
    for row in &rows {
        let window_id: String = row.try_get(0)?;
        if let Some(advertisers) = advertisers.remove(&window_id) {
            entries.push(window(row, stream, window_id, advertisers)?);
        }
    }
    Ok(entries)
}

/// Removes every entry of a stream.
pub(super) async fn drop_all(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    drop_where(session, stream, "TRUE").await
}

/// Removes the entries of a stream that vouch for rows, because the table they were in is no longer used.
pub(super) async fn drop_loaded(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    drop_where(session, stream, "quarantine_reason IS NULL").await
}

/// Removes the entries of windows that vouch for nothing any more and were read before an instant.
pub(super) async fn prune(session: &Session<'_>, before: Timestamp) -> Result<(), Failure> {
    let delete = format!(
        "DELETE FROM {} w WHERE read_at < CAST($1 AS timestamptz) \
         AND NOT EXISTS (SELECT 1 FROM {} a WHERE a.window_id = w.window_id)",
        session.table(WINDOWS),
        session.table(WINDOW_ADVERTISERS)
    );
    session
        .transaction
        .execute_typed(&delete, &[(&instant_text(before), Type::TEXT)])
        .await?;
    Ok(())
}

/// Lets no window of a stream vouch for days that are dropped any more. Gives how many entries that concerned.
///
/// A window that reaches over the border begins there from now on. Its rows per advertiser become those that are
/// left in the table, so that the rows of a day can still be told from them.
pub(super) async fn give_up_days(
    session: &Session<'_>,
    drop: &DropDays,
    table: &str,
) -> Result<u64, Failure> {
    let windows = session.table(WINDOWS);
    let advertisers = session.table(WINDOW_ADVERTISERS);
    let rows = session.table(table);
    let (day, keep_from) = (sql::identifier(&drop.day_column), drop.keep_from);
    let across = format!(
        "stream = $1 AND first_day < DATE '{keep_from}' AND last_day >= DATE '{keep_from}' \
         AND window_id IN (SELECT window_id FROM {advertisers})"
    );
    let mut entries = 0;
    for (statement, counts) in [
        (
            format!(
                "DELETE FROM {advertisers} WHERE window_id IN \
                 (SELECT window_id FROM {windows} WHERE stream = $1 AND last_day < DATE '{keep_from}')"
            ),
            true,
        ),
        (
            format!(
                "UPDATE {advertisers} AS a SET rows = (SELECT count(*) FROM {rows} r \
                 WHERE r.advertiser_id = a.advertiser_id \
                 AND r.{day} >= DATE '{keep_from}' AND r.{day} < w.last_day + 1) \
                 FROM (SELECT window_id, last_day FROM {windows} WHERE {across} AND quarantine_reason IS NULL) w \
                 WHERE w.window_id = a.window_id"
            ),
            false,
        ),
        (
            format!("UPDATE {windows} SET first_day = DATE '{keep_from}' WHERE {across}"),
            true,
        ),
    ] {
        let concerned = session
            .transaction
            .execute_typed(&statement, &[(&drop.stream, Type::TEXT)])
            .await?;
        entries += if counts { concerned } else { 0 };
    }
    Ok(entries)
}

async fn drop_where(session: &Session<'_>, stream: &str, condition: &str) -> Result<(), Failure> {
    let windows = session.table(WINDOWS);
    let advertisers = session.table(WINDOW_ADVERTISERS);
    for delete in [
        format!(
            "DELETE FROM {advertisers} WHERE window_id IN \
             (SELECT window_id FROM {windows} WHERE stream = $1 AND {condition})"
        ),
        format!("DELETE FROM {windows} WHERE stream = $1 AND {condition}"),
    ] {
        session
            .transaction
            .execute_typed(&delete, &[(&stream, Type::TEXT)])
            .await?;
    }
    Ok(())
}

async fn remove(session: &Session<'_>, window_id: &str) -> Result<(), Failure> {
    for table in [WINDOW_ADVERTISERS, WINDOWS] {
        let delete = format!("DELETE FROM {} WHERE window_id = $1", session.table(table));
        session
            .transaction
            .execute_typed(&delete, &[(&window_id, Type::TEXT)])
            .await?;
    }
    Ok(())
}

async fn insert(session: &Session<'_>, entry: &WindowEntry) -> Result<(), Failure> {
    let window = format!(
        "INSERT INTO {} (window_id, run_id, stream, first_day, last_day, read_at, rows, calls, bytes, verified, \
         column_names, totals, total_differences, request_hash, quarantine_reason, read_on, waited_milliseconds) \
         VALUES ($1, $2, $3, CAST($4 AS date), CAST($5 AS date), CAST($6 AS timestamptz), $7, $8, $9, $10, \
         CAST($11 AS json), CAST($12 AS json), CAST($13 AS json), $14, $15, CAST($16 AS date), $17)",
        session.table(WINDOWS)
    );
    session
        .transaction
        .execute_typed(
            &window,
            &[
                (&entry.window_id, Type::TEXT),
                (&entry.run_id, Type::TEXT),
                (&entry.stream, Type::TEXT),
                (&entry.days.map(|days| days.first.to_string()), Type::TEXT),
                (&entry.days.map(|days| days.last.to_string()), Type::TEXT),
                (&instant_text(entry.read_at), Type::TEXT),
                (&count("rows", entry.rows)?, Type::INT8),
                (&i64::from(entry.calls), Type::INT8),
                (&count("bytes", entry.bytes)?, Type::INT8),
                (&entry.verified, Type::BOOL),
                (&json(&entry.columns)?, Type::TEXT),
                (&json(&entry.totals)?, Type::TEXT),
                (&json(&entry.total_differences)?, Type::TEXT),
                (&entry.request_hash, Type::TEXT),
                (&entry.quarantine_reason, Type::TEXT),
                (&entry.read_on.map(|day| day.to_string()), Type::TEXT),
                (
                    &count("milliseconds", entry.waited_milliseconds)?,
                    Type::INT8,
                ),
            ],
        )
        .await?;
    let advertisers = format!(
        "INSERT INTO {} (window_id, advertiser_id, rows) \
         SELECT $1, advertiser_id, rows FROM unnest($2, $3) AS arrived (advertiser_id, rows)",
        session.table(WINDOW_ADVERTISERS)
    );
    let rows = entry.advertisers.values();
    let rows: Vec<i64> = rows
        .map(|rows| count("rows", *rows))
        .collect::<Result<_, _>>()?;
    session
        .transaction
        .execute_typed(
            &advertisers,
            &[
                (&entry.window_id, Type::TEXT),
                (&advertiser_ids(entry), Type::TEXT_ARRAY),
                (&rows, Type::INT8_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Takes the advertisers of `entry` from every other window whose days lie within its own. `condition` says which
/// windows are meant; the identifier of `entry` is its parameter `$1`.
///
/// A window that reaches beyond keeps the advertiser, because it is still the last word on its other days.
async fn take_over(
    session: &Session<'_>,
    entry: &WindowEntry,
    condition: &str,
) -> Result<(), Failure> {
    let days = match &entry.days {
        Some(days) => format!(
            "first_day >= DATE '{}' AND last_day <= DATE '{}'",
            days.first, days.last
        ),
        None => "TRUE".to_owned(),
    };
    let delete = format!(
        "DELETE FROM {} WHERE advertiser_id = ANY ($3) AND window_id IN \
         (SELECT window_id FROM {} WHERE stream = $2 AND window_id <> $1 AND {condition} AND {days})",
        session.table(WINDOW_ADVERTISERS),
        session.table(WINDOWS)
    );
    session
        .transaction
        .execute_typed(
            &delete,
            &[
                (&entry.window_id, Type::TEXT),
                (&entry.stream, Type::TEXT),
                (&advertiser_ids(entry), Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Takes an advertiser from a window that was given up when later windows, taken together, cover all its days.
async fn close_quarantine(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    let windows = session.table(WINDOWS);
    let advertisers = session.table(WINDOW_ADVERTISERS);
    let delete = format!(
        "WITH owed AS ( \
             SELECT w.window_id, a.advertiser_id, CAST(day AS date) AS day \
             FROM {windows} w JOIN {advertisers} a USING (window_id) \
             CROSS JOIN LATERAL generate_series( \
                 CAST(w.first_day AS timestamp), CAST(w.last_day AS timestamp), INTERVAL '1 day') AS day \
             WHERE w.stream = $1 AND w.quarantine_reason IS NOT NULL AND w.first_day IS NOT NULL \
         ), missing AS ( \
             SELECT window_id, advertiser_id FROM owed WHERE NOT EXISTS ( \
                 SELECT 1 FROM {windows} w JOIN {advertisers} a USING (window_id) \
                 WHERE w.stream = $1 AND w.quarantine_reason IS NULL AND w.window_id > owed.window_id \
                 AND a.advertiser_id = owed.advertiser_id AND owed.day BETWEEN w.first_day AND w.last_day) \
         ) \
         DELETE FROM {advertisers} AS closed \
         WHERE EXISTS (SELECT 1 FROM owed WHERE owed.window_id = closed.window_id) \
         AND NOT EXISTS (SELECT 1 FROM missing WHERE missing.window_id = closed.window_id \
                         AND missing.advertiser_id = closed.advertiser_id)"
    );
    session
        .transaction
        .execute_typed(&delete, &[(&stream, Type::TEXT)])
        .await?;
    Ok(())
}

async fn advertisers_of_stream(
    session: &Session<'_>,
    stream: &str,
) -> Result<BTreeMap<String, BTreeMap<String, u64>>, Failure> {
    let question = format!(
        "SELECT a.window_id, a.advertiser_id, a.rows FROM {} a JOIN {} w USING (window_id) WHERE w.stream = $1",
        session.table(WINDOW_ADVERTISERS),
        session.table(WINDOWS)
    );
    let rows = session
        .transaction
        .query_typed(&question, &[(&stream, Type::TEXT)])
        .await?;
    let mut advertisers: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for row in &rows {
        advertisers
            .entry(row.try_get(0)?)
            .or_default()
            .insert(row.try_get(1)?, natural("rows", row.try_get(2)?)?);
    }
    Ok(advertisers)
}

fn window(
    row: &Row,
    stream: &str,
    window_id: String,
    advertisers: BTreeMap<String, u64>,
) -> Result<WindowEntry, Failure> {
    let days: (Option<String>, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
    let days = match days {
        (Some(first), Some(last)) => Some(DayRange {
            first: day(&first)?,
            last: day(&last)?,
        }),
        _ => None,
    };
    let read_on: Option<String> = row.try_get(14)?;
    Ok(WindowEntry {
        window_id,
        run_id: row.try_get(1)?,
        stream: stream.to_owned(),
        days,
        advertisers,
        read_at: instant(row.try_get(4)?)?,
        rows: natural("rows", row.try_get(5)?)?,
        calls: natural("calls", row.try_get(6)?)?,
        bytes: natural("bytes", row.try_get(7)?)?,
        verified: row.try_get(8)?,
        columns: from_json(row.try_get(9)?)?,
        totals: from_json(row.try_get(10)?)?,
        total_differences: from_json(row.try_get(11)?)?,
        request_hash: row.try_get(12)?,
        quarantine_reason: row.try_get(13)?,
        read_on: read_on.as_deref().map(day).transpose()?,
        waited_milliseconds: natural("milliseconds", row.try_get(15)?)?,
    })
}

fn day(text: &str) -> Result<Date, Failure> {
    text.parse()
        .map_err(|error| Failure::Refused(format!("the ledger holds the day '{text}': {error}")))
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string(value)?)
}

fn from_json<Value: DeserializeOwned>(text: &str) -> Result<Value, Failure> {
    Ok(serde_json::from_str(text)?)
}
