//! `criteo init`: from nothing to a working connection, step by step.
//!
//! What the steps are, what may be answered and what is written is decided in `criteo-setup`. Here is the terminal: it
//! shows a step, asks, and tells.
//!
//! | module | |
//! |---|---|
//! | here | the walk: forwards, backwards, left and resumed |
//! | [`ask`], [`find`] | questions; searching one of many answers |
//! | [`text`], [`mod@line`] | questions for a text; a line while it is typed |
//! | [`keys`] | the keyboard while something else goes on |
//! | [`key`], [`known`] | taking the key; those that are here already |
//! | [`trial`] | testing the key, and waiting for it to become active |
//! | [`permissions`] | what the app may read, tried once somebody consented |
//! | [`consent`], [`choices`], [`target`] | consent and advertisers; currency, zone, first day and streams; the destination |
//! | [`review`] | the plan, the file, the first sync |
//! | [`given`], [`unattended`] | answers from options; everything without a terminal |

mod ask;
mod choices;
mod consent;
mod find;
mod given;
mod key;
mod keys;
mod known;
mod line;
mod permissions;
mod review;
mod session;
mod target;
mod text;
mod trial;
mod unattended;

use std::io::IsTerminal as _;
use std::sync::atomic::Ordering;

use criteo_setup::progress::Found;
use criteo_setup::{Progress, ProgressFile, Step};
use jiff::Timestamp;

use super::context::Context;
use crate::arguments::InitArguments;
use crate::exit::{Exit, UsageError};
use crate::signals;
use ask::Detour;
use session::Session;

/// Walks with a person, or takes everything from the options.
pub(super) async fn run(context: &Context, arguments: &InitArguments) -> anyhow::Result<Exit> {
    let environment = criteo_engine::config::Environment::of_process();
    if let Some(name) = context.chosen_connection(&environment) {
        return Err(UsageError::new(format!(
            "criteo init sets up a configuration with one app, not the connection {name}"
        ))
        .with_hint(format!(
            "For one more app, write [connections.{name}] into the configuration, and run `criteo --connection {name} \
             auth import FILE`."
        ))
        .into());
    }
    if arguments.non_interactive {
        return unattended::run(context, arguments).await;
    }
    if context.printer.is_json() {
        return Err(
            UsageError::new("--json has nothing to print where somebody is asked")
                .with_hint("Add --non-interactive, or leave out --json.")
                .into(),
        );
    }
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(UsageError::new("criteo init asks questions, and here is no terminal to answer them")
            .with_hint("`criteo init --non-interactive` takes all answers from options; --help shows an example.")
            .into());
    }
    let mut session = Session::open(context, arguments)?;
    let guard = tokio::spawn({
        let farewell = session.farewell();
        async move {
            signals::interruption().await;
            keys::restore();
            farewell.tell();
            std::process::exit(Exit::Partial.code().into());
        }
    });
    session.guard = Some(guard.abort_handle());
    let ended = session.walk().await;
    guard.abort();
    match ended {
        Ok(exit) => Ok(exit),
        Err(Detour::Failed(error)) => {
            session.save();
            session.farewell().tell_before_error();
            Err(error)
        }
        Err(Detour::Back | Detour::To(_) | Detour::Stop) => {
            session.save();
            session.farewell().tell();
            Ok(Exit::Partial)
        }
    }
}

