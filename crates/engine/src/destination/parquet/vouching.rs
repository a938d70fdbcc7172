//! Which window is the last word on what: the rules by which a new entry takes advertisers from older ones.
//!
//! A window's advertisers leave it one by one, as other windows cover all of its days. Its entry stays for a while after
//! that, so that people can ask what was read.

use std::collections::BTreeMap;

use super::super::rules::covers;
use super::state::{DropEntry, WindowState};
use crate::calendar::DayRange;
use crate::ledger::WindowEntry;

/// Writes an entry, loaded or given up, and takes from other windows of its stream what it covers.
pub(super) fn record(windows: &mut BTreeMap<String, WindowState>, entry: &WindowEntry) {
    let is_loaded = entry.quarantine_reason.is_none();
    let known = windows.get(&entry.window_id);
    if !is_loaded && known.is_some_and(|known| known.entry.quarantine_reason.is_none()) {
        // The reading succeeded after all, so that it was given up means nothing any more.
        return;
    }
    windows.insert(
        entry.window_id.clone(),
        WindowState {
            entry: entry.clone(),
            vouches_for: entry.advertisers.keys().cloned().collect(),
        },
    );
    take_over(windows, entry);
    if is_loaded {
        close_quarantines(windows, &entry.stream);
    }
}

/// Lets no window of a stream vouch for days before the first one that was kept. A window that reaches over the border
/// begins there from now on, and its rows per advertiser are those of `left`, so that the rows of a day can still be told
/// from them.
pub(super) fn give_up_days(
    windows: &mut BTreeMap<String, WindowState>,
    drop: &DropEntry,
    left: &BTreeMap<String, BTreeMap<String, u64>>,
) {
    for (id, window) in windows.iter_mut() {
        if window.entry.stream != drop.stream {
            continue;
        }
        let Some(days) = &mut window.entry.days else {
            continue;
        };
        if days.last < drop.keep_from {
            window.vouches_for.clear();
        } else if days.first < drop.keep_from && !window.vouches_for.is_empty() {
            days.first = drop.keep_from;
            if let Some(left) = left.get(id) {
                for (advertiser, rows) in &mut window.entry.advertisers {
                    *rows = left.get(advertiser).copied().unwrap_or(0);
                }
            }
        }
    }
}

/// Takes the advertisers of `entry` from every other window whose days lie within its own. A window that reaches
/// beyond keeps the advertiser, because it is still the last word on its other days.
fn take_over(windows: &mut BTreeMap<String, WindowState>, entry: &WindowEntry) {
    let is_loaded = entry.quarantine_reason.is_none();
    for (id, other) in windows.iter_mut() {
        if *id == entry.window_id || other.entry.stream != entry.stream {
            continue;
        }
        let was_given_up = other.entry.quarantine_reason.is_some();
        // A failure stands in for earlier failures only; rows replace all rows, and earlier failures.
        let is_meant = if was_given_up {
            *id < entry.window_id
        } else {
            is_loaded
        };
        if is_meant && covers(entry.days, other.entry.days) {
            other
                .vouches_for
                .retain(|advertiser| !entry.advertisers.contains_key(advertiser));
        }
    }
}

/// Takes an advertiser from a window that was given up when later windows, taken together, cover all its days.
fn close_quarantines(windows: &mut BTreeMap<String, WindowState>, stream: &str) {
    let mut closed: Vec<(String, String)> = Vec::new();
    for (id, given_up) in windows.iter() {
        let Some(days) = given_up.entry.days else {
            continue;
        };
        if given_up.entry.stream != stream || given_up.entry.quarantine_reason.is_none() {
            continue;
        }
        for advertiser in &given_up.vouches_for {
            let readings: Vec<DayRange> = windows
                .range(id.clone()..)
                .map(|(_, window)| window)
                .filter(|window| {
                    window.entry.stream == stream
                        && window.entry.quarantine_reason.is_none()
                        && window.vouches_for.contains(advertiser)
                })
                .filter_map(|window| window.entry.days)
                .collect();
            let is_read = days
                .iter()
                .all(|day| readings.iter().any(|reading| reading.contains(day)));
            if is_read {
                closed.push((id.clone(), advertiser.clone()));
            }
        }
    }
    for (id, advertiser) in closed {
        if let Some(window) = windows.get_mut(&id) {
            window.vouches_for.remove(&advertiser);
        }
    }
}
