//! Why a window could not be written, and what the engine is told.

use std::fs::File;
use std::io::{self, ErrorKind};

use criteo_engine::destination::{DestinationError, WindowLoad};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::NAME;
use crate::keys::KeysError;
use crate::rows::RowError;

/// Why a window could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The pipe or the disk.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A value.
    #[error("{0}")]
    Rows(String),
    /// The folder of keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl From<RowError> for WriteError {
    fn from(error: RowError) -> Self {
        Self::Rows(error.to_string())
    }
}

impl WriteError {
    pub(super) fn into_refusal(self) -> DestinationError {
        match self {
            Self::Io(source) if source.kind() == ErrorKind::BrokenPipe => {
                DestinationError::ReaderGone { source }
            }
            Self::Io(error) => DestinationError::Unavailable {
                destination: NAME.to_owned(),
                reason: error.to_string(),
                hint: None,
            },
            Self::Keys(error) => DestinationError::Unavailable {
                destination: "the folder of keys".to_owned(),
                reason: error.to_string(),
                hint: Some(error.hint().to_owned()),
            },
            Self::Rows(reason) => DestinationError::Failed {
                destination: NAME.to_owned(),
                doing: "writing records".to_owned(),
                reason,
            },
        }
    }
}

pub(crate) fn unreadable(error: impl std::fmt::Display) -> WriteError {
    WriteError::Rows(format!(
        "a window on local disk cannot be read back: {error}"
    ))
}

/// Before the first record is written: what is written cannot be taken back.
pub(super) fn refuse_disagreement(load: &WindowLoad) -> Result<(), WriteError> {
    let mut rows = 0_u64;
    for path in &load.files {
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(File::open(path)?).map_err(unreadable)?;
        rows += u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
    }
    if rows == load.entry.rows {
        return Ok(());
    }
    Err(unreadable(format!(
        "it holds {rows} rows instead of {}",
        load.entry.rows
    )))
}
