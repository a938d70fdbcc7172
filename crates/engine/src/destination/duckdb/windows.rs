//! The ledger's list of windows, and what each of them still vouches for.
//!
//! A window keeps its row for a long time. Its advertisers leave one by one, as later readings cover all of its days, so
//! that what remains is what has to be known: who was last read when.

use std::collections::BTreeMap;

use ::duckdb::{Row, params};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connection::{Failure, Session};
use super::ledger::{WINDOW_ADVERTISERS, WINDOWS};
use super::load::TEXTS_FROM_JSON;
use super::runs::instant;
use super::{ledger, schema, sql};
use crate::calendar::DayRange;
use crate::ledger::WindowEntry;

/// The ids of a window's advertisers as a JSON list, to be bound where [`TEXTS_FROM_JSON`] reads it.
pub(super) fn advertiser_ids(entry: &WindowEntry) -> Result<String, Failure> {
    let ids: Vec<&String> = entry.advertisers.keys().collect();
    Ok(serde_json::to_string(&ids)?)
}

/// Whether the rows of this very reading are in the table, or were until a later reading replaced them.
pub(super) fn is_loaded(session: &Session<'_>, window_id: &str) -> Result<bool, Failure> {
    let found: i64 = session.connection.query_row(
        &format!(
            "SELECT count(*) FROM {} WHERE window_id = ? AND quarantine_reason IS NULL",
            session.table(WINDOWS)
        ),
        params![window_id],
        |row| row.get(0),
    )?;
    Ok(found > 0)
}

/// Writes the entry of a window whose rows were just inserted, and takes from other windows what it covers.
pub(super) fn record_loaded(session: &Session<'_>, entry: &WindowEntry) -> Result<(), Failure> {
    // The same reading may have been given up before and have succeeded after all.
    remove(session, &entry.window_id)?;
    insert(session, entry)?;
    take_over(
        session,
        entry,
        "(quarantine_reason IS NULL OR window_id < ?)",
    )?;
    close_quarantine(session, &entry.stream)
}

/// Writes the entry of a window that was given up. It stands in for earlier failures with the same window.
pub(super) fn record_quarantine(session: &Session<'_>, entry: &WindowEntry) -> Result<(), Failure> {
    if is_loaded(session, &entry.window_id)? {
        return Ok(());
    }
    remove(session, &entry.window_id)?;
    insert(session, entry)?;
    take_over(
        session,
        entry,
        "quarantine_reason IS NOT NULL AND window_id < ?",
    )
}

/// Every entry of a stream that still has advertisers, oldest reading first.
pub(super) fn of_stream(session: &Session<'_>, stream: &str) -> Result<Vec<WindowEntry>, Failure> {
    let mut advertisers = advertisers_of_stream(session, stream)?;
    // Entries cannot vouch for rows of a table that somebody dropped. What was given up remains to be done.
    let table_is_there = match ledger::stream(session, stream)? {
        Some(entry) => schema::table_exists(session, &entry.table)?,
        None => false,
    };
    let mut statement = session.connection.prepare(&format!(
        "SELECT window_id, run_id, CAST(first_day AS VARCHAR), CAST(last_day AS VARCHAR), epoch_us(read_at), rows, \
         calls, bytes, verified, CAST(column_names AS VARCHAR), CAST(totals AS VARCHAR), \
         CAST(total_differences AS VARCHAR), request_hash, quarantine_reason, CAST(read_on AS VARCHAR), \
         coalesce(waited_milliseconds, 0) FROM {} WHERE stream = ? AND (? OR quarantine_reason IS NOT NULL) \
         AND window_id IN (SELECT window_id FROM {}) ORDER BY window_id",
        session.table(WINDOWS),
        session.table(WINDOW_ADVERTISERS)
    ))?;
    let mut rows = statement.query(params![stream, table_is_there])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let window_id: String = row.get(0)?;
        if let Some(advertisers) = advertisers.remove(&window_id) {
            entries.push(window(row, stream, window_id, advertisers)?);
        }
    }
    Ok(entries)
}

/// Removes every entry of a stream.
pub(super) fn drop_all(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    drop_where(session, stream, "TRUE")
}

/// Removes the entries of a stream that vouch for rows, because the table they were in is no longer used.
pub(super) fn drop_loaded(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    drop_where(session, stream, "quarantine_reason IS NULL")
}

/// Removes the entries of windows that vouch for nothing any more and were read before `instant`.
pub(super) fn prune(session: &Session<'_>, before: Timestamp) -> Result<(), Failure> {
    session.connection.execute(
        &format!(
            "DELETE FROM {} WHERE read_at < make_timestamp(?) AND window_id NOT IN (SELECT window_id FROM {})",
            session.table(WINDOWS),
            session.table(WINDOW_ADVERTISERS)
        ),
        params![before.as_microsecond()],
    )?;
    Ok(())
}

