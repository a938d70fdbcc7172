//! Where rows land.
//!
//! A [`Destination`] stores tables and, beside them, the ledger. The engine asks little of it: make the table,
//! replace one window together with its ledger entry, and read the ledger back. Everything else (planning,
//! retrying, splitting, quarantine) is the engine's.

#[cfg(feature = "clickhouse")]
pub mod clickhouse;
pub mod conformance;
#[cfg(any(feature = "duckdb", feature = "duckdb-bundled"))]
pub mod duckdb;
#[cfg(any(feature = "duckdb", feature = "duckdb-bundled"))]
pub mod files;
mod ledger_tables;
mod ledger_views;
mod observation;
#[cfg(feature = "parquet-lake")]
pub mod parquet;
#[cfg(feature = "postgres")]
pub mod postgres;
mod rules;
mod vacuum;

pub use observation::{Observation, ObservedPeriod};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

pub use self::vacuum::{RemovedFile, VacuumOptions, VacuumReport};
use crate::config::{Config, DestinationSection, Environment, STANDARD_OUTPUT};
use crate::ledger::maturation::MaturationPoint;
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

/// The destination that the configuration names. Nothing is opened or created yet.
#[must_use]
pub fn open(config: &Config) -> Arc<dyn Destination> {
    match &config.destination {
        DestinationSection::Duckdb {
            path,
            schema,
            memory_limit,
        } => Arc::new(duckdb::DuckDb::new(duckdb::DuckDbOptions {
            path: path.clone(),
            schema: schema.clone(),
            memory_limit: memory_limit.clone(),
        })),
        #[cfg(feature = "postgres")]
        DestinationSection::Postgres(section) => Arc::new(postgres::Postgres::of_section(section)),
        #[cfg(feature = "clickhouse")]
        DestinationSection::Clickhouse(section) => {
            Arc::new(clickhouse::ClickHouse::new(clickhouse::ClickHouseOptions {
                password: Environment::of_process().destination_password(),
                ..clickhouse::ClickHouseOptions::new(&section.url, &section.database, &section.user)
            }))
        }
        DestinationSection::Csv { path } => open_files(files::Format::Csv, path),
        DestinationSection::Jsonl { path } => open_files(files::Format::Jsonl, path),
        #[cfg(feature = "parquet-lake")]
        DestinationSection::Parquet {
            url,
            region,
            endpoint,
            allow_http,
        } => Arc::new(parquet::ParquetLake::new(parquet::LakeOptions {
            url: url.clone(),
            region: region.clone(),
            endpoint: endpoint.clone(),
            allow_http: *allow_http,
        })),
    }
}

fn open_files(format: files::Format, path: &Path) -> Arc<dyn Destination> {
    if path == Path::new(STANDARD_OUTPUT) {
        return Arc::new(files::StandardOutput::new(format));
    }
    Arc::new(files::FileFolder::new(files::FileFolderOptions {
        path: path.to_owned(),
        format,
    }))
}

/// A text that no other destination has: what it is and where, independent of the current folder.
#[must_use]
pub fn identity(config: &Config) -> String {
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .unwrap_or_else(|_| path.to_owned())
            .display()
            .to_string()
    };
    match &config.destination {
        DestinationSection::Duckdb { path, schema, .. } => {
            format!("DuckDB file {}, schema {schema}", absolute(path))
        }
        #[cfg(feature = "clickhouse")]
        DestinationSection::Clickhouse(section) => {
            format!(
                "ClickHouse at {}, database {}",
                section.url, section.database
            )
        }
        #[cfg(feature = "postgres")]
        DestinationSection::Postgres(section) => postgres::describe(section),
        DestinationSection::Csv { path } => format!("CSV files in {}", absolute(path)),
        DestinationSection::Jsonl { path } => format!("JSON lines files in {}", absolute(path)),
        #[cfg(feature = "parquet-lake")]
        DestinationSection::Parquet { url, endpoint, .. } => {
            match (parquet::LakeOptions::new(url).folder(), endpoint) {
                (Some(folder), _) => format!("Parquet folder {}", absolute(&folder)),
                (None, None) => format!("Parquet files at {url}"),
                (None, Some(endpoint)) => format!("Parquet files at {url} of {endpoint}"),
            }
        }
    }
}

