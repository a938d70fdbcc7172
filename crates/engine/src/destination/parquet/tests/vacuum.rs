//! What is removed, and above all what is not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::faulty::{Fault, Faults, faulty_lake};
use super::readers::finished_run;
use super::superseding::files_below;
use super::{assert_holds, lake_in, prepared, subject, window};
use crate::destination::conformance::fixture::{Row, january};
use crate::destination::parquet::ParquetLake;
use crate::destination::{Destination, DestinationError, VacuumOptions, VacuumReport};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn now(dry_run: bool) -> VacuumOptions {
    VacuumOptions {
        older_than: Duration::ZERO,
        dry_run,
    }
}

/// What a vacuum says it removed, below the folder of the lake.
fn removed(folder: &Path, report: &VacuumReport) -> BTreeSet<PathBuf> {
    let lake = folder.join("lake");
    report
        .removed
        .iter()
        .map(|file| lake.join(&file.path))
        .collect()
}

pub(super) fn make_old(file: &Path) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_modified(SystemTime::now() - 2 * WEEK).unwrap();
}

#[tokio::test]
async fn what_was_superseded_goes_when_it_is_old_enough() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let days = january(1, 2);
    let both: Vec<Row> = days
        .iter()
        .flat_map(|day| ["1", "2"].map(|id| Row::of_day(id, day, "old", 1)))
        .collect();
    let load = table.window(folder.path(), Some(days), &["1", "2"], &both);
    lake.load_window(&load).await.unwrap();
    let data = folder.path().join("lake/data");
    let first = files_below(&data);
    let (newer, new_rows) = window(folder.path(), &table, 1, "1", &["new"]);
    lake.load_window(&newer).await.unwrap();
    lake.record_run(&finished_run()).await.unwrap();
    let mut rows: Vec<Row> = both[1..].to_vec();
    rows.extend(new_rows);
    let entries = lake.windows("conformance").await.unwrap();

    let week = VacuumOptions {
        older_than: WEEK,
        dry_run: false,
    };
    let report = lake.vacuum(&week).await.unwrap();
    assert_eq!(report.removed, [], "a reader may still have it");
    assert_eq!(report.too_young, 1);

    let announced = lake.vacuum(&now(true)).await.unwrap();
    // The copy of the ledger's six tables that the views named before that vacuum wrote them anew.
    assert_eq!(announced.too_young, 6);
    let superseded: BTreeSet<PathBuf> = first.into_iter().take(1).collect();
    assert_eq!(removed(folder.path(), &announced), superseded);
    assert!(
        superseded.iter().all(|file| file.exists()),
        "only announced"
    );
    let report = lake.vacuum(&now(false)).await.unwrap();
    assert_eq!(report.removed, announced.removed);
    assert!(report.removed[0].bytes > 0);
    assert!(superseded.iter().all(|file| !file.exists()));
    assert_holds(folder.path(), &table, &rows, &entries).await;

    let again = lake_in(folder.path()).vacuum(&now(false)).await.unwrap();
    assert_eq!(again.removed, []);
}

/// A writer died between its files and its commit. What it left is removed a day later, and not before: another
/// writer's files look the same until they are committed.
#[tokio::test]
async fn what_a_dead_writer_left_goes_after_a_day() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let lake = faulty_lake(folder.path(), &faults);
    let table = prepared(&lake).await;
    let (live, rows) = window(folder.path(), &table, 1, "1", &["live"]);
    lake.load_window(&live).await.unwrap();
    let data = folder.path().join("lake/data");
    let live_files = files_below(&data);
    for word in ["_criteo/log"; 3] {
        faults.add(word, Fault::Refused);
    }
    let (dead, _) = window(folder.path(), &table, 2, "1", &["dead"]);
    lake.load_window(&dead).await.unwrap_err();
    let orphans: BTreeSet<PathBuf> = files_below(&data)
        .difference(&live_files)
        .cloned()
        .collect();
    assert_eq!(orphans.len(), 1);
    // Files that were being written: the store does not list such names.
    let orphan = orphans.first().unwrap().strip_prefix(&data).unwrap();
    let mut name = orphan.to_owned().into_os_string();
    name.push("#1");
    let staged = [
        data.join(&name),
        folder.path().join("lake/history").join(&name),
        folder
            .path()
            .join("lake/_criteo/log/00000000000000000009.json#12"),
    ];
    for file in &staged {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, b"half").unwrap();
    }

    let report = lake.vacuum(&now(false)).await.unwrap();
    assert_eq!(report.removed, [], "not even with an age of zero");
    for file in files_below(&data).iter().chain(&staged) {
        // The live ones too: their age is no reason.
        make_old(file);
    }
    let report = lake.vacuum(&now(false)).await.unwrap();
    let mut expected = orphans;
    expected.extend(staged);
    assert_eq!(removed(folder.path(), &report), expected);
    assert_eq!(files_below(&data), live_files);
    assert_holds(folder.path(), &table, &rows, &[live.entry]).await;
}

