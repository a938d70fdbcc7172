//! What `criteo singer` prints: put together as a target does it, it is the truth after every run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use criteo_sandbox::Scenario;
use duckdb::Connection;
use jiff::civil::date;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::host::{configuration, create_table, more_columns};
use crate::support::target::{DuckDbTarget, Target};
use crate::support::{Run, Settings, Stage, restated, small_world};

const ARGUMENTS: [&str; 7] = [
    "singer",
    "--config",
    "config.json",
    "--catalog",
    "catalog.json",
    "--state",
    "state.json",
];

pub(super) const DELETED_AT: &str = "_sdc_deleted_at";

/// A target of one connection.
pub(super) struct SingerHost {
    pub(super) config: Value,
    pub(super) catalog: Value,
    pub(super) state: Value,
    schemas: BTreeMap<String, (Value, Vec<String>)>,
    /// Current records of each stream by key: the version they came with, and their JSON.
    rows: BTreeMap<String, BTreeMap<String, (i64, String)>>,
}

#[derive(Deserialize)]
struct Line<'line> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    stream: String,
    #[serde(default)]
    version: i64,
    #[serde(borrow, default)]
    record: Option<&'line RawValue>,
    #[serde(default)]
    schema: Value,
    #[serde(default)]
    key_properties: Vec<String>,
    #[serde(default)]
    value: Value,
}

impl SingerHost {
    /// A connection that has read nothing, whose catalog selects the streams that the stage expects.
    pub(super) fn new(stage: &Stage) -> SingerHost {
        let mut host = SingerHost {
            config: configuration(stage),
            catalog: Value::Null,
            state: json!({}),
            schemas: BTreeMap::new(),
            rows: BTreeMap::new(),
        };
        host.write(stage, "config.json", &host.config);
        let run = stage
            .criteo(&["singer", "--config", "config.json", "--discover"])
            .expect(0);
        host.catalog = run.json();
        host.select(&stage.expectation().streams);
        host
    }

    /// Selects these streams and no others.
    pub(super) fn select(&mut self, names: &[String]) {
        for stream in self.catalog["streams"].as_array_mut().unwrap() {
            let is_selected = names.iter().any(|name| stream["tap_stream_id"] == **name);
            stream["metadata"][0]["metadata"]["selected"] = is_selected.into();
        }
    }

    pub(super) fn write(&self, stage: &Stage, name: &str, value: &Value) {
        std::fs::write(stage.folder().join(name), value.to_string()).unwrap();
    }

    /// Writes all files that a run is given.
    fn write_all(&self, stage: &Stage) {
        self.write(stage, "config.json", &self.config);
        self.write(stage, "catalog.json", &self.catalog);
        self.write(stage, "state.json", &self.state);
    }

