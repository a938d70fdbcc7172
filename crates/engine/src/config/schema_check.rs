//! Holds a document against the JSON Schema of the configuration and reports everything that differs.
//!
//! Only the words of JSON Schema that our structs produce are understood: `type`, `const`, `enum`, `format: date`,
//! `minimum`, `maximum`, `properties`, `required`, `additionalProperties`, `items`, `anyOf` and `oneOf`. A test walks the whole
//! schema and fails on any other word, so a new attribute on a struct cannot go unchecked.

use serde_json::{Map, Value};
use toml::de::DeValue;

use super::document::{Document, Place};
use super::problem::Problem;
use super::scalars;
use crate::catalog::nearest;

type Schema = Map<String, Value>;

/// Everything in `document` that `schema` does not allow, in the order of the file.
pub(super) fn problems(document: &Document<'_>, schema: &Value) -> Vec<Problem> {
    let Some(schema) = schema.as_object() else {
        return Vec::new();
    };
    let mut findings = Findings {
        problems: Vec::new(),
        root: schema,
    };
    check(&document.root(), schema, "", &mut findings);
    let mut problems = findings.problems;
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// What was found so far, and the schema of the whole file to look other sections up in.
struct Findings<'schema> {
    problems: Vec<Problem>,
    root: &'schema Schema,
}

impl Findings<'_> {
    fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems);
    }

    /// The sections that have a key of this name.
    fn homes_of(&self, key: &str) -> Vec<&str> {
        let sections = self.root.get("properties").and_then(Value::as_object);
        let sections = sections.into_iter().flatten();
        sections
            .filter(|(_, section)| {
                let section = section.as_object();
                section.is_some_and(|section| property(section, key).is_some())
            })
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

/// `path` is what the value is called in TOML, its steps joined by dots, with lists of tables in their brackets:
/// `criteo.currency`, `streams.statistics.enabled`, `[reports].name`.
fn check(place: &Place<'_, '_>, schema: &Schema, path: &str, findings: &mut Findings<'_>) {
    let Some(value) = place.value() else { return };
    if let Some(variants) = alternatives(schema) {
        match variants.iter().find(|variant| fits(value, variant)) {
            Some(variant) => check(place, variant, path, findings),
            None => findings.push(no_alternative(place, value, &variants, path)),
        }
        return;
    }
    if !has_type(value, schema) {
        let expected = expected_type(schema);
        let found = found_type(value);
        let what = described(path);
        findings.push(place.problem(format!("{what} must be {expected}, but is {found}")));
        return;
    }
    match value {
        DeValue::Table(_) => check_table(place, schema, path, findings),
        DeValue::Array(items) => {
            if let Some(item_schema) = schema.get("items").and_then(Value::as_object) {
                let holds_tables = types_of(item_schema).contains(&"object");
                let item_path = if holds_tables {
                    format!("[{path}]")
                } else {
                    path.to_owned()
                };
                for index in 0..items.len() {
                    check(&place.item(index), item_schema, &item_path, findings);
                }
            }
        }
        _ => findings.extend(
            scalar_problem(value, schema)
                .map(|message| place.problem(format!("{}: {message}", described(path)))),
        ),
    }
}

fn check_table(place: &Place<'_, '_>, schema: &Schema, path: &str, findings: &mut Findings<'_>) {
    let Some(table) = place.value().and_then(DeValue::as_table) else {
        return;
    };
    let headless = headless_section(place, schema);
    let header = headless
        .as_ref()
        .and_then(|section| section.missing_header(place));
    let line = header.as_ref().and_then(|problem| problem.line);
    findings.extend(header);
    for key in table.keys() {
        let key = key.get_ref().as_ref();
        match &headless {
            Some(section) if section.keys.contains(&key) => {
                let path = joined(path, section.name);
                check_key(&place.key(key), key, section.schema, &path, findings);
            }
            _ => check_key(&place.key(key), key, schema, path, findings),
        }
    }
    for key in required_keys(schema) {
        match &headless {
            _ if table.contains_key(key) => {}
            Some(section) if section.name == key => {
                let path = joined(path, key);
                let keys = required_keys(section.schema);
                findings.extend(keys.filter(|key| !section.keys.contains(key)).map(|key| {
                    let message = missing_key(key, &path, property(section.schema, key));
                    Problem { line, message }
                }));
            }
            _ => findings.push(place.problem(missing_key(key, path, property(schema, key)))),
        }
    }
}

/// What stands at `key` of the table that is called `path`.
fn check_key(
    place: &Place<'_, '_>,
    key: &str,
    schema: &Schema,
    path: &str,
    findings: &mut Findings<'_>,
) {
    let key_schema = property(schema, key).or_else(|| {
        let others = schema.get("additionalProperties");
        others.and_then(Value::as_object)
    });
    match key_schema {
        Some(key_schema) => check(place, key_schema, &joined(path, key), findings),
        None => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let known = properties.into_iter().flat_map(Schema::keys);
            let known: Vec<&str> = known.map(String::as_str).collect();
            let homes = findings.homes_of(key);
            let problem = place.problem(unknown_key(key, path, &known, &homes));
            findings.push(problem);
        }
    }
}

