//! What was recorded of a stream's changes when its table is made anew: it was observed, whatever becomes of the rows.

use super::Subject;
use super::changes::{Age, Record, assert_records, load_of_one};
use super::fixture::{Row, Table, january};

const PREPARED: &str = "the table can be made";

/// A record of the first of the two days.
fn record(
    metric: Option<&'static str>,
    sums: [Option<&'static str>; 2],
    added: i64,
    others: [Option<i64>; 2],
) -> Record {
    let [old, new] = sums;
    let [removed, changed] = others;
    ("2026-01-01", metric, old, new, added, removed, changed)
}

/// One row of the first of the two days.
fn row(clicks: i64) -> [Row; 1] {
    [Row::of_day("1", january(1, 1).first, "a", clicks)]
}

const THREE: Option<&str> = Some("3.000000000");
const FOUR: Option<&str> = Some("4.000000000");
const SIX: Option<&str> = Some("6.000000000");
const SEVEN: Option<&str> = Some("7.000000000");
const CLICKS: Option<&str> = Some("clicks");

/// What is read into the new table is compared with the sums that were recorded last, so that nothing which moved
/// meanwhile is lost and nothing counts twice; how early how much was known is told as if the table had stayed.
///
/// # Panics
/// When the property does not hold.
pub async fn recorded_changes_outlive_a_table_that_is_made_anew(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    load_of_one(subject, &table, &row(3), Age(1)).await;
    load_of_one(subject, &table, &row(4), Age(2)).await;
    let mut expected = vec![
        record(None, [None, None], 1, [None, None]),
        record(CLICKS, [None, THREE], 1, [None, None]),
        ("2026-01-02", None, None, None, 0, None, None),
        record(None, [None, None], 0, [Some(0), Some(1)]),
        record(CLICKS, [THREE, FOUR], 0, [Some(0), Some(1)]),
    ];
    assert_records(subject, &expected).await;

    make_anew(subject, &table).await;
    assert_records(subject, &expected).await;
    load_of_one(subject, &table, &row(6), Age(5)).await;
    expected.extend([
        record(None, [None, None], 1, [Some(0), None]),
        record(CLICKS, [FOUR, SIX], 1, [Some(0), None]),
    ]);
    assert_records(subject, &expected).await;

    // The first reading as final is one into a new table as well, and brings nothing but that it is final.
    make_anew(subject, &table).await;
    load_of_one(subject, &table, &row(6), Age(31)).await;
    expected.extend([
        record(None, [None, None], 1, [Some(0), None]),
        ("2026-01-02", None, None, None, 0, Some(0), None),
    ]);
    assert_records(subject, &expected).await;
    let points = subject.destination.maturation("conformance").await;
    let points = points.expect("it can be asked");
    assert_eq!(points.len(), 31, "one metric, 31 ages");
    for point in points {
        let expected = match point.age_days {
            0 => None,
            1 => Some((0.5, 0.5)),
            2..=4 => Some((4.0 / 6.0, 2.0 / 6.0)),
            _ => Some((1.0, 0.0)),
        };
        let Some((known, moved)) = expected else {
            assert_eq!(point.days, 0, "{point:?}");
            continue;
        };
        assert_eq!(point.days, 2, "{point:?}");
        for (found, expected) in [(point.share_known, known), (point.share_moved_later, moved)] {
            let found = found.expect("a share of a value that is not zero");
            assert!((found - expected).abs() < 1e-12, "{point:?}");
        }
    }

    // Days that are long over when a table is made anew are followed all the same.
    make_anew(subject, &table).await;
    load_of_one(subject, &table, &row(6), Age::OLD).await;
    assert_records(subject, &expected).await;
    make_anew(subject, &table).await;
    load_of_one(subject, &table, &row(7), Age::OLD).await;
    expected.extend([
        record(None, [None, None], 1, [Some(0), None]),
        record(CLICKS, [SIX, SEVEN], 1, [Some(0), None]),
    ]);
    assert_records(subject, &expected).await;
}

/// Records stay where a stream gets another table for the same rows; they go on request, and where a new table is for
/// rows of another currency.
///
/// # Panics
/// When the property does not hold.
pub async fn recorded_changes_end_with_what_they_can_be_compared_with(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    load_of_one(subject, &table, &row(3), Age(1)).await;
    let mut first = vec![
        record(None, [None, None], 1, [None, None]),
        record(CLICKS, [None, THREE], 1, [None, None]),
        ("2026-01-02", None, None, None, 0, None, None),
    ];
    let mut renamed = table.clone();
    "renamed".clone_into(&mut renamed.schema.table);
    "renamed".clone_into(&mut renamed.stream.table);
    renamed.prepare(subject).await.expect(PREPARED);
    assert_records(subject, &first).await;
    load_of_one(subject, &renamed, &row(4), Age(2)).await;
    first.extend([
        record(None, [None, None], 1, [Some(0), None]),
        record(CLICKS, [THREE, FOUR], 1, [Some(0), None]),
    ]);
    assert_records(subject, &first).await;

    let mut in_dollars = table.clone();
    "in_dollars".clone_into(&mut in_dollars.schema.table);
    "in_dollars".clone_into(&mut in_dollars.stream.table);
    in_dollars.stream.currency = Some("USD".to_owned());
    in_dollars.prepare(subject).await.expect(PREPARED);
    assert_records(subject, &[]).await;
    load_of_one(subject, &in_dollars, &row(3), Age(1)).await;
    assert_records(subject, &first[..3]).await;
    for _ in 0..2 {
        let forgotten = subject.destination.forget_changes("conformance").await;
        forgotten.expect("the records can be removed");
        assert_records(subject, &[]).await;
    }
    let other = subject.destination.forget_changes("other").await;
    other.expect("nothing is recorded of it");
}

/// Drops the table and makes it again, as `sync --rebuild` does.
async fn make_anew(subject: &Subject, table: &Table) {
    let forgotten = subject.destination.forget("conformance").await;
    forgotten.expect("the stream can be forgotten");
    table.prepare(subject).await.expect(PREPARED);
}
