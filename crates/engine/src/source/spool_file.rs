//! Reading back what was just written to the spool.

use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::EngineError;

/// All rows, in batches.
///
/// # Errors
/// [`EngineError::SpoolDamaged`] when the file cannot be read.
pub(crate) fn batches_of_file(path: &Path) -> Result<Vec<RecordBatch>, EngineError> {
    let damaged = |reason: String| EngineError::SpoolDamaged {
        path: path.display().to_string(),
        reason,
    };
    let file = File::open(path).map_err(|error| damaged(error.to_string()))?;
    let batches = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| damaged(error.to_string()))?;
    batches
        .collect::<Result<_, _>>()
        .map_err(|error| damaged(error.to_string()))
}

/// The texts of one column; NULL is `None`.
///
/// # Errors
/// [`EngineError::SpoolDamaged`] when the file cannot be read.
pub(super) fn text_column(path: &Path, column: usize) -> Result<Vec<Option<String>>, EngineError> {
    let damaged = |reason: String| EngineError::SpoolDamaged {
        path: path.display().to_string(),
        reason,
    };
    let file = File::open(path).map_err(|error| damaged(error.to_string()))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| damaged(error.to_string()))?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), [column]);
    let batches = builder
        .with_projection(mask)
        .build()
        .map_err(|error| damaged(error.to_string()))?;
    let mut texts = Vec::new();
    for batch in batches {
        let batch = batch.map_err(|error| damaged(error.to_string()))?;
        let column = batch
            .column(0)
            .as_string_opt::<i32>()
            .ok_or_else(|| damaged("a text column was expected".to_owned()))?;
        texts.extend(column.iter().map(|text| text.map(str::to_owned)));
    }
    Ok(texts)
}
