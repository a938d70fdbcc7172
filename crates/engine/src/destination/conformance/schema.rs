//! How tables are made, extended and refused.

use super::super::DestinationError;
use super::Subject;
use super::fixture::{Row, Table, column, january, write_parquet};
use crate::schema::FieldType;

const PREPARED: &str = "the table can be made";
const LOADED: &str = "the window can be loaded";

/// Preparing a table again, with rows in it, keeps rows and ledger.
///
/// # Panics
/// When the property does not hold.
pub async fn preparing_twice_changes_nothing(subject: &Subject) {
    let mut table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let day = january(1, 1);
    let rows = [Row::of_day("1", day.first, "a", 1)];
    let window = table.window(&subject.spool, Some(day), &["1"], &rows);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    // The order in which dimensions are named does not change what a row stands for.
    table.stream.grain.reverse();
    table.schema.columns[2].description = "A better description".to_owned();
    table.prepare(subject).await.expect(PREPARED);
    table.assert_holds(subject, &rows).await;
    let stream = subject.destination.stream("conformance").await;
    assert_eq!(stream.expect("the ledger can be read"), Some(table.stream));
    let entries = subject.destination.windows("conformance").await;
    assert_eq!(entries.expect("the ledger can be read"), [window.entry]);
}

/// A column that is asked for later is added; rows from before have no value in it.
///
/// # Panics
/// When the property does not hold.
pub async fn an_added_column_is_null_in_old_rows(subject: &Subject) {
    assert!(
        subject.destination.capabilities().adds_columns,
        "the engine relies on it"
    );
    let complete = Table::report();
    let mut narrow = complete.clone();
    narrow.schema.columns.remove(3);
    narrow.prepare(subject).await.expect(PREPARED);
    let old = Row::of_day("1", january(1, 1).first, "old", 1);
    let mut window = narrow.window_without_clicks(subject, &old);
    window.entry.columns.retain(|name| name != "clicks");
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);

    complete.prepare(subject).await.expect(PREPARED);
    let days = january(2, 2);
    let new = Row::of_day("1", days.first, "new", 7);
    let window = complete.window(
        &subject.spool,
        Some(days),
        &["1"],
        std::slice::from_ref(&new),
    );
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    let old = Row {
        clicks: None,
        ..old
    };
    complete.assert_holds(subject, &[old, new]).await;

    let entries = subject.destination.windows("conformance").await;
    let lacking: Vec<bool> = entries
        .expect("the ledger can be read")
        .iter()
        .map(|entry| !entry.columns.contains(&"clicks".to_owned()))
        .collect();
    assert_eq!(
        lacking,
        [true, false],
        "the ledger tells which windows lack the column"
    );
}

/// A column that is no longer asked for stays, and new rows have no value in it.
///
/// # Panics
/// When the property does not hold.
pub async fn a_column_that_is_no_longer_asked_for_is_null_in_new_rows(subject: &Subject) {
    let complete = Table::report();
    complete.prepare(subject).await.expect(PREPARED);
    let days = january(2, 2);
    let old = Row::of_day("1", days.first, "old", 7);
    let window = complete.window(
        &subject.spool,
        Some(days),
        &["1"],
        std::slice::from_ref(&old),
    );
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);

    let mut narrow = complete.clone();
    narrow.schema.columns.remove(3);
    narrow.prepare(subject).await.expect(PREPARED);
    let new = Row::of_day("1", january(1, 1).first, "new", 1);
    let window = narrow.window_without_clicks(subject, &new);
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    let new = Row {
        clicks: None,
        ..new
    };
    complete.assert_holds(subject, &[old, new]).await;
}

/// A table whose rows stand for something else is refused, and stays as it is.
///
/// # Panics
/// When the property does not hold.
pub async fn another_grain_is_refused(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let mut other = table.clone();
    other.stream.grain.push("Device".to_owned());
    let device = column("device", FieldType::Text);
    other.schema.columns.push(device);
    assert_incompatible(subject, &other, &["Device"]).await;
    let columns = subject.destination.query("SELECT * FROM conformance").await;
    assert_eq!(
        columns.expect("the table can be read").columns,
        ["advertiser_id", "day", "label", "clicks", "cost"],
        "a refused change leaves no column behind"
    );
    let stream = subject.destination.stream("conformance").await;
    assert_eq!(stream.expect("the ledger can be read"), Some(table.stream));
}

/// Amounts in another currency and days cut in another time zone do not mix with those that are there.
///
/// # Panics
/// When the property does not hold.
pub async fn another_currency_or_time_zone_is_refused(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let mut dollars = table.clone();
    dollars.stream.currency = Some("USD".to_owned());
    assert_incompatible(subject, &dollars, &["EUR", "USD"]).await;
    let mut utc = table.clone();
    utc.stream.time_zone = Some("UTC".to_owned());
    assert_incompatible(subject, &utc, &["Europe/Paris", "UTC"]).await;
    table.prepare(subject).await.expect(PREPARED);
}

/// A column of another type is refused.
///
/// # Panics
/// When the property does not hold.
pub async fn another_type_is_refused(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let mut other = table.clone();
    other.schema.columns[3].field_type = FieldType::Money;
    assert_incompatible(subject, &other, &["clicks"]).await;
    table.prepare(subject).await.expect(PREPARED);
}

/// Two streams may not write into one table.
///
/// # Panics
/// When the property does not hold.
pub async fn the_table_of_another_stream_is_refused(subject: &Subject) {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let mut intruder = table.clone();
    intruder.stream.stream = "intruder".to_owned();
    match intruder.prepare(subject).await {
        Err(error @ DestinationError::ForeignTable { .. }) => {
            assert!(error.to_string().contains("'conformance'"), "{error}");
            assert!(error.hint().is_some());
        }
        other => panic!("the table of another stream has to be refused, not {other:?}"),
    }
    let stream = subject.destination.stream("intruder").await;
    assert_eq!(stream.expect("the ledger can be read"), None);
}

async fn assert_incompatible(subject: &Subject, table: &Table, words: &[&str]) {
    match table.prepare(subject).await {
        Err(error @ DestinationError::Incompatible { .. }) => {
            let text = error.to_string();
            for word in words {
                assert!(text.contains(word), "'{text}' does not name {word}");
            }
            assert!(error.hint().is_some());
        }
        other => panic!("the table has to be refused, not {other:?}"),
    }
}

impl Table {
    /// A window with one row, for a report whose column `clicks` was taken away.
    fn window_without_clicks(&self, subject: &Subject, row: &Row) -> super::super::WindowLoad {
        let complete = Table::report().batch(std::slice::from_ref(row));
        let batch = complete
            .project(&[0, 1, 2, 4])
            .expect("the columns of a report");
        let days = row.day.map(crate::calendar::DayRange::single);
        let rows = std::slice::from_ref(row);
        let entry = self.entry(days, &[&row.advertiser_id], rows);
        let file = subject.spool.join(format!("{}.parquet", entry.window_id));
        write_parquet(&file, &batch);
        self.load(entry, vec![file])
    }
}
