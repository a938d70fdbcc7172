//! Reads log-level files: CSV, usually compressed with gzip.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use arrow_array::RecordBatch;
use csv::{ReaderBuilder, StringRecord};

use super::batches::BatchWriter;
use super::column_name::snake_case;
use super::error::{shown, shown_bytes};
use super::log_input::{Watched, first_line, separator, unpacked};
use super::rules::{Origin, Rules};
use super::value::Raw;
use super::{BATCH_ROWS, DecodeError, Place, Source};
use crate::calendar::DayRange;
use crate::schema::{Column, FieldType, TableSchema};

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
    /// Where the value of each known column comes from, in the order of the columns. A heading belongs to a field
    /// when both make the same column name, whatever their case and punctuation.
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

/// A log-level file whose headings have been read.
pub struct LogFile<'a> {
    expectation: &'a LogFileExpectation,
    schema: TableSchema,
    /// Where in a record the value of each column is; `None` for constants and for what the file lacks.
    places: Vec<Option<usize>>,
    headings: StringRecord,
    separator: u8,
    text: Box<dyn BufRead + 'a>,
}

impl fmt::Debug for LogFile<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogFile")
            .field("file", &self.expectation.file)
            .field("headings", &self.headings)
            .finish_non_exhaustive()
    }
}

impl<'a> LogFile<'a> {
    /// Reads the headings of a file from `input`, which yields the bytes of the download, compressed or not. Reading
    /// blocks: use it on a thread for blocking work.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] when there is no first line, [`DecodeError::UnknownShape`] when it names a column
    /// twice or not at all, [`DecodeError::Expectation`] when columns and sources do not match.
    pub fn open(
        expectation: &'a LogFileExpectation,
        input: impl Read + 'a,
    ) -> Result<Self, DecodeError> {
        if expectation.sources.len() != expectation.schema.columns.len() {
            let reason = "the table has another number of columns than of sources".to_owned();
            return Err(DecodeError::Expectation {
                at: place(expectation, None),
                reason,
            });
        }
        let damaged = |reason: String| DecodeError::Damaged {
            at: place(expectation, Some(1)),
            reason,
        };
        let mut text = unpacked(input).map_err(|error| damaged(error.to_string()))?;
        let line = first_line(&mut text).map_err(|error| damaged(error.to_string()))?;
        if line.trim_ascii_start().starts_with(b"<") || line.trim_ascii_start().starts_with(b"{") {
            // Any text is CSV of some kind, but a page or a document in JSON is not what was asked for.
            let start = shown_bytes(&line);
            return Err(damaged(format!("it is no CSV, it begins with {start}")));
        }
        let separator = separator(&line);
        let mut headings = StringRecord::new();
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .delimiter(separator)
            .from_reader(line.as_slice());
        match reader.read_record(&mut headings) {
            Ok(true) => {}
            Ok(false) => {
                return Err(damaged(
                    "it is empty and lacks even its headings".to_owned(),
                ));
            }
            Err(_) => return Err(damaged("its headings are not UTF-8".to_owned())),
        }
        let (schema, places) =
            resolve(expectation, &headings).map_err(|found| DecodeError::UnknownShape {
                at: place(expectation, Some(1)),
                found,
            })?;
        Ok(Self {
            expectation,
            schema,
            places,
            headings,
            separator,
            text,
        })
    }

    /// The expected table with the additional columns of this file behind its own.
    #[must_use]
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// Reads all rows. `emit` receives the batches, in order, of [`BATCH_ROWS`] rows each but for the last; when it
    /// fails, so does the decoding. Batches are worth something only once this has succeeded: a file that was cut
    /// is found out at its end.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] with the line for a record of another length than the headings, bytes that are not
    /// UTF-8, a quotation mark without its counterpart and a cut or garbled compression; and the errors of values.
    pub fn decode<E>(
        self,
        mut emit: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<DecodedFile, DecodeError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let Self {
            expectation,
            schema,
            places,
            headings,
            separator,
            text,
        } = self;
        let mut hand_out = |batch: Option<RecordBatch>| match batch.map(&mut emit) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(source)) => Err(DecodeError::Emit {
                at: place(expectation, None),
                source: source.into(),
            }),
        };
        let mut writer = BatchWriter::new(rules(expectation, &schema, &places, &headings))?;
        let mut records = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(Watched::new(text));
        let mut record = StringRecord::new();
        loop {
            // The headings were line 1.
            let line = records.position().line() + 1;
            match records.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(damaged_record(expectation, line, &error)),
            }
            let line = record
                .position()
                .map_or(line, |position| position.line() + 1);
            if record.len() != headings.len() {
                let reason = format!(
                    "the line has {} values and the headings are {}",
                    record.len(),
                    headings.len()
                );
                return Err(DecodeError::Damaged {
                    at: place(expectation, Some(line)),
                    reason,
                });
            }
            records.get_mut().record_ended();
            hand_out(writer.append(line, |slot| record.get(slot).map_or(Raw::Absent, Raw::Text))?)?;
        }
        if !records.get_ref().quotes_are_paired() {
            let reason = "a quotation mark is opened and never closed".to_owned();
            return Err(DecodeError::Damaged {
                at: place(expectation, None),
                reason,
            });
        }
        let known = expectation
            .schema
            .columns
            .iter()
            .zip(&expectation.sources)
            .zip(&places);
        let missing = known
            .filter(|((_, source), place)| matches!(source, Source::Field(_)) && place.is_none())
            .map(|((column, _), _)| column.name.clone())
            .collect();
        let (batch, tally) = writer.finish()?;
        hand_out(batch)?;
        Ok(DecodedFile {
            rows: tally.rows,
            rows_by_advertiser: tally.rows_by_advertiser,
            missing,
        })
    }
}

