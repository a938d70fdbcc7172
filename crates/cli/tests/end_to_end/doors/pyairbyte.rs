//! PyAirbyte runs the command as a source, into the DuckDB file that it keeps, and `pyab validate` judges it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use duckdb::Connection;
use serde_json::Value;

use super::host::{Host, repository};
use super::stored;
use crate::python;
use crate::skipped::skipped;
use crate::support::{Stage, restated, small_world};
use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;

const PYAIRBYTE: &str = "airbyte==0.71.3\n";
/// The file that PyAirbyte keeps, in the stage's folder.
const CACHE: &str = "pyairbyte.duckdb";

fn python() -> Option<PathBuf> {
    match python::environment("airbyte", PYAIRBYTE) {
        Ok(python) => Some(python),
        Err(reason) => {
            skipped("no source was read by PyAirbyte", &reason);
            None
        }
    }
}

/// The command under the name that a platform calls it by.
pub(super) fn executable(stage: &Stage) -> PathBuf {
    let link = stage.folder().join("source-criteo");
    if !link.exists() {
        #[cfg(unix)]
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_criteo"), &link).unwrap();
    }
    link
}

/// A program of the environment, where nothing is reported and nothing asked of anybody else.
pub(super) fn program(stage: &Stage, program: &Path) -> Command {
    let mut command = Command::new(program);
    let as_usual = stage.command();
    command.current_dir(stage.folder()).env_clear();
    for (name, value) in as_usual.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
        .env("HOME", stage.folder())
        .env("DO_NOT_TRACK", "1")
        .env("AIRBYTE_OFFLINE_MODE", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_COLOR", "1");
    command
}

pub(super) fn said(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs the script that uses PyAirbyte as its users do, and returns what it prints.
#[track_caller]
fn pyairbyte(stage: &Stage, python: &Path, host: &Host, action: &str) -> Result<Value, String> {
    let config = host.write(stage, "config.json", &host.config);
    let script = repository("crates/cli/tests/end_to_end/doors/pyairbyte.py");
    let output = program(stage, python)
        .arg(script)
        .arg(action)
        .arg(executable(stage))
        .args([config.as_str(), CACHE])
        .args(host.wanted(stage))
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(said(&output));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text.lines().next_back().unwrap_or_default();
    serde_json::from_str(answer).map_err(|error| format!("{error}: {}", said(&output)))
}

/// What PyAirbyte has stored, against the truth.
#[track_caller]
fn assert_equals_truth(stage: &Stage, host: &Host) {
    let schemas: Vec<(String, Value)> = host
        .wanted(stage)
        .into_iter()
        .map(|stream| {
            let schema = host.offered(&stream)["json_schema"].clone();
            (stream, schema)
        })
        .collect();
    stored::assert_equals_truth(stage, &stage.folder().join(CACHE), &schemas);
}

#[test]
fn pyairbyte_checks_discovers_and_reads_twice() {
    let Some(python) = python() else { return };
    let settings = restated::settings(&[
        "statistics",
        "placements",
        "transactions",
        "campaigns",
        "ads",
    ]);
    let scenario = Scenario {
        world: WorldConfig {
            advertisers: 1,
            campaigns_per_advertiser: 2,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    };
    let mut stage = Stage::open(restated::NOW, scenario, settings);
    let host = Host::new(&stage);
    let first = pyairbyte(&stage, &python, &host, "first").unwrap();
    assert_eq!(
        first["catalog"], host.catalog,
        "the catalog is read as it is"
    );
    stage.note_reading();
    assert_equals_truth(&stage, &host);

    let before = stage.sandbox.calls().len();
    stage.advance_days(10);
    pyairbyte(&stage, &python, &host, "read").unwrap();
    stage.note_reading();
    assert_equals_truth(&stage, &host);
    // The state came back: days that were final are not asked for again.
    let calls = stage.sandbox.calls();
    let first_days: Vec<&String> = calls[before..]
        .iter()
        .filter(|call| call.path.contains("placements"))
        .filter_map(|call| call.start_date.as_ref())
        .collect();
    assert!(!first_days.is_empty());
    assert!(
        first_days.iter().all(|day| day.as_str() >= "2026-02-10"),
        "{first_days:?}"
    );
    let deleted = "SELECT count(*) FROM fine WHERE _ab_cdc_deleted_at IS NOT NULL";
    let cache = Connection::open(stage.folder().join(CACHE)).unwrap();
    let deleted: i64 = cache.query_row(deleted, [], |row| row.get(0)).unwrap();
    assert!(deleted > 0, "no row vanished");
}

#[test]
fn pyairbyte_is_told_what_is_wrong() {
    let Some(python) = python() else { return };
    let stage = small_world::stage();
    let mut host = Host::new(&stage);
    host.config["credentials"]["client_secret"] = "a wrong secret".into();
    let answer = pyairbyte(&stage, &python, &host, "wrong").unwrap();
    let check = answer["check"].as_str().unwrap();
    assert!(
        check.contains("AirbyteConnectorCheckFailedError"),
        "{answer}"
    );
    assert!(check.contains("token: "), "{answer}");
    let read = answer["read"].as_str().unwrap();
    assert!(read.contains("AirbyteConnectorFailedError"), "{answer}");
    assert!(!answer.to_string().contains("a wrong secret"), "{answer}");
}

#[test]
fn pyab_validate_accepts_the_source() {
    let Some(python) = python() else { return };
    let stage = small_world::stage();
    let host = Host::new(&stage);
    let config = host.write(&stage, "config.json", &host.config);
    let output = program(&stage, &python.with_file_name("pyab"))
        .arg("validate")
        .arg(format!("--connector={}", executable(&stage).display()))
        .arg(format!(
            "--config={}",
            stage.folder().join(config).display()
        ))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
