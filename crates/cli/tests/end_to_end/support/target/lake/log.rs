//! The log of commits of a lake, as a reader of its own understands it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use criteo_engine::catalog::FieldType;
use duckdb::{Connection, params};
use serde_json::Value;

/// What the log of commits adds up to.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) tables: BTreeMap<String, Described>,
    /// Entries of the ledger by the window's id.
    windows: BTreeMap<String, Value>,
    runs: BTreeMap<String, Value>,
    /// The table of each stream.
    streams: BTreeMap<String, String>,
    /// Tables of versions, with the actions that made them and whether versions are kept.
    histories: BTreeMap<String, (Value, bool)>,
    /// Files with records of changes.
    pub(super) changes: BTreeSet<String>,
    drops: Vec<Value>,
}

#[derive(Debug, Default)]
pub(super) struct Described {
    stream: String,
    pub(super) description: String,
    pub(super) columns: Vec<Column>,
    pub(super) files: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) field_type: FieldType,
    pub(super) description: String,
}

impl Log {
    /// Every commit in order; nothing where there is no log.
    pub(super) fn read(root: &Path) -> Option<Log> {
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
                let histories = &self.histories;
                self.tables
                    .retain(|name, table| table.stream != stream || histories.contains_key(name));
                self.stop_history(&stream);
                self.streams.remove(&stream);
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
            "put_stream" => {
                self.streams.insert(text("stream"), text("table"));
            }
            "put_history" => {
                self.stop_history(&text("stream"));
                self.histories.insert(text("table"), (body.clone(), true));
            }
            "stop_history" => self.stop_history(&text("stream")),
            "add_changes" => assert!(self.changes.insert(text("path")), "added twice: {body}"),
            "remove_changes" => {
                assert!(self.changes.remove(&text("path")), "removed twice: {body}");
            }
            "drop_days" => self.drop_days(body),
            "vacuumed" => {}
            other => panic!("unknown action {other}"),
        }
    }

    fn stop_history(&mut self, stream: &str) {
        for (made, is_kept) in self.histories.values_mut() {
            *is_kept &= made["stream"] != stream;
        }
    }

    /// No window vouches for days before the border any more.
    fn drop_days(&mut self, body: &Value) {
        let entry = &body["entry"];
        let keep_from = entry["keep_from"].as_str().unwrap();
        for window in self.windows.values_mut() {
            let days = &window["days"];
            if window["stream"] != entry["stream"] || days.is_null() {
                continue;
            }
            // Days sort as texts.
            if days["last"].as_str().unwrap() < keep_from {
                window["advertisers"] = serde_json::json!({});
            } else if days["first"].as_str().unwrap() < keep_from {
                window["days"]["first"] = keep_from.into();
            }
        }
        self.drops.push(entry.clone());
    }

    /// The tables as views, and the ledger. All windows of an advertiser are listed, also those that a later one
    /// covers: nothing here asks which of them is the last word.
    pub(super) fn open(&self, root: &Path) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for (name, table) in &self.tables {
            connection.execute_batch(&table.view(root, name)).unwrap();
        }
        connection
            .execute_batch(
                "CREATE TABLE _criteo_runs (run_id VARCHAR, outcome VARCHAR);
                 CREATE TABLE _criteo_windows (window_id VARCHAR, stream VARCHAR, first_day DATE, last_day DATE, \
                     rows BIGINT, quarantine_reason VARCHAR);
                 CREATE TABLE _criteo_window_advertisers (window_id VARCHAR, advertiser_id VARCHAR, rows BIGINT);
                 CREATE TABLE _criteo_streams (stream VARCHAR, table_name VARCHAR);
                 CREATE TABLE _criteo_histories (table_name VARCHAR, stream VARCHAR, of_table VARCHAR, is_kept BOOLEAN);
                 CREATE TABLE _criteo_drops (stream VARCHAR, keep_from DATE, rows BIGINT, versions BIGINT);
                 CREATE TABLE _criteo_changes (window_id VARCHAR, observed_at TIMESTAMP, stream VARCHAR, \
                     advertiser_id VARCHAR, day DATE, age_days BIGINT, is_final BOOLEAN, metric VARCHAR, \
                     old_sum DECIMAL(38,9), new_sum DECIMAL(38,9), rows_added BIGINT, rows_removed BIGINT, \
                     rows_changed BIGINT);",
            )
            .unwrap();
        for (stream, table) in &self.streams {
            let insert = "INSERT INTO _criteo_streams VALUES (?, ?)";
            connection.execute(insert, params![stream, table]).unwrap();
        }
        for (name, (made, is_kept)) in &self.histories {
            let insert = "INSERT INTO _criteo_histories VALUES (?, ?, ?, ?)";
            let text = |key: &str| made[key].as_str();
            let values = params![name, text("stream"), text("of_table"), is_kept];
            connection.execute(insert, values).unwrap();
        }
        for entry in &self.drops {
            let insert = "INSERT INTO _criteo_drops VALUES (?, CAST(? AS DATE), ?, ?)";
            let text = |key: &str| entry[key].as_str();
            let number = |key: &str| entry[key].as_u64();
            let values = params![
                text("stream"),
                text("keep_from"),
                number("rows"),
                number("versions")
            ];
            connection.execute(insert, values).unwrap();
        }
        for file in &self.changes {
            let path = root.join(file).display().to_string();
            let insert = format!(
                "INSERT INTO _criteo_changes BY NAME SELECT * FROM read_parquet('{path}', hive_partitioning = false)"
            );
            connection.execute_batch(&insert).unwrap();
        }
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
        if let Ok(script) = std::fs::read_to_string(root.join("views/latest.sql")) {
            let script = format!(
                "ATTACH ':memory:' AS published; USE published; {script} SET search_path = 'memory.main,published.main';"
            );
            connection.execute_batch(&script).unwrap();
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

pub(super) fn sql_type(field_type: FieldType) -> &'static str {
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
