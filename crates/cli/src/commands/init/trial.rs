//! Testing a key, and waiting for one that is not active yet.

use criteo_engine::doctor::{
    CauseId, KEY_DELAY, KeyEvidence, KeyFingerprint, KeyRecord, KeyTrial, KeyVerdict, try_key,
};
use criteo_setup::key_wait::KeyWait;
use criteo_setup::{KeyHolder, Setback};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Duration, Instant, sleep_until};

use super::ask::Detour;
use super::keys::{Keys, Pressed};
use super::session::{Key, Session, client_options};
use crate::commands::context::note_accepted_key;
use crate::wording::{counted, span};

/// How the test ended.
pub(super) enum Trial {
    /// Criteo accepts it, for the app of this name.
    Accepted(Option<String>),
    /// The person wants to give another one.
    Another,
}

/// What to do about a key that does not work.
#[derive(Clone, Copy)]
enum Remedy {
    Wait,
    Again,
    Another,
    Stop,
}

/// A remedy, and how it is offered.
type Offer = (Remedy, &'static str);

const WAIT: Offer = (Remedy::Wait, "Wait, and try again until it works");
const AGAIN: Offer = (Remedy::Again, "Try again");
const ANOTHER: Offer = (Remedy::Another, "Give another key");
const STOP: Offer = (Remedy::Stop, "Stop here, and go on later");
/// For a key that may be new: how to decide which of them it is.
const WAIT_IF_NEW: Offer = (
    Remedy::Wait,
    "Wait, and try again until it works: it was created in the last 15 minutes",
);
const ANOTHER_IF_OLDER: Offer = (
    Remedy::Another,
    "Give another key: this one is older, or not copied whole",
);

/// A wait that is shorter is told by its countdown well enough.
const WORTH_A_WORD: Duration = Duration::from_secs(10);

impl Session<'_> {
    /// Tests a key until it works or the person wants something else.
    pub(super) async fn try_key(&mut self, key: &mut Key) -> Result<Trial, Detour> {
        loop {
            self.terminal.say(&format!(
                "Asking Criteo about the key {}.",
                key.credentials.client_id
            ));
            let verdict = match self.ask_criteo(key).await? {
                KeyTrial::Accepted { app } => return Ok(self.accepted(key, app)),
                KeyTrial::Unjudged { diagnosis, error } => {
                    self.terminal.bad(&format!(
                        "Nothing can be said about the key: {}.",
                        diagnosis.detail.trim_end_matches('.')
                    ));
                    tracing::debug!(%error, "The key could not be judged");
                    self.terminal.say(&diagnosis.next);
                    match self.remedy(&[AGAIN, ANOTHER, STOP])? {
                        Remedy::Another => return Ok(Trial::Another),
                        Remedy::Stop => return Err(Detour::Stop),
                        Remedy::Again | Remedy::Wait => continue,
                    }
                }
                KeyTrial::Refused { verdict, error } => {
                    tracing::debug!(%error, "The key was refused");
                    verdict
                }
            };
            let setbacks = &mut self.progress.setbacks;
            setbacks.note(key.trace(), Setback::Refused);
            self.save();
            let verdict = self.judge(key, verdict)?;
            let remedies = if verdict.worth_waiting.is_some() {
                [WAIT_IF_NEW, ANOTHER_IF_OLDER, STOP]
            } else {
                [ANOTHER, WAIT, STOP]
            };
            match self.remedy(&remedies)? {
                Remedy::Another => return Ok(Trial::Another),
                Remedy::Stop => return Err(Detour::Stop),
                Remedy::Again => {}
                Remedy::Wait => match self.wait_for_key(key, &verdict).await {
                    Ok(Some(accepted)) => return Ok(accepted),
                    // The wait was left, or over: what now?
                    Ok(None) | Err(Detour::Back) => {}
                    Err(other) => return Err(other),
                },
            }
        }
    }

    async fn ask_criteo(&self, key: &Key) -> Result<KeyTrial, Detour> {
        let options = client_options(&self.connection()?)?;
        let fingerprint = KeyFingerprint::of(&key.credentials);
        let evidence = KeyEvidence {
            received: key.received,
            last_worked: None,
            last_accepted: KeyRecord::of_user()
                .and_then(|record| record.last_accepted(&fingerprint)),
        };
        Ok(try_key(options, key.credentials.clone(), &evidence).await?)
    }

    fn accepted(&self, key: &Key, app: Option<String>) -> Trial {
        note_accepted_key(&KeyFingerprint::of(&key.credentials));
        let called = app.as_ref().map_or_else(
            || "an app without a name".to_owned(),
            |name| format!("the app \"{name}\""),
        );
        self.terminal
            .good(&format!("Criteo accepts the key, for {called}."));
        Trial::Accepted(app)
    }

    /// Says what a refusal most likely means. Where nobody knows how old the key is, the person does.
    fn judge(&self, key: &mut Key, verdict: KeyVerdict) -> Result<KeyVerdict, Detour> {
        self.terminal.bad("Criteo does not accept this key.");
        self.terminal.say(
            "It gives the same answer to a key that is wrong, to one that was deleted, and to one that is not active yet, \
             which takes up to 15 minutes. The age of the key tells them apart as well as anything can.",
        );
        let mut verdict = verdict;
        self.terminal.space();
        if verdict.likely[0] == CauseId::KeyDeleted {
            self.terminal.say(
                "Criteo has accepted a key with this client id here before, so most likely it was deleted in the portal, or \
                 the secret is not the one that belongs to it.",
            );
            return Ok(verdict);
        }
        if key.received.is_none() {
            let is_new = self.terminal.choose(
                "When was the key created in the portal?",
                vec![
                    (true, "In the last 15 minutes".to_owned()),
                    (false, "Earlier".to_owned()),
                ],
            )?;
            let now = Timestamp::now();
            let long_ago = now - (KEY_DELAY + SignedDuration::from_mins(1));
            key.received = Some(if is_new { now } else { long_ago });
            verdict = KeyEvidence {
                received: key.received,
                ..KeyEvidence::default()
            }
            .verdict(now);
        }
        let words = match (verdict.worth_waiting, file_and_age(key, Timestamp::now())) {
            (Some(wait), Some((file, age))) => format!(
                "Only the age of the file is known: {file} was written {age} ago. If the key was created in the portal then, \
                 most likely it is only not active yet: wait, {} more at most. If the key is older, because the file was \
                 copied or typed by hand, id or secret is wrong: give another key.",
                span(wait)
            ),
            (Some(wait), None) => format!(
                "This key is new, so most likely it is only not active yet. That takes {} more at most. If it is still \
                 refused then, id or secret is wrong.",
                span(wait)
            ),
            (None, file) => {
                let age = match file {
                    Some((file, age)) => format!("{file} was written {age} ago: this key"),
                    None => "This key".to_owned(),
                };
                format!(
                    "{age} is older than that, so most likely id or secret is wrong (are they of the same key, and copied \
                     whole?), or the key was deleted in the portal."
                )
            }
        };
        self.terminal.say(&words);
        Ok(verdict)
    }

    fn remedy(&self, offers: &[Offer]) -> Result<Remedy, Detour> {
        let options = offers
            .iter()
            .map(|(remedy, label)| (*remedy, (*label).to_owned()))
            .collect();
        self.terminal.space();
        self.terminal.choose("What now?", options)
    }

    /// Tries again and again, with a countdown. `None` when the time is up.
    async fn wait_for_key(&self, key: &Key, verdict: &KeyVerdict) -> Result<Option<Trial>, Detour> {
        let now = Timestamp::now();
        let mut wait = KeyWait::begin(verdict, now);
        // A narrow line has no room for it later, and where lines are printed once each it never stands in one.
        let minutes = wait.left(now).as_secs() / 60;
        self.terminal.say(&format!(
            "Trying again until it works, for {} at most.",
            counted(minutes.max(1), "minute")
        ));
        let mut keys = Keys::watch(self.replaces_lines())?;
        while let Some(pause) = wait.next_pause(Timestamp::now()) {
            count_down(&mut keys, &wait, pause).await?;
            keys.line.set("Asking Criteo.", "");
            let trial = tokio::select! {
                trial = self.ask_criteo(key) => trial?,
                detour = keys.pressed.left() => return Err(detour),
            };
            match trial {
                KeyTrial::Accepted { app } => {
                    drop(keys);
                    return Ok(Some(self.accepted(key, app)));
                }
                // What is not about the key may pass, too.
                KeyTrial::Refused { .. } | KeyTrial::Unjudged { .. } => {}
            }
        }
        drop(keys);
        self.terminal
            .bad("The time in which a key becomes active is over.");
        Ok(None)
    }
}

