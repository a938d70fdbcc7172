//! What a session knows while it goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use criteo_api::{BaseUrl, ClientOptions, Credentials};
use criteo_engine::calendar::Clock;
use criteo_engine::config::{Config, ConfigError, Environment, MINIMAL_FILE};
use criteo_engine::consent::GrantedAdvertiser;
use criteo_setup::{Answers, Draft, KeyHolder, Progress, ProgressFile, Step};
use jiff::Timestamp;
use jiff::civil::Date;
use secrecy::SecretString;
use tokio::task::AbortHandle;

use super::ask::{Detour, Terminal};
use super::given;
use crate::arguments::InitArguments;
use crate::commands::Context;
use crate::page::{columns, wrapped};
use crate::printer::Printer;

/// One walk with one person.
pub(super) struct Session<'run> {
    pub(super) context: &'run Context,
    pub(super) arguments: &'run InitArguments,
    pub(super) environment: Environment,
    pub(super) terminal: Terminal,
    /// The configuration that is going to be written.
    pub(super) path: PathBuf,
    /// Where the progress is kept, if that is possible.
    pub(super) file: Option<ProgressFile>,
    pub(super) progress: Progress,
    pub(super) key: Option<Key>,
    /// Whether somebody gave a key in this very session.
    pub(super) has_given_key: bool,
    /// Whether the file that `--key-file` names was looked into.
    pub(super) has_taken_option: bool,
    pub(super) granted: Vec<GrantedAdvertiser>,
    /// The password of the destination's user, where a person typed it.
    pub(super) password: Option<SecretString>,
    /// The step that somebody chose at the review, to take it once more.
    pub(super) chosen: Option<Step>,
    /// Whether the present step is that one, so that the review comes next.
    pub(super) is_detour: bool,
    pub(super) is_written: bool,
    /// Whether there is anything to go on with later.
    pub(super) has_begun: Arc<AtomicBool>,
    /// Ends the task that says goodbye when a signal comes.
    pub(super) guard: Option<AbortHandle>,
    pub(super) told_of_progress: bool,
}

/// A key in memory.
pub(super) struct Key {
    pub(super) credentials: Credentials,
    /// When it came here; `None` when nobody knows.
    pub(super) received: Option<Timestamp>,
    pub(super) holder: KeyHolder,
}

impl<'run> Session<'run> {
    pub(super) fn open(
        context: &'run Context,
        arguments: &'run InitArguments,
    ) -> anyhow::Result<Session<'run>> {
        let path = context.global.config.clone();
        let mut progress = Progress::begin(&path, Timestamp::now());
        progress.answers = given::answers(arguments)?;
        Ok(Session {
            context,
            arguments,
            environment: Environment::of_process(),
            terminal: Terminal::new(context.printer),
            file: ProgressFile::of_user(&path),
            path,
            progress,
            key: None,
            has_given_key: false,
            has_taken_option: false,
            granted: Vec::new(),
            password: None,
            chosen: None,
            is_detour: false,
            is_written: false,
            has_begun: Arc::default(),
            guard: None,
            told_of_progress: false,
        })
    }

    /// What to say when a session ends before its end.
    pub(super) fn farewell(&self) -> Farewell {
        let option = self.context.config_option();
        Farewell {
            printer: self.context.printer,
            commands: [
                format!("criteo {option}init --resume"),
                format!("criteo {option}init"),
            ],
            can_resume: self.file.is_some() && !self.told_of_progress,
            has_begun: Arc::clone(&self.has_begun),
        }
    }

    /// Answers of the configuration that is there already become suggestions, and what it means to replace it is said.
    pub(super) fn warn_of_existing(&mut self) -> Result<(), Detour> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                let context = format!("Cannot read {}", self.path.display());
                return Err(Detour::Failed(anyhow::Error::new(error).context(context)));
            }
        };
        self.terminal.space();
        self.terminal.careful(&format!(
            "{} is there already. Nothing happens to it before the last step, which asks first and keeps a copy.",
            self.path.display()
        ));
        match Config::parse(&text, &self.path.display().to_string()) {
            Ok(config) => {
                let given = std::mem::replace(
                    &mut self.progress.answers,
                    Answers::of_existing(&config, &text),
                );
                given::overrule(&mut self.progress.answers, given);
                self.terminal.say("What it says is suggested on the way.");
            }
            Err(error) => self.terminal.say(&format!(
                "What it says cannot be suggested, because it is not in order:\n{error}"
            )),
        }
        Ok(())
    }

    /// The smallest configuration, led by the environment: all that is needed as long as nothing is written.
    pub(super) fn connection(&self) -> Result<Config, ConfigError> {
        connection(&self.environment)
    }

    /// The configuration as it will be, with what the environment overrules. Nothing of it stays on disk.
    pub(super) fn candidate(&self) -> Result<Config, Detour> {
        self.candidate_of(&self.progress.answers)
    }

    /// The same by other answers.
    pub(super) fn candidate_of(&self, answers: &Answers) -> Result<Config, Detour> {
        let draft = Draft::write(&self.path, &self.document_of(answers)?)?;
        let mut config = draft.config()?;
        config.apply_environment(&self.environment)?;
        Ok(config)
    }

    /// The text of the configuration.
    pub(super) fn document(&self) -> Result<String, Detour> {
        self.document_of(&self.progress.answers)
    }

    fn document_of(&self, answers: &Answers) -> Result<String, Detour> {
        let today = self.today()?;
        let key_is_in = key_place(self.progress.key.as_ref().map(|key| &key.holder));
        let address = self.connection()?.criteo.api_url;
        criteo_setup::document::configuration(answers, today, &key_is_in, address.as_deref())
            .map_err(|reason| Detour::Failed(anyhow::anyhow!(reason)))
    }

    /// Today, in the chosen time zone.
    pub(super) fn today(&self) -> Result<Date, Detour> {
        let now = Clock::from_env()?.now();
        Ok(self.progress.answers.today(now))
    }

    /// Whether one line can replace another one.
    pub(super) fn replaces_lines(&self) -> bool {
        self.context.printer.draws_bars()
    }
}

