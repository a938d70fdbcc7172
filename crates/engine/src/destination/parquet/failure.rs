//! Why the lake refused, and how that is said to people.

use std::error::Error;

use super::super::DestinationError;
use super::super::duckdb::DuckDbFailure;

/// Why work on the lake stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] object_store::Error),
    /// The answer to the caller is known already.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// What was asked for cannot be done, in words. It would be refused again.
    #[error("{0}")]
    Refused(String),
    /// The lake or its store cannot be worked with as it is, in words, whatever is asked for.
    #[error("{0}")]
    Unusable(String),
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

/// What DuckDB says when it compares rows. The rows that came were looked through before, so they are not to blame for
/// what it stumbles over: a file of the lake that is damaged, memory or disk that is too small.
impl From<DuckDbFailure> for Failure {
    fn from(failure: DuckDbFailure) -> Self {
        match failure {
            DuckDbFailure::Refused(reason) => Self::Refused(reason),
            DuckDbFailure::Destination(error) => Self::Destination(error),
            DuckDbFailure::Json(error) => Self::Json(error),
            DuckDbFailure::DuckDb(_) => {
                Self::Unusable(format!("rows could not be compared: {failure}"))
            }
        }
    }
}

impl Failure {
    /// The error for the caller of a destination that is at `destination` and was `doing` something.
    ///
    /// [`DestinationError::Failed`] says that the same rows would be refused again, and costs them: whoever loads gives
    /// them up and reads them anew. So it is only for what the rows, or what was asked for, are to blame for. All else
    /// may pass, and waits.
    pub(super) fn explain(self, destination: &str, doing: &str) -> DestinationError {
        match self {
            Self::Destination(error) => error,
            Self::Store(error) => explain_store(&error, destination, doing),
            Self::Io(error) => explain_machine(&error, destination, doing),
            Self::Parquet(error) => match cause_of_this_machine(&error) {
                Some(cause) if !is_damage(cause) => explain_machine(cause, destination, doing),
                _ => failed(destination, doing, &Self::Parquet(error)),
            },
            Self::Unusable(_) | Self::Json(_) => {
                unavailable(destination, doing, &self.to_string(), None)
            }
            Self::Refused(_) | Self::Arrow(_) | Self::Task(_) => failed(destination, doing, &self),
        }
    }
}

fn failed(destination: &str, doing: &str, failure: &Failure) -> DestinationError {
    DestinationError::Failed {
        destination: destination.to_owned(),
        doing: doing.to_owned(),
        reason: failure.to_string(),
    }
}

fn unavailable(
    destination: &str,
    doing: &str,
    reason: &str,
    hint: Option<&str>,
) -> DestinationError {
    DestinationError::Unavailable {
        destination: destination.to_owned(),
        reason: format!("{doing} failed: {reason}"),
        hint: hint.map(str::to_owned),
    }
}

/// What this machine did not do: for want of room, or for another reason that may pass.
fn explain_machine(error: &std::io::Error, destination: &str, doing: &str) -> DestinationError {
    let reason = error.to_string();
    if is_full(error) {
        return exhausted(destination, doing, &reason);
    }
    unavailable(destination, doing, &reason, Some(TRY_AGAIN))
}

/// Whether an error of reading says that the file itself is not whole, which it will not become.
fn is_damage(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData
    )
}

const TRY_AGAIN: &str = "Check the address and that this machine reaches it and may write to it, and run again: what \
                         was read already waits in the spool and costs no call.";

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
    let hint = match error {
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => {
            "Check the keys in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
             GOOGLE_SERVICE_ACCOUNT, AZURE_STORAGE_ACCOUNT_NAME and its key, or the role of this machine), and that \
             they may list, read, write and delete below this address."
        }
        object_store::Error::NotFound { .. } => {
            "Check the name of the bucket, the region and the endpoint; the bucket has to exist."
        }
        _ => TRY_AGAIN,
    };
    unavailable(destination, doing, &reason(error), Some(hint))
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
fn cause_of_this_machine<'error>(
    error: &'error (dyn Error + 'static),
) -> Option<&'error std::io::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Some(io);
        }
        cause = inner.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::{Error as IoError, ErrorKind};

    use super::*;

    fn explained(failure: Failure) -> DestinationError {
        failure.explain("Parquet folder lake", "loading a window")
    }

    /// What may pass must not cost the rows that wait in the spool.
    #[test]
    fn only_what_the_rows_are_to_blame_for_gives_them_up() {
        let store = |source: &str| object_store::Error::Generic {
            store: "S3",
            source: source.into(),
        };
        let passing = [
            Failure::Store(store("error sending request: Connection refused")),
            Failure::Store(store(
                "Server returned non-2xx status code: 502 Bad Gateway",
            )),
            Failure::Store(object_store::Error::NotFound {
                path: "x".to_owned(),
                source: "gone".into(),
            }),
            Failure::Io(IoError::from(ErrorKind::TimedOut)),
            Failure::Parquet(IoError::from(ErrorKind::StaleNetworkFileHandle).into()),
            Failure::Unusable("the lake is damaged".to_owned()),
        ];
        for failure in passing {
            let error = explained(failure);
            assert!(
                matches!(error, DestinationError::Unavailable { .. }),
                "{error:?}"
            );
        }
        let full = Failure::Parquet(IoError::from(ErrorKind::StorageFull).into());
        assert!(matches!(
            explained(full),
            DestinationError::Exhausted { .. }
        ));
        let lasting = [
            Failure::Refused("the files hold other rows".to_owned()),
            Failure::Parquet(IoError::from(ErrorKind::UnexpectedEof).into()),
            Failure::Parquet(parquet::errors::ParquetError::General("no footer".into())),
        ];
        for failure in lasting {
            let error = explained(failure);
            assert!(
                matches!(error, DestinationError::Failed { .. }),
                "{error:?}"
            );
        }
    }
}
