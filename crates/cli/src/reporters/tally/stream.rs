//! What has happened so far to one stream.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use criteo_engine::catalog::{Catalog, Stream};
use criteo_engine::event::StreamSummary;

use super::line::{Weight, fitted, time_in_words, windows_in_words};
use crate::wording::{counted, size};

/// The state of one stream.
#[derive(Debug)]
pub(in super::super) struct StreamTally {
    started: Instant,
    windows_done: u64,
    /// Windows that are not done, those on their way among them.
    windows_open: u64,
    /// Windows on their way, in words.
    under_way: BTreeSet<String>,
    /// Whether it becomes known only while reading how many windows there are.
    is_packed_anew: bool,
    calls: u64,
    rows: u64,
}

impl StreamTally {
    pub(super) fn new(now: Instant) -> StreamTally {
        StreamTally {
            started: now,
            windows_done: 0,
            windows_open: 0,
            under_way: BTreeSet::new(),
            is_packed_anew: false,
            calls: 0,
            rows: 0,
        }
    }

    /// So many windows are to be read of `stream`, and rows are expected if anything is known of them.
    pub(super) fn planned(&mut self, stream: &str, windows: u64, rows: Option<u64>) {
        self.windows_open = windows;
        self.is_packed_anew = rows.is_none() && learns(stream);
    }

    /// A window is on its way.
    pub(super) fn set_out(&mut self, window: &str) {
        self.under_way.insert(window.to_owned());
    }

    /// A window is loaded. `left` are those that were not begun by the plan of that moment.
    pub(super) fn loaded(&mut self, window: &str, rows: u64, calls: u64, left: u64) {
        self.under_way.remove(window);
        let known = left + size(self.under_way.len());
        // What was taken from the plan and waits for a free place is in neither, so that a plan that does not change
        // on the way is worth more.
        self.windows_open = match self.is_packed_anew {
            true => known,
            false => known.max(self.windows_open.saturating_sub(1)),
        };
        self.windows_done += 1;
        self.rows += rows;
        self.calls += calls;
    }

    /// A window is going to be read in parts.
    pub(super) fn split(&mut self, window: &str, parts: u64) {
        self.under_way.remove(window);
        self.windows_open += parts.saturating_sub(1);
    }

    /// A window will not come.
    pub(super) fn given_up(&mut self, window: &str) {
        self.under_way.remove(window);
        self.windows_open = self.windows_open.saturating_sub(1);
    }

    /// Nothing more will come, and this is what came.
    pub(super) fn finished(&mut self, summary: &StreamSummary) {
        self.under_way.clear();
        self.windows_open = 0;
        self.windows_done = size(summary.windows);
        self.rows = summary.rows;
        self.calls = summary.calls.into();
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Windows done, and all there are by the current plan.
    pub(in super::super) fn windows(&self) -> (u64, u64) {
        (self.windows_done, self.windows_done + self.windows_left())
    }

    /// Windows that are not done, by the current plan.
    pub(super) fn windows_left(&self) -> u64 {
        self.windows_open.max(size(self.under_way.len()))
    }

    /// One line on the stream, in so many columns. Lines of several streams stand below each other.
    pub(in super::super) fn line(&self, now: Instant, room: usize) -> String {
        let (done, all) = self.windows();
        let windows = windows_in_words(done, all);
        let (calls, rows) = (counted(self.calls, "call"), counted(self.rows, "row"));
        let left = self.time_left(now).map(time_in_words).unwrap_or_default();
        let parts = vec![
            (Weight::Windows, format!("{windows:>13}")),
            (Weight::Calls, format!("{calls:>10}")),
            (Weight::Rows, format!("{rows:>15}")),
            // Its place is kept free, so that the others need not give way once it is known.
            (Weight::TimeLeft, format!("{left:<22}")),
        ];
        fitted(parts, "  ", room).trim_end().to_owned()
    }

    /// From two windows on, the pace so far is taken for the pace to come.
    pub(super) fn time_left(&self, now: Instant) -> Option<Duration> {
        let left = self.windows_left();
        if self.windows_done < 2 || left == 0 {
            return None;
        }
        let done = u32::try_from(self.windows_done).ok()?;
        let left = u32::try_from(left).ok()?;
        now.duration_since(self.started)
            .checked_mul(left)?
            .checked_div(done)
    }
}

/// Whether a first run learns on its way how the windows of a stream are packed. Custom reports are statistics.
fn learns(stream: &str) -> bool {
    let of_catalog = Catalog::builtin().stream(stream);
    of_catalog.is_none_or(Stream::is_packed_by_density)
}