/// See [`Session::connection`].
pub(super) fn connection(environment: &Environment) -> Result<Config, ConfigError> {
    let mut config = Config::parse(MINIMAL_FILE, "the built-in example")?;
    config.apply_environment(environment)?;
    Ok(config)
}

/// How to reach Criteo, by the address of a configuration.
pub(super) fn client_options(config: &Config) -> Result<ClientOptions, criteo_api::Error> {
    let mut options = ClientOptions::default();
    if let Some(address) = &config.criteo.api_url {
        options.base_url = BaseUrl::parse(address)?;
    }
    Ok(options)
}

/// Where the app key is, as a sentence for the configuration file.
pub(super) fn key_place(holder: Option<&KeyHolder>) -> String {
    match holder {
        Some(KeyHolder::Environment) => {
            "It comes from the environment (CRITEO_CLIENT_ID and its kin).".to_owned()
        }
        _ => "`criteo auth status` says where it is kept.".to_owned(),
    }
}

/// The last words of a session that was left.
#[derive(Debug, Clone)]
pub(super) struct Farewell {
    printer: Printer,
    /// How to go on, and how to begin.
    commands: [String; 2],
    can_resume: bool,
    has_begun: Arc<AtomicBool>,
}

impl Farewell {
    pub(super) fn tell(&self) {
        let [resume, begin] = &self.commands;
        if self.can_go_on() {
            self.printer.tell(format_args!(
                "\n{}\n  {resume}",
                in_lines(
                    "Stopped. What you answered is kept, without any secret. Go on later with"
                )
            ));
        } else {
            self.printer.tell(format_args!(
                "\n{}",
                in_lines(&format!(
                    "Stopped. Nothing was written; `{begin}` begins again."
                ))
            ));
        }
    }

    /// The same before an error that ends a session, which is told of after it.
    pub(super) fn tell_before_error(&self) {
        let [resume, _] = &self.commands;
        if self.can_go_on() {
            self.printer.tell(format_args!(
                "\n{}\n  {resume}\n",
                in_lines(
                    "It cannot go on, and what is wrong stands below. What you answered is kept, without any secret. When that \
                     is mended, go on with"
                )
            ));
        }
    }

    fn can_go_on(&self) -> bool {
        self.can_resume && self.has_begun.load(Ordering::Relaxed)
    }
}

fn in_lines(text: &str) -> String {
    wrapped(text, columns(&Term::stderr()), 0)
}
