//! Growing Arrow columns, one per field type.

use arrow_array::ArrayRef;
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    StringBuilder, TimestampMicrosecondBuilder,
};

use super::numbers::Reason;
use super::value::Raw;
use crate::schema::{FieldType, arrow_type};

/// So many bytes of text are made room for per row; longer texts make a column grow.
const EXPECTED_TEXT_BYTES: usize = 16;

/// A column of a batch that is being filled.
#[derive(Debug)]
pub(super) enum ColumnBuilder {
    Text(StringBuilder),
    Json(StringBuilder),
    Integer(Int64Builder),
    Money(Decimal128Builder),
    Float(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Instant(TimestampMicrosecondBuilder),
}

impl ColumnBuilder {
    /// An empty column with room for so many rows.
    pub(super) fn new(field_type: FieldType, rows: usize) -> Self {
        let text = || StringBuilder::with_capacity(rows, rows * EXPECTED_TEXT_BYTES);
        match field_type {
            FieldType::Text => Self::Text(text()),
            FieldType::Json => Self::Json(text()),
            FieldType::Integer => Self::Integer(Int64Builder::with_capacity(rows)),
            FieldType::Money => Self::Money(
                Decimal128Builder::with_capacity(rows).with_data_type(arrow_type(field_type)),
            ),
            FieldType::Float => Self::Float(Float64Builder::with_capacity(rows)),
            FieldType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            FieldType::Date => Self::Date(Date32Builder::with_capacity(rows)),
            FieldType::Timestamp => {
                Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows))
            }
            FieldType::TimestampUtc => {
                Self::Instant(TimestampMicrosecondBuilder::with_capacity(rows))
            }
        }
    }

    /// Adds one row, unless its value is not of the column's type. `row_day` is the day of the row, in days since
    /// 1970-01-01, for hours that come without one.
    #[inline]
    pub(super) fn append(&mut self, raw: Raw<'_>, row_day: Option<i32>) -> Result<(), Reason> {
        match self {
            Self::Text(builder) => builder.append_option(raw.text()?),
            Self::Json(builder) => builder.append_option(raw.json()?),
            Self::Integer(builder) => builder.append_option(raw.integer()?),
            Self::Money(builder) => builder.append_option(raw.money()?),
            Self::Float(builder) => builder.append_option(raw.float()?),
            Self::Boolean(builder) => builder.append_option(raw.boolean()?),
            Self::Date(builder) => builder.append_option(raw.day()?),
            Self::Timestamp(builder) => builder.append_option(raw.local_time(row_day)?),
            Self::Instant(builder) => builder.append_option(raw.instant()?),
        }
        Ok(())
    }

    /// Appends to `identity` bytes that two values of this column share exactly when they make the same cell.
    pub(super) fn identify(
        &self,
        raw: Raw<'_>,
        row_day: Option<i32>,
        identity: &mut Vec<u8>,
    ) -> Result<(), Reason> {
        fn write(identity: &mut Vec<u8>, cell: Option<&[u8]>) {
            identity.push(u8::from(cell.is_some()));
            identity.extend_from_slice(cell.unwrap_or_default());
        }
        let fixed = |identity: &mut Vec<u8>, cell: Option<i128>| {
            write(
                identity,
                cell.map(i128::to_le_bytes)
                    .as_ref()
                    .map(<[u8; 16]>::as_slice),
            );
        };
        match self {
            Self::Text(_) | Self::Json(_) => {
                let text = if matches!(self, Self::Json(_)) {
                    raw.json()?
                } else {
                    raw.text()?
                };
                // With its length, or a value could borrow from its neighbour.
                identity.extend_from_slice(&text.as_deref().map_or(0, str::len).to_le_bytes());
                write(identity, text.as_deref().map(str::as_bytes));
            }
            Self::Integer(_) => fixed(identity, raw.integer()?.map(i128::from)),
            Self::Money(_) => fixed(identity, raw.money()?),
            Self::Float(_) => fixed(
                identity,
                raw.float()?.map(|number| i128::from(number.to_bits())),
            ),
            Self::Boolean(_) => fixed(identity, raw.boolean()?.map(i128::from)),
            Self::Date(_) => fixed(identity, raw.day()?.map(i128::from)),
            Self::Timestamp(_) => fixed(identity, raw.local_time(row_day)?.map(i128::from)),
            Self::Instant(_) => fixed(identity, raw.instant()?.map(i128::from)),
        }
        Ok(())
    }

    /// The filled column.
    pub(super) fn finish(mut self) -> ArrayRef {
        let builder: &mut dyn ArrayBuilder = match &mut self {
            Self::Text(builder) | Self::Json(builder) => builder,
            Self::Integer(builder) => builder,
            Self::Money(builder) => builder,
            Self::Float(builder) => builder,
            Self::Boolean(builder) => builder,
            Self::Date(builder) => builder,
            Self::Timestamp(builder) | Self::Instant(builder) => builder,
        };
        builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn example(field_type: FieldType) -> Raw<'static> {
        Raw::Text(match field_type {
            FieldType::Date | FieldType::TimestampUtc => "2026-03-01",
            FieldType::Timestamp => "2026-03-01T10:00",
            _ => "1",
        })
    }

    #[test]
    fn every_type_fills_its_own_array() {
        for field_type in ALL {
            let mut builder = ColumnBuilder::new(field_type, 1);
            builder.append(example(field_type), None).unwrap();
            builder.append(Raw::Null, None).unwrap();
            assert!(builder.append(Raw::Absent, None).is_err());
            let column = builder.finish();
            assert_eq!(column.data_type(), &arrow_type(field_type));
            assert_eq!((column.len(), column.null_count()), (2, 1));
        }
    }

    #[test]
    fn identities_are_those_of_the_cells() {
        let identity = |field_type, raws: &[Raw<'_>]| {
            let builder = ColumnBuilder::new(field_type, 0);
            let mut bytes = Vec::new();
            raws.iter()
                .for_each(|raw| builder.identify(*raw, None, &mut bytes).unwrap());
            bytes
        };
        for field_type in ALL {
            assert_ne!(
                identity(field_type, &[example(field_type)]),
                identity(field_type, &[Raw::Null])
            );
            assert_eq!(
                identity(field_type, &[example(field_type)]),
                identity(field_type, &[example(field_type)])
            );
        }
        let text = |raws: [&'static str; 2]| identity(FieldType::Text, &raws.map(Raw::Text));
        assert_ne!(text(["ab", "c"]), text(["a", "bc"]));
        assert_ne!(text(["", "\u{1}"]), text(["\u{1}", ""]));
        let money = |raw| identity(FieldType::Money, &[raw]);
        assert_eq!(money(Raw::Text("1.50")), money(Raw::Number("1.5")));
        assert_ne!(money(Raw::Text("0")), money(Raw::Text("")));
    }
}
