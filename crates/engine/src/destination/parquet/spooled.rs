//! The rows of a window as they come from the spool: proved to be those that the entry vouches for, then handed on
//! in pieces that fit into memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::SchemaRef;
use jiff::civil::Date;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::super::WindowLoad;
use super::days::{day_at, day_values};
use super::failure::Failure;

/// The column by which every stream's rows belong to an advertiser.
pub(super) const ADVERTISER_COLUMN: &str = "advertiser_id";

/// Fails unless the files hold the rows that the ledger entry vouches for, by advertiser and day. A row outside the
/// window's advertisers or days would never be replaced by a later reading, so it would be counted twice.
pub(super) fn refuse_disagreement(load: &WindowLoad) -> Result<(), Failure> {
    let entry = &load.entry;
    if entry.days.is_some() && load.day_column.is_none() {
        // Without the column every row of the advertisers would go, whatever its day.
        return Err(refused(
            "the window has days, but no column is named that holds them",
        ));
    }
    let mut arrived: BTreeMap<String, u64> = BTreeMap::new();
    for path in &load.files {
        count_file(load, path, &mut arrived)?;
    }
    for (advertiser, rows) in &arrived {
        if !entry.advertisers.contains_key(advertiser) {
            return Err(refused(&format!(
                "the files hold {rows} rows of advertiser {advertiser}, whom the window does not cover"
            )));
        }
    }
    for (advertiser, expected) in &entry.advertisers {
        let rows = arrived.get(advertiser).copied().unwrap_or(0);
        if rows != *expected {
            return Err(refused(&format!(
                "the files hold {rows} rows of advertiser {advertiser}, and the ledger entry says {expected}"
            )));
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

fn count_file(
    load: &WindowLoad,
    path: &Path,
    arrived: &mut BTreeMap<String, u64>,
) -> Result<(), Failure> {
    let mut names = vec![ADVERTISER_COLUMN];
    let days = load.entry.days.zip(load.day_column.as_deref());
    names.extend(days.map(|(_, column)| column));
    for batch in open(path, Some(&names))? {
        let batch = batch?;
        let advertisers = texts(&batch, ADVERTISER_COLUMN)?;
        let day_values = match days {
            Some((_, column)) => Some(day_values(&batch, column)?),
            None => None,
        };
        for row in 0..batch.num_rows() {
            if advertisers.is_null(row) {
                return Err(refused("a row has no advertiser"));
            }
            let advertiser = advertisers.as_string::<i32>().value(row);
            if let (Some((range, _)), Some(values)) = (days, &day_values) {
                let day = day_at(values, row);
                if !day.is_some_and(|day| range.contains(day)) {
                    return Err(refused(&format!(
                        "a row of advertiser {advertiser} has the day {}, outside the days of the window, {range}",
                        in_words(day)
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

fn in_words(day: Option<Date>) -> String {
    day.map_or_else(|| "NULL".to_owned(), |day| day.to_string())
}

/// The rows of the files in batches with the columns of `schema`: what a file lacks is NULL.
pub(super) fn batches<'load>(
    load: &'load WindowLoad,
    schema: &'load SchemaRef,
) -> impl Iterator<Item = Result<RecordBatch, Failure>> + 'load {
    load.files.iter().flat_map(move |path| {
        let reader = match open(path, None) {
            Ok(reader) => reader,
            Err(failure) => return vec![Err(failure)].into_iter().boxed(),
        };
        reader.map(move |batch| shaped(&batch?, schema)).boxed()
    })
}

/// Lets both ways of [`batches`] have one type.
trait Boxed<'iter>: Iterator + Sized + 'iter {
    fn boxed(self) -> Box<dyn Iterator<Item = Self::Item> + 'iter> {
        Box::new(self)
    }
}

impl<'iter, Inner: Iterator + 'iter> Boxed<'iter> for Inner {}

/// `batch` with the columns of `schema`, in its order; absent ones are NULL, and other types are refused.
pub(super) fn shaped(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Failure> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            Some(column) if column.data_type() == field.data_type() => Ok(ArrayRef::clone(column)),
            Some(column) => Err(refused(&format!(
                "column '{}' comes as {}, and {} is needed",
                field.name(),
                column.data_type(),
                field.data_type()
            ))),
        })
        .collect::<Result<Vec<_>, _>>()?;
    for field in batch.schema().fields() {
        if schema.column_with_name(field.name()).is_none() {
            return Err(refused(&format!(
                "column '{}' comes in the files, and the table has no such column",
                field.name()
            )));
        }
    }
    Ok(RecordBatch::try_new(SchemaRef::clone(schema), columns)?)
}

/// A column of texts.
pub(super) fn texts<'batch>(
    batch: &'batch RecordBatch,
    name: &str,
) -> Result<&'batch ArrayRef, Failure> {
    batch
        .column_by_name(name)
        .filter(|column| column.as_string_opt::<i32>().is_some())
        .ok_or_else(|| refused(&format!("the files have no column '{name}' of texts")))
}

/// The batches of one file, with the columns of `names` only, or all.
fn open(path: &Path, names: Option<&[&str]>) -> Result<ParquetRecordBatchReader, Failure> {
    let file = File::open(path).map_err(|error| {
        Failure::Io(std::io::Error::new(
            error.kind(),
            format!("spool file {} cannot be read: {error}", path.display()),
        ))
    })?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    if let Some(names) = names {
        let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
        builder = builder.with_projection(mask);
    }
    Ok(builder.build()?)
}

fn refused(reason: &str) -> Failure {
    Failure::Refused(reason.to_owned())
}
