//! What can be wrong with a configuration, in words for the person who wrote it.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line it stands on, from 1; `None` for something that is missing altogether.
    pub line: Option<usize>,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Why there is no usable configuration or key. None of the variants ever holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no configuration file.
    #[error("There is no configuration file {}", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is there but cannot be read.
    #[error("Cannot read the configuration file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The content is wrong. All problems that could be found are listed.
    #[error("{}", listed(origin, problems))]
    Invalid {
        /// The name of the file.
        origin: String,
        /// What is wrong, in the order of lines.
        problems: Vec<Problem>,
    },
    /// A variable of the environment has a value that cannot be used.
    #[error("{variable} {message}")]
    Environment {
        /// Its name.
        variable: &'static str,
        /// What is wrong with its value.
        message: String,
    },
    /// No app key was found, or only half of one.
    #[error("{missing}")]
    NoKey {
        /// What was not found where.
        missing: String,
    },
    /// A file that should hold the key, or a part of it, cannot be read.
    #[error("Cannot read {}, which {named_by} names", path.display())]
    KeyUnreadable {
        /// The file.
        path: PathBuf,
        /// The variable or configuration key that names it.
        named_by: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file was read but does not hold a key.
    #[error("{} {reason}", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Why it does not, without a word of its content.
        reason: String,
    },
    /// No Connector key was found.
    #[error("No Connector key was found: CRITEO_CONNECTOR_KEY_FILE is not set")]
    NoConnectorKey,
    /// A file was read but does not hold a Connector key.
    #[error("{} {reason}", path.display())]
    NotAConnectorKey {
        /// The file.
        path: PathBuf,
        /// Why it does not, without a word of its content.
        reason: String,
    },
}

impl ConfigError {
    /// What to do about it, where the message does not say it already.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            ConfigError::NotFound { .. } => Some(format!(
                "Write one, for example:\n\n{}\n\
                 Put the app key into CRITEO_CLIENT_ID and CRITEO_CLIENT_SECRET, then run `criteo check`.\n\
                 No key yet? `criteo demo` shows everything without one.",
                indented(super::MINIMAL_FILE)
            )),
            ConfigError::NoKey { .. } => Some(
                "Set CRITEO_CLIENT_ID and CRITEO_CLIENT_SECRET, or name files that hold them in \
                 CRITEO_CLIENT_ID_FILE and CRITEO_CLIENT_SECRET_FILE, or name the key file from Criteo's portal in \
                 CRITEO_KEY_FILE or as `key_file` in [criteo]."
                    .to_owned(),
            ),
            ConfigError::NotAKey { .. } => Some(
                "In Criteo's partner portal, open the app, then App credentials, Create new key. The file that is \
                 downloaded holds a client_id and a client_secret."
                    .to_owned(),
            ),
            ConfigError::NoConnectorKey | ConfigError::NotAConnectorKey { .. } => Some(
                "In Criteo's partner portal, open the app, then Connector Parameters, Create a new connector, and name \
                 in CRITEO_CONNECTOR_KEY_FILE the file that is downloaded, which holds a public and a private key. \
                 Without a Connector, use \"Generate new URL\" at the portal instead."
                    .to_owned(),
            ),
            ConfigError::Unreadable { .. }
            | ConfigError::Invalid { .. }
            | ConfigError::Environment { .. }
            | ConfigError::KeyUnreadable { .. } => None,
        }
    }
}

fn listed(origin: &str, problems: &[Problem]) -> String {
    match problems {
        [Problem { line, message }] => match line {
            Some(line) => format!("{origin}, line {line}: {message}"),
            None => format!("{origin}: {message}"),
        },
        _ => {
            let lines: String = problems
                .iter()
                .map(|problem| format!("\n  {problem}"))
                .collect();
            format!("{origin} has {} problems:{lines}", problems.len())
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        formatter.write_str(&self.message)
    }
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("    {line}\n"),
        })
        .collect()
}
