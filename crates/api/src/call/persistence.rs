//! When to try again, and when to stop.

use std::time::Duration;

use tokio::time::Instant;

use super::failure::Failure;
use crate::RetryOptions;

/// The patience with one call: how often it was tried, how often it may be, and until when.
#[derive(Debug)]
pub(crate) struct Persistence<'a> {
    options: &'a RetryOptions,
    started: Instant,
    attempts: u32,
    counted: u32,
    timeouts: u32,
}

impl<'a> Persistence<'a> {
    /// Starts the clock.
    pub(crate) fn new(options: &'a RetryOptions) -> Self {
        Self {
            options,
            started: Instant::now(),
            attempts: 0,
            counted: 0,
            timeouts: 0,
        }
    }

    /// Starts an attempt and gives its number, from 1.
    pub(crate) fn begin(&mut self) -> u32 {
        self.attempts += 1;
        self.attempts
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// When a running attempt is abandoned.
    pub(crate) fn deadline(&self) -> Instant {
        self.started + self.options.max_elapsed
    }

    /// How long to wait before the next attempt, or nothing when this failure is final.
    ///
    /// A 429 that says when to come back does not count as an attempt: nothing is wrong with the
    /// call, and Criteo told what to do. Only the total time bounds those.
    pub(crate) fn after(&mut self, failure: &Failure) -> Option<Duration> {
        if !failure.may_pass() {
            return None;
        }
        if matches!(failure, Failure::TimedOut) {
            self.timeouts += 1;
        }
        let asked_for = failure.reset().map(|reset| reset.wait);
        let wait = match asked_for {
            Some(wait) if failure.is_rate_limit() => wait,
            _ => {
                self.counted += 1;
                self.backoff().max(asked_for.unwrap_or_default())
            }
        };
        let spent = self.counted >= self.options.max_attempts
            || self.timeouts >= self.options.max_timeouts
            || self.elapsed() + wait >= self.options.max_elapsed;
        (!spent).then_some(wait)
    }

    /// Exponential, with full jitter: many clients that failed together must not come back
    /// together.
    fn backoff(&self) -> Duration {
        let doublings = self.counted.saturating_sub(1).min(31);
        let ceiling = self
            .options
            .base_delay
            .saturating_mul(1 << doublings)
            .min(self.options.max_delay);
        ceiling.mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{Refusal, quota::Reset};

    fn refused(status: u16, reset: Option<u64>) -> Failure {
        Failure::Refused {
            refusal: Box::new(Refusal::read(status, "")),
            reset: reset.map(|seconds| Reset {
                at: Timestamp::UNIX_EPOCH,
                wait: Duration::from_secs(seconds),
            }),
        }
    }

    fn options() -> RetryOptions {
        RetryOptions {
            max_attempts: 4,
            max_elapsed: Duration::from_secs(600),
            ..RetryOptions::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_pass_is_not_repeated() {
        let options = options();
        for status in [301, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422] {
            let mut persistence = Persistence::new(&options);
            assert_eq!(persistence.after(&refused(status, None)), None, "{status}");
        }
        let mut persistence = Persistence::new(&options);
        assert_eq!(persistence.after(&Failure::BodyTooLarge { limit: 1 }), None);
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_are_bounded_and_waits_grow_below_their_ceiling() {
        let options = options();
        for status in [408, 425, 429, 500, 502, 503, 504, 529] {
            let mut persistence = Persistence::new(&options);
            for ceiling in [1, 2, 4] {
                let wait = persistence.after(&refused(status, None)).unwrap();
                assert!(wait <= Duration::from_secs(ceiling));
            }
            assert_eq!(persistence.after(&refused(status, None)), None, "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reset_is_obeyed_and_costs_no_attempt_but_time() {
        let options = options();
        let mut persistence = Persistence::new(&options);
        for _ in 0..20 {
            let wait = persistence.after(&refused(429, Some(29))).unwrap();
            assert_eq!(wait, Duration::from_secs(29));
            tokio::time::sleep(wait).await;
        }
        assert_eq!(persistence.after(&refused(429, Some(29))), None);
        let mut persistence = Persistence::new(&options);
        assert_eq!(
            persistence.after(&refused(429, Some(3600))),
            None,
            "beyond all patience"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn few_timeouts_are_enough() {
        let options = options();
        let mut persistence = Persistence::new(&options);
        assert!(persistence.after(&Failure::TimedOut).is_some());
        assert_eq!(persistence.after(&Failure::TimedOut), None);
    }
}
