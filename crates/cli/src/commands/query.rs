//! `criteo query`: one question to the destination, and its answer.

mod example;
mod hint;

use std::io;

use anyhow::Context as _;
use criteo_engine::Config;
use criteo_engine::destination::{self, Destination, DestinationError, QueryAnswer, ValueKind};
use serde::de::IgnoredAny;

use super::context::Context;
use crate::arguments::QueryArguments;
use crate::exit::{Exit, UsageError};
use crate::printer::Printer;
use crate::table::TextTable;
use crate::wording::{counted, size};

pub(super) use example::{command_line, suggest};

/// Rows that a table shows unless all are asked for.
const ROWS_TO_SHOW: usize = 100;

/// What stands in a table where there is no value.
const NO_VALUE: &str = "NULL";

/// Asks, and prints what comes back. Needs no app key.
pub(super) async fn run(context: &Context, arguments: &QueryArguments) -> anyhow::Result<Exit> {
    let config = context.configuration()?;
    let printer = &context.printer;
    if arguments.csv && printer.is_json() {
        return Err(UsageError::new("--csv and --json exclude each other")
            .with_hint("Leave one of them out.")
            .into());
    }
    let sql = question(&arguments.sql)?;
    let destination = destination::open(&config);
    let answer = match destination.query(&sql).await {
        Ok(answer) => answer,
        Err(error) => return Err(refused(error, &config, destination.as_ref(), &sql).await),
    };
    if printer.is_json() {
        print_lines(printer, &json_lines(&answer)?)?;
    } else if arguments.csv {
        print_lines(printer, &csv(&answer)?)?;
    } else if answer.rows.is_empty() {
        printer.note("The answer has no rows.");
    } else {
        let shown = if arguments.all {
            answer.rows.len()
        } else {
            ROWS_TO_SHOW
        };
        printer.data(table(&answer, shown))?;
    }
    Ok(Exit::Complete)
}

/// The SQL that somebody gave, by whatever way.
fn question(given: &str) -> anyhow::Result<String> {
    let sql = if given == "-" {
        io::read_to_string(io::stdin()).context("Cannot read the query from standard input")?
    } else {
        given.to_owned()
    };
    let is_end = |character: char| character == ';' || character.is_whitespace();
    let sql = sql.trim_end_matches(is_end);
    if sql.trim().is_empty() {
        return Err(UsageError::new("There is no query")
            .with_hint(
                "For example: `criteo query 'SELECT campaign_name, sum(advertiser_cost) AS spend FROM statistics \
                 GROUP BY campaign_name ORDER BY spend DESC LIMIT 10'`.",
            )
            .into());
    }
    Ok(sql.to_owned())
}

/// What the destination says against a query is said of what was typed.
async fn refused(
    error: DestinationError,
    config: &Config,
    destination: &dyn Destination,
    sql: &str,
) -> anyhow::Error {
    match error {
        DestinationError::Failed {
            destination: place,
            reason,
            ..
        }
        | DestinationError::Denied {
            destination: place,
            reason,
            ..
        } => {
            // Where they cannot be listed, the hint goes without them.
            let views = destination.views().await.unwrap_or_default();
            let hint = hint::hint(config, &views, sql, &reason);
            UsageError::new(format!("{place} does not answer that: {reason}"))
                .with_hint(hint)
                .into()
        }
        other => other.into(),
    }
}

fn print_lines(printer: &Printer, lines: &str) -> io::Result<()> {
    match lines.strip_suffix('\n').unwrap_or(lines) {
        "" => Ok(()),
        lines => printer.data(lines),
    }
}

/// The first rows for people, with a word on how many there are beyond them.
fn table(answer: &QueryAnswer, shown: usize) -> String {
    let columns = answer.columns.iter().zip(&answer.kinds);
    let heads = columns.map(|(name, kind)| (printable(name), *kind == ValueKind::Number));
    let mut table = TextTable::of_data(heads);
    for row in answer.rows.iter().take(shown) {
        table.row(row.iter().map(|value| match value {
            Some(text) => printable(text),
            None => NO_VALUE.to_owned(),
        }));
    }
    let mut text = table.render();
    let more = answer.rows.len().saturating_sub(shown);
    if more > 0 {
        text.push_str(&format!(
            "\n... and {}; --all prints them",
            counted(size(more), "more row")
        ));
    }
    text
}

/// A text without what would break a line or steer a terminal.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// One object a line. Numbers keep all digits that the database wrote.
fn json_lines(answer: &QueryAnswer) -> serde_json::Result<String> {
    let names = distinct(&answer.columns);
    let names = names.iter().map(serde_json::to_string);
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    let mut lines = String::new();
    for row in &answer.rows {
        let mut members = Vec::with_capacity(row.len());
        for ((name, kind), value) in names.iter().zip(&answer.kinds).zip(row) {
            members.push(format!("{name}:{}", json_value(value.as_deref(), *kind)?));
        }
        lines.push_str(&format!("{{{}}}\n", members.join(",")));
    }
    Ok(lines)
}

fn json_value(value: Option<&str>, kind: ValueKind) -> serde_json::Result<String> {
    let Some(text) = value else {
        return Ok("null".to_owned());
    };
    // A database has numbers that JSON does not have.
    if kind != ValueKind::Text && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        // Within a document, line breaks as they are stand only between its parts.
        return Ok(text.replace(['\r', '\n'], " "));
    }
    serde_json::to_string(text)
}

/// The names of columns, told apart by numbers where a database gives several the same.
fn distinct(columns: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        let mut name = column.clone();
        let mut number = 0;
        while names.contains(&name) {
            number += 1;
            name = format!("{column}_{number}");
        }
        names.push(name);
    }
    names
}

fn csv(answer: &QueryAnswer) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&answer.columns)?;
    for row in &answer.rows {
        writer.write_record(row.iter().map(|value| value.as_deref().unwrap_or_default()))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

#[cfg(test)]
mod tests {
    use criteo_engine::destination::ValueKind;

    use super::{distinct, json_value, printable};

    #[test]
    fn values_keep_their_digits_and_what_json_lacks_is_text() {
        let value = |text, kind| json_value(text, kind).unwrap();
        assert_eq!(
            value(Some("12345678901234567890.10"), ValueKind::Number),
            "12345678901234567890.10"
        );
        assert_eq!(value(Some("NaN"), ValueKind::Number), "\"NaN\"");
        assert_eq!(value(Some("007"), ValueKind::Text), "\"007\"");
        assert_eq!(value(Some("true"), ValueKind::Json), "true");
        assert_eq!(value(Some("{\"a\":\n1}"), ValueKind::Json), "{\"a\": 1}");
        assert_eq!(value(None, ValueKind::Number), "null");
    }

    #[test]
    fn columns_of_one_name_are_told_apart() {
        let names = ["a", "a_1", "a", "b"].map(str::to_owned);
        assert_eq!(distinct(&names), ["a", "a_1", "a_2", "b"]);
    }

    #[test]
    fn nothing_in_a_value_steers_the_terminal() {
        assert_eq!(printable("größe\n\u{1b}[31m"), "größe\\n\\u{1b}[31m");
    }
}
