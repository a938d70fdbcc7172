//! Why the engine could not do what it was asked.

use std::io::ErrorKind;

use crate::config::ConfigError;
use crate::destination::DestinationError;
use crate::doctor;

/// An error that ends a run (or keeps it from beginning). What goes wrong with a single window is not among them:
/// that window is quarantined and the run goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The configuration cannot be used.
    #[error("{message}")]
    Configuration {
        /// What is wrong, where, and what would be right.
        message: String,
    },
    /// The configuration file is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The calendar is wrong.
    #[error(transparent)]
    Clock(#[from] crate::calendar::InvalidNow),
    /// Criteo refused the app itself: nothing can be read.
    #[error(transparent)]
    Api(#[from] criteo_api::Error),
    /// Nobody has given the app consent to read an advertiser, or none of the configured ones.
    #[error("{message}")]
    NoAdvertisers {
        /// Which.
        message: String,
    },
    /// The destination refused.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The spool folder cannot be used.
    #[error("Cannot use the spool folder {path} while {doing}: {source}")]
    Spool {
        /// The folder or file.
        path: String,
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// Another run works with the same spool folder.
    #[error(
        "Another criteo command is working here: it holds the spool folder {folder} (where what was read waits to be \
         loaded)"
    )]
    AnotherRun {
        /// The folder.
        folder: String,
    },
    /// A spool file holds something else than a window.
    #[error("Spool file {path} cannot be read: {reason}")]
    SpoolDamaged {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A rebuild would delete rows that Criteo does not give any more.
    #[error("A rebuild would delete for good what cannot be read again: {what}")]
    Irretrievable {
        /// Of which advertisers and days.
        what: String,
        /// How to keep it.
        hint: String,
    },
    /// Criteo's totals could not be had, so nothing can be said about the table.
    #[error("The totals of {stream}, {window}, cannot be compared: {reason}")]
    Unverifiable {
        /// Stream name.
        stream: String,
        /// What was asked for.
        window: String,
        /// Why there is no answer.
        reason: String,
    },
    /// A part of the engine ended without an answer. This is a fault of the program.
    #[error("A task of the engine ended unexpectedly: {reason}")]
    Task {
        /// Why.
        reason: String,
    },
}

impl EngineError {
    /// What a person can do next, if there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Api(error) => doctor::hint_of_api_error(error),
            Self::Destination(error) => error.hint(),
            Self::Irretrievable { hint, .. } => Some(hint.clone()),
            Self::NoAdvertisers { .. } => Some(format!(
                "{} `criteo check` shows when it has worked.",
                doctor::CauseId::NoConsent.next()
            )),
            Self::Spool { source, .. } if cannot_be_written(source) => Some(
                "The destination has to lie in a folder that can be written to: windows wait beside it, unless `spool_dir` \
                 in [sync] names another folder. `criteo check` says which of the two cannot be."
                    .to_owned(),
            ),
            Self::Spool { .. } => Some(
                "Choose another folder with `spool_dir` in [sync], or make room on this disk."
                    .to_owned(),
            ),
            Self::AnotherRun { .. } => Some(
                "Wait until it has ended, and try again; two runs cannot load into one destination at the same time."
                    .to_owned(),
            ),
            Self::SpoolDamaged { path, .. } => Some(format!(
                "Remove {path}; the window it belonged to will be read from Criteo again."
            )),
            Self::Configuration { .. }
            | Self::Clock(_)
            | Self::Task { .. }
            | Self::Unverifiable { .. } => None,
        }
    }

    /// Whether the cause is in what the user wrote, which has an exit code of its own.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Configuration { .. }
                | Self::Config(_)
                | Self::Clock(_)
                | Self::Irretrievable { .. }
                // A table and the configuration that do not fit each other: one of them has to be changed by hand.
                | Self::Destination(
                    DestinationError::Incompatible { .. }
                        | DestinationError::ForeignTable { .. }
                        | DestinationError::Unsupported { .. }
                )
        )
    }
}

fn cannot_be_written(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory
    )
}
