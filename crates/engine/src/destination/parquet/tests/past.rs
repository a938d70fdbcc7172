//! Versions, recorded changes and dropped days: that they are part of the commit, and that their files stay as few and as
//! safe as they have to be. What they have to say, the conformance suite asks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use tempfile::TempDir;

use super::faulty::{Fault, Faults, faulty_lake};
use super::readers::finished_run;
use super::superseding::files_below;
use super::vacuum::make_old;
use super::{lake_in, subject};
use crate::destination::conformance::fixture::{Row, Table, january, rows_of};
use crate::destination::parquet::ParquetLake;
use crate::destination::{
    Destination, DropDays, Observation, ObservedPeriod, VacuumOptions, WindowLoad,
};

pub(super) const ALL_AT_ONCE: VacuumOptions = VacuumOptions {
    older_than: Duration::ZERO,
    dry_run: false,
};

/// The table of a report whose versions are kept.
pub(super) async fn kept(lake: &ParquetLake) -> Table {
    let table = Table::report();
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    let kept = lake.keep_versions(&table.schema, &table.stream, Some("day"), true);
    kept.await.unwrap();
    table
}

/// A window of the first days of January in which each day has one row with so many clicks, and whose changes are observed.
pub(super) fn observed(folder: &Path, table: &Table, clicks: &[i64]) -> WindowLoad {
    let last = i8::try_from(clicks.len()).unwrap();
    let days = january(1, last);
    let rows: Vec<Row> = days
        .iter()
        .zip(clicks)
        .map(|(day, clicks)| Row::of_day("1", day, "row", *clicks))
        .collect();
    let mut load = table.window(folder, Some(days), &["1"], &rows);
    let period = |day| ObservedPeriod {
        first_day: day,
        last_day: day,
        age_days: 3,
        is_young: true,
        is_final: false,
    };
    load.observation = Some(Observation {
        key_columns: vec!["label".to_owned()],
        additive_columns: vec!["clicks".to_owned()],
        periods: days.iter().map(period).collect(),
    });
    load
}

/// The clicks of all rows, of the current and of all versions, and the recorded sums, as another process finds them.
pub(super) async fn state_of(folder: &Path) -> [Vec<Vec<Option<String>>>; 4] {
    let lake = lake_in(folder);
    let subject = subject(folder, &lake);
    let ask = async |sql: &str| rows_of(&subject, sql).await;
    [
        ask("SELECT day, clicks FROM conformance").await,
        ask("SELECT day, clicks FROM conformance_history WHERE valid_to IS NULL").await,
        ask("SELECT day, clicks FROM conformance_history").await,
        ask("SELECT day, metric, old_sum, new_sum FROM _criteo_changes").await,
    ]
}

fn below(folder: &Path, part: &str) -> BTreeSet<PathBuf> {
    files_below(&folder.join("lake").join(part))
}

/// A writer dies between its files and its commit: rows, versions and changes are as before, and what it left goes with a
/// vacuum. The same window, loaded by the next process, changes all of them at once.
#[tokio::test]
async fn what_a_dead_writer_found_out_is_not_half_there() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let dying = faulty_lake(folder.path(), &faults);
    let table = kept(&dying).await;
    let first = observed(folder.path(), &table, &[1, 2]);
    dying.load_window(&first).await.unwrap();
    let before = state_of(folder.path()).await;
    let parts = ["data", "history", "_criteo/changes"];
    let live = parts.map(|part| below(folder.path(), part));
    for word in ["_criteo/log"; 3] {
        faults.add(word, Fault::Refused);
    }
    let second = observed(folder.path(), &table, &[10, 2]);
    dying.load_window(&second).await.unwrap_err();
    assert!(faults.are_met());
    drop(dying);
    assert_eq!(state_of(folder.path()).await, before);
    for (part, live) in parts.iter().zip(&live) {
        let files = below(folder.path(), part);
        assert!(files.len() > live.len(), "{part}: nothing was put");
        files.iter().for_each(|file| make_old(file));
    }
    let next = lake_in(folder.path());
    let report = next.vacuum(&ALL_AT_ONCE).await.unwrap();
    assert!(!report.removed.is_empty());
    for (part, live) in parts.iter().zip(&live) {
        assert_eq!(below(folder.path(), part), *live, "{part}");
    }
    assert_eq!(state_of(folder.path()).await, before);

    next.load_window(&second).await.unwrap();
    let [rows, current, versions, changes] = state_of(folder.path()).await;
    assert_eq!(rows, current);
    assert_eq!((rows.len(), versions.len()), (2, 3));
    assert_eq!(changes.len(), before[3].len() + 2);
}

/// A commit whose answer was lost is known again, and records nothing twice.
#[tokio::test]
async fn a_lost_answer_records_nothing_twice() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let lake = faulty_lake(folder.path(), &faults);
    let table = kept(&lake).await;
    for (clicks, records) in [(1, 2), (5, 4)] {
        faults.add("_criteo/log", Fault::AnswerLost);
        let load = observed(folder.path(), &table, &[clicks]);
        lake.load_window(&load).await.unwrap();
        let [rows, current, _, changes] = state_of(folder.path()).await;
        assert_eq!(rows, current);
        assert_eq!(changes.len(), records);
    }
}

