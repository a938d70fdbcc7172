//! What a person chose, and whether a choice can be used.
//!
//! What is allowed is the configuration's business alone: a choice is tried in the smallest configuration that has it,
//! and refused with the words that the file itself would be refused with.

use std::collections::BTreeMap;

use criteo_engine::config::{Config, ConfigError};
use criteo_engine::consent::GrantedAdvertiser;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::document::quoted;
use crate::locality::time_zones;
use crate::step::Step;
use crate::streams::check_stream;

/// Everything that is chosen. `None` means: not yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// Which advertisers to read.
    pub advertisers: Option<AdvertiserChoice>,
    /// The currency, as three capital letters.
    pub currency: Option<String>,
    /// The IANA name of the time zone.
    pub timezone: Option<String>,
    /// The first day to read.
    pub start_date: Option<Date>,
    /// Where the rows go.
    pub destination: Option<DestinationAnswer>,
    /// The streams that are on or off other than by default.
    pub streams: BTreeMap<String, bool>,
}

/// Which advertisers to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvertiserChoice {
    /// Every advertiser that the app was granted, also those that are granted later.
    AllGranted,
    /// These alone.
    Only(Vec<GrantedAdvertiser>),
}

/// Where the rows go: the keys of `[destination]` as texts. A password is never one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationAnswer {
    /// The `type`.
    pub kind: String,
    /// The other keys.
    pub options: BTreeMap<String, String>,
}

/// Brings a currency into the form of the configuration.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_currency(text: &str) -> Result<String, String> {
    let currency = text.trim().to_uppercase();
    accepted(&format!("[criteo]\ncurrency = {}\n", quoted(&currency)))?;
    Ok(currency)
}

/// Brings a time zone into the form of the configuration: the name in the database, however it was capitalised.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_time_zone(text: &str) -> Result<String, String> {
    let name = text.trim().replace(' ', "_");
    let known = time_zones()
        .into_iter()
        .find(|zone| zone.eq_ignore_ascii_case(&name));
    let name = known.unwrap_or(name);
    accepted(&format!(
        "[criteo]\ncurrency = \"EUR\"\ntimezone = {}\n",
        quoted(&name)
    ))?;
    Ok(name)
}

/// Reads a first day.
///
/// # Errors
/// When it is no day, or one that has not come yet.
pub fn check_start(text: &str, today: Date) -> Result<Date, String> {
    let text = text.trim();
    let day: Date = match text.parse() {
        Ok(day) if text.len() == "2026-01-31".len() => day,
        _ => return Err("a day is written as 2026-01-31".to_owned()),
    };
    if day > today {
        return Err(format!("{day} has not come yet; today is {today}"));
    }
    Ok(day)
}

/// The day so many days before another one; the other one where the calendar ends.
#[must_use]
pub fn days_before(today: Date, days: i64) -> Date {
    today.checked_sub(days.days()).unwrap_or(today)
}

/// The day on which a two-year history begins.
#[must_use]
pub fn two_years_before(today: Date) -> Date {
    today.checked_sub(2.years()).unwrap_or(today)
}

/// Checks the keys of a destination; nothing is opened.
///
/// # Errors
/// What is wrong with them, in words.
pub fn check_destination(answer: &DestinationAnswer) -> Result<(), String> {
    if let Some((key, _)) = answer
        .options
        .iter()
        .find(|(_, value)| holds_password(value))
    {
        return Err(format!(
            "`{key}` holds a password, which does not belong into a file: leave it out, and give it in \
             CRITEO_DESTINATION_PASSWORD"
        ));
    }
    let section = crate::document::destination_section(answer)?;
    accepted(&format!("[criteo]\ncurrency = \"EUR\"\n\n{section}"))
}

/// Whether a value is a URL with a password.
fn holds_password(value: &str) -> bool {
    url::Url::parse(value).is_ok_and(|url| {
        url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
    })
}

