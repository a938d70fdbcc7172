//! Rows as members of JSON objects, from Arrow columns straight to bytes.
//!
//! A window has up to 100,000 rows, and a platform reads them one line at a time, so nothing is allocated per row: each
//! column knows the bytes before its value, and values are appended to one buffer.
//!
//! Amounts are JSON numbers with all their digits and no zeros at the end (`12.5`), days `"2026-01-31"`, moments in the
//! report's time zone `"2026-01-31T23:59:59"`, instants the same with a `Z`, and lists or objects of Criteo's are JSON
//! text within a string.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use criteo_engine::calendar::add_days;
use criteo_engine::schema::{Column, FieldType, MONEY_SCALE, arrow_type};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::DateTime};

/// Why a row cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RowError(pub(crate) String);

/// Columns of one batch, ready to be written row by row.
pub(crate) struct Members<'batch> {
    members: Vec<Member<'batch>>,
}

struct Member<'batch> {
    /// The name as it stands before the value: `"clicks":`.
    name: Vec<u8>,
    cells: Cells<'batch>,
}

impl<'batch> Members<'batch> {
    /// The columns of `batch` that `columns` names, in their order. One that the batch lacks is null on its rows.
    pub(crate) fn of<'columns>(
        columns: impl IntoIterator<Item = &'columns Column>,
        batch: &'batch RecordBatch,
    ) -> Result<Self, RowError> {
        let mut members = Vec::new();
        for column in columns {
            members.push(Member {
                name: member_name(&column.name),
                cells: Cells::of(column, batch.column_by_name(&column.name))?,
            });
        }
        Ok(Self { members })
    }

    /// Appends `"a":1,"b":null` for one row, without the braces around it.
    pub(crate) fn write(&self, row: usize, output: &mut Vec<u8>) -> Result<(), RowError> {
        for (position, member) in self.members.iter().enumerate() {
            if position > 0 {
                output.push(b',');
            }
            output.extend_from_slice(&member.name);
            member.cells.write(row, output)?;
        }
        Ok(())
    }

    /// The same without the members that are null.
    pub(crate) fn write_present(&self, row: usize, output: &mut Vec<u8>) -> Result<(), RowError> {
        let mut is_first = true;
        for member in &self.members {
            if member.cells.is_null(row) {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                output.push(b',');
            }
            output.extend_from_slice(&member.name);
            member.cells.write(row, output)?;
        }
        Ok(())
    }
}

/// `"name":` as it stands before a value.
pub(crate) fn member_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len() + 3);
    write_text(name, &mut bytes);
    bytes.push(b':');
    bytes
}

