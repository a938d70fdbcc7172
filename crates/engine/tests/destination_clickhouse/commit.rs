//! A window is there whole or not at all: for a reader in between, after a lost answer, and after a crash at any statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use criteo_engine::destination::conformance::fixture::{Row, Table, january, rows_of};
use tempfile::TempDir;

use crate::server::server;
use crate::{another_process, finish_a_run, stops, subject_in};

const ROWS: i64 = 50;

/// Rows of two days and two advertisers that all say the same name.
fn rows(label: &str, count: i64) -> Vec<Row> {
    january(1, 2)
        .iter()
        .flat_map(|day| ["1", "2"].map(|advertiser| (advertiser, day)))
        .flat_map(|(advertiser, day)| (0..count).map(move |clicks| (advertiser, day, clicks)))
        .map(|(advertiser, day, clicks)| Row::of_day(advertiser, day, label, clicks))
        .collect()
}

/// A load stopped before the first statement by which it writes, and after each: the old rows are there or the new ones,
/// the ledger says the same, and loading again ends in the new ones, once.
#[tokio::test]
async fn a_load_that_stops_at_any_statement_is_there_or_not() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let mut kept_old = 0;
    let mut showed_new = 0;
    for (number, (at, when)) in stops(&[
        "FORMAT Parquet",
        "_criteo_base_windows` FORMAT",
        "CREATE OR REPLACE VIEW",
    ])
    .into_iter()
    .enumerate()
    {
        let database = format!("stops_{number}_{when}");
        let subject = subject_in(server, &database, folder.path()).await;
        let table = Table::report();
        table.prepare(&subject).await.unwrap();
        let days = Some(january(1, 2));
        let old = rows("old", ROWS);
        let new = rows("new", 3);
        let first = table.window(folder.path(), days, &["1", "2"], &old);
        subject.destination.load_window(&first).await.unwrap();
        let second = table.window(folder.path(), days, &["1", "2"], &new);

        server.fail(&database, at, when).await;
        let outcome = subject.destination.load_window(&second).await;
        assert!(outcome.is_err(), "{at} {when}: nothing failed");
        let again = another_process(server, &database, folder.path());
        let vouching = again.destination.windows("conformance").await.unwrap();
        assert_eq!(vouching.len(), 1, "{at} {when}");
        if vouching[0] == first.entry {
            table.assert_holds(&again, &old).await;
            kept_old += 1;
        } else {
            assert_eq!(vouching[0], second.entry, "{at} {when}");
            table.assert_holds(&again, &new).await;
            showed_new += 1;
        }
        again.destination.load_window(&second).await.unwrap();
        table.assert_holds(&again, &new).await;
        assert_eq!(
            again.destination.windows("conformance").await.unwrap(),
            [second.entry]
        );
    }
    assert_eq!(
        (kept_old, showed_new),
        (3, 1),
        "only the last statement may commit"
    );
}

/// The statements with which a table is made for the first time, each failing before it runs or with its answer lost: the
/// next run makes the table, also when it rebuilds.
#[tokio::test]
async fn a_table_whose_making_stops_at_any_statement_is_made_by_the_next_run() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    for (number, at) in [
        "_criteo_base_windows` (",
        "_criteo_meta` VALUES",
        "DROP TABLE IF EXISTS",
        "_criteo_rows_conformance` (",
        "_criteo_base_streams` FORMAT",
        "conformance` (`advertiser_id` String",
    ]
    .into_iter()
    .enumerate()
    {
        for (when, rebuilds) in [("before", false), ("after", false), ("after", true)] {
            let database = format!("making_{number}_{when}_{rebuilds}");
            let subject = subject_in(server, &database, folder.path()).await;
            let table = Table::report();
            server.fail(&database, at, when).await;
            let outcome = table.prepare(&subject).await;
            assert!(outcome.is_err(), "{at} {when}: nothing failed");
            let again = another_process(server, &database, folder.path());
            if rebuilds {
                again.destination.forget("conformance").await.unwrap();
            }
            let made = table.prepare(&again).await;
            assert!(made.is_ok(), "{at} {when}: {made:?}");
            let rows = rows("new", 1);
            let window = table.window(folder.path(), Some(january(1, 2)), &["1", "2"], &rows);
            again.destination.load_window(&window).await.unwrap();
            table.assert_holds(&again, &rows).await;
        }
    }
}

