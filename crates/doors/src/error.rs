//! Why a door cannot do what a platform asks.

use std::path::PathBuf;

use criteo_engine::EngineError;
use criteo_engine::config::ConfigError;
use criteo_engine::destination::DestinationError;

use crate::keys::KeysError;
use crate::ledger::StateError;

/// Why a door cannot do what a platform asks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// A file that the platform names cannot be read.
    #[error("Cannot read the {what} {}", path.display())]
    Unreadable {
        /// What it is to hold: `configuration`, `catalog`, `state`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not JSON, or was written by half.
    #[error("The {what} {} is not JSON: {reason}", path.display())]
    NotJson {
        /// What it is to hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Where and why, without a word of its content.
        reason: String,
    },
    /// The configuration is wrong. All problems that could be found are listed.
    #[error("The configuration cannot be used: {}", problems.join("; "))]
    Configuration {
        /// What is wrong.
        problems: Vec<String>,
    },
    /// The catalog asks for something that is not on offer.
    #[error("{message}")]
    Catalog {
        /// What, and what is nearest.
        message: String,
    },
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// Keys cannot be kept.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The engine cannot do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Nobody reads the messages any more, or they cannot be written.
    #[error("Messages cannot be written to standard output")]
    Output(#[from] std::io::Error),
    /// The run ended without everything that was asked for.
    #[error("{message}")]
    Incomplete {
        /// What is missing, and why.
        message: String,
        /// Whether a later run may succeed without anybody's doing.
        is_transient: bool,
    },
}

impl From<ConfigError> for DoorError {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Invalid { problems, .. } => Self::Configuration {
                problems: problems
                    .into_iter()
                    .map(|problem| problem.message)
                    .collect(),
            },
            other => Self::Engine(other.into()),
        }
    }
}

impl DoorError {
    /// What a person can do next, if there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotJson { what: "state", .. } => Some(
                "Give the last state that was stored whole. Without a state everything is delivered again, and nothing \
                 is lost."
                    .to_owned(),
            ),
            Self::NotJson {
                what: "configuration",
                ..
            }
            | Self::Unreadable {
                what: "configuration",
                ..
            } => Some(
                "Name a file of JSON with --config: `criteo airbyte spec` says what is in it. A criteo.toml is for \
                 `criteo sync`."
                    .to_owned(),
            ),
            Self::Catalog { .. } => Some(
                "Refresh the source's schema on the platform, so that the catalog is that of this version and \
                 configuration."
                    .to_owned(),
            ),
            Self::State(error) => Some(error.hint().to_owned()),
            Self::Keys(error) => Some(error.hint().to_owned()),
            Self::Engine(error) => error.hint(),
            Self::Incomplete { .. } => Some(
                "What was delivered stays; the next run asks for the rest.".to_owned(),
            ),
            Self::Unreadable { .. }
            | Self::NotJson { .. }
            | Self::Configuration { .. }
            | Self::Output(_) => None,
        }
    }

    /// Whether the cause is in what a person wrote, or the platform handed over.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::NotJson { .. }
            | Self::Configuration { .. }
            | Self::Catalog { .. }
            | Self::State(_)
            | Self::Unreadable { .. }
            | Self::Keys(KeysError::Folder { .. } | KeysError::NotAlone { .. }) => true,
            Self::Engine(error) => {
                error.is_configuration() || matches!(error, EngineError::NoAdvertisers { .. })
            }
            Self::Keys(_) | Self::Output(_) | Self::Incomplete { .. } => false,
        }
    }

    /// Whether it may pass without anybody's doing.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Engine(EngineError::Api(error)) => error.is_transient(),
            Self::Engine(EngineError::AnotherRun { .. }) | Self::Keys(KeysError::Busy { .. }) => {
                true
            }
            Self::Incomplete { is_transient, .. } => *is_transient,
            _ => false,
        }
    }

    /// Whether whoever read the messages has gone.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        match self {
            Self::Output(error) => error.kind() == std::io::ErrorKind::BrokenPipe,
            Self::Engine(EngineError::Destination(DestinationError::ReaderGone { .. })) => true,
            _ => false,
        }
    }

    /// The whole story: what happened, why, and what to do next.
    #[must_use]
    pub fn story(&self) -> String {
        let mut story = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !story.contains(&cause_text) {
                story.push_str(": ");
                story.push_str(&cause_text);
            }
            source = cause.source();
        }
        if let Some(hint) = self.hint() {
            if !story.ends_with(['.', '!', '?']) {
                story.push('.');
            }
            story.push(' ');
            story.push_str(&hint);
        }
        story
    }
}
