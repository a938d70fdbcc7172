//! The rows of a window on their way from local disk to the server: proved to be those that the entry vouches for,
//! marked with the load, and written as Parquet once more.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Date32Array, RecordBatch, StringArray, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use jiff::civil::date;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tokio::sync::mpsc::Sender;

use super::super::WindowLoad;
use super::connection::Failure;
use super::view::{ADVERTISER_COLUMN, DAY_COLUMN, LOAD_COLUMN};
use crate::calendar::add_days;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Bytes that are collected before they are sent.
const CHUNK: usize = 1 << 20;
/// Rows of one row group: what the server reads at a time.
const ROW_GROUP: usize = 1 << 17;

/// Fails unless the files hold the rows that the ledger entry vouches for, by advertiser and day. A row outside the
/// window's advertisers or days would never be replaced by a later reading, so it would be counted twice.
pub(super) fn refuse_disagreement(load: &WindowLoad) -> Result<(), Failure> {
    let entry = &load.entry;
    if entry.days.is_some() && load.day_column.is_none() {
        // Without the column nobody could say which rows a later window replaces.
        return Err(refused(
            "the window has days, but no column is named that holds them",
        ));
    }
    let mut arrived: BTreeMap<String, u64> = BTreeMap::new();
    for path in &load.files {
        count(load, path, &mut arrived)?;
    }
    let advertisers = arrived.keys().chain(entry.advertisers.keys());
    for advertiser in advertisers {
        let rows = arrived.get(advertiser).copied().unwrap_or(0);
        match entry.advertisers.get(advertiser) {
            None => {
                return Err(refused(&format!(
                    "the files hold {rows} rows of advertiser {advertiser}, whom the window does not cover"
                )));
            }
            Some(expected) if *expected != rows => {
                return Err(refused(&format!(
                    "the files hold {rows} rows of advertiser {advertiser}, and the ledger entry says {expected}"
                )));
            }
            Some(_) => {}
        }
    }
    let sum: u64 = entry.advertisers.values().sum();
    if sum == entry.rows {
        Ok(())
    } else {
        Err(refused(&format!(
            "the ledger entry says {} rows, and {sum} when summed over its advertisers",
            entry.rows
        )))
    }
}

fn count(
    load: &WindowLoad,
    path: &Path,
    arrived: &mut BTreeMap<String, u64>,
) -> Result<(), Failure> {
    let mut names = vec![ADVERTISER_COLUMN];
    names.extend(load.day_column.as_deref());
    for batch in open(path, Some(&names))? {
        let batch = batch.map_err(unreadable)?;
        let advertisers = batch
            .column_by_name(ADVERTISER_COLUMN)
            .and_then(|column| column.as_string_opt::<i32>())
            .ok_or_else(|| refused("the files have no column 'advertiser_id' of texts"))?;
        let days = days_of(load, &batch)?;
        for row in 0..batch.num_rows() {
            if advertisers.is_null(row) {
                return Err(refused("a row has no advertiser"));
            }
            let advertiser = advertisers.value(row);
            if let Some(range) = load.entry.days {
                let day = (!days.is_null(row)).then(|| add_days(date(1970, 1, 1), days.value(row)));
                if !day.is_some_and(|day| range.contains(day)) {
                    return Err(refused(&format!(
                        "a row of advertiser {advertiser} lies outside the days of the window"
                    )));
                }
            }
            match arrived.get_mut(advertiser) {
                Some(rows) => *rows += 1,
                None => {
                    arrived.insert(advertiser.to_owned(), 1);
                }
            }
        }
    }
    Ok(())
}

/// The day that each row is marked with, in days since 1970.
fn days_of(load: &WindowLoad, batch: &RecordBatch) -> Result<Date32Array, Failure> {
    let Some(name) = load.entry.days.and(load.day_column.as_deref()) else {
        return Ok(Date32Array::from(vec![0; batch.num_rows()]));
    };
    let column = batch
        .column_by_name(name)
        .ok_or_else(|| refused(&format!("the files have no column '{name}'")))?;
    if let Some(days) = column.as_primitive_opt::<Date32Type>() {
        return Ok(days.clone());
    }
    let Some(moments) = column.as_primitive_opt::<TimestampMicrosecondType>() else {
        return Err(refused(&format!(
            "column '{name}' is to hold the day of a row, but holds neither dates nor timestamps"
        )));
    };
    Ok(moments
        .iter()
        .map(|moment| moment.and_then(|moment| i32::try_from(moment.div_euclid(DAY)).ok()))
        .collect())
}

/// Writes the rows of the window as one Parquet file, each marked with its load and its day, and sends it on in pieces.
pub(super) fn encode(
    load: &WindowLoad,
    load_id: &str,
    chunks: &Sender<Bytes>,
) -> Result<(), Failure> {
    let table = load.schema.arrow_schema();
    let mut fields: Vec<Field> = table
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    fields.push(Field::new(LOAD_COLUMN, DataType::Utf8, false));
    fields.push(Field::new(DAY_COLUMN, DataType::Date32, false));
    let marked: SchemaRef = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    let output = Pieces {
        collected: Vec::with_capacity(CHUNK),
        chunks,
    };
    let mut writer =
        ArrowWriter::try_new(output, Arc::clone(&marked), Some(properties)).map_err(unreadable)?;
    for path in &load.files {
        for batch in open(path, None)? {
            let batch = batch.map_err(unreadable)?;
            let mut columns = table
                .fields()
                .iter()
                .map(|field| match batch.column_by_name(field.name()) {
                    None => Ok(new_null_array(field.data_type(), batch.num_rows())),
                    Some(column) if column.data_type() == field.data_type() => {
                        Ok(ArrayRef::clone(column))
                    }
                    Some(column) => Err(refused(&format!(
                        "column '{}' comes as {}, and {} is needed",
                        field.name(),
                        column.data_type(),
                        field.data_type()
                    ))),
                })
                .collect::<Result<Vec<_>, _>>()?;
            columns.push(Arc::new(StringArray::from(vec![load_id; batch.num_rows()])));
            columns.push(Arc::new(days_of(load, &batch)?));
            let batch = RecordBatch::try_new(Arc::clone(&marked), columns)
                .map_err(|error| refused(&error.to_string()))?;
            writer.write(&batch).map_err(|_| Failure::Interrupted)?;
        }
    }
    let mut output = writer.into_inner().map_err(|_| Failure::Interrupted)?;
    output.flush().map_err(|_| Failure::Interrupted)
}

/// Collects what is written and sends it on in pieces.
struct Pieces<'chunks> {
    collected: Vec<u8>,
    chunks: &'chunks Sender<Bytes>,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.collected.extend_from_slice(bytes);
        if self.collected.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.collected.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.collected, Vec::with_capacity(CHUNK));
        self.chunks
            .blocking_send(piece.into())
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the server took no more"))
    }
}

/// The batches of one file, with the columns of `names` only, or all.
fn open(path: &Path, names: Option<&[&str]>) -> Result<ParquetRecordBatchReader, Failure> {
    let file = File::open(path).map_err(|error| {
        refused(&format!(
            "spool file {} cannot be read: {error}",
            path.display()
        ))
    })?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
    if let Some(names) = names {
        let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
        builder = builder.with_projection(mask);
    }
    builder.build().map_err(unreadable)
}

fn refused(reason: &str) -> Failure {
    Failure::Refused(reason.to_owned())
}

fn unreadable(error: impl std::fmt::Display) -> Failure {
    refused(&format!(
        "a window on local disk cannot be read back: {error}"
    ))
}
