//! Which day of which advertiser was read, and when: the ledger's windows painted over each other.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::WindowEntry;
use crate::calendar::{DayRange, add_days, days_between};

/// The newest reading of every advertiser and day of one stream.
///
/// Later windows paint over earlier ones, as their rows replaced the earlier rows. Quarantined windows paint
/// nothing.
#[derive(Debug)]
pub struct Coverage {
    base: Date,
    length: usize,
    /// For each advertiser and day since `base`: one more than the index of the window, or 0 for "never read".
    readings: HashMap<String, Vec<u32>>,
    windows: Vec<WindowEntry>,
}

impl Coverage {
    /// Paints `windows` (oldest reading first) over the days of `range`.
    #[must_use]
    pub fn paint(windows: Vec<WindowEntry>, range: DayRange) -> Self {
        let length = range.days() as usize;
        let mut readings: HashMap<String, Vec<u32>> = HashMap::new();
        for (mark, window) in (1_u32..).zip(&windows) {
            if window.quarantine_reason.is_some() {
                continue;
            }
            let Some(days) = window.days.and_then(|days| days.intersection(&range)) else {
                continue;
            };
            let first = offset(range.first, days.first);
            let last = offset(range.first, days.last);
            for advertiser in window.advertisers.keys() {
                let row = readings
                    .entry(advertiser.clone())
                    .or_insert_with(|| vec![0; length]);
                row[first..=last].fill(mark);
            }
        }
        Self {
            base: range.first,
            length,
            readings,
            windows,
        }
    }

    /// The window that last read `day` for `advertiser`, if one did.
    #[must_use]
    pub fn reading(&self, advertiser: &str, day: Date) -> Option<&WindowEntry> {
        if day < self.base {
            return None;
        }
        let mark = *self.readings.get(advertiser)?.get(offset(self.base, day))?;
        let index = usize::try_from(mark.checked_sub(1)?).ok()?;
        self.windows.get(index)
    }

    /// The days of `advertiser` that were read at least once, as ranges, oldest first.
    #[must_use]
    pub fn read_ranges(&self, advertiser: &str) -> Vec<DayRange> {
        self.ranges(advertiser, |mark| mark != 0)
    }

    /// The days between the first and the last day read of `advertiser` that were never read.
    #[must_use]
    pub fn gaps(&self, advertiser: &str) -> Vec<DayRange> {
        let read = self.read_ranges(advertiser);
        read.windows(2)
            .filter_map(|pair| {
                DayRange::new(add_days(pair[0].last, 1), add_days(pair[1].first, -1))
            })
            .collect()
    }

    /// Every advertiser with at least one day read, in order.
    #[must_use]
    pub fn advertisers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.readings.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The windows it was painted from, oldest reading first.
    #[must_use]
    pub fn windows(&self) -> &[WindowEntry] {
        &self.windows
    }

    /// Quarantined windows of which at least one advertiser and day was not read since.
    #[must_use]
    pub fn open_quarantines(&self) -> Vec<&WindowEntry> {
        let positions: BTreeMap<&str, usize> = self
            .windows
            .iter()
            .enumerate()
            .map(|(index, window)| (window.window_id.as_str(), index))
            .collect();
        let read_since = |advertiser: &str, day: Date, position: usize| {
            self.reading(advertiser, day)
                .and_then(|window| positions.get(window.window_id.as_str()))
                .is_some_and(|reading| *reading > position)
        };
        self.windows
            .iter()
            .enumerate()
            .filter(|(position, window)| {
                window.quarantine_reason.is_some()
                    && window.days.is_some_and(|days| {
                        window.advertisers.keys().any(|advertiser| {
                            days.iter()
                                .any(|day| !read_since(advertiser, day, *position))
                        })
                    })
            })
            .map(|(_, window)| window)
            .collect()
    }

