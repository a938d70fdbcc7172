//! Which window is the last word on what.
//!
//! A window's advertisers leave it one by one, as windows that were loaded later cover all of its days. Nothing of that
//! is stored: it follows from the entries and the order in which they were committed.

use std::collections::BTreeMap;

use super::super::rules::covers;
use crate::calendar::DayRange;
use crate::ledger::WindowEntry;

/// An entry, and when it was committed: a later one is greater.
#[derive(Debug, Clone)]
pub(super) struct Committed {
    pub(super) order: (u64, String),
    pub(super) entry: WindowEntry,
}

/// One entry, seen from one of its advertisers.
struct Seen<'entries> {
    position: usize,
    committed: &'entries Committed,
}

/// The entries of one stream that still vouch for something, oldest reading first, each with the advertisers that it
/// still vouches for.
pub(super) fn still_vouching(mut committed: Vec<Committed>) -> Vec<WindowEntry> {
    // What was given up and read after all is no longer given up.
    let loaded: Vec<String> = committed
        .iter()
        .filter(|committed| is_loaded(committed))
        .map(|committed| committed.entry.window_id.clone())
        .collect();
    committed
        .retain(|committed| is_loaded(committed) || !loaded.contains(&committed.entry.window_id));

    let mut by_advertiser: BTreeMap<&String, Vec<Seen<'_>>> = BTreeMap::new();
    for (position, entry) in committed.iter().enumerate() {
        for advertiser in entry.entry.advertisers.keys() {
            by_advertiser.entry(advertiser).or_default().push(Seen {
                position,
                committed: entry,
            });
        }
    }
    let mut left: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(); committed.len()];
    for (advertiser, seen) in by_advertiser {
        for position in vouching_for_one(seen) {
            let rows = committed[position].entry.advertisers[advertiser];
            left[position].insert(advertiser.clone(), rows);
        }
    }
    let mut entries: Vec<WindowEntry> = committed
        .into_iter()
        .zip(left)
        .filter(|(_, left)| !left.is_empty())
        .map(|(committed, left)| WindowEntry {
            advertisers: left,
            ..committed.entry
        })
        .collect();
    entries.sort_by(|one, other| one.window_id.cmp(&other.window_id));
    entries
}

/// The positions of the entries that still vouch for the advertiser from whom they are seen.
fn vouching_for_one(seen: Vec<Seen<'_>>) -> Vec<usize> {
    let (mut loaded, mut given_up): (Vec<_>, Vec<_>) =
        seen.into_iter().partition(|seen| is_loaded(seen.committed));
    // Latest first: whatever is covered is covered by something that is kept.
    loaded.sort_by(|one, other| other.committed.order.cmp(&one.committed.order));
    let mut kept: Vec<Seen<'_>> = Vec::new();
    for entry in loaded {
        let days = entry.committed.entry.days;
        if !kept
            .iter()
            .any(|later| covers(later.committed.entry.days, days))
        {
            kept.push(entry);
        }
    }
    let later_than = |entry: &Seen<'_>, other: &Seen<'_>| {
        other.committed.entry.window_id > entry.committed.entry.window_id
    };
    given_up.sort_by(|one, other| {
        let id = |seen: &Seen<'_>| seen.committed.entry.window_id.clone();
        id(other).cmp(&id(one))
    });
    let mut open: Vec<Seen<'_>> = Vec::new();
    for entry in given_up {
        let days = entry.committed.entry.days;
        let readings: Vec<Option<DayRange>> = kept
            .iter()
            .filter(|reading| later_than(&entry, reading))
            .map(|reading| reading.committed.entry.days)
            .collect();
        let failed_again = open
            .iter()
            .any(|later| covers(later.committed.entry.days, days));
        if !failed_again && !is_read(&readings, days) {
            open.push(entry);
        }
    }
    kept.iter().chain(&open).map(|seen| seen.position).collect()
}

/// Whether the readings, taken together, hold every day.
fn is_read(readings: &[Option<DayRange>], days: Option<DayRange>) -> bool {
    match days {
        None => readings.iter().any(Option::is_none),
        Some(days) => days.iter().all(|day| {
            readings
                .iter()
                .flatten()
                .any(|reading| reading.contains(day))
        }),
    }
}

fn is_loaded(committed: &Committed) -> bool {
    committed.entry.quarantine_reason.is_none()
}
