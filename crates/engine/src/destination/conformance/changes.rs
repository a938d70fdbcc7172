//! How it is recorded what a window changes, for destinations that claim to.

use super::super::{Observation, ObservedPeriod, WindowLoad};
use super::Subject;
use super::fixture::{Row, Table, january, rows_of};
use super::ledger::quarantine;

const PREPARED: &str = "the table can be made";
const LOADED: &str = "the window can be loaded";

/// A record as the suite compares it: day, metric, sums before and after, rows added, removed and changed.
pub(super) type Record = (
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
    i64,
    Option<i64>,
    Option<i64>,
);

/// What a later reading of a day changes is recorded by metric, with exact sums, and for the day as a whole; of days
/// and advertisers that stay as they are nothing is.
///
/// # Panics
/// When the property does not hold.
pub async fn what_a_later_reading_changes_is_recorded(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let (first, last) = (january(1, 1).first, january(2, 2).first);
    let row = |label, clicks, cost| Row {
        cost: Some(cost),
        ..Row::of_day("1", first, label, clicks)
    };
    let unchanged = Row::of_day("1", last, "unchanged", 9);
    let elsewhere = Row::of_day("2", first, "unchanged", 9);
    let before = [
        row("restated", 1, 1),
        row("vanished", 2, 100_000_000_000_000_000_000),
        unchanged.clone(),
        elsewhere.clone(),
    ];
    let after = [
        row("restated", 10, 2),
        row("appeared", 2, 0),
        unchanged,
        elsewhere,
    ];
    // What was given up was not read: there is nothing to compare one of two advertisers with.
    quarantine(subject, &table, Some(january(1, 3)), &["1"]).await;
    let one = window(subject, &table, &["2"], &before[3..], Age::OLD);
    subject.destination.load_window(&one).await.expect(LOADED);
    load(subject, &table, &before, Age::OLD).await;
    assert_records(subject, &[]).await;
    load(subject, &table, &after, Age::OLD).await;
    assert_records(
        subject,
        &[
            ("2026-01-01", None, None, None, 1, Some(1), Some(1)),
            (
                "2026-01-01",
                Some("clicks"),
                Some("3.000000000"),
                Some("12.000000000"),
                1,
                Some(1),
                Some(1),
            ),
            (
                "2026-01-01",
                Some("cost"),
                Some("100000000000.000000001"),
                Some("0.000000002"),
                1,
                Some(1),
                Some(1),
            ),
        ],
    )
    .await;
    let question = "SELECT DISTINCT stream, advertiser_id, observed_at, age_days, is_final FROM _criteo_changes";
    let expected = [
        "conformance",
        "1",
        "2026-03-01 09:00:00.123456",
        "59",
        "true",
    ];
    let expected = expected.map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(rows_of(subject, question).await, [expected]);
}

/// Rows that move what they count from one to another, and rows equal in their key, are seen although no sum changes.
///
/// # Panics
/// When the property does not hold.
pub async fn a_change_without_another_sum_is_recorded(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let day = january(1, 1).first;
    let row = |label, clicks| Row::of_day("1", day, label, clicks);
    let before = [row("a", 1), row("b", 4), row("twin", 1), row("twin", 2)];
    let after = [row("a", 4), row("b", 1), row("twin", 3)];
    load(subject, &table, &before, Age::OLD).await;
    load(subject, &table, &after, Age::OLD).await;
    assert_records(
        subject,
        &[
            ("2026-01-01", None, None, None, 0, Some(1), Some(2)),
            (
                "2026-01-01",
                Some("clicks"),
                Some("8.000000000"),
                Some("8.000000000"),
                0,
                Some(1),
                Some(2),
            ),
        ],
    )
    .await;
}

/// The first reading of a young day is recorded, of each day once, without the metrics that are zero; so is the first
/// reading as final, whether it changes something or not.
///
/// # Panics
/// When the property does not hold.
pub async fn a_young_day_is_recorded_when_it_is_read_first_and_as_final(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let rows = [Row::of_day("1", january(1, 1).first, "a", 3)];
    for age in [Age(1), Age(2)] {
        load_of_one(subject, &table, &rows, age).await;
    }
    let first = [
        ("2026-01-01", None, None, None, 1, None, None),
        (
            "2026-01-01",
            Some("clicks"),
            None,
            Some("3.000000000"),
            1,
            None,
            None,
        ),
        ("2026-01-02", None, None, None, 0, None, None),
    ];
    assert_records(subject, &first).await;
    for age in [Age::OLD, Age::OLD] {
        load_of_one(subject, &table, &rows, age).await;
    }
    let mut expected = first.to_vec();
    expected.extend(
        ["2026-01-01", "2026-01-02"].map(|day| (day, None, None, None, 0, Some(0), Some(0))),
    );
    assert_records(subject, &expected).await;
}

