//! What commands have in common before they begin: the configuration, the key, the engine.

use std::sync::Arc;

use criteo_engine::catalog::Catalog;
use criteo_engine::config::{self, Config, ConfigError, Environment};
use criteo_engine::event::{Event, Reporter};
use criteo_engine::{Engine, Selection};
use jiff::civil::Date;

use crate::arguments::{Global, SelectionArguments};
use crate::exit::UsageError;
use crate::printer::Printer;

/// What every command is given.
pub(crate) struct Context {
    /// The global options.
    pub(crate) global: Global,
    /// The way to speak.
    pub(crate) printer: Printer,
}

impl Context {
    /// The configuration file, with what the environment overrules.
    pub(super) fn configuration(&self) -> Result<Config, ConfigError> {
        let mut config = Config::load(&self.global.config)?;
        config.apply_environment(&Environment::of_process())?;
        Ok(config)
    }

    /// An engine for `config`, with the key from wherever it is kept.
    pub(super) fn engine<R: Reporter + 'static>(
        &self,
        config: &Config,
        reporter: Arc<R>,
    ) -> anyhow::Result<Engine> {
        let key = config::credentials(&config.criteo, &Environment::of_process())?;
        tracing::debug!(source = key.source, "Found the app key");
        for message in key.warnings {
            let stream = None;
            reporter.on_event(&Event::Warning { stream, message });
        }
        Ok(Engine::open(config, key.credentials, reporter)?)
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
