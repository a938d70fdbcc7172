//! What the lake holds at one version: the log of commits, applied one after the other.
//!
//! The state is a value without any storage behind it. Every writer and reader comes to the same one, because it
//! follows from the commits alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::history_table;
use super::commit::Action;
use super::vouching;
use crate::calendar::DayRange;
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::{Column, TableSchema};

/// The content of the lake at one version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LakeState {
    /// The number of the last commit; 0 before the first.
    pub(super) version: u64,
    /// Tables by their lower-case name: readers of the views do not tell upper from lower case either.
    pub(super) tables: BTreeMap<String, TableState>,
    /// What each stream's table is for.
    pub(super) streams: BTreeMap<String, StreamEntry>,
    /// Every window that was loaded or given up, by its id, oldest reading first.
    pub(super) windows: BTreeMap<String, WindowState>,
    /// Runs by their id, oldest first.
    pub(super) runs: BTreeMap<String, RunEntry>,
    /// Data files that no table needs any more, with the moment from which none did. `vacuum` removes them.
    pub(super) superseded: BTreeMap<String, Timestamp>,
    /// Tables of versions by their lower-case name. Their files are among `tables`.
    #[serde(default)]
    pub(super) histories: BTreeMap<String, HistoryState>,
    /// Files with records of what later readings changed, by stream and path.
    #[serde(default)]
    pub(super) changes: BTreeMap<String, BTreeMap<String, FileState>>,
    /// Days that were dropped, oldest dropping first.
    #[serde(default)]
    pub(super) drops: Vec<DropEntry>,
}

/// What a table of versions is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct HistoryState {
    /// Its name as it is written.
    pub(super) table: String,
    /// The stream whose rows it keeps.
    pub(super) stream: String,
    /// The table with the rows that are current.
    pub(super) of_table: String,
    /// Whether versions are added.
    pub(super) is_kept: bool,
}

/// One dropping of old days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DropEntry {
    /// The run that dropped them.
    pub(super) run_id: String,
    /// The stream.
    pub(super) stream: String,
    /// The table they were in.
    pub(super) table: String,
    /// The first day that was kept.
    pub(super) keep_from: Date,
    /// When, by the calendar.
    pub(super) dropped_at: Timestamp,
    /// Rows of the table.
    pub(super) rows: u64,
    /// Rows of the table of versions.
    pub(super) versions: u64,
}

/// One table: its columns, and the files that hold its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TableState {
    /// Name, description and columns. Columns are only ever added, and at the end.
    pub(super) schema: TableSchema,
    /// The stream that it was made for.
    pub(super) stream: String,
    /// The live files by their path.
    pub(super) files: BTreeMap<String, FileState>,
}

/// One live data file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FileState {
    /// The window whose rows it holds.
    pub(super) window_id: String,
    /// Its rows by advertiser.
    pub(super) advertisers: BTreeMap<String, u64>,
    /// The first and last day of its rows; `None` where rows have no day.
    pub(super) days: Option<DayRange>,
    /// How many of the table's columns it has: the first so many.
    pub(super) columns: usize,
    /// Its size in bytes.
    pub(super) bytes: u64,
}

impl FileState {
    /// Its rows.
    pub(super) fn rows(&self) -> u64 {
        self.advertisers.values().sum()
    }
}

/// One window as it was read, and for whom it is still the last word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct WindowState {
    /// The entry as it was written.
    pub(super) entry: WindowEntry,
    /// The advertisers it still vouches for.
    pub(super) vouches_for: BTreeSet<String>,
}

impl WindowState {
    /// The entry with the advertisers that it still vouches for; `None` when there are none left.
    pub(super) fn current(&self) -> Option<WindowEntry> {
        if self.vouches_for.is_empty() {
            return None;
        }
        let mut entry = self.entry.clone();
        entry
            .advertisers
            .retain(|advertiser, _| self.vouches_for.contains(advertiser));
        Some(entry)
    }
}

impl LakeState {
    /// A table by its name.
    pub(super) fn table(&self, name: &str) -> Option<&TableState> {
        self.tables.get(&name.to_lowercase())
    }

    /// The table of a stream.
    pub(super) fn table_of(&self, stream: &str) -> Option<&TableState> {
        self.table(&self.streams.get(stream)?.table)
    }

    /// The table of versions of `table`, if there is one that this program made, kept or not.
    pub(super) fn history_of(&self, table: &str) -> Option<(&HistoryState, &TableState)> {
        let name = history_table(table).to_lowercase();
        self.histories.get(&name).zip(self.tables.get(&name))
    }

    /// Whether this very reading was loaded.
    pub(super) fn is_loaded(&self, window_id: &str) -> bool {
        self.windows
            .get(window_id)
            .is_some_and(|window| window.entry.quarantine_reason.is_none())
    }

    /// Every entry of a stream that still vouches for something, oldest reading first.
    pub(super) fn windows_of(&self, stream: &str) -> Vec<WindowEntry> {
        self.windows
            .values()
            .filter(|window| window.entry.stream == stream)
            .filter_map(WindowState::current)
            .collect()
    }

