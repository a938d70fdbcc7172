//! Where rows land, as tests need it: set up for one stage, read by something other than the connector, and changed
//! behind its back.
//!
//! A test that is to hold for every destination runs once for each [`TargetKind`]. To add a destination, add a kind, a
//! [`Target`] that knows its section of the configuration, and [`Tables`] that read it with the destination's own means.

mod clickhouse;
mod duckdb;
pub(crate) mod lake;
pub(crate) mod postgres;

use std::fmt;
use std::path::{Path, PathBuf};

use criteo_engine::catalog::FieldType;

use super::cell::Cell;
pub(crate) use duckdb::DuckDbTarget;
pub(crate) use postgres::PostgresTarget;

/// A kind of destination, by which a test asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TargetKind {
    /// A file in the folder of the stage.
    DuckDb,
    /// A schema of a server that the tests start.
    Postgres,
    /// Parquet files in the folder of the stage.
    Parquet,
    /// A database of a server that the tests start.
    ClickHouse,
}

impl TargetKind {
    /// An empty destination of this kind for a stage with this folder.
    pub(crate) fn open(self, folder: &Path) -> Box<dyn Target> {
        match self {
            TargetKind::DuckDb => Box::new(DuckDbTarget::in_folder(folder)),
            TargetKind::Parquet => Box::new(lake::LakeTarget::in_folder(folder)),
            TargetKind::ClickHouse => {
                let server = crate::server::server().unwrap();
                Box::new(clickhouse::ClickHouseTarget::new(server, folder))
            }
            TargetKind::Postgres => {
                let server = postgres::shared_server().unwrap();
                Box::new(PostgresTarget::new(server, folder))
            }
        }
    }

    /// The kinds beside the first that can be tested on this machine. Those that cannot say so on stderr.
    pub(crate) fn others() -> Vec<TargetKind> {
        let postgres = postgres::shared_server().map(|_| TargetKind::Postgres);
        std::iter::once(TargetKind::Parquet)
            .chain(postgres)
            .collect()
    }

    /// The kinds that can be tested on this machine and are databases: they have views for analysts, and replace rows in
    /// place.
    pub(crate) fn databases() -> Vec<TargetKind> {
        let mut kinds = TargetKind::all();
        kinds.retain(|kind| *kind != TargetKind::Parquet);
        kinds
    }

    /// All of them, and ClickHouse, which has the same ledger but nothing that could be changed behind its back. It is
    /// slow to test, since the stand-in for a server runs one statement at a time.
    pub(crate) fn with_records() -> Vec<TargetKind> {
        let mut kinds = TargetKind::all();
        kinds.extend(clickhouse::ClickHouseTarget::is_there().then_some(TargetKind::ClickHouse));
        kinds
    }

    /// All kinds that can be tested on this machine.
    pub(crate) fn all() -> Vec<TargetKind> {
        let mut kinds = vec![TargetKind::DuckDb];
        kinds.extend(TargetKind::others());
        kinds
    }
}

/// The destination of one stage. What it holds goes when it is dropped.
pub(crate) trait Target: fmt::Debug + Send + Sync {
    /// What kind it is.
    fn kind(&self) -> TargetKind;

    /// The section `[destination]` of the configuration.
    fn section(&self) -> toml::Table;

    /// What the command has to find in its environment: passwords, above all.
    fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The folder in which windows wait to be loaded, when the configuration names none.
    fn spool(&self) -> PathBuf;

    /// The tables as they are, to read from; none when nothing was created yet. No command can write to some
    /// destinations while this lives.
    fn tables(&self) -> Option<Box<dyn Tables + '_>>;

    /// The same, in a way that leaves alone what a process that died has left behind.
    fn remains(&self) -> Option<Box<dyn Tables + '_>> {
        self.tables()
    }

    /// Damages one row of a table behind the connector's back.
    fn damage(&self, table: &str, damage: Damage);

    /// The pseudo-column that tells the rows of a table apart, where the destination is changed with SQL.
    fn row_id(&self) -> &'static str;

    /// Runs a statement of SQL behind the connector's back and says how many rows it changed.
    fn execute(&self, statement: &str) -> u64;
}

/// What can happen to a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Damage {
    /// A blank is appended to the last column of text.
    Altered,
    /// The row is gone.
    Deleted,
    /// The row is there twice.
    Doubled,
}

/// A column as the destination describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    /// In the destination's words.
    pub(crate) sql_type: String,
    pub(crate) comment: Option<String>,
}

/// The tables of a destination.
pub(crate) trait Tables {
    /// The names of all tables, the ledger's among them.
    fn names(&self) -> Vec<String>;

    /// The columns of a table in their order; none when there is no such table.
    fn columns(&self, table: &str) -> Vec<TableColumn>;

    /// The comment on a table.
    fn comment(&self, table: &str) -> Option<String>;

    /// What a column of this type has to be, in the words of [`TableColumn::sql_type`].
    fn sql_type(&self, field_type: FieldType) -> &'static str;

    /// Hands every row of the answer to `take`, all values as texts: decimals with all their digits, doubles so that
    /// they read back as they are, days and times in ISO 8601.
    fn ask(&self, question: &str, take: &mut dyn FnMut(&[Cell]));

    /// The only number that a question answers.
    fn number(&self, question: &str) -> i64 {
        let mut number = None;
        self.ask(question, &mut |row| {
            number = Some(row[0].as_deref().unwrap().parse().unwrap());
        });
        number.unwrap()
    }
}

/// [`Tables::ask`] for what DuckDB reads.
pub(crate) fn ask_duckdb(
    connection: &::duckdb::Connection,
    question: &str,
    take: &mut dyn FnMut(&[Cell]),
) {
    let texts = format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({question})");
    let mut statement = connection.prepare(&texts).unwrap();
    let mut rows = statement.query([]).unwrap();
    let width = rows.as_ref().unwrap().column_count();
    let mut cells: Vec<Cell> = Vec::with_capacity(width);
    while let Some(row) = rows.next().unwrap() {
        cells.clear();
        cells.extend((0..width).map(|place| row.get::<_, Cell>(place).unwrap()));
        take(&cells);
    }
}

/// [`Target::damage`] for a destination that is changed with SQL; `row_id` is the pseudo-column that tells rows apart.
fn damage_by_sql(target: &dyn Target, row_id: &str, table: &str, damage: Damage) {
    let first_row = format!("{row_id} = (SELECT min({row_id}) FROM {table})");
    let change = match damage {
        Damage::Altered => {
            let tables = target.tables().unwrap();
            let text_type = tables.sql_type(FieldType::Text);
            let columns = tables.columns(table).into_iter();
            let mut texts = columns.filter(|column| column.sql_type == text_type);
            let text = texts.next_back().unwrap().name;
            format!("UPDATE {table} SET {text} = coalesce({text}, '') || ' ' WHERE {first_row}")
        }
        Damage::Deleted => format!("DELETE FROM {table} WHERE {first_row}"),
        Damage::Doubled => format!("INSERT INTO {table} SELECT * FROM {table} WHERE {first_row}"),
    };
    assert_eq!(target.execute(&change), 1, "{change}");
}
