//! Which days have to be read: those never read, and those not yet mature when they were.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::lookback::Lookback;
use super::period::Period;
use crate::calendar::{DayRange, add_days};
use crate::ledger::WindowEntry;
use crate::ledger::coverage::Coverage;

/// How long what an interrupted run read may pass for what the run that carries it on would read.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(3);

/// The rules by which a day is found to need reading.
#[derive(Debug)]
pub struct Rules<'a> {
    /// The days to look at, already within Criteo's horizons and grown to whole periods.
    pub range: DayRange,
    /// Days before this one are only looked at for having been read too early: the configuration does not ask for
    /// them (any more), but what is in the table should become final.
    pub wanted_from: Date,
    /// The report's time step.
    pub period: Period,
    /// When a day is read again. It counts as mature once it has been read at the largest age of that or later; counting
    /// back from today would forget the days of a pause.
    pub lookback: &'a Lookback,
    /// Read everything again, whatever the ledger says.
    pub full_refresh: bool,
    /// The zone in which days are counted.
    pub time_zone: &'a TimeZone,
    /// Runs whose work this run carries on: what they loaded a short while ago is not asked for again.
    pub continued_runs: &'a HashSet<String>,
    /// Whether the totals in Criteo's answers have proved right for this stream, in this run or an earlier one: then a
    /// reading whose totals differ lacks rows or has too many.
    pub totals_proved: bool,
    /// The current instant.
    pub now: Timestamp,
    /// The columns every reading must have had.
    pub columns: &'a [String],
}

/// The days to read, per advertiser, with the reasons in numbers.
#[derive(Debug, Default, Clone)]
pub struct Needs {
    /// Ranges per advertiser, oldest first, never touching each other.
    pub ranges: BTreeMap<String, Vec<DayRange>>,
    /// Advertiser-days that were never read.
    pub never_read: u64,
    /// Advertiser-days that were read too early to be final, or on request.
    pub again: u64,
    /// Advertiser-days that were read without a column that is asked for now.
    pub lacking_columns: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    None,
    NeverRead,
    LacksColumns,
    Again,
}

impl Needs {
    /// Looks at every advertiser and day.
    #[must_use]
    pub fn find(coverage: &Coverage, advertisers: &[String], rules: &Rules<'_>) -> Self {
        let mut needs = Self::default();
        for advertiser in advertisers {
            let mut ranges: Vec<DayRange> = Vec::new();
            let mut period_start = rules.range.first;
            while period_start <= rules.range.last {
                let period_end = rules.period.last_day(period_start);
                let days = DayRange {
                    first: period_start,
                    last: period_end.min(rules.range.last),
                };
                let reason = reason(coverage, advertiser, days, period_end, rules);
                let count = u64::from(days.days());
                match reason {
                    Need::None => {}
                    Need::NeverRead => needs.never_read += count,
                    Need::LacksColumns => needs.lacking_columns += count,
                    Need::Again => needs.again += count,
                }
                if reason != Need::None {
                    match ranges.last_mut() {
                        Some(range) if add_days(range.last, 1) == days.first => {
                            range.last = days.last;
                        }
                        _ => ranges.push(days),
                    }
                }
                period_start = add_days(period_end, 1);
            }
            if !ranges.is_empty() {
                needs.ranges.insert(advertiser.clone(), ranges);
            }
        }
        needs
    }

    /// Whether nothing has to be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The first and the last day that some advertiser needs.
    #[must_use]
    pub fn span(&self) -> Option<DayRange> {
        let first = self
            .ranges
            .values()
            .filter_map(|ranges| ranges.first())
            .map(|range| range.first)
            .min()?;
        let last = self
            .ranges
            .values()
            .filter_map(|ranges| ranges.last())
            .map(|range| range.last)
            .max()?;
        DayRange::new(first, last)
    }
}

/// Why a period (one day, mostly) has to be read: the strongest reason among its days.
fn reason(
    coverage: &Coverage,
    advertiser: &str,
    days: DayRange,
    period_end: Date,
    rules: &Rules<'_>,
) -> Need {
    let mut found = Need::None;
    for day in days.iter() {
        let need = match coverage.reading(advertiser, day) {
            None if period_end < rules.wanted_from => Need::None,
            None => Need::NeverRead,
            Some(reading) => reason_to_read_again(reading, period_end, rules),
        };
        match need {
            Need::None => {}
            Need::NeverRead => return Need::NeverRead,
            Need::LacksColumns => found = Need::LacksColumns,
            Need::Again if found == Need::None => found = Need::Again,
            Need::Again => {}
        }
    }
    found
}

/// Whether a reading by an interrupted run may pass for one by the run that carries it on.
#[must_use]
pub fn is_fresh(reading: &WindowEntry, now: Timestamp) -> bool {
    now.duration_since(reading.read_at) <= FRESH_FOR
}

