//! How windows are replaced.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray, TimestampMicrosecondArray};
use arrow_array::{Decimal128Array, Int64Array, RecordBatch};
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::Subject;
use super::fixture::{Row, Table, column, january, rows_of, write_parquet};
use crate::calendar::DayRange;
use crate::ledger::WindowEntry;
use crate::schema::{FieldType, MONEY_PRECISION, MONEY_SCALE};

const PREPARED: &str = "the table can be made";
const LOADED: &str = "the window can be loaded";

/// The rows of a window and the entry that vouches for them are there together.
///
/// # Panics
/// When the property does not hold.
pub async fn a_window_lands_with_its_ledger_entry(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let rows = [
        Row::of_day("1", date(2026, 1, 1), "a", 3),
        Row::of_day("2", date(2026, 1, 2), "b", 4),
    ];
    let window = table.window(&subject.spool, Some(january(1, 2)), &["1", "2"], &rows);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    table.assert_holds(subject, &rows).await;
    assert_entries(subject, &table, &[window.entry]).await;
}

/// Loading the same window twice is loading it once. An old reading that is loaded again after a newer one stays
/// without effect.
///
/// # Panics
/// When the property does not hold.
pub async fn replaying_a_window_changes_nothing(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let day = january(1, 1);
    let old = [Row::of_day("1", day.first, "old", 1)];
    let new = [Row::of_day("1", day.first, "new", 2)];
    let first = table.window(&subject.spool, Some(day), &["1"], &old);
    let second = table.window(&subject.spool, Some(day), &["1"], &new);
    for (window, rows, vouching) in [
        (&first, &old, &first),
        (&first, &old, &first),
        (&second, &new, &second),
        (&first, &new, &second),
        (&second, &new, &second),
    ] {
        subject.destination.load_window(window).await.expect(LOADED);
        table.assert_holds(subject, rows).await;
        assert_entries(subject, &table, std::slice::from_ref(&vouching.entry)).await;
    }
}

/// When the write succeeds but the answer is lost, the caller loads again and nothing is counted twice.
///
/// # Panics
/// When the property does not hold.
pub async fn a_lost_answer_is_harmless(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let day = january(1, 1);
    let rows = [Row::of_day("1", day.first, "a", 1)];
    let window = table.window(&subject.spool, Some(day), &["1"], &rows);
    // Whoever lost the answer does not know whether it was good, and asks again.
    let _lost = subject.destination.load_window(&window).await;
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    table.assert_holds(subject, &rows).await;
    assert_entries(subject, &table, &[window.entry]).await;
}

/// Rows that Criteo no longer sends are deleted, and restated ones replaced.
///
/// # Panics
/// When the property does not hold.
pub async fn vanished_rows_are_deleted(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let days = january(1, 2);
    let before = [
        Row::of_day("1", days.first, "restated", 1),
        Row::of_day("1", days.first, "vanished", 2),
        Row::of_day("1", days.last, "vanished", 3),
    ];
    let after = [
        Row::of_day("1", days.first, "restated", 10),
        Row::of_day("1", days.last, "appeared", 4),
    ];
    for rows in [&before[..], &after[..]] {
        let window = table.window(&subject.spool, Some(days), &["1"], rows);
        subject
            .destination
            .load_window(&window)
            .await
            .expect(LOADED);
    }
    table.assert_holds(subject, &after).await;
}

/// Nothing outside a window's days and advertisers changes.
///
/// # Panics
/// When the property does not hold.
pub async fn neighbours_are_untouched(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let every_day: Vec<Row> = january(1, 5)
        .iter()
        .flat_map(|day| ["1", "10", "2"].map(|id| Row::of_day(id, day, "old", 1)))
        .collect();
    let whole = table.window(
        &subject.spool,
        Some(january(1, 5)),
        &["1", "10", "2"],
        &every_day,
    );
    subject.destination.load_window(&whole).await.expect(LOADED);

    let days = january(2, 4);
    let new: Vec<Row> = days
        .iter()
        .map(|day| Row::of_day("1", day, "new", 2))
        .collect();
    let inner = table.window(&subject.spool, Some(days), &["1"], &new);
    subject.destination.load_window(&inner).await.expect(LOADED);

    let mut expected: Vec<Row> = every_day
        .into_iter()
        .filter(|row| row.advertiser_id != "1" || !row.day.is_some_and(|day| days.contains(day)))
        .collect();
    expected.extend(new);
    table.assert_holds(subject, &expected).await;
}