    fn ranges(&self, advertiser: &str, wanted: impl Fn(u32) -> bool) -> Vec<DayRange> {
        let mut ranges: Vec<DayRange> = Vec::new();
        let Some(row) = self.readings.get(advertiser) else {
            return ranges;
        };
        debug_assert_eq!(row.len(), self.length);
        let days = std::iter::successors(Some(self.base), |day| Some(add_days(*day, 1)));
        for (mark, day) in row.iter().zip(days) {
            if !wanted(*mark) {
                continue;
            }
            match ranges.last_mut() {
                Some(range) if add_days(range.last, 1) == day => range.last = day,
                _ => ranges.push(DayRange::single(day)),
            }
        }
        ranges
    }
}

fn offset(base: Date, day: Date) -> usize {
    usize::try_from(days_between(base, day)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn window(id: &str, first: Date, last: Date, advertisers: &[&str]) -> WindowEntry {
        WindowEntry {
            window_id: id.to_owned(),
            run_id: "run".to_owned(),
            stream: "statistics".to_owned(),
            days: DayRange::new(first, last),
            advertisers: advertisers.iter().map(|id| ((*id).to_owned(), 1)).collect(),
            read_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            rows: 1,
            calls: 1,
            bytes: 1,
            read_on: None,
            waited_milliseconds: 0,
            verified: None,
            columns: Vec::new(),
            totals: BTreeMap::new(),
            total_differences: BTreeMap::new(),
            request_hash: String::new(),
            quarantine_reason: None,
        }
    }

    fn january() -> DayRange {
        DayRange::new(date(2026, 1, 1), date(2026, 1, 31)).unwrap()
    }

    #[test]
    fn later_windows_paint_over_earlier_ones() {
        let coverage = Coverage::paint(
            vec![
                window("a", date(2025, 12, 20), date(2026, 1, 10), &["1", "2"]),
                window("b", date(2026, 1, 5), date(2026, 1, 6), &["1"]),
            ],
            january(),
        );
        let id = |advertiser, day| {
            coverage
                .reading(advertiser, day)
                .map(|w| w.window_id.as_str())
        };
        assert_eq!(id("1", date(2026, 1, 4)), Some("a"));
        assert_eq!(id("1", date(2026, 1, 5)), Some("b"));
        assert_eq!(id("2", date(2026, 1, 5)), Some("a"));
        assert_eq!(id("2", date(2026, 1, 11)), None);
        assert_eq!(id("3", date(2026, 1, 1)), None);
        assert_eq!(id("1", date(2025, 12, 31)), None);
    }

    #[test]
    fn gaps_are_the_holes_between_what_was_read() {
        let coverage = Coverage::paint(
            vec![
                window("a", date(2026, 1, 2), date(2026, 1, 3), &["1"]),
                window("b", date(2026, 1, 6), date(2026, 1, 6), &["1"]),
            ],
            january(),
        );
        assert_eq!(
            coverage.gaps("1"),
            vec![DayRange::new(date(2026, 1, 4), date(2026, 1, 5)).unwrap()]
        );
    }

    #[test]
    fn a_quarantine_is_open_until_all_of_it_is_read_later() {
        let mut quarantined = window("a", date(2026, 1, 2), date(2026, 1, 3), &["1"]);
        quarantined.quarantine_reason = Some("too many rows".to_owned());
        let half = window("b", date(2026, 1, 2), date(2026, 1, 2), &["1"]);
        let rest = window("c", date(2026, 1, 3), date(2026, 1, 3), &["1"]);
        let open = |windows: Vec<WindowEntry>| {
            Coverage::paint(windows, january()).open_quarantines().len()
        };
        assert_eq!(open(vec![quarantined.clone()]), 1);
        assert_eq!(
            open(vec![half.clone(), rest.clone(), quarantined.clone()]),
            1
        );
        assert_eq!(open(vec![quarantined.clone(), half.clone()]), 1);
        assert_eq!(open(vec![quarantined, half, rest]), 0);
    }
}
