//! What the ledger remembers and when it lets go.

use jiff::civil::date;

use super::Subject;
use super::fixture::{Row, Table, january};
use crate::calendar::DayRange;
use crate::event::Outcome;
use crate::ledger::{RunEntry, WindowEntry};

const PREPARED: &str = "the table can be made";
const LOADED: &str = "the window can be loaded";
const RECORDED: &str = "the entry can be written";
const READ: &str = "the ledger can be read";

/// Asking before anything was written is not an error, and writes nothing.
///
/// # Panics
/// When the property does not hold.
pub async fn an_empty_destination_remembers_nothing(subject: &Subject) {
    let destination = &subject.destination;
    destination.check().await.expect("it can be written to");
    assert_eq!(destination.runs(10).await.expect(READ), []);
    assert_eq!(destination.stream("conformance").await.expect(READ), None);
    assert_eq!(destination.windows("conformance").await.expect(READ), []);
    assert_eq!(
        destination.count_rows("conformance").await.expect(READ),
        None
    );
    destination
        .forget("conformance")
        .await
        .expect("nothing is forgotten");
}

/// An entry comes back with every part it was written with, down to the microsecond it was read at.
///
/// # Panics
/// When the property does not hold.
pub async fn windows_come_back_as_written(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let mut expected = Vec::new();
    for (number, verified) in [(1, None), (2, Some(false)), (3, Some(true))] {
        let days = january(number, number);
        let rows = [Row::of_day("1", days.first, "a", 1)];
        let mut window = table.window(&subject.spool, Some(days), &["1", "no rows"], &rows);
        window.entry.verified = verified;
        if verified.is_none() {
            window.entry.totals.clear();
            window.entry.total_differences.clear();
            window.entry.calls = u32::MAX;
            window.entry.bytes = u64::from(u32::MAX) * 1_000;
        }
        subject
            .destination
            .load_window(&window)
            .await
            .expect(LOADED);
        expected.push(window.entry);
    }
    assert_eq!(windows(subject).await, expected);
    assert_eq!(subject.destination.windows("other").await.expect(READ), []);
}

/// What a later window covers wholly, an earlier one no longer vouches for.
///
/// # Panics
/// When the property does not hold.
pub async fn a_later_window_takes_over_what_it_covers(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let inner = load(subject, &table, january(2, 3), &["1", "2"]).await;
    let outer = load(subject, &table, january(1, 4), &["1"]).await;
    let mut inner_without_1 = inner.clone();
    inner_without_1.advertisers.remove("1");
    assert_eq!(windows(subject).await, [inner_without_1, outer.clone()]);
    let last = load(subject, &table, january(2, 3), &["2"]).await;
    assert_eq!(windows(subject).await, [outer, last]);
}

/// A window that reaches outside a later one is still the last word there, so it stays.
///
/// # Panics
/// When the property does not hold.
pub async fn a_partly_covered_window_stays(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let old = load(subject, &table, january(1, 10), &["1", "2"]).await;
    let new = load(subject, &table, january(5, 15), &["1", "2"]).await;
    let inside = load(subject, &table, january(7, 7), &["1"]).await;
    assert_eq!(windows(subject).await, [old, new, inside]);
}

/// A window that was given up is remembered, and what was loaded before stays, rows and entry.
///
/// # Panics
/// When the property does not hold.
pub async fn a_quarantine_changes_no_rows(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let days = january(1, 2);
    let rows = [Row::of_day("1", days.first, "old", 1)];
    let loaded = table.window(&subject.spool, Some(days), &["1"], &rows);
    subject
        .destination
        .load_window(&loaded)
        .await
        .expect(LOADED);
    let given_up = quarantine(subject, &table, Some(days), &["1"]).await;
    subject
        .destination
        .record_quarantine(&given_up)
        .await
        .expect(RECORDED);
    table.assert_holds(subject, &rows).await;
    assert_eq!(windows(subject).await, [loaded.entry, given_up]);
}

/// A later window that covers a quarantined one closes it; a partial one does not. Entities likewise.
///
/// # Panics
/// When the property does not hold.
pub async fn a_quarantine_is_closed_by_a_later_window(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let earlier = load(subject, &table, january(1, 9), &["1", "2"]).await;
    let mut given_up = quarantine(subject, &table, Some(january(2, 3)), &["1", "2"]).await;
    let part = load(subject, &table, january(2, 2), &["1"]).await;
    assert_eq!(
        windows(subject).await,
        [earlier.clone(), given_up.clone(), part.clone()],
        "a day is still missing"
    );
    let for_one = load(subject, &table, january(1, 3), &["1"]).await;
    given_up.advertisers.remove("1");
    assert_eq!(windows(subject).await, [earlier, given_up, for_one]);
    let all = load(subject, &table, january(1, 31), &["1", "2"]).await;
    assert_eq!(windows(subject).await, [all]);

    let entities = Table::entities().named("entities");
    entities.prepare(subject).await.expect(PREPARED);
    quarantine(subject, &entities, None, &["1"]).await;
    let window = entities.window(&subject.spool, None, &["1"], &[]);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    let found = subject.destination.windows("entities").await.expect(READ);
    assert_eq!(found, [window.entry]);
}

