//! `criteo auth remove`: forgets the kept key.

use criteo_engine::config::{self, ConfigError};
use serde::Serialize;

use super::{Context, Subject, in_words};
use crate::exit::Exit;

/// What `--json` prints.
#[derive(Serialize)]
struct Removed {
    connection: String,
    removed_from: Vec<String>,
    still_in_force: Option<String>,
}

/// Removes it from every place of the store, and from no other.
pub(super) fn run(context: &Context) -> anyhow::Result<Exit> {
    let subject = Subject::of(context)?;
    let places = subject.forget()?;
    let (criteo, environment) = (&subject.config.criteo, &subject.environment);
    let still_in_force = match config::credentials_from(criteo, environment, &subject.store) {
        Ok(key) => Some(key.source),
        Err(ConfigError::NoKey { .. }) => None,
        Err(error) => {
            context
                .printer
                .warning(&format!("What is used now cannot be told. {error}"));
            None
        }
    };
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&Removed {
            connection: subject.connection().to_owned(),
            removed_from: places.iter().map(ToString::to_string).collect(),
            still_in_force,
        })?;
        return Ok(Exit::Complete);
    }
    let of_connection = subject.of_connection();
    if places.is_empty() {
        printer.note(format_args!("No key{of_connection} was kept."));
    }
    for place in &places {
        printer.note(format_args!(
            "The key{of_connection} was removed from {}. Criteo still accepts it until it is deleted in the portal.",
            in_words(place)
        ));
    }
    match still_in_force {
        Some(source) => printer.note(format_args!("Still used: the key that {source} gives.")),
        None => printer.note(
            "No key is left. Every configuration that names no key of its own used this one; `criteo auth import FILE` puts one \
             back.",
        ),
    }
    Ok(Exit::Complete)
}
