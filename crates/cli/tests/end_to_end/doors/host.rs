//! A platform in the test: it stores records by key, keeps the last state, and hands it over again.
//!
//! Records are kept as the text that came, so that no digit is lost here. What is current at the end goes into a DuckDB file
//! with the types that the tables of the connector have, which is then held against the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use criteo_engine::catalog::{Catalog, FieldType};
use duckdb::Connection;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::target::{DuckDbTarget, Target};
use crate::support::{Run, Stage};

/// The columns that Airbyte's door adds to tables.
pub(crate) const READ_AT: &str = "_ab_cdc_updated_at";
pub(crate) const DELETED_AT: &str = "_ab_cdc_deleted_at";
/// Those of both protocols.
const ADDED: [&str; 6] = [
    READ_AT,
    DELETED_AT,
    "_criteo_read_at",
    "_sdc_deleted_at",
    "_criteo_row_id",
    "_criteo_more",
];

/// A platform of one connection.
pub(crate) struct Host {
    pub(crate) config: Value,
    /// What `discover` said.
    pub(crate) catalog: Value,
    pub(crate) sync_mode: &'static str,
    pub(crate) states: BTreeMap<String, Value>,
    /// Current records of each stream by key, as JSON.
    pub(crate) rows: BTreeMap<String, BTreeMap<String, String>>,
    /// Streams that were asked for; all of the configuration when there is none.
    pub(crate) streams: Option<Vec<String>>,
}

/// A line of output.
#[derive(Deserialize)]
pub(crate) struct Line<'line> {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(borrow, default)]
    pub(crate) record: Option<Record<'line>>,
    #[serde(default)]
    pub(crate) state: Option<Value>,
    #[serde(default)]
    pub(crate) trace: Option<Value>,
    #[serde(default)]
    pub(crate) log: Option<Value>,
}

#[derive(Deserialize)]
pub(crate) struct Record<'line> {
    pub(crate) stream: String,
    #[serde(borrow)]
    pub(crate) data: &'line RawValue,
    pub(crate) emitted_at: i64,
}

impl Host {
    /// A connection that has not read anything.
    pub(crate) fn new(stage: &Stage) -> Host {
        let config = configuration(stage);
        let mut host = Host {
            config,
            catalog: Value::Null,
            sync_mode: "incremental",
            states: BTreeMap::new(),
            rows: BTreeMap::new(),
            streams: None,
        };
        host.discover(stage);
        host
    }

    /// Asks for the catalog.
    pub(crate) fn discover(&mut self, stage: &Stage) {
        let config = self.write(stage, "config.json", &self.config);
        let run = stage
            .criteo(&["airbyte", "discover", "--config", &config])
            .expect(0);
        let message: Value = run.json();
        self.catalog = message["catalog"].clone();
    }

    /// The streams that are asked for.
    pub(crate) fn wanted(&self, stage: &Stage) -> Vec<String> {
        let all = || stage.expectation().streams;
        self.streams.clone().unwrap_or_else(all)
    }

    /// The configured catalog.
    pub(crate) fn configured(&self, stage: &Stage) -> Value {
        let wanted = self.wanted(stage);
        let streams = self.catalog["streams"].as_array().unwrap();
        let streams: Vec<Value> = streams
            .iter()
            .filter(|stream| wanted.iter().any(|name| stream["name"] == **name))
            .map(|stream| {
                json!({
                    "stream": stream,
                    "sync_mode": self.sync_mode,
                    "destination_sync_mode": "append_dedup",
                    "primary_key": stream["source_defined_primary_key"],
                    "cursor_field": stream["default_cursor_field"],
                })
            })
            .collect();
        assert_eq!(streams.len(), wanted.len(), "a stream is not on offer");
        json!({ "streams": streams })
    }

    /// The state that it hands over.
    pub(crate) fn state(&self) -> Value {
        let states = self.states.iter().map(|(name, state)| {
            json!({ "type": "STREAM", "stream": {
                "stream_descriptor": { "name": name }, "stream_state": state } })
        });
        states.collect()
    }

