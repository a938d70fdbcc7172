//! Reads the JSON answers of report endpoints.

mod refusal;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use arrow_array::RecordBatch;

use super::batches::BatchWriter;
use super::envelope::{ScanFlaw, Scanner};
use super::json::Extent;
use super::row::{RowFlaw, RowReader};
use super::rules::{Rules, resolve_sources};
use super::skeleton::{self, Summary};
use super::{BATCH_ROWS, DecodeError, Decoded, Expectation, Shape, Source, numbers};
use crate::schema::FieldType;

/// The largest row. What is known of stays under 20 kB.
const MAX_ROW_BYTES: usize = 16 << 20;
/// Larger chunks are taken in pieces, so that they are never held twice.
const PIECE_BYTES: usize = 64 << 10;

type Emit<'a> = dyn FnMut(RecordBatch) -> Result<(), Box<dyn Error + Send + Sync>> + Send + 'a;

/// Reads one answer of a report endpoint, chunk by chunk.
///
/// ```
/// use std::collections::BTreeSet;
/// use std::sync::Arc;
///
/// use criteo_engine::decode::{Expectation, ReportDecoder, Shape, Source};
/// use criteo_engine::schema::{Column, FieldType, TableSchema};
///
/// let expectation = Expectation {
///     stream: "statistics".into(),
///     window: "2026-03-01 of advertiser 7".into(),
///     shape: Shape::Statistics,
///     schema: TableSchema {
///         table: "statistics".into(),
///         description: String::new(),
///         columns: vec![Column {
///             name: "clicks".into(),
///             field_type: FieldType::Integer,
///             description: String::new(),
///         }],
///     },
///     sources: vec![Source::Field("Clicks".into())],
///     advertiser_column: None,
///     advertiser_ids: Arc::new(BTreeSet::new()),
///     day_column: None,
///     days: None,
///     expected_values: vec![],
///     row_cap: Some(100_000),
///     distinct: false,
///     additive: vec![0],
/// };
/// let mut batches = Vec::new();
/// let mut decoder = ReportDecoder::new(&expectation, |batch| {
///     batches.push(batch);
///     Ok::<(), std::io::Error>(())
/// })?;
/// decoder.push(br#"{"Total":{"Clicks":"12"},"Rows":[{"Clicks":"5"},{"Cli"#)?;
/// decoder.push(br#"cks":"7"}]}"#)?;
/// let decoded = decoder.finish()?;
///
/// assert_eq!((decoded.rows, batches[0].num_rows()), (2, 2));
/// assert_eq!(decoded.sums["clicks"].to_string(), "12");
/// assert_eq!(decoded.reported.unwrap()["clicks"], "12");
/// # Ok::<(), criteo_engine::decode::DecodeError>(())
/// ```
pub struct ReportDecoder<'a> {
    expectation: &'a Expectation,
    scanner: Scanner,
    reader: RowReader,
    writer: BatchWriter<'a>,
    emit: Box<Emit<'a>>,
    /// Bytes that have come and are not read yet: the beginning of a row, between two chunks.
    buffer: Vec<u8>,
    /// How many bytes have been read before the buffer.
    bytes_read: u64,
    /// The row that the buffer begins with, when it is not whole yet.
    waiting_row: Option<Extent>,
    raw_rows: u64,
    /// Whether rows can be split: rows that are lists need to know their columns first.
    knows_columns: bool,
    has_failed: bool,
}

impl fmt::Debug for ReportDecoder<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReportDecoder")
            .field("stream", &self.expectation.stream)
            .field("window", &self.expectation.window)
            .field("raw_rows", &self.raw_rows)
            .finish_non_exhaustive()
    }
}

