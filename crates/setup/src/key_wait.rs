//! How to wait for a key that Criteo does not know yet.

use std::time::Duration;

use criteo_engine::doctor::{KEY_DELAY, KeyVerdict};
use jiff::{SignedDuration, Timestamp};

/// The pauses between two tries. The last one repeats: at most two calls a minute, of which Criteo grants 250.
const PAUSES: [u64; 4] = [10, 15, 20, 30];

/// A wait that has an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyWait {
    began: Timestamp,
    ends: Timestamp,
    tries: usize,
}

impl KeyWait {
    /// Waits as long as a key of this verdict can still become active; without a word about it, as long as any key can.
    #[must_use]
    pub fn begin(verdict: &KeyVerdict, now: Timestamp) -> KeyWait {
        let worth = verdict
            .worth_waiting
            .and_then(|wait| SignedDuration::try_from(wait).ok())
            .unwrap_or(KEY_DELAY);
        // The last try comes when the time is up for certain.
        let ends = now
            .checked_add(worth + SignedDuration::from_secs(30))
            .unwrap_or(now);
        KeyWait {
            began: now,
            ends,
            tries: 0,
        }
    }

    /// How long it has taken so far.
    #[must_use]
    pub fn waited(&self, now: Timestamp) -> Duration {
        between(self.began, now)
    }

    /// How long it may still take.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Duration {
        between(now, self.ends)
    }

    /// The pause before the next try, or `None` when the time is up.
    pub fn next_pause(&mut self, now: Timestamp) -> Option<Duration> {
        let left = self.left(now);
        if left.is_zero() {
            return None;
        }
        let pause = PAUSES[self.tries.min(PAUSES.len() - 1)];
        self.tries += 1;
        Some(Duration::from_secs(pause).min(left))
    }
}

/// The time from one moment to a later one; none when it is not later, as after the clock was set back.
fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use criteo_engine::doctor::CauseId;

    use super::*;

    fn verdict(worth_waiting: Option<Duration>) -> KeyVerdict {
        KeyVerdict {
            likely: [
                CauseId::KeyNotActiveYet,
                CauseId::KeyWrong,
                CauseId::KeyDeleted,
            ],
            worth_waiting,
        }
    }

    /// Lets the time pass as the wait says, and gives the pauses in seconds.
    fn pauses(worth_waiting: Option<Duration>) -> Vec<u64> {
        let mut now = Timestamp::UNIX_EPOCH;
        let mut wait = KeyWait::begin(&verdict(worth_waiting), now);
        let mut pauses = Vec::new();
        while let Some(pause) = wait.next_pause(now) {
            now += pause;
            pauses.push(pause.as_secs());
        }
        pauses
    }

    #[test]
    fn pauses_grow_and_the_last_try_is_at_the_end() {
        let short = pauses(Some(Duration::from_secs(60)));
        assert_eq!(short, [10, 15, 20, 30, 15]);
        let long = pauses(None);
        assert_eq!(long.iter().sum::<u64>(), 15 * 60 + 30);
        assert!(long.len() < 40, "{} tries", long.len());
    }

    #[test]
    fn what_was_waited_and_what_is_left_is_the_whole_wait() {
        let began = Timestamp::UNIX_EPOCH;
        let wait = KeyWait::begin(&verdict(Some(Duration::from_secs(60))), began);
        for (waited, left) in [(0, 90), (20, 70), (90, 0), (100, 0)] {
            let now = began + Duration::from_secs(waited);
            assert_eq!(wait.waited(now).as_secs(), waited);
            assert_eq!(wait.left(now).as_secs(), left);
        }
        let before = began - Duration::from_secs(1);
        assert_eq!(wait.waited(before), Duration::ZERO);
    }
}