/// The name of the file that a key is in, and how long ago it was written: all that is known of the age of such a key.
fn file_and_age(key: &Key, now: Timestamp) -> Option<(String, String)> {
    let KeyHolder::File(path) = &key.holder else {
        return None;
    };
    // A file from the future tells nothing.
    let age: Duration = now.duration_since(key.received?).try_into().ok()?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    Some((name.to_string_lossy().into_owned(), span(age)))
}

/// How long a wait has taken, once that is worth a word, and how long it may still take.
fn progress(wait: &KeyWait, now: Timestamp) -> String {
    let left = span(wait.left(now));
    match wait.waited(now) {
        waited if waited < WORTH_A_WORD => format!("at most {left} more"),
        waited => format!("waited {}, at most {left} more", span(waited)),
    }
}

/// Shows how long the pause still takes, and the whole wait. Enter ends the pause.
async fn count_down(keys: &mut Keys, wait: &KeyWait, pause: Duration) -> Result<(), Detour> {
    let ends = Instant::now() + pause;
    loop {
        let left = ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let seconds = left.as_secs_f64().ceil();
        keys.line.set_with_room(
            "Not accepted yet. Enter: try now, Esc: go back, Ctrl-C: stop.",
            &format!(" Next try in {seconds:.0} s"),
            &format!("; {}", progress(wait, Timestamp::now())),
        );
        let next_second = Instant::now() + left.min(Duration::from_secs(1));
        tokio::select! {
            () = sleep_until(next_second) => {}
            pressed = keys.pressed.next() => match pressed {
                Pressed::Now => return Ok(()),
                Pressed::Back => return Err(Detour::Back),
                Pressed::Stop => return Err(Detour::Stop),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_says_how_long_it_has_taken_and_may_take() {
        let began = Timestamp::UNIX_EPOCH;
        let verdict = KeyEvidence::default().verdict(began);
        let wait = KeyWait::begin(&verdict, began);
        let after = |seconds| progress(&wait, began + Duration::from_secs(seconds));
        assert_eq!(after(1), "at most 15 min more");
        assert_eq!(after(150), "waited 3 min, at most 13 min more");
        assert_eq!(after(900), "waited 15 min, at most 30 s more");
    }
}
