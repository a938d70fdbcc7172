//! Readers while somebody writes.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use tempfile::TempDir;

use super::superseding::files_below;
use super::{lake_in, prepared, window};
use crate::destination::conformance::fixture::{Row, january};
use crate::destination::duckdb::InMemory;
use crate::destination::{Destination, VacuumOptions};
use crate::event::Outcome;
use crate::ledger::RunEntry;

/// A run that has ended, after which the views are written.
pub(super) fn finished_run() -> RunEntry {
    RunEntry {
        run_id: uuid::Uuid::now_v7().to_string(),
        continues_run_id: None,
        started_at: Timestamp::UNIX_EPOCH,
        selection: "{}".to_owned(),
        finished_at: Some(Timestamp::UNIX_EPOCH),
        outcome: Some(Outcome::Complete),
        calls: 1,
        bytes: 1,
        waited_milliseconds: 0,
        rows: 1,
        version: "1.2.3".to_owned(),
        not_granted: Some(vec!["3".to_owned()]),
    }
}

/// The number of rows of each label, from the lake itself (which reads the log) and from the view.
async fn labels(folder: &Path, from_view: bool) -> BTreeMap<String, u64> {
    let sql = "SELECT label, count(*) FROM conformance GROUP BY label";
    let answer = if from_view {
        let script = std::fs::read_to_string(folder.join("lake/views/latest.sql")).unwrap();
        let database = InMemory::open().unwrap();
        database.execute(&script).unwrap();
        database.query(sql).unwrap()
    } else {
        lake_in(folder).query(sql).await.unwrap()
    };
    answer
        .rows
        .into_iter()
        .map(|row| {
            let count = row[1].as_ref().unwrap().parse().unwrap();
            (row[0].clone().unwrap(), count)
        })
        .collect()
}

/// Each window replaces all days at once and says its number on each row; a mixture would be half a window.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn readers_see_whole_windows_while_others_load() {
    const ROWS: u64 = 12;
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let days = january(1, 4);
    let load = |number: usize| {
        let label = format!("window {number}");
        let rows: Vec<Row> = days
            .iter()
            .flat_map(|day| ["1", "2", "3"].map(|id| Row::of_day(id, day, &label, 1)))
            .collect();
        table.window(folder.path(), Some(days), &["1", "2", "3"], &rows)
    };
    lake.load_window(&load(0)).await.unwrap();
    lake.record_run(&finished_run()).await.unwrap();
    let loads: Vec<_> = (1..=25).map(load).collect();
    let writing = tokio::spawn(async move {
        for (number, load) in loads.iter().enumerate() {
            lake.load_window(load).await.unwrap();
            if number % 5 == 0 {
                lake.record_run(&finished_run()).await.unwrap();
            }
        }
        lake.record_run(&finished_run()).await.unwrap();
    });
    let mut seen = BTreeMap::new();
    while !writing.is_finished() {
        for from_view in [false, true] {
            let labels = labels(folder.path(), from_view).await;
            assert_eq!(labels.len(), 1, "rows of several windows: {labels:?}");
            assert_eq!(labels.values().next(), Some(&ROWS), "{labels:?}");
            seen.extend(labels);
        }
    }
    writing.await.unwrap();
    assert!(seen.len() > 1, "the readers saw no change: {seen:?}");
    let last = BTreeMap::from([("window 25".to_owned(), ROWS)]);
    for from_view in [false, true] {
        assert_eq!(labels(folder.path(), from_view).await, last);
    }
}

/// The files of a query are replaced and removed before it reads them: it answers from what replaced them. Where nothing
/// did, the lake lost a file.
#[tokio::test]
async fn a_query_whose_files_were_removed_looks_again() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let (load, _) = window(folder.path(), &table, 1, "1", &["old"]);
    lake.load_window(&load).await.unwrap();
    let (nearby, state) = lake.store.snapshot().await.unwrap().unwrap();
    let other = lake_in(folder.path());
    let (load, _) = window(folder.path(), &table, 1, "1", &["new"]);
    other.load_window(&load).await.unwrap();
    let all = VacuumOptions {
        older_than: std::time::Duration::ZERO,
        dry_run: false,
    };
    let report = other.vacuum(&all).await.unwrap();
    assert_eq!(report.removed.len(), 1);
    let sql = "SELECT label FROM conformance";
    let answer = lake.store.answer(&nearby, &state, sql).await.unwrap();
    assert_eq!(answer.rows, [[Some("new".to_owned())]]);

    for file in files_below(&folder.path().join("lake/data")) {
        std::fs::remove_file(file).unwrap();
    }
    let error = lake.query(sql).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

/// The view has every column and table, also those without rows, and the ledger.
#[tokio::test]
async fn the_view_of_an_empty_table_has_its_columns() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    prepared(&lake).await;
    lake.record_run(&finished_run()).await.unwrap();
    let script = std::fs::read_to_string(folder.path().join("lake/views/latest.sql")).unwrap();
    let database = InMemory::open().unwrap();
    database.execute(&script).unwrap();
    let answer = database.query("SELECT * FROM conformance").unwrap();
    assert_eq!(
        answer.columns,
        ["advertiser_id", "day", "label", "clicks", "cost"]
    );
    assert_eq!(answer.rows.len(), 0);
    let types = database
        .query("SELECT typeof(day), typeof(cost) FROM (SELECT 1) LEFT JOIN conformance ON true")
        .unwrap();
    assert_eq!(
        types.rows,
        [[Some("DATE".to_owned()), Some("DECIMAL(38,9)".to_owned())].to_vec()]
    );
    let runs = database
        .query("SELECT outcome, calls FROM _criteo_runs")
        .unwrap();
    let expected = [Some("complete".to_owned()), Some("1".to_owned())].to_vec();
    assert_eq!(runs.rows, std::slice::from_ref(&expected));
    // Through the destination the ledger reads the same.
    let runs = lake
        .query("SELECT outcome, calls FROM _criteo_runs")
        .await
        .unwrap();
    assert_eq!(runs.rows, [expected]);
}
