//! Compares a table with the truth: its columns, and its rows as a multiset.

use std::collections::HashMap;

use criteo_engine::catalog::FieldType;

use super::Stage;
use super::cell::Cell;
use super::expected::{self, ExpectedStream};
use super::table;
use super::target::{TableColumn, Tables};

/// Differing rows that are shown of one table.
const SHOWN: usize = 5;
/// Stands between the cells of a row.
const SEPARATOR: char = '\u{1f}';
/// Stands for NULL.
const NULL: &str = "\u{0}";

/// In what the table of a stream differs from the truth.
pub(super) fn compare(
    stage: &Stage,
    stream: &ExpectedStream,
    advertisers: &[String],
    tables: &dyn Tables,
) -> Vec<String> {
    let found = tables.columns(&stream.name);
    if found.is_empty() {
        return vec![format!("{}: there is no table", stream.name)];
    }
    let columns = expected::columns(stage, stream, advertisers);
    let mut differences = column_differences(tables, stream, &columns, &found);
    if tables.comment(&stream.name).as_deref() != Some(&stream.stream.description) {
        differences.push(format!("{}: the table's comment is another", stream.name));
    }
    if !differences.is_empty() {
        return differences;
    }
    let mut counts = Counts::default();
    expected::rows(stage, stream, &columns, advertisers, |row| {
        counts.add(row, 1);
    });
    table::rows(tables, &stream.name, &columns, advertisers, |row| {
        counts.add(row, -1);
    });
    counts.differences(&stream.name, &columns)
}

fn column_differences(
    tables: &dyn Tables,
    stream: &ExpectedStream,
    expected: &[(String, FieldType)],
    found: &[TableColumn],
) -> Vec<String> {
    let mut differences = Vec::new();
    for (name, field_type) in expected {
        let Some(column) = found.iter().find(|column| column.name == *name) else {
            differences.push(format!("{}: column {name} is missing", stream.name));
            continue;
        };
        let wanted = tables.sql_type(*field_type);
        if column.sql_type != wanted {
            let is = &column.sql_type;
            differences.push(format!(
                "{}: column {name} is {is}, not {wanted}",
                stream.name
            ));
        }
        let description = stream.description(name);
        let comment = column.comment.as_deref().unwrap_or_default();
        if comment.is_empty() || description.is_some_and(|description| description != comment) {
            differences.push(format!(
                "{}: column {name} has the comment {comment:?}",
                stream.name
            ));
        }
    }
    for column in found {
        if !expected.iter().any(|(name, _)| *name == column.name) {
            differences.push(format!(
                "{}: nobody asked for column {}",
                stream.name, column.name
            ));
        }
    }
    differences
}

/// How often each row is in the truth more than in the table.
#[derive(Default)]
struct Counts {
    rows: HashMap<Box<str>, i64>,
    /// Rows of the truth, for messages.
    expected: i64,
    /// Rows of the table, for messages.
    found: i64,
}

impl Counts {
    fn add(&mut self, row: &[Cell], times: i64) {
        let mut text = String::new();
        for cell in row {
            text.push_str(cell.as_deref().unwrap_or(NULL));
            text.push(SEPARATOR);
        }
        *self.rows.entry(text.into_boxed_str()).or_default() += times;
        self.expected += times.max(0);
        self.found -= times.min(0);
    }

    fn differences(&self, name: &str, columns: &[(String, FieldType)]) -> Vec<String> {
        let with_sign = |sign: i64| {
            let mut rows: Vec<Vec<&str>> = self
                .rows
                .iter()
                .filter(|(_, count)| count.signum() == sign)
                .map(|(row, _)| row.split(SEPARATOR).take(columns.len()).collect())
                .collect();
            rows.sort_unstable();
            rows
        };
        let (missing, surplus) = (with_sign(1), with_sign(-1));
        if missing.is_empty() && surplus.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![format!(
            "{name}: {} rows of the truth are not in the table, {} of the table are not in the truth \
             ({} and {} rows in all)",
            missing.len(),
            surplus.len(),
            self.expected,
            self.found
        )];
        for row in missing.iter().take(SHOWN) {
            lines.push(match nearest(row, &surplus) {
                Some(other) => format!("{name}: wrong row {}", pair(columns, row, other)),
                None => format!("{name}: missing row {}", whole(columns, row)),
            });
        }
        for row in surplus.iter().take(SHOWN) {
            if nearest(row, &missing).is_none() {
                lines.push(format!("{name}: surplus row {}", whole(columns, row)));
            }
        }
        lines
    }
}

/// The row that shares the most cells, if it shares at least half of them.
fn nearest<'rows>(row: &[&str], others: &'rows [Vec<&str>]) -> Option<&'rows Vec<&'rows str>> {
    let shared = |other: &&Vec<&str>| row.iter().zip(*other).filter(|(a, b)| a == b).count();
    others
        .iter()
        .max_by_key(shared)
        .filter(|other| shared(other) * 2 >= row.len())
}

fn shown(cell: &str) -> String {
    if cell == NULL {
        "NULL".to_owned()
    } else {
        format!("{cell:?}")
    }
}

fn whole(columns: &[(String, FieldType)], row: &[&str]) -> String {
    let cells = columns.iter().zip(row);
    cells
        .map(|((name, _), cell)| format!("{name}={}", shown(cell)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The cells that both rows share where they name the row, and the ones in which they differ.
fn pair(columns: &[(String, FieldType)], expected: &[&str], found: &[&str]) -> String {
    let mut same = Vec::new();
    let mut different = Vec::new();
    for (((name, field_type), expected), found) in columns.iter().zip(expected).zip(found) {
        let names_the_row = matches!(
            field_type,
            FieldType::Text | FieldType::Date | FieldType::Timestamp
        );
        if expected != found {
            different.push(format!(
                "{name} is {} and should be {}",
                shown(found),
                shown(expected)
            ));
        } else if names_the_row && *expected != NULL {
            same.push(format!("{name}={expected}"));
        }
    }
    format!("[{}]: {}", same.join(" "), different.join(", "))
}