/// Where rows carry a time of day, the last day counts to its last moment and the next one not at all.
///
/// # Panics
/// When the property does not hold.
pub async fn timestamps_belong_to_their_day(subject: &Subject) {
    let mut table = Table::report();
    table.schema.columns[1] = column("day", FieldType::Timestamp);
    table.prepare(subject).await.expect(PREPARED);
    let moments = [
        "2025-12-31T23:59:59.999999",
        "2026-01-01T00:00:00",
        "2026-01-01T23:59:59.999999",
        "2026-01-02T00:00:00",
    ];
    let load = |days: DayRange, moments: &[&str]| {
        let count = moments.len();
        let rows = vec![Row::of_day("1", days.first, "", 0); count];
        let entry = table.entry(Some(days), &["1"], &rows);
        let file = subject.spool.join(format!("{}.parquet", entry.window_id));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec!["1"; count])),
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                moments.iter().map(|moment| microseconds(moment)),
            )),
            Arc::new(StringArray::from(vec!["x"; count])),
            Arc::new(Int64Array::from(vec![0; count])),
            Arc::new(
                Decimal128Array::from(vec![0; count])
                    .with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)
                    .expect("a valid precision and scale"),
            ),
        ];
        let batch = RecordBatch::try_new(table.schema.arrow_schema(), columns)
            .expect("columns that fit the table");
        write_parquet(&file, &batch);
        table.load(entry, vec![file])
    };
    let three_days = DayRange::new(date(2025, 12, 31), date(2026, 1, 2)).expect("days in order");
    let whole = load(three_days, &moments);
    subject.destination.load_window(&whole).await.expect(LOADED);
    let middle = load(january(1, 1), &["2026-01-01T12:00:00"]);
    subject
        .destination
        .load_window(&middle)
        .await
        .expect(LOADED);

    let found = rows_of(subject, "SELECT day FROM conformance").await;
    let expected = [
        "2025-12-31 23:59:59.999999",
        "2026-01-01 12:00:00",
        "2026-01-02 00:00:00",
    ];
    assert_eq!(found, expected.map(|text| vec![Some(text.to_owned())]));
}

/// Entities have no days: all rows of the window's advertisers go, and only theirs.
///
/// # Panics
/// When the property does not hold.
pub async fn entities_are_replaced_per_advertiser(subject: &Subject) {
    let table = Table::entities();
    table.prepare(subject).await.expect(PREPARED);
    let before = [
        Row::of_entity("1", "kept name", 1),
        Row::of_entity("1", "gone", 2),
        Row::of_entity("2", "other advertiser", 3),
    ];
    let first = table.window(&subject.spool, None, &["1", "2"], &before);
    subject.destination.load_window(&first).await.expect(LOADED);
    let after = [Row::of_entity("1", "kept name", 9)];
    let second = table.window(&subject.spool, None, &["1"], &after);
    subject
        .destination
        .load_window(&second)
        .await
        .expect(LOADED);
    table
        .assert_holds(subject, &[after[0].clone(), before[2].clone()])
        .await;
    let mut first = first.entry;
    first.advertisers.remove("1");
    assert_entries(subject, &table, &[first, second.entry]).await;
}

/// A window without rows is read, remembered, and empties what was there: with an empty file and with none.
///
/// # Panics
/// When the property does not hold.
pub async fn zero_rows_empty_the_window(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let days = january(1, 1);
    for has_file in [true, false] {
        let rows = [Row::of_day("1", days.first, "a", 1)];
        let full = table.window(&subject.spool, Some(days), &["1"], &rows);
        subject.destination.load_window(&full).await.expect(LOADED);
        let mut empty = table.window(&subject.spool, Some(days), &["1"], &[]);
        if !has_file {
            empty.files.clear();
        }
        subject.destination.load_window(&empty).await.expect(LOADED);
        table.assert_holds(subject, &[]).await;
        assert_entries(subject, &table, &[empty.entry]).await;
    }
}

/// Windows loaded from many tasks at once all land, each whole.
///
/// # Panics
/// When the property does not hold.
pub async fn concurrent_windows_all_land(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let mut expected = Vec::new();
    let mut tasks = Vec::new();
    for day in january(1, 8).iter() {
        for advertiser in ["1", "2", "3"] {
            let rows: Vec<Row> = (0..20)
                .map(|clicks| Row::of_day(advertiser, day, "row", clicks))
                .collect();
            let window = table.window(
                &subject.spool,
                Some(DayRange::single(day)),
                &[advertiser],
                &rows,
            );
            expected.extend(rows);
            let destination = Arc::clone(&subject.destination);
            tasks.push(tokio::spawn(async move {
                destination.load_window(&window).await
            }));
        }
    }
    let windows = tasks.len();
    for task in tasks {
        task.await.expect("no task panics").expect(LOADED);
    }
    table.assert_holds(subject, &expected).await;
    assert_eq!(entries(subject, &table).await.len(), windows);
}

