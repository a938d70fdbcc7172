//! Windows whose commit comes long after their files were put, or for a table that is another one by then.

use jiff::SignedDuration;
use tempfile::TempDir;

use super::faulty::{Fault, Faults, faulty_lake};
use super::superseding::files_below;
use super::{Ahead, assert_holds, lake_in, options_in, prepared, window};
use crate::destination::conformance::fixture::{Table, column};
use crate::destination::parquet::ParquetLake;
use crate::destination::parquet::load::{self, LoadWindow};
use crate::destination::{Destination, DestinationError, VacuumOptions, WindowLoad};
use crate::schema::FieldType;

/// The window with its files put, and nothing committed.
async fn put<'load>(lake: &ParquetLake, load: &'load WindowLoad) -> LoadWindow<'load> {
    let target = lake.store.write(|state| load::target(state, load)).await;
    let target = target.unwrap().unwrap();
    let began_at = lake.store.now();
    LoadWindow::put(lake.store.nearby().await.unwrap(), load, target, began_at)
        .await
        .unwrap()
}

async fn commit(lake: &ParquetLake, change: LoadWindow<'_>) -> Result<(), DestinationError> {
    lake.change("loading a window", &change).await
}

/// `vacuum` removes files that nobody has committed for a day, so a writer gives up on its own long before.
#[tokio::test]
async fn files_that_were_put_twelve_hours_ago_are_not_committed() {
    let folder = TempDir::new().unwrap();
    let ahead = Ahead::default();
    let lake = ParquetLake::with_clock(options_in(folder.path()), ahead.clock());
    let table = prepared(&lake).await;
    let (old, _) = window(folder.path(), &table, 1, "1", &["old"]);
    let (young, young_rows) = window(folder.path(), &table, 2, "1", &["young"]);
    let late = put(&lake, &old).await;
    ahead.advance(SignedDuration::from_hours(12));
    let refusal = commit(&lake, late).await.unwrap_err();
    // So that the rows stay in the spool.
    assert!(
        matches!(refusal, DestinationError::Unavailable { .. }),
        "{refusal:?}"
    );
    let words = refusal.to_string();
    for part in ["12 hours ago", "asleep", "run again"] {
        assert!(words.contains(part), "{words}");
    }
    assert_holds(folder.path(), &table, &[], &[]).await;

    let in_time = put(&lake, &young).await;
    ahead.advance(SignedDuration::from_mins(12 * 60 - 1));
    commit(&lake, in_time).await.unwrap();
    assert_holds(
        folder.path(),
        &table,
        &young_rows,
        std::slice::from_ref(&young.entry),
    )
    .await;

    // What was refused is loaded from where it waits, with new files.
    lake.load_window(&old).await.unwrap();
    let entries = lake.windows("conformance").await.unwrap();
    assert_eq!(entries.len(), 2);
}

/// The table is made anew for another currency between the files of a window and its commit.
#[tokio::test]
async fn a_window_is_not_committed_into_a_table_that_was_made_anew() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let (load, _) = window(folder.path(), &table, 1, "1", &["in euros"]);
    let late = put(&lake, &load).await;

    let other = lake_in(folder.path());
    let rebuilt = rebuild(&other, |table| {
        table.stream.currency = Some("USD".to_owned());
    })
    .await;
    let refusal = commit(&lake, late).await.unwrap_err();
    assert!(
        matches!(refusal, DestinationError::Unavailable { .. }),
        "{refusal:?}"
    );
    assert!(
        refusal
            .to_string()
            .contains("made table 'conformance' anew")
    );
    assert_holds(folder.path(), &rebuilt, &[], &[]).await;
}

/// The same where it is made anew without a column that the files have.
#[tokio::test]
async fn a_window_is_not_committed_with_columns_that_the_table_lacks() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let (load, _) = window(folder.path(), &table, 1, "1", &["wide"]);
    let late = put(&lake, &load).await;
    let other = lake_in(folder.path());
    rebuild(&other, |table| {
        table.schema.columns.retain(|column| column.name != "cost");
    })
    .await;
    commit(&lake, late).await.unwrap_err();
    assert_eq!(
        lake_in(folder.path()).windows("conformance").await.unwrap(),
        []
    );
}

/// A column that is added meanwhile is no reason to throw a window away: its rows have nothing in it.
#[tokio::test]
async fn a_column_that_is_added_before_the_commit_is_null() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let (load, rows) = window(folder.path(), &table, 1, "1", &["narrow"]);
    let late = put(&lake, &load).await;
    let mut wider = table.schema.clone();
    wider.columns.push(column("later", FieldType::Integer));
    let other = lake_in(folder.path());
    other.prepare(&wider, &table.stream).await.unwrap();
    commit(&lake, late).await.unwrap();
    let fresh = lake_in(folder.path());
    let later = "SELECT count(*), count(later) FROM conformance";
    let answer = fresh.query(later).await.unwrap().rows;
    assert_eq!(answer, [["1", "0"].map(|text| Some(text.to_owned()))]);
    assert_holds(folder.path(), &table, &rows, &[load.entry]).await;
}

/// A writer dies between files and commit; the table is made anew, and read again. What the dead one left is seen by
/// nobody and goes with a vacuum.
#[tokio::test]
async fn what_a_writer_left_that_died_before_a_rebuild_is_never_seen() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let dying = faulty_lake(folder.path(), &faults);
    let table = prepared(&dying).await;
    for word in ["_criteo/log"; 3] {
        faults.add(word, Fault::Refused);
    }
    let (lost, _) = window(folder.path(), &table, 1, "1", &["lost"]);
    dying.load_window(&lost).await.unwrap_err();
    drop(dying);
    let data = folder.path().join("lake/data");
    let left = files_below(&data);
    assert_eq!(left.len(), 1);

    let next = lake_in(folder.path());
    let rebuilt = rebuild(&next, |table| {
        table.stream.currency = Some("USD".to_owned());
    })
    .await;
    let (load, rows) = window(folder.path(), &rebuilt, 1, "1", &["read again"]);
    next.load_window(&load).await.unwrap();
    assert_holds(
        folder.path(),
        &rebuilt,
        &rows,
        std::slice::from_ref(&load.entry),
    )
    .await;
    for file in &left {
        super::vacuum::make_old(file);
    }
    let all = VacuumOptions {
        older_than: std::time::Duration::ZERO,
        dry_run: false,
    };
    let report = lake_in(folder.path()).vacuum(&all).await.unwrap();
    let reasons: Vec<_> = report.removed.iter().map(|file| file.reason).collect();
    assert_eq!(reasons, ["never committed"], "{report:?}");
    assert!(files_below(&data).is_disjoint(&left));
    assert_holds(folder.path(), &rebuilt, &rows, &[load.entry]).await;
}

/// What `sync --rebuild` does, for a table that `change` makes another one.
async fn rebuild(lake: &ParquetLake, change: impl FnOnce(&mut Table)) -> Table {
    let mut table = Table::report();
    change(&mut table);
    lake.forget("conformance").await.unwrap();
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    table
}
