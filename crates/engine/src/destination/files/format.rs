//! The two formats of text, and rows written in them.
//!
//! Both are meant to be read without loss: an amount is decimal text with all its digits (in JSON lines within quotation
//! marks, since many readers take JSON's numbers for binary floats), a day is `2026-01-31`, a moment in the report's
//! time zone `2026-01-31T23:59:59.999999`, and an instant in UTC the same with a `Z`.
//!
//! CSV is RFC 4180 with a header line, UTF-8, and lines that end with a line feed alone, as Unix tools expect. A field
//! that is absent is empty, and text that is empty is `""`: DuckDB, PostgreSQL's COPY and Python's csv (from 3.12,
//! `QUOTE_NOTNULL`) tell the two apart.

use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use jiff::civil::{Date, date};
use jiff::{Timestamp, tz::TimeZone};

use crate::calendar::add_days;
use crate::schema::{Column, FieldType, arrow_type};

/// How rows become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

impl Format {
    /// Name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "CSV",
            Format::Jsonl => "JSON lines",
        }
    }

    /// What file names end with, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
        }
    }
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// The file, disk or pipe refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A value cannot be put into this format.
    #[error("{0}")]
    Value(String),
}

/// Writes the rows of one table.
pub(super) struct RowWriter<'table, Output> {
    format: Format,
    columns: &'table [Column],
    /// The name of the stream, where each line of JSON begins with it.
    stream: Option<&'table str>,
    output: Output,
}

impl<'table, Output: Write> RowWriter<'table, Output> {
    /// A writer of rows with `columns`, in their order.
    pub(super) fn new(format: Format, columns: &'table [Column], output: Output) -> Self {
        Self {
            format,
            columns,
            stream: None,
            output,
        }
    }

    /// Lets each line of JSON begin with the name of its stream.
    pub(super) fn naming(mut self, stream: &'table str) -> Self {
        self.stream = Some(stream);
        self
    }

    /// Writes the line that names the columns, where the format has one.
    pub(super) fn header(&mut self) -> Result<(), WriteError> {
        if self.format == Format::Jsonl {
            return Ok(());
        }
        for (position, column) in self.columns.iter().enumerate() {
            self.separate(position)?;
            csv_text(&mut self.output, &column.name)?;
        }
        Ok(self.output.write_all(b"\n")?)
    }

