//! What commands have in common before they begin: the configuration, the key, the engine.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use criteo_engine::catalog::Catalog;
use criteo_engine::config::key_store::KeyStore;
use criteo_engine::config::{self, AppKey, Config, ConfigError, DestinationSection, Environment};
use criteo_engine::doctor::{KeyFingerprint, KeyRecord};
use criteo_engine::event::{Event, Reporter};
use criteo_engine::{Engine, Selection, introduce};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::arguments::{Global, SelectionArguments};
use crate::exit::{self, Exit, UsageError};
use crate::printer::Printer;
use crate::wording::shell_word;

/// What every command is given.
pub(crate) struct Context {
    /// The global options.
    pub(crate) global: Global,
    /// The way to speak.
    pub(crate) printer: Printer,
    /// The destination that the command line names in the place of the configured one.
    pub(crate) output: Option<DestinationSection>,
}

/// Seconds that a person has to unlock the keyring when it asks.
const UNLOCK_SECONDS: u64 = 60;

/// The option that names a configuration to other commands, with a blank behind it and ready for a shell; nothing where it is
/// the one that they take by themselves.
pub(super) fn config_option(path: &Path) -> String {
    if path == Path::new("criteo.toml") {
        String::new()
    } else {
        format!("--config {} ", shell_word(&path.display().to_string()))
    }
}

impl Context {
    /// The same with another destination, if there is one.
    pub(super) fn with_output(&self, output: Option<DestinationSection>) -> Context {
        Context {
            global: self.global.clone(),
            printer: self.printer,
            output,
        }
    }

    /// The option that names the configuration to other commands, with a blank behind it, where there has to be one.
    pub(super) fn config_option(&self) -> String {
        config_option(&self.global.config)
    }

    fn load(&self) -> Result<Config, ConfigError> {
        let mut config = Config::load(&self.global.config)?;
        if let Some(output) = &self.output {
            config.destination = output.clone();
        }
        Ok(config)
    }

    /// The configuration file, with what the environment overrules. Where it has connections and one is chosen (or
    /// there is only one), it is the configuration of that one.
    pub(super) fn configuration(&self) -> Result<Config, ConfigError> {
        let environment = Environment::of_process();
        let config = self.load()?;
        let chosen = self.chosen_connection(&environment);
        let mut config = match config.of_one_connection(chosen.as_deref(), &environment) {
            Err(ConfigError::SeveralConnections { .. }) => config,
            other => other?,
        };
        config.apply_environment(&environment)?;
        Ok(config)
    }

    /// The configurations of all connections that a command works for, one after the other; one configuration where
    /// there are no connections. With what the environment overrules.
    pub(super) fn configurations(&self) -> Result<Vec<Config>, ConfigError> {
        let environment = Environment::of_process();
        let config = self.load()?;
        let chosen = self.chosen_connection(&environment);
        let mut configs = config.of_connections(chosen.as_deref(), &environment)?;
        for config in &mut configs {
            config.apply_environment(&environment)?;
        }
        Ok(configs)
    }

    /// The connection that the command line or the environment names.
    pub(super) fn chosen_connection(&self, environment: &Environment) -> Option<String> {
        let named = self.global.connection.as_deref();
        named.or(environment.connection()).map(str::to_owned)
    }

    /// The user's store of keys. A locked keyring may ask whoever sits before the terminal.
    pub(super) fn key_store(&self, environment: &Environment) -> KeyStore {
        let store = KeyStore::of_user(environment);
        if std::io::stderr().is_terminal() {
            store.prompting_for(UNLOCK_SECONDS)
        } else {
            store
        }
    }

    /// The app key of `config`, which has to be that of one connection, from wherever it is kept.
    pub(super) fn key(&self, config: &Config) -> Result<AppKey, ConfigError> {
        if config.criteo.connection.is_none() && !config.connections.is_empty() {
            let known = config.connections.keys().cloned().collect();
            return Err(ConfigError::SeveralConnections { known });
        }
        let environment = Environment::of_process();
        let store = self.key_store(&environment);
        config::credentials_from(&config.criteo, &environment, &store)
    }

    /// An engine for `config`, with the key from wherever it is kept.
    pub(super) fn engine<R: Reporter + 'static>(
        &self,
        config: &Config,
        reporter: Arc<R>,
    ) -> anyhow::Result<Engine> {
        let key = self.key(config)?;
        tracing::debug!(source = key.source, "Found the app key");
        for message in key.warnings {
            let stream = None;
            reporter.on_event(&Event::Warning { stream, message });
        }
        Ok(Engine::open(config, key.credentials, reporter)?)
    }
}

