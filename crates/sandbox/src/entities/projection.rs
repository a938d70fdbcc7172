//! Field projection of `ad-sets/search`.

use serde_json::{Map, Value};

use crate::reports::Problem;

/// The fields a request may name (Criteo's OpenAPI 2026-07), and the attributes each stands for.
const FIELDS: [(&str, &[&str]); 13] = [
    ("Name", &["name"]),
    ("AdvertiserId", &["advertiserId"]),
    ("DatasetId", &["datasetId"]),
    ("CampaignId", &["campaignId"]),
    ("DestinationEnvironment", &["destinationEnvironment"]),
    ("Objective", &["objective"]),
    ("Schedule", &["schedule"]),
    ("Bidding", &["bidding"]),
    ("Targeting", &["targeting"]),
    ("Budget", &["budget", "scheduledBudgets"]),
    ("MediaType", &["mediaType"]),
    ("VideoChannel", &["videoChannel"]),
    ("AttributionConfiguration", &["attributionConfiguration"]),
];

/// Replaces every attribute that is not asked for by its default.
pub(super) fn project(mut element: Value, fields: &[String]) -> Result<Value, Problem> {
    let mut kept = Vec::new();
    for field in fields {
        let known = FIELDS.iter().find(|(name, _)| name == field);
        let (_, attributes) = known.ok_or_else(|| unknown(field))?;
        kept.extend_from_slice(attributes);
    }
    if let Some(attributes) = element.get_mut("attributes").and_then(Value::as_object_mut) {
        for (name, value) in attributes.iter_mut() {
            if !kept.contains(&name.as_str()) {
                *value = default_of(name, value);
            }
        }
    }
    Ok(element)
}

/// The default that stands for a value: the enumeration member `undefined` or `unknown` where Criteo has one, else null,
/// an empty list or an object of defaults.
fn default_of(name: &str, value: &Value) -> Value {
    match name {
        "destinationEnvironment" | "budgetRenewal" | "budgetDeliveryWeek" | "pacingBehavior" => {
            "undefined".into()
        }
        "attributionMethod" | "lookbackWindow" => "unknown".into(),
        _ => match value {
            Value::Array(_) => Value::Array(Vec::new()),
            Value::Object(fields) => Value::Object(defaults_of(fields)),
            _ => Value::Null,
        },
    }
}

fn defaults_of(fields: &Map<String, Value>) -> Map<String, Value> {
    fields
        .iter()
        .map(|(name, value)| (name.clone(), default_of(name, value)))
        .collect()
}

fn unknown(field: &str) -> Problem {
    Problem {
        status: 400,
        kind: "validation",
        code: "invalid".to_owned(),
        title: "The field meta.fields is invalid.".to_owned(),
        detail: Some(format!("'{field}' is not a field of an ad set.")),
        instance: "/marketing-solutions/ad-sets/search".to_owned(),
    }
}