    /// As much of it as some of its windows, which is what a comparison asks the ledger for.
    pub(super) fn with_windows(&self, is_wanted: impl Fn(&WindowState) -> bool) -> Self {
        let wanted = self.windows.iter().filter(|(_, window)| is_wanted(window));
        Self {
            windows: wanted
                .map(|(id, window)| (id.clone(), window.clone()))
                .collect(),
            ..Self::default()
        }
    }

    /// The windows that vouch for nothing any more and were read before `moment`.
    pub(super) fn history_before(&self, moment: Timestamp) -> Vec<String> {
        self.windows
            .iter()
            .filter(|(_, window)| window.vouches_for.is_empty() && window.entry.read_at < moment)
            .map(|(window_id, _)| window_id.clone())
            .collect()
    }

    /// The paths of every file that some table needs.
    pub(super) fn live_files(&self) -> BTreeSet<&str> {
        self.tables
            .values()
            .map(|table| &table.files)
            .chain(self.changes.values())
            .flat_map(|files| files.keys().map(String::as_str))
            .collect()
    }

    /// Applies the actions of the commit `version`, which was made at `moment`.
    pub(super) fn apply(&mut self, version: u64, moment: Timestamp, actions: &[Action]) {
        for action in actions {
            self.apply_one(moment, action);
        }
        self.version = version;
    }

    fn apply_one(&mut self, moment: Timestamp, action: &Action) {
        match action {
            Action::PutTable { stream, schema } => self.put_table(stream, schema),
            Action::PutStream(entry) => {
                self.streams.insert(entry.stream.clone(), entry.clone());
            }
            Action::ForgetStream { stream } => self.forget(moment, stream),
            Action::DropLoaded { stream } => self.windows.retain(|_, window| {
                window.entry.stream != *stream || window.entry.quarantine_reason.is_some()
            }),
            Action::AddFile { table, path, file } => {
                if let Some(table) = self.tables.get_mut(&table.to_lowercase()) {
                    table.files.insert(path.clone(), file.clone());
                }
            }
            Action::RemoveFile { table, path } => {
                if let Some(table) = self.tables.get_mut(&table.to_lowercase())
                    && table.files.remove(path).is_some()
                {
                    self.superseded.insert(path.clone(), moment);
                }
            }
            Action::PutWindow(entry) => vouching::record(&mut self.windows, entry),
            Action::PutRun(run) => {
                self.runs.insert(run.run_id.clone(), run.clone());
            }
            Action::ForgetWindows { window_ids } => {
                for window_id in window_ids {
                    self.windows.remove(window_id);
                }
            }
            Action::PutHistory {
                table,
                stream,
                of_table,
            } => {
                self.stop_history(stream);
                let history = HistoryState {
                    table: table.clone(),
                    stream: stream.clone(),
                    of_table: of_table.clone(),
                    is_kept: true,
                };
                self.histories.insert(table.to_lowercase(), history);
            }
            Action::StopHistory { stream } => self.stop_history(stream),
            Action::AddChanges { stream, path, file } => {
                let files = self.changes.entry(stream.clone()).or_default();
                files.insert(path.clone(), file.clone());
            }
            Action::RemoveChanges { stream, path } => {
                if let Some(files) = self.changes.get_mut(stream)
                    && files.remove(path).is_some()
                {
                    self.superseded.insert(path.clone(), moment);
                }
            }
            Action::DropDays { entry, left } => {
                vouching::give_up_days(&mut self.windows, entry, left);
                self.drops.push(entry.clone());
            }
            Action::Vacuumed { paths } => {
                for path in paths {
                    self.superseded.remove(path);
                }
            }
        }
    }

    fn put_table(&mut self, stream: &str, schema: &TableSchema) {
        let table = self
            .tables
            .entry(schema.table.to_lowercase())
            .or_insert_with(|| TableState {
                schema: schema.clone(),
                stream: stream.to_owned(),
                files: BTreeMap::new(),
            });
        table.schema = schema.clone();
    }

    fn stop_history(&mut self, stream: &str) {
        for history in self.histories.values_mut() {
            history.is_kept &= history.stream != stream;
        }
    }

    fn forget(&mut self, moment: Timestamp, stream: &str) {
        self.stop_history(stream);
        if let Some(entry) = self.streams.remove(stream)
            && let Some(table) = self.tables.remove(&entry.table.to_lowercase())
        {
            self.superseded
                .extend(table.files.into_keys().map(|path| (path, moment)));
        }
        self.windows
            .retain(|_, window| window.entry.stream != stream);
    }
}

/// The columns of `existing` with those of `wanted` that it lacks at the end, and with the newest descriptions.
pub(super) fn grown(existing: &TableSchema, wanted: &TableSchema) -> TableSchema {
    let mut columns: Vec<Column> = existing.columns.clone();
    for column in &wanted.columns {
        match columns
            .iter_mut()
            .find(|present| present.name.to_lowercase() == column.name.to_lowercase())
        {
            Some(present) => present.description.clone_from(&column.description),
            None => columns.push(column.clone()),
        }
    }
    TableSchema {
        table: existing.table.clone(),
        description: wanted.description.clone(),
        columns,
    }
}
