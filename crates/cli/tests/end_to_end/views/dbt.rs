//! The dbt package, run by dbt: its tests pass, its models show what the views show, and its freshness is that of the
//! ledger. What dbt is run from is made by `scripts/setup-dbt`; where that was not possible these tests say so.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{VIEWS, columns, loaded};
use crate::skipped::skipped;
use crate::support::target::postgres::server;
use crate::support::{Stage, TargetKind};

const PACKAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dbt");

/// dbt with a profile for one database.
struct Dbt {
    program: PathBuf,
    folder: TempDir,
}

impl Dbt {
    /// dbt for the target that the lines describe; none, and a word about it, where dbt is not there.
    fn new(target: &str) -> Option<Dbt> {
        let program = installed()?;
        let folder = TempDir::new().unwrap();
        let mut profile =
            "criteo_connector:\n  target: test\n  outputs:\n    test:\n      threads: 1\n"
                .to_owned();
        for line in target.lines() {
            profile.push_str(&format!("      {line}\n"));
        }
        std::fs::write(folder.path().join("profiles.yml"), profile).unwrap();
        Some(Dbt { program, folder })
    }

    fn of_file(file: &Path) -> Option<Dbt> {
        Dbt::new(&format!(
            "type: duckdb\npath: \"{}\"\nschema: main",
            file.display()
        ))
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let at = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(&self.program);
        command.args(arguments);
        if !arguments.contains(&"--vars") {
            command.args(["--vars", "{criteo_using_ad_report: true}"]);
        }
        command
            .arg("--project-dir")
            .arg(PACKAGE)
            .arg("--profiles-dir")
            .arg(self.folder.path())
            .arg("--target-path")
            .arg(at("target"))
            .arg("--log-path")
            .arg(at("logs"))
            .env("DO_NOT_TRACK", "1")
            .env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// Runs dbt, which has to end with this code. Gives what it said.
    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> String {
        let output = self.output(arguments);
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            output.status.code(),
            Some(code),
            "dbt {arguments:?}\n{words}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        words
    }
}

/// The command, from the environment that the script makes.
fn installed() -> Option<PathBuf> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/setup-dbt");
    let told = Command::new(script).arg("--print-python").output().unwrap();
    let python = PathBuf::from(String::from_utf8(told.stdout).unwrap().trim());
    let folder = python.parent().unwrap();
    if folder.with_file_name("complete").exists() {
        return Some(folder.join("dbt"));
    }
    skipped(
        "the dbt package was not run",
        "scripts/setup-dbt has not made its environment",
    );
    None
}

/// In what the models differ from the views of the other prefix, which are in the same schema.
fn assert_same(stage: &Stage) {
    for model in VIEWS {
        let view = model.replace("criteo_", "v_");
        assert_eq!(columns(stage, model), columns(stage, &view), "{model}");
        let rows = stage.number(&format!("SELECT count(*) FROM {model}"));
        assert!(rows > 3, "{model} has {rows} rows");
        for (left, right) in [(model, view.as_str()), (&view, model)] {
            let only_left = format!(
                "SELECT count(*) FROM (SELECT * FROM {left} EXCEPT ALL SELECT * FROM {right}) AS d"
            );
            assert_eq!(
                stage.number(&only_left),
                0,
                "rows of {left} that {right} has not"
            );
        }
    }
}

#[test]
fn models_pass_their_tests_and_show_what_views_show_and_stale_data_is_told() {
    let stage = loaded(TargetKind::DuckDb);
    let Some(dbt) = Dbt::of_file(&stage.database_file()) else {
        return;
    };
    stage.criteo(&["views", "--prefix", "v_"]).expect(0);
    let words = dbt.run(&["build"], 0);
    assert!(words.contains("ERROR=0"), "{words}");
    assert_same(&stage);

    // The stage's calendar stands still in February.
    let words = dbt.run(&["source", "freshness"], 1);
    assert!(
        words.contains("ERROR STALE freshness of criteo.statistics"),
        "{words}"
    );
    // Values out of range, and an advertiser whom nobody knows, are found.
    stage
        .target
        .execute("UPDATE statistics SET clicks = -clicks - 1, advertiser_id = 'nobody'");
    let words = dbt.run(&["test", "--select", "criteo_ad_set_daily"], 1);
    for test in [
        "criteo_accepted_range_criteo_ad_set_daily_clicks",
        "relationships_criteo_ad_set_daily_advertiser_id",
    ] {
        let failed = words
            .lines()
            .any(|line| line.contains(" FAIL ") && line.contains(test));
        assert!(failed, "{test} did not fail:\n{words}");
    }
}

#[test]
fn the_package_runs_on_the_demo_whose_data_is_fresh() {
    let folder = TempDir::new().unwrap();
    let Some(dbt) = Dbt::of_file(&folder.path().join("demo/criteo.duckdb")) else {
        return;
    };
    let demo = Command::new(env!("CARGO_BIN_EXE_criteo"))
        .args(["demo", "--quiet"])
        .current_dir(folder.path())
        .env("CRITEO_KEYRING", "off")
        .env_remove("CRITEO_NOW")
        .output()
        .unwrap();
    assert!(
        demo.status.success(),
        "{}",
        String::from_utf8_lossy(&demo.stderr)
    );
    // The demo has no report by ad.
    let vars = ["--vars", "{criteo_using_ad_report: false}"];
    let words = dbt.run(&[&["build"], &vars[..]].concat(), 0);
    assert!(words.contains("ERROR=0"), "{words}");
    let words = dbt.run(&[&["source", "freshness"], &vars[..]].concat(), 0);
    assert!(
        words.contains("PASS freshness of criteo.statistics"),
        "{words}"
    );
}

#[test]
fn models_show_in_postgres_what_views_show() {
    if !TargetKind::all().contains(&TargetKind::Postgres) {
        return;
    }
    let stage = loaded(TargetKind::Postgres);
    let section = stage.target.section();
    let dbt = Dbt::new(&format!(
        "type: postgres\nhost: 127.0.0.1\nport: {}\nuser: {}\npassword: \"{}\"\ndbname: {}\nschema: {}",
        section["port"],
        server::USER,
        server::PASSWORD.replace('\\', "\\\\").replace('"', "\\\""),
        server::DATABASE,
        section["schema"].as_str().unwrap()
    ));
    let Some(dbt) = dbt else { return };
    stage.criteo(&["views", "--prefix", "v_"]).expect(0);
    let words = dbt.run(&["build"], 0);
    assert!(words.contains("ERROR=0"), "{words}");
    assert_same(&stage);
}
