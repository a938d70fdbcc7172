//! What a rebuild would delete for good. It drops a table and reads it anew, and Criteo no longer gives everything that was
//! read once: not the rows of an advertiser that has withdrawn its consent, and not the days of years ago.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::Selection;
use super::prepare::is_rebuilt;
use super::range::days_to_read;
use crate::calendar::{DayRange, add_days};
use crate::destination::another_table;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::ledger::WindowEntry;
use crate::stream_spec::StreamSpec;

/// What the tables of a rebuild hold and would not hold again.
#[derive(Debug, Default, PartialEq)]
struct Loss {
    /// Advertisers of which rows were loaded and that are not read any more, each with the streams.
    advertisers: BTreeMap<String, Vec<String>>,
    /// Streams of which earlier days were loaded than are read now, each with those days.
    days: BTreeMap<String, DayRange>,
}

/// Refuses a rebuild that would delete what cannot be read again, unless the selection accepts that. `advertisers` are those
/// that are read now; windows of the runs `run_ids` are of this very rebuild.
///
/// # Errors
/// [`EngineError::Irretrievable`], and what goes wrong with the destination.
pub(crate) async fn refuse_loss(
    engine: &Engine,
    selection: &Selection,
    specs: &[Arc<StreamSpec>],
    advertisers: &[String],
    run_ids: &HashSet<String>,
) -> Result<(), EngineError> {
    if !selection.rebuild || selection.accept_loss {
        return Ok(());
    }
    let of_neighbours = engine.runs_of_neighbours();
    let is_of_rebuild = |run: &str| run_ids.contains(run) || of_neighbours.contains(run);
    let is_read = |advertiser: &String| {
        advertisers.contains(advertiser) || engine.is_granted_to_neighbour(advertiser)
    };
    let mut loss = Loss::default();
    for spec in specs {
        let destination = engine.destination.as_ref();
        if is_rebuilt(destination, spec, is_of_rebuild).await? {
            continue;
        }
        let windows = destination.windows(&spec.name).await?;
        let today = engine.clock.today(&spec.time_zone);
        loss.add(spec, selection, &windows, is_read, today);
    }
    loss.refusal(specs).map_or(Ok(()), Err)
}

impl Loss {
    fn add(
        &mut self,
        spec: &StreamSpec,
        selection: &Selection,
        windows: &[WindowEntry],
        is_read: impl Fn(&String) -> bool,
        today: Date,
    ) {
        let loaded = || {
            windows
                .iter()
                .filter(|entry| entry.quarantine_reason.is_none() && entry.rows > 0)
        };
        let with_rows = loaded()
            .flat_map(|entry| &entry.advertisers)
            .filter(|(_, rows)| **rows > 0);
        let lost: BTreeSet<&String> = with_rows
            .map(|(advertiser, _)| advertiser)
            .filter(|one| !is_read(one))
            .collect();
        for advertiser in lost {
            let streams = self.advertisers.entry(advertiser.clone()).or_default();
            streams.push(spec.name.clone());
        }
        if !spec.has_days() {
            return;
        }
        let from = days_to_read(spec, selection, today, None).wanted_from;
        // Days that are not to be kept are no loss.
        let kept_from = spec.keep_from(today).unwrap_or(Date::MIN);
        let first = loaded().filter_map(|entry| Some(entry.days?.first)).min();
        let lost = first.and_then(|first| DayRange::new(first.max(kept_from), add_days(from, -1)));
        if let Some(days) = lost {
            self.days.insert(spec.name.clone(), days);
        }
    }

    fn refusal(&self, specs: &[Arc<StreamSpec>]) -> Option<EngineError> {
        let advertisers = self.advertisers.iter().map(|(advertiser, streams)| {
            format!(
                "advertiser {advertiser}, which is not read any more (in {})",
                streams.join(", ")
            )
        });
        let days = self.days.iter().map(|(stream, days)| {
            format!(
                "{} to {} of {stream}, before the first day that is read now",
                days.first, days.last
            )
        });
        let what: Vec<String> = advertisers.chain(days).collect();
        let is_lost = |spec: &&Arc<StreamSpec>| {
            self.days.contains_key(&spec.name)
                || self
                    .advertisers
                    .values()
                    .any(|streams| streams.contains(&spec.name))
        };
        let lost: Vec<&Arc<StreamSpec>> = specs.iter().filter(is_lost).collect();
        let first = lost.first()?;
        let others: Vec<&str> = lost.iter().skip(1).map(|spec| spec.name.as_str()).collect();
        let likewise = match others.as_slice() {
            [] => String::new(),
            others => format!(", and likewise of {}", others.join(", ")),
        };
        let mut hint = format!(
            "Nothing was deleted. To keep it, read without --rebuild into {}{likewise}.",
            another_table(&first.name, &first.schema.table)
        );
        if !self.days.is_empty() {
            hint.push_str(
                " An earlier `start_date` in [sync] reads days again that Criteo still has.",
            );
        }
        hint.push_str(" To delete it all the same, add --accept-loss.");
        Some(EngineError::Irretrievable {
            what: what.join("; "),
            hint,
        })
    }
}
