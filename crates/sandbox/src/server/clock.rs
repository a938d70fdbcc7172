//! The simulated calendar.
//!
//! Days, restatement and history horizons follow this clock; rate budgets, token life and delays follow the
//! real one, because a client measures those with its own.

use std::sync::{PoisonError, RwLock};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// A calendar that starts at a chosen instant and then runs with real time, or stands still.
#[derive(Debug)]
pub(crate) struct SimulatedClock {
    anchor: RwLock<Anchor>,
    frozen: bool,
}

/// A pair of simultaneous readings of the simulated and the real clock.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    simulated: Timestamp,
    real: Instant,
}

impl SimulatedClock {
    pub(crate) fn starting_at(now: Timestamp, frozen: bool) -> Self {
        let anchor = Anchor {
            simulated: now,
            real: Instant::now(),
        };
        Self {
            anchor: RwLock::new(anchor),
            frozen,
        }
    }

    /// The simulated instant. At the end of `jiff`'s range the clock stops rather than wraps.
    pub(crate) fn now(&self) -> Timestamp {
        let anchor = *self.anchor.read().unwrap_or_else(PoisonError::into_inner);
        if self.frozen {
            return anchor.simulated;
        }
        let elapsed =
            SignedDuration::try_from(anchor.real.elapsed()).unwrap_or(SignedDuration::MAX);
        anchor
            .simulated
            .checked_add(elapsed)
            .unwrap_or(Timestamp::MAX)
    }

    /// Moves the calendar, forwards or backwards.
    pub(crate) fn set(&self, now: Timestamp) {
        let anchor = Anchor {
            simulated: now,
            real: Instant::now(),
        };
        *self.anchor.write().unwrap_or_else(PoisonError::into_inner) = anchor;
    }

    /// Moves the calendar by whole days of 24 hours.
    pub(crate) fn advance_days(&self, days: i64) {
        let step = SignedDuration::from_hours(days.saturating_mul(24));
        let target = self.now().checked_add(step).unwrap_or(Timestamp::MAX);
        self.set(target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_stands_still_until_it_is_moved() {
        let start: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let clock = SimulatedClock::starting_at(start, true);
        assert_eq!(clock.now(), start);
        clock.advance_days(10);
        assert_eq!(clock.now(), "2026-12-03T10:00:00Z".parse().unwrap());
    }

    #[test]
    fn a_running_clock_follows_real_time() {
        let start: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let clock = SimulatedClock::starting_at(start, false);
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(clock.now() > start);
    }
}
