//! Recorded changes and versions count with the load that brought them: never before, never twice, never apart from its
//! rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use criteo_engine::destination::conformance::Subject;
use criteo_engine::destination::conformance::fixture::{Row, Table, january, rows_of};
use criteo_engine::destination::{
    DestinationError, DropDays, Observation, ObservedPeriod, WindowLoad,
};
use tempfile::TempDir;

use crate::server::{Server, server};
use crate::{another_process, finish_a_run, stops, subject_in};

const DAY: i8 = 1;

/// A window of one day, read at this hour, that is observed.
pub(crate) fn observed(table: &Table, subject: &Subject, rows: &[Row], hour: i8) -> WindowLoad {
    let day = january(DAY, DAY);
    let mut window = table.window(&subject.spool, Some(day), &["1"], rows);
    window.entry.read_at = format!("2026-01-03T{hour:02}:00:00Z").parse().unwrap();
    window.observation = Some(Observation {
        key_columns: vec!["label".to_owned()],
        additive_columns: vec!["clicks".to_owned(), "cost".to_owned()],
        periods: vec![ObservedPeriod {
            first_day: day.first,
            last_day: day.last,
            age_days: 2,
            is_young: true,
            is_final: false,
        }],
    });
    window
}

pub(crate) fn rows(rows: &[(&str, i64)]) -> Vec<Row> {
    let row =
        |(label, clicks): &(&str, i64)| Row::of_day("1", january(DAY, DAY).first, label, *clicks);
    rows.iter().map(row).collect()
}

/// A table of which versions are kept.
pub(crate) async fn kept(subject: &Subject) -> Table {
    let table = Table::report();
    table.prepare(subject).await.unwrap();
    keep(subject, &table).await;
    table
}

/// Lets versions of the table's rows be kept.
pub(crate) async fn keep(subject: &Subject, table: &Table) {
    let kept = subject
        .destination
        .keep_versions(&table.schema, &table.stream, Some("day"), true)
        .await;
    kept.unwrap();
}

/// Everything that a load changes: rows, records and versions, each line of it as text.
async fn everything(subject: &Subject) -> Vec<Vec<Option<String>>> {
    let mut all = Vec::new();
    for question in [
        "SELECT label, clicks FROM conformance",
        "SELECT metric, old_sum, new_sum, rows_added, rows_removed, rows_changed FROM _criteo_changes",
        "SELECT label, clicks, valid_from, valid_to FROM conformance_history",
    ] {
        all.extend(rows_of(subject, question).await);
    }
    all
}

/// What lies in the tables below and counts, or is yet to be cleared away.
async fn stored(server: &Server, database: &str) -> Vec<String> {
    let counts = "(SELECT count() FROM #._criteo_base_changes), (SELECT count() FROM #._criteo_changes), \
                  (SELECT count() FROM #._criteo_versions_conformance), (SELECT count() FROM #.conformance_history), \
                  (SELECT count() FROM #._criteo_ends_conformance), \
                  (SELECT countIf(valid_to IS NOT NULL) FROM #.conformance_history)";
    server
        .lines(&format!("SELECT {}", counts.replace('#', database)))
        .await
}