/// Lets no window of a stream vouch for days before `keep_from` any more.
///
/// A window that reaches over the border begins there from now on. Its rows per advertiser become those that are
/// left in the table, so that the rows of a day can still be told from them.
pub(super) fn give_up_days(
    session: &Session<'_>,
    stream: &str,
    table: &str,
    day_column: &str,
    keep_from: Date,
) -> Result<usize, Failure> {
    let windows = session.table(WINDOWS);
    let advertisers = session.table(WINDOW_ADVERTISERS);
    let rows = session.table(table);
    let day = sql::identifier(day_column);
    let outside = session.connection.execute(
        &format!(
            "DELETE FROM {advertisers} WHERE window_id IN \
             (SELECT window_id FROM {windows} WHERE stream = ? AND last_day < DATE '{keep_from}')"
        ),
        params![stream],
    )?;
    let across = format!(
        "stream = ? AND first_day < DATE '{keep_from}' AND last_day >= DATE '{keep_from}' \
         AND window_id IN (SELECT window_id FROM {advertisers})"
    );
    session.connection.execute(
        &format!(
            "UPDATE {advertisers} AS a SET rows = (SELECT count(*) FROM {rows} r WHERE r.advertiser_id = a.advertiser_id \
             AND r.{day} >= DATE '{keep_from}' AND r.{day} < w.last_day + 1) \
             FROM (SELECT window_id, last_day FROM {windows} WHERE {across} AND quarantine_reason IS NULL) w \
             WHERE w.window_id = a.window_id"
        ),
        params![stream],
    )?;
    let cut = session.connection.execute(
        &format!("UPDATE {windows} SET first_day = DATE '{keep_from}' WHERE {across}"),
        params![stream],
    )?;
    Ok(outside + cut)
}

/// Says on which day each window of an older ledger was read, which it did not.
pub(super) fn fill_days_of_reading(session: &Session<'_>) -> Result<(), Failure> {
    let windows = session.table(WINDOWS);
    let mut statement = session.connection.prepare(&format!(
        "SELECT DISTINCT epoch_us(w.read_at), s.time_zone FROM {windows} w LEFT JOIN {} s USING (stream) \
         WHERE w.read_on IS NULL AND w.first_day IS NOT NULL",
        session.table(ledger::STREAMS)
    ))?;
    let readings = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, Option<String>)>, _>>()?;
    for (microseconds, time_zone) in readings {
        // Streams without a zone of their own count days in UTC.
        let zone = time_zone
            .as_deref()
            .map_or(Ok(TimeZone::UTC), TimeZone::get)
            .map_err(|error| {
                Failure::Refused(format!("the ledger names an unknown time zone: {error}"))
            })?;
        let read_on = instant(microseconds)?.to_zoned_datetime(zone).date();
        session.connection.execute(
            &format!(
                "UPDATE {windows} SET read_on = DATE '{read_on}' WHERE read_at = make_timestamp(?) \
                 AND first_day IS NOT NULL AND stream IN (SELECT stream FROM {windows} LEFT JOIN {} s USING (stream) \
                 WHERE s.time_zone IS NOT DISTINCT FROM ?)",
                session.table(ledger::STREAMS)
            ),
            params![microseconds, time_zone],
        )?;
    }
    Ok(())
}

fn drop_where(session: &Session<'_>, stream: &str, condition: &str) -> Result<(), Failure> {
    let windows = session.table(WINDOWS);
    let advertisers = session.table(WINDOW_ADVERTISERS);
    session.connection.execute(
        &format!(
            "DELETE FROM {advertisers} WHERE window_id IN \
             (SELECT window_id FROM {windows} WHERE stream = ? AND {condition})"
        ),
        params![stream],
    )?;
    session.connection.execute(
        &format!("DELETE FROM {windows} WHERE stream = ? AND {condition}"),
        params![stream],
    )?;
    Ok(())
}

fn remove(session: &Session<'_>, window_id: &str) -> Result<(), Failure> {
    for table in [WINDOW_ADVERTISERS, WINDOWS] {
        session.connection.execute(
            &format!("DELETE FROM {} WHERE window_id = ?", session.table(table)),
            params![window_id],
        )?;
    }
    Ok(())
}