/// A reader between the statements sees one whole window, never two, none or a part.
#[tokio::test]
async fn a_reader_never_sees_half_a_window() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "half_a_window", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let load = async |label: &str| {
        let window = table.window(
            folder.path(),
            Some(january(1, 2)),
            &["1", "2"],
            &rows(label, ROWS),
        );
        subject.destination.load_window(&window).await.unwrap();
    };
    load("0").await;
    let is_done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (is_done, subject) = (Arc::clone(&is_done), subject.clone());
        async move {
            let mut seen = std::collections::BTreeSet::new();
            let mut looks = 0;
            while !is_done.load(Ordering::SeqCst) {
                let found = rows_of(
                    &subject,
                    "SELECT label, count(*) FROM conformance GROUP BY label",
                )
                .await;
                assert_eq!(found.len(), 1, "{found:?}");
                assert_eq!(found[0][1].as_deref(), Some("200"), "{found:?}");
                seen.insert(found[0][0].clone());
                looks += 1;
            }
            (seen.len(), looks)
        }
    });
    for number in 1..12 {
        load(&number.to_string()).await;
    }
    is_done.store(true, Ordering::SeqCst);
    let (seen, looks) = reader.await.unwrap();
    assert!(
        seen > 2 && looks > 12,
        "The reader saw {seen} windows in {looks} looks, too few to prove anything"
    );
}

/// Replaced rows and those of loads that were never committed go at the end of a run, and nothing else does.
#[tokio::test]
async fn what_nobody_sees_is_cleared_away() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "cleared", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = Some(january(1, 2));
    for label in ["first", "second"] {
        let window = table.window(folder.path(), days, &["1", "2"], &rows(label, ROWS));
        subject.destination.load_window(&window).await.unwrap();
    }
    // Of one of the two days and advertisers a later window is the last word.
    let day = january(2, 2);
    let last = [Row::of_day("2", day.first, "third", 7)];
    let window = table.window(folder.path(), Some(day), &["2"], &last);
    subject.destination.load_window(&window).await.unwrap();
    let lost = table.window(
        folder.path(),
        Some(day),
        &["1"],
        &[Row::of_day("1", day.first, "lost", 1)],
    );
    server
        .fail("cleared", "_criteo_base_windows` FORMAT", "before")
        .await;
    subject.destination.load_window(&lost).await.unwrap_err();

    let stored =
        "SELECT label, count() FROM cleared._criteo_rows_conformance GROUP BY label ORDER BY label";
    assert_eq!(
        server.lines(stored).await,
        ["first\t200", "lost\t1", "second\t200", "third\t1"]
    );
    let mut expected: Vec<Row> = rows("second", ROWS)
        .into_iter()
        .filter(|row| row.advertiser_id != "2" || row.day != Some(day.first))
        .collect();
    expected.extend(last);
    let before = subject.destination.windows("conformance").await.unwrap();
    finish_a_run(&subject).await;
    assert_eq!(server.lines(stored).await, ["second\t150", "third\t1"]);
    table.assert_holds(&subject, &expected).await;
    assert_eq!(
        subject.destination.windows("conformance").await.unwrap(),
        before
    );
}

/// The entry of a load was written, and its view was not replaced. The next load of the stream takes the same number, and
/// must not bring it to count: nobody knows by then whether its rows are still there.
#[tokio::test]
async fn an_entry_never_vouches_for_rows_that_were_cleared_away() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "never_committed", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let one_day = |day: i8, label: &str| {
        let days = january(day, day);
        let rows = vec![Row::of_day("1", days.first, label, 1)];
        let window = table.window(folder.path(), Some(days), &["1"], &rows);
        (window, rows)
    };
    let (first, mut expected) = one_day(1, "first");
    subject.destination.load_window(&first).await.unwrap();
    let (stopped, _) = one_day(2, "stopped");
    server
        .fail("never_committed", "CREATE OR REPLACE VIEW", "before")
        .await;
    subject.destination.load_window(&stopped).await.unwrap_err();
    table.assert_holds(&subject, &expected).await;
    finish_a_run(&subject).await;

    let (third, third_rows) = one_day(3, "third");
    subject.destination.load_window(&third).await.unwrap();
    let vouching = subject.destination.windows("conformance").await.unwrap();
    assert_eq!(vouching, [first.entry, third.entry]);
    expected.extend(third_rows);
    table.assert_holds(&subject, &expected).await;
    let vouched: u64 = vouching.iter().map(|entry| entry.rows).sum();
    assert_eq!(vouched, expected.len() as u64, "{vouching:?}");
}