impl<'a> ReportDecoder<'a> {
    /// Prepares to read one answer. `emit` receives the batches, in order, of [`super::BATCH_ROWS`] rows each but for
    /// the last; when it fails, so does the decoding. Batches are worth something only once
    /// [`ReportDecoder::finish`] has succeeded.
    ///
    /// # Errors
    /// [`DecodeError::Expectation`] when the expectation contradicts itself.
    pub fn new<E>(
        expectation: &'a Expectation,
        mut emit: impl FnMut(RecordBatch) -> Result<(), E> + Send + 'a,
    ) -> Result<Self, DecodeError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let (names, origins) = resolve_sources(&expectation.sources);
        let writer = BatchWriter::new(Rules {
            stream: &expectation.stream,
            window: &expectation.window,
            schema: &expectation.schema,
            origins,
            advertiser_column: expectation.advertiser_column,
            advertiser_ids: &expectation.advertiser_ids,
            day_column: expectation.day_column,
            days: expectation.days,
            expected_values: &expectation.expected_values,
            distinct: expectation.distinct,
            additive: &expectation.additive,
            batch_rows: BATCH_ROWS,
        })?;
        Ok(Self {
            expectation,
            scanner: Scanner::new(expectation.shape),
            reader: RowReader::new(names),
            writer,
            emit: Box::new(move |batch| emit(batch).map_err(Into::into)),
            buffer: Vec::new(),
            bytes_read: 0,
            waiting_row: None,
            raw_rows: 0,
            knows_columns: expectation.shape != Shape::MarketplaceStats,
            has_failed: false,
        })
    }

    /// Reads on. After an error nothing else can be read.
    ///
    /// # Errors
    /// Whatever the bytes so far prove: see [`DecodeError`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        for piece in bytes.chunks(PIECE_BYTES) {
            self.refuse_after_failure()?;
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.extend_from_slice(piece);
            match self.read_buffer(&buffer) {
                Ok(read) => {
                    buffer.drain(..read);
                    self.bytes_read += read as u64;
                    self.buffer = buffer;
                }
                Err(error) => {
                    self.has_failed = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Hands out the last batch and proves that the answer was whole.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn finish(mut self) -> Result<Decoded, DecodeError> {
        self.refuse_after_failure()?;
        if self.waiting_row.is_some() {
            let row = self.raw_rows + 1;
            return Err(self.damaged(
                Some(row),
                "the answer ends in the middle of this row".to_owned(),
            ));
        }
        let scanner = std::mem::replace(&mut self.scanner, Scanner::new(self.expectation.shape));
        let skeleton = scanner.into_skeleton();
        let read = skeleton::read(self.expectation.shape, &skeleton);
        let summary = read.map_err(|flaw| self.skeleton_error(flaw))?;
        if !self.knows_columns {
            self.read_late_rows(&skeleton)?;
        }
        if let Some(announced) = &summary.announced_rows
            && *announced != self.raw_rows.to_string()
        {
            let reason = format!("{announced} rows are announced and {} came", self.raw_rows);
            return Err(self.damaged(None, reason));
        }

        let reported = self.reported(&summary);
        let (batch, tally) = self.writer.finish()?;
        if let Some(batch) = batch {
            hand_out(&mut self.emit, self.expectation, batch)?;
        }
        Ok(Decoded {
            rows: tally.rows,
            raw_rows: self.raw_rows,
            rows_by_advertiser: tally.rows_by_advertiser,
            sums: tally.sums,
            reported,
            warnings: summary.warnings,
        })
    }

    /// Reads as much of `buffer` as can be read, and gives how much that was.
    fn read_buffer(&mut self, buffer: &[u8]) -> Result<usize, DecodeError> {
        let mut at = 0;
        loop {
            if self.waiting_row.is_none() {
                let row = self
                    .scanner
                    .next_row(&buffer[at..])
                    .map_err(|flaw| self.scan_error(flaw))?;
                let Some(offset) = row else {
                    return Ok(buffer.len());
                };
                at += offset;
                if !self.knows_columns && !self.learn_columns()? {
                    self.scanner.keep_rows();
                    continue;
                }
            }
            let Some(length) = self.read_row(&buffer[at..], self.bytes_read + at as u64)? else {
                return Ok(at);
            };
            self.scanner.row_passed();
            at += length;
        }
    }

    /// Reads the row with which `bytes` begin and gives its length, or `None` when it is not whole yet. The row
    /// begins at byte `start` of the answer.
    fn read_row(&mut self, bytes: &[u8], start: u64) -> Result<Option<usize>, DecodeError> {
        let number = self.raw_rows + 1;
        // A row that was found incomplete once is split again only when its end has come, so that each byte is
        // looked at a bounded number of times however small the chunks are.
        let bytes = match self.waiting_row.take() {
            None => bytes,
            Some(mut extent) => match extent.end(bytes) {
                Some(end) => &bytes[..end],
                None => return self.wait_for_row(extent, bytes.len()).map(|()| None),
            },
        };
        let length = match self.reader.split(bytes) {
            Ok(length) => length,
            Err(RowFlaw::Incomplete) => {
                let mut extent = Extent::default();
                if extent.end(bytes).is_some() {
                    return Err(self.damaged(Some(number), "its brackets do not match".to_owned()));
                }
                return self.wait_for_row(extent, bytes.len()).map(|()| None);
            }
            Err(flaw) => return Err(self.row_error(number, start, flaw)),
        };
        let Ok(row) = std::str::from_utf8(&bytes[..length]) else {
            return Err(self.damaged(Some(number), "it holds bytes that are not UTF-8".to_owned()));
        };
        self.take_row(row)?;
        Ok(Some(length))
    }

    fn wait_for_row(&mut self, extent: Extent, length: usize) -> Result<(), DecodeError> {
        if length > MAX_ROW_BYTES {
            return Err(DecodeError::TooLarge {
                at: self.writer.place(Some(self.raw_rows + 1), None),
                what: "the row",
                limit: MAX_ROW_BYTES,
            });
        }
        self.waiting_row = Some(extent);
        Ok(())
    }

    /// Takes the row that was split last.
    fn take_row(&mut self, row: &str) -> Result<(), DecodeError> {
        self.raw_rows += 1;
        if let Some(cap) = self.expectation.row_cap
            && self.raw_rows >= cap
        {
            return Err(DecodeError::CapReached {
                at: self.writer.place(None, None),
                cap,
            });
        }
        let reader = &self.reader;
        if let Some(batch) = self
            .writer
            .append(self.raw_rows, |slot| reader.value(row, slot))?
        {
            hand_out(&mut self.emit, self.expectation, batch)?;
        }
        Ok(())
    }

    /// Takes the columns of a marketplace report out of what came before its first row, if they are there.
    fn learn_columns(&mut self) -> Result<bool, DecodeError> {
        match skeleton::early_columns(&self.scanner.skeleton_so_far()) {
            Some(columns) => self.set_columns(&columns).map(|()| true),
            None => Ok(false),
        }
    }

    fn set_columns(&mut self, columns: &[String]) -> Result<(), DecodeError> {
        self.knows_columns = true;
        self.reader
            .set_columns(columns)
            .map_err(|name| DecodeError::UnknownShape {
                at: self.writer.place(None, Some(&name)),
                found: "the report has this column twice".to_owned(),
            })
    }

    /// Reads the rows of a marketplace report whose columns came behind them, or that has none.
    fn read_late_rows(&mut self, skeleton: &[u8]) -> Result<(), DecodeError> {
        let (columns, rows) =
            skeleton::late_rows(skeleton).map_err(|flaw| self.skeleton_error(flaw))?;
        self.set_columns(&columns)?;
        for row in rows {
            let number = self.raw_rows + 1;
            if !row.starts_with('[') {
                return Err(self.scan_error(ScanFlaw::NotARow(super::error::shown(row))));
            }
            self.reader
                .split(row.as_bytes())
                .map_err(|flaw| self.row_error(number, 0, flaw))?;
            self.take_row(row)?;
        }
        Ok(())
    }

    /// The answer's own totals of the additive integer columns.
    fn reported(&self, summary: &Summary) -> Option<BTreeMap<String, String>> {
        let total = summary.total.as_ref()?;
        let mut reported = BTreeMap::new();
        for index in &self.expectation.additive {
            let column = &self.expectation.schema.columns[*index];
            let Source::Field(field) = &self.expectation.sources[*index] else {
                continue;
            };
            let found = total
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(field));
            if let (FieldType::Integer, Some((_, text))) = (column.field_type, found) {
                let text = numbers::decimal(text, 0)
                    .map_or_else(|_| text.clone(), |number| number.to_string());
                reported.insert(column.name.clone(), text);
            }
        }
        Some(reported)
    }

    fn refuse_after_failure(&self) -> Result<(), DecodeError> {
        if self.has_failed {
            return Err(DecodeError::Expectation {
                at: self.writer.place(None, None),
                reason: "reading went on after an error".to_owned(),
            });
        }
        Ok(())
    }
}

fn hand_out(
    emit: &mut Emit<'_>,
    expectation: &Expectation,
    batch: RecordBatch,
) -> Result<(), DecodeError> {
    emit(batch).map_err(|source| DecodeError::Emit {
        at: Box::new(super::Place {
            stream: expectation.stream.clone(),
            window: expectation.window.clone(),
            ..super::Place::default()
        }),
        source,
    })
}
