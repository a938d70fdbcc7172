//! Parquet: a folder or a bucket that holds the rows as files, and beside them the log of commits.
//!
//! ```text
//! <root>/data/stream=statistics/day=2026-01-31/<window>-<word>.parquet   rows
//! <root>/history/stream=statistics/day=2026-01-31/<window>-<word>.parquet   versions of rows, where they are kept
//! <root>/_criteo/log/00000000000000000042.json                           commit 42: which files, and the ledger
//! <root>/_criteo/changes/stream=statistics/<window>-<word>.parquet       what later readings changed
//! <root>/_criteo/checkpoints/                                            the sum of all commits up to one
//! <root>/views/latest.sql, latest_polars.py, latest_spark.py             the newest complete state, for readers
//! ```
//!
//! A window's files are put first, under names that nobody knows. Then one object, the next commit of the log, makes
//! them part of the lake together with the ledger's entry, and takes out what they replace. An object store creates
//! an object whole or not at all, and refuses to create it twice; that is all the transaction that is needed
//! (ADR 0010 in `docs/adr`). Everything is read from the log: the
//! module `log` says how, `state` what it adds up to.

mod changes;
mod checkpoint;
mod clock;
mod commit;
mod days;
mod encode;
mod failure;
mod held;
mod kept;
mod layout;
mod ledger_tables;
mod load;
mod location;
mod log;
mod nearby;
mod past_tables;
mod probe;
mod published;
mod query;
mod retention;
mod schema;
mod spooled;
mod state;
mod store;
mod supersede;
#[cfg(test)]
mod tests;
mod vacuum;
mod versions;
mod views;
mod vouching;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;

use self::changes::MergeRecords;
use self::commit::Action;
use self::failure::Failure;
use self::load::LoadWindow;
use self::log::{Change, Immediate};
use self::retention::DropOldDays;
use self::state::{FileState, LakeState};
use self::store::Store;
use self::versions::KeepVersions;
use super::{
    Capabilities, Destination, DestinationError, DropDays, DroppedDays, QueryAnswer, VacuumOptions,
    VacuumReport, WINDOWS_KEPT_DAYS, WindowLoad,
};
use crate::ledger::maturation::MaturationPoint;
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

/// What is done after all rows are loaded, and what it means when that fails.
const WRITING_THE_VIEWS: &str = "writing the views of the lake (all rows that were read are loaded, but who reads \
                                 through the views sees the state before them until the next run)";

/// Which folder or bucket to write to, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeOptions {
    /// A folder, or `s3://bucket/folder`, `gs://bucket/folder`, `az://container/folder`.
    pub url: String,
    /// The region of a bucket. By default the environment's.
    pub region: Option<String>,
    /// The address of the store. By default the cloud's own, or the environment's.
    pub endpoint: Option<String>,
    /// Whether `endpoint` may be without encryption, which only this machine may.
    pub allow_http: bool,
}

impl LakeOptions {
    /// The lake at `url`, with everything else from the environment.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            region: None,
            endpoint: None,
            allow_http: false,
        }
    }

    /// What is wrong with them: the name of the option, and the reason. `None` when nothing is.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, String)> {
        location::problem(self)
    }

    /// The folder, when the lake is one of this machine.
    #[must_use]
    pub fn folder(&self) -> Option<std::path::PathBuf> {
        let location = location::Location::parse(&self.url).ok()?;
        location.folder().map(std::path::Path::to_owned)
    }
}

/// A lake of Parquet files as a destination. Clones share what was read of its log.
#[derive(Clone)]
pub struct ParquetLake {
    store: Arc<Store>,
}

impl std::fmt::Debug for ParquetLake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ParquetLake")
            .field("location", &self.store.describe())
            .finish_non_exhaustive()
    }
}

impl ParquetLake {
    /// The destination for `options`. Nothing is opened or created yet.
    #[must_use]
    pub fn new(options: LakeOptions) -> Self {
        Self {
            store: Arc::new(Store::new(options)),
        }
    }

