//! Several writers of one lake.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::faulty::{Faults, faulty_lake};
use super::superseding::files_below;
use super::{assert_holds, lake_in, prepared, subject, window};
use crate::destination::Destination;
use crate::destination::conformance::fixture::{Row, Table, january};

/// Each destination stands for a process: it knows nothing of what the others do but through the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_that_race_all_land_once() {
    let folder = TempDir::new().unwrap();
    let table = prepared(&lake_in(folder.path())).await;
    let mut tasks = Vec::new();
    let mut expected: Vec<Row> = Vec::new();
    for writer in ["1", "2", "3", "4"] {
        let lake = lake_in(folder.path());
        let windows: Vec<_> = (1..=10)
            .map(|day| window(folder.path(), &table, day, writer, &["a", "b"]))
            .collect();
        expected.extend(windows.iter().flat_map(|(_, rows)| rows.clone()));
        tasks.push(tokio::spawn(async move {
            for (load, _) in &windows {
                lake.load_window(load).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let lake = lake_in(folder.path());
    table
        .assert_holds(&subject(folder.path(), &lake), &expected)
        .await;
    let windows = lake.windows("conformance").await.unwrap();
    assert_eq!(windows.len(), 40);
}

/// Two writers replace the same days of the same advertisers, again and again: whoever commits last is seen, whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_for_the_same_days_never_mixes_two_windows() {
    let folder = TempDir::new().unwrap();
    let table = prepared(&lake_in(folder.path())).await;
    let days = january(1, 3);
    let mut tasks = Vec::new();
    for writer in ["left", "right"] {
        let lake = lake_in(folder.path());
        let loads: Vec<_> = (0..12)
            .map(|_| {
                let rows: Vec<Row> = days
                    .iter()
                    .flat_map(|day| ["1", "2"].map(|id| Row::of_day(id, day, writer, 1)))
                    .collect();
                table.window(folder.path(), Some(days), &["1", "2"], &rows)
            })
            .collect();
        tasks.push(tokio::spawn(async move {
            for load in &loads {
                lake.load_window(load).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let lake = lake_in(folder.path());
    let rows = table.rows(&subject(folder.path(), &lake)).await;
    assert_eq!(rows.len(), 6);
    let labels: std::collections::BTreeSet<_> = rows.iter().map(|row| row[2].clone()).collect();
    assert_eq!(labels.len(), 1, "{rows:?}");
}

/// Two processes load the same window, as after a lost answer: one of them finds that nothing is left to do.
#[tokio::test]
async fn the_same_window_from_two_writers_lands_once() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (lake_in(folder.path()), lake_in(folder.path()));
    let table = prepared(&first).await;
    // Both have opened the lake before either loads.
    second.windows("conformance").await.unwrap();
    let (load, rows) = window(folder.path(), &table, 1, "1", &["a"]);
    first.load_window(&load).await.unwrap();
    second.load_window(&load).await.unwrap();
    assert_holds(folder.path(), &table, &rows, &[load.entry]).await;
}

#[tokio::test]
async fn a_lake_is_the_same_from_its_log_and_from_a_checkpoint() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let mut expected = Vec::new();
    // More commits than a checkpoint needs.
    for day in 1..=28 {
        for advertiser in ["1", "2", "3"] {
            let (load, rows) = window(folder.path(), &table, day, advertiser, &["a"]);
            lake.load_window(&load).await.unwrap();
            expected.extend(rows);
        }
    }
    let checkpoints = folder.path().join("lake/_criteo/checkpoints");
    let written: Vec<_> = std::fs::read_dir(&checkpoints).unwrap().collect();
    assert_eq!(written.len(), 1);
    let entries = lake_in(folder.path()).windows("conformance").await.unwrap();
    assert_eq!(entries.len(), 84);
    assert_holds(folder.path(), &table, &expected, &entries).await;
    // A checkpoint that cannot be read costs time and nothing else.
    let file = written[0].as_ref().unwrap().path();
    std::fs::write(&file, b"not a checkpoint").unwrap();
    assert_holds(folder.path(), &table, &expected, &entries).await;
    std::fs::remove_dir_all(checkpoints).unwrap();
    assert_holds(folder.path(), &table, &expected, &entries).await;
}

/// A lake from before there were versions, recorded changes and dropped days is read, from its log and from a checkpoint, and
/// gone on with.
#[tokio::test]
async fn a_lake_of_the_first_layout_is_read_and_loaded_into() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let mut expected = Vec::new();
    // More commits than a checkpoint needs.
    for day in 1..=22 {
        for advertiser in ["1", "2", "3"] {
            let (load, rows) = window(folder.path(), &table, day, advertiser, &["a"]);
            lake.load_window(&load).await.unwrap();
            expected.extend(rows);
        }
    }
    let mut entries = lake.windows("conformance").await.unwrap();
    assert_eq!(entries.len(), 66);
    drop(lake);
    let own = folder.path().join("lake/_criteo");
    write_as_the_first_layout(&own);

    let checkpoints = own.join("checkpoints");
    let aside = folder.path().join("aside");
    std::fs::rename(&checkpoints, &aside).unwrap();
    assert_holds(folder.path(), &table, &expected, &entries).await;
    std::fs::rename(&aside, &checkpoints).unwrap();
    // Without the commits before it, only the checkpoint can tell of them.
    for version in 1..=64 {
        std::fs::remove_file(own.join(format!("log/{version:020}.json"))).unwrap();
    }
    assert_holds(folder.path(), &table, &expected, &entries).await;

    let lake = lake_in(folder.path());
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    let kept = lake.keep_versions(&table.schema, &table.stream, Some("day"), true);
    kept.await.unwrap();
    let (load, rows) = window(folder.path(), &table, 23, "1", &["a"]);
    lake.load_window(&load).await.unwrap();
    expected.extend(rows);
    entries.push(load.entry);
    assert_holds(folder.path(), &table, &expected, &entries).await;
    let versions = lake.count_rows("conformance_history").await.unwrap();
    assert_eq!(versions, Some(67));
}

/// Rewrites log and checkpoints as the first layout had them, which knew nothing of what the second added.
fn write_as_the_first_layout(own: &Path) {
    let as_first = |document: &[u8]| {
        let mut document: serde_json::Value = serde_json::from_slice(document).unwrap();
        assert_eq!(document["format"], 2);
        document["format"] = 1.into();
        document
    };
    for file in files_below(&own.join("log")) {
        let commit = as_first(&std::fs::read(&file).unwrap());
        std::fs::write(&file, commit.to_string()).unwrap();
    }
    let checkpoints = files_below(&own.join("checkpoints"));
    assert_eq!(checkpoints.len(), 1);
    for file in checkpoints {
        let mut text = Vec::new();
        let mut packed = GzDecoder::new(File::open(&file).unwrap());
        packed.read_to_end(&mut text).unwrap();
        let mut checkpoint = as_first(&text);
        let state = checkpoint["state"].as_object_mut().unwrap();
        for added in ["histories", "changes", "drops"] {
            state.remove(added).unwrap();
        }
        let mut encoder = GzEncoder::new(File::create(&file).unwrap(), Compression::fast());
        encoder
            .write_all(checkpoint.to_string().as_bytes())
            .unwrap();
        encoder.finish().unwrap();
    }
}

#[tokio::test]
async fn a_gap_in_the_log_and_a_newer_layout_are_said() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    for day in 1..=3 {
        let (load, _) = window(folder.path(), &table, day, "1", &["a"]);
        lake.load_window(&load).await.unwrap();
    }
    let commit = |version: u64| {
        folder
            .path()
            .join(format!("lake/_criteo/log/{version:020}.json"))
    };
    let third = std::fs::read(commit(3)).unwrap();
    std::fs::remove_file(commit(3)).unwrap();
    let error = lake_in(folder.path())
        .windows("conformance")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("commit 3 is missing"), "{error}");
    std::fs::write(
        commit(3),
        br#"{"format": 99, "version": 3, "what": "ever"}"#,
    )
    .unwrap();
    let error = lake_in(folder.path())
        .windows("conformance")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("newest version"), "{error}");
    std::fs::write(commit(3), &third[..third.len() / 2]).unwrap();
    let error = lake_in(folder.path())
        .windows("conformance")
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("commit 3 cannot be read"),
        "{error}"
    );
    std::fs::write(commit(3), third).unwrap();
    assert_eq!(
        lake_in(folder.path())
            .windows("conformance")
            .await
            .unwrap()
            .len(),
        3
    );
}

/// A folder that is written to while it is listed may leave out one new file and name the next. What is not listed is
/// there all the same.
#[tokio::test]
async fn a_list_that_leaves_out_a_commit_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let mut entries = Vec::new();
    for day in 1..=4 {
        let (load, _) = window(folder.path(), &table, day, "1", &["a"]);
        lake.load_window(&load).await.unwrap();
        entries.push(load.entry);
    }
    let faults = Faults::default().hiding("00000000000000000003.json");
    let reader = faulty_lake(folder.path(), &faults);
    assert_eq!(reader.windows("conformance").await.unwrap(), entries);
}

#[tokio::test]
async fn a_table_that_was_left_stays_and_is_not_taken_again() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let (load, rows) = window(folder.path(), &table, 1, "1", &["a"]);
    lake.load_window(&load).await.unwrap();
    let mut renamed = table.clone();
    renamed.schema.table = "other".to_owned();
    renamed.stream.table = "other".to_owned();
    lake.prepare(&renamed.schema, &renamed.stream)
        .await
        .unwrap();
    assert_eq!(lake.windows("conformance").await.unwrap(), []);
    table
        .assert_holds(&subject(folder.path(), &lake), &rows)
        .await;
    let error = lake
        .prepare(&table.schema, &table.stream)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
    let mut ledger = Table::report();
    ledger.schema.table = "_criteo_mine".to_owned();
    assert!(lake.prepare(&ledger.schema, &ledger.stream).await.is_err());
}