/// Vacuum runs all the time while another process replaces the same days, with no grace for what was superseded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_file_is_never_removed() {
    let folder = TempDir::new().unwrap();
    let table = prepared(&lake_in(folder.path())).await;
    let writer = lake_in(folder.path());
    let loads: Vec<_> = (0..40)
        .map(|round| window(folder.path(), &table, 1 + round % 3, "1", &["a", "b"]))
        .collect();
    let expected: Vec<Row> = loads[37..]
        .iter()
        .flat_map(|(_, rows)| rows.clone())
        .collect();
    let writing = tokio::spawn(async move {
        for (load, _) in &loads {
            writer.load_window(load).await.unwrap();
        }
    });
    let cleaner = lake_in(folder.path());
    let mut rounds = 0;
    let mut files = 0;
    while !writing.is_finished() {
        files += cleaner.vacuum(&now(false)).await.unwrap().removed.len();
        rounds += 1;
        let lake = lake_in(folder.path());
        // Every file that the log names is there: the query reads them all.
        read_all(&lake).await;
    }
    writing.await.unwrap();
    assert!(
        rounds > 1 && files > 0,
        "{rounds} rounds removed {files} files"
    );
    cleaner.vacuum(&now(false)).await.unwrap();
    let lake = lake_in(folder.path());
    table
        .assert_holds(&subject(folder.path(), &lake), &expected)
        .await;
    assert_eq!(files_below(&folder.path().join("lake/data")).len(), 3);
}

/// Reads every row. What was live when it began may be removed meanwhile, since no age was granted; then it looks
/// again.
async fn read_all(lake: &ParquetLake) {
    for _ in 0..50 {
        match lake.query("SELECT count(*) FROM conformance").await {
            Ok(_) => return,
            Err(error) => assert!(error.to_string().contains("No files found"), "{error}"),
        }
    }
    panic!("a file that the newest commit names is not there");
}

#[tokio::test]
async fn nothing_is_nothing_to_remove() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    assert_eq!(
        lake.vacuum(&now(false)).await.unwrap(),
        VacuumReport::default()
    );
    assert!(!folder.path().join("lake").exists());
}

/// A mistyped address, or a lake that was copied without the folders that begin with an underscore.
#[tokio::test]
async fn a_folder_without_a_log_keeps_everything() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let (load, _) = window(folder.path(), &table, 1, "1", &["a"]);
    lake.load_window(&load).await.unwrap();
    let root = folder.path().join("lake");
    std::fs::remove_dir_all(root.join("_criteo")).unwrap();
    std::fs::write(root.join("data/sales.parquet"), b"theirs").unwrap();
    std::fs::write(root.join("data/half.parquet#1"), b"theirs").unwrap();
    let before = files_below(&root);
    assert_eq!(before.len(), 3);
    before.iter().for_each(|file| make_old(file));
    for dry_run in [true, false] {
        let refusal = lake_in(folder.path())
            .vacuum(&now(dry_run))
            .await
            .unwrap_err();
        assert!(
            matches!(refusal, DestinationError::Unavailable { .. }),
            "{refusal:?}"
        );
        let words = refusal.to_string();
        assert!(words.contains("`destination.url`"), "{words}");
        assert!(words.contains("Nothing was removed"), "{words}");
        assert_eq!(files_below(&root), before);
    }
}

