//! DuckDB: a file.

use std::path::{Path, PathBuf};

use criteo_engine::catalog::FieldType;
use duckdb::{AccessMode, Config, Connection, params};
use tempfile::TempDir;

use super::super::cell::Cell;
use super::{Damage, TableColumn, Tables, Target, TargetKind, ask_duckdb, damage_by_sql};

/// A database file of a stage.
#[derive(Debug)]
pub(crate) struct DuckDbTarget {
    /// Absolute.
    file: PathBuf,
    /// As it stands in the configuration.
    configured: PathBuf,
}

impl DuckDbTarget {
    /// The name of the file in the folder of the configuration.
    pub(crate) const FILE: &'static str = "criteo.duckdb";

    /// The usual file in the folder of the configuration.
    pub(super) fn in_folder(folder: &Path) -> DuckDbTarget {
        DuckDbTarget {
            file: folder.join(Self::FILE),
            configured: Self::FILE.into(),
        }
    }

    /// A file anywhere.
    pub(crate) fn at(file: &Path) -> DuckDbTarget {
        DuckDbTarget {
            file: file.to_owned(),
            configured: file.to_owned(),
        }
    }
}

impl Target for DuckDbTarget {
    fn kind(&self) -> TargetKind {
        TargetKind::DuckDb
    }

    fn section(&self) -> toml::Table {
        let path = self.configured.to_str().unwrap();
        toml::Table::from_iter([
            ("type".to_owned(), "duckdb".into()),
            ("path".to_owned(), path.into()),
        ])
    }

    fn spool(&self) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(".spool");
        name.into()
    }

    fn tables(&self) -> Option<Box<dyn Tables + '_>> {
        let read_only = Config::default().access_mode(AccessMode::ReadOnly).unwrap();
        let exists = self.file.exists();
        exists.then(|| -> Box<dyn Tables> {
            let connection = Connection::open_with_flags(&self.file, read_only).unwrap();
            Box::new(DuckDbTables {
                connection,
                _copy: None,
            })
        })
    }

    /// Reads a copy: what a killed process left in DuckDB's log stays there for the next run to find.
    fn remains(&self) -> Option<Box<dyn Tables + '_>> {
        let copy = tempfile::tempdir().unwrap();
        let file = copy.path().join(Self::FILE);
        for suffix in ["", ".wal"] {
            let with_suffix = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            if with_suffix(&self.file).exists() {
                std::fs::copy(with_suffix(&self.file), with_suffix(&file)).unwrap();
            }
        }
        file.exists().then(|| -> Box<dyn Tables> {
            Box::new(DuckDbTables {
                connection: Connection::open(file).unwrap(),
                _copy: Some(copy),
            })
        })
    }

    fn damage(&self, table: &str, damage: Damage) {
        damage_by_sql(self, self.row_id(), table, damage);
    }

    fn row_id(&self) -> &'static str {
        "rowid"
    }

    fn execute(&self, statement: &str) -> u64 {
        let database = Connection::open(&self.file).unwrap();
        database.execute(statement, []).unwrap() as u64
    }
}

/// An open file.
struct DuckDbTables {
    connection: Connection,
    /// The folder with the copy that is read.
    _copy: Option<TempDir>,
}

impl Tables for DuckDbTables {
    fn names(&self) -> Vec<String> {
        let question = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'";
        let mut statement = self.connection.prepare(question).unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    }

    fn columns(&self, table: &str) -> Vec<TableColumn> {
        let question = "SELECT column_name, data_type, comment FROM duckdb_columns() \
                        WHERE schema_name = 'main' AND table_name = ? ORDER BY column_index";
        let mut statement = self.connection.prepare(question).unwrap();
        let columns = statement
            .query_map(params![table], |row| {
                Ok(TableColumn {
                    name: row.get(0)?,
                    sql_type: row.get(1)?,
                    comment: row.get(2)?,
                })
            })
            .unwrap();
        columns.map(Result::unwrap).collect()
    }

    fn comment(&self, table: &str) -> Option<String> {
        let question = "SELECT comment FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = ?1 \
             UNION ALL SELECT comment FROM duckdb_views() WHERE schema_name = 'main' AND view_name = ?1";
        self.connection
            .query_row(question, params![table], |row| row.get(0))
            .unwrap()
    }

    fn sql_type(&self, field_type: FieldType) -> &'static str {
        match field_type {
            FieldType::Text => "VARCHAR",
            FieldType::Integer => "BIGINT",
            FieldType::Money => "DECIMAL(38,9)",
            FieldType::Float => "DOUBLE",
            FieldType::Boolean => "BOOLEAN",
            FieldType::Date => "DATE",
            FieldType::Timestamp | FieldType::TimestampUtc => "TIMESTAMP",
            FieldType::Json => "JSON",
        }
    }

    fn ask(&self, question: &str, take: &mut dyn FnMut(&[Cell])) {
        ask_duckdb(&self.connection, question, take);
    }
}
