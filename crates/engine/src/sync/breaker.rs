//! When to stop asking: a stream whose windows all fail the same way would fail its whole plan, slowly.

use std::sync::{Mutex, PoisonError};

/// Failures in a row that make a stream hopeless for this run.
const FAILURES_TO_OPEN: u32 = 3;
/// Windows that may be split in search of a value that cannot be read. Each split costs calls.
const SPLITS_FOR_BAD_VALUES: u32 = 64;

/// Watches the windows of one stream.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures_in_a_row: u32,
    splits: u32,
    opened: Option<String>,
}

impl Breaker {
    /// A window was loaded.
    pub(super) fn succeeded(&self) {
        self.state().failures_in_a_row = 0;
    }

    /// A window failed in a way that the next one may share.
    pub(super) fn failed(&self, reason: &str) {
        let mut state = self.state();
        state.failures_in_a_row += 1;
        if state.failures_in_a_row >= FAILURES_TO_OPEN && state.opened.is_none() {
            state.opened = Some(format!(
                "Given up after {FAILURES_TO_OPEN} windows in a row failed. {reason}"
            ));
        }
    }

    /// The stream cannot be read at all.
    pub(super) fn open(&self, reason: String) {
        self.state().opened.get_or_insert(reason);
    }

    /// Why the stream was given up, if it was.
    pub(super) fn reason(&self) -> Option<String> {
        self.state().opened.clone()
    }

    /// Whether no further window should be read.
    pub(super) fn is_open(&self) -> bool {
        self.state().opened.is_some()
    }

    /// Takes one of the splits that may be spent on looking for a bad value.
    pub(super) fn may_search(&self) -> bool {
        let mut state = self.state();
        state.splits += 1;
        state.splits <= SPLITS_FOR_BAD_VALUES
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let breaker = Breaker::default();
        breaker.failed("a");
        breaker.failed("b");
        breaker.succeeded();
        breaker.failed("c");
        breaker.failed("d");
        assert!(!breaker.is_open());
        breaker.failed("e");
        assert!(breaker.reason().unwrap().ends_with('e'));
    }
}
