//! Parquet files in a folder.
//!
//! Which files make up the tables is read from the log of commits, by a reader of its own that knows no more than the
//! documentation of the log says. What is in them, DuckDB reads. What is left of the ledger (its views, and columns that
//! are not read here) it takes from the script that the last run left for DuckDB.

mod log;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use criteo_engine::catalog::FieldType;
use duckdb::{Connection, params};

use self::log::{Log, sql_type};

use super::super::cell::Cell;
use super::{Damage, TableColumn, Tables, Target, TargetKind, ask_duckdb};

/// A lake of a stage.
#[derive(Debug)]
pub(crate) struct LakeTarget {
    root: PathBuf,
}

impl LakeTarget {
    /// The name of the lake in the folder of the configuration.
    const NAME: &'static str = "lake";

    pub(super) fn in_folder(folder: &Path) -> LakeTarget {
        LakeTarget {
            root: folder.join(Self::NAME),
        }
    }

    fn log(&self) -> Option<Log> {
        Log::read(&self.root)
    }
}

impl Target for LakeTarget {
    fn kind(&self) -> TargetKind {
        TargetKind::Parquet
    }

    fn section(&self) -> toml::Table {
        toml::Table::from_iter([
            ("type".to_owned(), "parquet".into()),
            ("url".to_owned(), Self::NAME.into()),
        ])
    }

    fn spool(&self) -> PathBuf {
        let mut name = self.root.clone().into_os_string();
        name.push(".spool");
        name.into()
    }

    fn tables(&self) -> Option<Box<dyn Tables + '_>> {
        let log = self.log()?;
        let connection = log.open(&self.root);
        Some(Box::new(LakeTables { log, connection }))
    }

    /// Changes the first row of the table's first file, which is written anew in its place.
    fn damage(&self, table: &str, damage: Damage) {
        let log = self.log().unwrap();
        let described = &log.tables[table];
        let path = self.root.join(described.files.first().unwrap());
        let statement = match damage {
            Damage::Altered => {
                let mut columns = described.columns.iter();
                let text = columns
                    .rfind(|column| column.field_type == FieldType::Text)
                    .unwrap();
                let text = &text.name;
                format!("UPDATE damaged SET {text} = coalesce({text}, '') || ' ' WHERE rowid = 0")
            }
            Damage::Deleted => "DELETE FROM damaged WHERE rowid = 0".to_owned(),
            Damage::Doubled => {
                "INSERT INTO damaged SELECT * FROM damaged WHERE rowid = 0".to_owned()
            }
        };
        assert_eq!(change(&path, "damaged", &statement), 1, "{statement}");
    }

    fn row_id(&self) -> &'static str {
        "rowid"
    }

    /// Runs the statement on each file of the one table that it names after its first word or two.
    fn execute(&self, statement: &str) -> u64 {
        let log = self.log().unwrap();
        let named = |table: &&String| {
            let mut words = statement.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.any(|word| word == table.as_str())
        };
        let table = log.tables.keys().find(named).unwrap();
        let files = &log.tables[table].files;
        let changed = files
            .iter()
            .map(|file| change(&self.root.join(file), table, statement));
        changed.sum()
    }
}

/// The files of rows, versions and changes that the log of a lake says are part of it, by their paths in the lake.
pub(crate) fn live_files(root: &Path) -> BTreeSet<String> {
    let log = Log::read(root).unwrap();
    let tables = log.tables.into_values();
    let files = tables.flat_map(|table| table.files);
    files.chain(log.changes).collect()
}

/// Runs a statement on the rows of one file as a table of this name, and writes the file anew when rows changed.
fn change(file: &Path, table: &str, statement: &str) -> u64 {
    let connection = Connection::open_in_memory().unwrap();
    let path = file.display();
    let load = format!(
        "CREATE TABLE {table} AS SELECT * FROM read_parquet('{path}', hive_partitioning = false)"
    );
    connection.execute_batch(&load).unwrap();
    let changed = connection.execute(statement, []).unwrap() as u64;
    if changed > 0 {
        let store = format!("COPY {table} TO '{path}' (FORMAT parquet)");
        connection.execute_batch(&store).unwrap();
    }
    changed
}

/// The tables as DuckDB reads them.
struct LakeTables {
    log: Log,
    connection: Connection,
}

impl Tables for LakeTables {
    fn names(&self) -> Vec<String> {
        let ledger = [
            "_criteo_runs",
            "_criteo_windows",
            "_criteo_window_advertisers",
            "_criteo_streams",
            "_criteo_histories",
            "_criteo_changes",
            "_criteo_drops",
        ];
        let tables = self.log.tables.keys().map(String::as_str);
        tables.chain(ledger).map(str::to_owned).collect()
    }

    fn columns(&self, table: &str) -> Vec<TableColumn> {
        let question = "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'memory' AND table_name = ? ORDER BY column_index";
        let mut statement = self.connection.prepare(question).unwrap();
        let columns = statement
            .query_map(params![table], |row| {
                let name: String = row.get(0)?;
                let described = self.log.tables.get(table);
                let comment = described
                    .and_then(|table| table.columns.iter().find(|column| column.name == name))
                    .map(|column| column.description.clone());
                Ok(TableColumn {
                    name,
                    sql_type: row.get(1)?,
                    comment,
                })
            })
            .unwrap();
        columns.map(Result::unwrap).collect()
    }

    fn comment(&self, table: &str) -> Option<String> {
        let described = self.log.tables.get(table)?;
        Some(described.description.clone())
    }

    fn sql_type(&self, field_type: FieldType) -> &'static str {
        sql_type(field_type)
    }

    fn ask(&self, question: &str, take: &mut dyn FnMut(&[Cell])) {
        ask_duckdb(&self.connection, question, take);
    }
}
