//! One commit: the actions that become visible together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::{DropEntry, FileState};
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

/// The layout this program writes. A change that an older program would misread raises it. Layout 2 added versions,
/// changes and dropped days to the first; this program reads both.
pub(super) const FORMAT: u32 = 2;

/// The content of one object of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Commit {
    /// The layout it was written in.
    pub(super) format: u32,
    /// Its number: one more than the commit before.
    pub(super) version: u64,
    /// What only this attempt to commit is called, so that a writer whose answer was lost knows its own work.
    pub(super) commit_id: String,
    /// When it was made, by the writer's clock. Only `vacuum` goes by it.
    pub(super) written_at: Timestamp,
    /// The program that wrote it.
    pub(super) writer: String,
    /// What changed, in order.
    pub(super) actions: Vec<Action>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// A table was made, or has these columns from now on.
    PutTable {
        /// The stream it is for.
        stream: String,
        /// Name, description and all columns.
        schema: TableSchema,
    },
    /// What a stream's table is for.
    PutStream(StreamEntry),
    /// A stream and its table are gone, with every entry.
    ForgetStream {
        /// The stream.
        stream: String,
    },
    /// The loaded windows of a stream vouch for nothing any more, because it begins anew in another table.
    DropLoaded {
        /// The stream.
        stream: String,
    },
    /// A file holds rows of a table from now on.
    AddFile {
        /// The table.
        table: String,
        /// Where it is, below the root.
        path: String,
        /// What it holds.
        file: FileState,
    },
    /// A file does not belong to a table any more.
    RemoveFile {
        /// The table.
        table: String,
        /// Where it is, below the root.
        path: String,
    },
    /// A window was loaded, or given up.
    PutWindow(WindowEntry),
    /// A run began or ended.
    PutRun(RunEntry),
    /// The ledger lets go of windows that vouch for nothing any more.
    ForgetWindows {
        /// Which.
        window_ids: Vec<String>,
    },
    /// A table keeps the versions of a stream's rows from now on, and no other table does.
    PutHistory {
        /// The table of versions.
        table: String,
        /// The stream.
        stream: String,
        /// The table with the current rows.
        of_table: String,
    },
    /// Versions of a stream's rows are not kept any more. Those that were stay.
    StopHistory {
        /// The stream.
        stream: String,
    },
    /// A file holds records of what a reading changed.
    AddChanges {
        /// The stream.
        stream: String,
        /// Where it is, below the root.
        path: String,
        /// What it holds.
        file: FileState,
    },
    /// A file of such records is needed no more.
    RemoveChanges {
        /// The stream.
        stream: String,
        /// Where it is, below the root.
        path: String,
    },
    /// Old days were dropped, and no window vouches for them any more. Their files go by actions of their own.
    DropDays {
        /// What was dropped, and why.
        entry: DropEntry,
        /// Of the loaded windows that reach over the border: the rows that are left of them, by window and advertiser.
        left: BTreeMap<String, BTreeMap<String, u64>>,
    },
    /// Superseded files were removed from the store.
    Vacuumed {
        /// Where they were, below the root.
        paths: Vec<String>,
    },
}
