//! Where the rows go, and whether that works.

use criteo_engine::doctor::try_destination;
use criteo_engine::{StreamSpec, destination};
use criteo_setup::DestinationAnswer;
use criteo_setup::answers::check_destination;
use criteo_setup::destinations::{DESTINATIONS, DestinationKind, Question};
use secrecy::{ExposeSecret as _, SecretString};

use super::ask::Detour;
use super::key::in_full;
use super::session::Session;

/// What to do about a destination that does not work.
#[derive(Clone, Copy)]
enum Remedy {
    Again,
    Change,
    GoOn,
    Stop,
}

/// What was refused where there was nothing else to blame: the kind of destination, the key, and the answer.
#[derive(Default)]
struct Refused(Vec<(&'static str, &'static str, String)>);

impl Refused {
    /// What to offer for a question that has no answer yet: nothing that was refused.
    fn default_of(&self, kind: &DestinationKind, question: &Question) -> Option<String> {
        let default = question.default?;
        let is_it = |(id, key, value): &(&str, &str, String)| {
            *id == kind.id && *key == question.key && value == default
        };
        (!self.0.iter().any(is_it)).then(|| default.to_owned())
    }
}

impl Session<'_> {
    /// Asks for a destination until one works, or the person goes on all the same.
    pub(super) async fn choose_destination(&mut self) -> Result<(), Detour> {
        let mut refused = Refused::default();
        loop {
            let kind = self.ask_for_kind()?;
            match self.ask_for_keys(kind, &refused) {
                // Esc in the middle leads back to the choice of kinds, not out of the step.
                Err(Detour::Back) => continue,
                asked => asked?,
            }
            loop {
                let Some(words) = self.refusal(kind).await? else {
                    return Ok(());
                };
                let again = (Remedy::Again, "Try again".to_owned());
                let anew = (Remedy::Change, "Choose or answer anew".to_owned());
                // A server may come up meanwhile; a path has to be another one.
                let [first, second] = if kind.is_on_this_machine() {
                    [anew, again]
                } else {
                    [again, anew]
                };
                let options = vec![
                    first,
                    second,
                    (
                        Remedy::GoOn,
                        "Go on all the same: it will be there later".to_owned(),
                    ),
                    (Remedy::Stop, "Stop here, and go on later".to_owned()),
                ];
                self.terminal.space();
                let left = match self.terminal.choose("What now?", options) {
                    Ok(Remedy::Again) => continue,
                    Ok(Remedy::GoOn) => return Ok(()),
                    Ok(Remedy::Change) | Err(Detour::Back) => Ok(()),
                    Ok(Remedy::Stop) => Err(Detour::Stop),
                    Err(other) => Err(other),
                };
                self.take_back(kind, &words, &mut refused);
                left?;
                break;
            }
        }
    }

    /// Forgets the answers that a refusal is about, also for a session that goes on later: Enter must not give them again.
    fn take_back(&mut self, kind: &DestinationKind, words: &str, refused: &mut Refused) {
        let Some(answer) = &mut self.progress.answers.destination else {
            return;
        };
        let blamed = kind.blamed(answer, words);
        let is_alone = blamed.len() == 1;
        for key in blamed {
            // Of several, one that is the default may be right, and another one is corrected.
            if let Some(value) = answer.options.remove(key)
                && is_alone
            {
                refused.0.push((kind.id, key, value));
            }
        }
    }

    fn ask_for_kind(&self) -> Result<&'static DestinationKind, Detour> {
        let before = self.progress.answers.destination.as_ref();
        let mut kinds: Vec<&'static DestinationKind> = DESTINATIONS.iter().collect();
        // What was chosen before comes first.
        kinds.sort_by_key(|kind| before.is_none_or(|before| before.kind != kind.id));
        let options = kinds
            .into_iter()
            .map(|kind| (kind, format!("{}: {}", kind.title, kind.purpose)))
            .collect();
        self.terminal.choose("Where shall the data go?", options)
    }

    fn ask_for_keys(&mut self, kind: &DestinationKind, refused: &Refused) -> Result<(), Detour> {
        let before = self
            .progress
            .answers
            .destination
            .take_if(|before| before.kind == kind.id)
            .unwrap_or_default();
        let mut answer = DestinationAnswer {
            kind: kind.id.to_owned(),
            // What is not asked here stays as it was.
            options: before.options,
        };
        // The questions are about its parts, and both together are refused.
        if kind.id == "postgres" {
            answer.options.remove("url");
        }
        for question in kind.questions {
            if !question.is_asked(&answer) {
                answer.options.remove(question.key);
                continue;
            }
            let before = answer.options.get(question.key).cloned();
            let default = before.or_else(|| refused.default_of(kind, question));
            let (optional, key, so_far) = (question.optional, question.key, answer.clone());
            let check = move |text: &str| {
                let text = text.trim();
                if text.is_empty() && !optional {
                    return Err("this cannot be left empty".to_owned());
                }
                // Whatever is wrong besides this key is asked for later, so only what concerns this one counts.
                let mut tried = so_far.clone();
                tried.options.insert(key.to_owned(), text.to_owned());
                match check_destination(&tried) {
                    Err(reason) if reason.contains(&format!("`{key}`")) && !text.is_empty() => {
                        Err(reason)
                    }
                    _ => Ok(text.to_owned()),
                }
            };
            let prompt = format!("{}:", question.prompt);
            let text = self
                .terminal
                .text(&prompt, default.as_deref(), question.help, check);
            let text = match text {
                Ok(text) => text,
                Err(detour) => {
                    // What was answered so far is suggested next time.
                    self.progress.answers.destination = Some(answer);
                    return Err(detour);
                }
            };
            if text.is_empty() {
                answer.options.remove(question.key);
            } else {
                answer.options.insert(question.key.to_owned(), text);
            }
        }
        if kind.id == "parquet" {
            // The endpoint of a test server; for any other the configuration refuses it.
            let is_plain = answer
                .options
                .get("endpoint")
                .is_some_and(|endpoint| endpoint.starts_with("http://"));
            if is_plain {
                answer
                    .options
                    .insert("allow_http".to_owned(), "true".to_owned());
            } else {
                answer.options.remove("allow_http");
            }
        }
        self.progress.answers.destination = Some(answer);
        self.password = if kind.has_password {
            self.ask_for_password()?
        } else {
            None
        };
        Ok(())
    }

    fn ask_for_password(&self) -> Result<Option<SecretString>, Detour> {
        if self.environment.destination_password().is_some() {
            self.terminal.say("The password is that of the environment (CRITEO_DESTINATION_PASSWORD or its file).");
            return Ok(None);
        }
        let help = "Not shown, and not kept; empty for none, or that of PostgreSQL's password file";
        let password = self.terminal.secret("Password:", help)?;
        Ok((!password.expose_secret().is_empty()).then_some(password))
    }

    /// Opens the destination, writes something and takes it away again. The words of a refusal, once they were said.
    async fn refusal(&self, kind: &DestinationKind) -> Result<Option<String>, Detour> {
        if let Some(answer) = &self.progress.answers.destination
            && let Err(reason) = check_destination(answer)
        {
            self.terminal.bad(&reason);
            return Ok(Some(reason));
        }
        let config = self.candidate()?;
        let destination = destination::open_with_password(&config, self.password.clone());
        let described = destination.describe();
        self.terminal
            .say(&format!("Trying to write to {described}."));
        let specs = StreamSpec::resolve_all(&config)?;
        match try_destination(destination.as_ref(), &specs).await {
            Ok(()) => {
                self.terminal
                    .good(&format!("{described} can be written to."));
                Ok(None)
            }
            Err(error) => {
                let mut words = in_full(&error);
                self.terminal.bad(&in_words_of_questions(&words, kind));
                if let Some(hint) = error.hint() {
                    self.terminal.say(&in_words_of_questions(&hint, kind));
                    words.push_str(&hint);
                }
                Ok(Some(words))
            }
        }
    }
}

/// A message about a key of the configuration, for somebody who was asked a question and has seen no configuration yet.
fn in_words_of_questions(message: &str, kind: &DestinationKind) -> String {
    let mut message = message.to_owned();
    for question in kind.questions {
        let named = format!("`destination.{}`", question.key);
        message = message.replace(&named, &format!("your answer to \"{}\"", question.prompt));
    }
    message
}