/// The folder for windows on their way to the destination: the configured one, or one beside the destination, so
/// that two destinations never share one. `None` where nothing is kept, so that there is nothing to carry on with
/// either: any temporary folder will do.
#[must_use]
pub fn spool_folder(config: &Config) -> Option<PathBuf> {
    if !config.destination.keeps_rows() {
        return None;
    }
    if let Some(folder) = &config.sync.spool_dir {
        return Some(folder.clone());
    }
    Some(match &config.destination {
        DestinationSection::Duckdb { path, .. }
        | DestinationSection::Csv { path }
        | DestinationSection::Jsonl { path } => beside(path),
        #[cfg(feature = "postgres")]
        DestinationSection::Postgres(section) => section.spool_name().into(),
        #[cfg(feature = "clickhouse")]
        DestinationSection::Clickhouse(section) => section.spool_name().into(),
        #[cfg(feature = "parquet-lake")]
        DestinationSection::Parquet { url, .. } => match parquet::LakeOptions::new(url).folder() {
            Some(folder) => beside(&folder),
            None => among_state(&identity(config)),
        },
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path
        .file_name()
        .unwrap_or(Path::new("criteo").as_os_str())
        .to_owned();
    name.push(".spool");
    path.with_file_name(name)
}

/// A folder of this user that belongs to the destination of this `identity` alone.
#[cfg(feature = "parquet-lake")]
fn among_state(identity: &str) -> PathBuf {
    use sha2::Digest as _;

    let home = || std::env::home_dir().map(|home| home.join(".local/state"));
    let state = std::env::var_os("XDG_STATE_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(home)
        .unwrap_or_else(std::env::temp_dir);
    let word = hex::encode(&sha2::Sha256::digest(identity.as_bytes())[..8]);
    state.join("criteo-connector").join(format!("{word}.spool"))
}

/// What a destination can promise. The engine reads it, and the reference page shows each field beside the
/// documentation comment that it has here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Capabilities {
    /// Name for people.
    pub name: &'static str,
    /// Rows and ledger entry become visible together, or not at all.
    pub atomic_windows: bool,
    /// Columns can be added to an existing table.
    pub adds_columns: bool,
    /// Money is held as an exact decimal.
    pub exact_decimals: bool,
    /// Column and table descriptions are stored.
    pub comments: bool,
    /// Several processes may write at the same time.
    pub concurrent_writers: bool,
    /// Replaced rows can be kept, each with the time for which it was the current one
    /// ([`Destination::keep_versions`]).
    pub keeps_versions: bool,
    /// What a window changes in days that were read before is recorded ([`WindowLoad::observation`]).
    pub records_changes: bool,
    /// Days before a horizon can be dropped ([`Destination::drop_days`]).
    pub drops_days: bool,
    /// It remembers what was loaded. Without a ledger a run reads everything that was selected.
    pub ledger: bool,
    /// It takes more than one stream.
    pub several_streams: bool,
}

impl Capabilities {
    /// The JSON Schema of these promises, with the documentation comments as descriptions.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::generate::SchemaSettings::draft2020_12()
            .into_generator()
            .into_root_schema_for::<Capabilities>()
            .to_value()
    }
}

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
    /// [`Capabilities::records_changes`].
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

/// The table of versions that belongs to `table` ([`Destination::keep_versions`]).
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

    /// Drops a stream's table and everything the ledger says about it. Versions stay.
    ///
    /// # Errors
    /// When the destination refuses.
    async fn forget(&self, stream: &str) -> Result<(), DestinationError>;

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

    /// Runs a read-only query and returns header and rows as text, for demos and `status`.
    ///
    /// # Errors
    /// When the destination has no query language or refuses the query.
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
    /// Rows.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Why a destination refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// It cannot be opened or reached.
    #[error("Cannot open {destination}: {reason}")]
    Unavailable {
        /// Where.
        destination: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// The existing table does not fit what the configuration asks for.
    #[error("Table '{table}' does not fit the configuration: {reason}")]
    Incompatible {
        /// The table.
        table: String,
        /// What differs.
        reason: String,
    },
    /// A table of that name exists that the connector did not make for this stream. It is left alone.
    #[error("Table '{table}' exists already, but not for this stream: {reason}")]
    ForeignTable {
        /// The table.
        table: String,
        /// Whose it is, as far as is known.
        reason: String,
    },
    /// Disk or memory ran out; nothing was changed.
    #[error("{destination} ran out of room while {doing}: {reason}")]
    Exhausted {
        /// Where.
        destination: String,
        /// What was being done.
        doing: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: String,
    },
    /// Something was asked for by name that this kind of destination does not do.
    #[error("{destination} cannot {what}")]
    Unsupported {
        /// Where.
        destination: String,
        /// What was asked for, as words that follow "cannot".
        what: &'static str,
    },
    /// The user may not do what is needed; nothing was changed.
    #[error("{destination} does not allow {doing}: {reason}")]
    Denied {
        /// Where.
        destination: String,
        /// What was being done.
        doing: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: String,
    },
    /// Whoever read standard output has closed it.
    #[error("Nobody reads standard output any more")]
    ReaderGone {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A statement failed; nothing was changed.
    #[error("{destination} failed while {doing}: {reason}")]
    Failed {
        /// Where.
        destination: String,
        /// What was being done.
        doing: String,
        /// Why.
        reason: String,
    },
}

impl DestinationError {
    /// What a person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unavailable { hint, .. } => hint.clone(),
            Self::Incompatible { .. } => Some(
                "Run `criteo sync --rebuild --stream NAME` to read everything again into a new table, or give \
                 the stream another table name in the configuration."
                    .to_owned(),
            ),
            Self::ForeignTable { .. } => Some(
                "Give the stream another table name in the configuration, or rename or drop the existing table."
                    .to_owned(),
            ),
            Self::Exhausted { hint, .. } | Self::Denied { hint, .. } => Some(hint.clone()),
            Self::Unsupported { .. } => Some(
                "Leave the key out of the configuration, or choose a destination that does it.".to_owned(),
            ),
            Self::Failed { .. } | Self::ReaderGone { .. } => None,
        }
    }
}
