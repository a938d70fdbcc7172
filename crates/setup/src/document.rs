//! `criteo.toml` as text, with comments for whoever opens it later.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use criteo_engine::Config;
use criteo_engine::catalog::Catalog;
use jiff::civil::Date;
use serde_json::Value;

use crate::answers::{AdvertiserChoice, Answers, DestinationAnswer};

/// A text as TOML writes it.
#[must_use]
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The configuration file. `today` is the day it is written on, `key_is_in` says for people where the app key is.
/// Answers that are missing are left to their defaults; what the configuration needs at least is the currency. `api_url`
/// is an address other than Criteo's own that this was set up with, so that every later run asks there, too.
///
/// # Errors
/// When a key of the destination cannot be written, in words.
pub fn configuration(
    answers: &Answers,
    today: Date,
    key_is_in: &str,
    api_url: Option<&str>,
) -> Result<String, String> {
    let mut text = format!(
        "# Configuration of criteo-connector, written by `criteo init` on {today}.\n\
         # Change it as you like: `criteo check` says whether it is in order,\n\
         # `criteo schema` prints all keys for editors. The app key is not part of it.\n\
         # {}\n\n\
         [criteo]\n",
        in_one_line(key_is_in)
    );
    if let Some(currency) = &answers.currency {
        add(
            &mut text,
            &[
                "All money is converted to this currency. For tables that hold data,",
                "a change needs `criteo sync --rebuild`.",
            ],
            "currency",
            &quoted(currency),
        );
    }
    if let Some(timezone) = &answers.timezone {
        add(
            &mut text,
            &[
                "Days begin and end at midnight here. For tables that hold data,",
                "a change needs `criteo sync --rebuild`.",
            ],
            "timezone",
            &quoted(timezone),
        );
    }
    text.push_str(&advertisers(answers.advertisers.as_ref()));
    if let Some(address) = api_url {
        add(
            &mut text,
            &[
                "Who is asked instead of Criteo: what CRITEO_API_URL said when this was",
                "written. Without this line, Criteo itself.",
            ],
            "api_url",
            &quoted(address),
        );
    }
    text.push_str("\n[sync]\n");
    match answers.start_date {
        Some(day) => add(
            &mut text,
            &[
                "The first day to read. An earlier one can be set at any time:",
                "only what is missing is read.",
            ],
            "start_date",
            &quoted(&day.to_string()),
        ),
        None => text.push_str("# The first day to read. Without it, 90 days before today.\n# start_date = \"2026-01-01\"\n"),
    }
    text.push_str(
        "# Days are read again until they are so many days old,\n\
         # because conversions keep arriving.\n\
         # lookback_days = 31\n\n",
    );
    if let Some(destination) = &answers.destination {
        text.push_str("# Where the rows go.\n");
        text.push_str(&destination_section(destination)?);
        text.push('\n');
    }
    text.push_str(&streams(&answers.streams));
    Ok(text)
}

fn add(text: &mut String, comments: &[&str], key: &str, value: &str) {
    for comment in comments {
        let _ = writeln!(text, "# {comment}");
    }
    let _ = writeln!(text, "{key} = {value}");
}

/// The key `advertiser_ids`, or how to add it.
pub(crate) fn advertisers(choice: Option<&AdvertiserChoice>) -> String {
    match choice {
        Some(AdvertiserChoice::Only(advertisers)) => {
            let mut text =
                "# The advertisers to read. Without this list: every one that was granted.\n\
                            advertiser_ids = [\n"
                    .to_owned();
            for advertiser in advertisers {
                let _ = write!(text, "    {},", quoted(&advertiser.id));
                if let Some(name) = &advertiser.name {
                    let _ = write!(text, " # {}", in_one_line(name));
                }
                text.push('\n');
            }
            text.push_str("]\n");
            text
        }
        Some(AdvertiserChoice::AllGranted) | None => {
            "# Every advertiser that the app was granted is read,\n\
             # also those that are granted later.\n\
             # advertiser_ids = [\"123\"]\n"
                .to_owned()
        }
    }
}

fn streams(streams: &BTreeMap<String, bool>) -> String {
    let mut text = "# A stream without a section keeps its defaults.\n\
                    # `criteo streams` lists them all.\n"
        .to_owned();
    if streams.is_empty() {
        text.push_str(
            "# Two lines turn one off, or on with `true`:\n\
             # [streams.placements]\n\
             # enabled = false\n",
        );
    }
    let catalog = Catalog::builtin();
    for (name, enabled) in streams {
        text.push('\n');
        if let Some(stream) = catalog.stream(name) {
            let _ = writeln!(text, "# {}", in_one_line(&stream.title));
        }
        let _ = writeln!(text, "[streams.{name}]\nenabled = {enabled}");
    }
    text
}