    /// Writes the rows of a batch. Columns are found by name; one that the batch lacks is absent on its rows.
    pub(super) fn batch(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let cells = self
            .columns
            .iter()
            .map(|column| Cells::of(column, batch.column_by_name(&column.name)))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            match self.format {
                Format::Csv => self.csv_row(&cells, row)?,
                Format::Jsonl => self.json_row(&cells, row)?,
            }
        }
        Ok(())
    }

    /// Hands back what was written to, flushed.
    pub(super) fn finish(mut self) -> Result<Output, WriteError> {
        self.output.flush()?;
        Ok(self.output)
    }

    fn separate(&mut self, position: usize) -> Result<(), WriteError> {
        if position > 0 {
            self.output.write_all(b",")?;
        }
        Ok(())
    }

    fn csv_row(&mut self, cells: &[Cells<'_>], row: usize) -> Result<(), WriteError> {
        for (position, cells) in cells.iter().enumerate() {
            self.separate(position)?;
            match cells.value(row)? {
                Value::Absent => {}
                Value::Text(text) | Value::Json(text) => csv_text(&mut self.output, text)?,
                Value::Exact(text) | Value::Number(text) => {
                    self.output.write_all(text.as_bytes())?;
                }
                Value::Boolean(truth) => write!(self.output, "{truth}")?,
            }
        }
        Ok(self.output.write_all(b"\n")?)
    }

    fn json_row(&mut self, cells: &[Cells<'_>], row: usize) -> Result<(), WriteError> {
        self.output.write_all(b"{")?;
        if let Some(stream) = self.stream {
            write!(self.output, "\"stream\":{}", json_text(stream)?)?;
            self.separate(self.columns.len())?;
        }
        for (position, (column, cells)) in self.columns.iter().zip(cells).enumerate() {
            self.separate(position)?;
            write!(self.output, "{}:", json_text(&column.name)?)?;
            let value = match cells.value(row)? {
                Value::Absent => "null".to_owned(),
                Value::Text(text) => json_text(text)?,
                Value::Json(text) => one_line(&column.name, text)?,
                Value::Exact(text) => json_text(&text)?,
                Value::Number(text) => text,
                Value::Boolean(truth) => truth.to_string(),
            };
            self.output.write_all(value.as_bytes())?;
        }
        Ok(self.output.write_all(b"}\n")?)
    }
}

/// One value on its way into text.
enum Value<'row> {
    Absent,
    Text(&'row str),
    /// A JSON document as text.
    Json(&'row str),
    /// An amount, a day or a moment: text in JSON, too.
    Exact(String),
    Number(String),
    Boolean(bool),
}

/// The values of one column of a batch.
enum Cells<'batch> {
    Absent,
    Text(&'batch StringArray),
    Json(&'batch StringArray),
    Integer(&'batch PrimitiveArray<Int64Type>),
    Money(&'batch PrimitiveArray<Decimal128Type>),
    Float(&'batch str, &'batch PrimitiveArray<Float64Type>),
    Boolean(&'batch BooleanArray),
    Date(&'batch PrimitiveArray<Date32Type>),
    Moment(&'batch PrimitiveArray<TimestampMicrosecondType>),
    Instant(&'batch PrimitiveArray<TimestampMicrosecondType>),
}

impl<'batch> Cells<'batch> {
    fn of(column: &'batch Column, array: Option<&'batch ArrayRef>) -> Result<Self, WriteError> {
        let Some(array) = array else {
            return Ok(Self::Absent);
        };
        let cells = match column.field_type {
            FieldType::Text => array.as_string_opt().map(Self::Text),
            FieldType::Json => array.as_string_opt().map(Self::Json),
            FieldType::Integer => array.as_primitive_opt().map(Self::Integer),
            FieldType::Money => array.as_primitive_opt().map(Self::Money),
            FieldType::Float => array
                .as_primitive_opt()
                .map(|array| Self::Float(&column.name, array)),
            FieldType::Boolean => array.as_boolean_opt().map(Self::Boolean),
            FieldType::Date => array.as_primitive_opt().map(Self::Date),
            FieldType::Timestamp => array.as_primitive_opt().map(Self::Moment),
            FieldType::TimestampUtc => array.as_primitive_opt().map(Self::Instant),
        };
        cells.ok_or_else(|| {
            WriteError::Value(format!(
                "column '{}' comes as {}, and {} is needed",
                column.name,
                array.data_type(),
                arrow_type(column.field_type)
            ))
        })
    }

    fn value(&self, row: usize) -> Result<Value<'batch>, WriteError> {
        if self.is_absent(row) {
            return Ok(Value::Absent);
        }
        Ok(match self {
            Self::Absent => Value::Absent,
            Self::Text(array) => Value::Text(array.value(row)),
            Self::Json(array) => Value::Json(array.value(row)),
            Self::Integer(array) => Value::Number(array.value(row).to_string()),
            Self::Money(array) => Value::Exact(array.value_as_string(row)),
            Self::Float(column, array) => Value::Number(float(column, array.value(row))?),
            Self::Boolean(array) => Value::Boolean(array.value(row)),
            Self::Date(array) => Value::Exact(day_of(array.value(row)).to_string()),
            Self::Moment(array) => {
                let moment = instant(array.value(row))?;
                Value::Exact(TimeZone::UTC.to_datetime(moment).to_string())
            }
            Self::Instant(array) => Value::Exact(instant(array.value(row))?.to_string()),
        })
    }

    fn is_absent(&self, row: usize) -> bool {
        match self {
            Self::Absent => true,
            Self::Text(array) | Self::Json(array) => array.is_null(row),
            Self::Integer(array) => array.is_null(row),
            Self::Money(array) => array.is_null(row),
            Self::Float(_, array) => array.is_null(row),
            Self::Boolean(array) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Moment(array) | Self::Instant(array) => array.is_null(row),
        }
    }
}

/// The day so many days after 1970 began.
pub(super) fn day_of(days: i32) -> Date {
    add_days(date(1970, 1, 1), days)
}

fn instant(microseconds: i64) -> Result<Timestamp, WriteError> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|error| WriteError::Value(format!("an instant is out of range: {error}")))
}

/// The shortest digits that are read back as the same number.
fn float(column: &str, value: f64) -> Result<String, WriteError> {
    serde_json::Number::from_f64(value)
        .map(|number| number.to_string())
        .ok_or_else(|| {
            WriteError::Value(format!(
                "column '{column}' holds {value}, which neither format can say"
            ))
        })
}

fn csv_text(output: &mut impl Write, text: &str) -> Result<(), WriteError> {
    // Blanks at the ends are kept by RFC 4180, but not by every reader, unless they are quoted.
    let is_plain = !text.is_empty()
        && !text.contains([',', '"', '\r', '\n'])
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace);
    if is_plain {
        output.write_all(text.as_bytes())?;
    } else {
        write!(output, "\"{}\"", text.replace('"', "\"\""))?;
    }
    Ok(())
}

fn json_text(text: &str) -> Result<String, WriteError> {
    serde_json::to_string(text).map_err(|error| WriteError::Value(error.to_string()))
}

/// A JSON document without the line breaks that it may have between its parts; inside texts JSON has none.
fn one_line(column: &str, text: &str) -> Result<String, WriteError> {
    let document: &serde_json::value::RawValue = serde_json::from_str(text).map_err(|error| {
        WriteError::Value(format!(
            "column '{column}' is to hold JSON, but holds something else: {error}"
        ))
    })?;
    Ok(document.get().replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_where_a_reader_needs_it() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            (" padded", "\" padded\""),
        ] {
            let mut written = Vec::new();
            csv_text(&mut written, text).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), expected);
        }
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        assert!(float("ratio", f64::NAN).is_err());
        assert_eq!(float("ratio", 0.1).unwrap(), "0.1");
    }

    #[test]
    fn json_stays_on_one_line() {
        assert_eq!(
            one_line("c", "{\n \"a\": \"x\\ny\"}").unwrap(),
            "{  \"a\": \"x\\ny\"}"
        );
        assert!(one_line("c", "nonsense").is_err());
    }
}
