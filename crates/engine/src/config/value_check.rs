//! Checks single values that a JSON Schema cannot describe: currencies, time zones, addresses, names.

use std::collections::BTreeSet;
use std::path::Path;

use super::currency;
use super::document::{Document, Place};
use super::key_store;
use super::problem::Problem;
use super::sections::{Config, CriteoSection, DestinationSection, LookbackDays};
use super::time_zone;
use crate::plan::lookback::Lookback;

/// Everything wrong with the values of `config`, which was read from `document`.
pub(super) fn problems(config: &Config, document: &Document<'_>) -> Vec<Problem> {
    let root = document.root();
    let mut problems = criteo_problems(&config.criteo, &root.key("criteo"));
    problems.extend(connection_problems(config, &root));
    problems.extend(lookback_problems(
        config.sync.lookback_days.as_ref(),
        config.sync.lookback.as_deref(),
        &root.key("sync"),
    ));
    let place = root.key("destination");
    match &config.destination {
        #[cfg(feature = "clickhouse")]
        DestinationSection::Clickhouse(section) => {
            // The same rule as for Criteo's address: a password does not travel in the open.
            if let Err(error) = criteo_api::BaseUrl::parse(&section.url) {
                problems.push(
                    place
                        .key("url")
                        .problem(format!("`url` cannot be used. {error}")),
                );
            }
            problems.extend(identifier_problem(
                &place.key("database"),
                "database",
                &section.database,
            ));
        }
        DestinationSection::Csv { path } | DestinationSection::Jsonl { path } => {
            problems.extend(path_problem(&place, path, "a folder, or be \"-\""));
        }
        DestinationSection::Duckdb {
            path,
            schema,
            memory_limit,
        } => {
            problems.extend(path_problem(&place, path, "a file"));
            problems.extend(identifier_problem(&place.key("schema"), "schema", schema));
            if let Some(limit) = memory_limit
                .as_deref()
                .filter(|limit| !is_memory_size(limit))
            {
                problems.push(place.key("memory_limit").problem(format!(
                    "`memory_limit` cannot be \"{limit}\"; write a number and a unit, such as \"512MB\" or \"2GB\""
                )));
            }
        }
        #[cfg(feature = "postgres")]
        DestinationSection::Postgres(section) => {
            let place = root.key("destination");
            if let Err((key, message)) = section.address() {
                problems.push(place.key(key).problem(message));
            }
            problems.extend(identifier_problem(
                &place.key("schema"),
                "schema",
                &section.schema,
            ));
        }
        #[cfg(feature = "parquet-lake")]
        DestinationSection::Parquet {
            url,
            region,
            endpoint,
            allow_http,
        } => {
            let options = crate::destination::parquet::LakeOptions {
                url: url.clone(),
                region: region.clone(),
                endpoint: endpoint.clone(),
                allow_http: *allow_http,
            };
            if let Some((key, reason)) = options.problem() {
                let place = root.key("destination").key(key);
                problems.push(place.problem(format!("`{key}` {reason}")));
            }
        }
    }
    problems
}

/// Problems with `lookback_days` and `lookback`, which say the same in two ways, in the section at `place`.
pub(super) fn lookback_problems(
    days: Option<&LookbackDays>,
    schedule: Option<&[String]>,
    place: &Place<'_, '_>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(LookbackDays::Word(word)) = days
        && word != LookbackDays::AUTO
    {
        problems.push(place.key("lookback_days").problem(format!(
            "`lookback_days` must be a whole number or \"{}\", but is \"{word}\"",
            LookbackDays::AUTO
        )));
    }
    let Some(schedule) = schedule else {
        return problems;
    };
    let place = place.key("lookback");
    if days.is_some() {
        problems.push(place.problem(
            "`lookback` and `lookback_days` say the same thing in two ways; leave one of them out",
        ));
    }
    if let Err(error) = Lookback::parse(schedule) {
        let at = match error.rule {
            Some(rule) => place.item(rule),
            None => place,
        };
        problems.push(at.problem(format!("`lookback`: {error}")));
    }
    problems
}

fn path_problem(place: &Place<'_, '_>, path: &Path, wanted: &str) -> Option<Problem> {
    let message = if path.as_os_str().is_empty() {
        format!("`path` must name {wanted}")
    } else if path.starts_with("~") {
        "`path` begins with \"~\", which only shells know; write the folder out".to_owned()
    } else {
        return None;
    };
    Some(place.key("path").problem(message))
}