/// The section `[destination]`, each value in the type that the configuration wants.
///
/// # Errors
/// A value that cannot be one of its type, or a key that this kind does not have, in words.
pub fn destination_section(answer: &DestinationAnswer) -> Result<String, String> {
    let schema = Config::json_schema();
    let kinds = schema["properties"]["destination"]["oneOf"].as_array();
    let kind = kinds
        .into_iter()
        .flatten()
        .find(|kind| kind["properties"]["type"]["const"].as_str() == Some(answer.kind.as_str()));
    let Some(kind) = kind else {
        return Err(format!("There is no destination {}", answer.kind));
    };
    let mut text = format!("[destination]\ntype = {}\n", quoted(&answer.kind));
    for (key, value) in &answer.options {
        let Some(property) = kind["properties"].get(key) else {
            return Err(format!(
                "The destination {} has no option `{key}`; `criteo schema` prints those that it has",
                answer.kind
            ));
        };
        let value = match kind_of_value(property) {
            "integer" => match value.trim().parse::<i64>() {
                Ok(number) => number.to_string(),
                Err(_) => return Err(format!("`{key}` must be a whole number, but is {value:?}")),
            },
            "boolean" => match value.trim() {
                flag @ ("true" | "false") => flag.to_owned(),
                other => return Err(format!("`{key}` must be true or false, but is {other:?}")),
            },
            _ => quoted(value),
        };
        let _ = writeln!(text, "{key} = {value}");
    }
    Ok(text)
}

/// The type of a key, where it may also be absent.
fn kind_of_value(property: &Value) -> &str {
    match &property["type"] {
        Value::String(name) => name,
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or("string"),
        _ => "string",
    }
}

/// A text that stays in the comment it is put into.
fn in_one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use criteo_engine::config::DestinationSection;
    use criteo_engine::consent::GrantedAdvertiser;

    use super::*;

    fn postgres() -> DestinationAnswer {
        let options = [
            ("host", "db \"one\""),
            ("port", "6543"),
            ("database", "d"),
            ("user", "u"),
        ];
        DestinationAnswer {
            kind: "postgres".to_owned(),
            options: options
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    }

    #[test]
    fn every_answer_stands_in_the_file_and_nothing_else_changes() {
        let named = |id: &str, name: &str| GrantedAdvertiser {
            id: id.to_owned(),
            name: Some(name.to_owned()),
        };
        let only = vec![named("7", "Größe \"& Co\"\n[evil]"), named("8", "B")];
        let answers = Answers {
            advertisers: Some(AdvertiserChoice::Only(only)),
            currency: Some("JPY".to_owned()),
            timezone: Some("Asia/Tokyo".to_owned()),
            start_date: Some("2026-01-02".parse().unwrap()),
            destination: Some(postgres()),
            streams: [("ads".to_owned(), false), ("transparency".to_owned(), true)].into(),
        };
        let today = "2026-11-26".parse().unwrap();
        let address = "http://127.0.0.1:8080";
        let text = configuration(&answers, today, "It is kept\nelsewhere.", Some(address)).unwrap();
        let is_long = |line: &&str| line.starts_with('#') && line.chars().count() >= 80;
        assert_eq!(text.lines().find(is_long), None);
        let config = Config::parse(&text, "criteo.toml").unwrap();
        assert_eq!(config.criteo.api_url.as_deref(), Some(address));
        assert_eq!(config.criteo.currency, "JPY");
        assert_eq!(config.criteo.timezone, "Asia/Tokyo");
        assert_eq!(
            config.criteo.advertiser_ids.as_deref(),
            Some(&["7".to_owned(), "8".to_owned()][..])
        );
        assert_eq!(config.sync.start_date, answers.start_date);
        assert_eq!(config.streams["ads"].enabled, Some(false));
        assert_eq!(config.streams["transparency"].enabled, Some(true));
        let DestinationSection::Postgres(section) = &config.destination else {
            panic!("{:?}", config.destination)
        };
        assert_eq!(
            (section.host.as_deref(), section.port),
            (Some("db \"one\""), Some(6543))
        );
        assert_eq!(
            Answers::of_existing(&config, &text).destination,
            answers.destination
        );
    }

    #[test]
    fn a_file_of_defaults_is_one_whose_comments_can_be_taken_away() {
        let answers = Answers {
            currency: Some("EUR".to_owned()),
            ..Answers::default()
        };
        let text = configuration(&answers, "2026-11-26".parse().unwrap(), "", None).unwrap();
        Config::parse(&text, "criteo.toml").unwrap();
        let is_key = |line: &&str| {
            line.starts_with("# ") && (line.contains(" = ") || line.starts_with("# ["))
        };
        assert_eq!(text.lines().filter(is_key).count(), 5, "{text}");
        let is_long = |line: &&str| line.starts_with('#') && line.chars().count() >= 80;
        assert_eq!(text.lines().find(is_long), None);
        let uncommented: Vec<&str> = text
            .lines()
            .map(|line| if is_key(&line) { &line[2..] } else { line })
            .collect();
        Config::parse(&uncommented.join("\n"), "criteo.toml").unwrap();
    }

    #[test]
    fn values_of_the_wrong_type_and_unknown_keys_are_refused() {
        for (key, value, words) in [
            ("port", "many", "whole number"),
            ("hots", "x", "has no option `hots`"),
        ] {
            let mut answer = postgres();
            answer.options.insert(key.to_owned(), value.to_owned());
            let refused = destination_section(&answer).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
        let nothing = DestinationAnswer::default();
        assert!(destination_section(&nothing).is_err());
    }
}
