//! Streams as the protocol describes them, and what a configured catalog asks for.

use std::collections::BTreeSet;

use criteo_engine::schema::{Column, FieldType};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::DIALECT;
use crate::error::DoorError;
use crate::request::Wanted;
use crate::stream::{Delivery, Mode, OfferedStream};

/// The catalog of all streams.
pub(super) fn discovered(streams: &[OfferedStream]) -> Value {
    let streams: Vec<Value> = streams.iter().map(discovered_stream).collect();
    json!({ "streams": streams })
}

fn discovered_stream(stream: &OfferedStream) -> Value {
    let key: Vec<Vec<&str>> = stream.key.iter().map(|name| vec![name.as_str()]).collect();
    json!({
        "name": stream.name(),
        "json_schema": json_schema(stream),
        "supported_sync_modes": ["full_refresh", "incremental"],
        "source_defined_cursor": true,
        "default_cursor_field": [DIALECT.read_at],
        "source_defined_primary_key": key,
        "is_resumable": true,
    })
}

fn json_schema(stream: &OfferedStream) -> Value {
    let properties: Map<String, Value> = stream
        .columns
        .iter()
        .map(|offered| (offered.column.name.clone(), property(&offered.column)))
        .collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "description": stream.spec.schema.description,
        "additionalProperties": true,
        "properties": properties,
    })
}

/// Amounts are numbers rather than texts of the type `big_number`, which destinations make text columns of. Numbers
/// become decimals there, and are written with all their digits.
fn property(column: &Column) -> Value {
    let mut property = match column.field_type {
        FieldType::Text | FieldType::Json => json!({ "type": ["null", "string"] }),
        FieldType::Integer => json!({ "type": ["null", "integer"] }),
        FieldType::Money | FieldType::Float => json!({ "type": ["null", "number"] }),
        FieldType::Boolean => json!({ "type": ["null", "boolean"] }),
        FieldType::Date => json!({ "type": ["null", "string"], "format": "date" }),
        FieldType::Timestamp => json!({
            "type": ["null", "string"],
            "format": "date-time",
            "airbyte_type": "timestamp_without_timezone",
        }),
        FieldType::TimestampUtc => json!({
            "type": ["null", "string"],
            "format": "date-time",
            "airbyte_type": "timestamp_with_timezone",
        }),
    };
    property["description"] = column.description.clone().into();
    property
}

#[derive(Deserialize)]
struct ConfiguredCatalog {
    streams: Vec<ConfiguredStream>,
}

#[derive(Deserialize)]
struct ConfiguredStream {
    stream: Descriptor,
    sync_mode: SyncMode,
    #[serde(default)]
    destination_sync_mode: Option<String>,
    #[serde(default)]
    primary_key: Option<Vec<Vec<String>>>,
    #[serde(default)]
    cursor_field: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Descriptor {
    name: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    json_schema: Value,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SyncMode {
    FullRefresh,
    Incremental,
}

/// What a platform asks for.
pub(super) struct Configured {
    streams: Vec<ConfiguredStream>,
}

impl Configured {
    /// Reads a configured catalog.
    pub(super) fn of(catalog: &Value) -> Result<Self, DoorError> {
        let catalog =
            ConfiguredCatalog::deserialize(catalog).map_err(|error| DoorError::Catalog {
                message: format!("The catalog is not a configured catalog of Airbyte's: {error}"),
            })?;
        for stream in &catalog.streams {
            if let Some(namespace) = stream
                .stream
                .namespace
                .as_deref()
                .filter(|name| !name.is_empty())
            {
                return Err(DoorError::Catalog {
                    message: format!(
                        "The catalog asks for the stream '{}' of the namespace '{namespace}', and there are no namespaces",
                        stream.stream.name
                    ),
                });
            }
        }
        Ok(Self {
            streams: catalog.streams,
        })
    }

    /// The streams with their selected columns.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        self.streams.iter().map(ConfiguredStream::wanted).collect()
    }

    /// Refuses what names a field that is not delivered.
    pub(super) fn refuse_missing_fields(&self, deliveries: &[Delivery]) -> Result<(), DoorError> {
        for stream in &self.streams {
            let name = &stream.stream.name;
            let Some(delivery) = deliveries
                .iter()
                .find(|delivery| delivery.stream.name() == name)
            else {
                continue;
            };
            let is_deduplicated = stream.destination_sync_mode.as_deref() == Some("append_dedup");
            let key = stream.primary_key.iter().flatten();
            let cursor = stream.cursor_field.iter().filter(|_| is_deduplicated);
            for (what, path) in key
                .map(|path| ("primary key", path))
                .chain(cursor.map(|path| ("cursor", path)))
            {
                if let Some(field) = path.first()
                    && !delivery.has(field)
                {
                    return Err(DoorError::Catalog {
                        message: format!(
                            "The catalog names the field '{field}' in the {what} of stream '{name}', and does not select \
                             it"
                        ),
                    });
                }
            }
        }
        Ok(())
    }
}

impl ConfiguredStream {
    fn wanted(&self) -> Wanted {
        let properties = self
            .stream
            .json_schema
            .get("properties")
            .and_then(Value::as_object);
        Wanted {
            name: self.stream.name.clone(),
            columns: properties
                .filter(|properties| !properties.is_empty())
                .map(|properties| properties.keys().cloned().collect::<BTreeSet<String>>()),
            // A full refresh goes into a table that is made anew, in which nothing has to be deleted.
            tracks_deletions: matches!(self.sync_mode, SyncMode::Incremental),
            mode: match self.sync_mode {
                SyncMode::FullRefresh => Mode::FullRefresh,
                SyncMode::Incremental => Mode::Incremental,
            },
        }
    }
}
