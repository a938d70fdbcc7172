//! Consent, for which this waits, and the advertisers that came of it.

use std::sync::Arc;
use std::time::Duration;

use criteo_api::{Client, Error as ApiError};
use criteo_engine::consent::{self, GrantedAdvertiser, Watch, WatchEvent, WatchOutcome, watch};
use criteo_engine::doctor::hint_of_api_error;
use criteo_setup::guidance::{check_consent_url, message_to_administrator};
use criteo_setup::{AdvertiserChoice, Step};
use jiff::ZonedDateTime;
use tokio_util::sync::CancellationToken;

use super::ask::Detour;
use super::key::in_full;
use super::keys::{Keys, StatusLine};
use super::session::Session;
use crate::page::wrapped;
use crate::reporters::Warnings;
use crate::table::{Column, TextTable};
use crate::wording::{counted, size};

/// The pause between two looks: a person watches, and a look costs one of 250 calls a minute.
const PAUSE: Duration = Duration::from_secs(5);
/// So many advertisers are listed one by one.
const LISTED: usize = 20;

/// What to do while nobody has consented.
#[derive(Clone, Copy)]
enum Next {
    Watch,
    Message,
    GoOn,
    Stop,
}

impl Session<'_> {
    /// Waits until at least one advertiser is granted.
    pub(super) async fn grant_consent(&mut self) -> Result<(), Detour> {
        let client = self.client()?;
        self.granted = self.look(&client).await?;
        loop {
            let count = size(self.granted.len());
            let options = if self.granted.is_empty() {
                self.terminal.say("No advertiser has consented so far.");
                self.terminal.space();
                vec![
                    (
                        Next::Watch,
                        "Wait here until an advertiser appears".to_owned(),
                    ),
                    (
                        Next::Message,
                        "Show a message for whoever has to approve".to_owned(),
                    ),
                    (Next::Stop, "Stop here, and go on later".to_owned()),
                ]
            } else {
                let (granted, have) = (
                    counted(count, "advertiser"),
                    if count == 1 { "has" } else { "have" },
                );
                self.terminal.good(&format!("{granted} {have} consented."));
                self.list();
                vec![
                    (Next::GoOn, "That is everybody: go on".to_owned()),
                    (Next::Watch, "Wait for one more".to_owned()),
                    (
                        Next::Message,
                        "Show a message for whoever has to approve".to_owned(),
                    ),
                    (Next::Stop, "Stop here, and go on later".to_owned()),
                ]
            };
            match self.terminal.choose("What now?", options)? {
                Next::GoOn => return self.try_permissions().await,
                Next::Stop => return Err(Detour::Stop),
                Next::Message => match self.message() {
                    // Esc in the middle leads back to this question.
                    Err(Detour::Back) => {}
                    other => other?,
                },
                Next::Watch => match self.watch(&client).await {
                    Err(Detour::Back) => {}
                    other => other?,
                },
            }
        }
    }

    /// A text to send to the administrator.
    fn message(&self) -> Result<(), Detour> {
        let url = self.terminal.text(
            "Consent URL:",
            None,
            "From \"Generate new URL\" in the portal; leave it empty to fill it in later",
            |text| match text.trim() {
                "" => Ok(None),
                url => check_consent_url(url, self.environment.consent_url()).map(Some),
            },
        )?;
        let app = self
            .progress
            .key
            .as_ref()
            .and_then(|key| key.app.as_deref());
        self.terminal.space();
        for line in message_to_administrator(app, url.as_deref()).lines() {
            // Lines of a numbered list hang below its words. A URL stays in one piece, also where it is longer than a line:
            // broken it could not be copied.
            let is_item = line.starts_with(|first: char| first.is_ascii_digit());
            let margin = if is_item { 5 } else { 2 };
            let page = self.terminal.width().saturating_sub(margin);
            let text = wrapped(line, Some(page), margin);
            self.terminal.show(format_args!("  {text}"));
        }
        self.terminal.space();
        Ok(())
    }

    /// Looks until an advertiser appears that is not known yet.
    async fn watch(&mut self, client: &Client) -> Result<(), Detour> {
        let mut keys = Keys::watch(self.replaces_lines())?;
        let options = Watch {
            known: Some(self.granted.clone()),
            pause: PAUSE,
            timeout: None,
        };
        let stop = CancellationToken::new();
        let line = &keys.line;
        let outcome = tokio::select! {
            outcome = watch(client, options, &stop, |event| tell(line, event)) => outcome,
            detour = keys.pressed.left() => return Err(detour),
        };
        drop(keys);
        match outcome {
            Ok(WatchOutcome::Appeared { granted, .. }) => {
                self.granted = granted;
                Ok(())
            }
            Ok(WatchOutcome::TimedOut { .. } | WatchOutcome::Stopped { .. }) => Ok(()),
            Err(error) => {
                self.trouble(&error);
                Ok(())
            }
        }
    }

    /// Which of them to read.
    pub(super) async fn choose_advertisers(&mut self) -> Result<(), Detour> {
        if self.granted.is_empty() {
            let client = self.client()?;
            self.granted = self.look(&client).await?;
            // In the step before, they were listed already.
            if !self.granted.is_empty() {
                self.list();
            }
        }
        if self.granted.is_empty() {
            let step = Step::GrantConsent;
            self.terminal.bad(&format!(
                "No advertiser consents any more, so step {} comes again.",
                step.number()
            ));
            return Err(Detour::To(step));
        }
        let all = "All of them, and those that are granted later".to_owned();
        let (some, at) = match &self.progress.answers.advertisers {
            Some(AdvertiserChoice::Only(only)) => {
                (format!("Some of them ({} before)", only.len()), 1)
            }
            _ => ("Some of them".to_owned(), 0),
        };
        let options = vec![(true, all), (false, some)];
        let question = "Which are to be read?";
        loop {
            if self.terminal.choose_from(question, options.clone(), at)? {
                self.progress.answers.advertisers = Some(AdvertiserChoice::AllGranted);
                return Ok(());
            }
            match self.tick_advertisers() {
                // Esc in the list leads back to the question, not out of the step.
                Err(Detour::Back) => {}
                ticked => return ticked,
            }
        }
    }

    /// Which of them by name.
    fn tick_advertisers(&mut self) -> Result<(), Detour> {
        let ticked: Vec<usize> = match &self.progress.answers.advertisers {
            Some(AdvertiserChoice::Only(only)) => self
                .granted
                .iter()
                .enumerate()
                .filter(|(_, granted)| only.iter().any(|one| one.id == granted.id))
                .map(|(index, _)| index)
                .collect(),
            _ => (0..self.granted.len()).collect(),
        };
        let names: Vec<String> = self.granted.iter().map(in_words).collect();
        let nothing = "At least one advertiser has to be read. Space ticks.";
        let chosen = self
            .terminal
            .tick("Advertisers:", &names, &ticked, nothing)?;
        let only = chosen
            .into_iter()
            .filter_map(|index| self.granted.get(index).cloned());
        self.progress.answers.advertisers = Some(AdvertiserChoice::Only(only.collect()));
        Ok(())
    }

    /// Asks who consents, until Criteo answers or the person has enough.
    async fn look(&self, client: &Client) -> Result<Vec<GrantedAdvertiser>, Detour> {
        loop {
            match consent::granted(client).await {
                Ok(granted) => return Ok(granted),
                Err(error) => self.trouble(&error),
            }
            let options = vec![
                (true, "Try again".to_owned()),
                (false, "Stop here, and go on later".to_owned()),
            ];
            if !self.terminal.choose("What now?", options)? {
                return Err(Detour::Stop);
            }
        }
    }

    fn trouble(&self, error: &ApiError) {
        self.terminal.bad(&in_full(error));
        if let Some(hint) = hint_of_api_error(error) {
            self.terminal.say(&hint);
        }
    }

    fn client(&self) -> Result<Client, Detour> {
        let Some(key) = &self.key else {
            let step = Step::GiveKey.number();
            return Err(Detour::Failed(anyhow::anyhow!(
                "The key of step {step} is not here"
            )));
        };
        let reporter = Arc::new(Warnings::new(self.context.printer));
        Ok(criteo_engine::client(
            &self.connection()?,
            key.credentials.clone(),
            reporter,
        )?)
    }

    fn list(&self) {
        let mut table = TextTable::new(&[Column::Words("ADVERTISER"), Column::Words("NAME")]);
        for advertiser in self.granted.iter().take(LISTED) {
            let name = advertiser.name.clone().unwrap_or_default();
            table.row([advertiser.id.clone(), name]);
        }
        self.terminal.space();
        self.terminal
            .show(table.render_on(Some(self.terminal.width())));
        if let Some(more @ 1..) = self.granted.len().checked_sub(LISTED) {
            self.terminal.say(&format!("and {more} more"));
        }
        self.terminal.space();
    }
}

fn in_words(advertiser: &GrantedAdvertiser) -> String {
    match &advertiser.name {
        Some(name) => format!("{}  {name}", advertiser.id),
        None => advertiser.id.clone(),
    }
}

fn tell(line: &StatusLine, event: &WatchEvent<'_>) {
    let at = ZonedDateTime::now().strftime("%T").to_string();
    match event {
        WatchEvent::Looked { granted, .. } => line.set(
            "Waiting for consent. Esc: go back, Ctrl-C: stop.",
            &format!(" {} at {at}", counted(size(granted.len()), "advertiser")),
        ),
        WatchEvent::Failed { .. } => line.set(
            "Criteo cannot be asked at the moment; it goes on. Esc: go back, Ctrl-C: stop.",
            "",
        ),
        _ => {}
    }
}