    /// A lake whose requests go through `wrap`, which may let some of them fail.
    #[cfg(test)]
    fn with_faults(
        options: LakeOptions,
        wrap: impl Fn(Arc<dyn object_store::ObjectStore>) -> Arc<dyn object_store::ObjectStore>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            store: Arc::new(Store::with_faults(options, Box::new(wrap))),
        }
    }

    /// A lake that tells the age of files by `clock`.
    #[cfg(test)]
    fn with_clock(options: LakeOptions, clock: clock::WallClock) -> Self {
        Self {
            store: Arc::new(Store::with_clock(options, clock)),
        }
    }

    async fn change(&self, doing: &str, change: &dyn Change) -> Result<(), DestinationError> {
        let outcome = self.store.commit(change).await;
        outcome.map_err(|failure| self.explain(failure, doing))
    }

    async fn try_load(&self, load: &WindowLoad) -> Result<(), Failure> {
        let target = self.store.write(|state| load::target(state, load)).await?;
        let Some(target) = target else {
            return Ok(());
        };
        // Outside the lock: other windows are put at the same time. Each commit finds out what its window replaces and
        // changes, and commits wait for each other.
        let began_at = self.store.now();
        let change = LoadWindow::put(self.store.nearby().await?, load, target, began_at).await?;
        self.store.commit(&change).await
    }

    fn explain(&self, failure: Failure, doing: &str) -> DestinationError {
        failure.explain(&self.describe(), doing)
    }
}

