//! Clearing away what nobody sees any more: rows that were replaced or never committed, and the expired part of the ledger.
//!
//! None of it changes what a query answers. A query that began before a commit may still be looking at the rows that
//! the commit replaced, so those are left for a while.

use jiff::Timestamp;
use uuid::{NoContext, Uuid};

use super::connection::{Failure, Server};
use super::ledger::{self, Prepared, WINDOWS, first};
use super::sql::literal;
use super::view::{ADVERTISER_COLUMN, DAY_COLUMN, LOAD_COLUMN, head, live_loads, rows_table};
use super::windows::{self, moment};

/// Removing rows rewrites the parts they lie in, so it is done when one row in so many is superfluous.
const WORTHWHILE: u64 = 5;

/// Clears away what has been superfluous for long enough.
pub(super) async fn tidy(server: &Server) -> Result<(), Failure> {
    let before = Timestamp::now() - server.keep_replaced();
    for prepared in ledger::streams(server, "true").await? {
        let Some(head) = head(server, &prepared.entry.table).await? else {
            continue;
        };
        expire(server, &prepared, before).await?;
        remove_rows(server, &prepared, head, before).await?;
    }
    Ok(())
}

/// Takes the advertisers from windows that had nothing left to vouch for before an instant, so that views need not look at
/// them. Their entries stay.
async fn expire(server: &Server, prepared: &Prepared, before: Timestamp) -> Result<(), Failure> {
    let history = windows::history(server, prepared, before).await?;
    if history.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = history.iter().map(|id| literal(id)).collect();
    server
        .execute(&format!(
            "ALTER TABLE {} UPDATE advertiser_ids = [] WHERE stream = {} AND generation = {} AND is_loaded \
             AND window_id IN ({}) SETTINGS mutations_sync = 1",
            server.table(WINDOWS),
            literal(&prepared.entry.stream),
            literal(&prepared.generation),
            ids.join(", ")
        ))
        .await
}

async fn remove_rows(
    server: &Server,
    prepared: &Prepared,
    head: u64,
    before: Timestamp,
) -> Result<(), Failure> {
    let rows = server.table(&rows_table(&prepared.entry.table));
    let mark = format!("({ADVERTISER_COLUMN}, {DAY_COLUMN}, {LOAD_COLUMN})");
    let shown_now = live_loads(server, prepared, &format!("seq <= {head}"));
    let shown_then = live_loads(
        server,
        prepared,
        &format!(
            "seq <= {head} AND committed_at <= {}",
            literal(&moment(before))
        ),
    );
    // A load whose entry was written, and whose view was not replaced, is shown together with the next one, which takes
    // the same number. Without its rows the entry would vouch for nothing.
    let shown_next = format!(
        "SELECT load_id FROM {} WHERE stream = {} AND generation = {} AND is_loaded AND seq > {head}",
        server.table(WINDOWS),
        literal(&prepared.entry.stream),
        literal(&prepared.generation)
    );
    // Loads begin with the time they were begun at.
    let condition = format!(
        "{LOAD_COLUMN} < {} AND {mark} NOT IN ({shown_now}) AND {mark} NOT IN ({shown_then}) \
         AND {LOAD_COLUMN} NOT IN ({shown_next})",
        literal(&first_load_at(before))
    );
    let counted = server
        .rows(&format!("SELECT countIf({condition}), count() FROM {rows}"))
        .await?;
    let counts: Vec<u64> = counted
        .into_iter()
        .flatten()
        .map(|count| first(vec![count]).parse().unwrap_or(0))
        .collect();
    let [superfluous, all] = counts.as_slice() else {
        return Ok(());
    };
    if *superfluous == 0 || superfluous.saturating_mul(WORTHWHILE) < *all {
        return Ok(());
    }
    server
        .execute(&format!(
            "ALTER TABLE {rows} DELETE WHERE {condition} SETTINGS mutations_sync = 1"
        ))
        .await
}

/// The least identifier of a load that began at `instant`.
fn first_load_at(instant: Timestamp) -> String {
    let seconds = u64::try_from(instant.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(instant.subsec_nanosecond()).unwrap_or(0);
    let id = Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds));
    // Only the time: what follows it is chance.
    let mut bytes = *id.as_bytes();
    bytes[6..].fill(0);
    Uuid::from_bytes(bytes).to_string()
}
