//! The ledger of a door: what the platform's state says was delivered, in as few words as the next plan needs.
//!
//! A destination of our own writes the ledger beside the rows. A platform keeps rows out of our sight, and gives back
//! the last state it has stored; so the state is the ledger. It holds for each advertiser which days were read and how
//! old they were then (`timeline`), and leaves out what changes no plan: days that are final need not be told apart,
//! and instants are kept by the quarter of an hour. Two years of five thousand advertisers are about 70 kB.

mod coverage;
mod timeline;
mod wire;

use std::collections::BTreeMap;

use criteo_engine::StreamSpec;
use criteo_engine::calendar::{DayRange, days_between};
use criteo_engine::ledger::{StreamEntry, WindowEntry};
use criteo_engine::plan::period::Period;
use criteo_engine::stream_spec::RESTATED_FOR_DAYS;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use self::timeline::{Reading, Span, Timeline};
pub use self::wire::StateError;

/// Days over which the rows a day are averaged.
const RATE_DAYS: f64 = 60.0;
/// Agreements with Criteo's totals that are remembered; the engine trusts the totals after fewer.
const MOST_AGREEMENTS: u32 = 8;
/// To what instants are rounded down. Offsets of time zones are multiples of it, so the calendar day stays the same.
const INSTANT_SECONDS: i64 = 15 * 60;

/// What was delivered of one stream.
#[derive(Debug, Clone)]
pub struct StreamLedger {
    /// What its rows stand for. Other rows must not be added to those.
    pub(crate) purpose: StreamEntry,
    rules: Rules,
    /// Lists of columns that readings were delivered with.
    columns: Vec<Vec<String>>,
    timelines: BTreeMap<String, Timeline>,
    /// Of a listing: when each advertiser was listed by the run of `run`.
    listed: BTreeMap<String, Timestamp>,
    /// Rows a day of each advertiser.
    rates: BTreeMap<String, f64>,
    agreements: u32,
    /// The last run that delivered something.
    pub(crate) run: Option<RunMark>,
    /// The version of the table, where a protocol has such a thing.
    pub(crate) table_version: Option<i64>,
    /// The last delivery whose keys were written down ([`crate::keys`]).
    pub(crate) delivered_through: Option<String>,
}

/// A run as a stream's state remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunMark {
    pub(crate) run_id: String,
    pub(crate) started_at: Timestamp,
    /// What it was asked, as the engine's ledger words it.
    pub(crate) question: String,
    /// Whether it has delivered all of this stream.
    pub(crate) is_done: bool,
}

/// What of a stream's specification decides what has to be remembered.
#[derive(Debug, Clone)]
struct Rules {
    period: Period,
    time_zone: TimeZone,
    /// The age from which a reading is the last one, now.
    final_age: u32,
    /// The age that the configuration asks for.
    full_days: u32,
}

impl StreamLedger {
    /// The ledger of a stream of which nothing was delivered.
    #[must_use]
    pub fn empty(spec: &StreamSpec) -> Self {
        let full_days = spec.lookback.full_days();
        Self {
            purpose: spec.entry(),
            rules: Rules {
                period: spec.period,
                time_zone: spec.time_zone.clone(),
                final_age: full_days.max(RESTATED_FOR_DAYS),
                full_days,
            },
            columns: Vec::new(),
            timelines: BTreeMap::new(),
            listed: BTreeMap::new(),
            rates: BTreeMap::new(),
            agreements: 0,
            run: None,
            table_version: None,
            delivered_through: None,
        }
    }

