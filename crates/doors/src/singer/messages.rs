//! The messages of the protocol, except records, which are written as bytes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::DIALECT;
use super::catalog;
use crate::stream::Delivery;

pub(super) fn schema(delivery: &Delivery) -> String {
    json!({
        "type": "SCHEMA",
        "stream": delivery.stream.name(),
        "schema": catalog::schema(&delivery.stream, |name| delivery.has(name)),
        "key_properties": delivery.stream.key,
        "bookmark_properties": [DIALECT.read_at],
    })
    .to_string()
}

pub(super) fn activate_version(stream: &str, version: i64) -> String {
    json!({ "type": "ACTIVATE_VERSION", "stream": stream, "version": version }).to_string()
}

/// The state of all streams. `bookmarks` are JSON by stream name.
pub(super) fn state(bookmarks: &BTreeMap<&str, String>) -> String {
    let bookmarks: Vec<String> = bookmarks
        .iter()
        .map(|(stream, state)| format!("{}:{state}", Value::from(*stream)))
        .collect();
    format!(
        "{{\"type\":\"STATE\",\"value\":{{\"bookmarks\":{{{}}}}}}}",
        bookmarks.join(",")
    )
}
