//! `criteo consent`: how access is granted, who granted it, and waiting for more.

mod listen;
mod look;
mod url;
mod wait;

use std::sync::Arc;

use criteo_api::Client;
use criteo_engine::config::{Config, ConfigError, Environment};
use criteo_engine::event::{Event, Reporter};

use super::context::Context;
use crate::arguments::{ConsentArguments, ConsentCommand};
use crate::exit::Exit;
use crate::reporters::Warnings;

/// The smallest configuration that there is: consent is asked for before anybody has written one.
const NO_FILE: &str = "[criteo]\ncurrency = \"EUR\"\n";

/// Shows, waits, signs or listens.
pub(super) async fn run(context: &Context, arguments: &ConsentArguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        Some(ConsentCommand::Url(arguments)) => url::run(context, arguments),
        Some(ConsentCommand::Listen(arguments)) => listen::run(context, arguments).await,
        None if arguments.watch => wait::run(context, arguments).await,
        None => look::run(context).await,
    }
}

/// A client of Criteo's API, and the client id that it uses.
fn client(context: &Context) -> anyhow::Result<(Client, String)> {
    let config = configuration(context)?;
    let reporter = Arc::new(Warnings::new(context.printer));
    let key = context.key(&config)?;
    for message in key.warnings {
        let stream = None;
        reporter.on_event(&Event::Warning { stream, message });
    }
    let client_id = key.credentials.client_id.clone();
    let client = criteo_engine::client(&config, key.credentials, reporter)?;
    Ok((client, client_id))
}

/// The configuration file, if there is one: nothing of it matters here but the key's place and the API's address.
fn configuration(context: &Context) -> Result<Config, ConfigError> {
    match context.configuration() {
        Err(ConfigError::NotFound { .. }) if context.global.config.ends_with("criteo.toml") => {
            let mut config = Config::parse(NO_FILE, "no configuration file")?;
            config.apply_environment(&Environment::of_process())?;
            Ok(config)
        }
        found => found,
    }
}
