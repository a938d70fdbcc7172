//! What a window changes in days that were read before, as records beside the rows.
//!
//! One statement compares the rows that are shown with those that were just sent, which lie in the same table. Only sums
//! and counts leave it, and they are written by the server itself, marked with the load; they count when the load does
//! (`commit`). So a comparison whose answer was lost is one that nobody asked for.

use super::super::{Observation, WindowLoad, rules};
use super::comparison::Comparison;
use super::connection::{Failure, Server};
use super::ledger::{CHANGES, Prepared, first};
use super::ledger_views::MATURATION;
use super::sql::literal;
use super::{commit, view, windows};
use crate::ledger::maturation::MaturationPoint;

/// Records what a load will change, when it is committed. Its entry and rows have been sent, and `head` is the number up
/// to which everything counts until then. Gives whether something was compared.
pub(super) async fn record(
    server: &Server,
    prepared: &Prepared,
    load: &WindowLoad,
    load_id: &str,
    head: u64,
) -> Result<bool, Failure> {
    let Some(observation) = &load.observation else {
        return Ok(false);
    };
    let (Some(days), Some(_)) = (load.entry.days, &load.day_column) else {
        return Err(Failure::Refused(
            "changes can be observed only where rows have days".to_owned(),
        ));
    };
    let known_columns = known_columns(server, prepared, load, load_id, head).await?;
    // Most of a first load is old days that nobody has read before: they leave no record.
    let has_young = observation.periods.iter().any(|period| period.is_young);
    if !has_young
        && known_columns.is_empty()
        && !has_records(server, prepared, observation, load_id, head).await?
    {
        return Ok(false);
    }
    rules::refuse_unknown_columns(&load.schema, observation).map_err(Failure::Refused)?;
    let comparison = Comparison {
        server,
        prepared,
        load,
        observation,
        days,
        load_id,
        head,
        arriving: observation.arriving(&known_columns),
    };
    server.execute(&comparison.statement()).await?;
    Ok(true)
}

/// Removes every record of a stream, because later rows cannot be compared with those it speaks of.
pub(super) async fn forget(server: &Server, stream: &str) -> Result<(), Failure> {
    server
        .execute(&format!(
            "ALTER TABLE {} DELETE WHERE stream = {} SETTINGS mutations_sync = 2",
            server.table(CHANGES),
            literal(stream)
        ))
        .await
}

/// How much was known at which age.
pub(super) async fn maturation(
    server: &Server,
    stream: &str,
) -> Result<Vec<MaturationPoint>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT metric, age_days, days, share_known, share_moved_later FROM {} WHERE stream = {} \
             ORDER BY metric, age_days",
            server.table(MATURATION),
            literal(stream)
        ))
        .await?;
    found
        .into_iter()
        .map(|row| {
            let [Some(metric), Some(age), Some(days), known, moved] = row.as_slice() else {
                return Err(damaged());
            };
            let share = |text: &Option<String>| -> Result<Option<f64>, Failure> {
                text.as_ref()
                    .map(|text| text.parse().map_err(|_| damaged()))
                    .transpose()
            };
            Ok(MaturationPoint {
                metric: metric.clone(),
                age_days: age.parse().map_err(|_| damaged())?,
                days: days.parse().map_err(|_| damaged())?,
                share_known: share(known)?,
                share_moved_later: share(moved)?,
            })
        })
        .collect()
}

fn damaged() -> Failure {
    Failure::Damaged(format!("the server's answer about {MATURATION} is damaged"))
}

/// The lists of columns that earlier windows, which hold some of this one, were read with; each list once.
async fn known_columns(
    server: &Server,
    prepared: &Prepared,
    load: &WindowLoad,
    load_id: &str,
    head: u64,
) -> Result<Vec<Vec<String>>, Failure> {
    let Some(days) = load.entry.days else {
        return Ok(Vec::new());
    };
    let found = server
        .rows(&format!(
            "SELECT DISTINCT JSONExtractRaw(said.4, 'columns') FROM ({}) WHERE said.1 <= toDate32('{}') \
             AND said.2 >= toDate32('{}') AND hasAny(said.3, ({}))",
            view::latest_entries(server, prepared, &format!("seq <= {head}")),
            days.last,
            days.first,
            windows::advertisers_of(server, prepared, load_id),
        ))
        .await?;
    found
        .into_iter()
        .map(|row| Ok(serde_json::from_str(&first(row))?))
        .collect()
}

/// Whether something is recorded of the window's days. Records outlive a table that is made anew.
async fn has_records(
    server: &Server,
    prepared: &Prepared,
    observation: &Observation,
    load_id: &str,
    head: u64,
) -> Result<bool, Failure> {
    let (Some(oldest), Some(newest)) = (observation.periods.first(), observation.periods.last())
    else {
        return Ok(false);
    };
    let count = server
        .number(&format!(
            "SELECT count() FROM {} WHERE stream = {} AND day BETWEEN toDate32('{}') AND toDate32('{}') \
             AND has(({}), advertiser_id) AND load_id IN ({})",
            server.table(CHANGES),
            literal(&prepared.entry.stream),
            oldest.first_day,
            newest.first_day,
            windows::advertisers_of(server, prepared, load_id),
            commit::counted_at(server, prepared, head)
        ))
        .await?;
    Ok(count > 0)
}