    /// Whether nothing was delivered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.timelines.is_empty() && self.listed.is_empty()
    }

    /// Notes that the rows of a window were delivered with these columns.
    pub fn record(&mut self, entry: &WindowEntry, columns: &[String]) {
        if entry.verified == Some(true) && entry.rows > 0 {
            self.agreements = (self.agreements + 1).min(MOST_AGREEMENTS);
        }
        let instant = rounded(entry.read_at);
        let Some(days) = entry.days else {
            for advertiser in entry.advertisers.keys() {
                self.listed.insert(advertiser.clone(), instant);
            }
            return;
        };
        let columns = self.list_of_columns(columns);
        let is_doubted = !entry.total_differences.is_empty();
        let read_on = self.day_of(entry.read_at);
        let (final_days, others) = self.split_final(days, read_on, is_doubted);
        let spans = [
            final_days.map(|days| {
                let age = self.rules.final_age;
                (days, Reading::Final { age })
            }),
            others.map(|days| {
                let reading = Reading::At {
                    instant,
                    is_doubted,
                };
                (days, reading)
            }),
        ];
        for (advertiser, rows) in &entry.advertisers {
            let timeline = self.timelines.entry(advertiser.clone()).or_default();
            for (days, reading) in spans.iter().flatten() {
                timeline.paint(Span {
                    first: days.first,
                    last: days.last,
                    reading: *reading,
                    columns,
                });
            }
            learn(&mut self.rates, advertiser, *rows, days.days());
        }
    }

    /// Ends the run that the state speaks of: hours do not count any more, only the day on which something was read.
    pub(crate) fn end_run(&mut self) {
        self.run = None;
        self.listed.clear();
        let zone = self.rules.time_zone.clone();
        for timeline in self.timelines.values_mut() {
            timeline.map(|reading| match reading {
                Reading::At {
                    instant,
                    is_doubted,
                } => Reading::On {
                    day: instant.to_zoned_datetime(zone.clone()).date(),
                    is_doubted,
                },
                other => other,
            });
        }
    }

    /// The days of a window that are read for the last time, and the others. Later days are younger, so the first are
    /// the final ones.
    fn split_final(
        &self,
        days: DayRange,
        read_on: Date,
        is_doubted: bool,
    ) -> (Option<DayRange>, Option<DayRange>) {
        let is_final = |day: Date| {
            let age = days_between(self.rules.period.last_day(day), read_on);
            !is_doubted && u32::try_from(age).is_ok_and(|age| age >= self.rules.final_age)
        };
        let last_final = days.iter().take_while(|day| is_final(*day)).last();
        match last_final {
            None => (None, Some(days)),
            Some(last) => (
                DayRange::new(days.first, last),
                last.tomorrow()
                    .ok()
                    .and_then(|first| DayRange::new(first, days.last)),
            ),
        }
    }

    fn list_of_columns(&mut self, columns: &[String]) -> usize {
        let known = self.columns.iter().position(|list| list == columns);
        known.unwrap_or_else(|| {
            self.columns.push(columns.to_vec());
            self.columns.len() - 1
        })
    }

    fn day_of(&self, instant: Timestamp) -> Date {
        instant
            .to_zoned_datetime(self.rules.time_zone.clone())
            .date()
    }
}

/// Rows a day, in which older windows count less the more days the newer ones have.
fn learn(rates: &mut BTreeMap<String, f64>, advertiser: &str, rows: u64, days: u32) {
    // A count of rows beyond 32 bits is beyond every cap.
    let rows = f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
    let observed = rows / f64::from(days.max(1));
    let weight = (f64::from(days) / RATE_DAYS).min(1.0);
    rates
        .entry(advertiser.to_owned())
        .and_modify(|rate| *rate = *rate * (1.0 - weight) + observed * weight)
        .or_insert(observed);
}

/// The nearest whole number of something that is not negative; what is beyond 32 bits is beyond every cap.
fn whole(number: f64) -> u32 {
    let text = format!("{:.0}", number.clamp(0.0, f64::from(u32::MAX)));
    text.parse().unwrap_or_default()
}

fn rounded(instant: Timestamp) -> Timestamp {
    let seconds = instant.as_second().div_euclid(INSTANT_SECONDS) * INSTANT_SECONDS;
    // Rounding down by minutes leaves the range of instants only at its very beginning.
    Timestamp::from_second(seconds).unwrap_or(instant)
}

#[cfg(test)]
mod tests;
