//! The form in which a platform asks for the configuration: a JSON Schema made of the engine's own.
//!
//! Platforms draw forms, and understand less of JSON Schema than our configuration says: one type for each field besides
//! `null`, no choice between types, and no objects with free names. So what differs is said in their way here, and the
//! titles, the order and the documentation comments are carried over. Only what a form can ask for is in it, but a
//! platform's own check must not refuse more than we do: objects are left open, and unknown keys are refused by us.

use criteo_engine::Config;
use criteo_engine::catalog::{Catalog, Stream};
use serde_json::{Map, Value, json};

/// A number of days, or a word.
pub(super) const LOOKBACK_DAYS: &str = "lookback_days";

/// The sections of the engine's configuration that a platform asks for, with their keys, in the order of the form. What
/// is not here is the platform's to decide.
const SECTIONS: [(&str, &[&str]); 2] = [
    (
        "criteo",
        &[
            "currency",
            "timezone",
            "advertiser_ids",
            "report_calls_per_minute",
            "calls_per_minute",
            "api_url",
        ],
    ),
    (
        "sync",
        &[
            "start_date",
            LOOKBACK_DAYS,
            "lookback",
            "concurrency",
            "retry_seconds",
        ],
    ),
];
const STREAM_KEYS: &[&str] = &[
    "dimensions",
    "metrics",
    "start_date",
    LOOKBACK_DAYS,
    "lookback",
];
const REPORT_KEYS: &[&str] = &[
    "name",
    "dimensions",
    "metrics",
    "start_date",
    LOOKBACK_DAYS,
    "lookback",
];

/// Titles of keys that do not read well as they are.
const TITLES: [(&str, &str); 9] = [
    ("criteo", "What to ask Criteo for"),
    ("sync", "Which days to read"),
    ("streams", "Changes to streams"),
    ("reports", "Custom reports"),
    ("advertiser_ids", "Advertiser ids"),
    ("api_url", "Address of the API"),
    ("timezone", "Time zone"),
    ("lookback_days", "Lookback in days"),
    ("lookback", "Lookback as a schedule"),
];

/// The JSON Schema of the configuration, as platforms draw forms from it.
#[must_use]
pub fn form() -> Value {
    let engine = Config::json_schema();
    let mut properties = Map::new();
    let mut add = |key: &str, mut property: Value| {
        property["order"] = properties.len().into();
        properties.insert(key.to_owned(), property);
    };
    add("credentials", credentials());
    for (section, keys) in SECTIONS {
        add(
            section,
            object(section, &engine["properties"][section], keys),
        );
    }
    add("streams", streams(&engine));
    add("reports", reports(&engine));
    add("keys_folder", keys_folder());
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Criteo",
        "type": "object",
        "required": ["credentials", "criteo"],
        "properties": properties,
    })
}

/// Keys that `criteo.toml` may have and that mean nothing to a platform, as sentences.
pub(super) fn misplaced(sections: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut look = |name: &str, section: &Value, keys: &[&str]| {
        for key in section.as_object().into_iter().flat_map(Map::keys) {
            if !keys.contains(&key.as_str()) {
                found.push(format!(
                    "`{key}` in {name} has no place here: a platform decides that itself, or has no use for it"
                ));
            }
        }
    };
    for (section, keys) in SECTIONS {
        look(section, &sections[section], keys);
    }
    for (stream, section) in sections["streams"].as_object().into_iter().flatten() {
        look(&format!("streams.{stream}"), section, STREAM_KEYS);
    }
    for report in sections["reports"].as_array().into_iter().flatten() {
        look("reports", report, REPORT_KEYS);
    }
    found
}

fn credentials() -> Value {
    json!({
        "title": "App key",
        "type": "object",
        "description": "The key of your app, from Criteo's partner portal: create an app with Client Credentials and the \
            permissions to read Analytics, Campaigns and Creatives, and create a new key.",
        "required": ["client_id", "client_secret"],
        "properties": {
            "client_id": {
                "title": "Client id",
                "type": "string",
                "description": "The client id of the app key. It is not secret.",
                "order": 0
            },
            "client_secret": {
                "title": "Client secret",
                "type": "string",
                "description": "The client secret of the app key. Criteo shows it once, when the key is created.",
                "airbyte_secret": true,
                "order": 1
            }
        }
    })
}

fn keys_folder() -> Value {
    json!({
        "title": "Folder for keys",
        "type": "string",
        "description": "A folder that stays between runs, for the keys of what was delivered. With it, rows that Criteo no \
            longer reports are delivered as deletions; without it they stay. Leave it empty where runs have no disk of \
            their own.",
        "examples": ["/var/lib/criteo/keys"]
    })
}

