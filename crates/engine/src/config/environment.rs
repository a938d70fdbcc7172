//! The variables of the environment that the product reads, all of them.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::{Config, ConfigError};

/// One variable the product reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is for; the text of the reference page.
    pub description: &'static str,
}

impl Variable {
    /// The client id of the app key.
    pub const CLIENT_ID: Variable = Variable {
        name: "CRITEO_CLIENT_ID",
        description: "Client id of the app key. Wins over client_id in the configuration.",
    };
    /// The client secret of the app key.
    pub const CLIENT_SECRET: Variable = Variable {
        name: "CRITEO_CLIENT_SECRET",
        description: "Client secret of the app key.",
    };
    /// A file that holds the client id.
    pub const CLIENT_ID_FILE: Variable = Variable {
        name: "CRITEO_CLIENT_ID_FILE",
        description: "File that holds the client id and nothing else, as container secrets are mounted.",
    };
    /// A file that holds the client secret.
    pub const CLIENT_SECRET_FILE: Variable = Variable {
        name: "CRITEO_CLIENT_SECRET_FILE",
        description: "File that holds the client secret and nothing else, as container secrets are mounted.",
    };
    /// A file that holds both, as the portal lets people download it.
    pub const KEY_FILE: Variable = Variable {
        name: "CRITEO_KEY_FILE",
        description: "Key file from Criteo's partner portal. Wins over key_file in the configuration.",
    };
    /// The key pair of a Connector, as the portal lets people download it.
    pub const CONNECTOR_KEY_FILE: Variable = Variable {
        name: "CRITEO_CONNECTOR_KEY_FILE",
        description: "File with the key pair of the app's Connector, for criteo consent url and listen.",
    };
    /// The page that signed consent URLs lead to.
    pub const CONSENT_URL: Variable = Variable {
        name: "CRITEO_CONSENT_URL",
        description: "Address of the consent page, for the sandbox: https, or http on this machine.",
    };
    /// Whether the operating system's keyring is asked for the key.
    pub const KEYRING: Variable = Variable {
        name: "CRITEO_KEYRING",
        description: "off: never ask the operating system's keyring for the key.",
    };
    /// The connection to use.
    pub const CONNECTION: Variable = Variable {
        name: "CRITEO_CONNECTION",
        description: "Name of the connection to use, of those in [connections] of the configuration.",
    };
    /// The address of the API.
    pub const API_URL: Variable = Variable {
        name: "CRITEO_API_URL",
        description: "Address of the API, for a proxy or the sandbox: https, or http on this machine.",
    };
    /// Report calls in any 60 seconds.
    pub const REPORT_CALLS_PER_MINUTE: Variable = Variable {
        name: "CRITEO_REPORT_CALLS_PER_MINUTE",
        description: "Report calls in any 60 seconds; Criteo grants 40.",
    };
    /// Other calls in any 60 seconds.
    pub const CALLS_PER_MINUTE: Variable = Variable {
        name: "CRITEO_CALLS_PER_MINUTE",
        description: "All other calls in any 60 seconds; Criteo grants 250.",
    };
    /// The password of the destination's user.
    pub const DESTINATION_PASSWORD: Variable = Variable {
        name: "CRITEO_DESTINATION_PASSWORD",
        description: "Password of the destination's user. Wins over one in a URL of the configuration.",
    };
    /// A file that holds that password.
    pub const DESTINATION_PASSWORD_FILE: Variable = Variable {
        name: "CRITEO_DESTINATION_PASSWORD_FILE",
        description: "File that holds the password of the destination's user and nothing else.",
    };
    /// PostgreSQL's own variable for a password.
    pub const PGPASSWORD: Variable = Variable {
        name: "PGPASSWORD",
        description: "Password for PostgreSQL, as its own programs read it; the variables above win.",
    };
    /// PostgreSQL's own variable for a password file.
    pub const PGPASSFILE: Variable = Variable {
        name: "PGPASSFILE",
        description: "Password file of PostgreSQL's own programs; by default ~/.pgpass.",
    };
    /// The calendar's idea of now.
    pub const NOW: Variable = Variable {
        name: "CRITEO_NOW",
        description: "An instant such as 2026-03-01T08:00:00Z that replaces the calendar's idea of now, not the timers.",
    };

