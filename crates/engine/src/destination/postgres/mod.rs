//! PostgreSQL: a schema of a database that holds the tables and, beside them, the ledger.
//!
//! There is one connection, opened by the first call that needs it and opened again when it is lost. Every call is one
//! transaction. Work whose connection breaks is begun again on the next one: whether the server had committed it
//! before is then found in the ledger, and committed work is left alone.
//!
//! Several processes may write to one schema. A window is copied into a table of its own first, which no one else
//! sees; from there on an advisory lock lets one transaction at a time change tables and ledger. Readers never
//! wait, and see a window as it was or as it is.
//!
//! Nested values are `json` and not `jsonb`, which would keep the meaning but not the text: the order of members,
//! repeated ones, and escapes such as `\u0000`, which `jsonb` refuses. A query can cast.

mod analysis_views;
mod changes;
mod connection;
mod copy;
mod explain;
mod failure;
mod ledger;
mod ledger_views;
mod load;
mod numeric;
mod password;
mod query;
mod retention;
mod runs;
mod schema;
mod server;
mod sql;
mod tls;
mod versions;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::connection::{Locking, Store};
use super::{
    AnalysisView, Capabilities, Destination, DestinationError, DropDays, DroppedDays, QueryAnswer,
    ReplacedViews, WindowLoad,
};
use crate::config::{PostgresAddress, PostgresSection};
use crate::ledger::maturation::MaturationPoint;
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

/// Which schema of which server to write to, and how.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The server and who logs in, or why that is not known.
    pub address: Result<PostgresAddress, String>,
    /// The schema that holds the tables. It is created when it does not exist and the user may.
    pub schema: String,
    /// How long to wait for the server to accept a connection.
    pub connect_timeout: Duration,
    /// How long one statement may take, waiting for other processes included.
    pub statement_timeout: Duration,
}

impl PostgresOptions {
    /// What a section of the configuration says.
    #[must_use]
    pub fn of_section(section: &PostgresSection) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        Self {
            address: section.address().map_err(|(_, message)| message),
            schema: section.schema.clone(),
            connect_timeout: seconds(section.connect_timeout_seconds),
            statement_timeout: seconds(section.statement_timeout_seconds),
        }
    }

    /// The schema and where it is, for people; no secret is part of it.
    pub(super) fn describe(&self) -> String {
        match &self.address {
            Ok(PostgresAddress {
                host,
                port,
                database,
                ..
            }) => format!(
                "PostgreSQL {host}:{port}/{database}, schema {}",
                self.schema
            ),
            Err(_) => format!("PostgreSQL, schema {}", self.schema),
        }
    }
}

/// A schema of a PostgreSQL database as a destination. Clones share the connection.
#[derive(Debug, Clone)]
pub struct Postgres {
    store: Arc<Store>,
}

impl Postgres {
    /// The destination for `options`. Nothing is opened or created yet.
    #[must_use]
    pub fn new(options: PostgresOptions) -> Self {
        Self {
            store: Arc::new(Store::new(options)),
        }
    }

    /// The destination that a section of the configuration names.
    #[must_use]
    pub fn of_section(section: &PostgresSection) -> Self {
        Self::new(PostgresOptions::of_section(section))
    }
}

/// The schema that a section names and where it is, for people.
pub(super) fn describe(section: &PostgresSection) -> String {
    PostgresOptions::of_section(section).describe()
}

