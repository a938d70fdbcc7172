//! ClickHouse: a database on a server, reached over HTTP.
//!
//! ClickHouse has no transactions over several statements or tables, so a window is committed by replacing a view, which
//! is atomic: `view` says how, and docs/adr/0013 why. Under the stream's name people find that view; beside it lie
//! the rows of all loads (`_criteo_rows_...`), the ledger's views (`_criteo_windows`, ...) and the tables below them.
//!
//! | module | |
//! |---|---|
//! | `options`, `connection`, `probe` | which database; statements, answers and errors; whether it can be written to |
//! | `ledger`, `windows`, `vouching` | what was loaded, and what it still vouches for |
//! | `commit` | the one atomic step, and what counts with it |
//! | `schema`, `view`, `record_views`, `ledger_views` | tables and views |
//! | `spooled`, `load` | rows on their way, and their commit |
//! | `changes`, `comparison` | what a load changes in days that were read before |
//! | `versions`, `history_tables` | what was the current row when |
//! | `retention` | old days that nobody wants to keep |
//! | `analysis_views` | what `criteo views` makes |
//! | `tidy` | what is superfluous |

mod analysis_views;
mod changes;
mod commit;
mod comparison;
mod connection;
mod history_tables;
mod ledger;
mod ledger_views;
mod load;
mod options;
mod probe;
mod record_views;
mod retention;
mod schema;
mod spooled;
mod sql;
mod tidy;
mod versions;
mod view;
mod vouching;
mod windows;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Mutex, OnceCell};

use self::connection::{Failure, Server};
use self::ledger::Presence;
pub use self::options::ClickHouseOptions;
use self::windows::Written;
use super::{
    AnalysisView, Capabilities, Destination, DestinationError, DropDays, DroppedDays, QueryAnswer,
    ReplacedViews, WindowLoad,
};
use crate::ledger::maturation::MaturationPoint;
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

/// A ClickHouse database as a destination. Clones share it.
#[derive(Debug, Clone)]
pub struct ClickHouse {
    server: Server,
    /// Whether the ledger's tables are there for certain.
    has_ledger: Arc<OnceCell<()>>,
    /// One commit at a time; rows are sent side by side.
    commits: Arc<Mutex<()>>,
}

impl ClickHouse {
    /// The destination for `options`. Nothing is opened or created yet.
    #[must_use]
    pub fn new(options: ClickHouseOptions) -> Self {
        Self {
            server: Server::new(options),
            has_ledger: Arc::default(),
            commits: Arc::default(),
        }
    }

    /// Creates the ledger when there is none.
    async fn create_ledger(&self) -> Result<(), Failure> {
        self.has_ledger
            .get_or_try_init(|| async {
                if ledger::presence(&self.server).await? != Presence::Whole {
                    ledger::create(&self.server).await?;
                }
                Ok(())
            })
            .await
            .copied()
    }

    /// Whether there is a ledger to read.
    async fn has_ledger(&self) -> Result<bool, Failure> {
        if self.has_ledger.initialized() {
            return Ok(true);
        }
        Ok(ledger::presence(&self.server).await? != Presence::Missing)
    }

    /// The answer of `work`, or what went wrong while doing what is named.
    async fn explained<Answer>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<Answer, Failure>>,
    ) -> Result<Answer, DestinationError> {
        work.await
            .map_err(|failure| self.server.explain(doing, failure))
    }

    /// Loads a window whose table is prepared.
    async fn load(&self, load: &WindowLoad) -> Result<(), Failure> {
        self.create_ledger().await?;
        let (prepared, is_loaded) = load::find(&self.server, load).await?;
        if is_loaded {
            return Ok(());
        }
        let sent = load::send(&self.server, load).await?;
        let _commit = self.commits.lock().await;
        load::commit(&self.server, load, &prepared, &sent).await
    }

    async fn count(&self, table: &str) -> Result<Option<u64>, Failure> {
        if ledger::engine_of(&self.server, table).await?.is_none() {
            return Ok(None);
        }
        let question = format!("SELECT count() FROM {}", self.server.table(table));
        self.server.number(&question).await.map(Some)
    }
}

