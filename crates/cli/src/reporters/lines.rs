//! A run in a log: one plain line for everything worth knowing.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use criteo_api::RetryReason;
use criteo_engine::doctor::is_for_want_of_permission;
use criteo_engine::event::{Event, StreamSummary};

use super::locked;
use super::tally::Tally;
use crate::printer::Printer;
use crate::wording::{count, counted, in_a_while, size, span, span_of_seconds};

/// Waits shorter than this are the quota's normal breathing and not worth a line.
const WORTH_A_LINE: Duration = Duration::from_secs(2);

/// So many windows that a run waits for are named.
const NAMED: usize = 3;

/// Writes events as lines on stderr.
pub(crate) struct Lines {
    printer: Printer,
    tally: Mutex<Tally>,
}

impl Lines {
    pub(super) fn new(printer: Printer) -> Lines {
        Lines {
            printer,
            tally: Mutex::new(Tally::new(Instant::now())),
        }
    }

    pub(super) fn say(&self, text: &str) {
        self.printer.note(text);
    }

    pub(super) fn on_event(&self, event: &Event) {
        let now = Instant::now();
        // Kept until the line is written, so that lines stand in the order in which they count.
        let mut tally = locked(&self.tally);
        tally.add(event, now);
        match event {
            Event::Warning { .. } | Event::WindowQuarantined { .. } => {
                if let Some(warning) = warning(event) {
                    self.printer.warning(&warning);
                }
            }
            Event::RateLimitWait { wait, .. } if *wait < WORTH_A_LINE => {}
            Event::WindowLoaded { stream, .. } => {
                let (loaded, left) = (loaded(event).unwrap_or_default(), tally.left(stream, now));
                self.printer.note(format_args!("{loaded}{left}"));
            }
            _ => {
                if let Some(line) = line(event) {
                    self.printer.note(line);
                }
            }
        }
    }
}

/// What a warning or a quarantined window says, without the word "warning". `None` for a window that the app may not read:
/// that is told once, by a warning of its own, for all windows.
pub(super) fn warning(event: &Event) -> Option<String> {
    let warning = match event {
        Event::Warning {
            stream: Some(stream),
            message,
        } => format!("{stream}: {message}"),
        Event::Warning {
            stream: None,
            message,
        } => message.clone(),
        Event::WindowQuarantined {
            stream,
            window,
            reason,
        } => {
            if is_for_want_of_permission(reason) {
                return None;
            }
            format!("{stream}: {window} is left out of this run: {reason}")
        }
        _ => return None,
    };
    Some(warning)
}

/// The line of an event; `None` for those that say nothing new.
pub(super) fn line(event: &Event) -> Option<String> {
    let line = match event {
        Event::RunStarted {
            run_id,
            connection,
            continues,
            streams,
            advertisers,
        } => {
            let connection = match connection {
                Some(name) => format!(", connection {name}"),
                None => String::new(),
            };
            let streams = counted(size(streams.len()), "stream");
            let advertisers = counted(size(*advertisers), "advertiser");
            let carries_on = match continues {
                Some(earlier) => format!(", carrying on run {earlier}"),
                None => String::new(),
            };
            format!("Run {run_id}{connection}: {streams} of {advertisers}{carries_on}")
        }
        Event::SpoolReplayed { stream, windows } => {
            let windows = counted(size(*windows), "window");
            format!(
                "{stream}: {windows} of an earlier run loaded from disk, without asking Criteo again"
            )
        }
        Event::DaysDropped {
            stream,
            keep_from,
            rows,
            versions,
        } => format!(
            "{stream}: deleted the days before {keep_from}: {} and {}",
            counted(*rows, "row"),
            counted(*versions, "version"),
        ),
        Event::StreamPlanned {
            stream,
            windows,
            calls,
            ..
        } => {
            let windows = counted(size(*windows), "window");
            format!(
                "{stream}: {windows} to read, in about {}",
                counted(size(*calls), "call")
            )
        }
        Event::WindowLoaded { windows_left, .. } => {
            let left = match windows_left {
                0 => String::new(),
                left => format!(", {} left", count(size(*left))),
            };
            format!("{}{left}", loaded(event)?)
        }
        Event::WindowSplit {
            stream,
            window,
            reason,
            parts,
        } => {
            format!("{stream}: {window} is read in {parts} parts: {reason}")
        }
        Event::Stopping { waiting_for } => stopping(waiting_for)?,
        Event::StreamFinished(summary) => finished(summary),
        Event::RateLimitWait { budget, wait } => {
            format!("Waiting {} for the {budget} quota", span(*wait))
        }
        Event::Retry { wait, reason, .. } if is_quota(reason) => format!(
            "Criteo asks to wait {} (its limit of calls a minute); it goes on by itself",
            span(*wait)
        ),
        Event::Retry {
            operation,
            attempt,
            wait,
            reason,
        } => {
            format!(
                "{operation} is tried again {}: attempt {attempt} failed, {reason}",
                in_a_while(*wait)
            )
        }
        _ => return None,
    };
    Some(line)
}