/// A metric that earlier readings did not ask for has not changed by being read: days that are not followed get no
/// record, those that are get its sum as at a first reading, and what moves it from then on is a change like any other.
///
/// # Panics
/// When the property does not hold.
pub async fn a_metric_that_arrives_later_is_not_taken_for_a_change(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let day = january(1, 1).first;
    let read = async |advertiser: &str, clicks: Option<i64>, age: Age| {
        let rows = [Row {
            clicks,
            cost: Some(5),
            ..Row::of_day(advertiser, day, "a", 0)
        }];
        let mut window = window(subject, &table, &[advertiser], &rows, age);
        if clicks.is_none() {
            // Later readings cover it in part only, so its entry stays.
            window.entry.days = Some(january(1, 3));
            window.entry.columns.retain(|name| name != "clicks");
            let observation = window.observation.as_mut().expect("it was set");
            observation.additive_columns.retain(|name| name != "clicks");
        }
        subject
            .destination
            .load_window(&window)
            .await
            .expect(LOADED);
    };
    for clicks in [None, Some(7), Some(7)] {
        read("1", clicks, Age::OLD).await;
    }
    assert_records(subject, &[]).await;
    let (seven, nine) = (Some("7.000000000"), Some("9.000000000"));
    for clicks in [None, Some(7), Some(7), Some(9)] {
        read("2", clicks, Age(1)).await;
    }
    let cost = Some("0.000000005");
    assert_records(
        subject,
        &[
            ("2026-01-01", None, None, None, 1, None, None),
            ("2026-01-01", Some("cost"), None, cost, 1, None, None),
            ("2026-01-02", None, None, None, 0, None, None),
            ("2026-01-01", None, None, None, 0, Some(0), Some(0)),
            ("2026-01-01", Some("clicks"), None, seven, 0, Some(0), None),
            ("2026-01-01", None, None, None, 0, Some(0), Some(1)),
            (
                "2026-01-01",
                Some("clicks"),
                seven,
                nine,
                0,
                Some(0),
                Some(1),
            ),
        ],
    )
    .await;
}

/// Replayed windows, refused ones and those that nobody wants observed leave no record.
///
/// # Panics
/// When the property does not hold.
pub async fn replayed_and_refused_windows_leave_no_record(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let row = |clicks| [Row::of_day("1", january(1, 1).first, "a", clicks)];
    let load = async |window: &WindowLoad| subject.destination.load_window(window).await;
    let first = window(subject, &table, &["1"], &row(1), Age::OLD);
    let second = window(subject, &table, &["1"], &row(2), Age::OLD);
    let mut refused = window(subject, &table, &["1"], &row(3), Age::OLD);
    refused.entry.rows = 2;
    let mut unobserved = window(subject, &table, &["1"], &row(4), Age::OLD);
    unobserved.observation = None;
    load(&first).await.expect(LOADED);
    load(&second).await.expect(LOADED);
    for again in [&first, &second] {
        load(again).await.expect(LOADED);
    }
    assert!(load(&refused).await.is_err());
    load(&unobserved).await.expect(LOADED);
    let clicks = (
        "2026-01-01",
        Some("clicks"),
        Some("1.000000000"),
        Some("2.000000000"),
        0,
        Some(0),
        Some(1),
    );
    assert_records(
        subject,
        &[
            ("2026-01-01", None, None, None, 0, Some(0), Some(1)),
            clicks,
        ],
    )
    .await;
}

