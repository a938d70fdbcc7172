//! Where rows land.
//!
//! A [`Destination`] stores tables and, beside them, the ledger. The engine asks little of it: make the table,
//! replace one window together with its ledger entry, and read the ledger back. Everything else (planning,
//! retrying, splitting, quarantine) is the engine's.

mod analysis_view;
mod capabilities;
#[cfg(feature = "clickhouse")]
pub mod clickhouse;
mod configured;
pub mod conformance;
#[cfg(any(feature = "duckdb", feature = "duckdb-bundled"))]
pub mod duckdb;
mod error;
#[cfg(any(feature = "duckdb", feature = "duckdb-bundled"))]
pub mod files;
mod ledger_tables;
mod ledger_views;
mod load;
mod observation;
#[cfg(feature = "parquet-lake")]
pub mod parquet;
#[cfg(feature = "postgres")]
pub mod postgres;
mod rules;
mod vacuum;

use async_trait::async_trait;

pub use self::analysis_view::{ANALYSIS_VIEW_MARK, AnalysisView, ReplacedViews};
pub use self::capabilities::Capabilities;
pub use self::configured::{identity, open, open_with_password, spool_folder};
pub use self::error::DestinationError;
pub(crate) use self::error::another_table;
pub use self::load::{
    DropDays, DroppedDays, VALID_FROM, VALID_TO, WINDOWS_KEPT_DAYS, WindowLoad, history_table,
};
use self::load::{VALID_FROM_MEANING, VALID_TO_MEANING, history_description};
pub use self::observation::{Observation, ObservedPeriod};
pub(crate) use self::rules::refuse_other_purpose;
pub use self::vacuum::{RemovedFile, VacuumOptions, VacuumReport};
use crate::ledger::maturation::MaturationPoint;
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

/// A place where rows land.
///
/// *Delivery*: when [`load_window`](Self::load_window) returns `Ok`, rows and ledger entry are durable; when it
/// returns an error or the process dies, either both are there or neither. *Idempotency*: loading the same
/// `window_id` again changes nothing. *Concurrency*: the engine may call from several tasks; implementations
/// serialise where they must.
#[async_trait]
pub trait Destination: Send + Sync {
    /// What it can promise.
    fn capabilities(&self) -> Capabilities;

    /// A location for people, without secrets: a path, a host and database.
    fn describe(&self) -> String;

    /// Proves that it can be written to, without leaving a trace.
    ///
    /// # Errors
    /// When it cannot.
    async fn check(&self) -> Result<(), DestinationError>;