    /// The tap, to pipe its output into something.
    pub(super) fn tap(&self, stage: &Stage) -> Child {
        self.write_all(stage);
        stage
            .command()
            .args(ARGUMENTS)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn run(&self, stage: &Stage) -> Run {
        self.write_all(stage);
        stage.criteo(&ARGUMENTS)
    }

    #[track_caller]
    fn read(&mut self, stage: &mut Stage) -> Run {
        let run = self.run(stage).expect(0);
        self.store(&run.stdout);
        stage.note_reading();
        run
    }

    /// Stores what messages say, in the order in which they come.
    pub(super) fn store(&mut self, output: &str) {
        for text in output.lines() {
            let line: Line<'_> = serde_json::from_str(text)
                .unwrap_or_else(|error| panic!("Not a message: {error}: {text}"));
            match line.kind.as_str() {
                "SCHEMA" => {
                    self.schemas
                        .insert(line.stream, (line.schema, line.key_properties));
                }
                "RECORD" => self.store_record(&line),
                "ACTIVATE_VERSION" => {
                    let rows = self.rows.entry(line.stream).or_default();
                    rows.retain(|_, (version, _)| *version == line.version);
                }
                "STATE" => self.state = line.value,
                other => panic!("a message of type {other}"),
            }
        }
    }

    fn store_record(&mut self, line: &Line<'_>) {
        let (schema, key) = self
            .schemas
            .get(&line.stream)
            .expect("a schema comes first");
        let text = line.record.unwrap().get();
        let record: Value = serde_json::from_str(text).unwrap();
        let known = schema["properties"].as_object().unwrap();
        assert!(
            record
                .as_object()
                .unwrap()
                .keys()
                .all(|name| known.contains_key(name)),
            "{text}"
        );
        let key: Vec<&Value> = key.iter().map(|name| &record[name]).collect();
        assert!(key.iter().all(|value| !value.is_null()), "{text}");
        let key = json!(key).to_string();
        let rows = self.rows.entry(line.stream.clone()).or_default();
        if record[DELETED_AT].is_null() {
            rows.insert(key, (line.version, text.to_owned()));
        } else {
            rows.remove(&key);
        }
    }

    /// What the catalog says of a stream.
    pub(super) fn offered(&self, stream: &str) -> &Value {
        let mut streams = self.catalog["streams"].as_array().unwrap().iter();
        streams
            .find(|offered| offered["tap_stream_id"] == *stream)
            .unwrap()
    }

    pub(super) fn schema(&self, stream: &str) -> Value {
        self.offered(stream)["schema"].clone()
    }

    #[track_caller]
    pub(super) fn assert_equals_truth(&self, stage: &Stage) {
        let differences = self.differences(stage);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }

    fn differences(&self, stage: &Stage) -> Vec<String> {
        let file = stage.folder().join("singer.duckdb");
        let _ = std::fs::remove_file(&file);
        let connection = Connection::open(&file).unwrap();
        for stream in stage.expectation().streams {
            let lines: PathBuf = stage.folder().join(format!("{stream}.jsonl"));
            let rows: Vec<String> = self
                .rows
                .get(&stream)
                .into_iter()
                .flat_map(BTreeMap::values)
                .map(|(_, text)| text.clone())
                .collect();
            let more = more_columns(rows.iter());
            std::fs::write(&lines, rows.join("\n")).unwrap();
            let from = |types: &str| {
                format!(
                    "read_json('{}', format = 'newline_delimited', columns = {{{types}}})",
                    lines.display()
                )
            };
            create_table(&connection, &stream, &self.schema(&stream), &more, from);
        }
        drop(connection);
        let target = DuckDbTarget::at(&file);
        stage.differences_in(&*target.tables().unwrap())
    }
}

/// A stage in which rows of a report, transactions and ads vanish.
pub(super) fn restated_stage() -> Stage {
    restated::stage(&["statistics", "transactions", "campaigns", "ads"])
}

#[test]
fn every_stream_equals_the_truth_and_restated_ones_do_again() {
    let settings = Settings::new(date(2026, 3, 10)).with_every_stream();
    let mut stage = Stage::open("2026-04-05T09:30:00Z", Scenario::default(), settings);
    let mut host = SingerHost::new(&stage);
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
    stage.advance_days(12);
    assert!(
        !host.differences(&stage).is_empty(),
        "the truth did not change"
    );
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
}

#[test]
fn rows_that_vanish_are_deleted_and_full_tables_replaced() {
    let mut stage = restated_stage();
    let mut host = SingerHost::new(&stage);
    let first = host.read(&mut stage);
    host.assert_equals_truth(&stage);
    stage.advance_days(10);
    let second = host.read(&mut stage);
    host.assert_equals_truth(&stage);
    let activated = |run: &Run, stream: &str| {
        run.stdout
            .lines()
            .filter(|line| {
                line.contains("ACTIVATE_VERSION") && line.contains(&format!("\"{stream}\""))
            })
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["version"]
                    .as_i64()
                    .unwrap()
            })
            .collect::<Vec<_>>()
    };
    // An incremental table is begun once; a full one is activated every time, when it is whole.
    assert_eq!(activated(&first, "statistics").len(), 1);
    assert!(activated(&second, "statistics").is_empty(), "{second}");
    let [before] = activated(&first, "ads")[..] else {
        panic!("{first}")
    };
    let [after] = activated(&second, "ads")[..] else {
        panic!("{second}")
    };
    assert!(before < after);
}

