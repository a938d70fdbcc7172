//! The day of a row, from a column of dates or of timestamps.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use jiff::civil::{Date, date};

use super::failure::Failure;
use crate::calendar::{add_days, days_between};

/// Microseconds of a day; the timestamps of reports have no zone, so that each day has as many.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// The days of a column since 1970, NULL where the row has none.
pub(super) fn day_values(batch: &RecordBatch, column: &str) -> Result<Vec<Option<i32>>, Failure> {
    let values = batch
        .column_by_name(column)
        .ok_or_else(|| no_days(column))?;
    match values.data_type() {
        DataType::Date32 => Ok(values.as_primitive::<Date32Type>().iter().collect()),
        DataType::Timestamp(TimeUnit::Microsecond, None) => values
            .as_primitive::<TimestampMicrosecondType>()
            .iter()
            .map(|moment| {
                moment
                    .map(|moment| i32::try_from(moment.div_euclid(DAY)))
                    .transpose()
                    .map_err(|_| no_days(column))
            })
            .collect(),
        _ => Err(no_days(column)),
    }
}

fn no_days(column: &str) -> Failure {
    Failure::Refused(format!(
        "column '{column}' is to hold the day of a row, but the table has no such column of dates or timestamps"
    ))
}

/// The day of one row of [`day_values`].
pub(super) fn day_at(values: &[Option<i32>], row: usize) -> Option<Date> {
    (*values.get(row)?).map(date_of)
}

/// The day that is so many days after 1970 began.
pub(super) fn date_of(days: i32) -> Date {
    add_days(date(1970, 1, 1), days)
}

/// The days from 1970 until `day`.
pub(super) fn number_of(day: Date) -> i32 {
    days_between(date(1970, 1, 1), day)
}

/// Whether an array has no value at `row`, as a text of an id would be absent.
pub(super) fn text_at(values: &ArrayRef, row: usize) -> Option<&str> {
    (!values.is_null(row)).then(|| values.as_string::<i32>().value(row))
}