/// In coarse reports the records are those of the period in which the dates of the rows lie, under its first day.
///
/// # Panics
/// When the property does not hold.
pub async fn the_periods_of_coarse_reports_are_recorded(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    for clicks in [1, 2] {
        let rows = [Row::of_day("1", january(6, 6).first, "week", clicks)];
        let mut load = table.window(&subject.spool, Some(january(5, 11)), &["1"], &rows);
        load.observation = Some(Observation {
            periods: vec![ObservedPeriod {
                first_day: january(5, 5).first,
                last_day: january(11, 11).first,
                age_days: 49,
                is_young: false,
                is_final: true,
            }],
            ..observation(Age::OLD)
        });
        subject.destination.load_window(&load).await.expect(LOADED);
    }
    assert_records(
        subject,
        &[
            ("2026-01-05", None, None, None, 0, Some(0), Some(1)),
            (
                "2026-01-05",
                Some("clicks"),
                Some("1.000000000"),
                Some("2.000000000"),
                0,
                Some(0),
                Some(1),
            ),
        ],
    )
    .await;
}

/// How much was known at which age follows from the records, once days are final.
///
/// # Panics
/// When the property does not hold.
pub async fn maturation_tells_what_was_known_at_which_age(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let row = |clicks| [Row::of_day("1", january(1, 1).first, "a", clicks)];
    let ask = async || subject.destination.maturation("conformance").await;
    for (age, clicks) in [(0, 6), (3, 9), (5, 8)] {
        load_of_one(subject, &table, &row(clicks), Age(age)).await;
        assert_eq!(ask().await.expect("it can be asked"), [], "no day is final");
    }
    load_of_one(subject, &table, &row(10), Age(31)).await;
    let points = ask().await.expect("it can be asked");
    assert_eq!(points.len(), 31, "one metric that was not zero, 31 ages");
    for (point, age) in points.iter().zip(0..) {
        assert_eq!(
            (point.metric.as_str(), point.age_days, point.days),
            ("clicks", age, 2)
        );
        let (known, moved) = match age {
            0..=2 => (0.6, 0.6),
            3..=4 => (0.9, 0.3),
            _ => (0.8, 0.2),
        };
        for (found, expected) in [(point.share_known, known), (point.share_moved_later, moved)] {
            let found = found.expect("a share of a value that is not zero");
            assert!(
                (found - expected).abs() < 1e-12,
                "{found} at age {age} instead of {expected}"
            );
        }
    }
}

/// The age of the two days that the suite's windows have.
#[derive(Clone, Copy)]
pub(super) struct Age(pub(super) i32);

impl Age {
    pub(super) const OLD: Self = Self(59);
}

fn observation(age: Age) -> Observation {
    let period = |day: i8, age_days: i32| ObservedPeriod {
        first_day: january(day, day).first,
        last_day: january(day, day).first,
        age_days,
        is_young: age_days < 45,
        is_final: age_days >= 30,
    };
    Observation {
        key_columns: vec!["label".to_owned()],
        additive_columns: vec!["clicks".to_owned(), "cost".to_owned()],
        // The second day is as old as the first one, which leaves less to write down in each property.
        periods: vec![period(1, age.0), period(2, age.0)],
    }
}

fn window(
    subject: &Subject,
    table: &Table,
    advertiser_ids: &[&str],
    rows: &[Row],
    age: Age,
) -> WindowLoad {
    let mut window = table.window(&subject.spool, Some(january(1, 2)), advertiser_ids, rows);
    window.observation = Some(observation(age));
    window
}

async fn load(subject: &Subject, table: &Table, rows: &[Row], age: Age) {
    let window = window(subject, table, &["1", "2"], rows, age);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
}

pub(super) async fn load_of_one(subject: &Subject, table: &Table, rows: &[Row], age: Age) {
    let window = window(subject, table, &["1"], rows, age);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
}

pub(super) async fn assert_records(subject: &Subject, expected: &[Record]) {
    let question = "SELECT day, metric, old_sum, new_sum, rows_added, rows_removed, rows_changed FROM _criteo_changes";
    let text = |value: &str| Some(value.to_owned());
    let mut expected: Vec<Vec<Option<String>>> = expected
        .iter()
        .map(|(day, metric, old, new, added, removed, changed)| {
            vec![
                text(day),
                metric.map(str::to_owned),
                old.map(str::to_owned),
                new.map(str::to_owned),
                Some(added.to_string()),
                removed.map(|rows| rows.to_string()),
                changed.map(|rows| rows.to_string()),
            ]
        })
        .collect();
    expected.sort();
    assert_eq!(rows_of(subject, question).await, expected);
}