#[async_trait]
impl Destination for ParquetLake {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "Parquet",
            atomic_windows: true,
            adds_columns: true,
            exact_decimals: true,
            comments: true,
            concurrent_writers: true,
            keeps_versions: true,
            records_changes: true,
            drops_days: true,
            ledger: true,
            several_streams: true,
            views: false,
        }
    }

    fn describe(&self) -> String {
        self.store.describe()
    }

    async fn check(&self) -> Result<(), DestinationError> {
        let outcome = self.store.check().await;
        outcome.map_err(|failure| self.explain(failure, "trying to write"))
    }

    async fn prepare(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        let doing = format!("preparing table '{}'", schema.table);
        let change = Immediate(|state: &LakeState| schema::prepare(state, schema, stream));
        self.change(&doing, &change).await
    }

    async fn forget(&self, stream: &str) -> Result<(), DestinationError> {
        let doing = format!("forgetting stream '{stream}'");
        if !self.exists("forgetting a stream").await? {
            return Ok(());
        }
        let change = Immediate(|state: &LakeState| Ok(schema::forget(state, stream)));
        self.change(&doing, &change).await
    }

    async fn keep_versions(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
        day_column: Option<&str>,
        keep: bool,
    ) -> Result<(), DestinationError> {
        let doing = format!("preparing the versions of table '{}'", schema.table);
        let nearby = self.store.nearby().await;
        let nearby = nearby.map_err(|failure| self.explain(failure, &doing))?;
        let change = KeepVersions::new(nearby, stream, day_column, keep);
        self.change(&doing, &change).await
    }

    async fn drop_days(&self, drop: &DropDays) -> Result<DroppedDays, DestinationError> {
        let doing = format!("dropping old days of stream '{}'", drop.stream);
        if !self.exists(&doing).await? {
            return Ok(DroppedDays::default());
        }
        let nearby = self.store.nearby().await;
        let nearby = nearby.map_err(|failure| self.explain(failure, &doing))?;
        let change = DropOldDays::new(nearby, drop);
        self.change(&doing, &change).await?;
        Ok(change.dropped())
    }

    async fn forget_changes(&self, stream: &str) -> Result<(), DestinationError> {
        let doing = format!("forgetting the changes of stream '{stream}'");
        if !self.exists(&doing).await? {
            return Ok(());
        }
        let change = Immediate(|state: &LakeState| Ok(changes::forgotten(state, stream)));
        self.change(&doing, &change).await
    }

    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError> {
        let doing = format!("loading a window into table '{}'", load.schema.table);
        let outcome = self.try_load(load).await;
        outcome.map_err(|failure| self.explain(failure, &doing))
    }

    async fn record_quarantine(&self, entry: &WindowEntry) -> Result<(), DestinationError> {
        let change = Immediate(|state: &LakeState| {
            if state.is_loaded(&entry.window_id) {
                return Ok(Vec::new());
            }
            Ok(vec![Action::PutWindow(entry.clone())])
        });
        self.change("recording a quarantined window", &change).await
    }

    async fn record_run(&self, run: &RunEntry) -> Result<(), DestinationError> {
        let change = Immediate(|state: &LakeState| {
            if state.runs.get(&run.run_id) == Some(run) {
                return Ok(Vec::new());
            }
            let mut actions = vec![Action::PutRun(run.clone())];
            if let Some(finished_at) = run.finished_at {
                let kept = SignedDuration::from_hours(24 * i64::from(WINDOWS_KEPT_DAYS));
                let window_ids = state.history_before(finished_at - kept);
                if !window_ids.is_empty() {
                    actions.push(Action::ForgetWindows { window_ids });
                }
            }
            Ok(actions)
        });
        self.change("recording a run", &change).await?;
        if run.finished_at.is_some() {
            if let Err(failure) = self.merge_records().await {
                // Readers open more files than they would have to, and the next run tries again.
                tracing::warn!(%failure, "Small files with records of changes could not be merged");
            }
            let written = self.store.publish().await;
            // Not a mere warning: whoever reads the views would take yesterday's rows for today's.
            written.map_err(|failure| self.explain(failure, WRITING_THE_VIEWS))?;
        }
        Ok(())
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunEntry>, DestinationError> {
        let newest = |state: &LakeState| -> Vec<RunEntry> {
            state.runs.values().rev().take(limit).cloned().collect()
        };
        let runs = self.store.read(newest).await;
        runs.map_err(|failure| self.explain(failure, "reading the runs"))
    }

    async fn stream(&self, stream: &str) -> Result<Option<StreamEntry>, DestinationError> {
        let entry = self.store.read(|state| state.streams.get(stream).cloned());
        let entry = entry.await;
        entry.map_err(|failure| self.explain(failure, "reading the ledger"))
    }

    async fn windows(&self, stream: &str) -> Result<Vec<WindowEntry>, DestinationError> {
        let entries = self.store.read(|state| state.windows_of(stream)).await;
        entries.map_err(|failure| self.explain(failure, "reading the ledger"))
    }

    async fn maturation(&self, stream: &str) -> Result<Vec<MaturationPoint>, DestinationError> {
        let points = self.store.maturation(stream).await;
        points.map_err(|failure| self.explain(failure, "reading what changed"))
    }

    async fn count_rows(&self, table: &str) -> Result<Option<u64>, DestinationError> {
        let count = |state: &LakeState| -> Option<u64> {
            let files = state.table(table)?.files.values();
            Some(files.map(FileState::rows).sum())
        };
        let rows = self.store.read(count).await;
        rows.map_err(|failure| {
            self.explain(failure, &format!("counting the rows of table '{table}'"))
        })
    }

    async fn query(&self, sql: &str) -> Result<QueryAnswer, DestinationError> {
        let answer = self.store.query(sql).await;
        answer
            .map_err(|failure| self.explain(failure, "running a query"))?
            .ok_or_else(|| DestinationError::Unavailable {
                destination: self.describe(),
                reason: "there is no such folder".to_owned(),
                hint: Some("Run `criteo sync` first, or correct `destination.url`.".to_owned()),
            })
    }

    async fn vacuum(&self, options: &VacuumOptions) -> Result<VacuumReport, DestinationError> {
        let report = self.store.vacuum(options).await;
        report.map_err(|failure| self.explain(failure, "removing superseded files"))
    }
}

impl ParquetLake {
    async fn merge_records(&self) -> Result<(), Failure> {
        if !self
            .store
            .write(|state| Ok(MergeRecords::is_due(state)))
            .await?
        {
            return Ok(());
        }
        let change = MergeRecords::new(self.store.nearby().await?);
        self.store.commit(&change).await
    }

    async fn exists(&self, doing: &str) -> Result<bool, DestinationError> {
        let exists = self.store.read(|_| Some(())).await;
        let exists: Option<()> = exists.map_err(|failure| self.explain(failure, doing))?;
        Ok(exists.is_some())
    }
}
