//! Waiting for consent: looks at the granted advertisers until one more is among them.

use std::time::Duration;

use criteo_api::{Client, Error as ApiError};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Change, GrantedAdvertiser, granted};

/// The shortest pause between two looks, so that nobody spends the app's quota on looking: 60 of the 250 calls that
/// Criteo's docs grant in a minute.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// How to wait for consent.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The advertisers that are known already, so that only others count as new. `None` means: those of the first
    /// look.
    pub known: Option<Vec<GrantedAdvertiser>>,
    /// The pause between the end of one look and the next; at least a second. Default: ten seconds.
    pub pause: Duration,
    /// How long to wait at most. Default: until `stop`.
    pub timeout: Option<Duration>,
}

impl Default for Watch {
    fn default() -> Watch {
        Watch {
            known: None,
            pause: Duration::from_secs(10),
            timeout: None,
        }
    }
}

/// What a caller is told while it waits, once for each look.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchEvent<'look> {
    /// Criteo answered.
    Looked {
        /// Counts the looks from 1.
        look: u32,
        /// Everything that is granted now.
        granted: &'look [GrantedAdvertiser],
        /// What is different from the look before, or from [`Watch::known`].
        change: &'look Change,
        /// The pause that follows; `None` when the waiting is over.
        next_in: Option<Duration>,
    },
    /// Criteo could not be asked, for a reason that may pass; the waiting goes on.
    Failed {
        /// Counts the looks from 1.
        look: u32,
        /// Why.
        error: &'look ApiError,
        /// The pause that follows.
        next_in: Duration,
    },
}

/// How the waiting ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchOutcome {
    /// At least one advertiser was granted that had not been before.
    Appeared {
        /// Those that are new at the last look.
        advertisers: Vec<GrantedAdvertiser>,
        /// Everything that is granted now.
        granted: Vec<GrantedAdvertiser>,
    },
    /// The time is up, and nothing new was granted.
    TimedOut {
        /// What the last look showed; `None` if no look succeeded.
        granted: Option<Vec<GrantedAdvertiser>>,
    },
    /// The caller cancelled.
    Stopped {
        /// What the last look showed; `None` if no look succeeded.
        granted: Option<Vec<GrantedAdvertiser>>,
    },
}

impl WatchOutcome {
    /// Everything that is granted now, as far as a look succeeded.
    #[must_use]
    pub fn granted(&self) -> Option<&[GrantedAdvertiser]> {
        match self {
            Self::Appeared { granted, .. } => Some(granted),
            Self::TimedOut { granted } | Self::Stopped { granted } => granted.as_deref(),
        }
    }
}

/// Looks at once, and then after each pause, until an advertiser appears, the time is up, or `stop` is cancelled.
/// Cancelling also ends a look that is on its way. `on_event` is called after each look, before the pause.
///
/// Each look is compared with the one before. An advertiser whose consent was withdrawn and given again while
/// somebody watched is therefore new.
///
/// # Errors
/// What will not pass by waiting, such as a wrong key. Failures that may pass are told as [`WatchEvent::Failed`],
/// after the client has tried again as often as its options say.
pub async fn watch(
    client: &Client,
    watch: Watch,
    stop: &CancellationToken,
    mut on_event: impl FnMut(&WatchEvent<'_>),
) -> Result<WatchOutcome, ApiError> {
    let pause = watch.pause.max(SHORTEST_PAUSE);
    // A time too far away to be counted is none.
    let deadline = watch
        .timeout
        .and_then(|timeout| Instant::now().checked_add(timeout));
    let mut known = watch.known;
    let mut last = None;
    for look in 1.. {
        let answer = tokio::select! {
            () = stop.cancelled() => return Ok(WatchOutcome::Stopped { granted: last }),
            answer = before(deadline, granted(client)) => answer,
        };
        match answer {
            None => return Ok(WatchOutcome::TimedOut { granted: last }),
            Some(Ok(granted)) => {
                let change = Change::between(known.as_ref().unwrap_or(&granted), &granted);
                let is_over = !change.appeared.is_empty();
                on_event(&WatchEvent::Looked {
                    look,
                    granted: &granted,
                    change: &change,
                    next_in: (!is_over).then_some(pause),
                });
                if is_over {
                    let advertisers = change.appeared;
                    return Ok(WatchOutcome::Appeared {
                        advertisers,
                        granted,
                    });
                }
                known = Some(granted.clone());
                last = Some(granted);
            }
            Some(Err(error)) if error.is_transient() => on_event(&WatchEvent::Failed {
                look,
                error: &error,
                next_in: pause,
            }),
            Some(Err(error)) => return Err(error),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(WatchOutcome::Stopped { granted: last }),
            waited = before(deadline, sleep_until(Instant::now() + pause)) => if waited.is_none() {
                return Ok(WatchOutcome::TimedOut { granted: last });
            },
        }
    }
    Ok(WatchOutcome::Stopped { granted: last })
}

/// What comes of `work`, unless the deadline passes first.
async fn before<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) => timeout_at(deadline, work).await.ok(),
        None => Some(work.await),
    }
}
