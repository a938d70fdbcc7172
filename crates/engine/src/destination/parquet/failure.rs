//! Why the lake refused, and how that is said to people.

use std::error::Error as _;

use super::super::DestinationError;

/// Why work on the lake stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] object_store::Error),
    /// The answer to the caller is known already.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// What was asked for cannot be done, in words.
    #[error("{0}")]
    Refused(String),
    /// Parquet or Arrow refused a file.
    #[error("a Parquet file cannot be read or written: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Arrow refused rows.
    #[error("rows cannot be sorted or filtered: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// A document of the lake is not the JSON it should be.
    #[error("a document of the lake is not the JSON it should be: {0}")]
    Json(#[from] serde_json::Error),
    /// This machine did not do what it was asked.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A task ended without an answer.
    #[error("a task of the lake ended unexpectedly: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Failure {
    /// The error for the caller of a destination that is at `destination` and was `doing` something.
    pub(super) fn explain(self, destination: &str, doing: &str) -> DestinationError {
        match self {
            Self::Destination(error) => error,
            Self::Store(error) => explain_store(&error, destination, doing),
            Self::Io(error) if is_full(&error) => exhausted(destination, doing, &error.to_string()),
            other => DestinationError::Failed {
                destination: destination.to_owned(),
                doing: doing.to_owned(),
                reason: other.to_string(),
            },
        }
    }
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
    )
}

fn exhausted(destination: &str, doing: &str, reason: &str) -> DestinationError {
    DestinationError::Exhausted {
        destination: destination.to_owned(),
        doing: doing.to_owned(),
        reason: reason.to_owned(),
        hint: "Make room, or remove superseded files with `criteo vacuum`, and run again: what was read already \
               waits in the spool."
            .to_owned(),
    }
}

fn explain_store(error: &object_store::Error, destination: &str, doing: &str) -> DestinationError {
    if let Some(cause) = cause_of_this_machine(error)
        && is_full(cause)
    {
        return exhausted(destination, doing, &cause.to_string());
    }
    let reason = reason(error);
    let hint = match error {
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => Some(
            "Check the keys in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
             GOOGLE_SERVICE_ACCOUNT, AZURE_STORAGE_ACCOUNT_NAME and its key, or the role of this machine), and that \
             they may list, read, write and delete below this address.",
        ),
        object_store::Error::NotFound { .. } => Some(
            "Check the name of the bucket, the region and the endpoint; the bucket has to exist.",
        ),
        _ => None,
    };
    if hint.is_some() {
        return DestinationError::Unavailable {
            destination: destination.to_owned(),
            reason: format!("{doing} failed: {reason}"),
            hint: hint.map(str::to_owned),
        };
    }
    DestinationError::Failed {
        destination: destination.to_owned(),
        doing: doing.to_owned(),
        reason,
    }
}

/// What a store says, in one line. A cloud answers with a page that repeats parts of the request, of which only its
/// code and message are worth reading.
pub(super) fn reason(error: &object_store::Error) -> String {
    let text = error.to_string();
    let tag = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (inner, _) = rest.split_once(&format!("</{name}>"))?;
        Some(inner.trim().to_owned())
    };
    match (tag("Code"), tag("Message")) {
        (Some(code), Some(message)) if !message.is_empty() => format!("{code}: {message}"),
        (Some(code), _) => code,
        _ => text.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// The error of the operating system at the end of the chain of causes, if there is one.
fn cause_of_this_machine(error: &object_store::Error) -> Option<&std::io::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Some(io);
        }
        cause = inner.source();
    }
    None
}
