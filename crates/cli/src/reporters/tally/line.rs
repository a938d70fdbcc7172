//! A line on a run, in the room that there is.

use std::time::Duration;

use console::measure_text_width;

use crate::wording::{count, span};

/// How much a part of a line matters. Where there is no room for all, those that matter least are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Repeated,
    Calls,
    Rows,
    Elapsed,
    Windows,
    Streams,
    Wait,
    /// It is what people look for, so it stays.
    TimeLeft,
}

pub(super) fn windows_in_words(done: u64, all: u64) -> String {
    format!("{}/{} windows", count(done), count(all))
}

pub(super) fn time_in_words(left: Duration) -> String {
    format!("about {} left", span(left))
}

/// The parts that fit into so many columns, in their order.
pub(super) fn fitted(mut parts: Vec<(Weight, String)>, between: &str, room: usize) -> String {
    let width = |parts: &[(Weight, String)]| {
        let texts: usize = parts.iter().map(|(_, text)| measure_text_width(text)).sum();
        texts + measure_text_width(between) * parts.len().saturating_sub(1)
    };
    while width(&parts) > room {
        let least = parts.iter().map(|(weight, _)| *weight).min();
        let Some(least) = least.filter(|weight| *weight != Weight::TimeLeft) else {
            break;
        };
        parts.retain(|(weight, _)| *weight != least);
    }
    let texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    texts.join(between)
}
