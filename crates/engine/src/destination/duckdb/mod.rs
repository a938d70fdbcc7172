//! DuckDB: one local file that holds the tables and, beside them, the ledger.
//!
//! DuckDB lets one process at a time write to a file, so there is one connection behind a lock, and its work runs
//! on threads that may block. The connection is opened by the first call that needs it: asking what an absent
//! file holds does not create the file.
//!
//! Rows arrive as Parquet files that DuckDB reads itself. Tables carry no keys and no unique indexes, because
//! deleting and inserting equal keys in one transaction, which is how a window is replaced, would violate them.

mod analysis_views;
mod changes;
mod claim;
mod connection;
mod export;
#[cfg(feature = "parquet-lake")]
mod in_memory;
mod ledger;
mod ledger_views;
#[cfg(feature = "parquet-lake")]
mod lent;
mod load;
mod open_error;
mod query;
mod retention;
mod runs;
mod schema;
mod sql;
mod versions;
mod windows;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

#[cfg(feature = "parquet-lake")]
pub(super) use self::connection::Failure as DuckDbFailure;
use self::connection::Store;
pub(in crate::destination) use self::export::Slice;
#[cfg(feature = "parquet-lake")]
pub(super) use self::in_memory::InMemory;
#[cfg(feature = "parquet-lake")]
pub(super) use self::ledger_views::query as ledger_view_query;
#[cfg(feature = "parquet-lake")]
pub(super) use self::lent::{LedgerPart, Source};
#[cfg(feature = "parquet-lake")]
pub(super) use self::sql::{identifier, literal, without_patterns};
use super::{
    AnalysisView, Capabilities, Destination, DestinationError, DropDays, DroppedDays, QueryAnswer,
    ReplacedViews, WindowLoad,
};
use crate::ledger::maturation::MaturationPoint;
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

/// Which DuckDB file to write to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuckDbOptions {
    /// The database file. It is created when it does not exist; its folder has to exist.
    pub path: PathBuf,
    /// The schema that holds the tables. It is created when it does not exist.
    pub schema: String,
    /// How much memory DuckDB may use before it writes to temporary files, such as `1GB`. By default, about 80 %
    /// of what the machine or its container has.
    pub memory_limit: Option<String>,
}

impl DuckDbOptions {
    /// The file at `path`, with its `main` schema and DuckDB's own limit for memory.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            schema: "main".to_owned(),
            memory_limit: None,
        }
    }
}

/// A DuckDB file as a destination. Clones share the connection; the file is released when the last one is gone.
#[derive(Debug, Clone)]
pub struct DuckDb {
    store: Arc<Store>,
}

impl DuckDb {
    /// The destination for `options`. Nothing is opened or created yet.
    #[must_use]
    pub fn new(options: DuckDbOptions) -> Self {
        Self {
            store: Arc::new(Store::new(options)),
        }
    }

    /// Runs `work` on a thread that may block. When the returned future is dropped the work still ends, so that a
    /// transaction is never left half way.
    async fn on_worker<Answer, Work>(&self, work: Work) -> Result<Answer, DestinationError>
    where
        Answer: Send + 'static,
        Work: FnOnce(&Store) -> Result<Answer, DestinationError> + Send + 'static,
    {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || work(&store))
            .await
            .unwrap_or_else(|crash| {
                Err(DestinationError::Failed {
                    destination: self.describe(),
                    doing: "running its worker thread".to_owned(),
                    reason: crash.to_string(),
                })
            })
    }
}

