//! Targets of the Singer world that write files: JSON lines, and a DuckDB file.

use std::path::Path;

use duckdb::Connection;
use serde_json::{Value, json};

use super::singer::{DELETED_AT, SingerHost, restated_stage};
use super::singer_targets::{pipe, programs};
use super::stored;
use crate::support::Stage;

/// Some of what it needs has no wheels.
const TARGET_JSONL: &str = "--no-binary singer-python,simplejson\ntarget-jsonl==0.1.4\n";
/// With DuckDB 1.1 or later it takes the first row of a table of nothing but text for a header, with 1.3 or later also
/// where there are instants besides. The guide says so.
const TARGET_DUCKDB: &str = "target-duckdb==0.8.0\nduckdb==1.2.2\n";

/// What lies in the target's folder, as messages of a tap.
fn messages(stage: &Stage, tap: &SingerHost, folder: &Path) -> Vec<String> {
    let mut messages = Vec::new();
    for stream in stage.expectation().streams {
        let offered = tap.offered(&stream);
        let schema = json!({
            "type": "SCHEMA",
            "stream": stream,
            "schema": offered["schema"],
            "key_properties": offered["key_properties"],
        });
        messages.push(schema.to_string());
        let lines = std::fs::read_to_string(folder.join(format!("{stream}.jsonl"))).unwrap();
        let name = json!(stream);
        // As text, so that no digit of what the target wrote is lost on the way.
        let records = lines
            .lines()
            .map(|record| format!("{{\"type\":\"RECORD\",\"stream\":{name},\"record\":{record}}}"));
        messages.extend(records);
    }
    messages
}

/// It appends everything: the last line of each key is the row, and a deletion is a line as well.
#[test]
fn target_jsonl_writes_the_truth_and_what_vanishes() {
    let what = "target-jsonl was not run";
    let Some(programs) = programs("target-jsonl", TARGET_JSONL, what) else {
        return;
    };
    let mut stage = restated_stage();
    let mut tap = SingerHost::new(&stage);
    let config = json!({ "destination_path": "landed", "do_timestamp_file": false });
    for days in [0, 10] {
        stage.advance_days(days);
        tap.state = pipe(&stage, &tap, &programs.join("target-jsonl"), &config);
        stage.note_reading();
        let mut reader = SingerHost::new(&stage);
        let messages = messages(&stage, &tap, &stage.folder().join("landed"));
        reader.store(&messages.join("\n"));
        reader.assert_equals_truth(&stage);
        if days > 0 {
            let deletion = |line: &&String| {
                let line: Value = serde_json::from_str(line).unwrap();
                line["stream"] == "fine" && line["record"][DELETED_AT].is_string()
            };
            let deletions = messages.iter().filter(deletion).count();
            assert!(deletions > 0, "no row vanished");
        }
    }
}

#[test]
fn target_duckdb_stores_the_truth_and_deletes_what_vanishes() {
    let what = "target-duckdb was not run";
    let Some(programs) = programs("target-duckdb", TARGET_DUCKDB, what) else {
        return;
    };
    let mut stage = restated_stage();
    let mut tap = SingerHost::new(&stage);
    let [file, before] = ["stored.duckdb", "before.duckdb"].map(|name| stage.folder().join(name));
    let config = json!({ "path": file, "default_target_schema": "main", "hard_delete": true });
    let schemas: Vec<(String, Value)> = stage
        .expectation()
        .streams
        .into_iter()
        .map(|stream| (stream.clone(), tap.offered(&stream)["schema"].clone()))
        .collect();
    for days in [0, 10] {
        stage.advance_days(days);
        if days > 0 {
            std::fs::copy(&file, &before).unwrap();
        }
        tap.state = pipe(&stage, &tap, &programs.join("target-duckdb"), &config);
        stage.note_reading();
        stored::assert_equals_truth(&stage, &file, &schemas);
    }
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch(&format!("ATTACH '{}' AS earlier", before.display()))
        .unwrap();
    for stream in ["fine", "ads"] {
        let key: Vec<String> =
            serde_json::from_value(tap.offered(stream)["key_properties"].clone()).unwrap();
        let vanished = format!(
            "SELECT count(*) FROM earlier.main.{stream} ANTI JOIN {stream} USING ({})",
            key.join(", ")
        );
        let vanished: i64 = connection
            .query_row(&vanished, [], |row| row.get(0))
            .unwrap();
        assert!(vanished > 0, "no row of {stream} vanished");
    }
    // The comparison is worth nothing if it passes over a lost row.
    connection
        .execute_batch("DELETE FROM fine WHERE rowid = (SELECT min(rowid) FROM fine)")
        .unwrap();
    drop(connection);
    let differences = stored::differences(&stage, &file, &schemas);
    let lost = differences
        .iter()
        .filter(|line| line.contains("1 rows of the truth are not"));
    assert_eq!(lost.count(), 1, "{differences:#?}");
}
