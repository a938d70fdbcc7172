//! Reads log-level files: CSV, usually compressed with gzip.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Read;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow_array::RecordBatch;

use super::{DecodeError, Source};
use crate::calendar::DayRange;
use crate::schema::TableSchema;

/// Everything about a log-level file that is known before it arrives.
#[derive(Debug, Clone)]
pub struct LogFileExpectation {
    /// The stream, for errors.
    pub stream: String,
    /// The file's name, for errors. Never its link, which is a secret.
    pub file: String,
    /// The table with the columns known beforehand. Criteo's docs do not list the columns of these files, so a known
    /// column that the file lacks is NULL on all of its rows, and one that the file has in addition is added as text.
    pub schema: TableSchema,
    /// Where the value of each known column comes from, in the order of the columns.
    pub sources: Vec<Source>,
    /// The column that holds the advertiser's id; `None` when rows do not tell.
    pub advertiser_column: Option<usize>,
    /// The advertisers that were asked for. A row of any other one is an error.
    pub advertiser_ids: Arc<BTreeSet<String>>,
    /// The date or timestamp column that says to which day of the window a row belongs.
    pub day_column: Option<usize>,
    /// The days that were asked for. A row of any other day is an error.
    pub days: Option<DayRange>,
}

/// What there is to know about a file once all of its rows have been handed out.
#[derive(Debug, Clone, Default)]
pub struct DecodedFile {
    /// Rows handed out.
    pub rows: u64,
    /// Rows handed out by advertiser; empty when there is no advertiser column.
    pub rows_by_advertiser: BTreeMap<String, u64>,
    /// The known columns that the file lacks.
    pub missing: Vec<String>,
}

/// A log-level file whose header has been read.
pub struct LogFile<'a> {
    schema: TableSchema,
    marker: PhantomData<&'a ()>,
}

impl<'a> LogFile<'a> {
    /// Reads the header of a file from `input`, which yields the bytes of the download, compressed or not. Reading
    /// blocks: use it on a thread for blocking work.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] when there is no header, [`DecodeError::UnknownShape`] when it names a column twice
    /// or not at all, [`DecodeError::Expectation`] when the expectation contradicts itself.
    pub fn open(
        _expectation: &'a LogFileExpectation,
        _input: impl Read + 'a,
    ) -> Result<Self, DecodeError> {
        unimplemented!()
    }

    /// The expected table with the additional columns of this file behind its own.
    #[must_use]
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// Reads all rows. `emit` receives the batches, in order; when it fails, so does the decoding.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode<E>(
        self,
        _emit: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<DecodedFile, DecodeError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        unimplemented!()
    }
}