/// The connections that a command works for, ready to work one after the other.
pub(super) struct Connections<R> {
    /// Those whose key was found.
    pub(super) ready: Vec<Connected<R>>,
    /// Whether there are several, so that what is shown has to say which.
    pub(super) are_several: bool,
    /// How badly the others ended, which were told of already.
    pub(super) exit: Exit,
}

/// One of them.
pub(super) struct Connected<R> {
    /// Its configuration.
    pub(super) config: Config,
    /// Its engine. Drop it before the next one works: both would open the destination.
    pub(super) engine: Engine,
    /// What its engine reports to.
    pub(super) reporter: Arc<R>,
}

/// What `--json` prints where there are several connections.
#[derive(Serialize)]
pub(super) struct PerConnection<T> {
    /// By the names of the connections.
    pub(super) connections: BTreeMap<String, T>,
}

impl Context {
    /// Engines for every connection that the command works for, each with a reporter of its own, introduced to each
    /// other. With several, one that cannot begin is told of and does not keep the others from working.
    pub(super) async fn connections<R: Reporter + 'static>(
        &self,
        reporter: impl Fn() -> R,
    ) -> anyhow::Result<Connections<R>> {
        let configs = self.configurations()?;
        let are_several = configs.len() > 1;
        let mut exit = Exit::Complete;
        let mut ready = Vec::new();
        for config in configs {
            let reporter = Arc::new(reporter());
            match self.engine(&config, Arc::clone(&reporter)) {
                Ok(engine) => ready.push(Connected {
                    config,
                    engine,
                    reporter,
                }),
                Err(error) if are_several => exit = exit.and(self.failed(&config, error)),
                Err(error) => return Err(error),
            }
        }
        let mut engines: Vec<&mut Engine> = ready.iter_mut().map(|one| &mut one.engine).collect();
        introduce(&mut engines).await;
        Ok(Connections {
            ready,
            are_several,
            exit,
        })
    }

    /// Tells of the failure of one connection among several.
    pub(super) fn failed(&self, config: &Config, error: anyhow::Error) -> Exit {
        let name = config.criteo.connection.as_deref().unwrap_or_default();
        let error = error.context(format!("The connection {name} failed"));
        exit::report(&error, &self.printer)
    }

    /// Announces one connection among several.
    pub(super) fn announce(&self, config: &Config) -> std::io::Result<()> {
        match &config.criteo.connection {
            Some(name) if !self.printer.is_json() && !self.printer.is_quiet() => {
                self.printer.data(format_args!("\nConnection {name}"))
            }
            _ => Ok(()),
        }
    }
}

/// Remembers that Criteo has accepted a key, for the day on which it does not any more. Where that cannot be written,
/// `criteo check` has one thing less to go by, which is nothing to trouble anybody with.
pub(super) fn note_accepted_key(key: &KeyFingerprint) {
    if let Some(record) = KeyRecord::of_user()
        && let Err(error) = record.note(key, Timestamp::now())
    {
        tracing::debug!(%error, "That the key was accepted could not be remembered");
    }
}

/// What the command line selects, checked as far as that goes without asking anybody.
pub(super) fn selection(
    arguments: &SelectionArguments,
    config: &Config,
) -> Result<Selection, UsageError> {
    check_range(arguments.from, arguments.to)?;
    check_streams(&arguments.streams, config)?;
    Ok(Selection {
        streams: arguments.streams.clone(),
        from: arguments.from,
        to: arguments.to,
        full_refresh: arguments.full_refresh,
        rebuild: arguments.rebuild,
        accept_loss: arguments.accept_loss,
    })
}

/// Refuses a range that ends before it begins.
pub(super) fn check_range(from: Option<Date>, to: Option<Date>) -> Result<(), UsageError> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => Err(UsageError::new(format!(
            "--from {from} is later than --to {to}"
        ))),
        _ => Ok(()),
    }
}

/// Refuses a name that neither the catalog nor the configuration knows, with the nearest one that does.
pub(super) fn check_streams(streams: &[String], config: &Config) -> Result<(), UsageError> {
    let catalog = Catalog::builtin();
    for name in streams {
        let is_report = config.reports.iter().any(|report| report.name == *name);
        if catalog.stream(name).is_none() && !is_report {
            let error = UsageError::new(format!("There is no stream {name}"));
            return Err(match catalog.suggest_stream(name) {
                Some(near) => error.with_hint(format!("Did you mean --stream {near}?")),
                None => error.with_hint("`criteo streams` lists them all."),
            });
        }
    }
    Ok(())
}