/// Whoever keeps files of their own in the same place keeps them, however old they are and whatever they are called.
#[tokio::test]
async fn files_of_others_beside_a_lake_stay() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let (load, rows) = window(folder.path(), &table, 1, "1", &["a"]);
    lake.load_window(&load).await.unwrap();
    lake.record_run(&finished_run()).await.unwrap();
    let root = folder.path().join("lake");
    let theirs = [
        "data/sales.parquet",
        "data/stream=conformance/part-0.parquet",
        "data/stream=conformance/day=2026-01-01/mine.parquet",
        "data/stream=conformance/day=2026-01-01/mine.parquet#1",
        "history/stream=conformance/mine.parquet",
        "_criteo/changes/stream=conformance/mine.parquet",
        "notes/issue#12",
        "issue#13",
    ]
    .map(|path| root.join(path));
    for file in &theirs {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, b"theirs").unwrap();
        make_old(file);
    }
    // The earlier copy of the ledger's six tables is too young, once there is a later one.
    for too_young in [0, 6] {
        let report = lake_in(folder.path()).vacuum(&now(false)).await.unwrap();
        assert_eq!((report.removed, report.too_young), (Vec::new(), too_young));
    }
    assert!(theirs.iter().all(|file| file.exists()));
    assert_holds(folder.path(), &table, &rows, &[load.entry]).await;
}

/// What a vacuum removed and did not live to say, the next one says: otherwise the log would name it for ever.
#[tokio::test]
async fn a_vacuum_that_died_is_finished_by_the_next() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let lake = faulty_lake(folder.path(), &faults);
    let table = prepared(&lake).await;
    for label in ["old", "new"] {
        let (load, _) = window(folder.path(), &table, 1, "1", &[label]);
        lake.load_window(&load).await.unwrap();
    }
    let superseded = async || {
        let fresh = lake_in(folder.path());
        fresh.store.read(|state| state.superseded.len()).await
    };
    assert_eq!(superseded().await.unwrap(), 1);
    for word in ["_criteo/log"; 3] {
        faults.add(word, Fault::Refused);
    }
    lake.vacuum(&now(false)).await.unwrap_err();
    assert!(faults.are_met());
    assert_eq!(
        files_below(&folder.path().join("lake/data")).len(),
        1,
        "removed, and not said"
    );
    assert_eq!(superseded().await.unwrap(), 1);
    let report = lake_in(folder.path()).vacuum(&now(false)).await.unwrap();
    assert_eq!(report.removed, []);
    assert_eq!(superseded().await.unwrap(), 0);
}

/// Vacuum commits, too, so a store that lets one writer overwrite another's commit is refused by it as by any writer.
#[tokio::test]
async fn a_vacuum_tries_the_store_as_any_writer() {
    let folder = TempDir::new().unwrap();
    let table = prepared(&lake_in(folder.path())).await;
    for label in ["old", "new"] {
        let (load, _) = window(folder.path(), &table, 1, "1", &[label]);
        lake_in(folder.path()).load_window(&load).await.unwrap();
    }
    let before = files_below(&folder.path().join("lake/data"));
    let faults = Faults::default();
    let lake = faulty_lake(folder.path(), &faults);
    for _ in 0..2 {
        faults.add("_criteo/probes", Fault::ConditionIgnored);
    }
    let refusal = lake.vacuum(&now(false)).await.unwrap_err();
    assert!(refusal.to_string().contains("If-None-Match"), "{refusal}");
    assert_eq!(files_below(&folder.path().join("lake/data")), before);
}

/// The ledger lets go of a window when another has taken over all of its days and it was read long ago, as a database
/// does.
#[tokio::test]
async fn the_history_of_windows_ends() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let mut entries = Vec::new();
    for label in ["replaced", "current"] {
        let (load, _) = window(folder.path(), &table, 1, "1", &[label]);
        lake.load_window(&load).await.unwrap();
        entries.push(load.entry);
    }
    let ended = async |days: i64| {
        let mut run = finished_run();
        let after = jiff::SignedDuration::from_hours(24 * days);
        run.finished_at = Some(entries[1].read_at + after);
        lake.record_run(&run).await.unwrap();
        let known = lake_in(folder.path());
        let known = known.store.read(|state| {
            let windows = state.windows.keys();
            windows.cloned().collect::<Vec<String>>()
        });
        known.await.unwrap()
    };
    let [replaced, current] = [&entries[0], &entries[1]].map(|entry| entry.window_id.clone());
    assert_eq!(ended(400).await, [replaced, current.clone()]);
    assert_eq!(ended(401).await, [current]);
    assert_eq!(lake.windows("conformance").await.unwrap(), entries[1..]);
}
