//! `check`: the doctor's findings as a connection status.

use std::path::Path;

use criteo_engine::config::Environment;
use criteo_engine::doctor::{self, Examination, Link, LinkReport, Verdict};

use super::messages;
use crate::error::DoorError;
use crate::keys::{KeysError, KeysFolder};
use crate::narration::Weight;
use crate::output::Output;
use crate::request::configuration_of;

/// Examines every link from here to Criteo.
///
/// # Errors
/// When the configuration cannot be used, after that was said.
pub(super) async fn check(config: &Path, output: &Output) -> Result<(), DoorError> {
    let configuration = match configuration_of(config) {
        Ok(configuration) => configuration,
        Err(error) => {
            output.say(messages::connection_status(false, &error.story()).as_bytes());
            return Err(error);
        }
    };
    let key = configuration.key(&Environment::of_process());
    let examination = doctor::examine(&configuration.config, key).await;
    for link in links(&examination) {
        let weight = match link.verdict {
            Verdict::Ok => Weight::Normal,
            Verdict::NotReached => Weight::Detail,
            Verdict::Warning | Verdict::Failed => Weight::Warning,
        };
        output.say(messages::log(weight, &sentence(link)).as_bytes());
    }
    let mut failures: Vec<String> = links(&examination)
        .filter(|link| link.verdict == Verdict::Failed)
        .map(sentence)
        .collect();
    match configuration.keys_folder.as_deref().map(KeysFolder::open) {
        // One that a read is using can be used.
        None | Some(Ok(_) | Err(KeysError::Busy { .. })) => {}
        Some(Err(error)) => failures.push(DoorError::from(error).story()),
    }
    let message = if failures.is_empty() {
        "Everything is in order.".to_owned()
    } else {
        failures.join(" ")
    };
    output.say(messages::connection_status(failures.is_empty(), &message).as_bytes());
    Ok(())
}

/// The links that concern a source: where rows go is the platform's business.
fn links(examination: &Examination) -> impl Iterator<Item = &LinkReport> {
    examination
        .links
        .iter()
        .filter(|link| !matches!(link.id, Link::Destination | Link::Spool))
}

/// `app key: Criteo does not know it. Import another one.`
fn sentence(link: &LinkReport) -> String {
    let mut text = format!("{}: {}", link.name, link.detail);
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    if let Some(next) = &link.next {
        text.push(' ');
        text.push_str(next);
    }
    text
}
