//! Asking the lake in SQL: DuckDB reads the live files, of a bucket after they were fetched.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};
use tempfile::TempDir;

use super::super::QueryAnswer;
use super::super::duckdb::InMemory;
use super::encode::bytes_of;
use super::failure::Failure;
use super::ledger_tables;
use super::location::Location;
use super::published::{Group, PublishedTable};
use super::state::LakeState;
use super::supersede::parsed;
use super::views::create_view;

/// Files that are fetched at the same time.
const FETCHES_AT_A_TIME: usize = 16;

/// Files of a bucket that were fetched for a query. They never change, so each is fetched once.
#[derive(Default)]
pub(super) struct Fetched {
    folder: Option<Arc<TempDir>>,
    paths: BTreeSet<String>,
}

impl Fetched {
    fn folder(&mut self) -> Result<Arc<TempDir>, Failure> {
        if let Some(folder) = &self.folder {
            return Ok(Arc::clone(folder));
        }
        let folder = Arc::new(tempfile::Builder::new().prefix("criteo-lake-").tempdir()?);
        self.folder = Some(Arc::clone(&folder));
        Ok(folder)
    }

    async fn fetch(
        &mut self,
        store: &dyn ObjectStore,
        tables: &[(String, PublishedTable)],
    ) -> Result<PathBuf, Failure> {
        let folder = self.folder()?;
        let missing: Vec<String> = tables
            .iter()
            .flat_map(|(_, table)| table.files())
            .filter(|path| !self.paths.contains(*path))
            .map(str::to_owned)
            .collect();
        let fetched: Vec<String> = futures_util::stream::iter(missing)
            .map(|path| {
                let target = folder.path().join(&path);
                async move {
                    let body = store.get(&parsed(&path)?).await?.bytes().await?;
                    if let Some(parent) = target.parent() {
                        tokio::fs::create_dir_all(parent).await?;
                    }
                    tokio::fs::write(&target, &body).await?;
                    Ok::<_, Failure>(path)
                }
            })
            .buffer_unordered(FETCHES_AT_A_TIME)
            .try_collect()
            .await?;
        self.paths.extend(fetched);
        Ok(folder.path().to_owned())
    }
}

/// Runs one query over the tables and the ledger of `state`.
pub(super) async fn run(
    store: &dyn ObjectStore,
    location: &Location,
    state: &LakeState,
    fetched: &mut Fetched,
    sql: &str,
) -> Result<QueryAnswer, Failure> {
    let question = sql.to_owned();
    let (names, database) = on_worker(move || {
        let database = InMemory::open().map_err(refused)?;
        let names = database.tables_named(&question).map_err(refused)?;
        Ok((names, database))
    })
    .await?;
    let tables: Vec<(String, PublishedTable)> = state
        .tables
        .iter()
        .filter(|(name, _)| names.contains(*name))
        .map(|(_, table)| (table.schema.table.clone(), PublishedTable::of(table)))
        .collect();
    let root = match location.folder() {
        Some(folder) => std::path::absolute(folder)?,
        None => fetched.fetch(store, &tables).await?,
    };
    let ledger: Vec<_> = ledger_tables::all(state)?
        .into_iter()
        .filter(|table| names.contains(table.name))
        .collect();
    let scratch = tempfile::Builder::new()
        .prefix("criteo-ledger-")
        .tempdir()?;
    let sql = sql.to_owned();
    on_worker(move || {
        for (name, table) in &tables {
            let view = create_view(name, table, |path| root.join(path).display().to_string());
            database.execute(&view).map_err(refused)?;
        }
        for table in ledger {
            let file = format!("{}.parquet", table.name);
            std::fs::write(scratch.path().join(&file), bytes_of(&table.rows)?)?;
            let published = PublishedTable {
                description: String::new(),
                groups: vec![Group {
                    columns: table.columns.len(),
                    files: vec![file],
                }],
                columns: table.columns,
            };
            let view = create_view(table.name, &published, |path| {
                scratch.path().join(path).display().to_string()
            });
            database.execute(&view).map_err(refused)?;
        }
        database.query(&sql).map_err(refused)
    })
    .await
}

/// Runs `work` on a thread that may block.
async fn on_worker<Answer: Send + 'static>(
    work: impl FnOnce() -> Result<Answer, Failure> + Send + 'static,
) -> Result<Answer, Failure> {
    tokio::task::spawn_blocking(work).await?
}

fn refused(failure: impl std::fmt::Display) -> Failure {
    Failure::Refused(failure.to_string())
}