fn reason_to_read_again(reading: &WindowEntry, period_end: Date, rules: &Rules<'_>) -> Need {
    let wanted = period_end >= rules.wanted_from;
    if wanted
        && rules
            .columns
            .iter()
            .any(|column| !reading.columns.contains(column))
    {
        return Need::LacksColumns;
    }
    let continued = rules.continued_runs.contains(&reading.run_id);
    // The run that was interrupted can no longer settle what it doubted; a finished one may have been unable to.
    if (continued || rules.totals_proved) && !reading.total_differences.is_empty() {
        return Need::Again;
    }
    if continued && is_fresh(reading, rules.now) {
        return Need::None;
    }
    let day_of = |instant: Timestamp| instant.to_zoned_datetime(rules.time_zone.clone()).date();
    let is_due = || {
        rules
            .lookback
            .is_due(period_end, day_of(reading.read_at), day_of(rules.now))
    };
    if (wanted && rules.full_refresh && !continued) || is_due() {
        Need::Again
    } else {
        Need::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn read(id: &str, run: &str, first: Date, last: Date, at: &str) -> WindowEntry {
        WindowEntry {
            window_id: id.to_owned(),
            run_id: run.to_owned(),
            stream: "statistics".to_owned(),
            days: DayRange::new(first, last),
            advertisers: BTreeMap::from([("1".to_owned(), 1)]),
            read_at: at.parse::<Timestamp>().unwrap(),
            rows: 1,
            calls: 1,
            bytes: 1,
            read_on: None,
            waited_milliseconds: 0,
            verified: None,
            columns: vec!["clicks".to_owned()],
            totals: BTreeMap::new(),
            total_differences: BTreeMap::new(),
            request_hash: String::new(),
            quarantine_reason: None,
        }
    }

    const NOW: &str = "2026-01-10T11:00:00Z";

    fn find(windows: Vec<WindowEntry>, range: DayRange, adjust: impl Fn(&mut Rules<'_>)) -> Needs {
        let (continued, lookback) = (HashSet::new(), Lookback::every_run(30));
        let columns = vec!["clicks".to_owned()];
        let mut rules = Rules {
            range,
            wanted_from: range.first,
            period: Period::Day,
            lookback: &lookback,
            full_refresh: false,
            time_zone: &TimeZone::UTC,
            continued_runs: &continued,
            totals_proved: false,
            now: NOW.parse().unwrap(),
            columns: &columns,
        };
        adjust(&mut rules);
        Needs::find(&Coverage::paint(windows, range), &["1".to_owned()], &rules)
    }

    #[test]
    fn a_pause_leaves_no_half_matured_days_behind() {
        // Read on 1 March, then not again until 15 April: the days of February and the first of March had not
        // matured, although none of February is within 30 days of 15 April.
        let range = DayRange::new(date(2026, 1, 1), date(2026, 4, 15)).unwrap();
        let first_run = read(
            "a",
            "r1",
            date(2026, 1, 1),
            date(2026, 3, 1),
            "2026-03-01T10:00:00Z",
        );
        let needs = find(vec![first_run], range, |_| {});
        // 30 January was read at age 30: final. 31 January at age 29: to be read again.
        assert_eq!(
            needs.ranges["1"],
            vec![DayRange::new(date(2026, 1, 31), date(2026, 4, 15)).unwrap()],
            "31 January to 1 March again, and everything after for the first time"
        );
        assert_eq!(needs.again, 30);
        assert_eq!(needs.never_read, 45);
    }

    #[test]
    fn days_no_longer_asked_for_still_become_final() {
        let range = DayRange::new(date(2025, 12, 1), date(2026, 1, 10)).unwrap();
        let early = read(
            "a",
            "r",
            date(2025, 12, 20),
            date(2026, 1, 10),
            "2026-01-10T10:00:00Z",
        );
        let needs = find(vec![early], range, |rules| {
            rules.wanted_from = date(2026, 1, 1);
        });
        assert_eq!(
            needs.ranges["1"],
            vec![DayRange::new(date(2025, 12, 20), range.last).unwrap()]
        );
        assert_eq!(needs.never_read, 0);
    }

    #[test]
    fn a_day_read_at_the_age_of_the_lookback_is_final() {
        let range = DayRange::single(date(2026, 1, 1));
        let at_age = |instant| {
            find(
                vec![read("a", "r", range.first, range.first, instant)],
                range,
                |_| {},
            )
        };
        assert!(!at_age("2026-01-30T23:59:59Z").is_empty());
        assert!(at_age("2026-01-31T00:00:00Z").is_empty());
    }

    #[test]
    fn the_age_is_counted_in_the_report_zone() {
        let range = DayRange::single(date(2026, 1, 1));
        let auckland = TimeZone::get("Pacific/Auckland").unwrap();
        let reading = read("a", "r", range.first, range.first, "2026-01-30T12:00:00Z");
        let (continued, lookback) = (HashSet::new(), Lookback::every_run(30));
        let rules = Rules {
            range,
            wanted_from: range.first,
            period: Period::Day,
            lookback: &lookback,
            full_refresh: false,
            time_zone: &auckland,
            continued_runs: &continued,
            totals_proved: false,
            now: NOW.parse().unwrap(),
            columns: &[],
        };
        let needs = Needs::find(
            &Coverage::paint(vec![reading], range),
            &["1".to_owned()],
            &rules,
        );
        assert!(
            needs.is_empty(),
            "30 January 12:00 UTC is 31 January in Auckland"
        );
    }

    #[test]
    fn a_new_column_makes_days_needed_again() {
        let range = DayRange::single(date(2025, 1, 1));
        let old = read("a", "r", range.first, range.first, "2026-01-30T12:00:00Z");
        let columns = vec!["clicks".to_owned(), "displays".to_owned()];
        let (continued, lookback) = (HashSet::new(), Lookback::every_run(30));
        let rules = Rules {
            range,
            wanted_from: range.first,
            period: Period::Day,
            lookback: &lookback,
            full_refresh: false,
            time_zone: &TimeZone::UTC,
            continued_runs: &continued,
            totals_proved: false,
            now: NOW.parse().unwrap(),
            columns: &columns,
        };
        let needs = Needs::find(
            &Coverage::paint(vec![old], range),
            &["1".to_owned()],
            &rules,
        );
        assert_eq!(needs.lacking_columns, 1);
    }

    #[test]
    fn a_month_is_read_whole_until_it_was_read_old_enough() {
        let range = DayRange::new(date(2026, 1, 1), date(2026, 3, 10)).unwrap();
        let early = read(
            "a",
            "r",
            date(2026, 1, 1),
            date(2026, 2, 20),
            "2026-02-20T10:00:00Z",
        );
        let needs = find(vec![early], range, |rules| rules.period = Period::Month);
        // January ended on the 31st and was read at age 20; February was only read up to the 20th.
        assert_eq!(needs.ranges["1"], vec![range]);
        let late = read(
            "b",
            "r",
            date(2026, 1, 1),
            date(2026, 1, 31),
            "2026-03-02T10:00:00Z",
        );
        let early = read(
            "a",
            "r",
            date(2026, 1, 1),
            date(2026, 2, 20),
            "2026-02-20T10:00:00Z",
        );
        let needs = find(vec![early, late], range, |rules| {
            rules.period = Period::Month;
        });
        assert_eq!(
            needs.ranges["1"],
            vec![DayRange::new(date(2026, 2, 1), date(2026, 3, 10)).unwrap()]
        );
    }

    #[test]
    fn what_an_interrupted_run_loaded_is_not_read_again() {
        let range = DayRange::new(date(2026, 1, 1), date(2026, 1, 10)).unwrap();
        let dead = read(
            "a",
            "dead",
            date(2026, 1, 4),
            date(2026, 1, 10),
            "2026-01-10T10:00:00Z",
        );
        let needs = find(vec![dead.clone()], range, |_| {});
        assert_eq!(needs.ranges["1"], vec![range]);
        let continued = HashSet::from(["dead".to_owned()]);
        let lookback = Lookback::every_run(30);
        let columns = vec!["clicks".to_owned()];
        let rules = Rules {
            range,
            wanted_from: range.first,
            period: Period::Day,
            lookback: &lookback,
            full_refresh: true,
            time_zone: &TimeZone::UTC,
            continued_runs: &continued,
            totals_proved: false,
            now: NOW.parse().unwrap(),
            columns: &columns,
        };
        let ranges = |reading: &WindowEntry, rules: &Rules<'_>| {
            let coverage = Coverage::paint(vec![reading.clone()], range);
            Needs::find(&coverage, &["1".to_owned()], rules).ranges["1"].clone()
        };
        let rest = vec![DayRange::new(date(2026, 1, 1), date(2026, 1, 3)).unwrap()];
        assert_eq!(ranges(&dead, &rules), rest);

        let doubted = WindowEntry {
            total_differences: BTreeMap::from([("clicks".to_owned(), "7 or 8".to_owned())]),
            ..dead.clone()
        };
        assert_eq!(ranges(&doubted, &rules), vec![range]);
        let long_final = WindowEntry {
            read_at: "2026-03-10T10:00:00Z".parse().unwrap(),
            run_id: "finished".to_owned(),
            ..doubted
        };
        let nothing = |proved| {
            let rules = Rules {
                totals_proved: proved,
                full_refresh: false,
                range: long_final.days.unwrap(),
                wanted_from: long_final.days.unwrap().first,
                ..rules
            };
            let coverage = Coverage::paint(vec![long_final.clone()], rules.range);
            Needs::find(&coverage, &["1".to_owned()], &rules).is_empty()
        };
        assert!(
            nothing(false),
            "totals that never proved right prove nothing"
        );
        assert!(!nothing(true));
        let hours_later = Rules {
            now: "2026-01-10T13:00:01Z".parse().unwrap(),
            ..rules
        };
        assert_eq!(ranges(&dead, &hours_later), vec![range]);
    }
}
