//! Dropping days that nobody wants to keep.
//!
//! The entries that reach before the first day to keep are said anew, without what is dropped, under the number of the
//! next commit. From then on no view shows the rows, and `tidy` removes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use super::super::{DropDays, DroppedDays};
use super::connection::{Failure, Server};
use super::ledger::{DROPS, Prepared, append, first};
use super::sql::literal;
use super::view::{ADVERTISER_COLUMN, DAY_COLUMN, LOAD_COLUMN, live_loads, rows_table};
use super::vouching::Committed;
use super::windows::{self, Written, moment};
use super::{commit, history_tables, versions};
use crate::ledger::WindowEntry;

/// Lets nobody see what is older than the first day to keep, and says so. To be called by one task at a time.
pub(super) async fn drop_days(
    server: &Server,
    prepared: &Prepared,
    drop: &DropDays,
) -> Result<DroppedDays, Failure> {
    let Some(head) = commit::begin(server, prepared).await? else {
        return Ok(DroppedDays::default());
    };
    let committed = windows::committed(server, prepared, &format!("seq <= {head}")).await?;
    let reaching_back: Vec<&Committed> = committed
        .iter()
        .filter(|committed| {
            let entry = &committed.entry;
            !entry.advertisers.is_empty()
                && entry.days.is_some_and(|days| days.first < drop.keep_from)
        })
        .collect();
    let drop_id = Uuid::now_v7().to_string();
    let dropped = DroppedDays {
        rows: rows_before(server, prepared, drop.keep_from, head).await?,
        versions: versions::drop_before(server, prepared, drop.keep_from, &drop_id, head).await?,
    };
    if dropped == DroppedDays::default() && reaching_back.is_empty() {
        return Ok(dropped);
    }
    let kept = rows_kept(server, prepared, drop.keep_from, head).await?;
    let entries: Vec<(WindowEntry, &str, bool)> = reaching_back
        .into_iter()
        .map(|committed| {
            let (entry, is_history) = without(&committed.entry, drop.keep_from, &kept);
            (entry, committed.order.1.as_str(), is_history)
        })
        .collect();
    let written: Vec<Written<'_>> = entries
        .iter()
        .map(|(entry, load_id, is_history)| Written {
            entry,
            load_id,
            is_history: *is_history,
        })
        .collect();
    let next = head + 1;
    record(server, prepared, drop, &dropped, &drop_id).await?;
    windows::write(server, prepared, &written, next).await?;
    commit::announce(server, prepared, &drop_id, next).await?;
    history_tables::replace(server, prepared, next).await?;
    commit::finish(server, prepared, next).await?;
    Ok(dropped)
}

/// Rows by advertiser and day.
type RowsKept = BTreeMap<String, BTreeMap<Date, u64>>;

/// An entry without the days before `keep_from`, and whether it vouches for nothing then. Its rows per advertiser become
/// those that are left in the table, so that the rows of a day can still be told from them.
fn without(entry: &WindowEntry, keep_from: Date, kept: &RowsKept) -> (WindowEntry, bool) {
    let mut entry = entry.clone();
    let Some(days) = &mut entry.days else {
        return (entry, false);
    };
    if days.last < keep_from {
        return (entry, true);
    }
    days.first = keep_from;
    let days = *days;
    if entry.quarantine_reason.is_none() {
        for (advertiser, rows) in &mut entry.advertisers {
            *rows = kept.get(advertiser).map_or(0, |by_day| {
                by_day
                    .range(days.first..=days.last)
                    .map(|(_, rows)| rows)
                    .sum()
            });
        }
    }
    (entry, false)
}

/// The rows that are shown and meet a condition, as what a query selects from.
fn rows_where(server: &Server, prepared: &Prepared, head: u64, condition: &str) -> String {
    format!(
        "{} WHERE {condition} AND ({ADVERTISER_COLUMN}, {DAY_COLUMN}, {LOAD_COLUMN}) IN ({})",
        server.table(&rows_table(&prepared.entry.table)),
        live_loads(server, prepared, &format!("seq <= {head}"))
    )
}

async fn rows_before(
    server: &Server,
    prepared: &Prepared,
    keep_from: Date,
    head: u64,
) -> Result<u64, Failure> {
    let old = format!("{DAY_COLUMN} < toDate32('{keep_from}')");
    let rows = rows_where(server, prepared, head, &old);
    server.number(&format!("SELECT count() FROM {rows}")).await
}

async fn rows_kept(
    server: &Server,
    prepared: &Prepared,
    keep_from: Date,
    head: u64,
) -> Result<RowsKept, Failure> {
    let young = format!("{DAY_COLUMN} >= toDate32('{keep_from}')");
    let found = server
        .rows(&format!(
            "SELECT {ADVERTISER_COLUMN}, {DAY_COLUMN}, count() FROM {} GROUP BY {ADVERTISER_COLUMN}, {DAY_COLUMN}",
            rows_where(server, prepared, head, &young)
        ))
        .await?;
    let mut kept = RowsKept::new();
    for row in found {
        let [Some(advertiser), Some(day), Some(rows)] = row.as_slice() else {
            return Err(Failure::Damaged("a count of rows is damaged".to_owned()));
        };
        let day = day
            .parse()
            .map_err(|_| Failure::Damaged(format!("'{day}' is no day")))?;
        let rows = rows
            .parse()
            .map_err(|_| Failure::Damaged(format!("'{rows}' is no number of rows")))?;
        kept.entry(advertiser.clone())
            .or_default()
            .insert(day, rows);
    }
    Ok(kept)
}

/// Writes who dropped what.
async fn record(
    server: &Server,
    prepared: &Prepared,
    drop: &DropDays,
    dropped: &DroppedDays,
    drop_id: &str,
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Row<'row> {
        load_id: &'row str,
        run_id: &'row str,
        stream: &'row str,
        table_name: &'row str,
        keep_from: Date,
        dropped_at: String,
        rows: u64,
        versions: u64,
        committed_at: String,
    }
    append(
        server,
        DROPS,
        &Row {
            load_id: drop_id,
            run_id: &drop.run_id,
            stream: &drop.stream,
            table_name: &prepared.entry.table,
            keep_from: drop.keep_from,
            dropped_at: moment(drop.dropped_at),
            rows: dropped.rows,
            versions: dropped.versions,
            committed_at: moment(Timestamp::now()),
        },
    )
    .await
}

/// The first day that was kept by the droppings of a stream that count and were committed before an instant.
pub(super) async fn kept_from(
    server: &Server,
    prepared: &Prepared,
    head: u64,
    before: Timestamp,
) -> Result<Option<Date>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT max(keep_from) FROM {} WHERE stream = {} AND table_name = {} AND committed_at <= {} \
             AND load_id IN ({}) HAVING count() > 0",
            server.table(DROPS),
            literal(&prepared.entry.stream),
            literal(&prepared.entry.table),
            literal(&moment(before)),
            commit::counted_at(server, prepared, head)
        ))
        .await?;
    Ok(found
        .into_iter()
        .next()
        .and_then(|row| first(row).parse().ok()))
}
