//! Old days go as a whole or not at all, and from the disk as well.

use criteo_engine::destination::conformance::Subject;
use criteo_engine::destination::conformance::fixture::{Row, Table, january, rows_of};
use criteo_engine::destination::{DropDays, DroppedDays};
use criteo_engine::ledger::WindowEntry;
use tempfile::TempDir;

use crate::records::keep;
use crate::server::server;
use crate::{another_process, finish_a_run, stops, subject_in};

fn before_the(day: i8) -> DropDays {
    DropDays {
        stream: "conformance".to_owned(),
        day_column: "day".to_owned(),
        keep_from: january(day, day).first,
        run_id: "run".to_owned(),
        dropped_at: "2026-03-01T09:00:00Z".parse().unwrap(),
    }
}

/// Two windows, of which the later one is the last word on the days that both hold.
async fn load_two(subject: &Subject, table: &Table) -> (Vec<Row>, Vec<WindowEntry>) {
    let row = |day, label: &str| Row::of_day("1", january(day, day).first, label, 1);
    let mut all = Vec::new();
    for (days, label) in [((1, 3), "old"), ((2, 5), "new")] {
        let rows: Vec<Row> = (days.0..=days.1).map(|day| row(day, label)).collect();
        let days = Some(january(days.0, days.1));
        let window = table.window(&subject.spool, days, &["1"], &rows);
        subject.destination.load_window(&window).await.unwrap();
        all = if label == "old" {
            vec![rows[0].clone()]
        } else {
            [all, rows].concat()
        };
    }
    let entries = subject.destination.windows("conformance").await.unwrap();
    (all, entries)
}

#[tokio::test]
async fn a_dropping_that_stops_at_any_statement_happened_or_not() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let (mut kept, mut dropped) = (0, 0);
    for (number, (at, when)) in stops(&[
        "_criteo_base_drops` FORMAT",
        "_criteo_base_windows` FORMAT",
        "_criteo_base_commits` FORMAT",
        "CREATE OR REPLACE VIEW",
    ])
    .into_iter()
    .enumerate()
    {
        let database = format!("drops_{number}_{when}");
        let subject = subject_in(server, &database, folder.path()).await;
        let table = Table::report();
        table.prepare(&subject).await.unwrap();
        let (rows, entries) = load_two(&subject, &table).await;
        server.fail(&database, at, when).await;
        let outcome = subject.destination.drop_days(&before_the(4)).await;
        assert!(outcome.is_err(), "{at} {when}: nothing failed");

        let again = another_process(server, &database, folder.path());
        let found = again.destination.windows("conformance").await.unwrap();
        let records = rows_of(&again, "SELECT rows FROM _criteo_drops").await;
        if found == entries {
            table.assert_holds(&again, &rows).await;
            assert_eq!(records.len(), 0, "{at} {when}");
            kept += 1;
        } else {
            table.assert_holds(&again, &rows[3..]).await;
            assert_eq!(records.len(), 1, "{at} {when}");
            dropped += 1;
        }
        // What nobody committed does not come to count with the next commit.
        let late = table.window(folder.path(), Some(january(9, 9)), &["1"], &[]);
        again.destination.load_window(&late).await.unwrap();
        let records = rows_of(&again, "SELECT rows FROM _criteo_drops").await;
        assert_eq!(records.len(), usize::from(found != entries), "{at} {when}");

        again.destination.drop_days(&before_the(4)).await.unwrap();
        let once_more = again.destination.drop_days(&before_the(4)).await.unwrap();
        assert_eq!(once_more, DroppedDays::default(), "{at} {when}");
        table.assert_holds(&again, &rows[3..]).await;
        let records = rows_of(&again, "SELECT rows FROM _criteo_drops").await;
        assert_eq!(records, [[Some("3".to_owned())]], "{at} {when}");
        let found = again.destination.windows("conformance").await.unwrap();
        let days: Vec<_> = found.iter().map(|entry| entry.days).collect();
        assert_eq!(days, [Some(january(4, 5)), Some(january(9, 9))]);
    }
    assert_eq!(
        (kept, dropped),
        (4, 1),
        "only the last statement may commit"
    );
}

/// What was loaded last stays the last word on a day although an older window was cut in between, and dropped rows leave
/// the disk with the next run however few they are. So do their versions, with the ends of those.
#[tokio::test]
async fn dropped_days_leave_the_disk_and_the_order_of_loading_stays() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "dropped", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    keep(&subject, &table).await;
    let row = |day, label: &str| Row::of_day("1", january(day, day).first, label, 1);
    let load = async |days: (i8, i8), rows: &[Row]| {
        let window = table.window(folder.path(), Some(january(days.0, days.1)), &["1"], rows);
        subject.destination.load_window(&window).await.unwrap();
    };
    let wide: Vec<Row> = (1..=20).map(|day| row(day, "wide")).collect();
    load((1, 20), &wide).await;
    load((10, 10), &[row(10, "narrow")]).await;
    subject.destination.drop_days(&before_the(2)).await.unwrap();
    let mut expected = wide[1..].to_vec();
    expected[8] = row(10, "narrow");
    table.assert_holds(&subject, &expected).await;

    let stored = "SELECT count() FROM dropped._criteo_rows_conformance";
    let versions = "SELECT (SELECT count() FROM dropped._criteo_versions_conformance), \
                    (SELECT count() FROM dropped._criteo_ends_conformance), \
                    (SELECT count() FROM dropped.conformance_history)";
    assert_eq!(server.lines(stored).await, ["21"]);
    assert_eq!(server.lines(versions).await, ["21\t2\t20"]);
    finish_a_run(&subject).await;
    assert_eq!(
        server.lines(stored).await,
        ["20"],
        "of the dropped day alone"
    );
    assert_eq!(server.lines(versions).await, ["20\t1\t20"]);
    table.assert_holds(&subject, &expected).await;

    // A dropped day can be read again, and stays when the run ends.
    load((1, 1), &[row(1, "again")]).await;
    finish_a_run(&subject).await;
    expected.push(row(1, "again"));
    table.assert_holds(&subject, &expected).await;
    // The table made anew: what was dropped stays recorded.
    subject.destination.forget("conformance").await.unwrap();
    table.prepare(&subject).await.unwrap();
    let records = rows_of(&subject, "SELECT rows FROM _criteo_drops").await;
    assert_eq!(records, [[Some("1".to_owned())]]);
}

/// A window that was given up, and whose reading after all is dropped, does not become open again.
#[tokio::test]
async fn dropping_opens_nothing_that_was_closed() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "closed_by_dropped", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    for (days, is_loaded) in [
        ((1, 2), false),
        ((3, 6), false),
        ((1, 4), true),
        ((5, 6), true),
    ] {
        let days = Some(january(days.0, days.1));
        if is_loaded {
            let window = table.window(folder.path(), days, &["1"], &[]);
            subject.destination.load_window(&window).await.unwrap();
        } else {
            let mut entry = table.entry(days, &["1"], &[]);
            entry.quarantine_reason = Some("no answer".to_owned());
            subject.destination.record_quarantine(&entry).await.unwrap();
        }
    }
    subject.destination.drop_days(&before_the(4)).await.unwrap();
    let found = subject.destination.windows("conformance").await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|entry| (entry.days, entry.quarantine_reason.is_some()))
        .collect();
    assert_eq!(
        found,
        [(Some(january(4, 4)), false), (Some(january(5, 6)), false)]
    );
    let open =
        "SELECT count(*) FROM _criteo_windows JOIN _criteo_window_advertisers USING (window_id)";
    assert_eq!(rows_of(&subject, open).await, [[Some("2".to_owned())]]);
}
