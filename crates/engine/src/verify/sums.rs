//! Sums by advertiser and period, exact, from a file of the spool or from the destination.

use std::collections::BTreeMap;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use jiff::civil::{Date, date};

use crate::calendar::{DayRange, add_days};
use crate::decode::Sum;
use crate::destination::Destination;
use crate::error::EngineError;
use crate::schema::{FieldType, MONEY_SCALE};
use crate::source::batches_of_file;
use crate::stream_spec::StreamSpec;

/// What a sum belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) advertiser: String,
    /// First day of the period.
    pub(super) period: Date,
}

/// For each key, the sum of each column in units of its last place; `None` when every value is NULL.
pub(super) type SumTable = BTreeMap<Key, BTreeMap<String, Option<i128>>>;

/// The sum as exact decimal text.
pub(super) fn text(spec: &StreamSpec, column: &str, units: i128) -> String {
    Sum {
        units,
        scale: scale(spec, column),
    }
    .to_string()
}

/// Adds the rows of a spool file.
pub(super) fn add_file(
    table: &mut SumTable,
    path: &Path,
    spec: &StreamSpec,
    period_column: &str,
) -> Result<(), EngineError> {
    for batch in batches_of_file(path)? {
        add_batch(table, &batch, spec, period_column).ok_or_else(|| EngineError::SpoolDamaged {
            path: path.display().to_string(),
            reason: "it does not have the columns it was written with".to_owned(),
        })?;
    }
    Ok(())
}

fn add_batch(
    table: &mut SumTable,
    batch: &RecordBatch,
    spec: &StreamSpec,
    period_column: &str,
) -> Option<()> {
    let advertisers = batch
        .column_by_name("advertiser_id")?
        .as_string_opt::<i32>()?;
    let periods = batch
        .column_by_name(period_column)?
        .as_primitive_opt::<Date32Type>()?;
    for metric in spec.metrics.iter().filter(|metric| metric.additive) {
        let values = batch.column_by_name(&metric.column)?;
        for row in 0..batch.num_rows() {
            let key = Key {
                advertiser: advertisers.value(row).to_owned(),
                period: add_days(date(1970, 1, 1), periods.value(row)),
            };
            let value = match metric.field_type {
                _ if values.is_null(row) => None,
                FieldType::Money => Some(values.as_primitive_opt::<Decimal128Type>()?.value(row)),
                _ => Some(i128::from(
                    values.as_primitive_opt::<Int64Type>()?.value(row),
                )),
            };
            let sum = table
                .entry(key)
                .or_default()
                .entry(metric.column.clone())
                .or_default();
            *sum = match (*sum, value) {
                (Some(sum), Some(value)) => Some(sum.checked_add(value)?),
                (sum, value) => sum.or(value),
            };
        }
    }
    Some(())
}

/// The sums of the table.
pub(super) async fn of_table(
    destination: &dyn Destination,
    spec: &StreamSpec,
    advertisers: &[String],
    days: DayRange,
    period_column: &str,
    columns: &[String],
) -> Result<SumTable, EngineError> {
    let Some(day_column) = spec.day_column.as_deref() else {
        return Ok(SumTable::new());
    };
    let period = if period_column == day_column {
        day_column.to_owned()
    } else {
        format!("CAST(date_trunc('month', {day_column}) AS DATE)")
    };
    let quoted: Vec<String> = advertisers
        .iter()
        .map(|id| format!("'{}'", id.replace('\'', "''")))
        .collect();
    let sums: Vec<String> = columns
        .iter()
        .map(|column| format!("sum({column})"))
        .collect();
    // Column names are the catalog's: lower-case words. The table's is the user's.
    let sql = format!(
        "SELECT advertiser_id, {period}, {sums} FROM \"{table}\" \
         WHERE {day_column} BETWEEN DATE '{first}' AND DATE '{last}' AND advertiser_id IN ({advertisers}) \
         GROUP BY 1, 2",
        sums = sums.join(", "),
        table = spec.schema.table.replace('"', "\"\""),
        first = spec.period.first_day(days.first),
        last = days.last,
        advertisers = quoted.join(", "),
    );
    let answer = destination.query(&sql).await?;
    let unreadable = || EngineError::Task {
        reason: format!(
            "The sums of table '{}' cannot be read back",
            spec.schema.table
        ),
    };
    let mut table = SumTable::new();
    for row in answer.rows {
        let mut values = row.into_iter();
        let advertiser = values.next().flatten().ok_or_else(unreadable)?;
        let period: Date = values
            .next()
            .flatten()
            .and_then(|text| text.parse().ok())
            .ok_or_else(unreadable)?;
        let mut sums = BTreeMap::new();
        for (column, value) in columns.iter().zip(values) {
            let units = match value {
                Some(text) => Some(units(&text, scale(spec, column)).ok_or_else(unreadable)?),
                None => None,
            };
            sums.insert(column.clone(), units);
        }
        table.insert(Key { advertiser, period }, sums);
    }
    Ok(table)
}

fn scale(spec: &StreamSpec, column: &str) -> u8 {
    let is_money = spec
        .fields
        .iter()
        .any(|field| field.column == column && field.field_type == FieldType::Money);
    if is_money {
        MONEY_SCALE.unsigned_abs()
    } else {
        0
    }
}

/// Plain decimal text in units of its last place; `None` when it is anything else, or has more places.
fn units(text: &str, scale: u8) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let places = usize::from(scale);
    if fraction.len() > places {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_becomes_units_of_its_last_place() {
        assert_eq!(units("12", 0), Some(12));
        assert_eq!(units("-12.5", 2), Some(-1250));
        assert_eq!(units("0.000000001", 9), Some(1));
        assert_eq!(units("-0.5", 1), Some(-5));
        assert_eq!(units("1.25", 1), None);
        assert_eq!(units("1e3", 0), None);
    }
}
