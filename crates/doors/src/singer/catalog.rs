//! Streams as Singer describes them, and what a catalog selects.

use std::collections::{BTreeMap, BTreeSet};

use criteo_engine::schema::{Column, FieldType};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::DIALECT;
use crate::error::DoorError;
use crate::request::Wanted;
use crate::stream::{Mode, OfferedStream};

const FULL_TABLE: &str = "FULL_TABLE";
const INCREMENTAL: &str = "INCREMENTAL";

/// The catalog of all streams.
pub(super) fn discovered(streams: &[OfferedStream]) -> Value {
    let streams: Vec<Value> = streams.iter().map(discovered_stream).collect();
    json!({ "streams": streams })
}

fn discovered_stream(stream: &OfferedStream) -> Value {
    let mut metadata = vec![json!({
        "breadcrumb": [],
        "metadata": {
            "inclusion": "available",
            "selected-by-default": stream.spec.enabled,
            "table-key-properties": stream.key,
            "valid-replication-keys": [DIALECT.read_at],
            "replication-method": method_of(stream),
        },
    })];
    for offered in &stream.columns {
        let is_automatic = is_automatic(stream, &offered.column.name);
        metadata.push(json!({
            "breadcrumb": ["properties", offered.column.name],
            "metadata": {
                "inclusion": if is_automatic { "automatic" } else { "available" },
                "selected-by-default": true,
            },
        }));
    }
    json!({
        "tap_stream_id": stream.name(),
        "stream": stream.name(),
        "key_properties": stream.key,
        "replication_key": DIALECT.read_at,
        "replication_method": method_of(stream),
        "schema": schema(stream, |_| true),
        "metadata": metadata,
    })
}

/// Columns that cannot be left out: without key and times, targets could neither replace nor delete.
fn is_automatic(stream: &OfferedStream, column: &str) -> bool {
    stream.key.iter().any(|name| name == column)
        || column == DIALECT.read_at
        || column == DIALECT.deleted_at
}

fn method_of(stream: &OfferedStream) -> &'static str {
    if stream.is_listing() {
        FULL_TABLE
    } else {
        INCREMENTAL
    }
}

/// The JSON Schema of a stream with the columns that `has` names.
pub(super) fn schema(stream: &OfferedStream, has: impl Fn(&str) -> bool) -> Value {
    let properties: Map<String, Value> = stream
        .columns
        .iter()
        .filter(|offered| has(&offered.column.name))
        .map(|offered| {
            let name = offered.column.name.clone();
            let is_key = stream.key.contains(&name);
            (name, property(&offered.column, is_key))
        })
        .collect();
    json!({
        "type": "object",
        "description": stream.spec.schema.description,
        "additionalProperties": false,
        "properties": properties,
    })
}

/// Amounts are plain numbers with all their digits. Targets that read numbers as decimals lose none.
fn property(column: &Column, is_key: bool) -> Value {
    let name = match column.field_type {
        FieldType::Text
        | FieldType::Json
        | FieldType::Date
        | FieldType::Timestamp
        | FieldType::TimestampUtc => "string",
        FieldType::Integer => "integer",
        FieldType::Money | FieldType::Float => "number",
        FieldType::Boolean => "boolean",
    };
    let mut property = if is_key {
        json!({ "type": [name] })
    } else {
        json!({ "type": ["null", name] })
    };
    match column.field_type {
        FieldType::Date => property["format"] = "date".into(),
        // A moment in the report's time zone has no offset, and would be no `date-time` of JSON Schema: text it is.
        FieldType::TimestampUtc => property["format"] = "date-time".into(),
        _ => {}
    }
    property["description"] = column.description.clone().into();
    property
}

#[derive(Deserialize)]
struct Catalog {
    streams: Vec<CatalogStream>,
}

#[derive(Deserialize)]
struct CatalogStream {
    #[serde(default)]
    tap_stream_id: Option<String>,
    #[serde(default)]
    stream: Option<String>,
    #[serde(default)]
    schema: Value,
    #[serde(default)]
    metadata: Vec<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    breadcrumb: Vec<String>,
    metadata: Map<String, Value>,
}

