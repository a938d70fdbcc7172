//! What `criteo airbyte read` prints: after every sync, what a platform has stored is the truth.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use criteo_sandbox::{FaultKind, FaultRule, Scenario};
use jiff::civil::date;
use serde_json::Value;

use super::host::{DELETED_AT, Host, Line};
use crate::support::{Run, Settings, Stage, restated, small_world};

/// Rows of it vanish when days are restated.
fn restated_stage() -> Stage {
    restated::stage(&["statistics", "transactions", "ads"])
}

fn lines(run: &Run) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap();
    run.stdout.lines().map(parse).collect()
}

fn statuses(run: &Run, stream: &str) -> Vec<String> {
    lines(run)
        .iter()
        .map(|line| &line["trace"]["stream_status"])
        .filter(|status| status["stream_descriptor"]["name"] == *stream)
        .map(|status| status["status"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_stream_equals_the_truth_and_a_second_read_changes_nothing() {
    let settings = Settings::new(date(2026, 3, 10)).with_every_stream();
    let mut stage = Stage::open("2026-04-05T09:30:00Z", Scenario::default(), settings);
    let mut host = Host::new(&stage);
    let run = host.read(&mut stage);
    host.assert_equals_truth(&stage);
    every_message_is_in_order(&host, &run);
    for stream in host.wanted(&stage) {
        assert!(!host.rows[&stream].is_empty(), "{stream} is empty");
        assert_eq!(statuses(&run, &stream), ["STARTED", "RUNNING", "COMPLETE"]);
    }
    let again = host.read(&mut stage);
    host.assert_equals_truth(&stage);
    every_message_is_in_order(&host, &again);
    // The comparison is worth nothing if it passes over a lost row.
    for rows in host.rows.values_mut() {
        rows.pop_first();
    }
    assert_eq!(
        host.differences(&stage)
            .iter()
            .filter(|line| line.contains("1 rows of the truth are not"))
            .count(),
        host.rows.len()
    );
}

/// Keys are whole and unique, and each state says how many records came since the one before.
#[track_caller]
fn every_message_is_in_order(host: &Host, run: &Run) {
    let mut since_state: BTreeMap<String, u64> = BTreeMap::new();
    let mut keys = std::collections::BTreeSet::new();
    for text in run.stdout.lines() {
        let line: Line<'_> = serde_json::from_str(text).unwrap();
        match line.kind.as_str() {
            "RECORD" => {
                let record = line.record.unwrap();
                assert!(record.emitted_at > 1_600_000_000_000, "{text}");
                let data: Value = serde_json::from_str(record.data.get()).unwrap();
                let names = host.key(&record.stream);
                let key: Vec<&Value> = names.iter().map(|name| &data[name]).collect();
                assert!(key.iter().all(|value| !value.is_null()), "{text}");
                let is_new = keys.insert(format!("{} {}", record.stream, serde_json::json!(key)));
                assert!(is_new, "twice: {text}");
                *since_state.entry(record.stream).or_default() += 1;
            }
            "STATE" => {
                let state = line.state.unwrap();
                let name = state["stream"]["stream_descriptor"]["name"]
                    .as_str()
                    .unwrap();
                let counted = since_state.insert(name.to_owned(), 0).unwrap_or_default();
                assert_eq!(state["sourceStats"]["recordCount"], counted, "{text}");
            }
            "TRACE" => assert!(line.trace.unwrap()["emitted_at"].is_number()),
            "LOG" => assert!(line.log.unwrap()["message"].is_string()),
            other => panic!("a message of type {other}"),
        }
    }
    assert!(
        since_state.values().all(|records| *records == 0),
        "{since_state:?}"
    );
}

#[test]
fn restated_days_are_replaced_and_vanished_rows_deleted() {
    let mut stage = restated_stage();
    let mut host = Host::new(&stage);
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
    for days in [10, 25] {
        stage.advance_days(days);
        assert!(
            !host.differences(&stage).is_empty(),
            "the truth did not change"
        );
        let run = host.read(&mut stage);
        host.assert_equals_truth(&stage);
        every_message_is_in_order(&host, &run);
        for stream in ["fine", "transactions", "ads"] {
            let deleted = lines(&run)
                .iter()
                .filter(|line| line["record"]["stream"] == stream)
                .filter(|line| line["record"]["data"][DELETED_AT].is_string())
                .count();
            assert!(deleted > 0, "no row of {stream} vanished in {days} days");
        }
    }
}

/// The rest of the documentation's sentence: without a folder for keys, rows that vanish stay.
#[test]
fn without_keys_nothing_but_vanished_rows_is_wrong() {
    let mut stage = restated_stage();
    let mut host = Host::new(&stage);
    host.config.as_object_mut().unwrap().remove("keys_folder");
    host.read(&mut stage);
    stage.advance_days(10);
    host.read(&mut stage);
    let differences = host.differences(&stage);
    assert!(!differences.is_empty(), "no row vanished");
    for line in &differences {
        let is_surplus =
            line.contains(": 0 rows of the truth are not") || line.contains("surplus row");
        assert!(is_surplus, "{line}");
    }
}

/// A platform that dies has stored a part of what was printed, and perhaps records behind the last state it kept.
#[test]
fn wherever_the_platform_dies_the_next_reads_end_in_the_truth() {
    let mut chance = fastrand::Rng::with_seed(26);
    for round in 0..4 {
        let mut stage = restated_stage();
        let mut host = Host::new(&stage);
        for days in [0, 10, 1, 15] {
            stage.advance_days(days);
            let run = host.run(&stage).expect(0);
            let lines: Vec<&str> = run.stdout.lines().collect();
            let (stored, kept) = (chance.usize(0..lines.len()), chance.usize(0..lines.len()));
            let before = host.states.clone();
            host.store(&lines[..stored.max(kept)].join("\n"));
            // Records were stored up to one point, and states up to another one before it.
            host.states = before;
            let states = lines[..stored.min(kept)]
                .iter()
                .filter(|line| line.contains("\"type\":\"STATE\""));
            host.store(&states.copied().collect::<Vec<_>>().join("\n"));
        }
        host.read(&mut stage);
        let differences = host.differences(&stage);
        assert!(
            differences.is_empty(),
            "round {round}, seed 26:\n{}",
            differences.join("\n")
        );
    }
}

#[test]
fn columns_that_are_not_selected_are_neither_asked_for_nor_printed() {
    let mut stage = small_world::stage();
    let mut host = Host::new(&stage);
    host.streams = Some(vec!["statistics".to_owned(), "campaigns".to_owned()]);
    let whole = host.catalog.clone();
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for stream in host.catalog["streams"].as_array_mut().unwrap() {
        let key = stream["source_defined_primary_key"].to_string();
        let stream_name = stream["name"].clone();
        let properties = stream["json_schema"]["properties"].as_object_mut().unwrap();
        for name in properties.keys().cloned().collect::<Vec<_>>() {
            let is_needed = key.contains(&format!("\"{name}\""))
                || name.starts_with("_ab_cdc")
                || name == "clicks";
            if !is_needed {
                properties.remove(&name);
            }
        }
        if stream_name == "statistics" {
            kept = properties.keys().cloned().collect();
        } else if stream_name == "campaigns" {
            dropped = properties.keys().cloned().collect();
        }
    }
    host.read(&mut stage);
    for (stream, columns) in [("statistics", &kept), ("campaigns", &dropped)] {
        for row in host.rows[stream].values() {
            let row: BTreeMap<String, Value> = serde_json::from_str(row).unwrap();
            assert_eq!(row.into_keys().collect::<Vec<_>>(), **columns, "{stream}");
        }
    }
    let asked: Vec<Value> = stage
        .sandbox
        .calls()
        .into_iter()
        .filter(|call| call.path.contains("statistics"))
        .filter_map(|call| call.body)
        .collect();
    assert!(!asked.is_empty());
    for body in asked {
        assert_eq!(body["metrics"], serde_json::json!(["Clicks"]));
    }
    // Selected after all: days that were delivered without it are delivered again.
    host.catalog = whole;
    host.read(&mut stage);
    let with_metrics = host.rows["statistics"].values();
    assert!(with_metrics.clone().count() > 0);
    for row in with_metrics {
        assert!(row.contains("\"displays\":"), "{row}");
    }
}

/// Which is no failure: it is what the catalog asks for.
#[test]
fn a_catalog_without_streams_is_answered_with_a_word() {
    let mut stage = small_world::stage();
    let mut host = Host::new(&stage);
    host.streams = Some(Vec::new());
    let calls = stage.sandbox.calls().len();
    let run = host.read(&mut stage);
    let [only]: [Value; 1] = lines(&run).try_into().unwrap();
    assert_eq!(only["type"], "LOG", "{run}");
    assert_eq!(only["log"]["level"], "WARN", "{run}");
    let message = only["log"]["message"].as_str().unwrap();
    assert!(message.contains("selects no stream"), "{message}");
    assert_eq!(stage.sandbox.calls().len(), calls, "Criteo was asked");
}

#[test]
fn a_full_refresh_reads_everything_whatever_was_stored() {
    let mut stage = small_world::stage();
    let mut host = Host::new(&stage);
    host.sync_mode = "full_refresh";
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
    let first = host.rows.clone();
    host.rows.clear();
    host.read(&mut stage);
    assert_eq!(
        host.rows.keys().collect::<Vec<_>>(),
        first.keys().collect::<Vec<_>>()
    );
    host.assert_equals_truth(&stage);
}

/// What an attempt has delivered is not delivered again by the next one, however long ago that was.
#[test]
fn a_full_refresh_that_was_cut_off_goes_on() {
    let mut stage = small_world::stage();
    let mut host = Host::new(&stage);
    host.sync_mode = "full_refresh";
    let run = host.run(&stage).expect(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    // Up to the last state but three, so that some streams are whole and others are not.
    let states: Vec<usize> = (0..lines.len())
        .filter(|place| lines[*place].contains("\"type\":\"STATE\""))
        .collect();
    let cut = states[states.len() - 4];
    host.store(&lines[..=cut].join("\n"));
    let delivered: usize = host.rows.values().map(BTreeMap::len).sum();
    let rest = host.read(&mut stage);
    host.assert_equals_truth(&stage);
    let again = rest
        .stdout
        .lines()
        .filter(|line| line.contains("\"type\":\"RECORD\""))
        .count();
    let all = lines
        .iter()
        .filter(|line| line.contains("\"type\":\"RECORD\""))
        .count();
    let behind_the_state = all - delivered;
    assert!(again < all, "{again} of {all} records came again");
    assert!(again >= behind_the_state, "{again} of {behind_the_state}");
}

#[test]
fn a_closed_pipe_ends_the_run_and_loses_nothing() {
    let mut stage = restated_stage();
    let mut host = Host::new(&stage);
    let mut child = stage
        .command()
        .args(host.arguments(&stage))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut taken = String::new();
    {
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        for _ in 0..200 {
            reader.read_line(&mut taken).unwrap();
        }
    }
    let mut complaint = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut complaint)
        .unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("standard output"), "{complaint}");
    host.store(&taken);
    stage.advance_days(3);
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
}

/// The first signal lets what is on its way arrive, states what was delivered, and says what is incomplete.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_with_states() {
    let mut stage = restated_stage();
    let slow = FaultRule {
        milliseconds: Some(400),
        ..FaultRule::new(FaultKind::Latency)
    };
    stage.sandbox.add_fault(slow.on_path("statistics")).unwrap();
    let mut host = Host::new(&stage);
    let mut child = stage
        .command()
        .args(host.arguments(&stage))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut output = String::new();
    while !output.contains("\"type\":\"STATE\"") {
        reader.read_line(&mut output).unwrap();
    }
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .unwrap();
    assert!(sent.success());
    reader.read_to_string(&mut output).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(output.contains("\"INCOMPLETE\""), "{output}");
    assert!(output.contains("transient_error"), "{output}");
    host.store(&output);
    stage.sandbox.clear_faults();
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
}

/// One window that cannot be read leaves its stream incomplete, and the others are whole.
#[test]
fn a_window_that_cannot_be_read_is_told_of() {
    let mut stage = small_world::stage();
    let host = Host::new(&stage);
    let broken = FaultRule {
        status: Some(403),
        ..FaultRule::new(FaultKind::Status)
    };
    stage
        .sandbox
        .add_fault(broken.on_path("placements"))
        .unwrap();
    let run = host.run(&stage).expect(3);
    assert_eq!(statuses(&run, "placements").last().unwrap(), "INCOMPLETE");
    assert_eq!(statuses(&run, "campaigns").last().unwrap(), "COMPLETE");
    let errors: Vec<Value> = lines(&run)
        .into_iter()
        .filter(|line| line["trace"]["type"] == "ERROR")
        .collect();
    let named =
        |error: &&Value| error["trace"]["error"]["stream_descriptor"]["name"] == "placements";
    assert!(errors.iter().any(|error| named(&error)), "{errors:#?}");
    stage.sandbox.clear_faults();
    let mut host = host;
    host.store(&run.stdout);
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
}
