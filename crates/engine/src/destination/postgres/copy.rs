//! Rows from Parquet files into PostgreSQL's binary COPY, piece by piece.
//!
//! A thread that may block reads and encodes, and hands over at most a few pieces more than the server has taken, so
//! that memory stays the same whatever the size of a window.

use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::pin::pin;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, RecordBatch};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tokio::sync::mpsc;
use tokio_postgres::CopyInSink;

use super::failure::Failure;
use super::numeric::put_money;
use crate::schema::{Column, FieldType, TableSchema, arrow_type};

/// What a binary COPY begins with: a signature that damaged transfers break, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What stands in place of a count of fields after the last row.
const TRAILER: i16 = -1;
/// What stands in place of a length for NULL.
const NULL: i32 = -1;
/// Bytes that are sent at a time, about.
const PIECE_BYTES: usize = 256 * 1024;
/// Pieces that wait to be sent.
const PIECES_AHEAD: usize = 4;
/// Rows that are decoded at a time.
const BATCH_ROWS: usize = 4096;
/// PostgreSQL counts days and microseconds from the beginning of 2000, Arrow from that of 1970.
const DAYS_TO_2000: i32 = 10_957;
const MICROSECONDS_TO_2000: i64 = 946_684_800_000_000;

/// Sends the rows of all files, with the columns of `schema`. A file without one of them has NULL there. Gives how many
/// rows the server took.
pub(super) async fn send(
    sink: CopyInSink<Bytes>,
    schema: &TableSchema,
    files: &[PathBuf],
) -> Result<u64, Failure> {
    let (sender, mut pieces) = mpsc::channel(PIECES_AHEAD);
    let (schema, files) = (schema.clone(), files.to_vec());
    let encoder = tokio::task::spawn_blocking(move || encode(&schema, &files, &sender));
    let mut sink = pin!(sink);
    while let Some(piece) = pieces.recv().await {
        sink.feed(piece).await?;
    }
    // Dropping the sink without finishing it makes the server forget what it has.
    encoder
        .await
        .map_err(|crash| Failure::Refused(format!("reading the spool crashed: {crash}")))??;
    Ok(sink.finish().await?)
}

/// Encodes all rows. Stops early when nobody takes the pieces any more, whose
/// failure is then the one that counts.
fn encode(
    schema: &TableSchema,
    files: &[PathBuf],
    pieces: &mpsc::Sender<Bytes>,
) -> Result<(), Failure> {
    let mut buffer = BytesMut::with_capacity(PIECE_BYTES * 2);
    buffer.put_slice(HEADER);
    for file in files {
        let of_file =
            |reason: String| Failure::Refused(format!("spool file {}: {reason}", file.display()));
        let mut rows_before = 0;
        let opened = match File::open(file) {
            // One that is gone has to be read from Criteo again.
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Failure::Unreadable {
                    path: file.display().to_string(),
                    error,
                });
            }
            opened => opened.map_err(|error| of_file(error.to_string()))?,
        };
        for batch in batches(opened).map_err(of_file)? {
            let batch = batch.map_err(|error| of_file(error.to_string()))?;
            let columns = columns_of(schema, &batch).map_err(of_file)?;
            for row in 0..batch.num_rows() {
                put_row(&mut buffer, &columns, row).map_err(|(column, reason)| {
                    let number = rows_before + row + 1;
                    of_file(format!("row {number}, column '{column}': {reason}"))
                })?;
                if buffer.len() >= PIECE_BYTES
                    && pieces.blocking_send(buffer.split().freeze()).is_err()
                {
                    return Ok(());
                }
            }
            rows_before += batch.num_rows();
        }
    }
    buffer.put_i16(TRAILER);
    let _ = pieces.blocking_send(buffer.freeze());
    Ok(())
}

fn batches(file: File) -> Result<parquet::arrow::arrow_reader::ParquetRecordBatchReader, String> {
    ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
        .map_err(|error| error.to_string())
}

/// A column of the table and its values in a batch, if the file has them.
struct Source<'batch> {
    column: &'batch Column,
    values: Option<&'batch dyn Array>,
}

fn columns_of<'batch>(
    schema: &'batch TableSchema,
    batch: &'batch RecordBatch,
) -> Result<Vec<Source<'batch>>, String> {
    let source = |column: &'batch Column| {
        let values = batch.column_by_name(&column.name).map(AsRef::as_ref);
        let wanted = arrow_type(column.field_type);
        match values {
            Some(values) if *values.data_type() != wanted => Err(format!(
                "column '{}' has type {}, and {wanted} is needed",
                column.name,
                values.data_type()
            )),
            values => Ok(Source { column, values }),
        }
    };
    schema.columns.iter().map(source).collect()
}

/// The error is the column and the reason in words.
fn put_row<'batch>(
    buffer: &mut BytesMut,
    sources: &[Source<'batch>],
    row: usize,
) -> Result<(), (&'batch str, String)> {
    // PostgreSQL has 1,600 columns at most.
    buffer.put_i16(i16::try_from(sources.len()).unwrap_or(i16::MAX));
    for source in sources {
        match source.values {
            Some(values) if values.is_valid(row) => {
                put_value(buffer, source.column.field_type, values, row)
                    .map_err(|reason| (source.column.name.as_str(), reason))?;
            }
            _ => buffer.put_i32(NULL),
        }
    }
    Ok(())
}

fn put_value(
    buffer: &mut BytesMut,
    field_type: FieldType,
    values: &dyn Array,
    row: usize,
) -> Result<(), String> {
    match field_type {
        FieldType::Text | FieldType::Json => {
            put_text(buffer, values.as_string::<i32>().value(row))?;
        }
        FieldType::Integer => put_i64(buffer, values.as_primitive::<Int64Type>().value(row)),
        FieldType::Money => put_money(buffer, values.as_primitive::<Decimal128Type>().value(row)),
        FieldType::Float => {
            buffer.put_i32(8);
            buffer.put_f64(values.as_primitive::<Float64Type>().value(row));
        }
        FieldType::Boolean => {
            buffer.put_i32(1);
            buffer.put_u8(u8::from(values.as_boolean().value(row)));
        }
        FieldType::Date => {
            let days = values.as_primitive::<Date32Type>().value(row);
            let days = days.checked_sub(DAYS_TO_2000);
            buffer.put_i32(4);
            buffer.put_i32(days.ok_or("PostgreSQL has no such day")?);
        }
        FieldType::Timestamp | FieldType::TimestampUtc => {
            let instants = values.as_primitive::<TimestampMicrosecondType>();
            let instant = instants.value(row).checked_sub(MICROSECONDS_TO_2000);
            put_i64(buffer, instant.ok_or("PostgreSQL has no such time")?);
        }
    }
    Ok(())
}

/// A text is sent in UTF-8, whatever the database stores it in. The zero character ends a text in PostgreSQL's own
/// code, so it can be in none; leaving it out would change the value.
fn put_text(buffer: &mut BytesMut, text: &str) -> Result<(), String> {
    if let Some(position) = text.find('\0') {
        return Err(format!(
            "the text has the character U+0000 at byte {position}, which PostgreSQL cannot hold"
        ));
    }
    let length =
        i32::try_from(text.len()).map_err(|_| "the text is longer than 2 GB".to_owned())?;
    buffer.put_i32(length);
    buffer.put_slice(text.as_bytes());
    Ok(())
}

fn put_i64(buffer: &mut BytesMut, number: i64) {
    buffer.put_i32(8);
    buffer.put_i64(number);
}