/// The values of one column of a batch.
enum Cells<'batch> {
    Absent,
    Text(&'batch StringArray),
    Integer(&'batch PrimitiveArray<Int64Type>),
    Money(&'batch PrimitiveArray<Decimal128Type>),
    Float(String, &'batch PrimitiveArray<Float64Type>),
    Boolean(&'batch BooleanArray),
    Date(&'batch PrimitiveArray<Date32Type>),
    Moment(&'batch PrimitiveArray<TimestampMicrosecondType>),
    Instant(&'batch PrimitiveArray<TimestampMicrosecondType>),
}

impl<'batch> Cells<'batch> {
    fn of(column: &Column, array: Option<&'batch ArrayRef>) -> Result<Self, RowError> {
        let Some(array) = array else {
            return Ok(Self::Absent);
        };
        let cells = match column.field_type {
            FieldType::Text | FieldType::Json => array.as_string_opt().map(Self::Text),
            FieldType::Integer => array.as_primitive_opt().map(Self::Integer),
            FieldType::Money => array.as_primitive_opt().map(Self::Money),
            FieldType::Float => array
                .as_primitive_opt()
                .map(|array| Self::Float(column.name.clone(), array)),
            FieldType::Boolean => array.as_boolean_opt().map(Self::Boolean),
            FieldType::Date => array.as_primitive_opt().map(Self::Date),
            FieldType::Timestamp => array.as_primitive_opt().map(Self::Moment),
            FieldType::TimestampUtc => array.as_primitive_opt().map(Self::Instant),
        };
        cells.ok_or_else(|| {
            RowError(format!(
                "column '{}' comes as {}, and {} is needed",
                column.name,
                array.data_type(),
                arrow_type(column.field_type)
            ))
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Absent => true,
            Self::Text(array) => array.is_null(row),
            Self::Integer(array) => array.is_null(row),
            Self::Money(array) => array.is_null(row),
            Self::Float(_, array) => array.is_null(row),
            Self::Boolean(array) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Moment(array) | Self::Instant(array) => array.is_null(row),
        }
    }

    fn write(&self, row: usize, output: &mut Vec<u8>) -> Result<(), RowError> {
        if self.is_null(row) {
            output.extend_from_slice(b"null");
            return Ok(());
        }
        match self {
            Self::Absent => output.extend_from_slice(b"null"),
            Self::Text(array) => write_text(array.value(row), output),
            Self::Integer(array) => {
                output.extend_from_slice(itoa::Buffer::new().format(array.value(row)).as_bytes());
            }
            Self::Money(array) => write_money(array.value(row), output),
            Self::Float(column, array) => write_float(column, array.value(row), output)?,
            Self::Boolean(array) => {
                let text: &[u8] = if array.value(row) { b"true" } else { b"false" };
                output.extend_from_slice(text);
            }
            Self::Date(array) => {
                output.push(b'"');
                write_date(add_days(date(1970, 1, 1), array.value(row)), output);
                output.push(b'"');
            }
            Self::Moment(array) => write_moment(array.value(row), "", output)?,
            Self::Instant(array) => write_moment(array.value(row), "Z", output)?,
        }
        Ok(())
    }
}

/// Appends a JSON string.
pub(crate) fn write_text(text: &str, output: &mut Vec<u8>) {
    let is_plain = text
        .bytes()
        .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if is_plain {
        output.push(b'"');
        output.extend_from_slice(text.as_bytes());
        output.push(b'"');
        return;
    }
    output.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}

/// Appends an amount in billionths, exactly.
fn write_money(units: i128, output: &mut Vec<u8>) {
    if units < 0 {
        output.push(b'-');
    }
    let amount = units.unsigned_abs();
    // Nearly every amount is less than eighteen billions and fits 64 bits, which processors divide by themselves.
    match u64::try_from(amount) {
        Ok(amount) => write_parts(amount / ONE, amount % ONE, output),
        Err(_) => write_parts(
            amount / u128::from(ONE),
            u64::try_from(amount % u128::from(ONE)).unwrap_or_default(),
            output,
        ),
    }
}

/// One in the units of amounts.
const ONE: u64 = 10_u64.pow(MONEY_SCALE.unsigned_abs() as u32);

fn write_parts(whole: impl itoa::Integer, fraction: u64, output: &mut Vec<u8>) {
    let mut digits = itoa::Buffer::new();
    output.extend_from_slice(digits.format(whole).as_bytes());
    if fraction == 0 {
        return;
    }
    output.push(b'.');
    // With the leading digit of `ONE` in front, so that zeros after the point are there.
    let text = digits.format(ONE + fraction).trim_end_matches('0');
    output.extend_from_slice(&text.as_bytes()[1..]);
}

/// Appends the shortest digits that are read back as the same number.
fn write_float(column: &str, value: f64, output: &mut Vec<u8>) -> Result<(), RowError> {
    let number = serde_json::Number::from_f64(value).ok_or_else(|| {
        RowError(format!(
            "column '{column}' holds {value}, which JSON cannot say"
        ))
    })?;
    output.extend_from_slice(number.to_string().as_bytes());
    Ok(())
}

/// Appends `2026-01-31`.
fn write_date(day: Date, output: &mut Vec<u8>) {
    let year = i32::from(day.year());
    if !(0..=9999).contains(&year) {
        output.extend_from_slice(day.to_string().as_bytes());
        return;
    }
    let two = |number: i8, output: &mut Vec<u8>| {
        let number = number.unsigned_abs();
        output.extend_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
    };
    let year = year.unsigned_abs();
    for place in [1000, 100, 10, 1] {
        output.push(b'0' + u8::try_from(year / place % 10).unwrap_or_default());
    }
    output.push(b'-');
    two(day.month(), output);
    output.push(b'-');
    two(day.day(), output);
}

/// Appends a moment of so many microseconds since 1970 began, within quotation marks.
fn write_moment(microseconds: i64, zone: &str, output: &mut Vec<u8>) -> Result<(), RowError> {
    let instant = Timestamp::from_microsecond(microseconds)
        .map_err(|error| RowError(format!("an instant is out of range: {error}")))?;
    let moment: DateTime = TimeZone::UTC.to_datetime(instant);
    output.push(b'"');
    output.extend_from_slice(moment.to_string().as_bytes());
    output.extend_from_slice(zone.as_bytes());
    output.push(b'"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut output = Vec::new();
        write(&mut output);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn amounts_keep_every_digit_and_no_zeros_behind() {
        for (units, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (-1, "-0.000000001"),
            (12_500_000_000, "12.5"),
            (-3_000_000_000, "-3"),
            (100_000_000_000_000_000_001, "100000000000.000000001"),
            (
                10_i128.pow(38) - 1,
                "99999999999999999999999999999.999999999",
            ),
        ] {
            assert_eq!(written(|output| write_money(units, output)), text);
        }
    }

    #[test]
    fn text_is_json() {
        for text in [
            "",
            "plain",
            "Größe",
            "a\"b",
            "back\\slash",
            "two\nlines",
            "\u{1}",
        ] {
            let json = written(|output| write_text(text, output));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn days_and_moments_are_iso() {
        assert_eq!(
            written(|output| write_date(date(2026, 1, 9), output)),
            "2026-01-09"
        );
        assert_eq!(
            written(|output| write_date(date(812, 12, 31), output)),
            "0812-12-31"
        );
        let moment = |zone| written(|output| write_moment(1_500_000, zone, output).unwrap());
        assert_eq!(moment(""), "\"1970-01-01T00:00:01.5\"");
        assert_eq!(moment("Z"), "\"1970-01-01T00:00:01.5Z\"");
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        assert!(write_float("ratio", f64::NAN, &mut Vec::new()).is_err());
    }
}
