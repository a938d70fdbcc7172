//! The tables of the ledger that speak of the past: what later readings changed, which versions are kept, what was dropped.

use super::super::ledger_tables::{CHANGES, DROPS, HISTORIES};
use super::failure::Failure;
use super::ledger_tables::{LedgerTable, Values, columns_of, description_of};
use super::published::PublishedTable;
use super::state::LakeState;
use crate::schema::Column;

/// The table of what later readings changed. Its rows lie in files of their own, since there may be millions.
pub(super) fn changes(state: &LakeState) -> (&'static str, PublishedTable) {
    let files = state.changes.values().flatten();
    let table = PublishedTable::with_files(description_of(CHANGES), changes_columns(), files);
    (CHANGES, table)
}

/// The columns of the records of changes.
pub(super) fn changes_columns() -> Vec<Column> {
    columns_of(CHANGES)
}

/// The tables that keep the versions of rows.
pub(super) fn histories(state: &LakeState) -> Result<LedgerTable, Failure> {
    let entries = || state.histories.values();
    let mut values = Values::of(HISTORIES);
    values.texts("table_name", entries().map(|history| Some(&history.table)));
    values.texts("stream", entries().map(|history| Some(&history.stream)));
    values.texts("of_table", entries().map(|history| Some(&history.of_table)));
    values.booleans("is_kept", entries().map(|history| Some(history.is_kept)));
    values.table()
}

/// The old days that were dropped.
pub(super) fn drops(state: &LakeState) -> Result<LedgerTable, Failure> {
    let entries = || state.drops.iter();
    let mut values = Values::of(DROPS);
    values.texts("run_id", entries().map(|entry| Some(&entry.run_id)));
    values.texts("stream", entries().map(|entry| Some(&entry.stream)));
    values.texts("table_name", entries().map(|entry| Some(&entry.table)));
    values.days("keep_from", entries().map(|entry| Some(entry.keep_from)));
    values.instants("dropped_at", entries().map(|entry| Some(entry.dropped_at)));
    values.counts("rows", entries().map(|entry| entry.rows));
    values.counts("versions", entries().map(|entry| entry.versions));
    values.table()
}