fn criteo_problems(section: &CriteoSection, place: &Place<'_, '_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(currency::problem(&section.currency).map(|m| place.key("currency").problem(m)));
    problems
        .extend(time_zone::problem(&section.timezone).map(|m| place.key("timezone").problem(m)));
    if let Some(ids) = &section.advertiser_ids {
        problems.extend(advertiser_problems(ids, &place.key("advertiser_ids")));
    }
    problems.extend(empty_problems(
        section.client_id.as_deref(),
        section.key_file.as_deref(),
        place,
    ));
    if let Some(Err(error)) = section.api_url.as_deref().map(criteo_api::BaseUrl::parse) {
        problems.push(
            place
                .key("api_url")
                .problem(format!("`api_url` cannot be used. {error}")),
        );
    }
    problems
}

fn empty_problems(
    client_id: Option<&str>,
    key_file: Option<&Path>,
    place: &Place<'_, '_>,
) -> Vec<Problem> {
    [
        ("client_id", client_id),
        ("key_file", key_file.and_then(Path::to_str)),
    ]
    .into_iter()
    .filter(|(_, value)| value.is_some_and(|value| value.trim().is_empty()))
    .map(|(key, _)| {
        place.key(key).problem(format!(
            "`{key}` is empty; leave the key out if it is not needed"
        ))
    })
    .collect()
}

fn connection_problems(config: &Config, root: &Place<'_, '_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, section) in &config.connections {
        let place = root.key("connections").key(name);
        problems.extend(
            key_store::check_name(name)
                .map_err(|error| place.problem(error.to_string()))
                .err(),
        );
        if let Some(ids) = &section.advertiser_ids {
            problems.extend(advertiser_problems(ids, &place.key("advertiser_ids")));
        }
        problems.extend(empty_problems(
            section.client_id.as_deref(),
            section.key_file.as_deref(),
            &place,
        ));
    }
    if config.connections.is_empty() {
        return problems;
    }
    let place = root.key("criteo");
    for (key, is_there) in [
        ("client_id", config.criteo.client_id.is_some()),
        ("key_file", config.criteo.key_file.is_some()),
        ("advertiser_ids", config.criteo.advertiser_ids.is_some()),
    ] {
        if is_there {
            problems.push(place.key(key).problem(format!(
                "`{key}` belongs to one app, and there are [connections]: move it into the section of the one it is \
                 meant for"
            )));
        }
    }
    problems
}

fn advertiser_problems(ids: &[String], place: &Place<'_, '_>) -> Vec<Problem> {
    if ids.is_empty() {
        let message = "`advertiser_ids` is an empty list, which would read nothing; leave the key out to read every \
                       advertiser that the app was granted";
        return vec![place.problem(message)];
    }
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_digit()) {
            problems.push(place.item(index).problem(format!(
                "`advertiser_ids`: \"{id}\" is not an advertiser's id, which consists of digits"
            )));
        } else if !seen.insert(id) {
            problems.push(
                place
                    .item(index)
                    .problem(format!("`advertiser_ids` names {id} twice")),
            );
        }
    }
    problems
}

/// A problem with a name that becomes part of SQL, if there is one. Names are always quoted there, so this is for
/// the people who will write queries: a name that needs no quotation marks is one less thing to know.
pub(super) fn identifier_problem(place: &Place<'_, '_>, key: &str, name: &str) -> Option<Problem> {
    (!is_identifier(name)).then(|| {
        place.problem(format!(
            "`{key}` cannot be \"{name}\"; use up to 63 letters, digits and underscores, beginning with a letter"
        ))
    })
}

/// Whether [`identifier_problem`] has nothing to say of a name.
pub(super) fn is_identifier(name: &str) -> bool {
    // Tables that begin with an underscore are the ledger's.
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let goes_on_well = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    starts_well && goes_on_well && name.len() <= 63
}

fn is_memory_size(text: &str) -> bool {
    let text = text.trim();
    let unit_start = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_start);
    let units = ["KB", "MB", "GB", "TB", "KIB", "MIB", "GIB", "TIB"];
    number.parse::<f64>().is_ok_and(|number| number > 0.0)
        && units.contains(&unit.trim().to_ascii_uppercase().as_str())
}
