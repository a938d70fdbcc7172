//! Rows on standard output, for a quick look and for pipes.
//!
//! What was printed cannot be taken back or asked for, so there is no ledger: a run reads exactly what was selected, and
//! the next one reads it again. Each window is printed once and as a whole; the promise that nothing capped, cut short
//! or of an unknown shape gets through holds as everywhere.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::{Capabilities, Destination, DestinationError, QueryAnswer, WindowLoad};
use super::format::{Format, RowWriter, WriteError};
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

const NAME: &str = "Standard output";

/// Standard output as a destination. CSV takes one stream, because a header holds for everything below it; each line
/// of JSON names its stream.
#[derive(Debug, Clone)]
pub struct StandardOutput {
    format: Format,
    printed: Arc<Mutex<Printed>>,
}

#[derive(Debug, Default)]
struct Printed {
    /// The columns that the header names; later windows may lack some, and may not have others.
    header: Option<TableSchema>,
    windows: BTreeSet<String>,
}

impl StandardOutput {
    /// Standard output in `format`.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            printed: Arc::default(),
        }
    }

    /// Does `work` on a thread that may block, because whoever reads the pipe may be slow.
    async fn on_worker<Work>(&self, work: Work) -> Result<(), DestinationError>
    where
        Work: FnOnce(&mut Printed) -> Result<(), WriteError> + Send + 'static,
    {
        let printed = Arc::clone(&self.printed);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut printed.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
        .unwrap_or_else(|crash| Err(WriteError::Value(crash.to_string())));
        done.map_err(|error| match error {
            WriteError::Io(source) if source.kind() == ErrorKind::BrokenPipe => {
                DestinationError::ReaderGone { source }
            }
            other => DestinationError::Failed {
                destination: NAME.to_owned(),
                doing: "printing rows".to_owned(),
                reason: other.to_string(),
            },
        })
    }
}

#[async_trait]
impl Destination for StandardOutput {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: match self.format {
                Format::Csv => "CSV on standard output",
                Format::Jsonl => "JSON lines on standard output",
            },
            atomic_windows: false,
            adds_columns: false,
            exact_decimals: true,
            comments: false,
            concurrent_writers: false,
            keeps_versions: false,
            records_changes: false,
            drops_days: false,
            ledger: false,
            several_streams: self.format == Format::Jsonl,
            views: false,
        }
    }

    fn describe(&self) -> String {
        format!("{NAME} ({})", self.format.name())
    }

    async fn check(&self) -> Result<(), DestinationError> {
        Ok(())
    }

    /// Prints the header, where there is one: a table without rows is an answer, too.
    async fn prepare(
        &self,
        schema: &TableSchema,
        _stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        if self.format == Format::Jsonl {
            return Ok(());
        }
        let schema = schema.clone();
        self.on_worker(move |printed| match &printed.header {
            Some(header) if header.table != schema.table => Err(WriteError::Value(format!(
                "the header of table '{}' is printed already, and rows of '{}' would stand below it",
                header.table, schema.table
            ))),
            Some(header) if has_others(&schema, header) => Err(WriteError::Value(format!(
                "a part of table '{}' has columns that the header above it lacks; JSON lines can hold it",
                schema.table
            ))),
            Some(_) => Ok(()),
            None => {
                let mut writer =
                    RowWriter::new(Format::Csv, &schema.columns, io::stdout().lock());
                writer.header()?;
                writer.finish()?.flush()?;
                printed.header = Some(schema);
                Ok(())
            }
        })
        .await
    }

    async fn forget(&self, _stream: &str) -> Result<(), DestinationError> {
        Ok(())
    }

    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError> {
        let (format, load) = (self.format, load.clone());
        self.on_worker(move |printed| {
            if printed.windows.contains(&load.entry.window_id) {
                return Ok(());
            }
            // The header's columns rather than the window's: a later window may lack some.
            let columns = printed
                .header
                .as_ref()
                .map_or(load.schema.columns.as_slice(), |header| &header.columns);
            print(format, columns, &load)?;
            printed.windows.insert(load.entry.window_id);
            Ok(())
        })
        .await
    }

    async fn record_quarantine(&self, _entry: &WindowEntry) -> Result<(), DestinationError> {
        Ok(())
    }

    async fn record_run(&self, _run: &RunEntry) -> Result<(), DestinationError> {
        Ok(())
    }

    async fn runs(&self, _limit: usize) -> Result<Vec<RunEntry>, DestinationError> {
        Ok(Vec::new())
    }

    async fn stream(&self, _stream: &str) -> Result<Option<StreamEntry>, DestinationError> {
        Ok(None)
    }

    async fn windows(&self, _stream: &str) -> Result<Vec<WindowEntry>, DestinationError> {
        Ok(Vec::new())
    }

    async fn count_rows(&self, _table: &str) -> Result<Option<u64>, DestinationError> {
        Ok(None)
    }

    async fn query(&self, _sql: &str) -> Result<QueryAnswer, DestinationError> {
        Err(DestinationError::Unavailable {
            destination: self.describe(),
            reason: "what was printed cannot be asked for again".to_owned(),
            hint: Some("Name a folder or a database in [destination] to keep rows.".to_owned()),
        })
    }
}

fn has_others(schema: &TableSchema, header: &TableSchema) -> bool {
    schema
        .columns
        .iter()
        .any(|column| header.position(&column.name).is_none())
}

fn print(
    format: Format,
    columns: &[crate::schema::Column],
    load: &WindowLoad,
) -> Result<(), WriteError> {
    let unreadable = |reason: String| {
        WriteError::Value(format!(
            "a window on local disk cannot be read back: {reason}"
        ))
    };
    let mut files = Vec::new();
    let mut rows = 0_u64;
    for path in &load.files {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)
            .map_err(|error| unreadable(error.to_string()))?;
        rows += u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
        files.push(builder);
    }
    // Before the first row is printed: what is printed cannot be taken back.
    if rows != load.entry.rows {
        return Err(unreadable(format!(
            "it holds {rows} rows instead of {}",
            load.entry.rows
        )));
    }
    let output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut writer = RowWriter::new(format, columns, output);
    if format == Format::Jsonl {
        writer = writer.naming(&load.entry.stream);
    }
    for builder in files {
        let reader = builder
            .build()
            .map_err(|error| unreadable(error.to_string()))?;
        for batch in reader {
            writer.batch(&batch.map_err(|error| unreadable(error.to_string()))?)?;
        }
    }
    writer.finish()?.flush()?;
    Ok(())
}
