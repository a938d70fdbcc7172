//! What every destination has to refuse, wherever it keeps its rows, and how the refusals are worded.

use std::collections::{BTreeMap, BTreeSet};

use super::{DestinationError, Observation};
use crate::calendar::DayRange;
use crate::ledger::{StreamEntry, WindowEntry};
use crate::schema::{FieldType, TableSchema};

/// The rows that arrived per advertiser, and how many of them lie in the days of the window. `None` stands for rows
/// without an advertiser.
pub(super) type ArrivedRows = BTreeMap<Option<String>, (u64, u64)>;

/// The rows must be those that the ledger entry vouches for. A row outside the window's advertisers or days would
/// never be replaced by a later reading, so it would be counted twice. The error is the reason in words.
pub(super) fn refuse_disagreement(
    entry: &WindowEntry,
    arrived: &ArrivedRows,
) -> Result<(), String> {
    for (advertiser, (rows, rows_in_window)) in arrived {
        let name = advertiser.as_deref().unwrap_or("NULL");
        if !advertiser
            .as_ref()
            .is_some_and(|advertiser| entry.advertisers.contains_key(advertiser))
        {
            return Err(format!(
                "the files hold {rows} rows of advertiser {name}, whom the window does not cover"
            ));
        }
        if rows != rows_in_window {
            return Err(format!(
                "{} of {rows} rows of advertiser {name} lie outside the days of the window",
                rows - rows_in_window
            ));
        }
    }
    for (advertiser, expected) in &entry.advertisers {
        let rows = arrived
            .get(&Some(advertiser.clone()))
            .map_or(0, |(rows, _)| *rows);
        if rows != *expected {
            return Err(format!(
                "the files hold {rows} rows of advertiser {advertiser}, and the ledger entry says {expected}"
            ));
        }
    }
    let sum: u64 = entry.advertisers.values().sum();
    if sum == entry.rows {
        Ok(())
    } else {
        Err(format!(
            "the ledger entry says {} rows, and {sum} when summed over its advertisers",
            entry.rows
        ))
    }
}

/// Whether `outer` holds every day of `inner`. A window without days covers everything.
pub(super) fn covers(outer: Option<DayRange>, inner: Option<DayRange>) -> bool {
    match (outer, inner) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(outer), Some(inner)) => outer.first <= inner.first && inner.last <= outer.last,
    }
}

/// Refuses rows of another grain, currency or time zone than those the table holds.
pub(crate) fn refuse_other_purpose(
    before: &StreamEntry,
    now: &StreamEntry,
) -> Result<(), DestinationError> {
    let mut differences = Vec::new();
    // The order of dimensions does not change what a row stands for.
    let grain = |entry: &StreamEntry| entry.grain.iter().cloned().collect::<BTreeSet<_>>();
    if grain(before) != grain(now) {
        differences.push(format!(
            "it holds one row per {}, and now one row per {} is asked for",
            in_words(&before.grain),
            in_words(&now.grain)
        ));
    }
    for (what, before, now) in [
        ("currency", &before.currency, &now.currency),
        ("time zone", &before.time_zone, &now.time_zone),
    ] {
        if before != now {
            let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
            differences.push(format!(
                "its {what} is {}, and now {} is asked for",
                word(before),
                word(now)
            ));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(DestinationError::Incompatible {
        table: before.table.clone(),
        reason: differences.join("; "),
        stream: Some(now.stream.clone()),
        others: Vec::new(),
    })
}

/// What is to be observed must be columns of the table, of types that allow it. The error is the reason in words.
pub(super) fn refuse_unknown_columns(
    schema: &TableSchema,
    observation: &Observation,
) -> Result<(), String> {
    let type_of = |name: &String| {
        let position = schema.position(name)?;
        Some(schema.columns[position].field_type)
    };
    for name in &observation.key_columns {
        if type_of(name).is_none() {
            return Err(format!(
                "column '{name}' is to tell rows apart, but the table has no such column"
            ));
        }
    }
    for name in &observation.additive_columns {
        if !matches!(type_of(name), Some(FieldType::Integer | FieldType::Money)) {
            return Err(format!(
                "column '{name}' is to be summed, but the table has no such column of whole numbers or money"
            ));
        }
    }
    Ok(())
}

/// The refusal of a column that has another type than it should.
pub(super) fn other_type(table: &str, column: &str, found: &str, wanted: &str) -> DestinationError {
    DestinationError::Incompatible {
        table: table.to_owned(),
        reason: format!("column '{column}' has type {found} there, and {wanted} is needed"),
        stream: None,
        others: Vec::new(),
    }
}

/// The refusal of a table that this stream did not make; `owner` is the stream that did, if the ledger knows it.
pub(super) fn foreign_table(table: &str, owner: Option<&str>) -> DestinationError {
    DestinationError::ForeignTable {
        table: table.to_owned(),
        reason: match owner {
            Some(stream) => format!("it belongs to stream '{stream}'"),
            None => "the ledger does not know it, so its rows are somebody else's".to_owned(),
        },
    }
}

/// The refusal of a table that does not keep the versions of this stream; `keeper` is the stream whose versions it keeps,
/// if the ledger knows it.
pub(super) fn foreign_versions(table: &str, keeper: Option<&str>) -> DestinationError {
    match keeper {
        Some(stream) => DestinationError::ForeignTable {
            table: table.to_owned(),
            reason: format!("it keeps the versions of stream '{stream}'"),
        },
        None => foreign_table(table, None),
    }
}

/// Refuses a table that would be taken for one of the ledger's. The error is the reason in words.
pub(super) fn refuse_ledger_name(table: &str, prefix: &str) -> Result<(), String> {
    if table.to_lowercase().starts_with(prefix) {
        return Err(format!(
            "table names that begin with '{prefix}' belong to the ledger; give the stream another table name"
        ));
    }
    Ok(())
}

fn in_words(grain: &[String]) -> String {
    if grain.is_empty() {
        "entity".to_owned()
    } else {
        grain.join(", ")
    }
}
