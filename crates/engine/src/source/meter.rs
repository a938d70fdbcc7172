//! Which window a call was made for, and what the client tells about it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use criteo_api::{ApiEvent, Observer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::event::{Event, Reporter};

/// Calls, bytes and waits spent on one thing.
#[derive(Debug, Default)]
pub struct Meter {
    calls: AtomicU32,
    bytes: AtomicU64,
    waited_milliseconds: AtomicU64,
    /// Whether its call waits, for the quota or until it is tried again, so that nothing of it is on the wire.
    is_waiting: watch::Sender<bool>,
}

impl Meter {
    /// Whether its call waits, for the quota or until it is tried again. One thing makes one call at a time.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        *self.is_waiting.borrow()
    }

    /// Ends when its call begins to wait, at once when it does already.
    async fn begins_to_wait(&self) {
        // The sender lives as long as this meter, so waiting cannot fail.
        let _ = self.is_waiting.subscribe().wait_for(|waits| *waits).await;
    }

    fn set_waiting(&self, waits: bool) {
        self.is_waiting.send_replace(waits);
    }

    /// Calls made, retries included.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Body bytes received, after decompression.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Milliseconds that calls waited for the quota or before they were tried again, added up over all calls.
    #[must_use]
    pub fn waited_milliseconds(&self) -> u64 {
        self.waited_milliseconds.load(Ordering::Relaxed)
    }

    fn waited(&self, wait: Duration) {
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.waited_milliseconds
            .fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Adds what another meter counted.
    pub fn add(&self, other: &Self) {
        self.calls.fetch_add(other.calls(), Ordering::Relaxed);
        self.bytes.fetch_add(other.bytes(), Ordering::Relaxed);
        self.waited_milliseconds
            .fetch_add(other.waited_milliseconds(), Ordering::Relaxed);
    }
}

tokio::task_local! {
    static METER: Arc<Meter>;
}

/// Runs `work` and counts the calls it makes on `meter`.
pub async fn metered<F: Future>(meter: Arc<Meter>, work: F) -> F::Output {
    METER.scope(meter, work).await
}

/// [`metered`], until `stop` is cancelled: then a call that is on its way is finished, and one that waits for the quota
/// or to be tried again is given up, since nothing of it has been sent. `None` when it was given up.
pub(crate) async fn metered_until<F: Future>(
    stop: &CancellationToken,
    meter: Arc<Meter>,
    work: F,
) -> Option<F::Output> {
    let stopped = async {
        stop.cancelled().await;
        meter.begins_to_wait().await;
    };
    tokio::select! {
        // First, so that a call which comes to the head of the queue because others were given up is not let pass.
        biased;
        () = stopped => None,
        output = metered(Arc::clone(&meter), work) => Some(output),
    }
}

/// Counts calls on the meter of the task that makes them, and passes on what people should see.
pub struct ApiReporter {
    reporter: Arc<dyn Reporter>,
}

impl ApiReporter {
    /// Passes events on to `reporter`.
    #[must_use]
    pub fn new(reporter: Arc<dyn Reporter>) -> Self {
        Self { reporter }
    }

    fn warn(&self, message: String) {
        self.reporter.on_event(&Event::Warning {
            stream: None,
            message,
        });
    }
}

impl Observer for ApiReporter {
    fn on_event(&self, event: &ApiEvent) {
        tracing::debug!(?event, "api");
        match event {
            // The token is not data: its calls are not those that a plan counts or a quota limits.
            ApiEvent::CallStarted { operation, .. } if *operation != "Token" => {
                let _ = METER.try_with(|meter| {
                    meter.set_waiting(false);
                    meter.calls.fetch_add(1, Ordering::Relaxed)
                });
            }
            ApiEvent::CallFinished {
                operation, bytes, ..
            } if *operation != "Token" => {
                let _ = METER.try_with(|meter| meter.bytes.fetch_add(*bytes, Ordering::Relaxed));
            }
            ApiEvent::CallQueued { .. } => {
                let _ = METER.try_with(|meter| meter.set_waiting(true));
            }
            ApiEvent::RateLimitWait { budget, wait } => {
                let _ = METER.try_with(|meter| {
                    meter.set_waiting(true);
                    meter.waited(*wait);
                });
                self.reporter.on_event(&Event::RateLimitWait {
                    budget: budget.to_string(),
                    wait: *wait,
                });
            }
            ApiEvent::Retry {
                operation,
                attempt,
                wait,
                reason,
            } => {
                let _ = METER.try_with(|meter| {
                    meter.set_waiting(true);
                    meter.waited(*wait);
                });
                self.reporter.on_event(&Event::Retry {
                    operation: (*operation).to_owned(),
                    attempt: *attempt,
                    wait: *wait,
                    reason: reason.to_string(),
                });
            }
            ApiEvent::Warning { operation, problem } => {
                self.warn(format!("Criteo warns about {operation}: {problem}"));
            }
            ApiEvent::Deprecated { operation, sunset } => {
                let ends = sunset
                    .as_ref()
                    .map_or_else(String::new, |date| format!(" and will end on {date}"));
                self.warn(format!(
                    "Criteo marks {operation} as deprecated{ends}; look for a newer version"
                ));
            }
            ApiEvent::QuotaLowered { budget, per_minute } => {
                self.warn(format!(
                    "Criteo grants this app {per_minute} {budget} calls a minute, fewer than configured; that is \
                     what will be used"
                ));
            }
            _ => {}
        }
    }
}
