//! What has happened so far in a run, added up for progress bars.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use criteo_engine::event::Event;

use crate::wording::{count, counted, size, span};

/// The state of a run.
#[derive(Debug)]
pub(super) struct Tally {
    started: Instant,
    streams_total: usize,
    streams_finished: usize,
    streams: BTreeMap<String, StreamTally>,
    retries: u64,
    /// When the quota allows the call that waits longest.
    waits_until: Option<Instant>,
}

/// The state of one stream.
#[derive(Debug)]
pub(super) struct StreamTally {
    started: Instant,
    windows_done: u64,
    windows_left: u64,
    calls: u64,
    rows: u64,
}

impl Tally {
    pub(super) fn new(now: Instant) -> Tally {
        Tally {
            started: now,
            streams_total: 0,
            streams_finished: 0,
            streams: BTreeMap::new(),
            retries: 0,
            waits_until: None,
        }
    }

    /// Takes an event into account. `now` is when it happened.
    pub(super) fn add(&mut self, event: &Event, now: Instant) {
        match event {
            Event::RunStarted { streams, .. } => {
                self.started = now;
                self.streams_total = streams.len();
            }
            Event::StreamPlanned {
                stream, windows, ..
            } => {
                self.stream_mut(stream, now).windows_left = size(*windows);
            }
            Event::WindowLoaded {
                stream,
                rows,
                calls,
                windows_left,
                ..
            } => {
                let tally = self.stream_mut(stream, now);
                tally.windows_done += 1;
                tally.windows_left = size(*windows_left);
                tally.rows += rows;
                tally.calls += u64::from(*calls);
            }
            Event::StreamFinished(summary) => {
                self.streams_finished += 1;
                let tally = self.stream_mut(&summary.stream, now);
                tally.windows_left = 0;
                tally.rows = summary.rows;
                tally.calls = summary.calls.into();
            }
            Event::RateLimitWait { wait, .. } => {
                self.waits_until = self.waits_until.max(Some(now + *wait));
            }
            Event::Retry { .. } => self.retries += 1,
            _ => {}
        }
    }

    /// Whether it is known what the run is to read.
    pub(super) fn has_begun(&self) -> bool {
        self.streams_total > 0
    }

    /// The state of a stream that has been planned.
    pub(super) fn stream(&self, name: &str) -> Option<&StreamTally> {
        self.streams.get(name)
    }

    fn stream_mut(&mut self, name: &str, now: Instant) -> &mut StreamTally {
        self.streams
            .entry(name.to_owned())
            .or_insert_with(|| StreamTally {
                started: now,
                windows_done: 0,
                windows_left: 0,
                calls: 0,
                rows: 0,
            })
    }

    /// One line on the whole run.
    pub(super) fn line(&self, now: Instant) -> String {
        let sum = |part: fn(&StreamTally) -> u64| self.streams.values().map(part).sum::<u64>();
        let mut parts = vec![
            format!(
                "{} of {} streams",
                self.streams_finished, self.streams_total
            ),
            counted(sum(|stream| stream.calls), "call"),
            counted(sum(|stream| stream.rows), "row"),
            span(now.duration_since(self.started)),
        ];
        if let Some(until) = self.waits_until.filter(|until| *until > now) {
            let left = until.duration_since(now);
            parts.push(format!("waiting {} for quota", span(left)));
        } else if let Some(left) = self.time_left(now) {
            parts.push(format!("about {} left", span(left)));
        }
        if self.retries > 0 {
            parts.push(format!("{} repeated", counted(self.retries, "call")));
        }
        parts.join(" · ")
    }

    /// Streams run side by side, so the one that takes longest decides.
    fn time_left(&self, now: Instant) -> Option<Duration> {
        self.streams
            .values()
            .filter_map(|stream| stream.time_left(now))
            .max()
    }
}

impl StreamTally {
    /// Windows done, and all there are by the current plan.
    pub(super) fn windows(&self) -> (u64, u64) {
        (self.windows_done, self.windows_done + self.windows_left)
    }

