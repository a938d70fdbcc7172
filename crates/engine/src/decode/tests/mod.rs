//! Tests of whole answers, through the public interface.

mod agreement;
mod entities;
mod files;
mod refusals;
mod reports;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use jiff::civil::date;

use super::*;
use crate::calendar::{DayRange, add_days};
use crate::schema::{Column, FieldType};

/// A table of these columns.
fn table(columns: &[(&str, FieldType)]) -> TableSchema {
    let columns = columns.iter().map(|(name, field_type)| Column {
        name: (*name).to_owned(),
        field_type: *field_type,
        description: String::new(),
    });
    TableSchema {
        table: "report".into(),
        description: String::new(),
        columns: columns.collect(),
    }
}

/// Expects fields of these names and types, and nothing else of anything.
fn expecting(shape: Shape, fields: &[(&str, FieldType)]) -> Expectation {
    Expectation {
        stream: "statistics".into(),
        window: "2026-03-01..2026-03-02".into(),
        shape,
        schema: table(fields),
        sources: fields
            .iter()
            .map(|(name, _)| Source::Field((*name).to_owned()))
            .collect(),
        advertiser_column: None,
        advertiser_ids: Arc::new(BTreeSet::new()),
        day_column: None,
        days: None,
        expected_values: Vec::new(),
        row_cap: None,
        distinct: false,
        additive: Vec::new(),
    }
}

/// A usual report: two advertisers, two days, counts and money, all of it checked.
fn usual_report() -> Expectation {
    let fields = [
        ("AdvertiserId", FieldType::Text),
        ("Day", FieldType::Date),
        ("Currency", FieldType::Text),
        ("Clicks", FieldType::Integer),
        ("AdvertiserCost", FieldType::Money),
    ];
    Expectation {
        advertiser_column: Some(0),
        advertiser_ids: Arc::new(["1".to_owned(), "2".to_owned()].into()),
        day_column: Some(1),
        days: DayRange::new(date(2026, 3, 1), date(2026, 3, 2)),
        expected_values: vec![(2, "EUR".into())],
        row_cap: Some(100),
        additive: vec![3, 4],
        ..expecting(Shape::Statistics, &fields)
    }
}

type Rows = Vec<Vec<Option<String>>>;

/// Decodes an answer that arrives in these chunks.
fn decode_chunks<'b>(
    expectation: &Expectation,
    chunks: impl IntoIterator<Item = &'b [u8]>,
) -> Result<(Rows, Decoded), DecodeError> {
    let mut rows = Vec::new();
    let mut decoder = ReportDecoder::new(expectation, |batch| {
        rows.extend(texts(&batch));
        Ok::<(), Infallible>(())
    })?;
    for chunk in chunks {
        decoder.push(chunk)?;
    }
    let decoded = decoder.finish()?;
    assert_eq!(decoded.rows, rows.len() as u64);
    Ok((rows, decoded))
}

/// Decodes an answer that arrives at once.
fn decode(expectation: &Expectation, body: &str) -> Result<(Rows, Decoded), DecodeError> {
    decode_chunks(expectation, [body.as_bytes()])
}

/// Every cell of a batch as text.
fn texts(batch: &RecordBatch) -> Rows {
    let row = |row| {
        batch
            .columns()
            .iter()
            .map(|column| text(column.as_ref(), row))
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

fn text(column: &dyn Array, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Decimal128(38, 9) => {
            let units = column.as_primitive::<Decimal128Type>().value(row);
            Sum { units, scale: 9 }.to_string()
        }
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Date32 => add_days(
            date(1970, 1, 1),
            column.as_primitive::<Date32Type>().value(row),
        )
        .to_string(),
        DataType::Timestamp(..) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            jiff::Timestamp::from_microsecond(micros)
                .unwrap()
                .to_string()
        }
        other => panic!("no column of Criteo's data is of type {other}"),
    })
}

/// Cells that are all there.
fn row(cells: &[&str]) -> Vec<Option<String>> {
    cells.iter().map(|cell| Some((*cell).to_owned())).collect()
}