/// A load stopped before the first statement by which it writes, and after each: rows, records and versions are all as
/// before or all as after. Loaded again, or read anew because the spool is lost, they are as if nothing had happened.
#[tokio::test]
async fn what_a_load_records_is_there_with_it_or_not() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let (old, new) = (rows(&[("a", 1), ("b", 2)]), rows(&[("a", 10), ("c", 3)]));
    let undisturbed = subject_in(server, "undisturbed", folder.path()).await;
    let table = kept(&undisturbed).await;
    let mut states = Vec::new();
    for (rows, hour) in [(&old, 9), (&new, 10)] {
        let window = observed(&table, &undisturbed, rows, hour);
        undisturbed.destination.load_window(&window).await.unwrap();
        states.push(everything(&undisturbed).await);
    }
    assert_ne!(states[0], states[1]);

    let mut committed = 0;
    for (number, (at, when)) in stops(&[
        "FORMAT Parquet",
        "_criteo_base_windows` FORMAT",
        "_criteo_base_changes` (load_id",
        "_criteo_ends_conformance` (version_id",
        "_criteo_versions_conformance` (`advertiser_id`",
        "_criteo_base_commits` FORMAT",
        ".`conformance_history` (",
        ".`conformance` (",
    ])
    .into_iter()
    .enumerate()
    {
        // The last one is read anew, since it is committed: nothing may be recorded twice.
        let is_lost = number.is_multiple_of(2);
        let case = format!("{at} {when}, spool lost: {is_lost}");
        let database = format!("records_{number}_{when}_{is_lost}");
        let subject = subject_in(server, &database, folder.path()).await;
        let table = kept(&subject).await;
        let first = observed(&table, &subject, &old, 9);
        subject.destination.load_window(&first).await.unwrap();
        let second = observed(&table, &subject, &new, 10);
        server.fail(&database, at, when).await;
        let outcome = subject.destination.load_window(&second).await;
        assert!(outcome.is_err(), "{case}: nothing failed");

        let again = another_process(server, &database, folder.path());
        let found = everything(&again).await;
        let is_committed = found == states[1];
        assert!(is_committed || found == states[0], "{case}: {found:?}");
        committed += usize::from(is_committed);
        // As the next run does before it loads what waits, or reads it anew.
        table.prepare(&again).await.unwrap();
        keep(&again, &table).await;
        assert_eq!(everything(&again).await, found, "{case}");
        let next = match is_lost {
            true => observed(&table, &again, &new, 10),
            false => second,
        };
        again.destination.load_window(&next).await.unwrap();
        assert_eq!(everything(&again).await, states[1], "{case}");
        finish_a_run(&again).await;
        assert_eq!(everything(&again).await, states[1], "{case}");
        let left = stored(server, &database).await;
        assert_eq!(left, ["4\t4\t4\t4\t2\t2"], "{case}");
    }
    assert_eq!(committed, 1, "only the last statement may commit");
}

/// A reader between the statements sees current versions that are the rows.
#[tokio::test]
async fn versions_are_never_apart_from_the_rows() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "never_apart", folder.path()).await;
    let table = kept(&subject).await;
    let load = async |clicks: i64| {
        let window = observed(&table, &subject, &rows(&[("a", clicks)]), 9);
        subject.destination.load_window(&window).await.unwrap();
    };
    load(100).await;
    let is_done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (is_done, subject) = (Arc::clone(&is_done), subject.clone());
        async move {
            let mut seen = std::collections::BTreeSet::new();
            let question = "SELECT (SELECT groupArray(clicks) FROM conformance), \
                            (SELECT groupArray(clicks) FROM conformance_history WHERE valid_to IS NULL), \
                            (SELECT toString(argMax(toInt64(new_sum), window_id)) FROM _criteo_changes \
                            WHERE metric = 'clicks'), (SELECT toString(sum(clicks)) FROM conformance)";
            while !is_done.load(Ordering::SeqCst) {
                let found = rows_of(&subject, question).await.remove(0);
                assert_eq!(found[0], found[1], "rows, and current versions");
                assert_eq!(
                    found[2], found[3],
                    "the last recorded sum, and that of the rows"
                );
                seen.insert(found[0].clone());
            }
            seen.len()
        }
    });
    for clicks in 1..9 {
        load(clicks).await;
    }
    is_done.store(true, Ordering::SeqCst);
    let seen = reader.await.unwrap();
    assert!(
        seen > 2,
        "The reader saw {seen} states, too few to prove anything"
    );
    // What is cleared away at the end of a run is nothing of that.
    let before = everything(&subject).await;
    let versions = rows_of(&subject, "SELECT clicks FROM conformance_history").await;
    assert_eq!(versions.len(), 9);
    finish_a_run(&subject).await;
    assert_eq!(everything(&subject).await, before);
}