impl Session<'_> {
    /// From the first step, or from where the last session stopped, to the last one.
    async fn walk(&mut self) -> Result<Exit, Detour> {
        self.begin()?;
        self.has_begun.store(true, Ordering::Relaxed);
        loop {
            self.lead_to_unusable();
            self.save();
            let step = self.progress.step;
            self.introduce(step);
            let taken = match step {
                Step::CreateApp
                | Step::ChooseMethod
                | Step::ChoosePermissions
                | Step::ActivateApp
                | Step::CreateKey => self.portal(step),
                Step::GiveKey => self.give_key().await,
                Step::GrantConsent => self.grant_consent().await,
                Step::ChooseAdvertisers => self.choose_advertisers().await,
                Step::ChooseCurrency => self.choose_currency(),
                Step::ChooseTimeZone => self.choose_time_zone(),
                Step::ChooseStart => self.choose_start(),
                Step::ChooseDestination => self.choose_destination().await,
                Step::ChooseStreams => self.choose_streams(),
                Step::Review => self.review().await,
            };
            match taken {
                Ok(()) if self.is_written => return self.first_sync().await,
                Ok(()) => self.go_on(),
                Err(Detour::Back) => self.go_back()?,
                Err(Detour::To(step)) => {
                    self.progress.step = step;
                    // What comes after it is walked once more, with the answers as suggestions.
                    self.is_detour = false;
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// Back to the question whose answer no configuration can be made of, before anything dies of it. An earlier version
    /// may have left a session like that.
    fn lead_to_unusable(&mut self) {
        let Some((step, reason)) = self.progress.unusable() else {
            return;
        };
        self.terminal.space();
        self.terminal.careful(&format!(
            "The answer of step {} cannot be used, so that step comes again: {reason}",
            step.number()
        ));
        self.progress.step = step;
        self.is_detour = false;
    }

    /// To the next step; to the one that was chosen at the review; or back to the review from there.
    fn go_on(&mut self) {
        if let Some(step) = self.chosen.take() {
            self.progress.step = step;
            self.is_detour = true;
        } else if std::mem::take(&mut self.is_detour) {
            self.progress.step = Step::Review;
        } else {
            self.progress.advance();
        }
    }

    /// To the step before, to the review, or to the question before all steps.
    fn go_back(&mut self) -> Result<(), Detour> {
        if std::mem::take(&mut self.is_detour) {
            self.progress.step = Step::Review;
        } else if !self.progress.back() {
            self.ask_how_far()?;
        }
        Ok(())
    }

    /// Takes up an earlier session, or asks how much there is already.
    fn begin(&mut self) -> Result<(), Detour> {
        self.terminal.say(
            "This sets up a connection to Criteo, step by step: app, key, consent, choices, configuration, first sync.",
        );
        self.terminal.say(
            "Esc goes back a step. Ctrl-C stops at any time, and `criteo init --resume` goes on later.",
        );
        let found = self
            .file
            .as_ref()
            .map_or(Found::Nothing, ProgressFile::load);
        match found {
            Found::Progress(progress) => {
                let goes_on = self.arguments.resume || self.asks_to_go_on(&progress)?;
                if goes_on {
                    return self.take_up(*progress);
                }
                // What is known of keys is no answer, and holds for whoever begins anew as well.
                self.progress.setbacks = progress.setbacks;
            }
            Found::Damaged(reason) => self.terminal.careful(&format!(
                "What the last session left cannot be used ({reason}), so this begins anew."
            )),
            _ if self.arguments.resume => self.terminal.say(
                "No earlier session was left half-way here, so this begins at the first step.",
            ),
            _ => {}
        }
        self.warn_of_existing()?;
        if self.arguments.key_file.is_some() {
            self.begin_with_key();
            return Ok(());
        }
        self.ask_how_far()
    }

    /// The question before all steps: whether there is a key already.
    fn ask_how_far(&mut self) -> Result<(), Detour> {
        self.terminal.space();
        let without = (
            false,
            "I have no key yet, or need a new app: show me how to get one".to_owned(),
        );
        let known = self.known_keys();
        let usable = known.iter().find(|known| known.setback.is_none());
        // What is most likely wanted comes first.
        let options = match usable {
            Some(known) => vec![
                (
                    true,
                    format!("I have a key: {}; or one of another app", known.in_words()),
                ),
                without,
            ],
            None => vec![
                without,
                (true, "I have the key file, or the two values".to_owned()),
            ],
        };
        if self.ask_first("How far are you?", &options)? {
            self.begin_with_key();
        }
        Ok(())
    }

    /// A question that none comes before, so that Esc leads back to it.
    fn ask_first(&self, question: &str, options: &[(bool, String)]) -> Result<bool, Detour> {
        loop {
            match self.terminal.choose(question, options.to_vec()) {
                Err(Detour::Back) => self
                    .terminal
                    .say("There is no step before this question. Ctrl-C leaves."),
                answered => return answered,
            }
        }
    }

    /// Passes over the steps that lead to a key, and says so: the number of the next one would puzzle otherwise.
    fn begin_with_key(&mut self) {
        let first = Step::WITH_KEY;
        if let Some(last) = first.previous() {
            self.terminal.space();
            self.terminal.say(&format!(
                "Steps 1 to {} lead to a key in Criteo's portal. You have one, so this begins with step {}.",
                last.number(),
                first.number()
            ));
        }
        self.progress.step = first;
    }

    fn asks_to_go_on(&self, progress: &Progress) -> Result<bool, Detour> {
        self.terminal.space();
        let step = progress.step;
        let when = progress.saved_at.strftime("%F %R");
        let question = format!(
            "A session of {when} UTC was left at step {}.",
            step.number()
        );
        self.ask_first(
            &question,
            &[
                (true, format!("Go on there: {}", step.title())),
                (false, "Begin anew".to_owned()),
            ],
        )
    }

    fn take_up(&mut self, progress: Progress) -> Result<(), Detour> {
        let given = self.progress.answers.clone();
        self.progress = progress;
        if let Some(destination) = &given.destination {
            self.progress.typed.remove(&destination.kind);
        }
        given::overrule(&mut self.progress.answers, given);
        let key = self.recall_key();
        let left_at = self.progress.step;
        self.key = key;
        self.progress.step = self.progress.entry(self.key.is_some());
        if self.progress.step != left_at {
            self.terminal.say(
                "The key of the last session cannot be used from here any more, so that step comes first; the other answers are kept.",
            );
        }
        if self.arguments.key_file.is_some() && self.progress.step < Step::WITH_KEY {
            self.begin_with_key();
        } else if self.progress.needs_new_app() {
            self.terminal.space();
            self.terminal.say(
                "The app of the last key lacks a permission, so this goes on with a new app. The other answers are kept.",
            );
            self.terminal.space();
            let options = [
                (
                    false,
                    "I have no new app yet: show me how to make one".to_owned(),
                ),
                (true, "I have a new app, and its key".to_owned()),
            ];
            if self.ask_first("How far are you?", &options)? {
                self.begin_with_key();
            }
        }
        Ok(())
    }

    /// The head of a step, and what to know about it.
    fn introduce(&self, step: Step) {
        let terminal = &self.terminal;
        terminal.heading(&format!(
            "Step {} of {}: {}",
            step.number(),
            Step::ALL.len(),
            step.title()
        ));
        let guidance = step.guidance();
        terminal.space();
        for (index, action) in guidance.actions.iter().enumerate() {
            terminal.item(index + 1, action);
        }
        if !guidance.actions.is_empty() {
            terminal.space();
        }
        if let Some(warning) = guidance.warning {
            terminal.careful(warning);
            terminal.space();
        }
        for reason in guidance.reasons {
            terminal.say(reason);
            terminal.space();
        }
    }

    /// A step that a person takes in the portal.
    fn portal(&self, step: Step) -> Result<(), Detour> {
        let done = step.guidance().done.unwrap_or("Done");
        let options = vec![
            (Some(()), format!("{done}: go on")),
            (None, "Stop here, and go on later".to_owned()),
        ];
        match self.terminal.choose("When that is done:", options)? {
            Some(()) => Ok(()),
            None => Err(Detour::Stop),
        }
    }

    /// Keeps how far this has come. Where that is not possible, somebody is told once.
    fn save(&mut self) {
        self.progress.saved_at = Timestamp::now();
        let Some(file) = &self.file else { return };
        // Before the first step, an earlier session is still there to go on with.
        if self.is_written || !self.has_begun.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = file.save(&self.progress)
            && !self.told_of_progress
        {
            self.told_of_progress = true;
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            self.terminal.careful(&format!(
                "{error}, so it cannot be resumed: {}",
                cause.unwrap_or_default()
            ));
        }
    }
}
