//! `criteo fields STREAM [SEARCH..]`: the fields of a stream, searchable.

use std::fmt::Write as _;

use console::style;
use criteo_engine::catalog::{Catalog, Field, FieldType, Role, Stream, is_synonym};
use serde::Serialize;

use super::context::Context;
use crate::arguments::FieldsArguments;
use crate::exit::{Exit, UsageError};
use crate::wording::{count, counted, few, shell_word, size};

/// The stream that most people ask for, and whose fields custom reports choose from.
const STATISTICS: &str = "statistics";

/// A field as scripts see it.
#[derive(Serialize)]
struct Listed<'a> {
    field: &'a str,
    column: &'a str,
    #[serde(rename = "type")]
    field_type: &'static str,
    role: &'static str,
    additive: bool,
    on_by_default: bool,
    description: &'a str,
}

/// Lists the fields that have to do with every word that is searched for.
pub(super) fn run(context: &Context, arguments: &FieldsArguments) -> anyhow::Result<Exit> {
    let stream = stream(&arguments.stream)?;
    let words: Vec<String> = arguments
        .search
        .iter()
        .map(|word| word.to_lowercase())
        .collect();
    let (found, left_out) = search(stream, &words, arguments.all);
    if context.printer.is_json() {
        let fields: Vec<&Listed<'_>> = found.iter().map(|(_, field)| field).collect();
        context.printer.json(&fields)?;
        return Ok(Exit::Complete);
    }
    if found.is_empty() {
        context.printer.note(format_args!(
            "No field of {} has to do with \"{}\"; `criteo fields {}` lists all of them.",
            stream.name,
            arguments.search.join(" "),
            stream.name
        ));
        return Ok(Exit::Complete);
    }
    context.printer.data(text(stream, &found))?;
    context.printer.note(format_args!(
        "\n{} of {}",
        counted(size(found.len()), "field"),
        stream.name
    ));
    if let Some(sentence) = described_only(left_out) {
        context.printer.note(sentence);
    }
    for word in &words {
        if let Some(sentence) = called_otherwise(word, &found) {
            context.printer.note(sentence);
        }
    }
    Ok(Exit::Complete)
}

/// The fields that have to do with all words, and how many more there are that only mention them. Nearly every metric's
/// description says "same device only", and whoever looks for the device would not see it among them. Where all only
/// mention the words, and where `lists_all`, none is left out.
fn search<'a>(
    stream: &'a Stream,
    words: &[String],
    lists_all: bool,
) -> (Vec<(Role, Listed<'a>)>, usize) {
    let found = stream
        .fields
        .iter()
        .map(|field| (field.role, listed(stream, field)))
        .filter(|(_, field)| has_all_words(field, words));
    if lists_all {
        return (found.collect(), 0);
    }
    let (labelled, described): (Vec<_>, Vec<_>) =
        found.partition(|(_, field)| is_labelled(field, words));
    if labelled.is_empty() {
        return (described, 0);
    }
    (labelled, described.len())
}

/// What is said of fields that a search leaves out, if it does.
fn described_only(left_out: usize) -> Option<String> {
    match left_out {
        0 => None,
        1 => Some("1 more mentions it only in its description; --all lists it.".to_owned()),
        more => Some(format!(
            "{} more mention it only in their description; --all lists them.",
            count(size(more))
        )),
    }
}

fn stream(name: &str) -> Result<&'static Stream, UsageError> {
    let catalog = Catalog::builtin();
    catalog.stream(name).ok_or_else(|| {
        let error = UsageError::new(format!("There is no stream {name}"));
        match catalog.suggest_stream(name) {
            Some(near) => error.with_hint(format!("Did you mean `criteo fields {near}`?")),
            None if is_of_statistics(name) => error.with_hint(format!(
                "The stream comes first: `criteo fields {STATISTICS} {}`. `criteo streams` lists all of them.",
                shell_word(name)
            )),
            None => error.with_hint(format!(
                "`criteo streams` lists them all. Custom reports choose from the fields of `{STATISTICS}`."
            )),
        }
    })
}

/// Whether somebody has named what they look for where the stream belongs.
fn is_of_statistics(name: &str) -> bool {
    let words = [name.to_lowercase()];
    let statistics = Catalog::builtin().stream(STATISTICS);
    statistics.is_some_and(|stream| {
        let mut fields = stream.fields.iter();
        fields.any(|field| has_all_words(&listed(stream, field), &words))
    })
}

