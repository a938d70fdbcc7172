//! `criteo vacuum`: what a lake of Parquet files no longer needs goes when it is old enough, and nothing else does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::target::lake::live_files;
use crate::support::{Settings, Stage, TargetKind, small_world};

/// A lake in which a second reading has replaced most files of the first.
fn restated() -> Stage {
    let settings = Settings::new(date(2026, 2, 20))
        .with_only(&["statistics", "campaigns"])
        .into_target(TargetKind::Parquet);
    let scenario = Scenario {
        world: WorldConfig {
            advertisers: 2,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    };
    let mut stage = Stage::open("2026-03-01T09:00:00Z", scenario, settings);
    stage.sync();
    stage.advance_days(2);
    stage.sync();
    stage
}

fn lake(stage: &Stage) -> PathBuf {
    stage.folder().join("lake")
}

/// Every file below the lake, by its path in it.
fn files(stage: &Stage) -> BTreeSet<String> {
    let root = lake(stage);
    let (mut folders, mut found) = (vec![root.clone()], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(&root).unwrap();
                found.insert(below.to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// The files with rows, versions of rows, and changes.
fn data_files(stage: &Stage) -> BTreeSet<String> {
    let folders = ["data/", "history/", "_criteo/changes/"];
    let is_data = |path: &String| folders.iter().any(|folder| path.starts_with(folder));
    files(stage).into_iter().filter(is_data).collect()
}

/// Lets the lake become older by so many days: the instants in its log, and those of its files.
fn let_days_pass(stage: &Stage, days: u32) {
    let root = lake(stage);
    let past = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    for path in files(stage) {
        let file = root.join(&path);
        if path.starts_with("_criteo/log/") {
            let mut commit: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let written: Timestamp = commit["written_at"].as_str().unwrap().parse().unwrap();
            let earlier = written - SignedDuration::try_from(past).unwrap();
            commit["written_at"] = json!(earlier.to_string());
            std::fs::write(&file, serde_json::to_vec(&commit).unwrap()).unwrap();
        }
        make_older(&file, past);
    }
}

fn make_older(file: &Path, past: Duration) {
    let opened = std::fs::File::options().write(true).open(file).unwrap();
    let modified: SystemTime = opened.metadata().unwrap().modified().unwrap();
    opened.set_modified(modified - past).unwrap();
}

/// The files that `vacuum --json` says it removed (or would), and among them those that are copies of the ledger.
fn removed(told: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = told["removed"].as_array().unwrap().iter();
    let paths = all.map(|file| file["path"].as_str().unwrap().to_owned());
    paths.partition(|path| !path.starts_with("_criteo/ledger/"))
}

#[test]
fn superseded_files_go_after_a_week_and_foreign_ones_never() {
    let mut stage = restated();
    let root = lake(&stage);
    let live = live_files(&root);
    let superseded: BTreeSet<String> = data_files(&stage).difference(&live).cloned().collect();
    assert!(
        superseded.len() > 5 && live.len() > 5,
        "{superseded:?} {live:?}"
    );
    let folder = "data/stream=statistics/day=2026-02-20";
    let foreign = ["README", "data/sales.parquet", "notes/old.parquet"].map(str::to_owned);
    let foreign: Vec<String> = foreign
        .into_iter()
        .chain([
            format!("{folder}/mine.parquet"),
            format!("{folder}/part-0.parquet#1"),
        ])
        .collect();
    for path in &foreign {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, b"theirs").unwrap();
    }
    let vacuum = |arguments: &[&str]| {
        let all = [&["vacuum", "--json"], arguments].concat();
        stage.criteo(&all).expect(0).json()
    };

    let_days_pass(&stage, 6);
    let before = files(&stage);
    let told = vacuum(&[]);
    assert_eq!(told["removed"], json!([]), "{told}");
    assert!(told["too_young"].as_u64() >= u64::try_from(superseded.len()).ok());
    assert!(files(&stage).is_superset(&before));
    let words = stage.criteo(&["vacuum"]).expect(0);
    assert!(words.stderr.contains("0 files removed"), "{words}");
    assert!(words.stderr.contains("too young"), "{words}");

    let_days_pass(&stage, 2);
    let announced = vacuum(&["--dry-run"]);
    assert_eq!(announced["dry_run"], true);
    let (rows, ledger) = removed(&announced);
    assert_eq!(rows, superseded);
    assert!(!ledger.is_empty(), "{announced}");
    for folder in ["data/", "history/", "_criteo/changes/"] {
        let is_live = live.iter().any(|path| path.starts_with(folder));
        assert!(is_live, "{folder} {live:?}");
    }
    assert!(
        data_files(&stage).is_superset(&superseded),
        "it was only a question"
    );

    let told = vacuum(&[]);
    assert_eq!(removed(&told).0, superseded, "{told}");
    assert_eq!(told["is_needless"], false);
    let all = told["removed"].as_array().unwrap();
    assert!(
        all.iter().all(|file| file["bytes"].as_u64().unwrap() > 0),
        "{told}"
    );
    let left = files(&stage);
    for path in all {
        assert!(
            !left.contains(path["path"].as_str().unwrap()),
            "{path} is there"
        );
    }
    for path in foreign.iter().chain(&live) {
        assert!(left.contains(path), "{path} is gone");
    }
    assert_eq!(live_files(&root), live);
    stage.assert_equals_truth();

    let again = vacuum(&[]);
    assert_eq!(again["removed"], json!([]), "{again}");
    stage.advance_days(1);
    stage.sync();
    stage.assert_equals_truth();
    // Whoever knows that nobody reads need not wait for a week.
    let words = stage.criteo(&["vacuum", "--older-than", "0s"]).expect(0);
    assert!(words.stdout.contains(".parquet  (superseded)"), "{words}");
    stage.assert_equals_truth();
    let wrong = stage.criteo(&["vacuum", "--older-than", "1w"]).expect(2);
    assert!(wrong.stderr.contains("7d, 12h, 30m or 90s"), "{wrong}");
}

#[test]
fn where_rows_are_replaced_in_place_there_is_nothing_to_remove() {
    for kind in TargetKind::databases() {
        let mut stage = small_world::stage_with(small_world::settings().into_target(kind));
        let early = stage.criteo(&["vacuum"]).expect(0);
        assert!(early.stderr.contains("Nothing to remove: "), "{early}");
        if kind == TargetKind::DuckDb {
            assert!(!stage.database_file().exists(), "looking made a database");
        }
        stage.sync();
        let told = stage.criteo(&["vacuum", "--json"]).expect(0).json();
        assert_eq!(told["is_needless"], true, "{told}");
        assert_eq!(told["removed"], json!([]), "{told}");
        let words = stage.criteo(&["vacuum"]).expect(0);
        assert!(words.stdout.is_empty(), "{words}");
        let name = told["destination"].as_str().unwrap();
        let line =
            format!("Nothing to remove: {name} keeps no files that would have to be cleared away");
        assert!(words.stderr.contains(&line), "{words}");
        stage.assert_equals_truth();
    }
    // A folder of text keeps none either, and an address without a lake is no error.
    let stage = restated();
    for (destination, words) in [
        ("type = \"csv\"\npath = \"files\"", "Nothing to remove: "),
        ("type = \"parquet\"\nurl = \"nowhere\"", "0 files removed"),
    ] {
        let file = stage.folder().join("criteo.toml");
        let mut table: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        let section: toml::Table = destination.parse().unwrap();
        table.insert("destination".to_owned(), section.into());
        std::fs::write(&file, toml::to_string(&table).unwrap()).unwrap();
        let told = stage.criteo(&["vacuum"]).expect(0);
        assert!(told.stderr.contains(words), "{told}");
        assert!(!stage.folder().join("nowhere").exists());
    }
}
