//! A stream whose table begins anew although the ledger remembers it: under another name, or because somebody dropped what
//! was there. What was given up remains to be done, what was recorded stays, and nothing else vouches for anything.

use criteo_engine::destination::conformance::Subject;
use criteo_engine::destination::conformance::fixture::{Row, Table, january, rows_of};
use criteo_engine::ledger::WindowEntry;
use tempfile::TempDir;

use crate::records::{keep, kept, observed, rows};
use crate::server::{Server, server};
use crate::{another_process, finish_a_run, stops, subject_in};

const RECORDED: &str = "SELECT metric, old_sum, new_sum FROM _criteo_changes";
const VERSIONS: &str = "SELECT clicks, valid_from, valid_to FROM conformance_history";

/// A day that was read twice, one that was given up before it was read, and one that still is.
async fn with_a_past(subject: &Subject) -> (Table, WindowEntry) {
    let table = kept(subject).await;
    let give_up = async |day: i8| {
        let mut entry = table.entry(Some(january(day, day)), &["1"], &[]);
        entry.quarantine_reason = Some("no answer".to_owned());
        subject.destination.record_quarantine(&entry).await.unwrap();
        entry
    };
    give_up(1).await;
    for (hour, clicks) in [(9, 1), (10, 4)] {
        let window = observed(&table, subject, &rows(&[("a", clicks)]), hour);
        subject.destination.load_window(&window).await.unwrap();
    }
    let open = give_up(3).await;
    (table, open)
}

/// Fails unless the stream goes on from there in a table without rows: the day is compared with what was recorded of it
/// last.
async fn assert_goes_on(subject: &Subject, table: &Table, open: &WindowEntry, case: &str) {
    let windows = async || subject.destination.windows("conformance").await.unwrap();
    assert_eq!(windows().await, std::slice::from_ref(open), "{case}");
    table.assert_holds(subject, &[] as &[Row]).await;
    let recorded = rows_of(subject, RECORDED).await;
    keep(subject, table).await;
    let next = observed(table, subject, &rows(&[("a", 9)]), 12);
    subject.destination.load_window(&next).await.unwrap();
    assert_eq!(windows().await, [open.clone(), next.entry], "{case}");
    table.assert_holds(subject, &rows(&[("a", 9)])).await;
    let moved =
        "SELECT old_sum, new_sum FROM _criteo_changes WHERE metric = 'clicks' AND new_sum > 4";
    let sums = ["4.000000000", "9.000000000"].map(|sum| Some(sum.to_owned()));
    assert_eq!(rows_of(subject, moved).await, [sums], "{case}");
    let known = rows_of(subject, RECORDED).await;
    assert_eq!(known.len(), recorded.len() + 2, "{case}");
    finish_a_run(subject).await;
    assert_eq!(rows_of(subject, RECORDED).await, known, "{case}");
}

/// Records in the table below, of loads that count or not.
async fn stored(server: &Server, database: &str) -> Vec<String> {
    let question = format!("SELECT count() FROM {database}._criteo_base_changes");
    server.lines(&question).await
}

/// The statements with which a stream gets a table of another name, stopped before the first and after each: the next run
/// ends in the same. What a load before did not commit does not come to count with what is settled.
#[tokio::test]
async fn a_stream_gets_another_table_wherever_that_stopped_before() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    for (number, (at, when)) in stops(&[
        "_criteo_rows_renamed` (",
        "_criteo_base_commits` (stream",
        "_criteo_base_windows` FORMAT",
        "_criteo_base_streams` FORMAT",
        ".`renamed` (",
    ])
    .into_iter()
    .enumerate()
    {
        let case = format!("{at} {when}");
        let database = format!("renaming_{number}_{when}");
        let subject = subject_in(server, &database, folder.path()).await;
        let (table, open) = with_a_past(&subject).await;
        let recorded = rows_of(&subject, RECORDED).await;
        let versions = rows_of(&subject, VERSIONS).await;
        assert_eq!((recorded.len(), versions.len()), (4, 2));
        let lost = observed(&table, &subject, &rows(&[("a", 7)]), 11);
        server.fail(&database, ".`conformance` (", "before").await;
        subject.destination.load_window(&lost).await.unwrap_err();
        assert_eq!(stored(server, &database).await, ["6"]);

        let mut renamed = table.clone();
        "renamed".clone_into(&mut renamed.schema.table);
        "renamed".clone_into(&mut renamed.stream.table);
        server.fail(&database, at, when).await;
        let outcome = renamed.prepare(&subject).await;
        assert!(outcome.is_err(), "{case}: nothing failed");
        let again = another_process(server, &database, folder.path());
        for _ in 0..2 {
            renamed.prepare(&again).await.unwrap();
            assert_eq!(rows_of(&again, RECORDED).await, recorded, "{case}");
            assert_eq!(rows_of(&again, VERSIONS).await, versions, "{case}");
        }
        assert_goes_on(&again, &renamed, &open, &case).await;
        assert_eq!(stored(server, &database).await, ["6"], "{case}");
        // The old table stays as it is.
        table.assert_holds(&again, &rows(&[("a", 4)])).await;
        assert_eq!(rows_of(&again, VERSIONS).await, versions, "{case}");
    }
}

/// Whoever drops the view, or the table with the rows below it, gets both made anew by the next run.
#[tokio::test]
async fn a_table_that_somebody_dropped_begins_anew() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    for (database, dropped) in [
        ("dropped_view", "VIEW dropped_view.conformance"),
        (
            "dropped_rows",
            "TABLE dropped_rows._criteo_rows_conformance",
        ),
    ] {
        let subject = subject_in(server, database, folder.path()).await;
        let (table, open) = with_a_past(&subject).await;
        let recorded = rows_of(&subject, RECORDED).await;
        server.execute(&format!("DROP {dropped} SYNC")).await;
        let again = another_process(server, database, folder.path());
        table.prepare(&again).await.unwrap();
        assert_eq!(rows_of(&again, RECORDED).await, recorded, "{dropped}");
        assert_goes_on(&again, &table, &open, dropped).await;
        let clicks = rows_of(&again, "SELECT clicks FROM conformance_history").await;
        let clicks: Vec<_> = clicks.into_iter().flatten().flatten().collect();
        assert_eq!(clicks, ["1", "4", "9"], "{dropped}");
    }
}
