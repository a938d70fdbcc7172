//! Dropping days that nobody wants to keep.

use tokio_postgres::types::Type;

use super::super::{DropDays, DroppedDays};
use super::connection::Session;
use super::failure::Failure;
use super::ledger::DROPS;
use super::runs::{count, instant_text};
use super::{ledger, schema, sql, versions, windows};

/// Deletes what is older than the first day to keep, and says so.
pub(super) async fn drop_days(
    session: &Session<'_>,
    drop: &DropDays,
) -> Result<DroppedDays, Failure> {
    let Some(stream) = ledger::stream(session, &drop.stream).await? else {
        return Ok(DroppedDays::default());
    };
    if !schema::table_exists(session, &stream.table).await? {
        return Ok(DroppedDays::default());
    }
    let mut dropped = DroppedDays {
        rows: delete(session, &stream.table, drop).await?,
        versions: 0,
    };
    if let Some(history) = versions::existing(session, &stream.table).await? {
        dropped.versions = delete(session, &history, drop).await?;
    }
    let entries = windows::give_up_days(session, drop, &stream.table).await?;
    if dropped == DroppedDays::default() && entries == 0 {
        return Ok(dropped);
    }
    let insert = format!(
        "INSERT INTO {} (run_id, stream, table_name, keep_from, dropped_at, rows, versions) \
         VALUES ($1, $2, $3, CAST($4 AS date), CAST($5 AS timestamptz), $6, $7)",
        session.table(DROPS)
    );
    session
        .transaction
        .execute_typed(
            &insert,
            &[
                (&drop.run_id, Type::TEXT),
                (&drop.stream, Type::TEXT),
                (&stream.table, Type::TEXT),
                (&drop.keep_from.to_string(), Type::TEXT),
                (&instant_text(drop.dropped_at), Type::TEXT),
                (&count("rows", dropped.rows)?, Type::INT8),
                (&count("versions", dropped.versions)?, Type::INT8),
            ],
        )
        .await?;
    Ok(dropped)
}

async fn delete(session: &Session<'_>, table: &str, drop: &DropDays) -> Result<u64, Failure> {
    let delete = format!(
        "DELETE FROM {} WHERE {} < DATE '{}'",
        session.table(table),
        sql::identifier(&drop.day_column),
        drop.keep_from
    );
    Ok(session.transaction.execute_typed(&delete, &[]).await?)
}