#[async_trait]
impl Destination for ClickHouse {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "ClickHouse",
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
        self.server.describe()
    }

    async fn check(&self) -> Result<(), DestinationError> {
        self.explained("trying to write", async {
            self.has_ledger().await?;
            probe::try_to_write(&self.server).await
        })
        .await
    }

    async fn prepare(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        let doing = format!("preparing table '{}'", schema.table);
        self.explained(&doing, async {
            self.create_ledger().await?;
            let _commit = self.commits.lock().await;
            schema::prepare(&self.server, schema, stream).await
        })
        .await
    }

    async fn keep_versions(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
        _day_column: Option<&str>,
        keep: bool,
    ) -> Result<(), DestinationError> {
        let doing = format!("preparing the versions of table '{}'", schema.table);
        self.explained(&doing, async {
            self.create_ledger().await?;
            let _commit = self.commits.lock().await;
            if !keep {
                return history_tables::stop(&self.server, &stream.stream).await;
            }
            let Some(prepared) = ledger::stream(&self.server, &stream.stream).await? else {
                return Err(Failure::Refused(format!(
                    "stream '{}' has no table yet",
                    stream.stream
                )));
            };
            versions::keep(&self.server, &prepared, schema).await
        })
        .await
    }

    async fn drop_days(&self, drop: &DropDays) -> Result<DroppedDays, DestinationError> {
        let doing = format!("dropping old days of stream '{}'", drop.stream);
        self.explained(&doing, async {
            if !self.has_ledger().await? {
                return Ok(DroppedDays::default());
            }
            self.create_ledger().await?;
            let Some(prepared) = ledger::stream(&self.server, &drop.stream).await? else {
                return Ok(DroppedDays::default());
            };
            let _commit = self.commits.lock().await;
            retention::drop_days(&self.server, &prepared, drop).await
        })
        .await
    }

    async fn forget(&self, stream: &str) -> Result<(), DestinationError> {
        let doing = format!("forgetting stream '{stream}'");
        self.explained(&doing, async {
            if !self.has_ledger().await? {
                return Ok(());
            }
            self.create_ledger().await?;
            let _commit = self.commits.lock().await;
            schema::forget(&self.server, stream).await
        })
        .await
    }

    async fn forget_changes(&self, stream: &str) -> Result<(), DestinationError> {
        let doing = format!("forgetting the changes of stream '{stream}'");
        self.explained(&doing, async {
            if !self.has_ledger().await? {
                return Ok(());
            }
            self.create_ledger().await?;
            let _commit = self.commits.lock().await;
            changes::forget(&self.server, stream).await
        })
        .await
    }

    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError> {
        let doing = format!("loading a window into table '{}'", load.schema.table);
        self.explained(&doing, self.load(load)).await
    }

    async fn record_quarantine(&self, entry: &WindowEntry) -> Result<(), DestinationError> {
        self.explained("recording a quarantined window", async {
            self.create_ledger().await?;
            let Some(prepared) = ledger::stream(&self.server, &entry.stream).await? else {
                return Err(Failure::Refused(format!(
                    "stream '{}' has no table yet",
                    entry.stream
                )));
            };
            let _commit = self.commits.lock().await;
            let entry = Written::vouching(entry, "");
            windows::write(&self.server, &prepared, &[entry], 0).await
        })
        .await
    }

    async fn record_run(&self, run: &RunEntry) -> Result<(), DestinationError> {
        self.explained("recording a run", async {
            self.create_ledger().await?;
            ledger::record_run(&self.server, run).await
        })
        .await?;
        if let Some(ended) = run.finished_at
            && let Err(failure) = tidy::tidy(&self.server, ended).await
        {
            // Nobody sees what is left, so a run does not fail for it.
            tracing::warn!(%failure, "Superfluous rows were not removed; the next run will");
        }
        Ok(())
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunEntry>, DestinationError> {
        self.explained("reading the runs", async {
            if !self.has_ledger().await? {
                return Ok(Vec::new());
            }
            ledger::runs(&self.server, limit).await
        })
        .await
    }

    async fn stream(&self, stream: &str) -> Result<Option<StreamEntry>, DestinationError> {
        self.explained("reading the ledger", async {
            if !self.has_ledger().await? {
                return Ok(None);
            }
            let prepared = ledger::stream(&self.server, stream).await?;
            Ok(prepared.map(|prepared| prepared.entry))
        })
        .await
    }

    async fn windows(&self, stream: &str) -> Result<Vec<WindowEntry>, DestinationError> {
        self.explained("reading the ledger", async {
            if !self.has_ledger().await? {
                return Ok(Vec::new());
            }
            match ledger::stream(&self.server, stream).await? {
                Some(prepared) => windows::of_stream(&self.server, &prepared).await,
                None => Ok(Vec::new()),
            }
        })
        .await
    }

    async fn maturation(&self, stream: &str) -> Result<Vec<MaturationPoint>, DestinationError> {
        self.explained("reading the ledger", async {
            // One of an older program has recorded nothing.
            if ledger::presence(&self.server).await? != Presence::Whole {
                return Ok(Vec::new());
            }
            changes::maturation(&self.server, stream).await
        })
        .await
    }

    async fn count_rows(&self, table: &str) -> Result<Option<u64>, DestinationError> {
        let doing = format!("counting the rows of table '{table}'");
        self.explained(&doing, self.count(table)).await
    }

    async fn column_names(&self, table: &str) -> Result<Vec<String>, DestinationError> {
        let doing = format!("reading the columns of table '{table}'");
        self.explained(&doing, analysis_views::column_names(&self.server, table))
            .await
    }

    async fn views(&self) -> Result<Vec<String>, DestinationError> {
        let existing = self.explained("listing views", analysis_views::existing(&self.server));
        let existing = existing.await?;
        Ok(existing.into_iter().map(|view| view.name).collect())
    }

    async fn replace_views(
        &self,
        views: &[AnalysisView],
    ) -> Result<ReplacedViews, DestinationError> {
        self.explained("making views", async {
            self.create_ledger().await?;
            let _commit = self.commits.lock().await;
            analysis_views::replace(&self.server, views).await
        })
        .await
    }

    async fn query(&self, sql: &str) -> Result<QueryAnswer, DestinationError> {
        let answer = self.server.read(sql).await;
        let answer = answer.map_err(|failure| self.server.explain_question(failure))?;
        Ok(QueryAnswer {
            kinds: answer.kinds(),
            rows: answer
                .rows
                .into_iter()
                .map(|row| {
                    row.into_iter()
                        .zip(&answer.types)
                        .map(|(value, sql_type)| value.map(|text| plain(text, sql_type)))
                        .collect()
                })
                .collect(),
            columns: answer.columns,
        })
    }
}

/// A moment without the zeros behind its last digit, as other destinations write it.
fn plain(text: String, sql_type: &str) -> String {
    if !sql_type.contains("DateTime64(") {
        return text;
    }
    match text.split_once('.') {
        Some((whole, fraction)) => match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            digits => format!("{whole}.{digits}"),
        },
        None => text,
    }
}
