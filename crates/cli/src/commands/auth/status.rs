//! `criteo auth status`: which key is used for each connection, where it was found, and whether Criteo accepts it.

use std::path::Path;

use criteo_engine::config::key_store::{DEFAULT_CONNECTION, Place};
use criteo_engine::config::{AppKey, Config, ConfigError, Environment, KeyPlace, credentials_from};
use criteo_engine::{Application, EngineError, application_of};
use serde::Serialize;

use super::{Context, called, configuration};
use crate::arguments::AuthStatusArguments;
use crate::exit::Exit;
use crate::table::{Column, TextTable};

/// What is known of one connection's key. Never the secret.
#[derive(Serialize)]
struct KeyStatus {
    connection: String,
    /// `None` when there is no key.
    client_id: Option<String>,
    /// Where it was found, in words.
    source: Option<String>,
    /// `environment`, `file`, `keyring` or `stored_file`.
    kind: Option<&'static str>,
    /// Permission bits of the file, in octal digits, where there is a file and the system has such bits.
    file_mode: Option<String>,
    /// Whether Criteo accepts the key; `None` when it was not asked.
    accepted: Option<bool>,
    application: Option<Application>,
    warnings: Vec<String>,
    /// Why there is no key, or why Criteo does not accept it.
    problem: Option<String>,
    hint: Option<String>,
    /// What a person reads in the place of where the key was found, when none can be used.
    #[serde(skip)]
    instead: &'static str,
    #[serde(skip)]
    exit: Exit,
}

/// Looks at every connection.
pub(super) async fn run(
    context: &Context,
    arguments: &AuthStatusArguments,
) -> anyhow::Result<Exit> {
    let environment = Environment::of_process();
    let chosen = context.chosen_connection(&environment);
    let mut statuses = Vec::new();
    for mut config in configuration(context)?.of_connections(chosen.as_deref(), &environment)? {
        config.apply_environment(&environment)?;
        statuses.push(status(context, &config, &environment, arguments.offline).await);
    }
    show(context, &statuses)?;
    let ends = statuses.iter().map(|status| status.exit);
    Ok(ends.fold(Exit::Complete, Exit::and))
}

async fn status(
    context: &Context,
    config: &Config,
    environment: &Environment,
    offline: bool,
) -> KeyStatus {
    let connection = config.criteo.connection.as_deref();
    let mut status = KeyStatus {
        connection: connection.unwrap_or(DEFAULT_CONNECTION).to_owned(),
        client_id: None,
        source: None,
        kind: None,
        file_mode: None,
        accepted: None,
        application: None,
        warnings: Vec::new(),
        problem: None,
        hint: None,
        instead: "",
        exit: Exit::Complete,
    };
    let store = context.key_store(environment);
    let key = match credentials_from(&config.criteo, environment, &store) {
        Ok(key) => key,
        Err(error) => {
            status.instead = match &error {
                ConfigError::NoKey { .. } => "no key",
                _ => "no key that can be used",
            };
            status.set_problem(&error, error.hint());
            status.exit = Exit::Usage;
            return status;
        }
    };
    status.describe(&key);
    if offline {
        return status;
    }
    match application_of(config, key.credentials).await {
        Ok(application) => {
            status.accepted = Some(true);
            status.application = Some(application);
        }
        Err(error) => {
            status.accepted = is_about_the_key(&error).then_some(false);
            status.set_problem(&error, error.hint());
            status.exit = Exit::Failed;
        }
    }
    status
}

/// Whether Criteo has answered, and refused; otherwise nothing is known of the key.
fn is_about_the_key(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Api(
            criteo_api::Error::Authentication { .. }
                | criteo_api::Error::Forbidden { .. }
                | criteo_api::Error::Rejected { .. }
        )
    )
}

impl KeyStatus {
    fn describe(&mut self, key: &AppKey) {
        self.client_id = Some(key.credentials.client_id.clone());
        self.source = Some(key.source.clone());
        self.warnings.clone_from(&key.warnings);
        let (kind, file) = match &key.place {
            KeyPlace::Environment => ("environment", None),
            KeyPlace::File(path) => ("file", Some(path)),
            KeyPlace::Store(Place::Keyring) => ("keyring", None),
            KeyPlace::Store(Place::File(path)) => ("stored_file", Some(path)),
        };
        self.kind = Some(kind);
        self.file_mode = file.and_then(|path| mode(path));
    }

    fn set_problem(&mut self, error: &dyn std::error::Error, hint: Option<String>) {
        let mut problem = error.to_string();
        if let Some(cause) = error.source().map(ToString::to_string)
            && !problem.contains(&cause)
        {
            problem = format!("{problem}: {cause}");
        }
        self.problem = Some(problem);
        self.hint = hint;
    }
}

fn show(context: &Context, statuses: &[KeyStatus]) -> anyhow::Result<()> {
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&statuses)?;
        return Ok(());
    }
    let mut table = TextTable::new(&[
        Column::Words("CONNECTION"),
        Column::Words("CLIENT ID"),
        Column::Words("FROM"),
        Column::Words("MODE"),
        Column::Words("CRITEO"),
    ]);
    for status in statuses {
        let criteo = match (&status.accepted, &status.application) {
            (Some(true), Some(application)) => format!("accepts it for {}", called(application)),
            (Some(false), _) => "refuses it".to_owned(),
            _ if status.client_id.is_none() => String::new(),
            _ if status.problem.is_some() => "could not be asked".to_owned(),
            _ => "was not asked".to_owned(),
        };
        table.row([
            status.connection.clone(),
            status.client_id.clone().unwrap_or_else(|| "-".to_owned()),
            status
                .source
                .clone()
                .unwrap_or_else(|| status.instead.to_owned()),
            status.file_mode.clone().unwrap_or_default(),
            criteo,
        ]);
    }
    printer.data(table.render())?;
    for status in statuses {
        for warning in &status.warnings {
            printer.warning(warning);
        }
        if let Some(problem) = &status.problem {
            printer.error(&format!("{}: {problem}", status.connection));
        }
        if let Some(hint) = &status.hint {
            printer.hint(hint);
        }
    }
    Ok(())
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    Some(format!("{mode:03o}"))
}

/// Other systems have no such bits.
#[cfg(not(unix))]
fn mode(_path: &Path) -> Option<String> {
    None
}