    /// The arguments of a read.
    pub(crate) fn arguments(&self, stage: &Stage) -> Vec<String> {
        let config = self.write(stage, "config.json", &self.config);
        let catalog = self.write(stage, "catalog.json", &self.configured(stage));
        let state = self.write(stage, "state.json", &self.state());
        [
            "airbyte",
            "read",
            "--config",
            &config,
            "--catalog",
            &catalog,
            "--state",
            &state,
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// Reads, and stores everything that comes.
    #[track_caller]
    pub(crate) fn read(&mut self, stage: &mut Stage) -> Run {
        let run = self.run(stage).expect(0);
        self.store(&run.stdout);
        stage.note_reading();
        run
    }

    /// Reads, and stores nothing.
    pub(crate) fn run(&self, stage: &Stage) -> Run {
        let arguments = self.arguments(stage);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        stage.criteo(&arguments)
    }

    /// Stores records and states, in the order in which they come.
    pub(crate) fn store(&mut self, output: &str) {
        for line in output.lines() {
            let line: Line<'_> = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("Not a message: {error}: {line}"));
            if let Some(record) = line.record {
                self.store_record(&record);
            }
            if let Some(state) = line.state {
                let name = state["stream"]["stream_descriptor"]["name"]
                    .as_str()
                    .unwrap();
                let state = state["stream"]["stream_state"].clone();
                self.states.insert(name.to_owned(), state);
            }
        }
    }

    /// The newest record of a key is the current one; a deleted one is none.
    fn store_record(&mut self, record: &Record<'_>) {
        let data: Value = serde_json::from_str(record.data.get()).unwrap();
        let key: Vec<&Value> = self
            .key(&record.stream)
            .iter()
            .map(|name| &data[name])
            .collect();
        let key = json!(key).to_string();
        let rows = self.rows.entry(record.stream.clone()).or_default();
        if let Some(present) = rows.get(&key) {
            let present: Value = serde_json::from_str(present).unwrap();
            let (old, new) = (
                present[READ_AT].as_str().unwrap(),
                data[READ_AT].as_str().unwrap(),
            );
            if old > new {
                return;
            }
        }
        if data[DELETED_AT].is_null() {
            rows.insert(key, record.data.get().to_owned());
        } else {
            rows.remove(&key);
        }
    }

    /// The primary key of a stream.
    pub(crate) fn key(&self, stream: &str) -> Vec<String> {
        let path = &self.offered(stream)["source_defined_primary_key"];
        let names = path.as_array().unwrap().iter();
        names
            .map(|name| name[0].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn offered(&self, stream: &str) -> &Value {
        let mut streams = self.catalog["streams"].as_array().unwrap().iter();
        streams.find(|offered| offered["name"] == *stream).unwrap()
    }

    /// Fails unless what is stored is the truth.
    #[track_caller]
    pub(crate) fn assert_equals_truth(&self, stage: &Stage) {
        let differences = self.differences(stage);
        assert!(
            differences.is_empty(),
            "What the platform has differs from the truth:\n{}",
            differences.join("\n")
        );
    }

    /// In what it differs.
    pub(crate) fn differences(&self, stage: &Stage) -> Vec<String> {
        let file = self.database(stage);
        let target = DuckDbTarget::at(&file);
        let tables = target.tables().unwrap();
        stage.differences_in(&*tables)
    }

    /// The current records as tables.
    fn database(&self, stage: &Stage) -> PathBuf {
        let file = stage.folder().join("platform.duckdb");
        let _ = std::fs::remove_file(&file);
        let connection = Connection::open(&file).unwrap();
        for stream in self.wanted(stage) {
            let lines = stage.folder().join(format!("{stream}.jsonl"));
            let rows = self.rows.get(&stream).cloned().unwrap_or_default();
            let more = more_columns(rows.values());
            std::fs::write(&lines, rows.into_values().collect::<Vec<_>>().join("\n")).unwrap();
            let offered = self.offered(&stream);
            let from = |types: &str| {
                format!(
                    "read_json('{}', format = 'newline_delimited', columns = {{{types}}})",
                    lines.display()
                )
            };
            create_table(&connection, &stream, &offered["json_schema"], &more, from);
        }
        file
    }

    pub(crate) fn write(&self, stage: &Stage, name: &str, value: &Value) -> String {
        std::fs::write(stage.folder().join(name), value.to_string()).unwrap();
        name.to_owned()
    }
}

/// The configuration of a stage as a platform has it.
pub(crate) fn configuration(stage: &Stage) -> Value {
    let settings = &stage.settings;
    let mut streams = serde_json::Map::new();
    for (name, section) in &settings.streams {
        if let Some(metrics) = &section.metrics {
            streams.insert(name.clone(), json!({ "metrics": metrics }));
        }
    }
    let sync = serde_json::to_value(&settings.sync).unwrap();
    json!({
        "credentials": {
            "client_id": criteo_sandbox::DEMO_CLIENT_ID,
            "client_secret": criteo_sandbox::DEMO_CLIENT_SECRET,
        },
        "criteo": serde_json::to_value(&settings.criteo).unwrap(),
        "sync": sync,
        "streams": streams,
        "reports": serde_json::to_value(&settings.reports).unwrap(),
        "keys_folder": stage.folder().join("keys"),
    })
}

/// The names in `_criteo_more` of any row.
pub(crate) fn more_columns<'row>(rows: impl Iterator<Item = &'row String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for row in rows {
        let row: Value = serde_json::from_str(row).unwrap();
        if let Some(more) = row["_criteo_more"].as_str() {
            let more: BTreeMap<String, Value> = serde_json::from_str(more).unwrap();
            names.extend(more.into_keys());
        }
    }
    names
}

/// Makes the table of a stream with the types and comments that the connector's own table has. `from` gives a SQL source
/// whose columns have the types that it is told.
pub(crate) fn create_table(
    connection: &Connection,
    stream: &str,
    schema: &Value,
    more: &BTreeSet<String>,
    from: impl Fn(&str) -> String,
) {
    let properties = schema["properties"].as_object().unwrap();
    let deleted_at = ["_sdc_deleted_at", DELETED_AT]
        .into_iter()
        .find(|name| properties.contains_key(*name))
        .unwrap();
    let names: Vec<&String> = properties.keys().collect();
    let types: Vec<String> = names
        .iter()
        .map(|name| {
            // A list or an object comes as text, and is made JSON of below.
            let sql_type = sql_type(stream, name).replace("JSON", "VARCHAR");
            format!("\"{name}\": '{sql_type}'")
        })
        .collect();
    let own = names
        .iter()
        .filter(|name| !ADDED.contains(&name.as_str()))
        .map(|name| {
            format!(
                "CAST(\"{name}\" AS {0}) AS \"{name}\"",
                sql_type(stream, name)
            )
        });
    let more_values = more
        .iter()
        .map(|name| format!("json_extract_string(_criteo_more, '$.\"{name}\"') AS \"{name}\""));
    let columns: Vec<String> = own.chain(more_values).collect();
    let mut script = format!(
        "CREATE TABLE \"{stream}\" AS SELECT {} FROM {} WHERE {deleted_at} IS NULL;",
        columns.join(", "),
        from(&types.join(", "))
    );
    let quoted = |text: &str| text.replace('\'', "''");
    script.push_str(&format!(
        "COMMENT ON TABLE \"{stream}\" IS '{}';",
        quoted(schema["description"].as_str().unwrap())
    ));
    for (name, property) in properties {
        if !ADDED.contains(&name.as_str()) {
            let description = property["description"].as_str().unwrap();
            script.push_str(&format!(
                "COMMENT ON COLUMN \"{stream}\".\"{name}\" IS '{}';",
                quoted(description)
            ));
        }
    }
    for name in more {
        script.push_str(&format!(
            "COMMENT ON COLUMN \"{stream}\".\"{name}\" IS 'found';"
        ));
    }
    connection.execute_batch(&script).unwrap();
}

/// The type that a column of the connector's own table has.
fn sql_type(stream: &str, column: &str) -> &'static str {
    let catalog = Catalog::builtin();
    let stream = catalog
        .stream(stream)
        .or_else(|| catalog.stream("statistics"))
        .unwrap();
    let field = stream.fields.iter().find(|field| field.column == column);
    match field.map(|field| field.field_type) {
        None | Some(FieldType::Text) => "VARCHAR",
        Some(FieldType::Integer) => "BIGINT",
        Some(FieldType::Money) => "DECIMAL(38,9)",
        Some(FieldType::Float) => "DOUBLE",
        Some(FieldType::Boolean) => "BOOLEAN",
        Some(FieldType::Date) => "DATE",
        Some(FieldType::Timestamp | FieldType::TimestampUtc) => "TIMESTAMP",
        Some(FieldType::Json) => "JSON",
    }
}

/// The folder in which a file of the repository lies.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}
