//! Where the rows go, and whether that works.

use criteo_engine::doctor::try_destination;
use criteo_engine::{StreamSpec, destination};
use criteo_setup::answers::check_destination;
use criteo_setup::destinations::{DESTINATIONS, DestinationKind, Question};
use criteo_setup::{Answers, DestinationAnswer};
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

/// What was answered about one kind of destination, until it is known whether it can be used.
struct Tried {
    kind: &'static DestinationKind,
    answer: DestinationAnswer,
    password: Option<SecretString>,
}

/// Why a destination was refused.
struct Refusal {
    words: String,
    /// Whether the configuration has no place for it, so that nothing can go on with it.
    is_of_configuration: bool,
}

impl Session<'_> {
    /// Asks for a destination until one works, or the person goes on all the same. Until then the one that was chosen
    /// before stays, also for whoever goes back from here.
    pub(super) async fn choose_destination(&mut self) -> Result<(), Detour> {
        let mut refused = Refused::default();
        let before = self.progress.answers.destination.as_ref();
        let mut last = before.and_then(|before| DestinationKind::of(&before.kind));
        loop {
            let kind = self.ask_for_kind(last)?;
            last = Some(kind);
            let tried = match self.ask_for_keys(kind, &refused) {
                // Esc in the middle leads back to the choice of kinds, not out of the step.
                Err(Detour::Back) => continue,
                asked => asked?,
            };
            loop {
                let Some(refusal) = self.refusal(&tried).await? else {
                    self.take(tried);
                    return Ok(());
                };
                self.terminal.space();
                let left = match self.terminal.choose("What now?", remedies(kind, &refusal)) {
                    Ok(Remedy::Again) => continue,
                    Ok(Remedy::GoOn) => {
                        self.take(tried);
                        return Ok(());
                    }
                    Ok(Remedy::Change) | Err(Detour::Back) => Ok(()),
                    Ok(Remedy::Stop) => Err(Detour::Stop),
                    Err(other) => Err(other),
                };
                self.take_back(&tried, &refusal.words, &mut refused);
                left?;
                break;
            }
        }
    }

    /// From now on this is where the rows go.
    fn take(&mut self, tried: Tried) {
        self.progress.answers.destination = Some(tried.answer);
        self.password = tried.password;
    }

    /// Forgets the answer that a refusal is about, also for a session that goes on later: Enter must not give it again.
    /// Of several, one may be right and another one is corrected, so they are suggested once more.
    fn take_back(&mut self, tried: &Tried, words: &str, refused: &mut Refused) {
        let Tried { kind, answer, .. } = tried;
        let [key] = kind.blamed(answer, words)[..] else {
            return;
        };
        let typed = self.progress.typed.entry(kind.id.to_owned()).or_default();
        let Some(value) = typed.remove(key) else {
            return;
        };
        // What was chosen before is suggested rather than the default.
        let chosen = self.progress.answers.destination.as_ref();
        let chosen = chosen.filter(|chosen| chosen.kind == kind.id);
        if let Some(before) = chosen.and_then(|chosen| chosen.options.get(key))
            && *before != value
        {
            typed.insert(key.to_owned(), before.clone());
        }
        refused.0.push((kind.id, key, value));
    }

    /// Which kind it is, in one order for ever; the cursor begins at the one that came `last`.
    fn ask_for_kind(
        &self,
        last: Option<&'static DestinationKind>,
    ) -> Result<&'static DestinationKind, Detour> {
        let is_it = |kind: &DestinationKind| last.is_some_and(|last| last.id == kind.id);
        let at = DESTINATIONS.iter().position(is_it).unwrap_or_default();
        let options = DESTINATIONS
            .iter()
            .map(|kind| (kind, format!("{}: {}", kind.title, kind.purpose)))
            .collect();
        self.terminal
            .choose_from("Where shall the data go?", options, at)
    }

    fn ask_for_keys(
        &mut self,
        kind: &'static DestinationKind,
        refused: &Refused,
    ) -> Result<Tried, Detour> {
        let mut answer = DestinationAnswer {
            kind: kind.id.to_owned(),
            // What is not asked here stays as it was.
            options: self.progress.suggested(kind.id),
        };
        // The questions are about its parts, and both together are refused.
        if kind.id == "postgres" {
            answer.options.remove("url");
        }
        let asked = self.ask_each(kind, &mut answer, refused);
        // What was answered so far is suggested next time, also where it comes to nothing.
        let typed = answer.options.clone();
        self.progress.typed.insert(kind.id.to_owned(), typed);
        asked?;
        let password = if kind.has_password {
            self.ask_for_password()?
        } else {
            None
        };
        Ok(Tried {
            kind,
            answer,
            password,
        })
    }

    /// Asks for one key after the other, and puts each into `answer`.
    fn ask_each(
        &self,
        kind: &DestinationKind,
        answer: &mut DestinationAnswer,
        refused: &Refused,
    ) -> Result<(), Detour> {
        for question in kind.questions {
            if !question.is_asked(answer) {
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
                .text(&prompt, default.as_deref(), question.help, check)?;
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

    /// Opens the destination, writes something and takes it away again. Why it is refused, once that was said.
    async fn refusal(&self, tried: &Tried) -> Result<Option<Refusal>, Detour> {
        let Tried {
            kind,
            answer,
            password,
        } = tried;
        if let Err(reason) = check_destination(answer) {
            self.terminal.bad(&in_words_of_questions(&reason, kind));
            return Ok(Some(Refusal {
                words: reason,
                is_of_configuration: true,
            }));
        }
        let answers = Answers {
            destination: Some(answer.clone()),
            ..self.progress.answers.clone()
        };
        let config = self.candidate_of(&answers)?;
        let destination = destination::open_with_password(&config, password.clone());
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
                Ok(Some(Refusal {
                    words,
                    is_of_configuration: false,
                }))
            }
        }
    }
}

/// What can be done about a destination that was refused.
fn remedies(kind: &DestinationKind, refusal: &Refusal) -> Vec<(Remedy, String)> {
    let again = (Remedy::Again, "Try again".to_owned());
    let anew = (Remedy::Change, "Choose or answer anew".to_owned());
    let stop = (Remedy::Stop, "Stop here, and go on later".to_owned());
    if refusal.is_of_configuration {
        return vec![anew, stop];
    }
    // A server may come up meanwhile; a path has to be another one.
    let [first, second] = if kind.is_on_this_machine() {
        [anew, again]
    } else {
        [again, anew]
    };
    let go_on = (
        Remedy::GoOn,
        "Go on all the same: it will be there later".to_owned(),
    );
    vec![first, second, go_on, stop]
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
