//! Targets and tools of the Singer world run the command as a tap.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use duckdb::Connection;
use serde_json::{Value, json};

use super::host::{create_table, repository};
use super::singer::{DELETED_AT, SingerHost, restated_stage};
use crate::python;
use crate::skipped::skipped;
use crate::support::target::postgres::{server, shared_server};
use crate::support::target::{DuckDbTarget, PostgresTarget, Target};
use crate::support::{Settings, Stage, small_world};
use jiff::civil::date;

const TARGET_POSTGRES: &str = "meltanolabs-target-postgres==0.8.1\n";
const PLATFORM_PASSWORD: &str = "of a target";
/// Some of what it needs has no wheels.
const SINGER_TOOLS: &str =
    "--no-binary singer-tools,singer-python,strict-rfc3339,terminaltables\nsinger-tools==0.4.1\n";
const MELTANO: &str = "meltano==4.4.1\n";

/// The folder with the programs of an environment.
pub(super) fn programs(name: &str, requirements: &str, what: &str) -> Option<PathBuf> {
    match python::environment(name, requirements) {
        Ok(python) => python.parent().map(Path::to_owned),
        Err(reason) => {
            skipped(what, &reason);
            None
        }
    }
}

/// A program that finds the tap in the stage's folder, and the sandbox in Criteo's place.
fn program(stage: &Stage, program: &Path) -> Command {
    let tap = stage.folder().join("tap-criteo");
    if !tap.exists() {
        #[cfg(unix)]
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_criteo"), &tap).unwrap();
    }
    let as_usual = stage.command();
    let mut command = Command::new(program);
    command.current_dir(stage.folder()).env_clear();
    for (name, value) in as_usual.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let path = std::env::var("PATH").unwrap();
    let programs = program.parent().unwrap();
    let path = format!("{}:{}:{path}", stage.folder().display(), programs.display());
    command
        .env("PATH", path)
        .env("HOME", stage.folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_COLOR", "1");
    command
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let text = format!(
        "{}\n--- stderr\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{text}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Pipes the tap into a target and returns the last state that the target printed.
#[track_caller]
pub(super) fn pipe(stage: &Stage, host: &SingerHost, target: &Path, config: &Value) -> Value {
    host.write(stage, "target.json", config);
    let mut tap = host.tap(stage);
    let output = program(stage, target)
        .args(["--config", "target.json"])
        .stdin(tap.stdout.take().unwrap())
        .output()
        .unwrap();
    let states = succeeded(&output);
    assert!(tap.wait().unwrap().success());
    serde_json::from_str(states.lines().next_back().unwrap()).unwrap()
}

/// What a target has stored in PostgreSQL, as tables like those of the connector, against the truth.
#[track_caller]
fn assert_equals_truth(stage: &Stage, host: &SingerHost, stored: &PostgresTarget) {
    let file = stage.folder().join("compared.duckdb");
    let _ = std::fs::remove_file(&file);
    let connection = Connection::open(&file).unwrap();
    for stream in stage.expectation().streams {
        let lines = stage.folder().join(format!("{stream}.jsonl"));
        let mut text = String::new();
        let question = format!("SELECT CAST(row_to_json(it) AS TEXT) FROM {stream} it");
        stored.tables().unwrap().ask(&question, &mut |row| {
            text.push_str(row[0].as_deref().unwrap());
            text.push('\n');
        });
        std::fs::write(&lines, text).unwrap();
        let from = |types: &str| {
            format!(
                "read_json('{}', format = 'newline_delimited', columns = {{{types}}})",
                lines.display()
            )
        };
        create_table(
            &connection,
            &stream,
            &host.schema(&stream),
            &BTreeSet::new(),
            from,
        );
    }
    drop(connection);
    let target = DuckDbTarget::at(&file);
    let differences = stage.differences_in(&*target.tables().unwrap());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A schema of PostgreSQL, and how targets reach it.
fn postgres(stage: &Stage) -> Option<(PostgresTarget, Value)> {
    let server = shared_server()?;
    let port = server.port();
    let target = PostgresTarget::new(Arc::clone(&server), stage.folder());
    let schema = target.section()["schema"].as_str().unwrap().to_owned();
    // Targets stage rows in temporary tables, which the connector's own user may not make. Other tests grant the same at
    // the same time, and PostgreSQL refuses two changes of one database's rights at once: it is locked for each.
    let user = format!("platform_of_{schema}");
    server.admin(&format!(
        "BEGIN; SELECT pg_advisory_xact_lock(1); CREATE ROLE {user} LOGIN PASSWORD '{PLATFORM_PASSWORD}'; \
         GRANT ALL ON SCHEMA {schema} TO {user}; GRANT CONNECT, TEMPORARY ON DATABASE {} TO {user}; COMMIT",
        server::DATABASE
    ));
    let config = json!({
        "host": "127.0.0.1",
        "port": port,
        "user": user,
        "password": PLATFORM_PASSWORD,
        "database": server::DATABASE,
        "default_target_schema": schema,
        "hard_delete": true,
    });
    Some((target, config))
}

#[test]
fn target_postgres_stores_the_truth_and_deletes_what_vanishes() {
    let what = "target-postgres was not run";
    let Some(programs) = programs("target-postgres", TARGET_POSTGRES, what) else {
        return;
    };
    let mut stage = restated_stage();
    let Some((stored, config)) = postgres(&stage) else {
        return;
    };
    let mut host = SingerHost::new(&stage);
    for days in [0, 10] {
        stage.advance_days(days);
        host.state = pipe(&stage, &host, &programs.join("target-postgres"), &config);
        stage.note_reading();
        assert_equals_truth(&stage, &host, &stored);
    }
    let count = |condition: &str| {
        let question = format!("SELECT count(*) FROM {condition}");
        stored.tables().unwrap().number(&question)
    };
    assert!(
        count(&format!("fine WHERE {DELETED_AT} IS NOT NULL")) > 0,
        "no row vanished"
    );
    // Of a full table only the version that was activated last is left.
    assert_eq!(
        count("(SELECT DISTINCT _sdc_table_version FROM ads) versions"),
        1
    );
}

#[test]
fn singer_check_tap_finds_nothing_wrong() {
    let what = "singer-check-tap was not run";
    let Some(programs) = programs("singer-tools", SINGER_TOOLS, what) else {
        return;
    };
    let stage = small_world::stage();
    let host = SingerHost::new(&stage);
    let mut tap = host.tap(&stage);
    // It can run a tap by itself as well, but does not wait until it has read all of its output.
    let output = program(&stage, &programs.join("singer-check-tap"))
        .stdin(tap.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(tap.wait().unwrap().success());
    let said = succeeded(&output);
    assert!(said.contains("The output is valid"), "{said}");
    for stream in stage.expectation().streams {
        assert!(said.contains(&stream), "{stream} is not in: {said}");
    }
}

/// `deploy/meltano/meltano.yml` as it stands, in a project of its own.
#[test]
fn meltano_runs_the_tap_as_its_plugin_says() {
    let Some(meltano) = programs("meltano", MELTANO, "deploy/meltano was not run by Meltano")
    else {
        return;
    };
    let what = "Meltano had no target";
    let Some(target) = programs("target-postgres", TARGET_POSTGRES, what) else {
        return;
    };
    // The streams that are on by default, as the project selects them.
    let mut stage = small_world::stage_with(Settings::new(date(2026, 11, 20)));
    let Some((stored, config)) = postgres(&stage) else {
        return;
    };
    let host = SingerHost::new(&stage);
    let project = std::fs::read_to_string(repository("deploy/meltano/meltano.yml")).unwrap();
    std::fs::write(stage.folder().join("meltano.yml"), project).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(
        target.join("target-postgres"),
        stage.folder().join("target-postgres"),
    )
    .unwrap();
    let loader: Vec<(String, String)> = config
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (format!("TARGET_POSTGRES_{}", key.to_uppercase()), text)
        })
        .collect();
    for days in [0, 1] {
        stage.advance_days(days);
        let output = program(&stage, &meltano.join("meltano"))
            .args(["run", "tap-criteo", "target-postgres"])
            .envs(loader.clone())
            .envs([
                ("MELTANO_SEND_ANONYMOUS_USAGE_STATS", "false"),
                (
                    "TAP_CRITEO_CREDENTIALS_CLIENT_ID",
                    criteo_sandbox::DEMO_CLIENT_ID,
                ),
                (
                    "TAP_CRITEO_CREDENTIALS_CLIENT_SECRET",
                    criteo_sandbox::DEMO_CLIENT_SECRET,
                ),
                ("TAP_CRITEO_SYNC_START_DATE", "2026-11-20"),
            ])
            .output()
            .unwrap();
        succeeded(&output);
        stage.note_reading();
    }
    assert_equals_truth(&stage, &host, &stored);
}