/// One object with a member for each stream whose defaults can be changed.
fn streams(engine: &Value) -> Value {
    let section = &engine["properties"]["streams"]["additionalProperties"];
    let mut properties = Map::new();
    for stream in Catalog::builtin().streams() {
        let keys: Vec<&str> = STREAM_KEYS
            .iter()
            .copied()
            .filter(|key| match *key {
                "dimensions" => stream.dimensions().next().is_some(),
                "metrics" => stream.metrics().next().is_some(),
                _ => stream.day_field.is_some(),
            })
            .collect();
        if keys.is_empty() {
            continue;
        }
        let mut property = object(&stream.name, section, &keys);
        property["title"] = stream.title.clone().into();
        property["description"] = stream.description.clone().into();
        property["order"] = properties.len().into();
        name_fields(&mut property, stream);
        properties.insert(stream.name.clone(), property);
    }
    json!({
        "title": title("streams"),
        "type": "object",
        "description": "Changes to single streams. What is left out keeps the stream's default.",
        "properties": properties,
    })
}

fn reports(engine: &Value) -> Value {
    let section = &engine["properties"]["reports"];
    let mut items = object("report", &section["items"], REPORT_KEYS);
    if let Some(statistics) = Catalog::builtin().stream("statistics") {
        name_fields(&mut items, statistics);
    }
    json!({
        "title": title("reports"),
        "type": "array",
        "description": section["description"],
        "items": items,
    })
}

/// Lets dimensions and metrics be chosen from a list.
fn name_fields(section: &mut Value, stream: &Stream) {
    let names = |fields: Vec<String>| json!({ "type": "string", "enum": fields });
    let dimensions = stream.dimensions().map(|field| field.name.clone());
    let metrics = stream.metrics().map(|field| field.name.clone());
    for (key, fields) in [
        ("dimensions", dimensions.collect::<Vec<_>>()),
        ("metrics", metrics.collect()),
    ] {
        if let Some(list) = section["properties"].get_mut(key) {
            list["items"] = names(fields);
            list["uniqueItems"] = true.into();
        }
    }
}

/// A section with these keys of it.
fn object(name: &str, section: &Value, keys: &[&str]) -> Value {
    let mut properties = Map::new();
    for key in keys {
        let mut property = field(key, &section["properties"][*key]);
        property["order"] = properties.len().into();
        properties.insert((*key).to_owned(), property);
    }
    let mut object = json!({
        "title": title(name),
        "type": "object",
        "properties": properties,
    });
    if let Some(description) = section.get("description") {
        object["description"] = description.clone();
    }
    let required: Vec<&Value> = section["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|key| keys.iter().any(|known| **key == *known))
        .collect();
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// One key, said so that a form can be drawn of it.
fn field(key: &str, engine: &Value) -> Value {
    let mut field = Map::new();
    field.insert("title".to_owned(), title(key).into());
    for word in ["description", "default", "minimum", "maximum", "examples"] {
        match engine.get(word) {
            None | Some(Value::Null) => {}
            Some(value) => {
                field.insert(word.to_owned(), value.clone());
            }
        }
    }
    if key == LOOKBACK_DAYS {
        // A number or a word: as a text, since a form has one type for each field.
        field.insert("type".to_owned(), "string".into());
        field.insert("pattern".to_owned(), "^(auto|[0-9]{1,3})$".into());
        field.insert("examples".to_owned(), json!(["31", "auto"]));
        return Value::Object(field);
    }
    let kind = type_of(engine);
    if kind == "array" {
        field.insert("items".to_owned(), json!({ "type": "string" }));
    }
    if engine.to_string().contains("\"format\":\"date\"") {
        field.insert("format".to_owned(), "date".into());
        field.insert("pattern".to_owned(), "^[0-9]{4}-[0-9]{2}-[0-9]{2}$".into());
    }
    field.insert("type".to_owned(), kind.into());
    Value::Object(field)
}

/// The type of a field that may be left out, without `null`.
fn type_of(engine: &Value) -> &str {
    let alternatives = engine["anyOf"].as_array().into_iter().flatten();
    let types = engine["type"].as_array().into_iter().flatten();
    types
        .chain(alternatives.filter_map(|one| one.get("type")))
        .chain(engine.get("type"))
        .filter_map(Value::as_str)
        .find(|name| *name != "null")
        .unwrap_or("string")
}

/// `report_calls_per_minute` as `Report calls per minute`.
fn title(key: &str) -> String {
    if let Some((_, title)) = TITLES.iter().find(|(known, _)| *known == key) {
        return (*title).to_owned();
    }
    let words = key.replace('_', " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}
