//! Named connections: one app key each, all loading into the same destination.

use super::environment::{Environment, Variable};
use super::{Config, ConfigError};

/// Variables that are, or lead to, the key of one app.
const OF_ONE_APP: [Variable; 5] = [
    Variable::CLIENT_ID,
    Variable::CLIENT_SECRET,
    Variable::CLIENT_ID_FILE,
    Variable::CLIENT_SECRET_FILE,
    Variable::KEY_FILE,
];

impl Config {
    /// The configurations that a command works for, one after the other: one for each connection, or for the chosen
    /// one. Without `[connections]`, that is this configuration itself.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoConnection`] for a name that no connection has; [`ConfigError::Environment`] when there are
    /// several and the environment holds the key of one app, which would then be used for all of them.
    pub fn of_connections(
        &self,
        chosen: Option<&str>,
        environment: &Environment,
    ) -> Result<Vec<Config>, ConfigError> {
        if let Some(name) = chosen {
            return Ok(vec![self.of_connection(name)?]);
        }
        if self.connections.is_empty() {
            return Ok(vec![self.clone()]);
        }
        if self.connections.len() > 1 {
            let is_set = |variable: &&Variable| environment.value(**variable).is_some();
            if let Some(variable) = OF_ONE_APP.iter().find(is_set) {
                return Err(ConfigError::Environment {
                    variable: variable.name,
                    message: format!(
                        "is about the key of one app, but the configuration has {} connections; unset it, or choose \
                         the connection it belongs to with --connection",
                        self.connections.len()
                    ),
                });
            }
        }
        self.connections
            .keys()
            .map(|name| self.of_connection(name))
            .collect()
    }

    /// The configuration that a command for one connection works with: that of the chosen one, or of the only one.
    ///
    /// # Errors
    ///
    /// As [`Config::of_connections`], and [`ConfigError::SeveralConnections`] when nobody has chosen.
    pub fn of_one_connection(
        &self,
        chosen: Option<&str>,
        environment: &Environment,
    ) -> Result<Config, ConfigError> {
        if chosen.is_none() && self.connections.len() > 1 {
            return Err(ConfigError::SeveralConnections {
                known: self.connections.keys().cloned().collect(),
            });
        }
        // There is at least one, whatever was chosen.
        let found = self.of_connections(chosen, environment)?;
        Ok(found.into_iter().next().unwrap_or_else(|| self.clone()))
    }

    /// The configuration of one connection: `[criteo]` with what the connection has of its own.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoConnection`] for a name that no connection has.
    pub fn of_connection(&self, name: &str) -> Result<Config, ConfigError> {
        let Some(section) = self.connections.get(name) else {
            return Err(ConfigError::NoConnection {
                name: name.to_owned(),
                known: self.connections.keys().cloned().collect(),
            });
        };
        let mut config = self.clone();
        let criteo = &mut config.criteo;
        criteo.connection = Some(name.to_owned());
        criteo.client_id.clone_from(&section.client_id);
        criteo.key_file.clone_from(&section.key_file);
        criteo.advertiser_ids.clone_from(&section.advertiser_ids);
        let quota = |own: Option<u32>, general: Option<u32>| own.or(general);
        criteo.report_calls_per_minute = quota(
            section.report_calls_per_minute,
            criteo.report_calls_per_minute,
        );
        criteo.calls_per_minute = quota(section.calls_per_minute, criteo.calls_per_minute);
        Ok(config)
    }
}
