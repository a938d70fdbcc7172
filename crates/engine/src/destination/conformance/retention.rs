//! How old days are dropped, for destinations that claim to.

use jiff::SignedDuration;
use jiff::civil::{Date, date};

use super::super::{DestinationError, DropDays, DroppedDays, WINDOWS_KEPT_DAYS};
use super::Subject;
use super::fixture::{Row, Table, january, rows_of};
use super::versions::keep;
use crate::event::Outcome;
use crate::ledger::RunEntry;

const PREPARED: &str = "the table can be made";
const LOADED: &str = "the window can be loaded";
const DROPPED: &str = "old days can be dropped";

/// The entry of a window that vouches for nothing any more stays for [`WINDOWS_KEPT_DAYS`] after it was read, and goes
/// with the first run that ends later. What vouches for something stays however old it is.
///
/// # Panics
/// When the property does not hold.
pub async fn entries_that_vouch_for_nothing_go_with_time(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let day = january(1, 1);
    let mut entries = Vec::new();
    for clicks in [1, 2] {
        let rows = [Row::of_day("1", day.first, "row", clicks)];
        let window = table.window(&subject.spool, Some(day), &["1"], &rows);
        subject
            .destination
            .load_window(&window)
            .await
            .expect(LOADED);
        entries.push(window.entry);
    }
    let (replaced, standing) = (&entries[0], &entries[1]);
    let question = "SELECT window_id FROM _criteo_windows";
    for (days_later, expected) in [
        (WINDOWS_KEPT_DAYS - 1, vec![replaced, standing]),
        (WINDOWS_KEPT_DAYS + 1, vec![standing]),
    ] {
        let ended = standing.read_at + SignedDuration::from_hours(24 * i64::from(days_later));
        let run = RunEntry {
            run_id: uuid::Uuid::now_v7().to_string(),
            continues_run_id: None,
            started_at: ended - SignedDuration::from_mins(5),
            finished_at: Some(ended),
            outcome: Some(Outcome::Complete),
            selection: "{}".to_owned(),
            calls: 0,
            bytes: 0,
            waited_milliseconds: 0,
            rows: 0,
            version: "1.2.3".to_owned(),
            not_granted: None,
        };
        subject
            .destination
            .record_run(&run)
            .await
            .expect("the run can be written");
        let mut expected: Vec<_> = expected
            .into_iter()
            .map(|entry| vec![Some(entry.window_id.clone())])
            .collect();
        expected.sort();
        assert_eq!(rows_of(subject, question).await, expected, "{days_later}");
        let vouching = subject.destination.windows("conformance").await;
        assert_eq!(
            vouching.expect("the ledger can be read"),
            std::slice::from_ref(standing)
        );
    }
}

/// Days before the first one to keep are gone from the table and from its versions, no ledger entry vouches for them,
/// and the ledger says who dropped them; everything else is as it was.
///
/// # Panics
/// When the property does not hold.
pub async fn old_days_are_dropped_with_all_that_vouches_for_them(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let versions = subject.destination.capabilities().keeps_versions;
    if versions {
        keep(subject, &table, true)
            .await
            .expect("versions can be kept");
    }
    let row = |day, clicks| Row::of_day("1", january(day, day).first, "row", clicks);
    let mut entries = Vec::new();
    for (days, rows) in [
        (january(1, 2), vec![row(1, 1), row(2, 2)]),
        (
            january(3, 6),
            vec![row(3, 3), row(3, 4), row(4, 5), row(6, 6)],
        ),
        (january(7, 8), vec![row(7, 7)]),
    ] {
        let window = table.window(&subject.spool, Some(days), &["1"], &rows);
        subject
            .destination
            .load_window(&window)
            .await
            .expect(LOADED);
        entries.push(window.entry);
    }
    let given_up = crate::ledger::WindowEntry {
        quarantine_reason: Some("no answer".to_owned()),
        ..table.entry(Some(january(1, 1)), &["2"], &[])
    };
    let recorded = subject.destination.record_quarantine(&given_up).await;
    recorded.expect("the entry can be written");

    let dropped = drop_before(subject, january(4, 4).first).await;
    assert_eq!(dropped.rows, 4);
    assert_eq!(dropped.versions, if versions { 4 } else { 0 });
    table
        .assert_holds(subject, &[row(4, 5), row(6, 6), row(7, 7)])
        .await;
    if versions {
        let left = rows_of(subject, "SELECT clicks FROM conformance_history").await;
        assert_eq!(left.len(), 3);
    }
    let found = subject.destination.windows("conformance").await;
    let mut expected = entries.split_off(1);
    expected[0].days = Some(january(4, 6));
    expected[0].advertisers.insert("1".to_owned(), 2);
    assert_eq!(found.expect("the ledger can be read"), expected);

    let record = "SELECT run_id, stream, table_name, keep_from, rows FROM _criteo_drops";
    let expected = ["run", "conformance", "conformance", "2026-01-04", "4"];
    let expected = expected.map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(rows_of(subject, record).await, [expected]);
}

/// Where nothing is old enough nothing is written, and days that were dropped can be read again.
///
/// # Panics
/// When the property does not hold.
pub async fn dropping_nothing_leaves_no_record(subject: &Subject) {
    let nothing = DroppedDays::default();
    assert_eq!(drop_before(subject, date(2026, 1, 1)).await, nothing);
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let days = january(1, 2);
    let rows = [Row::of_day("1", days.first, "row", 1)];
    for records in [1, 2] {
        let window = table.window(&subject.spool, Some(days), &["1"], &rows);
        subject
            .destination
            .load_window(&window)
            .await
            .expect(LOADED);
        assert_eq!(drop_before(subject, days.first).await, nothing);
        table.assert_holds(subject, &rows).await;
        assert_eq!(drop_before(subject, date(2026, 2, 1)).await.rows, 1);
        assert_eq!(drop_before(subject, date(2026, 2, 1)).await, nothing);
        table.assert_holds(subject, &[]).await;
        let found = rows_of(subject, "SELECT rows FROM _criteo_drops").await;
        assert_eq!(found.len(), records);
    }
}

/// A destination that cannot drop days says so, instead of keeping them.
///
/// # Panics
/// When the property does not hold.
pub async fn dropping_days_is_refused(subject: &Subject) {
    let refusal = subject
        .destination
        .drop_days(&request(date(2026, 1, 1)))
        .await;
    assert!(
        matches!(refusal, Err(DestinationError::Unsupported { .. })),
        "{refusal:?}"
    );
}

async fn drop_before(subject: &Subject, keep_from: Date) -> DroppedDays {
    let dropped = subject.destination.drop_days(&request(keep_from)).await;
    dropped.expect(DROPPED)
}

fn request(keep_from: Date) -> DropDays {
    DropDays {
        stream: "conformance".to_owned(),
        day_column: "day".to_owned(),
        keep_from,
        run_id: "run".to_owned(),
        dropped_at: "2026-03-01T09:00:00Z".parse().expect("a valid instant"),
    }
}