/// What `text` is refused with as a configuration, without the names of files and lines that nobody has seen.
fn accepted(text: &str) -> Result<(), String> {
    match Config::parse(text, "") {
        Ok(_) => Ok(()),
        Err(ConfigError::Invalid { problems, .. }) => {
            let messages: Vec<String> = problems
                .into_iter()
                .map(|problem| problem.message)
                .collect();
            Err(messages.join("\n"))
        }
        Err(other) => Err(other.to_string()),
    }
}

impl Answers {
    /// What an existing configuration says, so that it need not be answered again. Destinations are taken from the text
    /// of the file, since a configuration in memory may hold a password.
    #[must_use]
    pub fn of_existing(config: &Config, text: &str) -> Answers {
        let ids = config.criteo.advertiser_ids.clone();
        let only = ids.map(|ids| {
            let without_name = |id| GrantedAdvertiser { id, name: None };
            AdvertiserChoice::Only(ids.into_iter().map(without_name).collect())
        });
        Answers {
            advertisers: only,
            currency: Some(config.criteo.currency.clone()),
            timezone: Some(config.criteo.timezone.clone()),
            start_date: config.sync.start_date,
            destination: DestinationAnswer::of_text(text),
            streams: config
                .streams
                .iter()
                .filter_map(|(name, section)| Some((name.clone(), section.enabled?)))
                .collect(),
        }
    }

    /// The first answer that is missing or that a configuration would be refused for, by the step that asks for it, and
    /// what is wrong with it, in words. What has a default may be missing.
    #[must_use]
    pub fn unusable(&self) -> Option<(Step, String)> {
        let not_yet = || Err("it was not answered yet".to_owned());
        let checks = [
            (
                Step::ChooseAdvertisers,
                accepted(&format!(
                    "[criteo]\ncurrency = \"EUR\"\n{}",
                    crate::document::advertisers(self.advertisers.as_ref())
                )),
            ),
            (
                Step::ChooseCurrency,
                self.currency
                    .as_deref()
                    .map_or_else(not_yet, |currency| check_currency(currency).map(drop)),
            ),
            (
                Step::ChooseTimeZone,
                self.timezone
                    .as_deref()
                    .map_or(Ok(()), |zone| check_time_zone(zone).map(drop)),
            ),
            (
                Step::ChooseDestination,
                self.destination
                    .as_ref()
                    .map_or_else(not_yet, check_destination),
            ),
            (
                Step::ChooseStreams,
                self.streams
                    .keys()
                    .try_for_each(|name| check_stream(name).map(drop)),
            ),
        ];
        checks
            .into_iter()
            .find_map(|(step, checked)| Some((step, checked.err()?)))
    }

    /// The day that `now` lies on in the chosen time zone, or in UTC.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Date {
        let zone = self.timezone.as_deref().map(TimeZone::get);
        let zone = zone.and_then(Result::ok).unwrap_or(TimeZone::UTC);
        now.to_zoned_datetime(zone).date()
    }
}