fn property<'schema>(schema: &'schema Schema, key: &str) -> Option<&'schema Schema> {
    schema.get("properties")?.get(key)?.as_object()
}

fn required_keys(schema: &Schema) -> impl Iterator<Item = &str> {
    let required = schema.get("required").and_then(Value::as_array);
    required.into_iter().flatten().filter_map(Value::as_str)
}

/// A section whose header is missing, so that its keys stand above all sections.
struct HeadlessSection<'schema, 'document> {
    name: &'schema str,
    schema: &'schema Schema,
    /// Its keys: those that it knows, and those that nothing knows.
    keys: Vec<&'document str>,
}

/// The required section that is not in the table at `place` while keys of it are.
fn headless_section<'schema, 'document>(
    place: &Place<'document, '_>,
    schema: &'schema Schema,
) -> Option<HeadlessSection<'schema, 'document>> {
    let table = place.value()?.as_table()?;
    let strays = table.iter().filter(|(key, value)| {
        let is_section = value.get_ref().as_table().is_some();
        !is_section && property(schema, key.get_ref()).is_none()
    });
    let keys: Vec<&str> = strays.map(|(key, _)| key.get_ref().as_ref()).collect();
    let mut missing = required_keys(schema).filter(|key| !table.contains_key(*key));
    missing.find_map(|name| {
        let schema = property(schema, name)?;
        let is_its = |key: &&str| property(schema, key).is_some();
        keys.iter().any(is_its).then(|| HeadlessSection {
            name,
            schema,
            keys: keys.clone(),
        })
    })
}

impl HeadlessSection<'_, '_> {
    /// At the first of its keys in the table at `place`.
    fn missing_header(&self, place: &Place<'_, '_>) -> Option<Problem> {
        let name = self.name;
        let at_key = |key: &&str| {
            let message = format!("The line [{name}] is missing above `{key}`");
            place.key(key).problem(message)
        };
        let problems = self.keys.iter().map(at_key);
        problems.min_by_key(|problem| problem.line)
    }
}

fn alternatives(schema: &Schema) -> Option<Vec<&Schema>> {
    let variants = schema.get("oneOf").or_else(|| schema.get("anyOf"))?;
    Some(
        variants
            .as_array()?
            .iter()
            .filter_map(Value::as_object)
            .collect(),
    )
}

/// Whether `value` was meant as `variant`: it has its type and, for tables, the values of its constants.
fn fits(value: &DeValue<'_>, variant: &Schema) -> bool {
    let Some(table) = value.as_table() else {
        return has_type(value, variant);
    };
    has_type(value, variant)
        && constants(variant).all(|(key, constant)| {
            let written = table.get(key).and_then(|value| value.get_ref().as_str());
            written == Some(constant)
        })
}

fn constants(variant: &Schema) -> impl Iterator<Item = (&str, &str)> {
    let properties = variant.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .filter_map(|(key, schema)| {
            let constant = schema.get("const")?.as_str()?;
            Some((key.as_str(), constant))
        })
}

fn no_alternative(
    place: &Place<'_, '_>,
    value: &DeValue<'_>,
    variants: &[&Schema],
    path: &str,
) -> Problem {
    let Some(table) = value.as_table() else {
        let expected: Vec<_> = variants
            .iter()
            .map(|variant| expected_type(variant))
            .collect();
        let found = found_type(value);
        let what = described(path);
        return place.problem(format!(
            "{what} must be {}, but is {found}",
            expected.join(" or ")
        ));
    };
    let choices: Vec<(&str, &str)> = variants
        .iter()
        .flat_map(|variant| constants(variant))
        .collect();
    let key = choices.first().map_or("type", |(key, _)| *key);
    let known: Vec<String> = choices
        .iter()
        .map(|(_, choice)| format!("\"{choice}\""))
        .collect();
    let known = known.join(", ");
    match table.get(key).and_then(|value| value.get_ref().as_str()) {
        None => place.problem(format!("[{path}] needs `{key}`, one of: {known}")),
        Some(written) => {
            let suggestion = did_you_mean(written, choices.iter().map(|(_, choice)| *choice));
            place.key(key).problem(format!(
                "`{key}` of [{path}] cannot be \"{written}\"{suggestion} (known: {known})"
            ))
        }
    }
}

