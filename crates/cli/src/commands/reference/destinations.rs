//! The page of the destinations: what each kind that can be configured says of itself.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use criteo_engine::config::Config;
use criteo_engine::destination::{self, Capabilities};
use serde_json::Value;

use super::Page;
use super::markdown::{Table, code};
use super::schema::{Schema, alternatives, description, properties, tag};

/// Every kind of destination with its capabilities.
pub(super) fn page() -> anyhow::Result<Page> {
    let described = Capabilities::json_schema();
    let described = described.as_object().context("The schema of an object")?;
    let kinds = kinds()?;

    let mut list = Table::new(&["`type`", "destination", "what it is"]);
    for kind in &kinds {
        list.row(&[
            code(&kind.name),
            word(kind.promises.get("name")),
            kind.description.clone(),
        ]);
    }
    let mut headings = vec!["promise"];
    headings.extend(kinds.iter().map(|kind| kind.name.as_str()));
    let mut promises = Table::new(&headings);
    for promise in properties(described) {
        if promise.name == "name" {
            continue;
        }
        let mut row = vec![promise.description().trim_end_matches('.').to_owned()];
        row.extend(
            kinds
                .iter()
                .map(|kind| word(kind.promises.get(promise.name))),
        );
        promises.row(&row);
    }
    let body = format!(
        "`[destination]` in the [configuration](configuration.md#destination) says where rows go.\n\n{}\n\
         ## What each promises\n\n{}",
        list.text(),
        promises.text()
    );
    Ok(Page::new(
        "destinations.md",
        "Destinations",
        "where rows can go, and what each place promises",
        &body,
    ))
}

struct Kind {
    name: String,
    description: String,
    promises: BTreeMap<String, Value>,
}

/// The kinds are the alternatives of the configuration's schema, so that none can be forgotten. Each is opened as its
/// own examples say, which touches nothing.
fn kinds() -> anyhow::Result<Vec<Kind>> {
    let schema = Config::json_schema();
    let section = schema
        .pointer("/properties/destination")
        .and_then(Value::as_object)
        .context("The configuration's schema has no destination")?;
    alternatives(section)
        .into_iter()
        .map(|variant| {
            let (_, name) = tag(variant).context("A kind of destination without its type")?;
            let config = Config::parse(&example(name, variant)?, name)
                .with_context(|| format!("The examples of destination {name} are refused"))?;
            let capabilities = destination::open(&config).capabilities();
            Ok(Kind {
                name: name.to_owned(),
                description: description(variant).to_owned(),
                promises: serde_json::from_value(serde_json::to_value(capabilities)?)?,
            })
        })
        .collect()
}

/// A configuration with this destination: the keys whose documentation has an example, with that example. Not only the
/// required ones, because a server may be named by one key or by several others.
fn example(name: &str, variant: &Schema) -> anyhow::Result<String> {
    let mut text = format!("[criteo]\ncurrency = \"EUR\"\n\n[destination]\ntype = \"{name}\"\n");
    for property in properties(variant) {
        if property.schema.contains_key("const") {
            continue;
        }
        match property.example() {
            Some(example) => text.push_str(&format!("{} = {example}\n", property.name)),
            None if !property.required => {}
            None => bail!(
                "The key {} of destination {name} needs an example in its documentation: \
                 #[schemars(example = ...)]",
                property.name
            ),
        }
    }
    Ok(text)
}

fn word(value: Option<&Value>) -> String {
    match value {
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