#[async_trait]
impl Destination for DuckDb {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "DuckDB",
            atomic_windows: true,
            adds_columns: true,
            exact_decimals: true,
            comments: true,
            concurrent_writers: false,
            keeps_versions: true,
            records_changes: true,
            drops_days: true,
            ledger: true,
            several_streams: true,
            views: true,
        }
    }

    fn describe(&self) -> String {
        self.store.describe()
    }

    async fn check(&self) -> Result<(), DestinationError> {
        self.on_worker(Store::check).await
    }

    async fn prepare(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        let (schema, stream) = (schema.clone(), stream.clone());
        self.on_worker(move |store| {
            let doing = format!("preparing table '{}'", schema.table);
            store.write(&doing, |session| schema::prepare(session, &schema, &stream))
        })
        .await
    }

    async fn keep_versions(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
        day_column: Option<&str>,
        keep: bool,
    ) -> Result<(), DestinationError> {
        let (schema, stream) = (schema.clone(), stream.clone());
        let day_column = day_column.map(str::to_owned);
        self.on_worker(move |store| {
            let doing = format!("preparing the versions of table '{}'", schema.table);
            store.write(&doing, |session| {
                if keep {
                    versions::keep(session, &schema, &stream, day_column.as_deref())
                } else {
                    versions::stop(session, &stream.stream)
                }
            })
        })
        .await
    }

    async fn drop_days(&self, drop: &DropDays) -> Result<DroppedDays, DestinationError> {
        let drop = drop.clone();
        self.on_worker(move |store| {
            let doing = format!("dropping old days of stream '{}'", drop.stream);
            store.write(&doing, |session| retention::drop_days(session, &drop))
        })
        .await
    }

    async fn forget(&self, stream: &str) -> Result<(), DestinationError> {
        let stream = stream.to_owned();
        self.on_worker(move |store| {
            let doing = format!("forgetting stream '{stream}'");
            store.write(&doing, |session| schema::forget(session, &stream))
        })
        .await
    }

    async fn forget_changes(&self, stream: &str) -> Result<(), DestinationError> {
        let stream = stream.to_owned();
        self.on_worker(move |store| {
            let doing = format!("forgetting the changes of stream '{stream}'");
            store.write(&doing, |session| changes::forget(session, &stream))
        })
        .await
    }

    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError> {
        let load = load.clone();
        self.on_worker(move |store| {
            let doing = format!("loading a window into table '{}'", load.schema.table);
            store.write(&doing, |session| load::load_window(session, &load))
        })
        .await
    }

    async fn record_quarantine(&self, entry: &WindowEntry) -> Result<(), DestinationError> {
        let entry = entry.clone();
        self.on_worker(move |store| {
            store.write("recording a quarantined window", |session| {
                windows::record_quarantine(session, &entry)
            })
        })
        .await
    }

    async fn record_run(&self, run: &RunEntry) -> Result<(), DestinationError> {
        let run = run.clone();
        self.on_worker(move |store| {
            store.write("recording a run", |session| runs::record(session, &run))?;
            if run.finished_at.is_some() {
                store.checkpoint();
            }
            Ok(())
        })
        .await
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunEntry>, DestinationError> {
        self.on_worker(move |store| {
            store.read_ledger("reading the runs", |session| runs::newest(session, limit))
        })
        .await
    }

    async fn stream(&self, stream: &str) -> Result<Option<StreamEntry>, DestinationError> {
        let stream = stream.to_owned();
        self.on_worker(move |store| {
            store.read_ledger("reading the ledger", |session| {
                ledger::stream(session, &stream)
            })
        })
        .await
    }

    async fn windows(&self, stream: &str) -> Result<Vec<WindowEntry>, DestinationError> {
        let stream = stream.to_owned();
        self.on_worker(move |store| {
            store.read_ledger("reading the ledger", |session| {
                windows::of_stream(session, &stream)
            })
        })
        .await
    }

    async fn maturation(&self, stream: &str) -> Result<Vec<MaturationPoint>, DestinationError> {
        let stream = stream.to_owned();
        self.on_worker(move |store| {
            store.read_ledger("reading what changed", |session| {
                changes::maturation(session, &stream)
            })
        })
        .await
    }

    async fn count_rows(&self, table: &str) -> Result<Option<u64>, DestinationError> {
        let table = table.to_owned();
        self.on_worker(move |store| {
            let doing = format!("counting the rows of table '{table}'");
            store.read(&doing, |session| query::count_rows(session, &table))
        })
        .await
    }

    async fn column_names(&self, table: &str) -> Result<Vec<String>, DestinationError> {
        let table = table.to_owned();
        self.on_worker(move |store| {
            let doing = format!("reading the columns of table '{table}'");
            store.read(&doing, |session| schema::column_names(session, &table))
        })
        .await
    }

    async fn views(&self) -> Result<Vec<String>, DestinationError> {
        self.on_worker(|store| {
            let existing = store.read("listing views", analysis_views::existing)?;
            Ok(existing.into_iter().map(|view| view.name).collect())
        })
        .await
    }

    async fn replace_views(
        &self,
        views: &[AnalysisView],
    ) -> Result<ReplacedViews, DestinationError> {
        let views = views.to_vec();
        self.on_worker(move |store| {
            store.write("making views", |session| {
                analysis_views::replace(session, &views)
            })
        })
        .await
    }

    async fn query(&self, sql: &str) -> Result<QueryAnswer, DestinationError> {
        let sql = sql.to_owned();
        self.on_worker(move |store| {
            store
                .read("running a query", |session| {
                    query::run(session, &sql).map(Some)
                })?
                .ok_or_else(|| store.absent())
        })
        .await
    }
}
