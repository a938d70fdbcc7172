//! One Parquet file of a window, while it is being written.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::{create_private_file, failure, temporary_path};
use crate::error::EngineError;
use crate::schema::TableSchema;

/// Writes batches to a temporary file; [`finish`](Self::finish) gives it its name. Dropped unfinished, it removes
/// what it wrote.
#[derive(Debug)]
pub struct PartWriter {
    path: PathBuf,
    writer: Option<ArrowWriter<File>>,
    rows: u64,
}

impl PartWriter {
    pub(super) fn create(path: &Path, schema: &TableSchema) -> Result<Self, EngineError> {
        let file = create_private_file(&temporary_path(path))
            .map_err(|source| failure(path, "creating a file", source))?;
        // The file lives for seconds and is read once, as a whole: the fastest level already shrinks it about tenfold,
        // and nobody looks for rows by the smallest and the largest value.
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::None)
            .build();
        let writer = ArrowWriter::try_new(file, schema.arrow_schema(), Some(properties))
            .map_err(|error| failure(path, "creating a file", io::Error::other(error)))?;
        Ok(Self {
            path: path.to_owned(),
            writer: Some(writer),
            rows: 0,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`EngineError::Spool`], for instance when the disk is full.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), EngineError> {
        if let Some(writer) = &mut self.writer {
            writer
                .write(batch)
                .map_err(|error| failure(&self.path, "writing rows", io::Error::other(error)))?;
            self.rows += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        }
        Ok(())
    }

    /// Flushes the file to the disk and gives it its name. Returns `None`, and leaves no file, when there are no
    /// rows.
    ///
    /// # Errors
    /// [`EngineError::Spool`], for instance when the disk is full.
    pub fn finish(mut self) -> Result<Option<PathBuf>, EngineError> {
        let Some(writer) = self.writer.take() else {
            return Ok(None);
        };
        let temporary = temporary_path(&self.path);
        let close = || -> io::Result<()> {
            let file = writer.into_inner().map_err(io::Error::other)?;
            file.sync_all()?;
            if self.rows > 0 {
                fs::rename(&temporary, &self.path)
            } else {
                fs::remove_file(&temporary)
            }
        };
        close().map_err(|source| failure(&self.path, "finishing a file", source))?;
        Ok((self.rows > 0).then(|| self.path.clone()))
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            // An attempt that failed; the sweep at the next start gets what cannot be removed now.
            let _ = fs::remove_file(temporary_path(&self.path));
        }
    }
}