    /// One line on the stream.
    pub(super) fn line(&self, now: Instant) -> String {
        let (done, all) = self.windows();
        let mut line = format!(
            "{:>13}  {:>10}  {:>15}",
            format!("{}/{} windows", count(done), count(all)),
            counted(self.calls, "call"),
            counted(self.rows, "row"),
        );
        if let Some(left) = self.time_left(now) {
            line.push_str(&format!("  about {} left", span(left)));
        }
        line
    }

    /// From two windows on, the pace so far is taken for the pace to come.
    fn time_left(&self, now: Instant) -> Option<Duration> {
        if self.windows_done < 2 || self.windows_left == 0 {
            return None;
        }
        let done = u32::try_from(self.windows_done).ok()?;
        let left = u32::try_from(self.windows_left).ok()?;
        now.duration_since(self.started)
            .checked_mul(left)?
            .checked_div(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use criteo_engine::event::StreamSummary;

    fn loaded(rows: u64, windows_left: usize) -> Event {
        Event::WindowLoaded {
            stream: "statistics".to_owned(),
            window: "2026-01-01..2026-01-07, 10 advertisers".to_owned(),
            rows,
            calls: 1,
            bytes: 1000,
            verified: true,
            windows_left,
            rows_left: None,
        }
    }

    fn started(streams: &[&str], now: Instant) -> Tally {
        let mut tally = Tally::new(now);
        let event = Event::RunStarted {
            run_id: "r".to_owned(),
            connection: None,
            continues: None,
            streams: streams.iter().map(ToString::to_string).collect(),
            advertisers: 10,
        };
        tally.add(&event, now);
        tally
    }

    #[test]
    fn the_pace_so_far_gives_the_time_left() {
        let start = Instant::now();
        let mut tally = started(&["statistics", "campaigns"], start);
        let planned = Event::StreamPlanned {
            stream: "statistics".to_owned(),
            windows: 10,
            calls: 10,
            rows: None,
        };
        tally.add(&planned, start);
        assert_eq!(
            tally.line(start),
            "0 of 2 streams · 0 calls · 0 rows · 0.0 s"
        );
        for windows_left in [9, 8] {
            tally.add(
                &loaded(1_000, windows_left),
                start + Duration::from_secs(10),
            );
        }
        let now = start + Duration::from_secs(10);
        assert_eq!(
            tally.line(now),
            "0 of 2 streams · 2 calls · 2,000 rows · 10 s · about 40 s left"
        );
        let stream = tally.stream("statistics").unwrap();
        assert_eq!(stream.windows(), (2, 10));
        assert_eq!(
            stream.line(now),
            " 2/10 windows     2 calls       2,000 rows  about 40 s left"
        );
    }

    #[test]
    fn a_wait_for_the_quota_is_counted_down() {
        let start = Instant::now();
        let mut tally = started(&["statistics"], start);
        for seconds in [20, 5] {
            let wait = Duration::from_secs(seconds);
            tally.add(
                &Event::RateLimitWait {
                    budget: "reporting".to_owned(),
                    wait,
                },
                start,
            );
        }
        let line = tally.line(start + Duration::from_secs(8));
        assert!(line.ends_with("waiting 12 s for quota"), "{line}");
        let line = tally.line(start + Duration::from_secs(21));
        assert!(!line.contains("waiting"), "{line}");
    }

    #[test]
    fn a_finished_stream_has_the_last_word_on_its_numbers() {
        let start = Instant::now();
        let mut tally = started(&["statistics"], start);
        tally.add(&loaded(5, 3), start);
        let summary = StreamSummary {
            stream: "statistics".to_owned(),
            calls: 7,
            rows: 9,
            ..StreamSummary::default()
        };
        tally.add(&Event::StreamFinished(summary), start);
        assert_eq!(
            tally.line(start),
            "1 of 1 streams · 7 calls · 9 rows · 0.0 s"
        );
    }
}
