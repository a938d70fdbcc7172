//! What can be wrong with a configuration, in words for the person who wrote it.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::Variable;
use super::key_store::KeyStoreError;
use crate::doctor::CauseId;

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
    /// The user's store of keys cannot be used.
    #[error(transparent)]
    Store(#[from] KeyStoreError),
    /// A key was found, but it is not the one that was asked for.
    #[error(
        "{found_in} holds the key of client id {found}, but {wanted_by} asks for {wanted}; an id with the secret of \
         another key cannot work"
    )]
    OtherKey {
        /// Where the key was found.
        found_in: String,
        /// Its client id.
        found: String,
        /// What names another client id.
        wanted_by: &'static str,
        /// The client id asked for.
        wanted: String,
    },
    /// No connection has this name.
    #[error("There is no connection {name}{}", known_connections(known))]
    NoConnection {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The configuration has several connections, and what is to be done concerns one.
    #[error("The configuration has {} connections ({}), and this works for one", known.len(), known.join(", "))]
    SeveralConnections {
        /// Their names.
        known: Vec<String>,
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
                "Where it was set up before, go to that folder, or name the file: `criteo --config PATH/criteo.toml COMMAND`. \
                 Otherwise `criteo init` sets everything up, step by step. Or write one, for example:\n\n{}\n\
                 Keep the app key with `criteo auth import FILE`, then run `criteo check`.\n\
                 No key yet? `criteo demo` shows everything without one.",
                indented(super::MINIMAL_FILE)
            )),
            ConfigError::NoKey { .. } => Some(
                "`criteo init` shows how to get one. Or store the key file from Criteo's portal with `criteo auth import FILE`, or name it in \
                 CRITEO_KEY_FILE or as `key_file` in the configuration, or set CRITEO_CLIENT_ID and \
                 CRITEO_CLIENT_SECRET, or name files that hold them in CRITEO_CLIENT_ID_FILE and \
                 CRITEO_CLIENT_SECRET_FILE."
                    .to_owned(),
            ),
            ConfigError::Store(error) => error.hint(),
            ConfigError::OtherKey { .. } => Some(
                "`criteo auth status` shows which key is found where; remove one of the two.".to_owned(),
            ),
            ConfigError::NoConnection { known, .. } if known.is_empty() => Some(
                "The configuration has no [connections]: leave --connection and CRITEO_CONNECTION out, or add one."
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
            ConfigError::SeveralConnections { .. } => {
                Some("Choose one with --connection NAME or CRITEO_CONNECTION.".to_owned())
            }
            ConfigError::KeyUnreadable {
                source, named_by, ..
            } if source.kind() == ErrorKind::NotFound => {
                // Either of both wins over the store of keys.
                let is_of_key = named_by.starts_with("`key_file`")
                    || named_by == Variable::KEY_FILE.name;
                let other_way = if is_of_key {
                    format!(
                        " Without {named_by}, the key is used that `criteo auth import FILE` keeps."
                    )
                } else {
                    String::new()
                };
                Some(format!(
                    "Correct that path, or put the file there; `criteo check` then says whether everything is in order.{other_way}"
                ))
            }
            ConfigError::KeyUnreadable { .. } => {
                Some(CauseId::KeyFileUnreadable.next().to_owned())
            }
            ConfigError::NoConnection { .. }
            | ConfigError::Unreadable { .. }
            | ConfigError::Invalid { .. }
            | ConfigError::Environment { .. } => None,
        }
    }
}

fn known_connections(known: &[String]) -> String {
    match known {
        [] => String::new(),
        [one] => format!("; the only one is {one}"),
        many => format!("; there are {}", many.join(", ")),
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
