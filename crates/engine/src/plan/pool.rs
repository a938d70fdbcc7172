//! Packs days and advertisers into as few calls as the caps allow.
//!
//! The pool holds what has to be read. [`Pool::take`] cuts the next window out of it, newest day first, as large
//! as the density known at that moment allows; so the plan improves while answers come in.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::density::{Density, Knowledge, round};
use super::needs::Needs;
use super::period::Period;
use crate::calendar::{DayRange, add_days};

/// Days of the first window of a stream about which nothing is known: today, which may be nearly empty, and
/// yesterday, which is whole.
const PROBE_DAYS: u32 = 2;
/// How many ways of dividing the advertisers among calls are compared.
const DIVISIONS: usize = 64;

/// What one call may span.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The row count at which Criteo truncates.
    pub row_cap: Option<u64>,
    /// The longest span of days.
    pub max_days: Option<u32>,
    /// The most advertisers.
    pub max_advertisers: Option<usize>,
    /// Windows begin and end at the borders of this.
    pub period: Period,
}

/// A rectangle of advertisers and days, read by one call if all goes well.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedWindow {
    /// The advertisers, in order.
    pub advertisers: Vec<String>,
    /// The days.
    pub days: DayRange,
    /// The rows it is expected to hold; `None` when nothing is known.
    pub estimated_rows: Option<u64>,
}

/// What is still to be read of one stream.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Ranges per advertiser, oldest first, so that the newest is taken from the end.
    needs: BTreeMap<String, Vec<DayRange>>,
    limits: Limits,
}

/// A division of advertisers and days into calls.
struct Division {
    /// Rows a day that one call's advertisers may have together.
    rows_per_day: f64,
    /// Days of one call.
    days: u32,
}

impl Pool {
    /// Everything in `needs`.
    #[must_use]
    pub fn new(needs: Needs, limits: Limits) -> Self {
        Self {
            needs: needs.ranges,
            limits,
        }
    }

    /// Whether everything was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty()
    }

    /// Spans no more than so many days, and at least one, from now on.
    pub fn limit_days(&mut self, days: u32) {
        let known = self.limits.max_days.unwrap_or(u32::MAX);
        self.limits.max_days = Some(known.min(days.max(1)));
    }

    /// How many days of each advertiser are still to be taken.
    pub fn days(&self) -> impl Iterator<Item = (&str, u32)> {
        self.needs.iter().map(|(advertiser, ranges)| {
            let days = ranges.iter().map(DayRange::days).sum();
            (advertiser.as_str(), days)
        })
    }

    /// The first and the last day still to be taken.
    #[must_use]
    pub fn span(&self) -> Option<DayRange> {
        let ranges = || self.needs.values().flatten();
        let first = ranges().map(|range| range.first).min()?;
        let last = ranges().map(|range| range.last).max()?;
        DayRange::new(first, last)
    }

    /// The windows it would take by what is known now. Each window is taken to teach as much as it would when
    /// read, so a plan made before the first run also shows the small windows that learn the density.
    #[must_use]
    pub fn windows(&self, density: &Density) -> Vec<PlannedWindow> {
        let mut rehearsal = self.clone();
        let mut density = density.clone();
        std::iter::from_fn(|| {
            let window = rehearsal.take(&density)?;
            density.assume_days(window.days.days());
            Some(window)
        })
        .collect()
    }

    /// Whether the next window is one day of one advertiser, of which two would not fit into an answer: it takes a call of
    /// its own, so that waiting for what other windows teach saves none.
    #[must_use]
    pub fn next_fills_a_call(&self, density: &Density) -> bool {
        let Some(cap) = self.limits.row_cap else {
            return false;
        };
        self.clone().take(density).is_some_and(|window| {
            let is_least = window.advertisers.len() == 1 && window.days.days() == 1;
            let rows = window.estimated_rows.unwrap_or_default();
            is_least && rows.saturating_mul(2) > cap
        })
    }

    /// Cuts out the next window, newest day first.
    pub fn take(&mut self, density: &Density) -> Option<PlannedWindow> {
        let (newest, run) = self.newest_rectangle()?;
        let mut advertisers = self.sharing(newest, run);
        if let Some(most) = self.limits.max_advertisers {
            advertisers.truncate(most.max(1));
        }
        let run = self
            .limits
            .max_days
            .map_or(run, |most| run.min(most.max(1)));

        let known = density.knowledge();
        let days = match self.limits.row_cap {
            None => run,
            Some(_) if known == Knowledge::Nothing => run.min(PROBE_DAYS),
            Some(cap) => {
                let division = divide(&advertisers, run, density, density.target(cap));
                advertisers = fill(advertisers, density, division.rows_per_day);
                division.days
            }
        };

        let days = self.rectangle_days(newest, days);
        for advertiser in &advertisers {
            self.cut(advertiser, days);
        }
        let rows_per_day: f64 = advertisers.iter().map(|id| density.rows_per_day(id)).sum();
        let estimated_rows =
            (known != Knowledge::Nothing).then(|| round(rows_per_day * f64::from(days.days())));
        Some(PlannedWindow {
            advertisers,
            days,
            estimated_rows,
        })
    }

    /// The newest day of the pool and the number of days down from it that give the largest rectangle.
    fn newest_rectangle(&self) -> Option<(Date, u32)> {
        let newest = self
            .needs
            .values()
            .filter_map(|ranges| ranges.last())
            .map(|range| range.last)
            .max()?;
        let mut runs: Vec<u32> = self
            .needs
            .values()
            .filter_map(|ranges| ranges.last())
            .filter(|range| range.last == newest)
            .map(DayRange::days)
            .collect();
        runs.sort_unstable_by(|left, right| right.cmp(left));
        let best = (1_u64..)
            .zip(&runs)
            .max_by_key(|(advertisers, run)| (advertisers * u64::from(**run), *advertisers))
            .map(|(_, run)| *run)?;
        Some((newest, best))
    }

    fn sharing(&self, newest: Date, run: u32) -> Vec<String> {
        self.needs
            .iter()
            .filter(|(_, ranges)| {
                ranges
                    .last()
                    .is_some_and(|range| range.last == newest && range.days() >= run)
            })
            .map(|(advertiser, _)| advertiser.clone())
            .collect()
    }

    fn rectangle_days(&self, newest: Date, days: u32) -> DayRange {
        let first = add_days(newest, 1 - i32::try_from(days).unwrap_or(i32::MAX));
        DayRange {
            first: self.limits.period.first_day(first),
            last: newest,
        }
    }

    fn cut(&mut self, advertiser: &str, days: DayRange) {
        let Some(ranges) = self.needs.get_mut(advertiser) else {
            return;
        };
        if let Some(newest) = ranges.last_mut() {
            if newest.first < days.first {
                newest.last = add_days(days.first, -1);
            } else {
                ranges.pop();
            }
        }
        if ranges.is_empty() {
            self.needs.remove(advertiser);
        }
    }
}

