//! Why a window could not be read, as decisions.

use criteo_api::Error as ApiError;

use crate::decode::DecodeError;
use crate::doctor::{CauseId, cause_of_api_error, lacks_permission};
use crate::error::EngineError;

/// The name that downloads of log-level files have in errors.
const LOG_FILE: &str = "LogFile";

/// What to do about a window that could not be read as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    /// It is too large: read it in parts.
    #[error("{reason}")]
    TooMuch {
        /// What showed it.
        reason: String,
    },
    /// It spans more days than Criteo answers at once: read it in parts, and the rest of the stream, too.
    #[error("{reason}")]
    SpanTooLong {
        /// What Criteo said.
        reason: String,
    },
    /// Some advertiser in it cannot be read by this app, or no longer: read the others without it.
    #[error("{reason}")]
    NoConsent {
        /// What Criteo said.
        reason: String,
    },
    /// Some value in it cannot be read: read it in parts to keep the rest, and give up the smallest part.
    #[error("{reason}")]
    BadValue {
        /// Which value, and where.
        reason: String,
    },
    /// The answers are not built as expected, or Criteo refuses the question: smaller parts would fare no better.
    #[error("{reason}")]
    Systematic {
        /// What was found, or what Criteo said.
        reason: String,
    },
    /// Criteo knows no such thing. An advertiser may have left; a report endpoint may not.
    #[error("{reason}")]
    NotFound {
        /// What Criteo said.
        reason: String,
    },
    /// The stream cannot be read by this app at all.
    #[error("{reason}")]
    NotPermitted {
        /// What Criteo said.
        reason: String,
    },
    /// The app lacks the permission that the stream needs: no other advertiser and no other day would fare better.
    #[error("{reason}")]
    PermissionMissing {
        /// What Criteo said.
        reason: String,
    },
    /// Criteo refuses what the configuration asks of every report, such as a currency: no other window would fare better.
    #[error("{reason}")]
    Misconfigured {
        /// What Criteo said, and what to do.
        reason: String,
    },
    /// Criteo did not answer within the attempts and the time allowed.
    #[error("{reason}")]
    Unavailable {
        /// How it failed.
        reason: String,
    },
    /// The run cannot go on.
    #[error(transparent)]
    Fatal(Box<EngineError>),
}

impl From<EngineError> for ReadFailure {
    fn from(error: EngineError) -> Self {
        Self::Fatal(Box::new(error))
    }
}

impl From<ApiError> for ReadFailure {
    fn from(error: ApiError) -> Self {
        let reason = error.to_string();
        if let Some(cause @ CauseId::CurrencyRefused) = cause_of_api_error(&error) {
            return Self::Misconfigured {
                reason: format!("{}: {reason}. {}", cause.cause().seen, cause.next()),
            };
        }
        match error {
            ApiError::TimespanTooLong { .. } => Self::SpanTooLong { reason },
            ApiError::TooLarge { .. }
            | ApiError::TimedOut { .. }
            | ApiError::BodyTooLarge { .. } => Self::TooMuch { reason },
            ApiError::Forbidden { .. } if error.is_missing_consent() => Self::NoConsent { reason },
            // A link that has expired or was damaged; a fresh one may serve.
            ApiError::Forbidden { operation, .. } if operation == LOG_FILE => {
                Self::Unavailable { reason }
            }
            ApiError::Forbidden { .. } if lacks_permission(&error) => {
                Self::PermissionMissing { reason }
            }
            ApiError::Forbidden { .. } | ApiError::Retired { .. } => Self::NotPermitted { reason },
            // The key worked when the run began, so this may pass; if not, the stream is given up soon enough.
            ApiError::Authentication { .. } => Self::Unavailable { reason },
            ApiError::NotFound { .. } => Self::NotFound { reason },
            ApiError::Sink { source, .. } => from_sink(source),
            ApiError::Transient { .. } | ApiError::RateLimited { .. } => {
                Self::Unavailable { reason }
            }
            _ => Self::Systematic { reason },
        }
    }
}

impl From<DecodeError> for ReadFailure {
    fn from(error: DecodeError) -> Self {
        let reason = error.to_string();
        match error {
            DecodeError::CapReached { .. } | DecodeError::TooLarge { .. } => {
                Self::TooMuch { reason }
            }
            DecodeError::Value { .. }
            | DecodeError::OutsideWindow { .. }
            | DecodeError::ForeignAdvertiser { .. } => Self::BadValue { reason },
            DecodeError::Emit { source, .. } => match source.downcast::<EngineError>() {
                Ok(error) => Self::Fatal(error),
                Err(_) => Self::Systematic { reason },
            },
            _ => Self::Systematic { reason },
        }
    }
}

fn from_sink(source: Box<dyn std::error::Error + Send + Sync>) -> ReadFailure {
    let source = match source.downcast::<DecodeError>() {
        Ok(error) => return (*error).into(),
        Err(source) => source,
    };
    match source.downcast::<EngineError>() {
        Ok(error) => ReadFailure::Fatal(error),
        Err(source) => ReadFailure::Systematic {
            reason: source.to_string(),
        },
    }
}

/// A listing whose JSON is not what the contract says.
pub(super) fn unreadable(what: &str, error: &serde_json::Error) -> ReadFailure {
    ReadFailure::Systematic {
        reason: format!("Criteo's listing of {what} has an unknown shape: {error}"),
    }
}
