//! The plan, the file, and the first sync.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use criteo_engine::config::key_store::Place;
use criteo_engine::config::{AppKey, KeyPlace};
use criteo_engine::{Engine, EngineError, Plan, Selection, destination};
use criteo_setup::destinations::DestinationKind;
use criteo_setup::draft::{Written, lost};
use criteo_setup::streams::{StreamCost, offers};
use criteo_setup::{Draft, ProgressFile, Step};

use super::ask::Detour;
use super::key::in_full;
use super::session::Session;
use crate::commands::plan::{self, Remark};
use crate::exit::Exit;
use crate::page::wrapped;
use crate::reporters::Warnings;
use crate::wording::{counted, shell_word};

/// What to do with the plan.
enum Next {
    Write,
    Show,
    Change,
    Stop,
}

impl Session<'_> {
    /// Shows the plan and writes the configuration, or leads back to a choice.
    pub(super) async fn review(&mut self) -> Result<(), Detour> {
        let config = self.candidate()?;
        self.terminal
            .say("Asking Criteo what the next sync would read.");
        match self.plan(&config).await {
            Ok(made) => self.show_plan(&made),
            Err(error) => {
                self.terminal
                    .bad(&format!("The plan cannot be made: {}", in_full(&error)));
                if let Some(hint) = error.hint() {
                    self.terminal.say(&hint);
                }
                if self.may_lack_password() {
                    self.terminal.say(&format!(
                        "A password of the destination that was typed in an earlier session is not kept. To type it again, \
                         choose \"Change a choice\" and then \"{}\".",
                        Step::ChooseDestination.title()
                    ));
                }
                self.terminal.say("The configuration can be written all the same; `criteo check` says what is broken.");
            }
        }
        let path = self.path.display().to_string();
        let existing = self.existing()?;
        let text = self.document()?;
        let write = match &existing {
            Some(existing) => {
                self.warn_of_loss(existing, &text);
                format!("Replace {path}, and keep a copy of the old one")
            }
            None => format!("Write {path}"),
        };
        loop {
            let options = vec![
                (Next::Write, write.clone()),
                (Next::Show, "Show the file first".to_owned()),
                (Next::Change, "Change a choice".to_owned()),
                (Next::Stop, "Stop here, and go on later".to_owned()),
            ];
            match self.terminal.choose("What now?", options)? {
                Next::Show => {
                    self.terminal.space();
                    self.terminal.show(preview(&text, self.terminal.width()));
                    self.terminal.space();
                }
                Next::Change => match self.choose_step() {
                    Err(Detour::Back) => {}
                    chosen => {
                        self.chosen = Some(chosen?);
                        return Ok(());
                    }
                },
                Next::Stop => return Err(Detour::Stop),
                Next::Write => break,
            }
        }
        if self.existing()? != existing {
            self.terminal.careful(&format!(
                "{path} was changed meanwhile by somebody else, so nothing was written. Look at it once more."
            ));
            self.chosen = Some(Step::Review);
            return Ok(());
        }
        let written = Draft::write(&self.path, &text)?.commit()?;
        self.is_written = true;
        // There is nothing left to go on with.
        self.has_begun.store(false, Ordering::Relaxed);
        self.after_writing(&written);
        Ok(())
    }

    /// Whether the user of the destination may have a password that only an earlier session knew.
    fn may_lack_password(&self) -> bool {
        let answer = self.progress.answers.destination.as_ref();
        let kind = answer.and_then(|answer| DestinationKind::of(&answer.kind));
        kind.is_some_and(|kind| kind.has_password)
            && self.password.is_none()
            && self.environment.destination_password().is_none()
    }

    /// What a first sync would do, by the configuration as it will be.
    async fn plan(&self, config: &criteo_engine::Config) -> Result<Plan, EngineError> {
        let Some(key) = &self.key else {
            return Err(EngineError::Configuration {
                message: "There is no key".to_owned(),
            });
        };
        let reporter = Arc::new(Warnings::new(self.context.printer));
        let destination = destination::open_with_password(config, self.password.clone());
        Engine::open(config, key.credentials.clone(), reporter)?
            .with_destination(destination)
            .plan(&Selection::default())
            .await
    }

    fn show_plan(&self, made: &Plan) {
        self.terminal.space();
        let page = self.terminal.width();
        self.terminal
            .show(plan::streams(made).render_on(Some(page)));
        self.terminal.space();
        self.terminal.say(&plan::cost(made));
        self.terminal.say(&rows_known(made));
        for remark in plan::remarks(made) {
            match remark {
                Remark::Warning(text) => self.terminal.careful(&text),
                Remark::Note(text) | Remark::Remedy(text) => self.terminal.say(&text),
                Remark::Refusal(text) => self.terminal.bad(&text),
            }
        }
        let per_ad_set: Vec<&str> = offers()
            .into_iter()
            .filter(|offer| offer.cost == StreamCost::CallPerAdSet)
            .map(|offer| offer.name)
            .filter(|name| {
                made.streams
                    .iter()
                    .any(|stream| stream.stream == *name && stream.estimated)
            })
            .collect();
        if !per_ad_set.is_empty() {
            self.terminal.say(&format!(
                "Each ad set costs a call more in {}; how many there are becomes known while reading.",
                per_ad_set.join(" and ")
            ));
        }
        self.terminal.space();
    }

    fn existing(&self) -> Result<Option<String>, Detour> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn warn_of_loss(&self, existing: &str, text: &str) {
        let lost = lost(existing, text);
        if !lost.is_empty() {
            self.terminal.careful(&format!(
                "{} says more than this will write: {}. Copy that over from the copy afterwards.",
                self.path.display(),
                lost.join(", ")
            ));
        }
    }

    /// A choice to make once more.
    fn choose_step(&self) -> Result<Step, Detour> {
        let options = Step::ALL
            .into_iter()
            .filter(|step| step.needs_key() && *step != Step::Review)
            .map(|step| (step, step.title().to_owned()))
            .collect();
        self.terminal.choose("Which one?", options)
    }

    fn after_writing(&self, written: &Written) {
        self.terminal
            .good(&format!("{} is written.", written.path.display()));
        if let Some(backup) = &written.backup {
            self.terminal.say(&format!(
                "The file that was there before is now {}.",
                backup.display()
            ));
        }
        if let Some(Err(error)) = self.file.as_ref().map(ProgressFile::remove) {
            self.terminal.careful(&in_full(&error));
        }
        if let Some(address) = self
            .connection()
            .ok()
            .and_then(|config| config.criteo.api_url)
        {
            self.terminal.careful(&format!(
                "CRITEO_API_URL is set here, so the file says `api_url`, too: every later run asks {address} and not Criteo. \
                 Take that line out to read from Criteo itself."
            ));
        }
        if self.password.is_some() {
            self.terminal.careful(
                "The password of the destination is not kept. Put it into CRITEO_DESTINATION_PASSWORD, or name a file that \
                 holds it in CRITEO_DESTINATION_PASSWORD_FILE, before you run `criteo sync` by yourself.",
            );
        }
    }

    /// Offers the first sync, which is the very command that is run from now on.
    pub(super) async fn first_sync(&mut self) -> Result<Exit, Detour> {
        let now = self.terminal.choose(
            "The first sync:",
            vec![
                (true, "Run it now".to_owned()),
                (
                    false,
                    format!("Later, with `criteo {}sync`", self.context.config_option()),
                ),
            ],
        );
        let exit = match now {
            Ok(true) => self.sync().await?,
            // Everything is written: whoever leaves here has finished.
            Ok(false) | Err(Detour::Back | Detour::Stop) => Exit::Complete,
            Err(other) => return Err(other),
        };
        self.say_what_to_run()?;
        Ok(exit)
    }

    /// What to run from now on, by hand and every night.
    fn say_what_to_run(&self) -> Result<(), Detour> {
        let option = self.context.config_option();
        let terminal = &self.terminal;
        terminal.space();
        terminal.say("From now on:");
        let destination = self.progress.answers.destination.as_ref();
        let is_files =
            destination.is_some_and(|answer| ["csv", "jsonl"].contains(&answer.kind.as_str()));
        for (command, what) in [
            ("sync", "reads what is new or may be restated"),
            ("status", "shows what is loaded"),
            ("verify", "compares it with Criteo's own totals"),
            ("query", "answers a question in SQL"),
            ("views", "makes views for analysts"),
            ("check", "says what is broken, and what to do"),
        ] {
            // Files have no place for views.
            if !(is_files && command == "views") {
                terminal.show(format_args!("  criteo {option}{command:<7} {what}"));
            }
        }
        terminal.space();
        terminal.say(
            "For a run every night, this is a line for `crontab -e` (docs/guides/scheduling.md of this project has files for \
             systemd, Kubernetes and others):",
        );
        // Not broken into lines, since it is going to be copied.
        let word = |path: std::path::PathBuf| {
            // A percent sign ends the line for cron.
            shell_word(&path.display().to_string()).replace('%', r"\%")
        };
        terminal.show(format_args!(
            "  30 5 * * *  {} --quiet --config {} sync",
            word(std::env::current_exe()?),
            word(std::path::absolute(&self.path)?)
        ));
        let is_in_file = |key: AppKey| matches!(key.place, KeyPlace::Store(Place::File(_)));
        if !self.key_of_environment().is_ok_and(is_in_file) {
            terminal.careful(
                "Such a run has neither the variables of this terminal nor an unlocked keyring. Keep the key in a file for it: \
                 `criteo auth import --store file FILE`.",
            );
        }
        Ok(())
    }

    async fn sync(&self) -> Result<Exit, Detour> {
        self.terminal.space();
        let mut command = tokio::process::Command::new(std::env::current_exe()?);
        command
            .arg("--config")
            .arg(&self.path)
            .arg("sync")
            .stdin(Stdio::null());
        if let Some(password) = &self.password {
            use secrecy::ExposeSecret as _;
            command.env("CRITEO_DESTINATION_PASSWORD", password.expose_secret());
        }
        // Ctrl-C reaches the sync as well, which ends in its own way: it is waited for.
        if let Some(guard) = &self.guard {
            guard.abort();
        }
        let status = command.spawn()?.wait().await?;
        Ok(match status.code() {
            Some(0) => Exit::Complete,
            Some(2) => Exit::Usage,
            Some(3) => Exit::Partial,
            _ => Exit::Failed,
        })
    }
}

/// The file as it will be, but for comments that are longer than a line: they go on in comments of their own.
fn preview(text: &str, page: usize) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(comment) => {
                let comment = wrapped(comment, Some(page.saturating_sub(2)), 0);
                lines.extend(comment.lines().map(|part| format!("# {part}")));
            }
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

/// How many rows are known to come, which for a new destination is nothing yet.
fn rows_known(plan: &Plan) -> String {
    let windows = plan.streams.iter().flat_map(|stream| &stream.windows);
    let known: Vec<u64> = windows.filter_map(|window| window.estimated_rows).collect();
    if known.is_empty() {
        return "How many rows there are becomes known while reading.".to_owned();
    }
    let rows: u64 = known.iter().sum();
    format!(
        "About {} are expected in the {} whose size is known; the others become known while reading.",
        counted(rows, "row"),
        counted(crate::wording::size(known.len()), "window")
    )
}
