//! Clearing away what nobody sees any more: rows that were replaced or never committed, and the expired part of the ledger.
//!
//! None of it changes what a query answers. A query that began before a commit may still be looking at the rows that
//! the commit replaced, so those are left for a while.

use jiff::{SignedDuration, Timestamp};
use uuid::{NoContext, Uuid};

use super::super::WINDOWS_KEPT_DAYS;
use super::commit::of;
use super::connection::{Failure, Server};
use super::ledger::{self, CHANGES, DROPS, Prepared, WINDOWS, first};
use super::sql::literal;
use super::view::{ADVERTISER_COLUMN, DAY_COLUMN, LOAD_COLUMN, head, live_loads, rows_table};
use super::windows::{self, moment};
use super::{commit, history_tables, retention};

/// Removing rows rewrites the parts they lie in, so it is done when one row in so many is superfluous.
const WORTHWHILE: u64 = 5;

/// How many windows one statement names.
const WINDOWS_AT_ONCE: usize = 1_000;

/// Clears away what has been superfluous for long enough, at the end of a run.
pub(super) async fn tidy(server: &Server, run_ended: Timestamp) -> Result<(), Failure> {
    let kept = SignedDuration::from_hours(24 * i64::from(WINDOWS_KEPT_DAYS));
    let before = Timestamp::now() - server.keep_replaced();
    for prepared in ledger::streams(server, "true").await? {
        let Some(head) = head(server, &prepared.entry.table).await? else {
            continue;
        };
        expire(server, &prepared, before).await?;
        let spent = windows::spent(server, &prepared, head, before, run_ended - kept).await?;
        remove_entries(server, &prepared, &spent).await?;
        remove_rows(server, &prepared, head, before).await?;
        // Loads begin with the time they were begun at.
        let first_load = first_load_at(before);
        let lost = format!(
            "stream = {} AND load_id < {} AND load_id NOT IN ({})",
            literal(&prepared.entry.stream),
            literal(&first_load),
            commit::counted_at(server, &prepared, head)
        );
        remove(server, &server.table(CHANGES), &lost).await?;
        remove(server, &server.table(DROPS), &lost).await?;
        history_tables::tidy(server, &prepared, head, &first_load).await?;
    }
    Ok(())
}

/// Takes the advertisers from windows that had nothing left to vouch for before an instant, so that views need not look at
/// them. Their entries stay.
async fn expire(server: &Server, prepared: &Prepared, before: Timestamp) -> Result<(), Failure> {
    let history = windows::history(server, prepared, before).await?;
    silence(server, prepared, "is_loaded AND ", &history).await
}

/// Takes the advertisers from those entries of windows that meet a condition, whatever was said of them when.
async fn silence(
    server: &Server,
    prepared: &Prepared,
    which: &str,
    window_ids: &[String],
) -> Result<(), Failure> {
    for some in window_ids.chunks(WINDOWS_AT_ONCE) {
        server
            .execute(&format!(
                "ALTER TABLE {} UPDATE advertiser_ids = [] WHERE {} AND {which}window_id IN ({}) \
                 SETTINGS mutations_sync = 1",
                server.table(WINDOWS),
                of(prepared),
                literals(some)
            ))
            .await?;
    }
    Ok(())
}

/// Removes the entries of windows that vouch for nothing any more. What was said of one may lie in several rows, which do
/// not go at one moment; so none of them may vouch for anything when the first one goes.
async fn remove_entries(
    server: &Server,
    prepared: &Prepared,
    spent: &windows::Spent,
) -> Result<(), Failure> {
    for (window_ids, which) in [(&spent.loaded, ""), (&spent.given_up, "NOT is_loaded AND ")] {
        silence(server, prepared, which, window_ids).await?;
        for some in window_ids.chunks(WINDOWS_AT_ONCE) {
            server
                .execute(&format!(
                    "ALTER TABLE {} DELETE WHERE {} AND {which}window_id IN ({}) SETTINGS mutations_sync = 1",
                    server.table(WINDOWS),
                    of(prepared),
                    literals(some)
                ))
                .await?;
        }
    }
    Ok(())
}

fn literals(texts: &[String]) -> String {
    let literals: Vec<String> = texts.iter().map(|text| literal(text)).collect();
    literals.join(", ")
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
    // A load whose entry was written, and whose view was not replaced yet: it may be about to.
    let shown_next = format!(
        "SELECT load_id FROM {} WHERE {} AND is_loaded AND seq > {head}",
        server.table(WINDOWS),
        of(prepared)
    );
    // Loads begin with the time they were begun at.
    let condition = format!(
        "{LOAD_COLUMN} < {} AND {mark} NOT IN ({shown_now}) AND {mark} NOT IN ({shown_then}) \
         AND {LOAD_COLUMN} NOT IN ({shown_next})",
        literal(&first_load_at(before))
    );
    // Days that somebody asked to drop go at once, which rewrites the parts of those days only.
    let dropped = retention::kept_from(server, prepared, head, before).await?;
    let is_dropped = match dropped {
        Some(keep_from) => format!("{condition} AND {DAY_COLUMN} < toDate32('{keep_from}')"),
        None => "false".to_owned(),
    };
    let counted = server
        .rows(&format!(
            "SELECT countIf({condition}), countIf({is_dropped}), count() FROM {rows}"
        ))
        .await?;
    let counts: Vec<u64> = counted
        .into_iter()
        .flatten()
        .map(|count| first(vec![count]).parse().unwrap_or(0))
        .collect();
    let [superfluous, dropped, all] = counts.as_slice() else {
        return Ok(());
    };
    let removed = if *superfluous > 0 && superfluous.saturating_mul(WORTHWHILE) >= *all {
        condition
    } else if *dropped > 0 {
        is_dropped
    } else {
        return Ok(());
    };
    server
        .execute(&format!(
            "ALTER TABLE {rows} DELETE WHERE {removed} SETTINGS mutations_sync = 1"
        ))
        .await
}

/// Removes the rows of a table that meet a condition, if there are any, and waits until they are gone from every replica.
pub(super) async fn remove(server: &Server, table: &str, condition: &str) -> Result<(), Failure> {
    let question = format!("SELECT count() FROM {table} WHERE {condition}");
    if server.number(&question).await? == 0 {
        return Ok(());
    }
    server
        .execute(&format!(
            "ALTER TABLE {table} DELETE WHERE {condition} SETTINGS mutations_sync = 2"
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
