//! A limiter that never lets more than so many calls pass in any 60 seconds.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// The minute that Criteo counts calls in, and a second more: Criteo counts when a request arrives,
/// which is somewhat after it was let pass here, and not always by the same time. Without the
/// margin a slow first request and a quick later one could fall into one of Criteo's minutes
/// although more than a minute lies between them here.
const WINDOW: Duration = Duration::from_secs(61);

/// Lets at most `per_minute` calls pass in any 60 seconds, first come, first served.
///
/// A token bucket or GCRA would let a full bucket and a refill pass in one minute. So the time of
/// every call of the last minute is kept; that is at most a few hundred instants.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// Whoever waits for a slot holds this, and everybody else queues here. The queue is fair.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    per_minute: usize,
    passed: VecDeque<Instant>,
    blocked_until: Option<Instant>,
}

impl Limiter {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self {
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                per_minute: usize::try_from(per_minute).unwrap_or(usize::MAX).max(1),
                passed: VecDeque::new(),
                blocked_until: None,
            }),
        }
    }

    /// Waits until a call may be made, and counts it. `on_queue` is told when others are before it,
    /// `on_wait` of every wait at the head of the queue.
    ///
    /// Dropping the future gives the place in the queue back and counts nothing.
    pub(crate) async fn pass(&self, on_queue: impl FnOnce(), on_wait: impl Fn(Duration)) {
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(_) => {
                on_queue();
                self.turn.lock().await
            }
        };
        loop {
            let now = Instant::now();
            let Err(free_at) = self.state().try_pass(now) else {
                return;
            };
            on_wait(free_at - now);
            // Headers that arrive meanwhile can only move the moment further away, so it is checked
            // again then.
            sleep_until(free_at).await;
        }
    }

    /// Allows no more than so many calls from now on. Never raises what is allowed.
    ///
    /// Gives whether this changed anything.
    pub(crate) fn lower(&self, per_minute: u32) -> bool {
        let per_minute = usize::try_from(per_minute).unwrap_or(usize::MAX).max(1);
        let mut state = self.state();
        let lowers = per_minute < state.per_minute;
        if lowers {
            state.per_minute = per_minute;
        }
        lowers
    }

    /// Lets nothing pass for a while.
    pub(crate) fn block_for(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        state.blocked_until = Some(state.blocked_until.map_or(until, |known| known.max(until)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the state is held; if it did, the state would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a call, or says when to try again.
    fn try_pass(&mut self, now: Instant) -> Result<(), Instant> {
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Err(until);
        }
        self.blocked_until = None;
        while self
            .passed
            .front()
            .is_some_and(|first| *first + WINDOW <= now)
        {
            self.passed.pop_front();
        }
        // After the quota was lowered more calls than it allows may be remembered: as many must
        // leave as are too many.
        match self.passed.len().checked_sub(self.per_minute) {
            Some(excess) => Err(self.passed[excess] + WINDOW),
            None => {
                self.passed.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use tokio::time::sleep;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn paused() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    }

    /// When calls pass that come at the given distances (ms) from each other, with the quota
    /// lowered at some moment.
    fn passing(per_minute: u32, distances: &[u64], lowered: Option<(u64, u32)>) -> Vec<Duration> {
        paused().block_on(async {
            let start = Instant::now();
            let limiter = Arc::new(Limiter::new(per_minute));
            if let Some((after, to)) = lowered {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(after)).await;
                    limiter.lower(to);
                });
            }
            let mut calls = Vec::new();
            for distance in distances {
                sleep(Duration::from_millis(*distance)).await;
                let limiter = Arc::clone(&limiter);
                calls.push(tokio::spawn(async move {
                    limiter.pass(|| {}, |_| {}).await;
                    start.elapsed()
                }));
            }
            let mut times = Vec::new();
            for call in calls {
                times.push(call.await.unwrap());
            }
            times
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_minute_sees_more_calls_than_allowed(
            per_minute in 1u32..12,
            distances in prop::collection::vec(prop_oneof![Just(0u64), 0u64..2_000, 0u64..90_000], 1..80),
        ) {
            let times = passing(per_minute, &distances, None);
            prop_assert!(times.is_sorted(), "first come, first served");
            let allowed = per_minute as usize;
            for pair in times.windows(allowed + 1) {
                prop_assert!(pair[allowed] - pair[0] > MINUTE, "{times:?}");
            }
        }

        #[test]
        fn nobody_waits_longer_than_needed(
            per_minute in 1u32..12,
            distances in prop::collection::vec(0u64..90_000, 1..60),
        ) {
            let times = passing(per_minute, &distances, None);
            let allowed = per_minute as usize;
            let mut came = Duration::ZERO;
            for (index, distance) in distances.iter().enumerate() {
                came += Duration::from_millis(*distance);
                let slot_free = index
                    .checked_sub(allowed)
                    .map_or(Duration::ZERO, |earlier| times[earlier] + WINDOW);
                let ideal = came.max(slot_free);
                prop_assert!(times[index] <= ideal + Duration::from_millis(5), "{index}: {times:?}");
            }
        }

        #[test]
        fn a_lowered_quota_holds_from_then_on(
            per_minute in 4u32..12,
            to in 1u32..4,
            after in 0u64..100_000,
            distances in prop::collection::vec(0u64..3_000, 20..60),
        ) {
            let times = passing(per_minute, &distances, Some((after, to)));
            let allowed = to as usize;
            let later: Vec<_> = times
                .into_iter()
                .filter(|time| *time > Duration::from_millis(after + 1))
                .collect();
            for pair in later.windows(allowed + 1) {
                prop_assert!(pair[allowed] - pair[0] > MINUTE, "{later:?}");
            }
        }
    }

    #[test]
    fn a_quota_is_never_raised() {
        let limiter = Limiter::new(5);
        assert!(!limiter.lower(250));
        assert!(limiter.lower(3));
        assert!(!limiter.lower(4));
        // Zero would mean never; one is the least.
        assert!(limiter.lower(0));
        assert!(!limiter.lower(1));
    }

    #[test]
    fn a_block_delays_everybody_and_the_longest_wins() {
        paused().block_on(async {
            let start = Instant::now();
            let limiter = Limiter::new(5);
            limiter.block_for(Duration::from_secs(30));
            limiter.block_for(Duration::from_secs(10));
            limiter.pass(|| {}, |_| {}).await;
            assert!(start.elapsed() >= Duration::from_secs(30));
            assert!(start.elapsed() < Duration::from_secs(31));
        });
    }

    #[test]
    fn a_dropped_wait_counts_nothing() {
        paused().block_on(async {
            let limiter = Arc::new(Limiter::new(1));
            limiter.pass(|| {}, |_| {}).await;
            let waiting = tokio::spawn({
                let limiter = Arc::clone(&limiter);
                async move { limiter.pass(|| {}, |_| {}).await }
            });
            sleep(Duration::from_secs(5)).await;
            waiting.abort();
            let start = Instant::now();
            limiter.pass(|| {}, |_| {}).await;
            assert!(start.elapsed() <= Duration::from_secs(57));
        });
    }
}