/// The statements with which versions begin, up to their commit, stopped before the first and after each: the next run
/// begins them.
#[tokio::test]
async fn versions_whose_beginning_stops_are_begun_by_the_next_run() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    for (number, (at, when)) in stops(&[
        "_criteo_versions_conformance` (",
        "_criteo_ends_conformance` (",
        "_criteo_base_histories` FORMAT",
        "_criteo_ends_conformance` (version_id, valid_to, is_dropped, load_id) SELECT",
        "_criteo_versions_conformance` (`advertiser_id`, `day`, `label`, `clicks`, `cost`, valid_from,",
        "_criteo_base_commits` FORMAT",
        ".`conformance_history` (",
        ".`conformance` (",
    ])
    .into_iter()
    .enumerate()
    {
        let database = format!("beginning_{number}_{when}");
        let subject = subject_in(server, &database, folder.path()).await;
        let table = Table::report();
        table.prepare(&subject).await.unwrap();
        let first = observed(&table, &subject, &rows(&[("a", 1), ("b", 2)]), 9);
        subject.destination.load_window(&first).await.unwrap();
        server.fail(&database, at, when).await;
        let outcome = subject
            .destination
            .keep_versions(&table.schema, &table.stream, Some("day"), true)
            .await;
        assert!(outcome.is_err(), "{at} {when}: nothing failed");

        let again = another_process(server, &database, folder.path());
        table.prepare(&again).await.unwrap();
        keep(&again, &table).await;
        let second = observed(&table, &again, &rows(&[("a", 10), ("b", 2)]), 10);
        again.destination.load_window(&second).await.unwrap();
        let question = "SELECT label, clicks, valid_from, valid_to FROM conformance_history";
        let (nine, ten) = ("2026-01-03 09:00:00", "2026-01-03 10:00:00");
        let version = |label: &str, clicks: &str, from: &str, to: Option<&str>| {
            let [label, clicks, from] = [label, clicks, from].map(|text| Some(text.to_owned()));
            vec![label, clicks, from, to.map(str::to_owned)]
        };
        let expected = [
            version("a", "1", nine, Some(ten)),
            version("a", "10", ten, None),
            version("b", "2", nine, None),
        ];
        assert_eq!(rows_of(&again, question).await, expected, "{at} {when}");
    }
}

/// Statements that forget a stream, failing before they run or with their answer lost: what was recorded stays, once, and
/// so do versions. What a load before did not commit does not join it.
#[tokio::test]
async fn records_outlive_a_forgetting_that_stops() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    for (number, (at, when)) in [
        ("_criteo_base_commits` (stream", "before"),
        ("_criteo_base_commits` (stream", "after"),
        // In between the ledger learns that no versions are kept any more.
        ("DROP VIEW", "before"),
        ("DROP VIEW", "after"),
        ("_criteo_base_streams` FORMAT", "after"),
        ("DROP TABLE", "after"),
    ]
    .into_iter()
    .enumerate()
    {
        let database = format!("forgetting_{number}_{when}");
        let subject = subject_in(server, &database, folder.path()).await;
        let table = kept(&subject).await;
        for (hour, clicks) in [(9, 1), (10, 4)] {
            let window = observed(&table, &subject, &rows(&[("a", clicks)]), hour);
            subject.destination.load_window(&window).await.unwrap();
        }
        let recorded = "SELECT metric, old_sum, new_sum FROM _criteo_changes";
        let versions = "SELECT clicks, valid_from, valid_to FROM conformance_history";
        let before = rows_of(&subject, recorded).await;
        let versions_before = rows_of(&subject, versions).await;
        assert_eq!((before.len(), versions_before.len()), (4, 2));
        // What a load left that stopped before its commit does not come to count when nobody can tell any more.
        let lost = observed(&table, &subject, &rows(&[("a", 7)]), 10);
        server.fail(&database, ".`conformance` (", "before").await;
        subject.destination.load_window(&lost).await.unwrap_err();
        server.fail(&database, at, when).await;
        let outcome = subject.destination.forget("conformance").await;
        assert!(outcome.is_err(), "{at} {when}: nothing failed");
        let again = another_process(server, &database, folder.path());
        assert_eq!(rows_of(&again, recorded).await, before, "{at} {when}");
        again.destination.forget("conformance").await.unwrap();
        table.prepare(&again).await.unwrap();
        keep(&again, &table).await;
        assert_eq!(rows_of(&again, recorded).await, before, "{at} {when}");
        assert_eq!(
            rows_of(&again, versions).await,
            versions_before,
            "{at} {when}"
        );

        let window = observed(&table, &again, &rows(&[("a", 9)]), 11);
        again.destination.load_window(&window).await.unwrap();
        let moved =
            "SELECT old_sum, new_sum FROM _criteo_changes WHERE metric = 'clicks' AND new_sum > 4";
        let (four, nine) = ("4.000000000", "9.000000000");
        let expected = [vec![Some(four.to_owned()), Some(nine.to_owned())]];
        assert_eq!(rows_of(&again, moved).await, expected, "{at} {when}");
        assert_eq!(rows_of(&again, versions).await.len(), 3, "{at} {when}");
    }
}

