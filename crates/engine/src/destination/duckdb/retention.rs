//! Dropping days that nobody wants to keep.

use ::duckdb::params;

use super::super::{DropDays, DroppedDays};
use super::connection::{Failure, Session};
use super::ledger::DROPS;
use super::{ledger, schema, sql, versions, windows};

/// Deletes what is older than the first day to keep, and says so.
pub(super) fn drop_days(session: &Session<'_>, drop: &DropDays) -> Result<DroppedDays, Failure> {
    let Some(stream) = ledger::stream(session, &drop.stream)? else {
        return Ok(DroppedDays::default());
    };
    if !schema::table_exists(session, &stream.table)? {
        return Ok(DroppedDays::default());
    }
    let condition = format!(
        "{} < DATE '{}'",
        sql::identifier(&drop.day_column),
        drop.keep_from
    );
    let delete = |table: &str| -> Result<u64, Failure> {
        let table = session.table(table);
        let deleted = session
            .connection
            .execute(&format!("DELETE FROM {table} WHERE {condition}"), [])?;
        Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
    };
    let dropped = DroppedDays {
        rows: delete(&stream.table)?,
        versions: match versions::existing(session, &stream.table)? {
            Some(history) => delete(&history)?,
            None => 0,
        },
    };
    let entries = windows::give_up_days(
        session,
        &drop.stream,
        &stream.table,
        &drop.day_column,
        drop.keep_from,
    )?;
    if dropped == DroppedDays::default() && entries == 0 {
        return Ok(dropped);
    }
    session.connection.execute(
        &format!(
            "INSERT INTO {} (run_id, stream, table_name, keep_from, dropped_at, rows, versions) \
             VALUES (?, ?, ?, CAST(? AS DATE), make_timestamp(?), ?, ?)",
            session.table(DROPS)
        ),
        params![
            drop.run_id,
            drop.stream,
            stream.table,
            drop.keep_from.to_string(),
            drop.dropped_at.as_microsecond(),
            dropped.rows,
            dropped.versions
        ],
    )?;
    Ok(dropped)
}