/// Only files of days whose versions changed are written anew, and none where none did.
#[tokio::test]
async fn versions_of_days_that_stay_as_they_are_are_not_written_again() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = kept(&lake).await;
    lake.load_window(&observed(folder.path(), &table, &[1, 2, 3]))
        .await
        .unwrap();
    let first = below(folder.path(), "history");
    assert_eq!(first.len(), 3);
    lake.load_window(&observed(folder.path(), &table, &[1, 2, 3]))
        .await
        .unwrap();
    assert_eq!(below(folder.path(), "history"), first);
    lake.load_window(&observed(folder.path(), &table, &[1, 20, 3]))
        .await
        .unwrap();
    lake.vacuum(&ALL_AT_ONCE).await.unwrap();
    let second = below(folder.path(), "history");
    assert_eq!(second.len(), 3, "{second:?}");
    assert_eq!(second.difference(&first).count(), 1);
    assert_eq!(state_of(folder.path()).await[2].len(), 4);

    // A row that only comes: its version lies in the one file of its day, beside those that go on.
    let days = january(1, 3);
    let mut rows: Vec<Row> = days
        .iter()
        .zip([1, 20, 3])
        .map(|(day, clicks)| Row::of_day("1", day, "row", clicks))
        .collect();
    rows.push(Row::of_day("1", days.last, "added", 4));
    let load = table.window(folder.path(), Some(days), &["1"], &rows);
    lake.load_window(&load).await.unwrap();
    lake.vacuum(&ALL_AT_ONCE).await.unwrap();
    let third = below(folder.path(), "history");
    assert_eq!(third.len(), 3, "{third:?}");
    assert_eq!(third.difference(&second).count(), 1);
    assert_eq!(state_of(folder.path()).await[2].len(), 5);
}

/// A vacuum without any grace, and a table that is forgotten, leave versions and changes.
#[tokio::test]
async fn a_vacuum_removes_no_version_and_no_change() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = kept(&lake).await;
    for clicks in [[1, 2], [10, 2], [10, 20]] {
        lake.load_window(&observed(folder.path(), &table, &clicks))
            .await
            .unwrap();
    }
    let [_, _, versions, changes] = state_of(folder.path()).await;
    lake.forget("conformance").await.unwrap();
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    lake.record_run(&finished_run()).await.unwrap();
    for part in ["data", "history", "_criteo/changes"] {
        below(folder.path(), part)
            .iter()
            .for_each(|file| make_old(file));
    }
    lake.vacuum(&ALL_AT_ONCE).await.unwrap();
    assert_eq!(below(folder.path(), "data").len(), 0);
    let after = state_of(folder.path()).await;
    assert_eq!((&after[2], &after[3]), (&versions, &changes));
}

/// Many small files of changes become one when a run ends, which says what they said.
#[tokio::test]
async fn small_files_of_changes_are_merged() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = Table::report();
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    let ask = async || {
        let lake = lake_in(folder.path());
        rows_of(
            &subject(folder.path(), &lake),
            "SELECT * FROM _criteo_changes",
        )
        .await
    };
    for clicks in 1..=33 {
        lake.load_window(&observed(folder.path(), &table, &[clicks]))
            .await
            .unwrap();
    }
    let before = ask().await;
    assert_eq!(before.len(), 33 * 2);
    assert_eq!(below(folder.path(), "_criteo/changes").len(), 33);
    lake.record_run(&finished_run()).await.unwrap();
    lake.vacuum(&ALL_AT_ONCE).await.unwrap();
    assert_eq!(below(folder.path(), "_criteo/changes").len(), 1);
    assert_eq!(ask().await, before);
    // What was merged is compared with like what was not.
    lake.load_window(&observed(folder.path(), &table, &[33]))
        .await
        .unwrap();
    assert_eq!(ask().await, before);
    lake.record_run(&finished_run()).await.unwrap();
    assert_eq!(below(folder.path(), "_criteo/changes").len(), 1);
}

/// Drops the days before one, as another process; gives the rows and the versions that went.
async fn drop_before(folder: &Path, keep_from: Date) -> (u64, u64) {
    let request = DropDays {
        stream: "conformance".to_owned(),
        day_column: "day".to_owned(),
        keep_from,
        run_id: "run".to_owned(),
        dropped_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let dropped = lake_in(folder).drop_days(&request).await.unwrap();
    (dropped.rows, dropped.versions)
}

/// The record of a dropping counts rows and versions, each as what they are.
#[tokio::test]
async fn what_was_dropped_is_counted_by_rows_and_by_versions() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = kept(&lake).await;
    for clicks in [[1, 2], [10, 2]] {
        lake.load_window(&observed(folder.path(), &table, &clicks))
            .await
            .unwrap();
    }
    let keep_from = january(2, 2).first;
    assert_eq!(drop_before(folder.path(), keep_from).await, (1, 2));
    let fresh = lake_in(folder.path());
    let question = "SELECT rows, versions FROM _criteo_drops";
    let records = rows_of(&subject(folder.path(), &fresh), question).await;
    assert_eq!(records, [["1", "2"].map(|text| Some(text.to_owned()))]);
}

