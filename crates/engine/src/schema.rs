//! Tables as the engine sees them: named, typed, described columns.
//!
//! A [`TableSchema`] is what decoding fills, what the spool's Parquet files are written with and what a
//! destination creates; all three use the same object, so columns cannot drift apart.

use std::sync::Arc;

use arrow_schema::{DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

pub use crate::catalog::FieldType;

/// Digits of a money column in all, of which [`MONEY_SCALE`] stand behind the point. `DECIMAL(38, 9)` holds any
/// amount Criteo reports exactly and is a native type of every destination considered (BigQuery's NUMERIC,
/// PostgreSQL, Snowflake, ClickHouse, DuckDB).
pub const MONEY_PRECISION: u8 = 38;
/// Digits of a money column behind the point.
pub const MONEY_SCALE: i8 = 9;

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Name in the destination, snake_case.
    pub name: String,
    /// What it holds.
    pub field_type: FieldType,
    /// What it means; becomes the column's comment.
    pub description: String,
}

/// One table: what a stream's rows look like in any destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSchema {
    /// Table name in the destination.
    pub table: String,
    /// What one row stands for; becomes the table's comment.
    pub description: String,
    /// The columns in order.
    pub columns: Vec<Column>,
}

impl TableSchema {
    /// The Arrow schema of this table's batches and spool files. Every field is nullable: whether a value may be
    /// absent is decided, with a better error, while decoding.
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        let fields: Vec<ArrowField> = self
            .columns
            .iter()
            .map(|column| ArrowField::new(&column.name, arrow_type(column.field_type), true))
            .collect();
        Arc::new(ArrowSchema::new(fields))
    }

    /// The position of a column.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// How a field type is held in Arrow and Parquet.
#[must_use]
pub fn arrow_type(field_type: FieldType) -> DataType {
    match field_type {
        FieldType::Text | FieldType::Json => DataType::Utf8,
        FieldType::Integer => DataType::Int64,
        FieldType::Money => DataType::Decimal128(MONEY_PRECISION, MONEY_SCALE),
        FieldType::Float => DataType::Float64,
        FieldType::Boolean => DataType::Boolean,
        FieldType::Date => DataType::Date32,
        // Local timestamps carry no zone (the row's `time_zone` column names it); instants are stored in UTC,
        // also without a zone, because arithmetic on zoned timestamps needs an extension in DuckDB.
        FieldType::Timestamp | FieldType::TimestampUtc => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
    }
}