/// Somebody who dropped the view of versions wants it gone: it does not come back until versions are begun anew.
#[tokio::test]
async fn a_dropped_view_of_versions_stays_dropped() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "stays_dropped", folder.path()).await;
    let table = kept(&subject).await;
    let first = observed(&table, &subject, &rows(&[("a", 1)]), 9);
    subject.destination.load_window(&first).await.unwrap();
    let second = observed(&table, &subject, &rows(&[("a", 2)]), 10);
    server
        .fail("stays_dropped", ".`conformance` (", "before")
        .await;
    subject.destination.load_window(&second).await.unwrap_err();
    server
        .execute("DROP VIEW stays_dropped.conformance_history SYNC")
        .await;
    let drop = DropDays {
        stream: "conformance".to_owned(),
        day_column: "day".to_owned(),
        keep_from: january(DAY + 1, DAY + 1).first,
        run_id: "run".to_owned(),
        dropped_at: "2026-03-01T09:00:00Z".parse().unwrap(),
    };
    // Takes out what the load left, and commits.
    let dropped = subject.destination.drop_days(&drop).await.unwrap();
    assert_eq!((dropped.rows, dropped.versions), (1, 0));
    subject.destination.load_window(&second).await.unwrap();
    let views = "SELECT count() FROM system.tables WHERE database = 'stays_dropped' AND name = 'conformance_history'";
    assert_eq!(server.lines(views).await, ["0"]);
    keep(&subject, &table).await;
    let versions = rows_of(&subject, "SELECT clicks FROM conformance_history").await;
    assert_eq!(versions, [[Some("2".to_owned())]]);
}

/// A table that somebody made under the name of a dropped view of versions is theirs, although the ledger knows the name.
#[tokio::test]
async fn a_table_in_the_place_of_versions_is_left_alone() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "in_the_place", folder.path()).await;
    let table = kept(&subject).await;
    for statement in [
        "DROP VIEW in_the_place.conformance_history SYNC",
        "CREATE TABLE in_the_place.conformance_history (x UInt8) ENGINE = MergeTree ORDER BY x",
    ] {
        server.execute(statement).await;
    }
    let refusal = subject
        .destination
        .keep_versions(&table.schema, &table.stream, Some("day"), true)
        .await
        .unwrap_err();
    assert!(
        matches!(refusal, DestinationError::ForeignTable { .. }),
        "{refusal:?}"
    );
    let names_itself = refusal.to_string().contains("stream 'conformance'");
    assert!(!names_itself, "{refusal}");
    let window = observed(&table, &subject, &rows(&[("a", 1)]), 9);
    subject.destination.load_window(&window).await.unwrap();
    let engine = "SELECT engine FROM system.tables WHERE database = 'in_the_place' AND name = 'conformance_history'";
    assert_eq!(server.lines(engine).await, ["MergeTree"]);
}
