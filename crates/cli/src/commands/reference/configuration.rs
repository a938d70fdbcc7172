//! The page of the configuration, from its JSON Schema, and the schema itself as a file for editors.

use std::fmt::Write as _;

use criteo_engine::config::{Config, MINIMAL_FILE};
use serde_json::Value;

use super::Page;
use super::markdown::{Table, code, paragraphs, sentence};
use super::schema::{
    Property, Schema, alternatives, description, elements, is_table, kind, properties, tag, values,
};

const SCHEMA_FILE: &str = "criteo.schema.json";

/// Every section and key.
pub(super) fn page() -> Page {
    let schema = Config::json_schema();
    let mut body = String::new();
    if let Some(schema) = schema.as_object() {
        let _ = writeln!(body, "{}\n", paragraphs(description(schema)));
        let _ = writeln!(
            body,
            "The smallest one that works:\n\n```toml\n{MINIMAL_FILE}```\n"
        );
        body.push_str(EDITORS);
        for property in properties(schema) {
            section(&mut body, property.name, &property);
        }
    }
    Page::new(
        "configuration.md",
        "Configuration",
        "every section and key of `criteo.toml`: types, ranges, defaults, examples",
        &body,
    )
}

const EDITORS: &str = "\
## In an editor

[`criteo.schema.json`](criteo.schema.json) is the JSON Schema of the file, and `criteo schema` prints the one of the
program that you have. With it, an editor completes keys, shows these descriptions and underlines mistakes while you
type. Put the schema beside your configuration:

```sh
criteo schema > criteo.schema.json
```

and name it in the configuration's first line, which Taplo and the editors built on it read (Even Better TOML in
Visual Studio Code, Helix, Neovim, Zed):

```toml
#:schema ./criteo.schema.json
```

Whether a file is right is decided by `criteo plan` and every other command that reads it: they know more than a
schema can say, such as the names of metrics, and report all problems at once, each with its line.

";

/// The JSON Schema as an editor reads it.
pub(super) fn schema_file() -> anyhow::Result<Page> {
    let text = serde_json::to_string_pretty(&Config::json_schema())?;
    Ok(Page {
        path: SCHEMA_FILE.into(),
        title: "Schema of the configuration".to_owned(),
        summary: "the same as a JSON Schema, for editors",
        text: format!("{text}\n"),
    })
}

/// One section, and the sections inside it. `path` is its name in TOML without brackets.
fn section(body: &mut String, path: &str, property: &Property<'_>) {
    let schema = property.schema;
    if let Some(element) = elements(schema).filter(|element| is_table(element)) {
        table_section(body, &format!("[[{path}]]"), path, property, element);
    } else if let Some(value) = values(schema).filter(|value| is_table(value)) {
        let path = format!("{path}.NAME");
        table_section(body, &format!("[{path}]"), &path, property, value);
    } else if is_table(schema) {
        table_section(body, &format!("[{path}]"), path, property, schema);
    } else {
        // A key that stands outside of all sections.
        let mut keys = keys();
        keys.row(&row(property));
        let _ = writeln!(body, "## `{path}`\n\n{}", keys.text());
    }
}

fn table_section(
    body: &mut String,
    heading: &str,
    path: &str,
    property: &Property<'_>,
    schema: &Schema,
) {
    let presence = if property.required { " Required." } else { "" };
    let _ = writeln!(
        body,
        "## `{heading}`\n\n{}{presence}\n",
        sentence(property.description())
    );
    let variants = alternatives(schema);
    if variants.is_empty() {
        table(body, path, schema);
    }
    for variant in variants {
        if let Some((key, constant)) = tag(variant) {
            let _ = writeln!(
                body,
                "### `{key} = \"{constant}\"`\n\n{}\n",
                sentence(description(variant))
            );
        }
        table(body, path, variant);
    }
}

/// The keys of a table, then the tables inside it.
fn table(body: &mut String, path: &str, schema: &Schema) {
    let (tables, scalars): (Vec<_>, Vec<_>) =
        properties(schema).into_iter().partition(|property| {
            let inner = elements(property.schema).or_else(|| values(property.schema));
            is_table(inner.unwrap_or(property.schema))
        });
    let mut keys = keys();
    for property in scalars {
        keys.row(&row(&property));
    }
    if !keys.is_empty() {
        let _ = writeln!(body, "{}", keys.text());
    }
    for property in tables {
        section(body, &format!("{path}.{}", property.name), &property);
    }
}

fn keys() -> Table {
    Table::new(&["key", "type and range", "default", "example", "meaning"])
}

fn row(property: &Property<'_>) -> [String; 5] {
    let example = property.example().map(Value::to_string).unwrap_or_default();
    let default = match property.default() {
        _ if property.required => "required".to_owned(),
        Some(default) => code(&default),
        None => String::new(),
    };
    [
        code(property.name),
        kind(property.schema),
        default,
        code(&example),
        property.description().to_owned(),
    ]
}