/// One window may cover thousands of advertisers.
///
/// # Panics
/// When the property does not hold.
pub async fn many_advertisers_fit_one_window(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let days = january(1, 1);
    let ids: Vec<String> = (0..5_000)
        .map(|number| format!("advertiser {number}"))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let rows: Vec<Row> = ids
        .iter()
        .map(|id| Row::of_day(id, days.first, "a", 1))
        .collect();
    let mut newest = None;
    for _ in 0..2 {
        let window = table.window(&subject.spool, Some(days), &ids, &rows);
        subject
            .destination
            .load_window(&window)
            .await
            .expect(LOADED);
        newest = Some(window.entry);
    }
    let count = subject.destination.count_rows(&table.schema.table).await;
    assert_eq!(count.expect("the table can be counted"), Some(5_000));
    assert_entries(subject, &table, newest.as_slice()).await;
}

/// A window may come in several files.
///
/// # Panics
/// When the property does not hold.
pub async fn several_files_make_one_window(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let days = january(1, 2);
    let rows = [
        Row::of_day("1", days.first, "a", 1),
        Row::of_day("1", days.last, "b", 2),
    ];
    let mut window = table.window(&subject.spool, Some(days), &["1"], &rows);
    window.files.clear();
    for (number, row) in rows.iter().enumerate() {
        let file = subject.spool.join(format!("part {number}.parquet"));
        write_parquet(&file, &table.batch(std::slice::from_ref(row)));
        window.files.push(file);
    }
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    table.assert_holds(subject, &rows).await;
}

/// Files that are not what the ledger entry says are refused, and what was there stays.
///
/// # Panics
/// When the property does not hold.
pub async fn a_refused_window_changes_nothing(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let days = january(1, 2);
    let before = [Row::of_day("1", days.first, "before", 1)];
    let good = table.window(&subject.spool, Some(days), &["1"], &before);
    subject.destination.load_window(&good).await.expect(LOADED);

    let row = |advertiser, day| Row::of_day(advertiser, day, "new", 2);
    let mut too_few = table.window(&subject.spool, Some(days), &["1"], &[row("1", days.first)]);
    too_few.entry.rows = 2;
    too_few.entry.advertisers.insert("1".to_owned(), 2);
    let mut other_advertiser =
        table.window(&subject.spool, Some(days), &["1"], &[row("2", days.first)]);
    other_advertiser.entry.advertisers.remove("2");
    let other_day = table.window(
        &subject.spool,
        Some(days),
        &["1"],
        &[row("1", date(2026, 1, 3))],
    );
    let mut no_day = row("1", days.first);
    no_day.day = None;
    let no_day = table.window(&subject.spool, Some(days), &["1"], &[no_day]);
    let mut no_file = table.window(&subject.spool, Some(days), &["1"], &[row("1", days.first)]);
    no_file.files = vec![subject.spool.join("absent.parquet")];
    for (what, window) in [
        ("fewer rows than announced", too_few),
        (
            "a row of an advertiser outside the window",
            other_advertiser,
        ),
        ("a row of a day outside the window", other_day),
        ("a row without a day", no_day),
        ("a missing file", no_file),
    ] {
        let outcome = subject.destination.load_window(&window).await;
        assert!(outcome.is_err(), "{what} has to be refused");
        table.assert_holds(subject, &before).await;
    }
    assert_entries(subject, &table, &[good.entry]).await;
}

async fn entries(subject: &Subject, table: &Table) -> Vec<WindowEntry> {
    subject
        .destination
        .windows(&table.stream.stream)
        .await
        .expect("the ledger can be read")
}

async fn assert_entries(subject: &Subject, table: &Table, expected: &[WindowEntry]) {
    assert_eq!(entries(subject, table).await, expected);
}

fn microseconds(moment: &str) -> i64 {
    let moment: jiff::civil::DateTime = moment.parse().expect("a valid date and time");
    TimeZone::UTC
        .to_timestamp(moment)
        .expect("a moment within the calendar")
        .as_microsecond()
}
