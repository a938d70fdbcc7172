//! The ledger as the engine's planner reads it: entries of windows that stand for what was delivered.

use std::collections::BTreeMap;

use criteo_engine::calendar::{DayRange, add_days};
use criteo_engine::ledger::WindowEntry;
use jiff::Timestamp;
use jiff::civil::Date;

use super::timeline::{Reading, Span};
use super::{RunMark, StreamLedger, whole};

/// What stands for the differences of a doubted reading.
const DOUBT: (&str, &str) = ("totals", "differed from the rows when the window was read");
/// The run of readings whose run is over.
const EARLIER_RUN: &str = "";

impl StreamLedger {
    /// Entries from which the engine plans as it would from a whole ledger, oldest reading first.
    ///
    /// `known_columns` are the columns that the engine asks for, `wanted` those of them that are delivered: a reading that
    /// was delivered with all of these lacks nothing. `counts_from` replaces the instants of the run that is carried on,
    /// where its readings must not become stale.
    #[must_use]
    pub fn entries(
        &self,
        known_columns: &[String],
        wanted: &[String],
        counts_from: Option<Timestamp>,
    ) -> Vec<WindowEntry> {
        let mut grouped: BTreeMap<Span, Vec<&str>> = BTreeMap::new();
        for (advertiser, timeline) in &self.timelines {
            for span in &timeline.spans {
                grouped.entry(*span).or_default().push(advertiser);
            }
        }
        let mut entries = Vec::new();
        for (span, advertisers) in grouped {
            let columns = self
                .columns
                .get(span.columns)
                .map_or(&[][..], Vec::as_slice);
            let lacks_nothing = wanted.iter().all(|name| columns.contains(name));
            let columns = if lacks_nothing {
                known_columns
            } else {
                columns
            };
            for (days, read_at) in self.readings_of(&span, counts_from) {
                entries.push(WindowEntry {
                    days: Some(days),
                    advertisers: self.rows_of(&advertisers, days),
                    columns: columns.to_vec(),
                    total_differences: differences_of(span.reading),
                    ..self.entry(
                        entries.len(),
                        read_at,
                        run_of(span.reading, self.run.as_ref()),
                    )
                });
            }
        }
        for (advertiser, instant) in &self.listed {
            let read_at = counts_from.unwrap_or(*instant);
            entries.push(WindowEntry {
                advertisers: BTreeMap::from([(advertiser.clone(), 0)]),
                columns: known_columns.to_vec(),
                ..self.entry(entries.len(), read_at, run_id(self.run.as_ref()))
            });
        }
        for _ in 0..self.agreements {
            // An agreement that was seen once counts, whatever has been read since in its place.
            entries.push(WindowEntry {
                rows: 1,
                verified: Some(true),
                ..self.entry(entries.len(), Timestamp::UNIX_EPOCH, EARLIER_RUN)
            });
        }
        entries.sort_by_key(|entry| entry.read_at);
        entries
    }

    /// The days of a span with the instant at which they count as read.
    fn readings_of(
        &self,
        span: &Span,
        counts_from: Option<Timestamp>,
    ) -> Vec<(DayRange, Timestamp)> {
        match span.reading {
            Reading::At { instant, .. } => vec![(span.days(), counts_from.unwrap_or(instant))],
            Reading::On { day, .. } => vec![(span.days(), self.noon(day))],
            // The last day was read at this age at least, and the others are older. Where the configuration asks for a
            // larger age now, each day is taken for as young as it may have been.
            Reading::Final { age } if self.rules.full_days <= age => {
                vec![(span.days(), self.read_at_age(span.last, age))]
            }
            Reading::Final { age } => span
                .days()
                .iter()
                .map(|day| (DayRange::single(day), self.read_at_age(day, age)))
                .collect(),
        }
    }

    fn read_at_age(&self, day: Date, age: u32) -> Timestamp {
        let last_day = self.rules.period.last_day(day);
        self.noon(add_days(last_day, i32::try_from(age).unwrap_or(i32::MAX)))
    }

    /// An instant on that day, whatever the zone does at midnight.
    fn noon(&self, day: Date) -> Timestamp {
        self.rules
            .time_zone
            .to_timestamp(day.at(12, 0, 0, 0))
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn rows_of(&self, advertisers: &[&str], days: DayRange) -> BTreeMap<String, u64> {
        advertisers
            .iter()
            .map(|advertiser| {
                let rate = self.rates.get(*advertiser).copied().unwrap_or_default();
                (
                    (*advertiser).to_owned(),
                    whole(rate * f64::from(days.days())).into(),
                )
            })
            .collect()
    }

    fn entry(&self, number: usize, read_at: Timestamp, run_id: &str) -> WindowEntry {
        WindowEntry {
            window_id: format!("state-{number}"),
            run_id: run_id.to_owned(),
            stream: self.purpose.stream.clone(),
            days: None,
            advertisers: BTreeMap::new(),
            read_at,
            read_on: Some(self.day_of(read_at)),
            rows: 0,
            calls: 0,
            bytes: 0,
            waited_milliseconds: 0,
            verified: None,
            columns: Vec::new(),
            totals: BTreeMap::new(),
            total_differences: BTreeMap::new(),
            request_hash: String::new(),
            quarantine_reason: None,
        }
    }
}

fn run_of(reading: Reading, run: Option<&RunMark>) -> &str {
    match reading {
        Reading::At { .. } => run_id(run),
        Reading::Final { .. } | Reading::On { .. } => EARLIER_RUN,
    }
}

fn run_id(run: Option<&RunMark>) -> &str {
    run.map_or(EARLIER_RUN, |run| &run.run_id)
}

fn differences_of(reading: Reading) -> BTreeMap<String, String> {
    match reading {
        Reading::At {
            is_doubted: true, ..
        }
        | Reading::On {
            is_doubted: true, ..
        } => BTreeMap::from([(DOUBT.0.to_owned(), DOUBT.1.to_owned())]),
        _ => BTreeMap::new(),
    }
}