/// The next run may pack days and advertisers differently, so several windows together close a quarantine.
///
/// # Panics
/// When the property does not hold.
pub async fn a_quarantine_is_closed_by_several_windows_together(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let days = DayRange::new(date(2025, 12, 30), date(2026, 1, 2)).expect("days in order");
    quarantine(subject, &table, Some(days), &["1", "2"]).await;
    let mut expected = Vec::new();
    for advertiser in ["1", "2"] {
        for half in days
            .halves()
            .map(|(older, newer)| [newer, older])
            .expect("several days")
        {
            assert_eq!(open_quarantines(subject).await, 1);
            expected.push(load(subject, &table, half, &[advertiser]).await);
        }
    }
    assert_eq!(windows(subject).await, expected);
}

/// A window that fails in every run is one open quarantine, not many.
///
/// # Panics
/// When the property does not hold.
pub async fn a_repeated_quarantine_is_listed_once(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    quarantine(subject, &table, Some(january(2, 3)), &["1"]).await;
    let newest = quarantine(subject, &table, Some(january(2, 3)), &["1"]).await;
    assert_eq!(windows(subject).await, [newest]);
}

/// A run is written when it begins and again when it ends, and the newest come first.
///
/// # Panics
/// When the property does not hold.
pub async fn runs_are_updated_and_listed_newest_first(subject: &Subject) {
    let destination = &subject.destination;
    let mut expected = Vec::new();
    for outcome in [
        Outcome::Failed,
        Outcome::Interrupted,
        Outcome::Partial,
        Outcome::Complete,
    ] {
        let started = RunEntry {
            run_id: uuid::Uuid::now_v7().to_string(),
            continues_run_id: expected.first().map(|run: &RunEntry| run.run_id.clone()),
            started_at: "2026-03-01T09:00:00.5Z".parse().expect("a valid instant"),
            selection: r#"{"streams":["it's"],"from":null}"#.to_owned(),
            finished_at: None,
            outcome: None,
            calls: 0,
            bytes: 0,
            waited_milliseconds: 0,
            rows: 0,
            version: "1.2.3".to_owned(),
            not_granted: None,
        };
        destination.record_run(&started).await.expect(RECORDED);
        expected.insert(0, started.clone());
        assert_eq!(destination.runs(10).await.expect(READ), expected);
        expected[0] = RunEntry {
            finished_at: Some(
                "2026-03-01T09:10:00.000001Z"
                    .parse()
                    .expect("a valid instant"),
            ),
            outcome: Some(outcome),
            calls: 40,
            bytes: 5_000_000_001,
            waited_milliseconds: 5_000_000_002,
            rows: 5_000_000_000,
            not_granted: Some(match outcome {
                Outcome::Complete => Vec::new(),
                _ => vec!["17".to_owned(), "4".to_owned()],
            }),
            ..started
        };
        destination.record_run(&expected[0]).await.expect(RECORDED);
        assert_eq!(destination.runs(10).await.expect(READ), expected);
    }
    assert_eq!(destination.runs(2).await.expect(READ), expected[..2]);
}

/// Forgetting a stream takes its table and its entries, and nothing of another stream; afterwards it can be made
/// anew for another purpose.
///
/// # Panics
/// When the property does not hold.
pub async fn a_forgotten_stream_leaves_nothing(subject: &Subject) {
    let mut table = Table::report();
    let other = Table::report().named("other");
    for table in [&table, &other] {
        table.prepare(subject).await.expect(PREPARED);
        load(subject, table, january(1, 1), &["1"]).await;
        quarantine(subject, table, Some(january(2, 2)), &["1"]).await;
    }
    let destination = &subject.destination;
    destination
        .forget("conformance")
        .await
        .expect("the stream can be forgotten");
    assert_eq!(windows(subject).await, []);
    assert_eq!(destination.stream("conformance").await.expect(READ), None);
    assert_eq!(
        destination.count_rows("conformance").await.expect(READ),
        None
    );
    assert_eq!(destination.windows("other").await.expect(READ).len(), 2);
    assert_eq!(destination.count_rows("other").await.expect(READ), Some(1));

    table.stream.currency = Some("USD".to_owned());
    table.prepare(subject).await.expect(PREPARED);
    table.assert_holds(subject, &[]).await;
}

async fn load(
    subject: &Subject,
    table: &Table,
    days: DayRange,
    advertiser_ids: &[&str],
) -> WindowEntry {
    let rows: Vec<Row> = advertiser_ids
        .iter()
        .map(|id| Row::of_day(id, days.first, "a", 1))
        .collect();
    let window = table.window(&subject.spool, Some(days), advertiser_ids, &rows);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    window.entry
}

pub(super) async fn quarantine(
    subject: &Subject,
    table: &Table,
    days: Option<DayRange>,
    advertiser_ids: &[&str],
) -> WindowEntry {
    let entry = WindowEntry {
        quarantine_reason: Some("Criteo's answer isn't JSON".to_owned()),
        verified: None,
        ..table.entry(days, advertiser_ids, &[])
    };
    subject
        .destination
        .record_quarantine(&entry)
        .await
        .expect(RECORDED);
    entry
}

async fn windows(subject: &Subject) -> Vec<WindowEntry> {
    subject
        .destination
        .windows("conformance")
        .await
        .expect(READ)
}

async fn open_quarantines(subject: &Subject) -> usize {
    let windows = windows(subject).await;
    windows
        .iter()
        .filter(|window| window.quarantine_reason.is_some())
        .count()
}
