//! A JSON Schema in words: what a value may be, its default, an example.

use serde_json::{Map, Value};

/// A schema that is an object, which all of ours are.
pub(super) type Schema = Map<String, Value>;

/// A property with everything that a table says of it.
pub(super) struct Property<'schema> {
    /// Its name.
    pub(super) name: &'schema str,
    /// Its own schema, without the alternative that says it may be left out.
    pub(super) schema: &'schema Schema,
    /// The schema as it stands, which is where description, default and examples are.
    described: &'schema Schema,
    /// Whether it has to be there.
    pub(super) required: bool,
}

/// The properties of an object.
pub(super) fn properties(schema: &Schema) -> Vec<Property<'_>> {
    let required: Vec<&str> = list(schema, "required")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    properties
        .iter()
        .filter_map(|(name, value)| {
            let described = value.as_object()?;
            Some(Property {
                name,
                schema: without_null(described),
                described,
                required: required.contains(&name.as_str()),
            })
        })
        .collect()
}

impl Property<'_> {
    /// Its documentation comment.
    pub(super) fn description(&self) -> &str {
        match description(self.described) {
            "" => description(self.schema),
            described => described,
        }
    }

    /// The value it has when it is left out, as it would be written; nothing when there is none.
    pub(super) fn default(&self) -> Option<String> {
        match self.described.get("default")? {
            Value::Null => None,
            Value::Object(fields) if fields.values().all(Value::is_null) => None,
            value => Some(value.to_string()),
        }
    }

    /// A value that could stand there.
    pub(super) fn example(&self) -> Option<&Value> {
        let examples = list(self.described, "examples");
        examples
            .first()
            .or_else(|| list(self.schema, "examples").first())
    }
}

/// The documentation comment of a schema.
pub(super) fn description(schema: &Schema) -> &str {
    text(schema, "description")
}

/// The text under a key; empty when there is none.
pub(super) fn text<'schema>(schema: &'schema Schema, key: &str) -> &'schema str {
    schema.get(key).and_then(Value::as_str).unwrap_or("")
}

/// The alternatives of a schema, without the one that says a value may be left out; empty when there are none.
pub(super) fn alternatives(schema: &Schema) -> Vec<&Schema> {
    let variants = match list(schema, "oneOf") {
        [] => list(schema, "anyOf"),
        variants => variants,
    };
    variants
        .iter()
        .filter_map(Value::as_object)
        .filter(|variant| text(variant, "type") != "null")
        .collect()
}

/// The schema of the elements of a list.
pub(super) fn elements(schema: &Schema) -> Option<&Schema> {
    schema.get("items").and_then(Value::as_object)
}

/// The schema of the values of a table whose keys are free.
pub(super) fn values(schema: &Schema) -> Option<&Schema> {
    schema
        .get("additionalProperties")
        .and_then(Value::as_object)
}

/// Whether a value of this schema is a table with known keys.
pub(super) fn is_table(schema: &Schema) -> bool {
    schema.contains_key("properties")
        || alternatives(schema)
            .iter()
            .any(|variant| variant.contains_key("properties"))
}

/// The constant that tells one alternative from the others, with the key that holds it.
pub(super) fn tag(variant: &Schema) -> Option<(&str, &str)> {
    let properties = variant.get("properties").and_then(Value::as_object)?;
    properties
        .iter()
        .find_map(|(key, schema)| Some((key.as_str(), schema.get("const")?.as_str()?)))
}

/// What a value may be, in words: `whole number, 1 to 64`.
pub(super) fn kind(schema: &Schema) -> String {
    let alternatives = alternatives(schema);
    if !alternatives.is_empty() {
        let kinds: Vec<String> = alternatives.iter().map(|variant| kind(variant)).collect();
        return kinds.join(" or ");
    }
    if let Some(constant) = schema.get("const") {
        return format!("`{constant}`");
    }
    let allowed = list(schema, "enum");
    if !allowed.is_empty() {
        let allowed: Vec<String> = allowed
            .iter()
            .filter(|value| !value.is_null())
            .map(|value| format!("`{value}`"))
            .collect();
        return allowed.join(" or ");
    }
    let is_day = text(schema, "format") == "date";
    let words: Vec<String> = types(schema)
        .into_iter()
        .map(|name| match name {
            "string" if is_day => "day".to_owned(),
            "string" => "text".to_owned(),
            "integer" => "whole number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => elements(schema).map_or_else(
                || "list".to_owned(),
                |element| format!("list of {}", plural(&kind(element))),
            ),
            "object" => "table".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let range = range(schema).map_or(String::new(), |range| format!(", {range}"));
    format!("{}{range}", words.join(" or "))
}

fn plural(kind: &str) -> String {
    match kind {
        "text" => "texts".to_owned(),
        "whole number" => "whole numbers".to_owned(),
        "day" => "days".to_owned(),
        "table" => "tables".to_owned(),
        other => other.to_owned(),
    }
}

/// The range of a number, if it has one that says something: an unsigned number is at least 0 anyway.
fn range(schema: &Schema) -> Option<String> {
    let limit = |name: &str| schema.get(name).and_then(Value::as_i64);
    match (limit("minimum"), limit("maximum")) {
        (minimum, Some(maximum)) => Some(format!("{} to {maximum}", minimum.unwrap_or(0))),
        (Some(minimum), None) if minimum != 0 => Some(format!("{minimum} or more")),
        _ => None,
    }
}

fn types(schema: &Schema) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| *name != "null")
            .collect(),
        _ => Vec::new(),
    }
}

/// `anyOf` of something and null is how a schema says that something may be left out.
fn without_null(schema: &Schema) -> &Schema {
    match alternatives(schema)[..] {
        [only] => only,
        _ => schema,
    }
}

fn list<'schema>(schema: &'schema Schema, key: &str) -> &'schema [Value] {
    schema
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
