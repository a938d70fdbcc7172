//! What values look like after they landed.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use jiff::civil::{Date, date};

use super::Subject;
use super::fixture::{Row, Table, column, january, money_as_text, rows_of, write_parquet};
use crate::calendar::DayRange;
use crate::schema::{FieldType, MONEY_PRECISION, MONEY_SCALE};

const PREPARED: &str = "the table can be made";
const LOADED: &str = "the window can be loaded";

/// Money keeps all 38 digits, at both ends and around zero.
///
/// # Panics
/// When the property does not hold.
pub async fn decimals_keep_every_digit(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let largest = 10_i128.pow(u32::from(MONEY_PRECISION)) - 1;
    assert_eq!(
        money_as_text(largest),
        "99999999999999999999999999999.999999999"
    );
    let amounts = [
        largest,
        -largest,
        largest - 1,
        0,
        1,
        -1,
        100_000_000,
        // More digits than a double holds.
        12_345_678_901_234_567_890_123_456_789,
    ];
    let day = january(1, 1);
    let rows: Vec<Row> = amounts
        .into_iter()
        .map(|units| Row {
            cost: Some(units),
            ..Row::of_day("1", day.first, "amount", 1)
        })
        .collect();
    let window = table.window(&subject.spool, Some(day), &["1"], &rows);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    table.assert_holds(subject, &rows).await;
}

/// An absent value and an empty text stay different.
///
/// # Panics
/// When the property does not hold.
pub async fn null_is_not_an_empty_string(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let day = january(1, 1);
    let empty = Row::of_day("1", day.first, "", 1);
    let absent = Row {
        label: None,
        clicks: None,
        cost: None,
        ..empty.clone()
    };
    let word = Row::of_day("1", day.first, "NULL", 1);
    let rows = [empty, absent, word];
    let window = table.window(&subject.spool, Some(day), &["1"], &rows);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    table.assert_holds(subject, &rows).await;
}

/// Texts and ids may hold quotes, line breaks, any script, and what looks like a statement; and such ids are
/// replaced like any other.
///
/// # Panics
/// When the property does not hold.
pub async fn any_text_survives(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let texts = [
        "O'Brien",
        "say \"hi\"",
        "'; DROP TABLE conformance; --",
        "back\\slash and \\n",
        "line\nbreak\r\nand\ttab",
        " spaces around ",
        "Zürich, Ελλάδα, 東京, עברית",
        "👩‍👩‍👧 e\u{301} \u{feff}",
        "a,b;c|d[e]{f}%_?*$1",
    ];
    let day = january(1, 1);
    let rows: Vec<Row> = texts
        .iter()
        .map(|text| Row::of_day(text, day.first, text, 1))
        .collect();
    for _ in 0..2 {
        let window = table.window(&subject.spool, Some(day), &texts, &rows);
        subject
            .destination
            .load_window(&window)
            .await
            .expect(LOADED);
        table.assert_holds(subject, &rows).await;
        let entries = subject.destination.windows(&table.stream.stream).await;
        assert_eq!(entries.expect("the ledger can be read"), [window.entry]);
    }
}

/// Days come back as they were from year 1 to year 9999, and windows at both ends can be replaced.
///
/// # Panics
/// When the property does not hold.
pub async fn dates_reach_the_edges_of_the_calendar(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let days = [
        date(1, 1, 1),
        // Between the Julian and the Gregorian calendar, where careless conversions go wrong.
        date(1582, 10, 10),
        date(1969, 12, 31),
        date(1970, 1, 1),
        date(2000, 2, 29),
        date(2024, 2, 29),
        date(9999, 12, 31),
    ];
    let row = |day: Date, label| Row::of_day("1", day, label, 1);
    for label in ["first reading", "second reading"] {
        for day in days {
            let window = table.window(
                &subject.spool,
                Some(DayRange::single(day)),
                &["1"],
                &[row(day, label)],
            );
            subject
                .destination
                .load_window(&window)
                .await
                .expect(LOADED);
        }
        table
            .assert_holds(subject, &days.map(|day| row(day, label)))
            .await;
    }
    let entries = subject.destination.windows(&table.stream.stream).await;
    let found: Vec<_> = entries
        .expect("the ledger can be read")
        .into_iter()
        .map(|entry| entry.days)
        .collect();
    assert_eq!(found, days.map(|day| Some(DayRange::single(day))));
}

/// Every type of the catalog comes back, present and absent.
///
/// # Panics
/// When the property does not hold.
pub async fn every_type_comes_back(subject: &Subject) {
    let mut table = Table::entities();
    table.schema.columns = vec![
        column("advertiser_id", FieldType::Text),
        column("whole", FieldType::Integer),
        column("money", FieldType::Money),
        column("ratio", FieldType::Float),
        column("flag", FieldType::Boolean),
        column("calendar_day", FieldType::Date),
        column("local_moment", FieldType::Timestamp),
        column("instant", FieldType::TimestampUtc),
        column("nested", FieldType::Json),
    ];
    table.prepare(subject).await.expect(PREPARED);
    let moments = || TimestampMicrosecondArray::from(vec![Some(1_767_225_599_999_999), None]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["1", "1"])),
        Arc::new(Int64Array::from(vec![Some(i64::MIN), None])),
        Arc::new(
            Decimal128Array::from(vec![Some(-1_500_000_000), None])
                .with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)
                .expect("a valid precision and scale"),
        ),
        Arc::new(Float64Array::from(vec![Some(0.1), None])),
        Arc::new(BooleanArray::from(vec![Some(false), None])),
        Arc::new(Date32Array::from(vec![Some(20_454), None])),
        Arc::new(moments()),
        Arc::new(moments()),
        Arc::new(StringArray::from(vec![Some(r#"[{"a":"é"},null]"#), None])),
    ];
    let rows = vec![Row::of_entity("1", "", 0); 2];
    let entry = table.entry(None, &["1"], &rows);
    let file = subject.spool.join("every type.parquet");
    let batch = RecordBatch::try_new(table.schema.arrow_schema(), columns)
        .expect("columns that fit the table");
    write_parquet(&file, &batch);
    let window = table.load(entry, vec![file]);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);

    let found = rows_of(
        subject,
        "SELECT advertiser_id, whole, money, ratio, flag, calendar_day, local_moment, instant, nested \
         FROM conformance",
    )
    .await;
    let mut absent = vec![None; 9];
    absent[0] = Some("1".to_owned());
    let present = [
        "1",
        "-9223372036854775808",
        "-1.500000000",
        "0.1",
        "false",
        "2026-01-01",
        "2025-12-31 23:59:59.999999",
        "2025-12-31 23:59:59.999999",
        r#"[{"a":"é"},null]"#,
    ];
    assert_eq!(
        found,
        [absent, present.map(|text| Some(text.to_owned())).to_vec()]
    );
}
