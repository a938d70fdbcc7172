//! The configuration that a platform hands over, as the engine's.
//!
//! Its keys are those of `criteo.toml` without what a platform decides itself (where the rows go, which streams are read)
//! and what lies on a disk that a platform does not have. It is checked by the engine's own rules, so mistakes are told in
//! the same words.

mod form;

use std::path::PathBuf;

use criteo_api::Credentials;
use criteo_engine::Config;
use criteo_engine::config::{
    self, AppKey, DestinationSection, Environment, KeyPlace, STANDARD_OUTPUT,
};
use secrecy::SecretString;
use serde_json::{Map, Value};

pub use self::form::form;
use crate::error::DoorError;

/// The section with the app key.
const CREDENTIALS: &str = "credentials";
/// The folder of [`crate::keys`].
const KEYS_FOLDER: &str = "keys_folder";

/// All that there can be in a configuration.
const KEYS: [&str; 6] = [
    CREDENTIALS,
    "criteo",
    "sync",
    "streams",
    "reports",
    KEYS_FOLDER,
];

/// A platform's configuration.
#[derive(Debug, Clone)]
pub struct DoorConfiguration {
    /// The engine's, with nothing kept on this machine.
    pub config: Config,
    /// Where the keys of what was delivered are kept, if they are.
    pub keys_folder: Option<PathBuf>,
    /// The app key, if the configuration holds it.
    credentials: Option<Credentials>,
}

impl DoorConfiguration {
    /// Reads and checks a configuration; the environment wins over it where it wins over `criteo.toml`.
    ///
    /// # Errors
    /// [`DoorError::Configuration`] with everything that is wrong; no message holds a secret.
    pub fn of(value: &Value, environment: &Environment) -> Result<Self, DoorError> {
        let wrong = |problem: &str| DoorError::Configuration {
            problems: vec![problem.to_owned()],
        };
        let mut sections = value
            .as_object()
            .ok_or_else(|| wrong("It must be an object"))?
            .clone();
        for (key, why) in [
            ("destination", "the platform is the destination"),
            ("connections", "each app key is a source of its own"),
        ] {
            if sections.contains_key(key) {
                return Err(wrong(&format!("`{key}` has no place here: {why}")));
            }
        }
        // Here rather than in the engine, which would name its own sections as those that there are.
        let unknown: Vec<String> = sections
            .keys()
            .filter(|key| !KEYS.contains(&key.as_str()))
            .map(|key| format!("Unknown key `{key}` (known: {})", KEYS.join(", ")))
            .collect();
        if !unknown.is_empty() {
            return Err(DoorError::Configuration { problems: unknown });
        }
        let credentials = match sections.remove(CREDENTIALS) {
            Some(section) => credentials_of(section)?,
            None => None,
        };
        let keys_folder = match sections.remove(KEYS_FOLDER) {
            None | Some(Value::Null) => None,
            Some(Value::String(folder)) if folder.is_empty() => None,
            Some(Value::String(folder)) => Some(PathBuf::from(folder)),
            Some(_) => return Err(wrong("`keys_folder` must be a text")),
        };
        let sections = Value::Object(sections);
        let misplaced = form::misplaced(&sections);
        let text = toml::to_string(&without_gaps(sections))
            .map_err(|error| wrong(&format!("It holds what a configuration cannot: {error}")))?;
        let mut config = match (Config::parse(&text, "the configuration"), misplaced) {
            (Ok(config), misplaced) if misplaced.is_empty() => config,
            (Ok(_), problems) => return Err(DoorError::Configuration { problems }),
            (Err(error), _) => return Err(error.into()),
        };
        config.apply_environment(environment)?;
        config.destination = DestinationSection::Jsonl {
            path: PathBuf::from(STANDARD_OUTPUT),
        };
        Ok(Self {
            config,
            keys_folder,
            credentials,
        })
    }

    /// The app key: that of the configuration, or else the one that the command line would use.
    ///
    /// # Errors
    /// When there is none.
    pub fn key(&self, environment: &Environment) -> Result<AppKey, config::ConfigError> {
        match &self.credentials {
            Some(credentials) => Ok(AppKey {
                credentials: credentials.clone(),
                source: "the configuration".to_owned(),
                place: KeyPlace::Environment,
                warnings: Vec::new(),
            }),
            None => config::credentials(&self.config.criteo, environment),
        }
    }
}

fn credentials_of(section: Value) -> Result<Option<Credentials>, DoorError> {
    let mut problems = Vec::new();
    let mut texts = [None, None];
    match section {
        Value::Null => return Ok(None),
        Value::Object(section) => {
            for (key, value) in section {
                let place = match key.as_str() {
                    "client_id" => 0,
                    "client_secret" => 1,
                    _ => {
                        problems.push(format!(
                            "Unknown key `{key}` in credentials; it has `client_id` and `client_secret`"
                        ));
                        continue;
                    }
                };
                match value {
                    Value::Null => {}
                    Value::String(text) if text.trim().is_empty() => {}
                    Value::String(text) => texts[place] = Some(text.trim().to_owned()),
                    _ => problems.push(format!("credentials.{key} must be a text")),
                }
            }
        }
        _ => problems.push("credentials must be an object".to_owned()),
    }
    let credentials = match texts {
        [Some(id), Some(secret)] => Some(Credentials::new(id, SecretString::from(secret))),
        [None, None] => None,
        [id, _] => {
            let missing = if id.is_none() {
                "client_id"
            } else {
                "client_secret"
            };
            problems.push(format!("credentials.{missing} is missing"));
            None
        }
    };
    if problems.is_empty() {
        Ok(credentials)
    } else {
        Err(DoorError::Configuration { problems })
    }
}

/// What forms send for fields that were left empty is left out, and numbers of days that were sent as texts are numbers.
fn without_gaps(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .into_iter()
                .filter(|(_, value)| !is_gap(value))
                .map(|(key, value)| {
                    let value = match &value {
                        Value::String(text) if key == form::LOOKBACK_DAYS => {
                            text.parse::<u32>().map_or(value, Value::from)
                        }
                        _ => without_gaps(value),
                    };
                    (key, value)
                })
                .collect();
            Value::Object(members)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_gaps).collect()),
        other => other,
    }
}

fn is_gap(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
