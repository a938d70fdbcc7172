//! `criteo auth import`: tests a key and keeps it.

use criteo_engine::Application;
use criteo_engine::config::key_store::is_same;
use serde::Serialize;

use super::reach::{self, Readable};
use super::{Context, Subject, called, in_words, read_key, say_what_remains};
use crate::arguments::ImportArguments;
use crate::exit::{Exit, UsageError};

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct Imported {
    connection: String,
    client_id: String,
    kept_in: String,
    application: Option<Application>,
    /// What the app may read; `None` when Criteo was not asked or did not answer.
    readable: Option<Readable>,
    notes: Vec<String>,
}

/// Reads, tests, keeps, in this order: a key that does not work changes nothing.
pub(super) async fn run(context: &Context, arguments: &ImportArguments) -> anyhow::Result<Exit> {
    let subject = Subject::of(context)?;
    let key = read_key(context, &arguments.file)?;
    if !arguments.replace
        && let Some(kept) = subject.kept()?
        && !is_same(&kept.credentials, &key)
    {
        let message = format!(
            "Another key{}, of client id {}, is kept in {} already",
            subject.of_connection(),
            kept.credentials.client_id,
            in_words(&kept.place)
        );
        let hint = "`criteo auth rotate FILE` changes to a new key of the same app and keeps the old one until that \
                    works; --replace forgets the old key, whatever app it belongs to.";
        return Err(UsageError::new(message).with_hint(hint).into());
    }
    let application = if arguments.no_test {
        None
    } else {
        Some(subject.test(&key).await?)
    };
    let stored = subject.keep(&key, arguments.store.into())?;
    let readable = match application {
        Some(_) => Some(subject.reach(&key).await),
        None => None,
    };
    let printer = &context.printer;
    for note in &stored.notes {
        printer.warning(note);
    }
    if printer.is_json() {
        printer.json(&Imported {
            connection: subject.connection().to_owned(),
            client_id: key.client_id,
            kept_in: stored.place.to_string(),
            application,
            readable: readable.as_ref().and_then(Readable::of),
            notes: stored.notes,
        })?;
    } else {
        let tested = match &application {
            Some(application) => format!("Criteo accepts it for {}", called(application)),
            None => "It was not tested: `criteo check` tries it, and what it may read".to_owned(),
        };
        printer.note(format_args!(
            "The key{} with client id {} is kept in {}. {tested}.",
            subject.of_connection(),
            key.client_id,
            in_words(&stored.place)
        ));
        if let Some(readable) = &readable {
            reach::tell(printer, &subject.config, readable)?;
        }
    }
    subject.warn_if_overruled(printer);
    say_what_remains(context, &arguments.file);
    Ok(Exit::Complete)
}
