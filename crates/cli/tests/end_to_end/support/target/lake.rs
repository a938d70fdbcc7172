//! Parquet files in a folder.
//!
//! Which files make up the tables is read from the log of commits, by a reader of its own that knows no more than the
//! documentation of the log says. What is in them, DuckDB reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use criteo_engine::catalog::FieldType;
use duckdb::{Connection, params};
use serde_json::Value;

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

/// The data files that the log of a lake says are part of it, by their paths in the lake.
pub(crate) fn live_files(root: &Path) -> BTreeSet<String> {
    let tables = Log::read(root).unwrap().tables.into_values();
    tables.flat_map(|table| table.files).collect()
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

/// What the log of commits adds up to.
#[derive(Debug, Default)]
struct Log {
    tables: BTreeMap<String, Described>,
    /// Entries of the ledger by the window's id.
    windows: BTreeMap<String, Value>,
    runs: BTreeMap<String, Value>,
}

#[derive(Debug, Default)]
struct Described {
    stream: String,
    description: String,
    columns: Vec<Column>,
    files: BTreeSet<String>,
}

#[derive(Debug)]
struct Column {
    name: String,
    field_type: FieldType,
    description: String,
}

impl Log {
    /// Every commit in order; nothing where there is no log.
    fn read(root: &Path) -> Option<Log> {
        let entries = std::fs::read_dir(root.join("_criteo/log")).ok()?;
        let mut commits: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .collect();
        commits.sort();
        let mut log = Log::default();
        for (number, path) in commits.iter().enumerate() {
            let commit: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            assert_eq!(commit["version"], number + 1, "a commit is missing");
            for action in commit["actions"].as_array().unwrap() {
                let (name, body) = action.as_object().unwrap().iter().next().unwrap();
                log.apply(name, body);
            }
        }
        (!commits.is_empty()).then_some(log)
    }

    fn apply(&mut self, action: &str, body: &Value) {
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        match action {
            "put_table" => {
                let schema = &body["schema"];
                let name = schema["table"].as_str().unwrap().to_owned();
                let table = self.tables.entry(name).or_default();
                table.stream = text("stream");
                table.description = schema["description"].as_str().unwrap().to_owned();
                let columns = schema["columns"].as_array().unwrap();
                table.columns = columns.iter().map(Column::of).collect();
            }
            "add_file" => {
                let table = self.tables.get_mut(&text("table")).unwrap();
                assert!(table.files.insert(text("path")), "added twice: {body}");
            }
            "remove_file" => {
                let table = self.tables.get_mut(&text("table")).unwrap();
                assert!(table.files.remove(&text("path")), "removed twice: {body}");
            }
            "put_window" => {
                self.windows.insert(text("window_id"), body.clone());
            }
            "put_run" => {
                self.runs.insert(text("run_id"), body.clone());
            }
            "forget_stream" => {
                let stream = text("stream");
                self.tables.retain(|_, table| table.stream != stream);
                self.windows
                    .retain(|_, window| window["stream"] != stream.as_str());
            }
            "drop_loaded" => {
                let stream = text("stream");
                self.windows.retain(|_, window| {
                    window["stream"] != stream.as_str() || !window["quarantine_reason"].is_null()
                });
            }
            "forget_windows" => {
                for window_id in body["window_ids"].as_array().unwrap() {
                    self.windows.remove(window_id.as_str().unwrap());
                }
            }
            "put_stream" | "vacuumed" => {}
            other => panic!("unknown action {other}"),
        }
    }

    /// The tables as views, and the ledger. All windows of an advertiser are listed, also those that a later one
    /// covers: nothing here asks which of them is the last word.
    fn open(&self, root: &Path) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for (name, table) in &self.tables {
            connection.execute_batch(&table.view(root, name)).unwrap();
        }
        connection
            .execute_batch(
                "CREATE TABLE _criteo_runs (run_id VARCHAR, outcome VARCHAR);
                 CREATE TABLE _criteo_windows (window_id VARCHAR, stream VARCHAR, first_day DATE, last_day DATE, \
                     rows BIGINT, quarantine_reason VARCHAR);
                 CREATE TABLE _criteo_window_advertisers (window_id VARCHAR, advertiser_id VARCHAR, rows BIGINT);",
            )
            .unwrap();
        for (id, run) in &self.runs {
            let insert = "INSERT INTO _criteo_runs VALUES (?, ?)";
            let outcome = run["outcome"].as_str();
            connection.execute(insert, params![id, outcome]).unwrap();
        }
        for (id, window) in &self.windows {
            let day = |which: &str| window["days"][which].as_str();
            connection
                .execute(
                    "INSERT INTO _criteo_windows VALUES (?, ?, CAST(? AS DATE), CAST(? AS DATE), ?, ?)",
                    params![
                        id,
                        window["stream"].as_str(),
                        day("first"),
                        day("last"),
                        window["rows"].as_u64(),
                        window["quarantine_reason"].as_str()
                    ],
                )
                .unwrap();
            for (advertiser, rows) in window["advertisers"].as_object().unwrap() {
                let insert = "INSERT INTO _criteo_window_advertisers VALUES (?, ?, ?)";
                let values = params![id, advertiser, rows.as_u64()];
                connection.execute(insert, values).unwrap();
            }
        }
        connection
    }
}

impl Column {
    fn of(column: &Value) -> Column {
        Column {
            name: column["name"].as_str().unwrap().to_owned(),
            field_type: serde_json::from_value(column["field_type"].clone()).unwrap(),
            description: column["description"].as_str().unwrap().to_owned(),
        }
    }
}

impl Described {
    fn view(&self, root: &Path, name: &str) -> String {
        let nothing: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                let sql_type = sql_type(column.field_type);
                format!("CAST(NULL AS {sql_type}) AS \"{}\"", column.name)
            })
            .collect();
        let files: Vec<String> = self
            .files
            .iter()
            .map(|file| format!("'{}'", root.join(file).display()))
            .collect();
        let rows = if files.is_empty() {
            String::new()
        } else {
            format!(
                " UNION ALL BY NAME SELECT * FROM read_parquet([{}], hive_partitioning = false, union_by_name = true)",
                files.join(", ")
            )
        };
        let nothing = nothing.join(", ");
        format!("CREATE VIEW \"{name}\" AS SELECT {nothing} WHERE false{rows}")
    }
}

fn sql_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text | FieldType::Json => "VARCHAR",
        FieldType::Integer => "BIGINT",
        FieldType::Money => "DECIMAL(38,9)",
        FieldType::Float => "DOUBLE",
        FieldType::Boolean => "BOOLEAN",
        FieldType::Date => "DATE",
        FieldType::Timestamp | FieldType::TimestampUtc => "TIMESTAMP",
    }
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
        ];
        let tables = self.log.tables.keys().map(String::as_str);
        tables.chain(ledger).map(str::to_owned).collect()
    }

    fn columns(&self, table: &str) -> Vec<TableColumn> {
        let question = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index";
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
