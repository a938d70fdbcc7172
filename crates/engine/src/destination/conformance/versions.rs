//! How versions of rows are kept, for destinations that claim to.

use super::super::{DestinationError, WindowLoad, history_table};
use super::Subject;
use super::fixture::{Row, Table, column, january, rows_of};
use crate::schema::FieldType;

const PREPARED: &str = "the table can be made";
const LOADED: &str = "the window can be loaded";
const KEPT: &str = "versions can be kept";

/// A version as the suite compares it: label, clicks, from and until when it was the current one.
type Version = (&'static str, i64, &'static str, Option<&'static str>);

/// Restated rows have a version each, vanished ones end, rows that stay as they are go on, and so do neighbours.
///
/// # Panics
/// When the property does not hold.
pub async fn versions_follow_the_rows(subject: &Subject) {
    let table = kept_report(subject).await;
    let days = january(1, 2);
    let row = |label, clicks| Row::of_day("1", days.first, label, clicks);
    let other_day = Row::of_day("1", days.last, "other day", 7);
    let other_advertiser = Row::of_day("2", days.first, "other advertiser", 8);
    let first = [
        row("restated", 1),
        row("vanished", 2),
        row("same", 3),
        other_day,
        other_advertiser,
    ];
    load_at(subject, &table, Some((1, 2)), &["1", "2"], &first, "09").await;
    let second = [row("restated", 10), row("same", 3), row("new", 4)];
    load_at(subject, &table, Some((1, 1)), &["1"], &second, "10").await;
    assert_versions(
        subject,
        &table,
        &[
            ("restated", 1, "09", Some("10")),
            ("restated", 10, "10", None),
            ("vanished", 2, "09", Some("10")),
            ("same", 3, "09", None),
            ("new", 4, "10", None),
            ("other day", 7, "09", None),
            ("other advertiser", 8, "09", None),
        ],
    )
    .await;
}

/// Of rows that are equal in everything, NULLs among it, as many versions are current as there are rows.
///
/// # Panics
/// When the property does not hold.
pub async fn equal_rows_have_a_version_each(subject: &Subject) {
    let table = kept_report(subject).await;
    let day = january(1, 1).first;
    let empty = Row {
        label: None,
        clicks: None,
        cost: None,
        ..Row::of_day("1", day, "", 0)
    };
    for (hour, count) in [("09", 3), ("10", 1), ("11", 2)] {
        let rows = vec![empty.clone(); count];
        load_at(subject, &table, Some((1, 1)), &["1"], &rows, hour).await;
    }
    let question = "SELECT valid_from, valid_to FROM conformance_history WHERE label IS NULL AND clicks IS NULL";
    let expected = [
        ("09", Some("10")),
        ("09", Some("10")),
        ("09", None),
        ("11", None),
    ];
    let mut expected: Vec<_> = expected
        .iter()
        .map(|(from, to)| vec![Some(instant(from)), to.map(instant)])
        .collect();
    expected.sort();
    assert_eq!(rows_of(subject, question).await, expected);
}

/// An entity that was deleted and created again has two versions, with a gap between them.
///
/// # Panics
/// When the property does not hold.
pub async fn a_recreated_entity_has_a_gap_between_its_versions(subject: &Subject) {
    let table = Table::entities();
    table.prepare(subject).await.expect(PREPARED);
    keep(subject, &table, true).await.expect(KEPT);
    let rows = [Row::of_entity("1", "campaign", 5)];
    load_at(subject, &table, None, &["1"], &rows, "09").await;
    load_at(subject, &table, None, &["1"], &[], "10").await;
    load_at(subject, &table, None, &["1"], &rows, "11").await;
    assert_versions(
        subject,
        &table,
        &[
            ("campaign", 5, "09", Some("10")),
            ("campaign", 5, "11", None),
        ],
    )
    .await;
}

/// Loading a window again, newest or long replaced, adds no version.
///
/// # Panics
/// When the property does not hold.
pub async fn a_replayed_window_adds_no_version(subject: &Subject) {
    let table = kept_report(subject).await;
    let row = |clicks| [Row::of_day("1", january(1, 1).first, "row", clicks)];
    let first = window_at(subject, &table, Some((1, 1)), &["1"], &row(1), "09");
    let second = window_at(subject, &table, Some((1, 1)), &["1"], &row(2), "10");
    for window in [&first, &first, &second, &first, &second] {
        subject.destination.load_window(window).await.expect(LOADED);
    }
    assert_versions(
        subject,
        &table,
        &[("row", 1, "09", Some("10")), ("row", 2, "10", None)],
    )
    .await;
}

/// When versions are kept from some day on, the rows that are there begin when the ledger says they were read; after a
/// pause, what was replaced meanwhile ended when that was read.
///
/// # Panics
/// When the property does not hold.
pub async fn versions_begin_and_go_on_with_the_rows_that_are_there(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    keep(subject, &table, false).await.expect("nothing is kept");
    let row = |day, label, clicks| Row::of_day("1", january(day, day).first, label, clicks);
    let both = [row(1, "first day", 1), row(2, "second day", 2)];
    load_at(subject, &table, Some((1, 2)), &["1"], &both, "09").await;
    let again = [row(2, "second day", 20)];
    load_at(subject, &table, Some((2, 2)), &["1"], &again, "10").await;
    keep(subject, &table, true).await.expect(KEPT);
    keep(subject, &table, true).await.expect(KEPT);
    let mut expected = vec![("first day", 1, "09", None), ("second day", 20, "10", None)];
    assert_versions(subject, &table, &expected).await;

    keep(subject, &table, false).await.expect("keeping stops");
    let unseen = [row(2, "second day", 200)];
    load_at(subject, &table, Some((2, 2)), &["1"], &unseen, "11").await;
    assert_versions(subject, &table, &expected).await;
    keep(subject, &table, true).await.expect(KEPT);
    expected[1].3 = Some("11");
    expected.push(("second day", 200, "11", None));
    assert_versions(subject, &table, &expected).await;
}

/// A window that was read before one that was loaded already makes no version end before it begins, nor two be current
/// at one instant.
///
/// # Panics
/// When the property does not hold.
pub async fn no_version_ends_before_it_begins(subject: &Subject) {
    let table = kept_report(subject).await;
    let row = |clicks| [Row::of_day("1", january(1, 1).first, "row", clicks)];
    for (hour, clicks) in [("11", 1), ("09", 2), ("12", 3)] {
        load_at(subject, &table, Some((1, 1)), &["1"], &row(clicks), hour).await;
    }
    assert_versions(
        subject,
        &table,
        &[
            ("row", 1, "11", Some("11")),
            ("row", 2, "11", Some("12")),
            ("row", 3, "12", None),
        ],
    )
    .await;
}

/// A window that is refused leaves the versions as they are.
///
/// # Panics
/// When the property does not hold.
pub async fn a_refused_window_leaves_versions_alone(subject: &Subject) {
    let table = kept_report(subject).await;
    let rows = [Row::of_day("1", january(1, 1).first, "row", 1)];
    load_at(subject, &table, Some((1, 1)), &["1"], &rows, "09").await;
    let mut window = window_at(subject, &table, Some((1, 1)), &["1"], &[], "10");
    window.entry.rows = 1;
    assert!(subject.destination.load_window(&window).await.is_err());
    assert_versions(subject, &table, &[("row", 1, "09", None)]).await;
}

/// A column that is added later is added to the versions; it is NULL in those from before.
///
/// # Panics
/// When the property does not hold.
pub async fn versions_have_added_columns(subject: &Subject) {
    let mut table = kept_report(subject).await;
    let rows = [Row::of_day("1", january(1, 1).first, "row", 1)];
    load_at(subject, &table, Some((1, 1)), &["1"], &rows, "09").await;
    table.schema.columns.push(column("device", FieldType::Text));
    table.prepare(subject).await.expect(PREPARED);
    keep(subject, &table, true).await.expect(KEPT);
    let question = "SELECT label, device FROM conformance_history";
    let expected = [vec![Some("row".to_owned()), None]];
    assert_eq!(rows_of(subject, question).await, expected);
}

/// Criteo cannot give versions back, so forgetting a stream leaves them, and they go on when it is read again.
///
/// # Panics
/// When the property does not hold.
pub async fn versions_outlive_a_forgotten_stream(subject: &Subject) {
    let table = kept_report(subject).await;
    let row = |label, clicks| Row::of_day("1", january(1, 1).first, label, clicks);
    let rows = [row("same", 1), row("other", 2)];
    load_at(subject, &table, Some((1, 1)), &["1"], &rows, "09").await;
    let forgotten = subject.destination.forget("conformance").await;
    forgotten.expect("the stream can be forgotten");
    table.prepare(subject).await.expect(PREPARED);
    keep(subject, &table, true).await.expect(KEPT);
    let rows = [row("same", 1), row("other", 20)];
    load_at(subject, &table, Some((1, 1)), &["1"], &rows, "10").await;
    assert_versions(
        subject,
        &table,
        &[
            ("same", 1, "09", None),
            ("other", 2, "09", Some("10")),
            ("other", 20, "10", None),
        ],
    )
    .await;
}

/// Versions do not go into the table of another stream.
///
/// # Panics
/// When the property does not hold.
pub async fn versions_do_not_go_into_a_foreign_table(subject: &Subject) {
    let intruder = Table::report().named(&history_table("conformance"));
    intruder.prepare(subject).await.expect(PREPARED);
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    match keep(subject, &table, true).await {
        Err(DestinationError::ForeignTable { table, .. }) => {
            assert_eq!(table, history_table("conformance"));
        }
        other => panic!("the table of another stream has to be refused, not {other:?}"),
    }
    intruder.assert_holds(subject, &[]).await;
}

/// A destination that cannot keep versions says so, instead of not keeping them; not to keep them is fine.
///
/// # Panics
/// When the property does not hold.
pub async fn keeping_versions_is_refused(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    keep(subject, &table, false).await.expect("nothing is kept");
    let refusal = keep(subject, &table, true).await;
    assert!(
        matches!(refusal, Err(DestinationError::Unsupported { .. })),
        "{refusal:?}"
    );
}

async fn kept_report(subject: &Subject) -> Table {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    keep(subject, &table, true).await.expect(KEPT);
    table
}

/// Begins or stops keeping versions.
pub(super) async fn keep(
    subject: &Subject,
    table: &Table,
    keep: bool,
) -> Result<(), DestinationError> {
    let day_column = table.day_column.as_deref();
    let destination = &subject.destination;
    destination
        .keep_versions(&table.schema, &table.stream, day_column, keep)
        .await
}

/// A window that was read at an hour of the first of March 2026, UTC.
pub(super) fn window_at(
    subject: &Subject,
    table: &Table,
    days: Option<(i8, i8)>,
    advertiser_ids: &[&str],
    rows: &[Row],
    hour: &str,
) -> WindowLoad {
    let days = days.map(|(first, last)| january(first, last));
    let mut window = table.window(&subject.spool, days, advertiser_ids, rows);
    window.entry.read_at = format!("2026-03-01T{hour}:00:00Z")
        .parse()
        .expect("a valid instant");
    window
}

async fn load_at(
    subject: &Subject,
    table: &Table,
    days: Option<(i8, i8)>,
    advertiser_ids: &[&str],
    rows: &[Row],
    hour: &str,
) {
    let window = window_at(subject, table, days, advertiser_ids, rows, hour);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
}

fn instant(hour: &str) -> String {
    format!("2026-03-01 {hour}:00:00")
}

async fn assert_versions(subject: &Subject, table: &Table, expected: &[Version]) {
    let history = history_table(&table.schema.table);
    let question = format!("SELECT label, clicks, valid_from, valid_to FROM {history}");
    let mut expected: Vec<Vec<Option<String>>> = expected
        .iter()
        .map(|(label, clicks, from, to)| {
            vec![
                Some((*label).to_owned()),
                Some(clicks.to_string()),
                Some(instant(from)),
                to.map(instant),
            ]
        })
        .collect();
    expected.sort();
    assert_eq!(rows_of(subject, &question).await, expected);
}
