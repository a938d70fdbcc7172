//! Growing Arrow columns, one per field type.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    StringBuilder, TimestampMicrosecondBuilder,
};

use super::numbers::Reason;
use super::value::Cell;
use crate::schema::{FieldType, arrow_type};

/// So many bytes of text are made room for per row; longer texts make a column grow.
const EXPECTED_TEXT_BYTES: usize = 16;

/// A column of a batch that is being filled.
#[derive(Debug)]
pub(super) enum ColumnBuilder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Money(Decimal128Builder),
    Float(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl ColumnBuilder {
    /// An empty column with room for so many rows.
    pub(super) fn new(field_type: FieldType, rows: usize) -> Self {
        match field_type {
            FieldType::Text | FieldType::Json => Self::Text(StringBuilder::with_capacity(
                rows,
                rows * EXPECTED_TEXT_BYTES,
            )),
            FieldType::Integer => Self::Integer(Int64Builder::with_capacity(rows)),
            FieldType::Money => Self::Money(
                Decimal128Builder::with_capacity(rows).with_data_type(arrow_type(field_type)),
            ),
            FieldType::Float => Self::Float(Float64Builder::with_capacity(rows)),
            FieldType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            FieldType::Date => Self::Date(Date32Builder::with_capacity(rows)),
            FieldType::Timestamp | FieldType::TimestampUtc => {
                Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows))
            }
        }
    }

    /// Adds one row. A cell of another type is refused; [`super::value::read`] never gives one for this field type.
    #[inline]
    pub(super) fn append(&mut self, cell: &Cell<'_>) -> Result<(), Reason> {
        match (self, cell) {
            (Self::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Self::Integer(builder), Cell::Integer(number)) => builder.append_value(*number),
            (Self::Money(builder), Cell::Money(units)) => builder.append_value(*units),
            (Self::Float(builder), Cell::Float(number)) => builder.append_value(*number),
            (Self::Boolean(builder), Cell::Boolean(truth)) => builder.append_value(*truth),
            (Self::Date(builder), Cell::Day(day)) => builder.append_value(*day),
            (Self::Timestamp(builder), Cell::Time(time)) => builder.append_value(*time),
            (builder, Cell::Null) => builder.append_null(),
            _ => return Err("is of another type than its column"),
        }
        Ok(())
    }

    fn append_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Money(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
        }
    }

    /// The filled column.
    pub(super) fn finish(mut self) -> ArrayRef {
        let builder: &mut dyn ArrayBuilder = match &mut self {
            Self::Text(builder) => builder,
            Self::Integer(builder) => builder,
            Self::Money(builder) => builder,
            Self::Float(builder) => builder,
            Self::Boolean(builder) => builder,
            Self::Date(builder) => builder,
            Self::Timestamp(builder) => builder,
        };
        Arc::clone(&builder.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::value::{Raw, read};

    const ALL: [FieldType; 9] = [
        FieldType::Text,
        FieldType::Integer,
        FieldType::Money,
        FieldType::Float,
        FieldType::Boolean,
        FieldType::Date,
        FieldType::Timestamp,
        FieldType::TimestampUtc,
        FieldType::Json,
    ];

    #[test]
    fn every_type_takes_what_is_read_for_it() {
        for field_type in ALL {
            let value = match field_type {
                FieldType::Date | FieldType::TimestampUtc => "2026-03-01",
                FieldType::Timestamp => "2026-03-01T10:00",
                _ => "1",
            };
            let mut builder = ColumnBuilder::new(field_type, 1);
            builder
                .append(&read(field_type, Raw::Text(value), None).unwrap())
                .unwrap();
            builder.append(&Cell::Null).unwrap();
            let column = builder.finish();
            assert_eq!(column.data_type(), &arrow_type(field_type));
            assert_eq!((column.len(), column.null_count()), (2, 1));
        }
    }

    #[test]
    fn other_types_are_refused() {
        let mut builder = ColumnBuilder::new(FieldType::Integer, 1);
        assert!(builder.append(&Cell::Boolean(true)).is_err());
    }
}
