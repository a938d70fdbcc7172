//! What the client tells whoever watches it.

use std::{fmt, time::Duration};

use jiff::Timestamp;

use crate::{Budget, Problem};

/// Someone who is told what the client does, as it happens.
///
/// Called from the task that makes the call, so it must be quick and must not block. Events hold no
/// secrets and no rows.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on_event(&self, event: &ApiEvent);
}

/// One thing that happened. `operation` is Criteo's operation id
/// ([`Operation::id`](crate::Operation::id)), or `"Token"`, or `"LogFile"`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ApiEvent {
    /// A new access token arrived.
    TokenRefreshed {
        /// How long Criteo says it lives.
        expires_in: Duration,
    },
    /// A request is about to be sent.
    CallStarted {
        /// Which operation.
        operation: &'static str,
        /// The quota that pays for it.
        budget: Budget,
        /// 1 for the first attempt.
        attempt: u32,
    },
    /// A request ended, well or badly.
    CallFinished {
        /// Which operation.
        operation: &'static str,
        /// The quota that paid for it.
        budget: Budget,
        /// The HTTP status, or none when no answer came.
        status: Option<u16>,
        /// 1 for the first attempt.
        attempt: u32,
        /// Body bytes received, after decompression.
        bytes: u64,
        /// From sending to the last byte.
        elapsed: Duration,
    },
    /// A call queues behind another one that waits for the same quota. Nothing of it has been sent; its
    /// [`CallStarted`](Self::CallStarted) ends the wait.
    CallQueued {
        /// Which operation.
        operation: &'static str,
        /// Which quota.
        budget: Budget,
    },
    /// A call waits because its quota is spent.
    RateLimitWait {
        /// Which quota.
        budget: Budget,
        /// For how long, as far as is known now.
        wait: Duration,
    },
    /// An attempt failed in a way that may pass; another follows.
    Retry {
        /// Which operation.
        operation: &'static str,
        /// The attempt that failed.
        attempt: u32,
        /// The wait before the next one.
        wait: Duration,
        /// What went wrong.
        reason: RetryReason,
    },
    /// Criteo answered, and warned.
    Warning {
        /// Which operation.
        operation: &'static str,
        /// The warning, whole.
        problem: Problem,
    },
    /// Criteo marks the operation as ending, by its `Deprecation` or `Sunset` header. Told once per
    /// operation.
    Deprecated {
        /// Which operation.
        operation: &'static str,
        /// The `Sunset` header as sent (an HTTP date), if it was.
        sunset: Option<String>,
    },
    /// An answer told how much of a quota is left.
    QuotaTold {
        /// Which quota.
        budget: Budget,
        /// Calls granted in any 60 seconds.
        limit: Option<u32>,
        /// Calls left until the reset.
        remaining: Option<u64>,
        /// When calls are allowed again, by Criteo's clock.
        reset: Option<Timestamp>,
    },
    /// Criteo granted fewer calls a minute than configured, and the limiter now obeys.
    QuotaLowered {
        /// Which quota.
        budget: Budget,
        /// Calls in any 60 seconds from now on.
        per_minute: u32,
    },
}

/// Why an attempt is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryReason {
    /// 429: the quota is spent at Criteo's end.
    RateLimited,
    /// 401: the token died early; it is refreshed and the call replayed.
    Unauthorized,
    /// Another status that may pass, 5xx above all.
    Status(u16),
    /// No connection, or one that broke.
    Connection(String),
    /// Nothing came for longer than allowed.
    TimedOut,
    /// A body came whose content looks damaged.
    DamagedBody(String),
}

impl fmt::Display for RetryReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimited => formatter.write_str("the quota is spent (429)"),
            Self::Unauthorized => formatter.write_str("the token was not accepted (401)"),
            Self::Status(status) => write!(formatter, "status {status}"),
            Self::Connection(problem) => write!(formatter, "the connection failed: {problem}"),
            Self::TimedOut => formatter.write_str("no answer in time"),
            Self::DamagedBody(problem) => write!(formatter, "the body is damaged: {problem}"),
        }
    }
}
