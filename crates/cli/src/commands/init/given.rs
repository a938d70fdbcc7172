//! Answers that were given on the command line.

use std::collections::BTreeMap;

use criteo_engine::calendar::Clock;
use criteo_engine::consent::GrantedAdvertiser;
use criteo_setup::answers::{check_currency, check_destination, check_start, check_time_zone};
use criteo_setup::destinations::{DESTINATIONS, DestinationKind};
use criteo_setup::streams::check_stream;
use criteo_setup::{AdvertiserChoice, Answers, DestinationAnswer};

use crate::arguments::InitArguments;
use crate::exit::UsageError;

/// The answers that the options give, each checked.
pub(super) fn answers(arguments: &InitArguments) -> Result<Answers, UsageError> {
    let checked =
        |option: &str, value: &Option<String>, check: fn(&str) -> Result<String, String>| {
            let value = value.as_deref().map(check).transpose();
            value.map_err(|reason| UsageError::new(format!("{option} cannot be used: {reason}")))
        };
    let answers = Answers {
        advertisers: advertisers(&arguments.advertisers)?,
        currency: checked("--currency", &arguments.currency, check_currency)?,
        timezone: checked("--timezone", &arguments.timezone, check_time_zone)?,
        start_date: arguments.start_date,
        destination: destination(arguments)?,
        streams: streams(arguments)?,
    };
    if let Some(day) = answers.start_date {
        let now = Clock::from_env().map_err(|error| UsageError::new(error.to_string()))?;
        check_start(&day.to_string(), answers.today(now.now()))
            .map_err(|reason| UsageError::new(format!("--start-date cannot be used: {reason}")))?;
    }
    Ok(answers)
}

/// Lets answers that were given win over others.
pub(super) fn overrule(answers: &mut Answers, given: Answers) {
    let Answers {
        advertisers,
        currency,
        timezone,
        start_date,
        destination,
        streams,
    } = given;
    answers.advertisers = advertisers.or(answers.advertisers.take());
    answers.currency = currency.or(answers.currency.take());
    answers.timezone = timezone.or(answers.timezone.take());
    answers.start_date = start_date.or(answers.start_date);
    answers.destination = destination.or(answers.destination.take());
    answers.streams.extend(streams);
}

fn advertisers(ids: &[String]) -> Result<Option<AdvertiserChoice>, UsageError> {
    let mut only: Vec<GrantedAdvertiser> = Vec::new();
    for id in ids {
        if id.is_empty() || !id.chars().all(|digit| digit.is_ascii_digit()) {
            return Err(UsageError::new(format!(
                "--advertiser {id} is not an advertiser's id, which consists of digits"
            )));
        }
        if only.iter().all(|other| other.id != *id) {
            only.push(GrantedAdvertiser {
                id: id.clone(),
                name: None,
            });
        }
    }
    Ok((!only.is_empty()).then_some(AdvertiserChoice::Only(only)))
}

fn destination(arguments: &InitArguments) -> Result<Option<DestinationAnswer>, UsageError> {
    let Some(kind) = &arguments.destination else {
        return Ok(None);
    };
    let Some(offered) = DestinationKind::of(kind) else {
        let known: Vec<&str> = DESTINATIONS.iter().map(|kind| kind.id).collect();
        return Err(UsageError::new(format!("There is no destination {kind}"))
            .with_hint(format!("There are: {}.", known.join(", "))));
    };
    let mut answer = DestinationAnswer {
        kind: kind.clone(),
        options: BTreeMap::new(),
    };
    for option in &arguments.destination_options {
        let Some((key, value)) = option.split_once('=') else {
            // The text is not repeated: it may be a URL with a password.
            return Err(UsageError::new(
                "--destination-option wants a key and a value, such as path=criteo.duckdb",
            ));
        };
        answer
            .options
            .insert(key.trim().to_owned(), value.to_owned());
    }
    check_destination(&answer).map_err(|reason| refused(offered, &answer, &reason))?;
    Ok(Some(answer))
}

/// Why a destination cannot be used, by its options: there may be no configuration yet whose keys somebody has seen.
fn refused(kind: &DestinationKind, answer: &DestinationAnswer, reason: &str) -> UsageError {
    let id = kind.id;
    let missing = kind.missing(answer);
    let message = if missing.is_empty() {
        let reason = reason.replace(" in [destination]", "");
        format!("--destination {id} cannot be used: {reason}")
    } else {
        format!("--destination {id} needs {}", in_options(&missing))
    };
    let password = if kind.has_password {
        " A password is given in CRITEO_DESTINATION_PASSWORD, or in the file that CRITEO_DESTINATION_PASSWORD_FILE names."
    } else {
        ""
    };
    UsageError::new(message).with_hint(format!(
        "For example: `--destination {id} {}`.{password}",
        in_options(&kind.example())
    ))
}

fn in_options(keys: &[(&str, &str)]) -> String {
    let options = keys
        .iter()
        .map(|(key, value)| format!("--destination-option {key}={value}"));
    options.collect::<Vec<_>>().join(" ")
}

fn streams(arguments: &InitArguments) -> Result<BTreeMap<String, bool>, UsageError> {
    let mut streams = BTreeMap::new();
    let changes = [
        ("--enable", &arguments.enabled, true),
        ("--disable", &arguments.disabled, false),
    ];
    for (option, names, is_on) in changes {
        for name in names {
            let name = check_stream(name).map_err(|reason| {
                UsageError::new(format!("{option} {name} cannot be used: {reason}"))
            })?;
            if streams.insert(name.clone(), is_on) == Some(!is_on) {
                return Err(UsageError::new(format!(
                    "{name} is both enabled and disabled"
                )));
            }
        }
    }
    Ok(streams)
}