    /// Creates the table of a stream or adds the columns it lacks (with comments), and remembers `stream`.
    /// Idempotent. Existing columns of another type are an error. A stream that names another table than before
    /// begins anew: its old table stays as it is, and no entry vouches for anything any more.
    ///
    /// # Errors
    /// [`DestinationError::Incompatible`] when the existing table was made for another grain, currency or time
    /// zone, or holds a column of another type; [`DestinationError::ForeignTable`] when it was not made for this
    /// stream.
    async fn prepare(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError>;

    /// Begins or stops keeping the versions of a stream's rows, in the table that [`history_table`] names: the columns
    /// of the stream's table, then [`VALID_FROM`] and [`VALID_TO`]. Called after [`prepare`](Self::prepare), with the
    /// same schema; idempotent. `day_column` is the one of the stream's windows.
    ///
    /// While versions are kept, the transaction that replaces a window also closes, at the window's `read_at`, the
    /// current versions of its scope that have no equal row among the new ones, and opens the new rows that have no
    /// equal current version. Rows are equal when all columns are, two NULLs among them; of several equal rows as many
    /// versions are current as there are rows. So at every moment the current versions are the rows of the table, and
    /// no version ends before it begins: a window that was read earlier than one loaded before it takes effect at the
    /// later instant of the two.
    ///
    /// Beginning opens the rows that the table holds already, each from the instant at which the ledger says that it
    /// was read, and closes versions left from an earlier time that are no longer current at the same instant.
    /// Stopping leaves the versions as they are. [`forget`](Self::forget) leaves them as well, since Criteo could not
    /// give them back.
    ///
    /// # Errors
    /// [`DestinationError::Unsupported`] when `keep` is set and the destination does not claim
    /// [`Capabilities::keeps_versions`]; [`DestinationError::ForeignTable`] when the table exists and was not made
    /// for this stream; [`DestinationError::Incompatible`] when it holds a column of another type.
    async fn keep_versions(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
        day_column: Option<&str>,
        keep: bool,
    ) -> Result<(), DestinationError> {
        let _ = (schema, stream, day_column);
        if keep {
            return Err(self.unsupported("keep versions of rows"));
        }
        Ok(())
    }

    /// Deletes the rows of all days before `drop.keep_from` and their versions; lets no ledger entry vouch for those
    /// days any more, and writes a record of what was dropped, all in one transaction. Where there is nothing to drop,
    /// nothing is written. What is recorded of changes stays. Days can be read again afterwards.
    ///
    /// # Errors
    /// [`DestinationError::Unsupported`] when the destination does not claim [`Capabilities::drops_days`]; otherwise
    /// when nothing was changed.
    async fn drop_days(&self, drop: &DropDays) -> Result<DroppedDays, DestinationError> {
        let _ = drop;
        Err(self.unsupported("drop old days"))
    }

    /// The refusal of something that this destination does not claim to do.
    fn unsupported(&self, what: &'static str) -> DestinationError {
        DestinationError::Unsupported {
            destination: self.describe(),
            what,
        }
    }

    /// Drops a stream's table and everything the ledger says about it. Versions stay, and so does what was recorded of
    /// changes: it was observed, whatever becomes of the rows. What is read into a new table is compared with the sums
    /// that were recorded last.
    ///
    /// # Errors
    /// When the destination refuses.
    async fn forget(&self, stream: &str) -> Result<(), DestinationError>;

    /// Removes what was recorded of a stream's changes, because later rows are not comparable with those it speaks of:
    /// in another currency, of days of another zone, or by other dimensions.
    ///
    /// # Errors
    /// When the destination refuses. Where nothing is recorded there is nothing to remove.
    async fn forget_changes(&self, stream: &str) -> Result<(), DestinationError> {
        let _ = stream;
        Ok(())
    }

    /// Replaces one window: deletes the rows of its advertisers (and days), inserts the new ones and writes the
    /// ledger entry, all or nothing. A `window_id` that was loaded already is left alone. Files with other rows than
    /// the entry says, by advertiser and day, are refused.
    ///
    /// In the same transaction go versions, when they are kept ([`keep_versions`](Self::keep_versions)), and what the
    /// window changes, when it carries an [`Observation`].
    ///
    /// Other entries of the stream stop vouching for the advertisers whose days all lie in this window, whatever was
    /// read first; windows that overlap have to be loaded in the order in which they were read.
    ///
    /// # Errors
    /// When nothing was changed.
    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError>;

    /// Writes the ledger entry of a window that was given up; no rows change.
    ///
    /// # Errors
    /// When it could not be written.
    async fn record_quarantine(&self, entry: &WindowEntry) -> Result<(), DestinationError>;

    /// Writes or updates a run. With a finished run, entries of windows that vouch for nothing any more may be removed
    /// when they were read more than [`WINDOWS_KEPT_DAYS`] days before it ended.
    ///
    /// # Errors
    /// When it could not be written.
    async fn record_run(&self, run: &RunEntry) -> Result<(), DestinationError>;

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    async fn runs(&self, limit: usize) -> Result<Vec<RunEntry>, DestinationError>;

    /// What is remembered of a stream's table, if it exists.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    async fn stream(&self, stream: &str) -> Result<Option<StreamEntry>, DestinationError>;

    /// Every ledger entry of a stream that still vouches for something, oldest reading first, each with the
    /// advertisers it still vouches for. A quarantined window is among them until later windows, alone or together,
    /// cover it. Instants come back to the microsecond.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    async fn windows(&self, stream: &str) -> Result<Vec<WindowEntry>, DestinationError>;

    /// How much of a stream's final values was known at which age, from what is recorded of changes
    /// ([`WindowLoad::observation`]): one point per metric and age from 0 to 30 days. Only days count that were recorded
    /// when young and have been read as final since; a day that was read first at some age tells nothing of lower ages.
    /// Empty where nothing is recorded, or by a destination that does not claim [`Capabilities::records_changes`].
    ///
    /// # Errors
    /// When the ledger cannot be read.
    async fn maturation(&self, stream: &str) -> Result<Vec<MaturationPoint>, DestinationError> {
        let _ = stream;
        Ok(Vec::new())
    }

    /// How many rows a table holds, or `None` when there is no such table.
    ///
    /// # Errors
    /// When the table cannot be read.
    async fn count_rows(&self, table: &str) -> Result<Option<u64>, DestinationError>;

    /// The names of a table's columns, in order; none when there is no such table.
    ///
    /// # Errors
    /// [`DestinationError::Unsupported`] when the destination does not claim [`Capabilities::views`]; otherwise when it
    /// cannot be read.
    async fn column_names(&self, table: &str) -> Result<Vec<String>, DestinationError> {
        let _ = table;
        Err(self.unsupported("tell the columns of its tables"))
    }

    /// The names of the views that [`replace_views`](Self::replace_views) made, in alphabetical order.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn views(&self) -> Result<Vec<String>, DestinationError> {
        Ok(Vec::new())
    }