#[async_trait]
impl Destination for Postgres {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "PostgreSQL",
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
            views: true,
        }
    }

    fn describe(&self) -> String {
        self.store.describe()
    }

    async fn check(&self) -> Result<(), DestinationError> {
        self.store.check().await
    }

    async fn prepare(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        let asked = Arc::new((schema.clone(), stream.clone()));
        let doing = format!("preparing table '{}'", schema.table);
        self.store
            .write(&doing, Locking::AtOnce, move |session| {
                let asked = Arc::clone(&asked);
                Box::pin(async move { schema::prepare(session, &asked.0, &asked.1).await })
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
        let doing = format!("preparing the versions of table '{}'", schema.table);
        let asked = Arc::new((
            schema.clone(),
            stream.clone(),
            day_column.map(str::to_owned),
        ));
        self.store
            .write(&doing, Locking::AtOnce, move |session| {
                let asked = Arc::clone(&asked);
                Box::pin(async move {
                    let (schema, stream, day_column) = asked.as_ref();
                    if keep {
                        versions::keep(session, schema, stream, day_column.as_deref()).await
                    } else {
                        versions::stop(session, &stream.stream).await
                    }
                })
            })
            .await
    }

    async fn drop_days(&self, drop: &DropDays) -> Result<DroppedDays, DestinationError> {
        let doing = format!("dropping old days of stream '{}'", drop.stream);
        let drop = Arc::new(drop.clone());
        self.store
            .write(&doing, Locking::AtOnce, move |session| {
                let drop = Arc::clone(&drop);
                Box::pin(async move { retention::drop_days(session, &drop).await })
            })
            .await
    }

    async fn maturation(&self, stream: &str) -> Result<Vec<MaturationPoint>, DestinationError> {
        let stream: Arc<str> = stream.into();
        self.store
            .read("reading what changed", move |session| {
                let stream = Arc::clone(&stream);
                Box::pin(async move {
                    if ledger::exists(session).await? && !ledger::is_old(session).await? {
                        changes::maturation(session, &stream).await
                    } else {
                        Ok(Vec::new())
                    }
                })
            })
            .await
    }

    async fn forget(&self, stream: &str) -> Result<(), DestinationError> {
        let doing = format!("forgetting stream '{stream}'");
        let stream: Arc<str> = stream.into();
        self.store
            .write(&doing, Locking::AtOnce, move |session| {
                let stream = Arc::clone(&stream);
                Box::pin(async move { schema::forget(session, &stream).await })
            })
            .await
    }

    async fn forget_changes(&self, stream: &str) -> Result<(), DestinationError> {
        let doing = format!("forgetting the changes of stream '{stream}'");
        let stream: Arc<str> = stream.into();
        self.store
            .write(&doing, Locking::AtOnce, move |session| {
                let stream = Arc::clone(&stream);
                Box::pin(async move { changes::forget(session, &stream).await })
            })
            .await
    }

    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError> {
        let doing = format!("loading a window into table '{}'", load.schema.table);
        let load = Arc::new(load.clone());
        self.store
            .write(&doing, Locking::ByWork, move |session| {
                let load = Arc::clone(&load);
                Box::pin(async move { load::load_window(session, &load).await })
            })
            .await
    }

    async fn record_quarantine(&self, entry: &WindowEntry) -> Result<(), DestinationError> {
        let entry = Arc::new(entry.clone());
        self.store
            .write(
                "recording a quarantined window",
                Locking::AtOnce,
                move |session| {
                    let entry = Arc::clone(&entry);
                    Box::pin(async move { windows::record_quarantine(session, &entry).await })
                },
            )
            .await
    }

    async fn record_run(&self, run: &RunEntry) -> Result<(), DestinationError> {
        let run = Arc::new(run.clone());
        self.store
            .write("recording a run", Locking::AtOnce, move |session| {
                let run = Arc::clone(&run);
                Box::pin(async move { runs::record(session, &run).await })
            })
            .await
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunEntry>, DestinationError> {
        self.store
            .read("reading the runs", move |session| {
                Box::pin(async move {
                    if ledger::exists(session).await? {
                        runs::newest(session, limit).await
                    } else {
                        Ok(Vec::new())
                    }
                })
            })
            .await
    }

    async fn stream(&self, stream: &str) -> Result<Option<StreamEntry>, DestinationError> {
        let stream: Arc<str> = stream.into();
        self.store
            .read("reading the ledger", move |session| {
                let stream = Arc::clone(&stream);
                Box::pin(async move {
                    if ledger::exists(session).await? {
                        ledger::stream(session, &stream).await
                    } else {
                        Ok(None)
                    }
                })
            })
            .await
    }

    async fn windows(&self, stream: &str) -> Result<Vec<WindowEntry>, DestinationError> {
        let stream: Arc<str> = stream.into();
        self.store
            .read("reading the ledger", move |session| {
                let stream = Arc::clone(&stream);
                Box::pin(async move {
                    if ledger::exists(session).await? {
                        windows::of_stream(session, &stream).await
                    } else {
                        Ok(Vec::new())
                    }
                })
            })
            .await
    }

    async fn count_rows(&self, table: &str) -> Result<Option<u64>, DestinationError> {
        let doing = format!("counting the rows of table '{table}'");
        let table: Arc<str> = table.into();
        self.store
            .read(&doing, move |session| {
                let table = Arc::clone(&table);
                Box::pin(async move { query::count_rows(session, &table).await })
            })
            .await
    }

    async fn column_names(&self, table: &str) -> Result<Vec<String>, DestinationError> {
        let doing = format!("reading the columns of table '{table}'");
        let table: Arc<str> = table.into();
        self.store
            .read(&doing, move |session| {
                let table = Arc::clone(&table);
                Box::pin(async move {
                    let columns = schema::existing_columns(session, &table).await?;
                    Ok(columns.into_iter().map(|column| column.name).collect())
                })
            })
            .await
    }

    async fn views(&self) -> Result<Vec<String>, DestinationError> {
        self.store
            .read("listing views", |session| {
                Box::pin(async move {
                    let existing = analysis_views::existing(session).await?;
                    Ok(existing.into_iter().map(|view| view.name).collect())
                })
            })
            .await
    }

    async fn replace_views(
        &self,
        views: &[AnalysisView],
    ) -> Result<ReplacedViews, DestinationError> {
        let views: Arc<[AnalysisView]> = views.into();
        self.store
            .write("making views", Locking::AtOnce, move |session| {
                let views = Arc::clone(&views);
                Box::pin(async move { analysis_views::replace(session, &views).await })
            })
            .await
    }

    async fn query(&self, sql: &str) -> Result<QueryAnswer, DestinationError> {
        let sql: Arc<str> = sql.into();
        self.store
            .read("running a query", move |session| {
                let sql = Arc::clone(&sql);
                Box::pin(async move { query::run(session, &sql).await })
            })
            .await
    }
}
