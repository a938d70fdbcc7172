//! What the engine hands to a destination, and how what it makes of it is named.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Observation;
use crate::ledger::WindowEntry;
use crate::schema::TableSchema;

/// One window, decoded and on local disk, ready to replace what the destination holds.
#[derive(Debug, Clone)]
pub struct WindowLoad {
    /// The table and its columns.
    pub schema: TableSchema,
    /// The ledger entry, which also names the scope to replace: its advertisers and, when it has days, its days.
    pub entry: WindowEntry,
    /// The column that holds the day of a row; `None` for entity streams, whose rows are replaced per advertiser.
    pub day_column: Option<String>,
    /// Parquet files with the rows, written with [`TableSchema::arrow_schema`]. A file may lack columns, which are NULL
    /// on its rows then: a window of log-level files has the columns of all of them. Empty when no row came.
    pub files: Vec<PathBuf>,
    /// How to find out what the window changes; `None` where nobody asked, or where the destination does not claim
    /// [`Capabilities::records_changes`](super::Capabilities::records_changes).
    pub observation: Option<Observation>,
}

/// Days that a person asked to drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropDays {
    /// Stream name. Its table is the one that was prepared for it.
    pub stream: String,
    /// The column that holds the day of a row.
    pub day_column: String,
    /// The first day to keep.
    pub keep_from: Date,
    /// The run that drops them.
    pub run_id: String,
    /// When, by the calendar.
    pub dropped_at: Timestamp,
}

/// What was dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DroppedDays {
    /// Rows of the table.
    pub rows: u64,
    /// Rows of the table of versions, current and replaced ones.
    pub versions: u64,
}

/// The table of versions that belongs to `table` ([`keep_versions`](super::Destination::keep_versions)).
#[must_use]
pub fn history_table(table: &str) -> String {
    format!("{table}_history")
}

/// Days for which the ledger keeps the entry of a window after later windows have taken over all it vouched for. What
/// runs have cost is kept with the runs, and for good.
pub const WINDOWS_KEPT_DAYS: i32 = 400;

/// From when on a version was the current one, in UTC.
pub const VALID_FROM: &str = "valid_from";
/// Until when a version was the current one, in UTC and exclusively; NULL for one that still is.
pub const VALID_TO: &str = "valid_to";
/// What [`VALID_FROM`] says of itself in the database.
pub(super) const VALID_FROM_MEANING: &str = "From when on this row was the current one, in UTC.";
/// The same of [`VALID_TO`].
pub(super) const VALID_TO_MEANING: &str =
    "Until when it was the current one, in UTC and exclusively; NULL for one that still is.";

/// What the table of versions of a table says of itself in the database.
pub(super) fn history_description(table: &str, description: &str) -> String {
    format!("The rows of {table} as they were at any time. {description}")
}
