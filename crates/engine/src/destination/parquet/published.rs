//! What readers are told: every table, its columns, and the files that hold its rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::past_tables;
use super::state::{FileState, LakeState, TableState};
use crate::schema::{Column, TableSchema};

/// The tables of a lake at one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Published {
    /// The version of the lake.
    pub(super) version: u64,
    /// When this was written.
    pub(super) written_at: Timestamp,
    /// The tables by their name.
    pub(super) tables: BTreeMap<String, PublishedTable>,
}

/// One table for readers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PublishedTable {
    /// What one row stands for.
    pub(super) description: String,
    /// Every column, in order.
    pub(super) columns: Vec<Column>,
    /// The files, by how many of the columns they have.
    pub(super) groups: Vec<Group>,
}

/// Files with the same columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    /// They have the first so many columns of the table; the others are NULL on their rows.
    pub(super) columns: usize,
    /// Their paths below the root.
    pub(super) files: Vec<String>,
}

impl PublishedTable {
    /// A table of the lake.
    pub(super) fn of(table: &TableState) -> Self {
        let TableSchema {
            description,
            columns,
            ..
        } = &table.schema;
        Self::with_files(description, columns.clone(), &table.files)
    }

    /// A table with these files.
    pub(super) fn with_files<'file>(
        description: &str,
        columns: Vec<Column>,
        files: impl IntoIterator<Item = (&'file String, &'file FileState)>,
    ) -> Self {
        let mut groups: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (path, file) in files {
            groups.entry(file.columns).or_default().push(path.clone());
        }
        Self {
            description: description.to_owned(),
            columns,
            groups: groups
                .into_iter()
                .map(|(columns, files)| Group { columns, files })
                .collect(),
        }
    }

    /// Every file.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.groups
            .iter()
            .flat_map(|group| group.files.iter().map(String::as_str))
    }
}

impl Published {
    /// The tables of the lake, without those of the ledger that are in the log.
    pub(super) fn of(state: &LakeState) -> Self {
        let (changes, records) = past_tables::changes(state);
        let tables = state
            .tables
            .values()
            .map(|table| (table.schema.table.clone(), PublishedTable::of(table)))
            .chain([(changes.to_owned(), records)])
            .collect();
        Self {
            version: state.version,
            written_at: Timestamp::now(),
            tables,
        }
    }
}
