//! What has happened so far in a run, added up for progress bars and lines.

mod line;
mod stream;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use criteo_engine::event::Event;

use super::lines::is_quota;
use crate::wording::{counted, size, span};
use line::{Weight, fitted, time_in_words, windows_in_words};
pub(super) use stream::StreamTally;

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
                stream,
                windows,
                rows,
                ..
            } => {
                let tally = self.stream_mut(stream, now);
                tally.planned(stream, size(*windows), *rows);
            }
            Event::WindowStarted { stream, window } => {
                self.stream_mut(stream, now).set_out(window);
            }
            Event::WindowLoaded {
                stream,
                window,
                rows,
                calls,
                windows_left,
                ..
            } => {
                let tally = self.stream_mut(stream, now);
                tally.loaded(window, *rows, (*calls).into(), size(*windows_left));
            }
            Event::WindowSplit {
                stream,
                window,
                parts,
                ..
            } => self.stream_mut(stream, now).split(window, size(*parts)),
            Event::WindowQuarantined { stream, window, .. } => {
                self.stream_mut(stream, now).given_up(window);
            }
            Event::StreamFinished(summary) => {
                self.streams_finished += 1;
                self.stream_mut(&summary.stream, now).finished(summary);
            }
            Event::RateLimitWait { wait, .. } => self.waits_for_quota(now + *wait),
            Event::Retry { wait, reason, .. } if is_quota(reason) => {
                self.waits_for_quota(now + *wait);
            }
            Event::Retry { .. } => self.retries += 1,
            _ => {}
        }
    }

    fn waits_for_quota(&mut self, until: Instant) {
        self.waits_until = self.waits_until.max(Some(until));
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
            .or_insert_with(|| StreamTally::new(now))
    }

    /// One line on the whole run, in so many columns.
    pub(super) fn line(&self, now: Instant, room: usize) -> String {
        let sum = |part: fn(&StreamTally) -> u64| self.streams.values().map(part).sum::<u64>();
        let done = sum(|stream| stream.windows().0);
        let all = sum(|stream| stream.windows().1);
        let (finished, streams) = (self.streams_finished, self.streams_total);
        let mut parts = vec![
            (Weight::Streams, format!("{finished} of {streams} streams")),
            (Weight::Windows, windows_in_words(done, all)),
            (Weight::Calls, counted(sum(StreamTally::calls), "call")),
            (Weight::Rows, counted(sum(StreamTally::rows), "row")),
            (Weight::Elapsed, span(now.duration_since(self.started))),
        ];
        if let Some(until) = self.waits_until.filter(|until| *until > now) {
            let wait = span(until.duration_since(now));
            parts.push((Weight::Wait, format!("waiting {wait} for quota")));
        }
        if let Some(left) = self.time_left(now) {
            parts.push((Weight::TimeLeft, time_in_words(left)));
        }
        if self.retries > 0 {
            let retries = counted(self.retries, "call");
            parts.push((Weight::Repeated, format!("{retries} repeated")));
        }
        fitted(parts, " · ", room)
    }

    /// What is left to do after a window of `stream`, to stand behind a sentence about it; empty when nothing is.
    pub(super) fn left(&self, stream: &str, now: Instant) -> String {
        let windows = self.stream(stream).map_or(0, StreamTally::windows_left);
        let mut left = match windows {
            0 => String::new(),
            windows => format!(", {} left", counted(windows, "window")),
        };
        if let Some(time) = self.time_left(now) {
            left.push_str(&format!("; {} in all", time_in_words(time)));
        }
        left
    }

    /// Streams run side by side, so the one that takes longest decides, once the quota is there again.
    fn time_left(&self, now: Instant) -> Option<Duration> {
        let streams = self.streams.values();
        let longest = streams.filter_map(|stream| stream.time_left(now)).max()?;
        let wait = self
            .waits_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        Some(longest + wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use criteo_engine::event::StreamSummary;

    /// Wide enough for everything.
    const WIDE: usize = 200;

    fn loaded(rows: u64, windows_left: usize) -> Event {
        loaded_of("statistics", "2026-01-01..2026-01-07", rows, windows_left)
    }

    fn loaded_of(stream: &str, window: &str, rows: u64, windows_left: usize) -> Event {
        Event::WindowLoaded {
            stream: stream.to_owned(),
            window: window.to_owned(),
            rows,
            calls: 1,
            bytes: 1000,
            verified: true,
            windows_left,
            rows_left: None,
        }
    }

    fn planned(stream: &str, windows: usize) -> Event {
        Event::StreamPlanned {
            stream: stream.to_owned(),
            windows,
            calls: windows,
            rows: None,
        }
    }

    fn set_out(stream: &str, window: &str) -> Event {
        Event::WindowStarted {
            stream: stream.to_owned(),
            window: window.to_owned(),
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
        tally.add(&planned("statistics", 10), start);
        assert_eq!(
            tally.line(start, WIDE),
            "0 of 2 streams · 0/10 windows · 0 calls · 0 rows · 0.0 s"
        );
        for windows_left in [9, 8] {
            tally.add(
                &loaded(1_000, windows_left),
                start + Duration::from_secs(10),
            );
        }
        let now = start + Duration::from_secs(10);
        assert_eq!(
            tally.line(now, WIDE),
            "0 of 2 streams · 2/10 windows · 2 calls · 2,000 rows · 10 s · about 40 s left"
        );
        assert_eq!(
            tally.left("statistics", now),
            ", 8 windows left; about 40 s left in all"
        );
        let stream = tally.stream("statistics").unwrap();
        assert_eq!(stream.windows(), (2, 10));
        assert_eq!(
            stream.line(now, WIDE),
            " 2/10 windows     2 calls       2,000 rows  about 40 s left"
        );
    }

    /// Two windows of ten, ten seconds after the start.
    fn two_of_ten(start: Instant) -> (Tally, Instant) {
        let mut tally = started(&["statistics"], start);
        tally.add(&planned("statistics", 10), start);
        let now = start + Duration::from_secs(10);
        for windows_left in [9, 8] {
            tally.add(&loaded(1_000, windows_left), now);
        }
        (tally, now)
    }

    #[test]
    fn where_there_is_little_room_the_time_left_stays() {
        let start = Instant::now();
        let (mut tally, now) = two_of_ten(start);
        let failed = Event::Retry {
            operation: "GetAds".to_owned(),
            attempt: 1,
            wait: Duration::ZERO,
            reason: "status 503".to_owned(),
        };
        tally.add(&failed, now);
        for (room, expected) in [
            (
                97,
                "0 of 1 streams · 2/10 windows · 2 calls · 2,000 rows · 10 s · about 40 s left · 1 call repeated",
            ),
            (
                80,
                "0 of 1 streams · 2/10 windows · 2 calls · 2,000 rows · 10 s · about 40 s left",
            ),
            (
                70,
                "0 of 1 streams · 2/10 windows · 2,000 rows · 10 s · about 40 s left",
            ),
            (45, "0 of 1 streams · about 40 s left"),
            (10, "about 40 s left"),
        ] {
            assert_eq!(tally.line(now, room), expected, "{room}");
        }
        // What is left of 120, 100 and 80 columns beside the longest name of the default streams.
        let stream = tally.stream("statistics").unwrap();
        for (room, expected) in [
            (
                67,
                " 2/10 windows     2 calls       2,000 rows  about 40 s left",
            ),
            (59, " 2/10 windows       2,000 rows  about 40 s left"),
            (39, " 2/10 windows  about 40 s left"),
            (30, "about 40 s left"),
        ] {
            assert_eq!(stream.line(now, room), expected, "{room}");
        }
    }

    #[test]
    fn windows_on_their_way_are_counted_and_those_that_wait_for_a_place() {
        let start = Instant::now();
        let mut tally = started(&["ads", "statistics"], start);
        let windows = |tally: &Tally, stream: &str| tally.stream(stream).unwrap().windows();
        // All three were taken from the plan at once, and two of them have set out.
        tally.add(&planned("ads", 3), start);
        for window in ["advertiser 1", "advertiser 2"] {
            tally.add(&set_out("ads", window), start);
        }
        tally.add(&loaded_of("ads", "advertiser 1", 5, 0), start);
        assert_eq!(windows(&tally, "ads"), (1, 3));
        let given_up = Event::WindowQuarantined {
            stream: "ads".to_owned(),
            window: "advertiser 2".to_owned(),
            reason: "status 400".to_owned(),
        };
        tally.add(&given_up, start);
        assert_eq!(windows(&tally, "ads"), (1, 2));

        // Of a report whose density nobody knows, the plan is made anew after each window.
        tally.add(&planned("statistics", 12), start);
        tally.add(&set_out("statistics", "the first"), start);
        tally.add(&loaded_of("statistics", "the first", 5, 2), start);
        assert_eq!(windows(&tally, "statistics"), (1, 3));
        let split = Event::WindowSplit {
            stream: "statistics".to_owned(),
            window: "the second".to_owned(),
            reason: "too many rows".to_owned(),
            parts: 2,
        };
        tally.add(&set_out("statistics", "the second"), start);
        tally.add(&split, start);
        assert_eq!(windows(&tally, "statistics"), (1, 4));
        let line = tally.line(start, WIDE);
        assert!(line.contains(" · 2/6 windows · "), "{line}");
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
        let line = tally.line(start + Duration::from_secs(8), WIDE);
        assert!(line.ends_with("waiting 12 s for quota"), "{line}");
        let line = tally.line(start + Duration::from_secs(21), WIDE);
        assert!(!line.contains("waiting"), "{line}");

        // A call that Criteo has put off is no failure either.
        let put_off = Event::Retry {
            operation: "GetAds".to_owned(),
            attempt: 1,
            wait: Duration::from_secs(60),
            reason: criteo_api::RetryReason::RateLimited.to_string(),
        };
        tally.add(&put_off, start);
        let line = tally.line(start + Duration::from_secs(21), WIDE);
        assert!(line.ends_with("waiting 39 s for quota"), "{line}");
    }

    #[test]
    fn nothing_ends_before_the_quota_is_there_again() {
        let start = Instant::now();
        let (mut tally, now) = two_of_ten(start);
        let wait = Event::RateLimitWait {
            budget: "reporting".to_owned(),
            wait: Duration::from_secs(58),
        };
        tally.add(&wait, now);
        let line = tally.line(now, WIDE);
        assert!(
            line.ends_with("waiting 58 s for quota · about 98 s left"),
            "{line}"
        );
    }

    #[test]
    fn a_finished_stream_has_the_last_word_on_its_numbers() {
        let start = Instant::now();
        let mut tally = started(&["statistics"], start);
        tally.add(&loaded(5, 3), start);
        let summary = StreamSummary {
            stream: "statistics".to_owned(),
            windows: 1,
            calls: 7,
            rows: 9,
            ..StreamSummary::default()
        };
        tally.add(&Event::StreamFinished(summary), start);
        assert_eq!(
            tally.line(start, WIDE),
            "1 of 1 streams · 1/1 windows · 7 calls · 9 rows · 0.0 s"
        );
    }
}
