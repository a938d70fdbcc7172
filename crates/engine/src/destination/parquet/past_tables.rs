//! The tables of the ledger that speak of the past: what later readings changed, which versions are kept, what was dropped.

use super::super::ledger_tables::{CHANGES, DROPS, HISTORIES, TABLES};
use super::failure::Failure;
use super::ledger_tables::{LedgerTable, Values};
use super::published::PublishedTable;
use super::state::LakeState;
use crate::schema::Column;

/// The table of what later readings changed. Its rows lie in files of their own, since there may be millions.
pub(super) fn changes(state: &LakeState) -> (&'static str, PublishedTable) {
    let files = state.changes.values().flatten();
    let table = PublishedTable::with_files(description(CHANGES), changes_columns(), files);
    (CHANGES, table)
}

/// The columns of the records of changes.
pub(super) fn changes_columns() -> Vec<Column> {
    let table = TABLES.iter().find(|table| table.name == CHANGES);
    let columns = table.into_iter().flat_map(|table| table.columns);
    columns
        .map(|(name, field_type, description)| Column {
            name: (*name).to_owned(),
            field_type: *field_type,
            description: (*description).to_owned(),
        })
        .collect()
}

/// The tables that keep the versions of rows.
pub(super) fn histories(state: &LakeState) -> Result<LedgerTable, Failure> {
    let entries = || state.histories.values();
    let mut values = Values::default();
    values.texts(
        "table_name",
        "The table of versions.",
        entries().map(|history| Some(&history.table)),
    );
    values.texts(
        "stream",
        "The stream whose rows it keeps.",
        entries().map(|history| Some(&history.stream)),
    );
    values.texts(
        "of_table",
        "The table with the rows that are current.",
        entries().map(|history| Some(&history.of_table)),
    );
    values.booleans(
        "is_kept",
        "Whether versions are added; when not, it stays as it is.",
        entries().map(|history| Some(history.is_kept)),
    );
    values.table(HISTORIES, description(HISTORIES))
}

/// The old days that were dropped.
pub(super) fn drops(state: &LakeState) -> Result<LedgerTable, Failure> {
    let entries = || state.drops.iter();
    let mut values = Values::default();
    values.texts(
        "run_id",
        "The run that dropped them.",
        entries().map(|entry| Some(&entry.run_id)),
    );
    values.texts(
        "stream",
        "Name of the stream.",
        entries().map(|entry| Some(&entry.stream)),
    );
    values.texts(
        "table_name",
        "The table they were in.",
        entries().map(|entry| Some(&entry.table)),
    );
    values.days(
        "keep_from",
        "The first day that was kept; all days before were dropped.",
        entries().map(|entry| Some(entry.keep_from)),
    );
    values.instants(
        "dropped_at",
        "When, in UTC.",
        entries().map(|entry| Some(entry.dropped_at)),
    );
    values.counts(
        "rows",
        "Rows of the table that were dropped.",
        entries().map(|entry| entry.rows),
    );
    values.counts(
        "versions",
        "Rows of the table of versions that were dropped.",
        entries().map(|entry| entry.versions),
    );
    values.table(DROPS, description(DROPS))
}

/// What the table says of itself in every destination.
fn description(name: &str) -> &'static str {
    TABLES
        .iter()
        .find(|table| table.name == name)
        .map_or("", |table| table.description)
}
