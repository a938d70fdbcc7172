//! `criteo auth`: where the app key is kept, and how it gets there, is changed and goes away.

mod import;
mod reach;
mod remove;
mod rotate;
mod status;

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use criteo_api::Credentials;
use criteo_engine::config::key_store::{
    DEFAULT_CONNECTION, KeyStore, Place, Stored, StoredKey, Wish,
};
use criteo_engine::config::{self, Config, ConfigError, Environment, KeyPlace};
use criteo_engine::{Application, EngineError, Reach, application_of, reach_of};
use criteo_setup::key_text::key_in_file;

use super::context::Context;
use crate::arguments::AuthCommand;
use crate::exit::Exit;
use crate::printer::Printer;

/// Does what was asked for.
pub(super) async fn run(context: &Context, command: &AuthCommand) -> anyhow::Result<Exit> {
    match command {
        AuthCommand::Import(arguments) => import::run(context, arguments).await,
        AuthCommand::Status(arguments) => status::run(context, arguments).await,
        AuthCommand::Rotate(arguments) => rotate::run(context, arguments).await,
        AuthCommand::Remove => remove::run(context),
    }
}

/// One connection, and what its key is kept in.
struct Subject {
    config: Config,
    environment: Environment,
    store: KeyStore,
}

impl Subject {
    /// The connection that was chosen. There need not be a configuration yet: a key comes first.
    fn of(context: &Context) -> Result<Subject, ConfigError> {
        let environment = Environment::of_process();
        let chosen = context.chosen_connection(&environment);
        let mut config =
            configuration(context)?.of_one_connection(chosen.as_deref(), &environment)?;
        config.apply_environment(&environment)?;
        Ok(Subject {
            config,
            store: context.key_store(&environment),
            environment,
        })
    }

    /// The name under which the key is kept.
    fn connection(&self) -> &str {
        let connection = self.config.criteo.connection.as_deref();
        connection.unwrap_or(DEFAULT_CONNECTION)
    }

    /// The key that is kept.
    fn kept(&self) -> Result<Option<StoredKey>, ConfigError> {
        Ok(self.store.load(self.connection())?.key)
    }

    /// Keeps a key in place of any other.
    fn keep(&self, key: &Credentials, wish: Wish) -> Result<Stored, ConfigError> {
        Ok(self.store.store(self.connection(), key, wish)?)
    }

    /// Forgets the key, and says where it was.
    fn forget(&self) -> Result<Vec<Place>, ConfigError> {
        Ok(self.store.remove(self.connection())?)
    }

    /// How to say which connection, where there are several: empty, or with a blank before it.
    fn of_connection(&self) -> String {
        let connection = self.config.criteo.connection.as_deref();
        connection
            .map(|name| format!(" of the connection {name}"))
            .unwrap_or_default()
    }

    /// Whether Criteo accepts a key.
    async fn test(&self, key: &Credentials) -> Result<Application, EngineError> {
        application_of(&self.config, key.clone()).await
    }

    /// What it may read; the second stage of the test, after which it is kept all the same.
    async fn reach(&self, key: &Credentials) -> Result<Reach, EngineError> {
        reach_of(&self.config, key.clone()).await
    }

    /// Warns when a key in the store is not the one that is used, because another place wins over it.
    fn warn_if_overruled(&self, printer: &Printer) {
        match config::credentials_from(&self.config.criteo, &self.environment, &self.store) {
            Ok(key) => {
                if !matches!(key.place, KeyPlace::Store(_)) {
                    printer.warning(&format!(
                        "It is not used as long as {} gives a key, which wins over it",
                        key.source
                    ));
                }
            }
            Err(error) => printer.warning(&format!("It cannot be used yet. {error}")),
        }
    }
}

/// The configuration file, or an empty one where there is none yet and none was asked for.
fn configuration(context: &Context) -> Result<Config, ConfigError> {
    match Config::load(&context.global.config) {
        Err(ConfigError::NotFound { path }) if path == Path::new("criteo.toml") => {
            Config::parse(config::MINIMAL_FILE, "the built-in example")
        }
        other => other,
    }
}

/// Reads the key in a file, or on standard input for `-`.
pub(super) fn read_key(context: &Context, file: &Path) -> Result<Credentials, ConfigError> {
    if file != Path::new("-") {
        return key_in_file(file, "the command line");
    }
    let origin = PathBuf::from("standard input");
    if std::io::stdin().is_terminal() {
        context
            .printer
            .note("Paste the content of the key file, then press Ctrl-D.");
    }
    let mut text = String::new();
    match std::io::stdin().lock().read_to_string(&mut text) {
        Ok(_) => config::key_from_text(&text, &origin),
        Err(source) => Err(ConfigError::KeyUnreadable {
            path: origin,
            named_by: "the command line".to_owned(),
            source,
        }),
    }
}

/// What to say of the file that a key was read from, once it is kept elsewhere.
fn say_what_remains(context: &Context, file: &Path) {
    if file != Path::new("-") {
        context.printer.note(format_args!(
            "{} still holds the secret, too: delete it, or keep it where only you can read it.",
            file.display()
        ));
    }
}

/// A place with its article, for a sentence.
fn in_words(place: &Place) -> String {
    match place {
        Place::Keyring => "the keyring of the operating system".to_owned(),
        Place::File(path) => path.display().to_string(),
    }
}

/// An app in words.
fn called(application: &Application) -> String {
    match (&application.name, application.id) {
        (Some(name), _) => format!("the app '{name}'"),
        (None, Some(id)) => format!("the app {id}"),
        (None, None) => "an app without a name".to_owned(),
    }
}
