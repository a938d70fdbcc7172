//! Making tables, adding columns to them, and refusing those that do not fit.

use std::collections::BTreeSet;

use super::super::DestinationError;
use super::commit::Action;
use super::failure::Failure;
use super::state::{LakeState, TableState, grown};
use crate::ledger::StreamEntry;
use crate::schema::TableSchema;

/// What the names of the ledger's tables begin with.
pub(super) const LEDGER_PREFIX: &str = "_criteo_";

/// Makes the table or adds what it lacks, and remembers the stream.
pub(super) fn prepare(
    state: &LakeState,
    schema: &TableSchema,
    stream: &StreamEntry,
) -> Result<Vec<Action>, Failure> {
    if schema.table.to_lowercase().starts_with(LEDGER_PREFIX) {
        return Err(Failure::Refused(format!(
            "table names that begin with '{LEDGER_PREFIX}' belong to the ledger; give the stream another table name"
        )));
    }
    let remembered = state.streams.get(&stream.stream);
    let is_same_table = remembered.is_some_and(|before| same_name(&before.table, &schema.table));
    let put_table = |schema: TableSchema| Action::PutTable {
        stream: stream.stream.clone(),
        schema,
    };
    let mut actions = Vec::new();
    match state.table(&schema.table) {
        None => {
            // A new table name is a fresh start: the old table stays as it is, and no entry vouches for anything.
            if remembered.is_some() {
                actions.push(Action::DropLoaded {
                    stream: stream.stream.clone(),
                });
            }
            actions.push(put_table(schema.clone()));
        }
        Some(table) if is_same_table => {
            if let Some(before) = remembered {
                refuse_other_purpose(before, stream)?;
            }
            refuse_other_types(table, schema)?;
            let grown = grown(&table.schema, schema);
            if grown != table.schema {
                actions.push(put_table(grown));
            }
        }
        Some(table) => return Err(foreign(state, table)),
    }
    if remembered != Some(stream) {
        actions.push(Action::PutStream(stream.clone()));
    }
    Ok(actions)
}

/// Drops the table of a stream and what the ledger says of it. Its files are superseded.
pub(super) fn forget(state: &LakeState, stream: &str) -> Vec<Action> {
    let is_known = state.streams.contains_key(stream)
        || state
            .windows
            .values()
            .any(|window| window.entry.stream == stream);
    if !is_known {
        return Vec::new();
    }
    vec![Action::ForgetStream {
        stream: stream.to_owned(),
    }]
}

fn refuse_other_types(table: &TableState, schema: &TableSchema) -> Result<(), Failure> {
    for column in &schema.columns {
        let present = table
            .schema
            .columns
            .iter()
            .find(|present| same_name(&present.name, &column.name));
        if let Some(present) = present
            && present.field_type != column.field_type
        {
            return Err(incompatible(
                &schema.table,
                format!(
                    "column '{}' holds {:?} there, and {:?} is needed",
                    column.name, present.field_type, column.field_type
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses rows of another grain, currency or time zone than those the table holds.
fn refuse_other_purpose(before: &StreamEntry, now: &StreamEntry) -> Result<(), Failure> {
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
    Err(incompatible(&before.table, differences.join("; ")))
}

fn in_words(grain: &[String]) -> String {
    if grain.is_empty() {
        "entity".to_owned()
    } else {
        grain.join(", ")
    }
}

fn incompatible(table: &str, reason: String) -> Failure {
    Failure::Destination(DestinationError::Incompatible {
        table: table.to_owned(),
        reason,
    })
}

/// The refusal of a table that this stream does not use.
fn foreign(state: &LakeState, table: &TableState) -> Failure {
    let name = &table.schema.table;
    let owner = state
        .streams
        .values()
        .find(|entry| same_name(&entry.table, name));
    let reason = match owner {
        Some(entry) => format!("it belongs to stream '{}'", entry.stream),
        None => format!(
            "stream '{}' used it before it was given another table",
            table.stream
        ),
    };
    Failure::Destination(DestinationError::ForeignTable {
        table: name.clone(),
        reason,
    })
}

fn same_name(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}