fn listed<'a>(stream: &Stream, field: &'a Field) -> Listed<'a> {
    Listed {
        field: &field.name,
        column: &field.column,
        field_type: type_name(field.field_type),
        role: role(field.role),
        additive: field.additive,
        on_by_default: is_on_by_default(stream, field),
        description: &field.description,
    }
}

/// Whether a field is read when the configuration chooses nothing.
pub(super) fn is_on_by_default(stream: &Stream, field: &Field) -> bool {
    let is_chosen = matches!(field.role, Role::Dimension | Role::Metric);
    let mut defaults = stream
        .default_dimensions
        .iter()
        .chain(&stream.default_metrics);
    !is_chosen || defaults.any(|name| *name == field.name)
}

/// The type of a field in words.
pub(super) fn type_name(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "text",
        FieldType::Integer => "integer",
        FieldType::Money => "money",
        FieldType::Float => "float",
        FieldType::Boolean => "boolean",
        FieldType::Date => "date",
        FieldType::Timestamp => "timestamp",
        FieldType::TimestampUtc => "timestamp in UTC",
        FieldType::Json => "json",
    }
}

/// The role of a field in words.
pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Dimension => "dimension",
        Role::Metric => "metric",
        Role::Attribute => "attribute",
        Role::Stamp => "stamp",
    }
}

/// Whether a field has every word in its texts, or is what people mean who say it.
fn has_all_words(field: &Listed<'_>, words: &[String]) -> bool {
    are_said(words, &field.text(), field.column)
}

/// The same without the description, which mentions much else.
fn is_labelled(field: &Listed<'_>, words: &[String]) -> bool {
    are_said(words, &field.label(), field.column)
}

fn are_said(words: &[String], text: &str, column: &str) -> bool {
    words
        .iter()
        .all(|word| text.contains(word) || is_synonym(word, column))
}

impl Listed<'_> {
    /// Everything that is searched, in lower case.
    fn text(&self) -> String {
        format!("{}\n{}", self.label(), self.description.to_lowercase())
    }

    /// What it is: everything but the description, in lower case.
    fn label(&self) -> String {
        let texts = [self.field, self.column, self.field_type, self.role];
        texts.join("\n").to_lowercase()
    }
}

/// What the thing is called here that people mean who say `word`; `None` where the fields that were found say the word
/// themselves.
fn called_otherwise(word: &str, found: &[(Role, Listed<'_>)]) -> Option<String> {
    let fields = found.iter().map(|(_, field)| field);
    let meant: Vec<&str> = fields
        .filter(|field| is_synonym(word, field.column) && !field.text().contains(word))
        .map(|field| field.field)
        .collect();
    (!meant.is_empty()).then(|| format!("What \"{word}\" means is called {} here.", few(&meant)))
}

/// Fields under the heading of their role, each with its description below it, which stays readable on a narrow
/// terminal although some names are 45 letters long.
fn text(stream: &Stream, found: &[(Role, Listed<'_>)]) -> String {
    let is_chosen = !stream.default_dimensions.is_empty() || !stream.default_metrics.is_empty();
    let headings = [
        (
            Role::Dimension,
            "Dimensions",
            "what rows are broken down by; + is chosen by default",
        ),
        (
            Role::Metric,
            "Metrics",
            "what is measured; + is chosen by default",
        ),
        (Role::Attribute, "Columns", "always read"),
        (
            Role::Stamp,
            "Stamps",
            "known from the request and written onto every row",
        ),
    ];
    let mut text = String::new();
    for (role, heading, explanation) in headings {
        let mut fields = found
            .iter()
            .filter(|(of, _)| *of == role)
            .map(|(_, field)| field)
            .peekable();
        if fields.peek().is_none() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(
            text,
            "{}: {}",
            style(heading).bold(),
            style(explanation).dim()
        );
        for field in fields {
            let is_default =
                is_chosen && field.on_by_default && matches!(role, Role::Dimension | Role::Metric);
            let mark = if is_default { "+" } else { " " };
            let sums = if field.additive { ", adds up" } else { "" };
            let column = style(format!("{} {}{sums}", field.column, field.field_type)).dim();
            let _ = writeln!(
                text,
                "{} {}  {column}",
                style(mark).green(),
                style(field.field).cyan()
            );
            let _ = writeln!(text, "    {}", field.description);
        }
    }
    text.trim_end().to_owned()
}
