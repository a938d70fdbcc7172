//! Tables, rows and windows for tests of destinations.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray};
use jiff::civil::{Date, date};
use parquet::arrow::ArrowWriter;

use super::super::{DestinationError, WindowLoad};
use super::Subject;
use crate::calendar::{DayRange, days_between};
use crate::ledger::{StreamEntry, WindowEntry};
use crate::schema::{Column, FieldType, MONEY_PRECISION, MONEY_SCALE, TableSchema};

/// One row of a [`Table`], without its day where the table is one of entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The advertiser it belongs to.
    pub advertiser_id: String,
    /// Its day.
    pub day: Option<Date>,
    /// Any text.
    pub label: Option<String>,
    /// Any whole number.
    pub clicks: Option<i64>,
    /// Any amount, in units of the ninth digit behind the point.
    pub cost: Option<i128>,
}

impl Row {
    /// A row of a report, costing nothing.
    #[must_use]
    pub fn of_day(advertiser_id: &str, day: Date, label: &str, clicks: i64) -> Self {
        Self {
            advertiser_id: advertiser_id.to_owned(),
            day: Some(day),
            label: Some(label.to_owned()),
            clicks: Some(clicks),
            cost: Some(0),
        }
    }

    /// An entity.
    #[must_use]
    pub fn of_entity(advertiser_id: &str, label: &str, clicks: i64) -> Self {
        Self {
            day: None,
            ..Self::of_day(advertiser_id, Date::ZERO, label, clicks)
        }
    }

    /// The row as [`Table::rows`] reads it back.
    fn as_text(&self, has_day: bool) -> Vec<Option<String>> {
        let mut values = vec![Some(self.advertiser_id.clone())];
        if has_day {
            values.push(self.day.map(|day| day.to_string()));
        }
        values.push(self.label.clone());
        values.push(self.clicks.map(|clicks| clicks.to_string()));
        values.push(self.cost.map(money_as_text));
        values
    }
}

/// An amount in units of the ninth digit behind the point, as decimal text with all nine.
#[must_use]
pub fn money_as_text(units: i128) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = units.unsigned_abs();
    let one = 10_u128.pow(u32::from(MONEY_SCALE.unsigned_abs()));
    format!("{sign}{}.{:09}", digits / one, digits % one)
}

/// A stream and its table, as the engine would describe them.
#[derive(Debug, Clone)]
pub struct Table {
    /// The columns. The suite's own are `advertiser_id`, `day` (reports only), `label`, `clicks` and `cost`.
    pub schema: TableSchema,
    /// What the table is for.
    pub stream: StreamEntry,
    /// The column that holds a row's day; `None` for entities.
    pub day_column: Option<String>,
}

impl Table {
    /// The table of a report stream called `conformance`.
    #[must_use]
    pub fn report() -> Self {
        let mut table = Self::entities();
        let day = column("day", FieldType::Date);
        table.schema.columns.insert(1, day);
        table.stream.grain = ["AdvertiserId", "Day", "Label"].map(str::to_owned).to_vec();
        table.stream.currency = Some("EUR".to_owned());
        table.stream.time_zone = Some("Europe/Paris".to_owned());
        table.day_column = Some("day".to_owned());
        table
    }

    /// The table of an entity stream called `conformance`.
    #[must_use]
    pub fn entities() -> Self {
        Self {
            schema: TableSchema {
                table: "conformance".to_owned(),
                description: "A table of the conformance suite; it's \"quoted\".".to_owned(),
                columns: vec![
                    column("advertiser_id", FieldType::Text),
                    column("label", FieldType::Text),
                    column("clicks", FieldType::Integer),
                    column("cost", FieldType::Money),
                ],
            },
            stream: StreamEntry {
                stream: "conformance".to_owned(),
                table: "conformance".to_owned(),
                grain: Vec::new(),
                currency: None,
                time_zone: None,
            },
            day_column: None,
        }
    }