/// A stream that is forgotten has no versions until they are asked for again; those that it had stay as they are.
#[tokio::test]
async fn a_forgotten_stream_stops_keeping_versions() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = kept(&lake).await;
    lake.load_window(&observed(folder.path(), &table, &[1]))
        .await
        .unwrap();
    let [_, _, before, _] = state_of(folder.path()).await;
    lake.forget("conformance").await.unwrap();
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    lake.load_window(&observed(folder.path(), &table, &[5]))
        .await
        .unwrap();
    let [rows, current, versions, _] = state_of(folder.path()).await;
    assert_eq!(rows[0][1].as_deref(), Some("5"));
    assert_eq!((&current, &versions), (&before, &before));
    let fresh = lake_in(folder.path());
    let question = "SELECT count(*), count(*) FILTER (WHERE is_kept) FROM _criteo_histories";
    let kept = rows_of(&subject(folder.path(), &fresh), question).await;
    assert_eq!(kept, [["1", "0"].map(|text| Some(text.to_owned()))]);
}

/// A file of a month that lies on both sides of the border keeps what is to be kept, and the ledger counts it.
#[tokio::test]
async fn a_file_across_the_border_is_split() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let mut table = Table::report();
    table.stream.grain = ["AdvertiserId", "Week", "Label"]
        .map(str::to_owned)
        .to_vec();
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    let kept = lake.keep_versions(&table.schema, &table.stream, Some("day"), true);
    kept.await.unwrap();
    let weeks = [5, 12, 19].map(|day| january(day, day).first);
    let mut rows: Vec<Row> = weeks
        .iter()
        .flat_map(|week| ["1", "2"].map(|id| Row::of_day(id, *week, "week", 1)))
        .collect();
    // An advertiser of whom nothing is left, beside one who never had anything.
    rows.push(Row::of_day("4", weeks[0], "week", 1));
    let advertisers = ["1", "2", "3", "4"];
    let load = table.window(folder.path(), Some(january(5, 25)), &advertisers, &rows);
    lake.load_window(&load).await.unwrap();
    assert_eq!(below(folder.path(), "data").len(), 1, "a file per month");

    let drop = async |keep_from: Date| drop_before(folder.path(), keep_from).await;
    // A week belongs to the day that its rows carry, so the second one goes.
    assert_eq!(drop(january(14, 14).first).await, (5, 5));
    let fresh = lake_in(folder.path());
    let found = subject(folder.path(), &fresh);
    table.assert_holds(&found, &rows[4..6]).await;
    let versions = rows_of(&found, "SELECT day FROM conformance_history").await;
    assert_eq!(versions, vec![vec![Some("2026-01-19".to_owned())]; 2]);
    let entries = fresh.windows("conformance").await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].days, Some(january(14, 25)));
    let counts: Vec<u64> = entries[0].advertisers.values().copied().collect();
    assert_eq!(counts, [1, 1, 0, 0]);
    assert_eq!(drop(january(14, 14).first).await, (0, 0));
    assert_eq!(drop(january(26, 26).first).await, (2, 2));
    assert_eq!(
        lake_in(folder.path()).windows("conformance").await.unwrap(),
        []
    );
}

/// Two writers that replace the same days by turns and at once: whoever came second compared with what the first left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_follow_the_rows_of_several_writers() {
    let folder = TempDir::new().unwrap();
    let table = kept(&lake_in(folder.path())).await;
    let writer = |number: i64| {
        let loads: Vec<_> = (0..12)
            .map(|round| {
                let clicks = number * 100 + round;
                observed(folder.path(), &table, &[clicks, clicks])
            })
            .collect();
        let lake = lake_in(folder.path());
        tokio::spawn(async move {
            for load in &loads {
                lake.load_window(load).await.unwrap();
            }
        })
    };
    for writer in [writer(1), writer(2)] {
        writer.await.unwrap();
    }
    let [rows, current, versions, _] = state_of(folder.path()).await;
    assert_eq!(rows, current);
    assert_eq!(versions.len(), 2 * 24, "each window brought other rows");
    let lake = lake_in(folder.path());
    // Each record goes on from the sum that another one left, in the order of commits: what is lost or counted twice would
    // leave a sum that is neither the first nor anybody's next.
    let chain = rows_of(
        &subject(folder.path(), &lake),
        "SELECT day, sum(coalesce(new_sum, 0) - coalesce(old_sum, 0)) FROM _criteo_changes \
         WHERE metric = 'clicks' GROUP BY day",
    )
    .await;
    let expected: Vec<_> = rows
        .into_iter()
        .map(|row| {
            vec![
                row[0].clone(),
                row[1].as_ref().map(|clicks| format!("{clicks}.000000000")),
            ]
        })
        .collect();
    assert_eq!(chain, expected);
}
