//! Making tables, adding columns to them, and refusing those that do not fit.

use super::super::ledger_tables::PREFIX;
use super::super::{DestinationError, rules};
use super::changes;
use super::commit::Action;
use super::failure::Failure;
use super::state::{LakeState, TableState, grown};
use crate::ledger::StreamEntry;
use crate::schema::{Column, TableSchema};

/// Makes the table or adds what it lacks, and remembers the stream.
pub(super) fn prepare(
    state: &LakeState,
    schema: &TableSchema,
    stream: &StreamEntry,
) -> Result<Vec<Action>, Failure> {
    rules::refuse_ledger_name(&schema.table, PREFIX).map_err(Failure::Refused)?;
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
            if remembered.is_some_and(|before| !before.is_comparable_with(stream)) {
                actions.extend(changes::forgotten(state, &stream.stream));
            }
            actions.push(put_table(schema.clone()));
        }
        Some(table) if is_same_table => {
            if let Some(before) = remembered {
                rules::refuse_other_purpose(before, stream)?;
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
    let Some((present, column)) = other_types(&table.schema, schema) else {
        return Ok(());
    };
    let [found, wanted] = [present, column].map(|column| format!("{:?}", column.field_type));
    Err(rules::other_type(&schema.table, &column.name, &found, &wanted).into())
}

/// The first column that has another type in `existing` than is wanted, as it is there and as it is wanted.
pub(super) fn other_types<'schema>(
    existing: &'schema TableSchema,
    wanted: &'schema TableSchema,
) -> Option<(&'schema Column, &'schema Column)> {
    wanted.columns.iter().find_map(|column| {
        let mut columns = existing.columns.iter();
        let present = columns.find(|present| same_name(&present.name, &column.name))?;
        (present.field_type != column.field_type).then_some((present, column))
    })
}

/// The refusal of a table that this stream does not use.
fn foreign(state: &LakeState, table: &TableState) -> Failure {
    let name = &table.schema.table;
    let owner = state
        .streams
        .values()
        .find(|entry| same_name(&entry.table, name));
    let history = state.histories.get(&name.to_lowercase());
    let reason = match (owner, history) {
        (Some(entry), _) => format!("it belongs to stream '{}'", entry.stream),
        (None, Some(history)) => format!("it keeps the versions of stream '{}'", history.stream),
        (None, None) => format!(
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
