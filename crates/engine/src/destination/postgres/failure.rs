//! Why work stopped, and whether it may be tried again.

use std::error::Error;
use std::io;

use tokio_postgres::error::SqlState;

use super::super::DestinationError;

/// Why work inside a transaction stopped. Whatever it is, the transaction is rolled back.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// PostgreSQL refused a statement, or the connection broke.
    #[error("{}", in_words(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The answer to the caller is known already.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// What was asked for cannot be done, in words.
    #[error("{0}")]
    Refused(String),
    /// The system would not open a file of the spool, which may pass.
    #[error("spool file {path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// A value could not be turned into JSON text or back.
    #[error("a value of the ledger is not the JSON it should be: {0}")]
    Json(#[from] serde_json::Error),
}

impl Failure {
    /// PostgreSQL's code for what went wrong, if it said so itself.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            _ => None,
        }
    }

    /// Whether the connection is gone, so that it is not known whether the last statement was carried out.
    pub(super) fn lost_the_connection(&self) -> bool {
        let Self::Postgres(error) = self else {
            return false;
        };
        error.is_closed() || is_network(error) || self.code().is_some_and(ends_the_session)
    }

    /// Whether the same work may succeed when it is simply done again.
    pub(super) fn is_passing(&self) -> bool {
        self.code().is_some_and(|code| {
            [
                SqlState::T_R_SERIALIZATION_FAILURE,
                SqlState::T_R_DEADLOCK_DETECTED,
            ]
            .contains(code)
        })
    }
}

/// Whether the operating system broke the connection, or never made it.
pub(super) fn is_network(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(<dyn Error>::is::<io::Error>)
}

/// The server was stopped, is starting, or another of its processes crashed.
pub(super) fn ends_the_session(code: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
    ]
    .contains(code)
        || code.code().starts_with("08")
}

/// The server's own words with the detail and hint it gave, or the driver's with their causes.
pub(super) fn in_words(error: &tokio_postgres::Error) -> String {
    if let Some(server) = error.as_db_error() {
        let mut words = server.message().to_owned();
        for (name, more) in [("", server.detail()), ("hint: ", server.hint())] {
            if let Some(more) = more {
                words.push_str(&format!(" ({name}{more})"));
            }
        }
        return words;
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = error.source();
    }
    words
}