    /// The same table under another name, for another stream of that name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.schema.table);
        name.clone_into(&mut self.stream.stream);
        name.clone_into(&mut self.stream.table);
        self
    }

    /// Makes the table.
    ///
    /// # Errors
    /// When the destination refuses.
    pub async fn prepare(&self, subject: &Subject) -> Result<(), DestinationError> {
        subject
            .destination
            .prepare(&self.schema, &self.stream)
            .await
    }

    /// A window of this table with its rows in one Parquet file, ready to be loaded. Later calls make later
    /// windows.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[must_use]
    pub fn window(
        &self,
        spool: &Path,
        days: Option<DayRange>,
        advertiser_ids: &[&str],
        rows: &[Row],
    ) -> WindowLoad {
        let entry = self.entry(days, advertiser_ids, rows);
        let file = spool.join(format!("{}.parquet", entry.window_id));
        write_parquet(&file, &self.batch(rows));
        self.load(entry, vec![file])
    }

    /// A load of `files` for `entry`.
    #[must_use]
    pub fn load(&self, entry: WindowEntry, files: Vec<PathBuf>) -> WindowLoad {
        WindowLoad {
            schema: self.schema.clone(),
            entry,
            day_column: self.day_column.clone(),
            files,
            observation: None,
        }
    }

    /// A ledger entry for `rows`, with every part filled in. Later calls make later readings.
    #[must_use]
    pub fn entry(
        &self,
        days: Option<DayRange>,
        advertiser_ids: &[&str],
        rows: &[Row],
    ) -> WindowEntry {
        let mut advertisers: BTreeMap<String, u64> = advertiser_ids
            .iter()
            .map(|id| ((*id).to_owned(), 0))
            .collect();
        for row in rows {
            *advertisers.entry(row.advertiser_id.clone()).or_default() += 1;
        }
        let clicks: i64 = rows.iter().filter_map(|row| row.clicks).sum();
        WindowEntry {
            window_id: uuid::Uuid::now_v7().to_string(),
            run_id: "0197a000-0000-7000-8000-000000000001".to_owned(),
            stream: self.stream.stream.clone(),
            days,
            rows: advertisers.values().sum(),
            advertisers,
            read_at: "2026-03-01T09:00:00.123456Z"
                .parse()
                .expect("a valid instant"),
            calls: 2,
            bytes: 12_345,
            read_on: days.map(|_| date(2026, 3, 1)),
            waited_milliseconds: 1_234,
            verified: Some(true),
            columns: self
                .schema
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect(),
            totals: BTreeMap::from([("clicks".to_owned(), clicks.to_string())]),
            total_differences: BTreeMap::from([(
                "cost".to_owned(),
                "-0.000000001 \"rounded\"".to_owned(),
            )]),
            request_hash: "0123456789abcdef".repeat(4),
            quarantine_reason: None,
        }
    }

    /// The rows of the table as text, in a fixed order.
    ///
    /// # Panics
    /// When the destination cannot be queried.
    pub async fn rows(&self, subject: &Subject) -> Vec<Vec<Option<String>>> {
        let day = if self.day_column.is_some() {
            "day, "
        } else {
            ""
        };
        let table = &self.schema.table;
        rows_of(
            subject,
            &format!("SELECT advertiser_id, {day}label, clicks, cost FROM {table}"),
        )
        .await
    }

    /// Fails unless the table holds exactly `expected`.
    ///
    /// # Panics
    /// When it holds anything else.
    pub async fn assert_holds(&self, subject: &Subject, expected: &[Row]) {
        let mut expected: Vec<_> = expected
            .iter()
            .map(|row| row.as_text(self.day_column.is_some()))
            .collect();
        expected.sort();
        assert_eq!(self.rows(subject).await, expected);
        let count = subject.destination.count_rows(&self.schema.table).await;
        assert_eq!(
            count.expect("the table can be counted"),
            u64::try_from(expected.len()).ok()
        );
    }

    /// The rows as an Arrow batch with the columns of [`Table::report`] or [`Table::entities`].
    ///
    /// # Panics
    /// When the schema has other columns.
    #[must_use]
    pub fn batch(&self, rows: &[Row]) -> RecordBatch {
        let epoch = date(1970, 1, 1);
        let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(
            rows.iter().map(|row| &row.advertiser_id),
        ))];
        if self.day_column.is_some() {
            columns.push(Arc::new(Date32Array::from_iter(
                rows.iter()
                    .map(|row| row.day.map(|day| days_between(epoch, day))),
            )));
        }
        columns.push(Arc::new(StringArray::from_iter(
            rows.iter().map(|row| row.label.as_deref()),
        )));
        columns.push(Arc::new(Int64Array::from_iter(
            rows.iter().map(|row| row.clicks),
        )));
        columns.push(Arc::new(
            Decimal128Array::from_iter(rows.iter().map(|row| row.cost))
                .with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)
                .expect("a valid precision and scale"),
        ));
        RecordBatch::try_new(self.schema.arrow_schema(), columns)
            .expect("rows that fit the table's columns")
    }
}

/// A column of the suite.
#[must_use]
pub fn column(name: &str, field_type: FieldType) -> Column {
    Column {
        name: name.to_owned(),
        field_type,
        description: format!("The {name}; it's \"quoted\"."),
    }
}

/// The days from `first` to `last` of January 2026.
///
/// # Panics
/// When these are not days of January in order.
#[must_use]
pub fn january(first: i8, last: i8) -> DayRange {
    DayRange::new(date(2026, 1, first), date(2026, 1, last)).expect("days in order")
}

/// A Parquet file as the spool would write it.
///
/// # Panics
/// When it cannot be written.
pub fn write_parquet(file: &Path, batch: &RecordBatch) {
    let written = File::create(file).expect("a file in the spool folder");
    let mut writer = ArrowWriter::try_new(written, batch.schema(), None)
        .expect("a schema that Parquet can hold");
    writer.write(batch).expect("a batch that fits the schema");
    writer.close().expect("a finished file");
}

/// The answer to a query, its rows in a fixed order that does not depend on how the destination sorts.
///
/// # Panics
/// When the destination refuses the query.
pub async fn rows_of(subject: &Subject, sql: &str) -> Vec<Vec<Option<String>>> {
    let answer = subject.destination.query(sql).await;
    let mut rows = answer
        .unwrap_or_else(|error| panic!("'{sql}' is refused: {error}"))
        .rows;
    rows.sort();
    rows
}
