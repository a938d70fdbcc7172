//! What can go wrong, as decisions a caller can take.

mod hint;
mod refusal;

use std::time::Duration;

use jiff::Timestamp;

pub(crate) use refusal::gist;
pub use refusal::{OauthFailure, Refusal};

use crate::{API_VERSION, Problem, RetryReason};

/// A call failed. Each variant is a decision a caller can take; what has a chance to pass on its
/// own was retried before.
///
/// The text names the operation and what Criteo said. Secrets are removed from everything kept
/// here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The options, or the parameters of a call, cannot work. Nothing was sent.
    #[error("{problem}")]
    Configuration {
        /// What is wrong, and what to give instead.
        problem: String,
    },
    /// Criteo does not accept the key, or not the token it just issued.
    #[error("{operation}: Criteo does not accept the app's key: {refusal}")]
    Authentication {
        /// Which operation, or `"Token"`.
        operation: &'static str,
        /// What Criteo said, with the OAuth error and description in [`Refusal::oauth`].
        refusal: Box<Refusal>,
    },
    /// 403: the app lacks a permission, or an advertiser has not consented. See
    /// [`Error::is_missing_consent`].
    #[error("{operation}: Criteo forbids it: {refusal}")]
    Forbidden {
        /// Which operation.
        operation: &'static str,
        /// What Criteo said.
        refusal: Box<Refusal>,
    },
    /// 404: no such thing, or not for this app.
    #[error("{operation}: Criteo knows no such resource: {refusal}")]
    NotFound {
        /// Which operation.
        operation: &'static str,
        /// What Criteo said.
        refusal: Box<Refusal>,
    },
    /// Criteo refuses the request as it is: 400 and other 4xx, a redirect, or a 200 that reports
    /// errors.
    #[error("{operation}: Criteo refuses the request: {refusal}")]
    Rejected {
        /// Which operation.
        operation: &'static str,
        /// What Criteo said.
        refusal: Box<Refusal>,
    },
    /// 400 `invalid-timespan`: ask for fewer days at a time.
    #[error("{operation}: Criteo wants fewer days in one request: {refusal}")]
    TimespanTooLong {
        /// Which operation.
        operation: &'static str,
        /// What Criteo said.
        refusal: Box<Refusal>,
    },
    /// 413: ask for less at a time.
    #[error("{operation}: The request asks for too much at once: {refusal}")]
    TooLarge {
        /// Which operation.
        operation: &'static str,
        /// What Criteo said.
        refusal: Box<Refusal>,
    },
    /// 410: Criteo has retired this version of the API.
    #[error("{operation}: Criteo has retired version {version} of its API: {refusal}", version = API_VERSION)]
    Retired {
        /// Which operation.
        operation: &'static str,
        /// What Criteo said.
        refusal: Box<Refusal>,
    },
    /// 429, and waiting longer would pass
    /// [`RetryOptions::max_elapsed`](crate::RetryOptions::max_elapsed).
    #[error("{operation}: The quota at Criteo is still spent after {}: {refusal}", counted(*attempts))]
    RateLimited {
        /// Which operation.
        operation: &'static str,
        /// When Criteo allows the next call, if it said.
        reset: Option<Timestamp>,
        /// Attempts made.
        attempts: u32,
        /// What Criteo said.
        refusal: Box<Refusal>,
    },
    /// No answer, or no end of it, in the time allowed. Asking for less at a time may help.
    #[error("{operation}: No complete answer in time, {} in {elapsed:.0?}", counted(*attempts))]
    TimedOut {
        /// Which operation.
        operation: &'static str,
        /// Attempts made.
        attempts: u32,
        /// Time spent.
        elapsed: Duration,
    },
    /// Failures that usually pass did not, within the attempts and the time allowed. Later may be
    /// better.
    #[error(
        "{operation}: Still failing after {} in {elapsed:.0?}: {last}{}",
        counted(*attempts),
        said(refusal.as_deref())
    )]
    Transient {
        /// Which operation.
        operation: &'static str,
        /// Attempts made.
        attempts: u32,
        /// Time spent.
        elapsed: Duration,
        /// How the last attempt failed.
        last: RetryReason,
        /// What Criteo said last, if an answer came.
        refusal: Option<Box<Refusal>>,
    },
    /// The reader of the body refused it: at once, or on every attempt if it asked for repeats.
    #[error("{operation}: The answer cannot be read: {source}")]
    Sink {
        /// Which operation.
        operation: &'static str,
        /// What the reader said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The body is larger than
    /// [`ClientOptions::max_body_bytes`](crate::ClientOptions::max_body_bytes).
    #[error("{operation}: The answer is larger than {limit} bytes, the most this client accepts")]
    BodyTooLarge {
        /// Which operation.
        operation: &'static str,
        /// The limit in bytes, after decompression.
        limit: u64,
    },
    /// A good status with a body that is not what the operation promises.
    #[error("{operation}: The answer is not what Criteo's contract promises: {problem}")]
    UnexpectedBody {
        /// Which operation.
        operation: &'static str,
        /// Where it differs, and how.
        problem: String,
    },
}