/// What was loaded, without what is left; `None` for any other event.
fn loaded(event: &Event) -> Option<String> {
    let Event::WindowLoaded {
        stream,
        window,
        rows,
        calls,
        verified,
        ..
    } = event
    else {
        return None;
    };
    let rows = counted(*rows, "row");
    let calls = counted(u64::from(*calls), "call");
    let verified = if *verified { ", verified" } else { "" };
    Some(format!("{stream}: {window}: {rows} in {calls}{verified}"))
}

/// Whether a call is tried again because its quota is spent, which is no failure: Criteo says when it goes on.
pub(super) fn is_quota(reason: &str) -> bool {
    reason == RetryReason::RateLimited.to_string()
}

/// What a run that is to stop still waits for; `None` when it is nothing, since it ends at once then.
fn stopping(waiting_for: &[String]) -> Option<String> {
    let named = waiting_for.get(..NAMED).unwrap_or(waiting_for).join("; ");
    match waiting_for.len().saturating_sub(NAMED) {
        _ if waiting_for.is_empty() => None,
        0 => Some(format!("Waiting for {named}")),
        more => Some(format!(
            "Waiting for {named}; and {}",
            counted(size(more), "more window")
        )),
    }
}

fn finished(summary: &StreamSummary) -> String {
    let stream = &summary.stream;
    if let (Some(_), Some(permission)) = (&summary.failure, &summary.lacks_permission) {
        // What it means and what Criteo said is told once for all streams.
        return format!("{stream}: not read, for want of {permission}");
    }
    if let Some(failure) = &summary.failure {
        return format!("{stream}: not read: {failure}");
    }
    let rows = counted(summary.rows, "row");
    let calls = counted(summary.calls.into(), "call");
    let left_out = match summary.quarantined {
        0 => String::new(),
        windows => format!(", {} left out", counted(size(windows), "window")),
    };
    format!(
        "{stream}: done, {rows} in {calls}, {}{left_out}",
        span_of_seconds(summary.seconds)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_says_when_it_comes() {
        for (seconds, expected) in [
            (
                0,
                "GetAds is tried again at once: attempt 1 failed, status 401",
            ),
            (
                30,
                "GetAds is tried again in 30 s: attempt 1 failed, status 401",
            ),
        ] {
            let retry = Event::Retry {
                operation: "GetAds".to_owned(),
                attempt: 1,
                wait: Duration::from_secs(seconds),
                reason: "status 401".to_owned(),
            };
            assert_eq!(line(&retry).as_deref(), Some(expected));
        }
        let put_off = Event::Retry {
            operation: "GetAds".to_owned(),
            attempt: 1,
            wait: Duration::from_secs(12),
            reason: RetryReason::RateLimited.to_string(),
        };
        assert_eq!(
            line(&put_off).as_deref(),
            Some("Criteo asks to wait 12 s (its limit of calls a minute); it goes on by itself")
        );
    }
}