/// What a catalog selects.
pub(super) fn selected(
    catalog: &Value,
    streams: &[OfferedStream],
) -> Result<Vec<Wanted>, DoorError> {
    let catalog = Catalog::deserialize(catalog).map_err(|error| DoorError::Catalog {
        message: format!("The catalog is not a Singer catalog: {error}"),
    })?;
    let mut wanted = Vec::new();
    for stream in &catalog.streams {
        let name = stream
            .tap_stream_id
            .as_ref()
            .or(stream.stream.as_ref())
            .ok_or_else(|| DoorError::Catalog {
                message: "The catalog has a stream without a `tap_stream_id`".to_owned(),
            })?;
        let by_breadcrumb: BTreeMap<&[String], &Map<String, Value>> = stream
            .metadata
            .iter()
            .map(|entry| (entry.breadcrumb.as_slice(), &entry.metadata))
            .collect();
        let of_stream = by_breadcrumb.get(&[][..]).copied();
        if !is_selected(of_stream, false) {
            continue;
        }
        let offered = streams.iter().find(|offered| offered.name() == name);
        wanted.push(Wanted {
            name: name.clone(),
            columns: Some(columns_of(stream, &by_breadcrumb, offered)),
            mode: mode_of(name, of_stream, offered)?,
            tracks_deletions: true,
        });
    }
    Ok(wanted)
}

/// Everything that is on by default, for whoever gives no catalog.
pub(super) fn by_default(streams: &[OfferedStream]) -> Vec<Wanted> {
    let is_on = |stream: &&OfferedStream| stream.spec.enabled;
    streams
        .iter()
        .filter(is_on)
        .map(|stream| Wanted {
            name: stream.name().to_owned(),
            columns: None,
            mode: default_mode(stream),
            tracks_deletions: true,
        })
        .collect()
}

/// `selected` decides, and where nobody has decided, `selected-by-default`.
fn is_selected(metadata: Option<&Map<String, Value>>, otherwise: bool) -> bool {
    let Some(metadata) = metadata else {
        return otherwise;
    };
    let says = |key: &str| metadata.get(key).and_then(Value::as_bool);
    says("selected")
        .or_else(|| says("selected-by-default"))
        .unwrap_or(otherwise)
}

/// The columns that the schema names and the metadata does not deselect, and those that cannot be left out.
fn columns_of(
    stream: &CatalogStream,
    by_breadcrumb: &BTreeMap<&[String], &Map<String, Value>>,
    offered: Option<&OfferedStream>,
) -> BTreeSet<String> {
    let named = stream.schema.get("properties").and_then(Value::as_object);
    let mut columns: BTreeSet<String> = named
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| {
            let breadcrumb = ["properties".to_owned(), (*name).clone()];
            is_selected(by_breadcrumb.get(&breadcrumb[..]).copied(), true)
        })
        .cloned()
        .collect();
    if let Some(offered) = offered {
        let names = offered.columns.iter().map(|offered| &offered.column.name);
        let automatic = names.filter(|name| is_automatic(offered, name));
        columns.extend(automatic.cloned());
    }
    columns
}

fn mode_of(
    name: &str,
    metadata: Option<&Map<String, Value>>,
    offered: Option<&OfferedStream>,
) -> Result<Mode, DoorError> {
    let says = |key: &str| metadata?.get(key)?.as_str();
    match says("replication-method") {
        Some(FULL_TABLE) => Ok(Mode::FullRefresh),
        Some(INCREMENTAL) => Ok(Mode::Incremental),
        None => Ok(offered.map_or(Mode::Incremental, default_mode)),
        Some(other) => Err(DoorError::Catalog {
            message: format!(
                "The catalog asks for the replication method {other} of stream '{name}'; there are {INCREMENTAL} and \
                 {FULL_TABLE}"
            ),
        }),
    }
}

fn default_mode(stream: &OfferedStream) -> Mode {
    if stream.is_listing() {
        Mode::FullRefresh
    } else {
        Mode::Incremental
    }
}
