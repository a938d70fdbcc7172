//! Asking the lake in SQL: DuckDB reads the live files, of a bucket after they were fetched.

use std::collections::BTreeSet;

use super::super::QueryAnswer;
use super::super::duckdb::{InMemory, ledger_view_query};
use super::super::ledger_views::{MATURATION, VIEWS};
use super::encode::bytes_of;
use super::failure::Failure;
use super::nearby::Nearby;
use super::published::{Group, PublishedTable};
use super::state::LakeState;
use super::views::create_view;
use super::{ledger_tables, past_tables};

/// Runs one query over the tables and the ledger of `state`.
pub(super) async fn run(
    nearby: &Nearby,
    state: &LakeState,
    sql: &str,
) -> Result<QueryAnswer, Failure> {
    let question = sql.to_owned();
    let (named, database) = on_worker(move || {
        let database = InMemory::open().map_err(refused)?;
        let names = database.tables_named(&question).map_err(refused)?;
        Ok((Named::of(names), database))
    })
    .await?;
    let (changes, records) = past_tables::changes(state);
    let tables: Vec<(String, PublishedTable)> = state
        .tables
        .values()
        .map(|table| (table.schema.table.clone(), PublishedTable::of(table)))
        .chain([(changes.to_owned(), records)])
        .filter(|(name, _)| named.is_table(name))
        .collect();
    let files = tables.iter().flat_map(|(_, table)| table.files());
    let root = nearby.keep(files.map(str::to_owned).collect()).await?;
    let ledger: Vec<_> = ledger_tables::all(state)?
        .into_iter()
        .filter(|table| named.is_table(table.name))
        .collect();
    let scratch = tempfile::Builder::new()
        .prefix("criteo-ledger-")
        .tempdir()?;
    let sql = sql.to_owned();
    on_worker(move || {
        for (name, table) in &tables {
            let view = create_view(name, table, |path| root.locate(path).display().to_string());
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
        for name in named.views {
            if let Some(query) = ledger_view_query(name) {
                let view = format!("CREATE VIEW {name} AS {query}");
                database.execute(&view).map_err(refused)?;
            }
        }
        database.query(&sql).map_err(refused)
    })
    .await
}

/// What a query reads.
struct Named {
    /// Every name in it, in lower case.
    names: BTreeSet<String>,
    /// The ledger's views among them.
    views: Vec<&'static str>,
}

impl Named {
    fn of(names: BTreeSet<String>) -> Self {
        let views = VIEWS
            .iter()
            .map(|view| view.name)
            .filter(|name| names.contains(*name))
            .collect();
        Self { names, views }
    }

    /// Whether a table has to be there: the query names it, or a view that it names may. Records of changes are read for
    /// the one view of them only, since there may be many.
    fn is_table(&self, name: &str) -> bool {
        let of_views = if name == super::super::ledger_tables::CHANGES {
            self.views.contains(&MATURATION)
        } else {
            name.starts_with(super::super::ledger_tables::PREFIX) && !self.views.is_empty()
        };
        of_views || self.names.contains(&name.to_lowercase())
    }
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
