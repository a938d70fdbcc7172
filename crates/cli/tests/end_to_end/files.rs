//! Text files, and rows on standard output: the same rows as in the tables, which are held against the truth.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use duckdb::Connection;
use serde_json::Value;

use crate::support::{Stage, small_world};

const STREAMS: [&str; 6] = [
    "statistics",
    "placements",
    "transactions",
    "transparency",
    "campaigns",
    "by_device",
];

/// A stage whose database holds the truth.
fn loaded_stage() -> Stage {
    let mut stage = small_world::stage();
    stage.sync();
    stage.assert_equals_truth();
    stage
}

/// How a CSV file of ours is read without guessing.
const CSV: &str = "FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR '', \
                   ALLOW_QUOTED_NULLS false, AUTO_DETECT false";

/// Fails unless `files`, read by DuckDB into columns of the table's own types, hold the table's rows and no others.
#[track_caller]
pub(crate) fn assert_same_rows(database: &Path, table: &str, files: &str, format: &str) {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(&format!(
            "ATTACH '{}' AS loaded (READ_ONLY); CREATE TABLE copied AS FROM loaded.{table} LIMIT 0; \
             COPY copied FROM '{files}' ({format})",
            database.display()
        ))
        .unwrap_or_else(|error| panic!("{table}: {error}"));
    let count = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    let there = count(&format!("SELECT count(*) FROM loaded.{table}"));
    assert!(there > 0, "{table} is empty, so this proves nothing");
    for (kind, one, other) in [
        ("missing", format!("loaded.{table}"), "copied".to_owned()),
        ("invented", "copied".to_owned(), format!("loaded.{table}")),
    ] {
        let rows = count(&format!(
            "SELECT count(*) FROM (FROM {one} EXCEPT ALL FROM {other})"
        ));
        assert_eq!(rows, 0, "{rows} of {there} rows of {table} are {kind}");
    }
}

#[test]
fn a_folder_of_csv_holds_the_truth_and_catches_up_with_it() {
    let mut stage = loaded_stage();
    for round in 0..2 {
        stage
            .criteo(&["sync", "--output", "files", "--json"])
            .expect(0);
        for stream in STREAMS {
            let file = stage.folder().join("files").join(format!("{stream}.csv"));
            let files = if file.exists() {
                file
            } else {
                stage.folder().join("files").join(stream).join("*.csv")
            };
            let files = files.to_str().unwrap();
            assert_same_rows(&stage.database_file(), stream, files, CSV);
        }
        if round == 0 {
            // Days are restated, and one begins.
            stage.advance_days(1);
            stage.sync();
            stage.assert_equals_truth();
        }
    }
    // Days that were read once when they were over are final now, and only the ledger in the folder knows which.
    stage.settings.sync.lookback = Some(vec!["1d every run".to_owned()]);
    stage.write_configuration();
    let calls = stage.sandbox.calls().len();
    let again = stage.criteo(&["sync", "--output", "files"]).expect(0);
    assert!(again.stderr.contains("Loaded"), "{again}");
    let reports = stage.sandbox.calls()[calls..]
        .iter()
        .filter(|call| call.operation == Some("GetPlacementsReport"))
        .count();
    assert_eq!(reports, 0, "the ledger in the folder was not believed");
}

#[test]
fn a_stream_can_be_piped_as_csv() {
    let stage = loaded_stage();
    for stream in STREAMS {
        let run = stage
            .criteo(&["sync", "-s", stream, "--output", "-"])
            .expect(0);
        let file = stage.folder().join(format!("{stream}.csv"));
        std::fs::write(&file, &run.stdout).unwrap();
        assert_same_rows(&stage.database_file(), stream, file.to_str().unwrap(), CSV);
        assert!(run.stderr.contains("Loaded "), "{run}");
    }
}

#[test]
fn several_streams_can_be_piped_as_json_lines() {
    let stage = loaded_stage();
    let mut arguments = vec!["sync", "--output", "-", "--format", "jsonl", "--quiet"];
    for stream in STREAMS {
        arguments.extend(["--stream", stream]);
    }
    let run = stage.criteo(&arguments).expect(0);
    assert_eq!(run.stderr, "");
    for stream in STREAMS {
        let mut lines = String::new();
        for line in run.stdout.lines() {
            let mut row: Value = serde_json::from_str(line).unwrap();
            if row["stream"] == stream {
                row.as_object_mut().unwrap().remove("stream");
                lines.push_str(&format!("{row}\n"));
            }
        }
        let file = stage.folder().join(format!("{stream}.jsonl"));
        std::fs::write(&file, lines).unwrap();
        let format = "FORMAT json, ARRAY false";
        assert_same_rows(
            &stage.database_file(),
            stream,
            file.to_str().unwrap(),
            format,
        );
    }
}

#[test]
fn only_the_selected_days_are_printed_and_nothing_is_remembered() {
    let stage = small_world::stage();
    let arguments = [
        "sync",
        "-s",
        "statistics",
        "--from",
        "2026-11-21",
        "--to",
        "2026-11-21",
        "--output",
        "-",
    ];
    let first = stage.criteo(&arguments).expect(0);
    let second = stage.criteo(&arguments).expect(0);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert!(first.stdout.lines().count() > 1, "{first}");
    assert_eq!(sorted(&first.stdout), sorted(&second.stdout));
    // Names have commas in them, which a split would take for the end of a value.
    for line in first.stdout.lines().skip(1) {
        assert!(line.contains(",2026-11-21,"), "{line}");
    }
    // The user's state folder, which the test has here, remembers when the key was accepted, whatever was asked.
    let left: Vec<_> = std::fs::read_dir(stage.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name != "state")
        .collect();
    assert_eq!(left, ["criteo.toml"], "a look must leave no files behind");
}

/// A header holds for everything below it, and events would stand among the rows.
#[test]
fn what_could_not_be_told_apart_is_refused() {
    let stage = small_world::stage();
    let run = stage.criteo(&["sync", "--output", "-"]).expect(2);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("takes one stream"), "{run}");
    assert!(run.stderr.contains("--stream"), "{run}");
    let run = stage
        .criteo(&["sync", "-s", "statistics", "--output", "-", "--json"])
        .expect(2);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("--format jsonl"), "{run}");
    assert_eq!(
        stage.sandbox.calls().len(),
        0,
        "nobody had to be asked for that"
    );
}

/// `criteo sync --output - | head` ends well, and quietly.
#[test]
fn a_reader_that_has_seen_enough_ends_the_run() {
    let stage = small_world::stage();
    let mut child = stage
        .command()
        .args(["sync", "-s", "placements", "--output", "-", "--quiet"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut header = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut header)
        .unwrap();
    assert!(header.starts_with("advertiser_id,"), "{header}");
    let ended = child.wait_with_output().unwrap();
    let words = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), words.as_str()), (Some(0), ""));
}

#[test]
fn the_configuration_can_name_files() {
    let stage = small_world::stage();
    let file = stage.folder().join("criteo.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace("type = \"duckdb\"", "type = \"jsonl\"")
        .replace("criteo.duckdb", "lines");
    std::fs::write(&file, text).unwrap();
    stage.criteo(&["check"]).expect(0);
    stage.criteo(&["sync"]).expect(0);
    let campaigns = std::fs::read_to_string(stage.folder().join("lines/campaigns.jsonl")).unwrap();
    assert_eq!(campaigns.lines().count(), 2);
    let status = stage.criteo(&["status", "--json"]).expect(0).json();
    assert_eq!(status["last_run"]["outcome"], "complete");
    stage.criteo(&["verify", "-s", "statistics"]).expect(0);
}