/// What the rows of a file are held against.
fn rules<'r>(
    expectation: &'r LogFileExpectation,
    schema: &'r TableSchema,
    places: &[Option<usize>],
    headings: &'r StringRecord,
) -> Rules<'r> {
    let sources = expectation
        .sources
        .iter()
        .map(Some)
        .chain(std::iter::repeat(None));
    let origins = places
        .iter()
        .zip(sources)
        .map(|(place, source)| match (place, source) {
            (_, Some(Source::Constant(text))) => Origin::Constant(text),
            (Some(place), _) => Origin::Slot(*place, headings[*place].into()),
            (None, _) => Origin::Nothing,
        });
    Rules {
        stream: &expectation.stream,
        window: &expectation.file,
        schema,
        origins: origins.collect(),
        advertiser_column: expectation.advertiser_column,
        advertiser_ids: &expectation.advertiser_ids,
        day_column: expectation.day_column,
        days: expectation.days,
        expected_values: &[],
        distinct: false,
        additive: &[],
        batch_rows: BATCH_ROWS,
    }
}

/// The expected columns and those that the file has in addition, and where in a record the value of each is.
fn resolve(
    expectation: &LogFileExpectation,
    headings: &StringRecord,
) -> Result<(TableSchema, Vec<Option<usize>>), String> {
    let names: Vec<String> = headings.iter().map(snake_case).collect();
    let mut seen = HashSet::new();
    for (name, heading) in names.iter().zip(headings) {
        if name.is_empty() {
            return Err(format!("a column has no name but {}", shown(heading)));
        }
        if !seen.insert(name) {
            return Err(format!("the file has column {} twice", shown(heading)));
        }
    }

    let mut schema = expectation.schema.clone();
    let mut places = Vec::with_capacity(schema.columns.len());
    for (column, source) in schema.columns.iter().zip(&expectation.sources) {
        places.push(match source {
            Source::Constant(_) => None,
            Source::Field(field) => {
                let field = snake_case(field);
                names
                    .iter()
                    .position(|name| *name == field || *name == column.name)
            }
        });
    }
    for (index, (name, heading)) in names.iter().zip(headings).enumerate() {
        if places.contains(&Some(index)) {
            continue;
        }
        // The file may name a fact that is stamped on its rows; both are kept.
        let taken = schema.position(name).is_some();
        let name = if taken {
            format!("{name}_in_file")
        } else {
            name.clone()
        };
        if schema.position(&name).is_some() {
            return Err(format!("there are two columns {}", shown(&name)));
        }
        schema.columns.push(Column {
            name,
            field_type: FieldType::Text,
            description: format!(
                "Column {} of Criteo's files, which no documentation names.",
                shown(heading)
            ),
        });
        places.push(Some(index));
    }
    Ok((schema, places))
}

fn place(expectation: &LogFileExpectation, line: Option<u64>) -> Box<Place> {
    Box::new(Place {
        stream: expectation.stream.clone(),
        window: expectation.file.clone(),
        row: line,
        ..Place::default()
    })
}

fn damaged_record(expectation: &LogFileExpectation, line: u64, error: &csv::Error) -> DecodeError {
    let reason = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the line holds bytes that are not UTF-8".to_owned(),
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the compressed file is cut short".to_owned()
        }
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    };
    DecodeError::Damaged {
        at: place(expectation, Some(line)),
        reason,
    }
}
