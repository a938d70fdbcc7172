//! How one attempt can fail.

use std::time::Duration;

use crate::{Error, Refusal, RetryReason, quota::Reset};

/// One attempt failed, other than by its sink.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// An answer came that is not a good one.
    Refused {
        refusal: Box<Refusal>,
        reset: Option<Reset>,
    },
    /// No connection, or it broke before the body ended.
    Connection(String),
    /// Silence for too long.
    TimedOut,
    /// A whole body came and makes no sense.
    Damaged(String),
    /// The body exceeds what is accepted.
    BodyTooLarge { limit: u64 },
}

impl Failure {
    /// Whether the same call may succeed a moment later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => matches!(refusal.status, 408 | 425 | 429 | 500..),
            Self::Connection(_) | Self::TimedOut | Self::Damaged(_) => true,
            Self::BodyTooLarge { .. } => false,
        }
    }

    pub(crate) fn is_rate_limit(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.status == 429)
    }

    pub(crate) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.status == 401)
    }

    /// How long the answer asked to wait.
    pub(crate) fn reset(&self) -> Option<Reset> {
        match self {
            Self::Refused { reset, .. } => *reset,
            _ => None,
        }
    }

    pub(crate) fn reason(&self) -> RetryReason {
        match self {
            Self::Refused { refusal, .. } => match refusal.status {
                401 => RetryReason::Unauthorized,
                429 => RetryReason::RateLimited,
                status => RetryReason::Status(status),
            },
            Self::Connection(problem) => RetryReason::Connection(problem.clone()),
            Self::TimedOut => RetryReason::TimedOut,
            Self::Damaged(problem) => RetryReason::DamagedBody(problem.clone()),
            Self::BodyTooLarge { limit } => {
                RetryReason::DamagedBody(format!("more than {limit} bytes"))
            }
        }
    }

    /// What the caller is told when no further attempt is made.
    pub(crate) fn into_error(
        self,
        operation: &'static str,
        attempts: u32,
        elapsed: Duration,
    ) -> Error {
        let last = self.reason();
        match self {
            Self::Refused { refusal, reset } => match refusal.status {
                // A gateway lost patience with Criteo: no different from losing it here.
                408 | 504 => Error::TimedOut {
                    operation,
                    attempts,
                    elapsed,
                },
                429 => Error::RateLimited {
                    operation,
                    reset: reset.map(|reset| reset.at),
                    attempts,
                    refusal,
                },
                425 | 500.. => Error::Transient {
                    operation,
                    attempts,
                    elapsed,
                    last,
                    refusal: Some(refusal),
                },
                _ => refused(operation, refusal),
            },
            Self::Connection(_) => Error::Transient {
                operation,
                attempts,
                elapsed,
                last,
                refusal: None,
            },
            Self::TimedOut => Error::TimedOut {
                operation,
                attempts,
                elapsed,
            },
            Self::Damaged(problem) => Error::UnexpectedBody { operation, problem },
            Self::BodyTooLarge { limit } => Error::BodyTooLarge { operation, limit },
        }
    }
}

/// The decision that a refusal asks for, where asking again is pointless.
pub(crate) fn refused(operation: &'static str, refusal: Box<Refusal>) -> Error {
    let is_timespan = refusal
        .problems
        .iter()
        .any(|problem| problem.code.as_deref() == Some("invalid-timespan"));
    // OAuth allows 400 where Criteo's token endpoint answers 401.
    let is_oauth_denial = refusal.oauth.is_some() && matches!(refusal.status, 400 | 403);
    match refusal.status {
        401 => Error::Authentication { operation, refusal },
        _ if is_oauth_denial => Error::Authentication { operation, refusal },
        400 if is_timespan => Error::TimespanTooLong { operation, refusal },
        403 => Error::Forbidden { operation, refusal },
        404 => Error::NotFound { operation, refusal },
        410 => Error::Retired { operation, refusal },
        413 => Error::TooLarge { operation, refusal },
        _ => Error::Rejected { operation, refusal },
    }
}