impl DestinationAnswer {
    /// The `[destination]` of a configuration file. A URL with a password in it is left out.
    fn of_text(text: &str) -> Option<DestinationAnswer> {
        let document: toml::Table = text.parse().ok()?;
        let section = document.get("destination")?.as_table()?;
        let mut options = BTreeMap::new();
        for (key, value) in section {
            let value = match value {
                toml::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if key != "type" && !holds_password(&value) {
                options.insert(key.clone(), value);
            }
        }
        Some(DestinationAnswer {
            kind: section.get("type")?.as_str()?.to_owned(),
            options,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_brought_into_form_or_refused_in_the_words_of_the_configuration() {
        assert_eq!(check_currency(" eur ").unwrap(), "EUR");
        let wrong = check_currency("euro").unwrap_err();
        assert!(wrong.contains("three capital letters"), "{wrong}");
        assert_eq!(check_time_zone("europe/paris").unwrap(), "Europe/Paris");
        assert_eq!(
            check_time_zone("America/New York").unwrap(),
            "America/New_York"
        );
        assert_eq!(check_time_zone("utc").unwrap(), "UTC");
        for (zone, word) in [
            ("UTC+1", "offset"),
            ("EST", "abbreviation"),
            ("Europe/Pari", "Europe/Paris"),
        ] {
            let wrong = check_time_zone(zone).unwrap_err();
            assert!(wrong.contains(word), "{wrong}");
        }
        let today = "2026-11-26".parse().unwrap();
        assert_eq!(check_start("2026-11-26", today).unwrap(), today);
        for wrong in ["", "yesterday", "2026-11-27", "2026-13-01", "20261101"] {
            assert!(check_start(wrong, today).is_err(), "{wrong}");
        }
        assert_eq!(two_years_before(today).to_string(), "2024-11-26");
    }

    #[test]
    fn what_no_configuration_can_be_made_of_is_found_by_its_step() {
        let destination = |kind: &str, options: &[(&str, &str)]| DestinationAnswer {
            kind: kind.to_owned(),
            options: options
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let complete = Answers {
            currency: Some("EUR".to_owned()),
            destination: Some(destination("csv", &[("path", "files")])),
            ..Answers::default()
        };
        assert_eq!(complete.unusable(), None);
        let with_destination = |answer: Option<DestinationAnswer>| Answers {
            destination: answer,
            ..complete.clone()
        };
        let half = destination("postgres", &[("host", "localhost"), ("port", "5432")]);
        for (answers, step, words) in [
            (
                with_destination(Some(half)),
                Step::ChooseDestination,
                "database",
            ),
            (
                with_destination(Some(destination("duckdb", &[]))),
                Step::ChooseDestination,
                "path",
            ),
            (
                with_destination(Some(destination("mysql", &[]))),
                Step::ChooseDestination,
                "mysql",
            ),
            (
                with_destination(None),
                Step::ChooseDestination,
                "not answered",
            ),
            (
                Answers {
                    currency: Some("XXZ".to_owned()),
                    ..complete.clone()
                },
                Step::ChooseCurrency,
                "ISO 4217",
            ),
            (
                Answers {
                    timezone: Some("EST".to_owned()),
                    ..complete.clone()
                },
                Step::ChooseTimeZone,
                "abbreviation",
            ),
            (
                Answers {
                    streams: [("statistic".to_owned(), true)].into(),
                    ..complete.clone()
                },
                Step::ChooseStreams,
                "statistics",
            ),
        ] {
            let (found, reason) = answers.unusable().unwrap();
            assert_eq!(found, step, "{reason}");
            assert!(reason.contains(words), "{reason}");
        }
    }

    #[test]
    fn passwords_are_kept_out_of_the_file() {
        for url in [
            "postgresql://me:hunter2@localhost/db",
            "postgresql://me@localhost/db?password=hunter2",
        ] {
            let answer = DestinationAnswer {
                kind: "postgres".to_owned(),
                options: [("url".to_owned(), url.to_owned())].into(),
            };
            let refused = check_destination(&answer).unwrap_err();
            assert!(refused.contains("CRITEO_DESTINATION_PASSWORD"), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn an_existing_configuration_answers_what_it_can_but_gives_no_password() {
        let text = "[criteo]\ncurrency = \"USD\"\nadvertiser_ids = [\"7\"]\n\n[destination]\ntype = \"postgres\"\n\
                    url = \"postgresql://me:hunter2@localhost/db\"\nschema = \"x\"\n\n[streams.ads]\nenabled = false\n";
        let config = Config::parse(text, "criteo.toml").unwrap();
        let answers = Answers::of_existing(&config, text);
        assert_eq!(answers.currency.as_deref(), Some("USD"));
        assert_eq!(answers.timezone.as_deref(), Some("UTC"));
        assert_eq!(answers.streams, BTreeMap::from([("ads".to_owned(), false)]));
        let destination = answers.destination.unwrap();
        assert_eq!(destination.kind, "postgres");
        assert_eq!(
            destination.options,
            BTreeMap::from([("schema".to_owned(), "x".to_owned())])
        );
        assert!(
            matches!(answers.advertisers, Some(AdvertiserChoice::Only(only)) if only[0].id == "7")
        );
    }
}
