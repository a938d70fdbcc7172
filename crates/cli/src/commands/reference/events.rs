//! The page of the events of `--json`, from their JSON Schema.

use std::fmt::Write as _;

use criteo_engine::event::Event;

use super::Page;
use super::markdown::{Table, code, sentence};
use super::schema::{Schema, alternatives, description, elements, is_table, kind, properties, tag};

/// Every event with its fields.
pub(super) fn page() -> Page {
    let schema = Event::json_schema();
    let mut body = INTRODUCTION.to_owned();
    for event in schema.as_object().map(alternatives).unwrap_or_default() {
        let Some((_, name)) = tag(event) else {
            continue;
        };
        let _ = writeln!(body, "## `{name}`\n\n{}\n", sentence(description(event)));
        fields(&mut body, event);
    }
    Page::new(
        "events.md",
        "Events of --json",
        "the lines that a run writes for programs",
        &body,
    )
}

const INTRODUCTION: &str = "\
With `--json`, `criteo sync` writes one JSON object a line to stdout while it works. The member `event` says which one it
is. New events and new members may be added: a program should pass over what it does not know. Other commands write one
JSON object, their result.

";

/// The fields of an object, then those of the objects inside it.
fn fields(body: &mut String, schema: &Schema) {
    let mut table = Table::new(&["member", "type", "meaning"]);
    let mut inner = Vec::new();
    for property in properties(schema) {
        if property.schema.contains_key("const") {
            continue;
        }
        let object = elements(property.schema).unwrap_or(property.schema);
        let mut kind = kind(property.schema);
        if is_table(object) {
            inner.push((property.name, object));
            kind = kind.replace("table", "object");
        }
        table.row(&[code(property.name), kind, property.description().to_owned()]);
    }
    if !table.is_empty() {
        let _ = writeln!(body, "{}", table.text());
    }
    for (name, object) in inner {
        let _ = writeln!(body, "Members of `{name}`:\n");
        fields(body, object);
    }
}
