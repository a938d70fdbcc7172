//! The ledger: tables beside the data that say which windows are loaded, when, and with what.
//!
//! An entry is written in the same transaction as the rows it vouches for. The next run plans from it, `status`
//! reads it, and a person can query it.

pub mod coverage;
pub mod maturation;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::DayRange;
use crate::event::Outcome;

/// One window as it was read and loaded (or given up).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowEntry {
    /// A UUID of version 7: unique, and later readings sort after earlier ones.
    pub window_id: String,
    /// The run that read it.
    pub run_id: String,
    /// Stream name.
    pub stream: String,
    /// The days it covers; `None` for entity streams.
    pub days: Option<DayRange>,
    /// The advertisers it covers, each with the number of rows that came for it.
    pub advertisers: BTreeMap<String, u64>,
    /// The instant the answer was asked for, by the calendar (`CRITEO_NOW` included).
    pub read_at: Timestamp,
    /// The calendar day of `read_at` in the report's time zone, from which the age of a day follows; `None` for
    /// entity streams.
    #[serde(default)]
    pub read_on: Option<Date>,
    /// Rows in the window.
    pub rows: u64,
    /// Calls it took.
    pub calls: u32,
    /// Body bytes received.
    pub bytes: u64,
    /// Milliseconds that its calls waited for the quota or before they were tried again. Waits of calls that went on
    /// at the same time are added up.
    #[serde(default)]
    pub waited_milliseconds: u64,
    /// Whether the rows agreed with the response's own totals; `None` when there was nothing to compare.
    pub verified: Option<bool>,
    /// The columns the rows were asked with, in table order. A column added later shows which windows lack it.
    pub columns: Vec<String>,
    /// Sums of the additive columns over the window, as exact decimal text.
    pub totals: BTreeMap<String, String>,
    /// Differences from the response's totals that were let through because those totals were not trusted yet.
    pub total_differences: BTreeMap<String, String>,
    /// SHA-256 of the request bodies, to tell whether two readings asked for the same thing.
    pub request_hash: String,
    /// Why the window was given up; `None` for a loaded one.
    pub quarantine_reason: Option<String>,
}

/// One invocation of sync.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEntry {
    /// A UUID of version 7.
    pub run_id: String,
    /// The interrupted run whose work this one carries on.
    pub continues_run_id: Option<String>,
    /// When it began, by the calendar.
    pub started_at: Timestamp,
    /// What was asked for (streams, range, full refresh), as JSON: a run is carried on only by the same question.
    pub selection: String,
    /// When it ended; `None` while it runs, or when it died.
    pub finished_at: Option<Timestamp>,
    /// How it ended; `None` while it runs, or when it died.
    pub outcome: Option<Outcome>,
    /// Calls made.
    pub calls: u64,
    /// Body bytes received.
    pub bytes: u64,
    /// Milliseconds that calls waited for the quota or before they were tried again, added up over all calls.
    pub waited_milliseconds: u64,
    /// Rows loaded.
    pub rows: u64,
    /// Version of the connector.
    pub version: String,
    /// Advertisers that are configured, or were read before, and that Criteo did not grant to the app when this run
    /// asked; sorted. `None` where Criteo gave no answer, and for runs of programs that did not note it.
    #[serde(default)]
    pub not_granted: Option<Vec<String>>,
}

/// What a stream's table was made for. A change of any of these under an existing table is refused, because the
/// table would mix rows that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEntry {
    /// Stream name.
    pub stream: String,
    /// Its table.
    pub table: String,
    /// The dimensions that a row stands for, in Criteo's words; empty for entity streams.
    pub grain: Vec<String>,
    /// The report currency; `None` where the stream has none.
    pub currency: Option<String>,
    /// The report time zone; `None` where the stream has none.
    pub time_zone: Option<String>,
}

impl StreamEntry {
    /// Whether rows made for `other` mean the same as rows made for this: sums over both can be compared. The table may
    /// have another name.
    #[must_use]
    pub fn is_comparable_with(&self, other: &Self) -> bool {
        self.grain == other.grain
            && self.currency == other.currency
            && self.time_zone == other.time_zone
    }
}