impl Error {
    pub(crate) fn configuration(problem: impl Into<String>) -> Self {
        Self::Configuration {
            problem: problem.into(),
        }
    }

    /// Criteo's id of the operation, `"Token"` or `"LogFile"`; none when nothing was called.
    pub fn operation(&self) -> Option<&'static str> {
        match self {
            Self::Configuration { .. } => None,
            Self::Authentication { operation, .. }
            | Self::Forbidden { operation, .. }
            | Self::NotFound { operation, .. }
            | Self::Rejected { operation, .. }
            | Self::TimespanTooLong { operation, .. }
            | Self::TooLarge { operation, .. }
            | Self::Retired { operation, .. }
            | Self::RateLimited { operation, .. }
            | Self::TimedOut { operation, .. }
            | Self::Transient { operation, .. }
            | Self::Sink { operation, .. }
            | Self::BodyTooLarge { operation, .. }
            | Self::UnexpectedBody { operation, .. } => Some(operation),
        }
    }

    /// What Criteo said, if an answer other than a good one came.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Authentication { refusal, .. }
            | Self::Forbidden { refusal, .. }
            | Self::NotFound { refusal, .. }
            | Self::Rejected { refusal, .. }
            | Self::TimespanTooLong { refusal, .. }
            | Self::TooLarge { refusal, .. }
            | Self::Retired { refusal, .. }
            | Self::RateLimited { refusal, .. } => Some(refusal),
            Self::Transient { refusal, .. } => refusal.as_deref(),
            Self::Configuration { .. }
            | Self::TimedOut { .. }
            | Self::Sink { .. }
            | Self::BodyTooLarge { .. }
            | Self::UnexpectedBody { .. } => None,
        }
    }

    /// The HTTP status of the last answer, if it was not a good one.
    pub fn status(&self) -> Option<u16> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// Criteo's problems, whole.
    pub fn problems(&self) -> &[Problem] {
        self.refusal()
            .map_or(&[], |refusal| refusal.problems.as_slice())
    }

    /// What Criteo's support asks for.
    pub fn trace_id(&self) -> Option<&str> {
        self.refusal().and_then(Refusal::trace_id)
    }

    /// Whether an advertiser named in the request has not consented to the app (or no longer does).
    ///
    /// Criteo answers 403 for the whole request if one advertiser lacks consent. The code is
    /// spelled in three ways in Criteo's specification, Criteo's docs and live answers seen by
    /// others, all of which begin alike.
    pub fn is_missing_consent(&self) -> bool {
        matches!(self, Self::Forbidden { .. })
            && self
                .problems()
                .iter()
                .any(|problem| problem.code_starts_with("insufficient-advertiser"))
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::TimedOut { .. } | Self::Transient { .. }
        )
    }

    /// What to do about it, in one or two sentences, when that is known.
    pub fn hint(&self) -> Option<String> {
        hint::hint(self)
    }
}

fn counted(attempts: u32) -> String {
    match attempts {
        1 => "1 attempt".to_owned(),
        _ => format!("{attempts} attempts"),
    }
}

fn said(refusal: Option<&Refusal>) -> String {
    refusal.map_or_else(String::new, |refusal| format!(": {refusal}"))
}

// A call's result travels through many frames; an error must not make every frame large.
const _: () = assert!(size_of::<Error>() <= 80);