    /// Makes these views and drops all others that this method made before: with an empty list, all of them. They are
    /// known by their comments ([`ANALYSIS_VIEW_MARK`]); one that is there already as it is asked for is not touched,
    /// so that whoever reads it is not disturbed. Views stand in the way of nothing: a table below one can get
    /// columns, and [`forget`](Self::forget) drops it all the same; the view is then empty or fails until the next
    /// call. Where the destination has transactions, all views change at once.
    ///
    /// # Errors
    /// [`DestinationError::Unsupported`] when there is something to make and the destination does not claim
    /// [`Capabilities::views`]; [`DestinationError::NameTaken`] when a table or view of one of the names is not ours,
    /// with nothing changed; otherwise when it refuses a query.
    async fn replace_views(
        &self,
        views: &[AnalysisView],
    ) -> Result<ReplacedViews, DestinationError> {
        if views.is_empty() {
            return Ok(ReplacedViews::default());
        }
        Err(self.unsupported("make views"))
    }

    /// Runs one query, which can change nothing, and returns header and rows as text. Tables can be named without the
    /// schema or database that the configuration names.
    ///
    /// # Errors
    /// [`DestinationError::Failed`] or [`DestinationError::Denied`] with the destination's own words when it refuses the
    /// query; otherwise when it has no query language or cannot be asked at the moment.
    async fn query(&self, sql: &str) -> Result<QueryAnswer, DestinationError>;

    /// Removes what is left of replaced rows and of writers that died, where that stays in the destination. Nothing
    /// that vouches or counts changes, and readers and writers may be at work.
    ///
    /// # Errors
    /// When the destination refuses. What was removed by then stays removed, and the rest is found next time.
    async fn vacuum(&self, options: &VacuumOptions) -> Result<VacuumReport, DestinationError> {
        let _ = options;
        Ok(VacuumReport {
            is_needless: true,
            ..VacuumReport::default()
        })
    }
}

/// The answer to a query, as text; NULL is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryAnswer {
    /// Column names.
    pub columns: Vec<String>,
    /// What the texts of each column are.
    pub kinds: Vec<ValueKind>,
    /// Rows.
    pub rows: Vec<Vec<Option<String>>>,
}

/// What the texts of a column of an answer are, as far as a reader has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Numbers in JSON's way of writing them, but for those that JSON does not have, such as infinity.
    Number,
    /// Truth values and documents of JSON, as they stand.
    Json,
    /// Anything else.
    Text,
}