    /// Every variable, in the order of the reference page.
    pub const ALL: [Variable; 17] = [
        Variable::CLIENT_ID,
        Variable::CLIENT_SECRET,
        Variable::CLIENT_ID_FILE,
        Variable::CLIENT_SECRET_FILE,
        Variable::KEY_FILE,
        Variable::CONNECTOR_KEY_FILE,
        Variable::CONSENT_URL,
        Variable::KEYRING,
        Variable::CONNECTION,
        Variable::API_URL,
        Variable::REPORT_CALLS_PER_MINUTE,
        Variable::CALLS_PER_MINUTE,
        Variable::DESTINATION_PASSWORD,
        Variable::DESTINATION_PASSWORD_FILE,
        Variable::PGPASSWORD,
        Variable::PGPASSFILE,
        Variable::NOW,
    ];
}

/// The values of those variables. It holds secrets, so it can be neither printed nor cloned.
#[derive(Default)]
pub struct Environment {
    values: BTreeMap<&'static str, String>,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Environment {
        Environment::of(|name| std::env::var(name).ok())
    }

    /// An environment that answers with `value_of`. Empty values count as unset, because that is how a variable is
    /// cleared in a container or a unit file.
    pub fn of(value_of: impl Fn(&str) -> Option<String>) -> Environment {
        let values = Variable::ALL
            .iter()
            .filter_map(|variable| {
                let value = value_of(variable.name)?;
                (!value.trim().is_empty()).then_some((variable.name, value))
            })
            .collect();
        Environment { values }
    }

    /// The connection that `CRITEO_CONNECTION` names.
    #[must_use]
    pub fn connection(&self) -> Option<&str> {
        self.value(Variable::CONNECTION).map(str::trim)
    }

    /// The password of the destination's user, from the variable or the file that holds it; `None` without either, and
    /// where the file cannot be read: the destination will say that the password is missing.
    #[must_use]
    pub fn destination_password(&self) -> Option<SecretString> {
        if let Some(password) = self.value(Variable::DESTINATION_PASSWORD) {
            return Some(password.to_owned().into());
        }
        let file = self.value(Variable::DESTINATION_PASSWORD_FILE)?;
        match std::fs::read_to_string(file) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned().into()),
            Err(error) => {
                tracing::warn!(file, %error, "The file with the destination's password cannot be read");
                None
            }
        }
    }

    /// The address that `CRITEO_CONSENT_URL` puts in the place of Criteo's consent page.
    #[must_use]
    pub fn consent_url(&self) -> Option<&str> {
        self.value(Variable::CONSENT_URL).map(str::trim)
    }

    /// The value of a variable, unless it is unset or empty.
    pub(crate) fn value(&self, variable: Variable) -> Option<&str> {
        self.values.get(variable.name).map(String::as_str)
    }
}

impl Config {
    /// Lets `CRITEO_API_URL`, `CRITEO_REPORT_CALLS_PER_MINUTE` and `CRITEO_CALLS_PER_MINUTE` win over the file.
    ///
    /// This is not part of loading, so that a program which brings its own configuration (the demo) is not sent
    /// elsewhere by a variable that was meant for another one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Environment`] with the name of the variable whose value cannot be used.
    pub fn apply_environment(&mut self, environment: &Environment) -> Result<(), ConfigError> {
        if let Some(address) = environment.value(Variable::API_URL) {
            criteo_api::BaseUrl::parse(address).map_err(|error| ConfigError::Environment {
                variable: Variable::API_URL.name,
                message: format!("cannot be used. {error}"),
            })?;
            self.criteo.api_url = Some(address.trim().to_owned());
        }
        if let Some(quota) = quota(environment, Variable::REPORT_CALLS_PER_MINUTE)? {
            self.criteo.report_calls_per_minute = Some(quota);
        }
        if let Some(quota) = quota(environment, Variable::CALLS_PER_MINUTE)? {
            self.criteo.calls_per_minute = Some(quota);
        }
        Ok(())
    }
}

fn quota(environment: &Environment, variable: Variable) -> Result<Option<u32>, ConfigError> {
    let Some(written) = environment.value(variable) else {
        return Ok(None);
    };
    match written.trim().parse() {
        Ok(quota) if quota > 0 => Ok(Some(quota)),
        _ => Err(ConfigError::Environment {
            variable: variable.name,
            message: format!("must be a whole number from 1, but is {written:?}"),
        }),
    }
}