fn scalar_problem(value: &DeValue<'_>, schema: &Schema) -> Option<String> {
    if let Some(integer) = value.as_integer() {
        let limit = |name: &str| schema.get(name).and_then(Value::as_i64);
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let minimum = limit("minimum").unwrap_or(i64::MIN);
        let maximum = limit("maximum").unwrap_or(i64::MAX);
        return match number {
            Some(number) if (minimum..=maximum).contains(&number) => None,
            _ if maximum == i64::MAX => Some(format!("{integer} must be at least {minimum}")),
            _ => Some(format!("{integer} must be between {minimum} and {maximum}")),
        };
    }
    let is_day = schema.get("format").and_then(Value::as_str) == Some("date");
    let written = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        _ => return None,
    };
    if is_day {
        return scalars::parse_day(&written).err();
    }
    let choices = schema.get("enum").and_then(Value::as_array)?;
    let choices = || choices.iter().filter_map(Value::as_str);
    if choices().any(|choice| choice == written) {
        return None;
    }
    let known: Vec<String> = choices().map(|choice| format!("\"{choice}\"")).collect();
    Some(format!(
        "\"{written}\" cannot stand there{} (known: {})",
        did_you_mean(&written, choices()),
        known.join(", ")
    ))
}

fn has_type(value: &DeValue<'_>, schema: &Schema) -> bool {
    let is_day = schema.get("format").and_then(Value::as_str) == Some("date");
    let types = types_of(schema);
    let name = match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Datetime(_) if is_day => "string",
        DeValue::Datetime(_) => "date",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    };
    types.is_empty() || types.contains(&name)
}

fn types_of(schema: &Schema) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The words for what a schema wants. `null` is how a schema says that a key may be left out; TOML has no null.
fn expected_type(schema: &Schema) -> String {
    let words: Vec<&str> = types_of(schema)
        .into_iter()
        .filter(|name| *name != "null")
        .map(|name| match name {
            "string" => "a string in quotation marks",
            "integer" => "a whole number",
            "number" => "a number",
            "boolean" => "true or false",
            "array" => "a list in square brackets",
            _ => "a table",
        })
        .collect();
    words.join(" or ")
}

fn found_type(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a decimal point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn unknown_key(key: &str, path: &str, known: &[&str], homes: &[&str]) -> String {
    if key.to_ascii_lowercase().contains("secret") {
        return format!(
            "`{key}` must not stand in a configuration file; put the secret into CRITEO_CLIENT_SECRET, or name the \
             key file from Criteo's portal as `key_file`"
        );
    }
    let mut message = match path {
        "" => format!("Unknown section or key `{key}`"),
        path => format!("Unknown key `{key}` in [{path}]"),
    };
    if let [home] = homes {
        message.push_str(&format!("; it belongs into [{home}]"));
        return message;
    }
    match did_you_mean(key, known.iter().copied()) {
        suggestion if suggestion.is_empty() => {
            message.push_str(&format!(" (known: {})", known.join(", ")));
        }
        suggestion => message.push_str(&suggestion),
    }
    message
}

fn missing_key(key: &str, path: &str, schema: Option<&Schema>) -> String {
    let described = schema.and_then(|schema| schema.get("description")?.as_str());
    let example = schema.and_then(|schema| schema.get("examples")?.as_array()?.first());
    let mut message = match path {
        "" => format!("The section [{key}] is missing: write a line [{key}] above its keys"),
        path => format!("`{key}` is missing in [{path}]"),
    };
    if let Some(example) = example {
        message.push_str(&format!("; for example {key} = {example}"));
    } else if let Some(first) = described.and_then(|text| text.split(['.', '\n', ':']).next()) {
        message.push_str(&format!(" ({first})"));
    }
    message
}

/// `; did you mean ...?`, or nothing when no known name is near.
pub(super) fn did_you_mean<'names>(
    wrong_name: &str,
    known: impl Iterator<Item = &'names str>,
) -> String {
    match nearest(wrong_name, known.map(|name| (name, name))) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// `criteo.currency` as a person would say it: `currency` in [criteo].
fn described(path: &str) -> String {
    match path.rsplit_once('.') {
        Some((table, key)) => format!("`{key}` in [{table}]"),
        None => format!("`{path}`"),
    }
}