fn insert(session: &Session<'_>, entry: &WindowEntry) -> Result<(), Failure> {
    session.connection.execute(
        &format!(
            "INSERT INTO {} (window_id, run_id, stream, first_day, last_day, read_at, rows, calls, bytes, verified, \
             column_names, totals, total_differences, request_hash, quarantine_reason, read_on, waited_milliseconds) \
             VALUES (?, ?, ?, CAST(? AS DATE), CAST(? AS DATE), make_timestamp(?), ?, ?, ?, ?, ?, ?, ?, ?, ?, \
             CAST(? AS DATE), ?)",
            session.table(WINDOWS)
        ),
        params![
            entry.window_id,
            entry.run_id,
            entry.stream,
            entry.days.map(|days| days.first.to_string()),
            entry.days.map(|days| days.last.to_string()),
            entry.read_at.as_microsecond(),
            entry.rows,
            entry.calls,
            entry.bytes,
            entry.verified,
            json(&entry.columns)?,
            json(&entry.totals)?,
            json(&entry.total_differences)?,
            entry.request_hash,
            entry.quarantine_reason,
            entry.read_on.map(|day| day.to_string()),
            entry.waited_milliseconds
        ],
    )?;
    session.connection.execute(
        &format!(
            "INSERT INTO {} (window_id, advertiser_id, rows) \
             SELECT ?, key, CAST(value AS BIGINT) FROM json_each(?)",
            session.table(WINDOW_ADVERTISERS)
        ),
        params![entry.window_id, json(&entry.advertisers)?],
    )?;
    Ok(())
}

/// Takes the advertisers of `entry` from every other window whose days lie within its own. `condition` says which
/// windows are meant; it has one parameter, the identifier of `entry`.
///
/// A window that reaches beyond keeps the advertiser, because it is still the last word on its other days.
fn take_over(session: &Session<'_>, entry: &WindowEntry, condition: &str) -> Result<(), Failure> {
    let days = match &entry.days {
        Some(days) => format!(
            "first_day >= DATE '{}' AND last_day <= DATE '{}'",
            days.first, days.last
        ),
        None => "TRUE".to_owned(),
    };
    session.connection.execute(
        &format!(
            "DELETE FROM {} WHERE advertiser_id IN ({TEXTS_FROM_JSON}) AND window_id IN \
             (SELECT window_id FROM {} WHERE stream = ? AND window_id <> ? AND {condition} AND {days})",
            session.table(WINDOW_ADVERTISERS),
            session.table(WINDOWS)
        ),
        params![
            advertiser_ids(entry)?,
            entry.stream,
            entry.window_id,
            entry.window_id
        ],
    )?;
    Ok(())
}

/// Takes an advertiser from a window that was given up when later windows, taken together, cover all its days.
fn close_quarantine(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    let windows = session.table(WINDOWS);
    let advertisers = session.table(WINDOW_ADVERTISERS);
    session.connection.execute(
        &format!(
            "WITH owed AS ( \
                 SELECT w.window_id, a.advertiser_id, CAST(unnest(generate_series( \
                     CAST(w.first_day AS TIMESTAMP), CAST(w.last_day AS TIMESTAMP), INTERVAL 1 DAY)) AS DATE) AS day \
                 FROM {windows} w JOIN {advertisers} a USING (window_id) \
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
        ),
        params![stream],
    )?;
    Ok(())
}

fn advertisers_of_stream(
    session: &Session<'_>,
    stream: &str,
) -> Result<BTreeMap<String, BTreeMap<String, u64>>, Failure> {
    let mut statement = session.connection.prepare(&format!(
        "SELECT a.window_id, a.advertiser_id, a.rows FROM {} a JOIN {} w USING (window_id) WHERE w.stream = ?",
        session.table(WINDOW_ADVERTISERS),
        session.table(WINDOWS)
    ))?;
    let mut rows = statement.query(params![stream])?;
    let mut advertisers: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        advertisers
            .entry(row.get(0)?)
            .or_default()
            .insert(row.get(1)?, row.get(2)?);
    }
    Ok(advertisers)
}

fn window(
    row: &Row<'_>,
    stream: &str,
    window_id: String,
    advertisers: BTreeMap<String, u64>,
) -> Result<WindowEntry, Failure> {
    let days: (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
    let days = match days {
        (Some(first), Some(last)) => Some(DayRange {
            first: day(&first)?,
            last: day(&last)?,
        }),
        _ => None,
    };
    let read_on: Option<String> = row.get(14)?;
    Ok(WindowEntry {
        window_id,
        run_id: row.get(1)?,
        stream: stream.to_owned(),
        days,
        advertisers,
        read_at: instant(row.get(4)?)?,
        rows: row.get(5)?,
        calls: row.get(6)?,
        bytes: row.get(7)?,
        verified: row.get(8)?,
        columns: from_json(&row.get::<_, String>(9)?)?,
        totals: from_json(&row.get::<_, String>(10)?)?,
        total_differences: from_json(&row.get::<_, String>(11)?)?,
        request_hash: row.get(12)?,
        quarantine_reason: row.get(13)?,
        read_on: read_on.as_deref().map(day).transpose()?,
        waited_milliseconds: row.get(15)?,
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
