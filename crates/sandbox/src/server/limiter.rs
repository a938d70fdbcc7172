//! Criteo's two call budgets, counted per application over a rolling window of real time.
//!
//! Criteo's docs grant a client-credentials application 250 calls a minute and 40 on the reporting endpoints. That
//! all reporting endpoints share one budget is an assumption (the docs say "reporting endpoints" and no more), and so
//! are the rolling window and that a refused call costs nothing.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Which of the two budgets a call is paid from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Budget {
    /// Statistics, placements, transactions and log-level reports.
    Reports,
    /// Everything else.
    Other,
}

/// How much the sandbox grants and where it truncates. Every field has Criteo's value as its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls a minute on the reporting endpoints, per application.
    pub report_calls_per_minute: u32,
    /// Calls a minute on all other endpoints, per application.
    pub calls_per_minute: u32,
    /// Length in real seconds of the "minute" above, so that tests need not wait for sixty of them.
    pub window_seconds: u64,
    /// Rows after which a statistics report is cut without a word.
    pub statistics_rows: usize,
    /// Rows after which a placements report is cut without a word.
    pub placement_rows: usize,
    /// Entries after which a transactions report is cut without a word (assumed: Criteo documents no number).
    pub transaction_rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            report_calls_per_minute: 40,
            calls_per_minute: 250,
            window_seconds: 60,
            statistics_rows: 100_000,
            placement_rows: 20_000,
            transaction_rows: 100_000,
        }
    }
}

impl Limits {
    fn calls(&self, budget: Budget) -> u32 {
        match budget {
            Budget::Reports => self.report_calls_per_minute,
            Budget::Other => self.calls_per_minute,
        }
    }
}

/// What the `x-ratelimit-*` headers of an answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Calls granted per window.
    pub(crate) limit: u32,
    /// Calls left in the window that ends now.
    pub(crate) remaining: u32,
    /// Unix time in seconds from which at least one more call than `remaining` is allowed.
    pub(crate) reset: u64,
}

/// The calls of the last window, per application and budget.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    recent: HashMap<(String, Budget), VecDeque<Instant>>,
}

impl Limiter {
    /// Pays for one call, or refuses it when the budget of the rolling window is spent.
    pub(crate) fn spend(
        &mut self,
        application: &str,
        budget: Budget,
        limits: &Limits,
        now: Instant,
    ) -> Result<Quota, Quota> {
        let quota = self.peek(application, budget, limits, now);
        if quota.remaining == 0 {
            return Err(quota);
        }
        self.recent
            .entry((application.to_owned(), budget))
            .or_default()
            .push_back(now);
        Ok(self.peek(application, budget, limits, now))
    }

    /// The state of a budget, without paying.
    pub(crate) fn peek(
        &mut self,
        application: &str,
        budget: Budget,
        limits: &Limits,
        now: Instant,
    ) -> Quota {
        let window = Duration::from_secs(limits.window_seconds);
        let limit = limits.calls(budget);
        let calls = self
            .recent
            .entry((application.to_owned(), budget))
            .or_default();
        while calls
            .front()
            .is_some_and(|oldest| now.duration_since(*oldest) >= window)
        {
            calls.pop_front();
        }
        let spent = u32::try_from(calls.len()).unwrap_or(u32::MAX);
        let wait = calls
            .front()
            .map(|oldest| window.saturating_sub(now.duration_since(*oldest)))
            .unwrap_or_default();
        Quota {
            limit,
            remaining: limit.saturating_sub(spent),
            reset: unix_seconds_after(wait),
        }
    }
}

/// The Unix time `wait` from now, rounded up, so that a client that waits until then never comes too early.
pub(crate) fn unix_seconds_after(wait: Duration) -> u64 {
    let then = SystemTime::now() + wait;
    let since_epoch = then.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_secs() + u64::from(since_epoch.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small_limits() -> Limits {
        Limits {
            report_calls_per_minute: 2,
            ..Limits::default()
        }
    }

    #[test]
    fn the_window_rolls() {
        let mut limiter = Limiter::default();
        let limits = small_limits();
        let start = Instant::now();
        let later = start + Duration::from_secs(30);
        assert!(
            limiter
                .spend("app", Budget::Reports, &limits, start)
                .is_ok()
        );
        assert!(
            limiter
                .spend("app", Budget::Reports, &limits, later)
                .is_ok()
        );
        let refused = start + Duration::from_secs(59);
        assert_eq!(
            limiter
                .spend("app", Budget::Reports, &limits, refused)
                .unwrap_err()
                .remaining,
            0
        );
        let free_again = start + Duration::from_secs(60);
        assert!(
            limiter
                .spend("app", Budget::Reports, &limits, free_again)
                .is_ok()
        );
        assert!(
            limiter
                .spend("app", Budget::Reports, &limits, free_again)
                .is_err()
        );
    }

    #[test]
    fn budgets_and_applications_are_separate() {
        let mut limiter = Limiter::default();
        let limits = small_limits();
        let now = Instant::now();
        for _ in 0..2 {
            assert!(limiter.spend("app", Budget::Reports, &limits, now).is_ok());
        }
        assert!(limiter.spend("app", Budget::Reports, &limits, now).is_err());
        assert!(limiter.spend("app", Budget::Other, &limits, now).is_ok());
        assert!(
            limiter
                .spend("another", Budget::Reports, &limits, now)
                .is_ok()
        );
    }
}