/// Finds into how many groups to part the advertisers so that the calls are fewest: many days of few advertisers
/// fill a call better than few days of many when one day already takes a good share of the cap.
fn divide(advertisers: &[String], run: u32, density: &Density, target: f64) -> Division {
    let total: f64 = advertisers.iter().map(|id| density.rows_per_day(id)).sum();
    let least = round((total / target).ceil()).max(1);
    let most = u64::try_from(advertisers.len()).unwrap_or(u64::MAX).max(1);
    let candidates = (least..=most).take(DIVISIONS);
    let mut best: Option<(u64, Division)> = None;
    for groups in candidates {
        let rows_per_day = total / to_f64(groups);
        let longest = u32::try_from(round((target / rows_per_day).floor()))
            .unwrap_or(u32::MAX)
            .clamp(1, run);
        let calls = groups * u64::from(run.div_ceil(longest));
        if best.as_ref().is_none_or(|(fewest, _)| calls < *fewest) {
            // Equal shares leave the same room in every call, instead of full calls and a rest.
            let days = run.div_ceil(run.div_ceil(longest));
            best = Some((
                calls,
                Division {
                    rows_per_day: target / f64::from(days),
                    days,
                },
            ));
        }
    }
    // No division fits when a single advertiser exceeds the target in a day; that day is split when it is read.
    best.map_or(
        Division {
            rows_per_day: target,
            days: 1,
        },
        |(_, division)| division,
    )
}

/// The first advertisers that fit together, and at least one.
fn fill(advertisers: Vec<String>, density: &Density, rows_per_day: f64) -> Vec<String> {
    let mut sum = 0.0;
    let mut filled = Vec::new();
    for advertiser in advertisers {
        sum += density.rows_per_day(&advertiser);
        // A hair of tolerance, so that rounding does not push the last advertiser into a call of its own.
        if !filled.is_empty() && sum > rows_per_day * (1.0 + 1e-9) {
            break;
        }
        filled.push(advertiser);
    }
    filled
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of groups are far below 2^53"
)]
fn to_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
