//! `criteo auth rotate`: changes to another key of the same app, never without a key in between.

use criteo_engine::config::key_store::{Place, Wish, is_same};
use serde::Serialize;

use super::reach::{self, Readable};
use super::{Context, Subject, called, in_words, read_key, say_what_remains};
use crate::arguments::RotateArguments;
use crate::exit::{Exit, UsageError};

/// What `--json` prints.
#[derive(Serialize)]
struct Rotated {
    connection: String,
    from_client_id: String,
    to_client_id: String,
    /// Whether both keys belong to the same app; `None` when the old one could not be asked.
    is_same_app: Option<bool>,
    /// What the new key's app may read; `None` when Criteo did not answer.
    readable: Option<Readable>,
    kept_in: String,
}

/// Tests the new key first. It takes the old one's place in one step, so that whatever happens one of both is there.
pub(super) async fn run(context: &Context, arguments: &RotateArguments) -> anyhow::Result<Exit> {
    let subject = Subject::of(context)?;
    let new = read_key(context, &arguments.file)?;
    let Some(old) = subject.kept()? else {
        let message = format!(
            "No key{} is kept, so none can be changed",
            subject.of_connection()
        );
        let hint = "`criteo auth import FILE` keeps one.";
        return Err(UsageError::new(message).with_hint(hint).into());
    };
    let from_client_id = old.credentials.client_id.clone();
    if is_same(&old.credentials, &new) {
        context
            .printer
            .note("This is the key that is kept already: nothing to change.");
        return Ok(Exit::Complete);
    }
    let application = subject.test(&new).await?;
    let is_same_app = match subject.test(&old.credentials).await {
        Ok(before) => match (before.id, application.id) {
            (Some(of_old), Some(of_new)) if of_old != of_new => {
                let message = format!(
                    "The new key belongs to {}, the kept one to {}: other apps may read other advertisers",
                    called(&application),
                    called(&before)
                );
                let hint = "If that is what you want, `criteo auth import --replace FILE` does it.";
                return Err(UsageError::new(message).with_hint(hint).into());
            }
            (Some(_), Some(_)) => Some(true),
            _ => None,
        },
        // A dead key is a reason to rotate and none to stop.
        Err(error) => {
            tracing::debug!(%error, "The kept key could not be asked for its app");
            None
        }
    };
    if is_same_app.is_none() {
        context.printer.warning(&format!(
            "The kept key {from_client_id} could not be asked which app it belongs to, so nobody can tell whether the new one \
             belongs to the same: it belongs to {}. If that is another app, it may read other advertisers; `criteo check` \
             compares them with those that were read before.",
            called(&application)
        ));
    }
    let wish = match old.place {
        Place::Keyring => Wish::Keyring,
        Place::File(_) => Wish::File,
    };
    let stored = subject.keep(&new, wish)?;
    let readable = subject.reach(&new).await;
    let printer = &context.printer;
    for note in &stored.notes {
        printer.warning(note);
    }
    if printer.is_json() {
        printer.json(&Rotated {
            connection: subject.connection().to_owned(),
            from_client_id,
            to_client_id: new.client_id,
            is_same_app,
            readable: Readable::of(&readable),
            kept_in: stored.place.to_string(),
        })?;
    } else {
        printer.note(format_args!(
            "The key{} is now that of client id {}, kept in {}; Criteo accepts it for {}. The old one ({from_client_id}) \
             is forgotten here: delete it in Criteo's portal once `criteo check` finds that the new one may read the \
             same; it works for up to 15 minutes more.",
            subject.of_connection(),
            new.client_id,
            in_words(&stored.place),
            called(&application)
        ));
        reach::tell(printer, &subject.config, &readable)?;
    }
    subject.warn_if_overruled(printer);
    say_what_remains(context, &arguments.file);
    Ok(Exit::Complete)
}