#[test]
fn what_is_not_selected_is_not_printed_and_its_state_is_kept() {
    let mut stage = small_world::stage();
    let mut host = SingerHost::new(&stage);
    host.read(&mut stage);
    let all = host.state["bookmarks"].clone();
    host.select(&["statistics".to_owned()]);
    let mut streams = host.catalog["streams"].as_array_mut().unwrap().iter_mut();
    let statistics = streams
        .find(|stream| stream["stream"] == "statistics")
        .unwrap();
    for entry in statistics["metadata"].as_array_mut().unwrap() {
        if entry["breadcrumb"][1] == "displays" || entry["breadcrumb"][1] == "day" {
            entry["metadata"]["selected"] = false.into();
        }
    }
    host.rows.clear();
    stage.advance_days(1);
    let run = host.read(&mut stage);
    assert_eq!(host.rows.keys().collect::<Vec<_>>(), ["statistics"]);
    let mut records = run
        .stdout
        .lines()
        .filter(|line| line.contains("\"RECORD\""));
    assert!(records.all(|line| !line.contains("\"displays\"")), "{run}");
    assert!(
        run.stdout.contains("\"day\":"),
        "the key cannot be left out"
    );
    for (stream, state) in all.as_object().unwrap() {
        if stream != "statistics" {
            assert_eq!(host.state["bookmarks"][stream], *state, "{stream}");
        }
    }
}

#[test]
fn wherever_a_target_dies_the_next_runs_end_in_the_truth() {
    let mut chance = fastrand::Rng::with_seed(11);
    let mut stage = restated_stage();
    let mut host = SingerHost::new(&stage);
    for days in [0, 10, 1, 15] {
        stage.advance_days(days);
        let run = host.run(&stage).expect(0);
        let lines: Vec<&str> = run.stdout.lines().collect();
        host.store(&lines[..chance.usize(0..lines.len())].join("\n"));
    }
    host.read(&mut stage);
    let differences = host.differences(&stage);
    assert!(
        differences.is_empty(),
        "seed 11:\n{}",
        differences.join("\n")
    );
}

#[test]
fn input_that_is_wrong_is_refused() {
    let mut stage = small_world::stage();
    let mut host = SingerHost::new(&stage);
    host.read(&mut stage);
    let refused = |file: &str, text: &str, words: &[&str]| {
        host.write_all(&stage);
        std::fs::write(stage.folder().join(file), text).unwrap();
        let run = stage.criteo(&ARGUMENTS).expect(2);
        assert_eq!(run.stdout, "", "{run}");
        for word in words {
            assert!(run.stderr.contains(word), "{word:?} is not in: {run}");
        }
    };
    let change = |value: &Value, pointer: &str, to: Value| {
        let mut value = value.clone();
        *value.pointer_mut(pointer).unwrap() = to;
        value.to_string()
    };
    let mut catalog = host.catalog.clone();
    let place = catalog["streams"].as_array().unwrap().iter();
    let place = place
        .clone()
        .position(|stream| stream["stream"] == "statistics")
        .unwrap();
    let at = |path: &str| format!("/streams/{place}/{path}");
    refused(
        "catalog.json",
        &change(&catalog, &at("tap_stream_id"), json!("statistic")),
        &["did you mean 'statistics'?"],
    );
    catalog.pointer_mut(&at("schema/properties")).unwrap()["cliks"] = json!({});
    refused(
        "catalog.json",
        &catalog.to_string(),
        &["'cliks'", "no such field"],
    );
    let log_based = change(
        &host.catalog,
        &at("metadata/0/metadata/replication-method"),
        json!("LOG_BASED"),
    );
    refused("catalog.json", &log_based, &["LOG_BASED"]);
    let newer = change(&host.state, "/bookmarks/statistics/version", json!(7));
    refused("state.json", &newer, &["version 7"]);
    let half = host.state.to_string();
    refused(
        "state.json",
        &half[..half.len() / 2],
        &["state.json is not JSON", "nothing is lost"],
    );
    refused("state.json", "{\"cursor\": 1}", &["it has no bookmarks"]);
    let unknown = change(&host.config, "/criteo/currency", json!(5));
    refused("config.json", &unknown, &["currency"]);
    stage.advance_days(2);
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
}
