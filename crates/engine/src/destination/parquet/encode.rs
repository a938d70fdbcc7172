//! Rows into the bytes of a data file.
//!
//! What other programs stumble over is left out: no views of texts, no dictionaries of Arrow, no Arrow schema in the
//! footer. Decimals, dates and timestamps have Parquet's own types, and timestamps no zone.

use std::collections::BTreeMap;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_ord::sort::{SortColumn, SortOptions, lexsort_to_indices};
use arrow_schema::{DataType, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::days::{date_of, day_values, text_at};
use super::failure::Failure;
use super::layout::Partition;
use super::spooled::{ADVERTISER_COLUMN, texts};
use super::state::FileState;
use crate::calendar::DayRange;
use crate::ledger::StreamEntry;

/// Rows of a row group: small enough that a reader of one advertiser skips most of a large file.
const ROWS_PER_GROUP: usize = 128 * 1024;
/// Columns by which rows are sorted at most, after advertiser and day.
const MOST_SORT_COLUMNS: usize = 6;

/// One file, ready to be put into the store.
pub(super) struct Encoded {
    /// What it holds.
    pub(super) file: FileState,
    /// Its bytes.
    pub(super) body: Bytes,
}

/// How the rows of a stream are put into folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folders {
    /// One for all.
    One,
    /// By the day of a row.
    ByDay,
    /// By the month of a row's day: each row stands for a week, a month or a year.
    ByMonth,
}

impl Folders {
    /// The folders of a stream whose rows have a day, or not.
    pub(super) fn of(stream: &StreamEntry, has_days: bool) -> Self {
        let has = |names: &[&str]| {
            stream.grain.iter().any(|dimension| {
                names
                    .iter()
                    .any(|name| dimension.eq_ignore_ascii_case(name))
            })
        };
        if !has_days {
            Self::One
        } else if has(&["Week", "Month", "Year"]) && !has(&["Day", "Hour"]) {
            Self::ByMonth
        } else {
            Self::ByDay
        }
    }
}

/// The rows of `batches` (which have the columns of `schema`) by the folder they belong to, each sorted.
pub(super) fn partitioned(
    batches: &[RecordBatch],
    schema: &SchemaRef,
    day_column: Option<&str>,
    folders: Folders,
) -> Result<Vec<(Partition, RecordBatch)>, Failure> {
    let all = concat_batches(schema, batches)?;
    if all.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let sorted = sort(&all, day_column)?;
    let (Some(column), Folders::ByDay | Folders::ByMonth) = (day_column, folders) else {
        return Ok(vec![(Partition::Whole, sorted)]);
    };
    let mut rows: BTreeMap<Partition, Vec<u32>> = BTreeMap::new();
    for (position, day) in (0_u32..).zip(day_values(&sorted, column)?) {
        let partition = match (day.map(date_of), folders) {
            (None, _) | (_, Folders::One) => Partition::Whole,
            (Some(day), Folders::ByDay) => Partition::Day(day),
            (Some(day), Folders::ByMonth) => Partition::Month(day.first_of_month()),
        };
        rows.entry(partition).or_default().push(position);
    }
    rows.into_iter()
        .map(|(partition, rows)| {
            let rows = take_record_batch(&sorted, &UInt32Array::from(rows))?;
            Ok((partition, rows))
        })
        .collect()
}

/// Rows by advertiser, day, and then whatever tells them apart, so that equal values lie together.
fn sort(batch: &RecordBatch, day_column: Option<&str>) -> Result<RecordBatch, Failure> {
    let schema = batch.schema();
    let first = [Some(ADVERTISER_COLUMN), day_column];
    let leading = first
        .into_iter()
        .flatten()
        .filter_map(|name| schema.index_of(name).ok());
    let others = schema
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| {
            let is_leading = first.contains(&Some(field.name().as_str()));
            !is_leading && matches!(field.data_type(), DataType::Utf8 | DataType::Date32)
        })
        .map(|(position, _)| position)
        .take(MOST_SORT_COLUMNS);
    let columns: Vec<SortColumn> = leading
        .chain(others)
        .map(|position| SortColumn {
            values: batch.column(position).clone(),
            options: Some(SortOptions::default()),
        })
        .collect();
    let order = lexsort_to_indices(&columns, None)?;
    Ok(take_record_batch(batch, &order)?)
}

/// The bytes of a file with these rows, and what it holds.
pub(super) fn encode(
    batch: &RecordBatch,
    window_id: &str,
    day_column: Option<&str>,
) -> Result<Encoded, Failure> {
    let body = bytes_of(batch)?;
    let file = FileState {
        window_id: window_id.to_owned(),
        advertisers: advertisers(batch)?,
        days: days(batch, day_column)?,
        columns: batch.num_columns(),
        bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
    };
    Ok(Encoded {
        file,
        body: Bytes::from(body),
    })
}

/// The bytes of a Parquet file with these rows.
pub(super) fn bytes_of(batch: &RecordBatch) -> Result<Vec<u8>, Failure> {
    let level = ZstdLevel::try_new(3)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(concat!("criteo-connector ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let mut body = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut body, batch.schema(), options)?;
    writer.write(batch)?;
    writer.close()?;
    Ok(body)
}

/// How many rows each advertiser has.
pub(super) fn advertisers(batch: &RecordBatch) -> Result<BTreeMap<String, u64>, Failure> {
    let values = texts(batch, ADVERTISER_COLUMN)?;
    let mut advertisers: BTreeMap<String, u64> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        let advertiser = text_at(values, row).unwrap_or_default();
        match advertisers.get_mut(advertiser) {
            Some(rows) => *rows += 1,
            None => {
                advertisers.insert(advertiser.to_owned(), 1);
            }
        }
    }
    Ok(advertisers)
}

fn days(batch: &RecordBatch, day_column: Option<&str>) -> Result<Option<DayRange>, Failure> {
    let Some(column) = day_column else {
        return Ok(None);
    };
    let values = day_values(batch, column)?;
    let first = values.iter().flatten().min();
    let last = values.iter().flatten().max();
    Ok(first
        .zip(last)
        .and_then(|(first, last)| DayRange::new(date_of(*first), date_of(*last))))
}
