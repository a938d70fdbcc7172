//! Rows into batches: every value read, checked against what was asked for, counted and summed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use super::columns::ColumnBuilder;
use super::dates::{day_of, days_since_epoch};
use super::error::shown;
use super::rules::{Column, Origin, Rules};
use super::value::{Cell, Raw, read};
use super::{DecodeError, Place, Sum};

/// Fills batches from rows.
#[derive(Debug)]
pub(super) struct BatchWriter<'a> {
    rules: Rules<'a>,
    arrow_schema: SchemaRef,
    columns: Vec<Column<'a>>,
    /// The first and last allowed day, in days since 1970-01-01.
    allowed_days: Option<(i32, i32)>,
    batch_rows: usize,
    rows: u64,
    /// The advertiser of the last rows, and how many of them there were in a row.
    current_advertiser: Option<(&'a str, u64)>,
    rows_by_advertiser: BTreeMap<&'a str, u64>,
    seen: HashSet<Box<[u8]>>,
}

/// Counts and sums over all rows.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) rows_by_advertiser: BTreeMap<String, u64>,
    pub(super) sums: BTreeMap<String, Sum>,
}

impl<'a> BatchWriter<'a> {
    /// A writer without rows, or the contradiction in its rules.
    pub(super) fn new(rules: Rules<'a>) -> Result<Self, DecodeError> {
        let columns = rules.columns().map_err(|reason| DecodeError::Expectation {
            at: Box::new(rules.place(None, None)),
            reason,
        })?;
        Ok(Self {
            arrow_schema: rules.schema.arrow_schema(),
            columns,
            allowed_days: rules
                .days
                .map(|days| (days_since_epoch(days.first), days_since_epoch(days.last))),
            batch_rows: 0,
            rows: 0,
            current_advertiser: None,
            rows_by_advertiser: BTreeMap::new(),
            seen: HashSet::new(),
            rules,
        })
    }

    /// Adds a row, whose fields `value` gives by slot, and gives a batch when that fills one. `row` is its number,
    /// for errors.
    pub(super) fn append<'r>(
        &mut self,
        row: u64,
        value: impl Fn(usize) -> Raw<'r>,
    ) -> Result<Option<RecordBatch>, DecodeError>
    where
        'a: 'r,
    {
        let row_day = self.row_day(row, &value)?;
        if self.rules.distinct && !self.is_new(row, row_day, &value)? {
            return Ok(None);
        }
        for index in 0..self.columns.len() {
            let raw = self.raw(row, index, &value)?;
            let cell = self.read(row, index, raw, row_day)?;
            if self.columns[index].is_advertiser {
                self.count_advertiser(row, index, raw, &cell)?;
            }
            if self.columns[index].expected.is_some() {
                self.check_expected(row, index, raw)?;
            }
            let column = &mut self.columns[index];
            if let Err(reason) = column
                .builder
                .append(&cell)
                .and_then(|()| column.add(&cell))
            {
                return Err(self.value_error(row, index, raw, reason));
            }
        }
        self.rows += 1;
        self.batch_rows += 1;
        if self.batch_rows < self.rules.batch_rows {
            return Ok(None);
        }
        // The next batch is most likely as large as this one.
        self.take_batch(self.rules.batch_rows).map(Some)
    }

    /// The last batch, if any row is left, and the counts and sums of all rows.
    pub(super) fn finish(mut self) -> Result<(Option<RecordBatch>, Tally), DecodeError> {
        let batch = if self.batch_rows > 0 {
            Some(self.take_batch(0)?)
        } else {
            None
        };
        self.settle_advertiser();
        let names = self.rules.schema.columns.iter().map(|column| &column.name);
        let sums = names
            .zip(&self.columns)
            .filter_map(|(name, column)| Some((name.clone(), column.sum?)))
            .collect();
        let rows_by_advertiser = std::mem::take(&mut self.rows_by_advertiser);
        let tally = Tally {
            rows: self.rows,
            rows_by_advertiser: rows_by_advertiser
                .into_iter()
                .map(|(id, rows)| (id.to_owned(), rows))
                .collect(),
            sums,
        };
        Ok((batch, tally))
    }

    /// A place in the answer, for errors.
    pub(super) fn place(&self, row: Option<u64>, field: Option<&str>) -> Box<Place> {
        Box::new(self.rules.place(row, field))
    }

    fn take_batch(&mut self, next_rows: usize) -> Result<RecordBatch, DecodeError> {
        self.batch_rows = 0;
        let arrays: Vec<ArrayRef> = self
            .columns
            .iter_mut()
            .map(|column| {
                let next = ColumnBuilder::new(column.field_type, next_rows);
                std::mem::replace(&mut column.builder, next).finish()
            })
            .collect();
        RecordBatch::try_new(self.arrow_schema.clone(), arrays).map_err(|error| {
            DecodeError::Expectation {
                at: self.place(None, None),
                reason: format!("the columns do not make a batch: {error}"),
            }
        })
    }

    /// The value of a column as it came, if the row has it.
    #[inline]
    fn raw<'r>(
        &self,
        row: u64,
        index: usize,
        value: &impl Fn(usize) -> Raw<'r>,
    ) -> Result<Raw<'r>, DecodeError>
    where
        'a: 'r,
    {
        match &self.columns[index].origin {
            Origin::Slot(slot, field) => match value(*slot) {
                Raw::Absent => Err(DecodeError::MissingColumn {
                    at: self.place(Some(row), Some(field)),
                }),
                raw => Ok(raw),
            },
            Origin::Constant(text) => Ok(Raw::Text(text)),
            Origin::Nothing => Ok(Raw::Null),
        }
    }

    #[inline]
    fn read<'r>(
        &self,
        row: u64,
        index: usize,
        raw: Raw<'r>,
        row_day: Option<i32>,
    ) -> Result<Cell<'r>, DecodeError> {
        read(self.columns[index].field_type, raw, row_day)
            .map_err(|reason| self.value_error(row, index, raw, reason))
    }

    /// The day of a row, in days since 1970-01-01, checked. Without a day column, that of a window of one day.
    fn row_day<'r>(
        &self,
        row: u64,
        value: &impl Fn(usize) -> Raw<'r>,
    ) -> Result<Option<i32>, DecodeError>
    where
        'a: 'r,
    {
        let only_day = self
            .allowed_days
            .filter(|(first, last)| first == last)
            .map(|(first, _)| first);
        let Some(index) = self.rules.day_column else {
            return Ok(only_day);
        };
        let raw = self.raw(row, index, value)?;
        let day = match self.read(row, index, raw, only_day)? {
            Cell::Day(day) => day,
            Cell::Time(time) => day_of(time),
            _ => {
                return Err(self.value_error(
                    row,
                    index,
                    raw,
                    "stands where the day of the row has to be",
                ));
            }
        };
        match self.allowed_days {
            Some((first, last)) if day < first || day > last => Err(DecodeError::OutsideWindow {
                at: self.place(Some(row), Some(self.field(index))),
                value: raw.shown(),
            }),
            _ => Ok(Some(day)),
        }
    }

    /// Whether no row before was equal to this one in every column.
    fn is_new<'r>(
        &mut self,
        row: u64,
        row_day: Option<i32>,
        value: &impl Fn(usize) -> Raw<'r>,
    ) -> Result<bool, DecodeError>
    where
        'a: 'r,
    {
        // Whole rows and no hashes of them: a collision would lose a row.
        let mut identity = Vec::new();
        for index in 0..self.columns.len() {
            let raw = self.raw(row, index, value)?;
            self.read(row, index, raw, row_day)?
                .write_identity(&mut identity);
        }
        Ok(self.seen.insert(identity.into_boxed_slice()))
    }

    fn count_advertiser(
        &mut self,
        row: u64,
        index: usize,
        raw: Raw<'_>,
        cell: &Cell<'_>,
    ) -> Result<(), DecodeError> {
        let Cell::Text(id) = cell else {
            return Err(self.value_error(
                row,
                index,
                raw,
                "stands where the advertiser of the row has to be",
            ));
        };
        match &mut self.current_advertiser {
            Some((current, rows)) if current == id => *rows += 1,
            _ => {
                let ids: &'a BTreeSet<String> = self.rules.advertiser_ids;
                let Some(known) = ids.get(id.as_ref()) else {
                    return Err(DecodeError::ForeignAdvertiser {
                        at: self.place(Some(row), Some(self.field(index))),
                        advertiser: shown(id),
                    });
                };
                self.settle_advertiser();
                self.current_advertiser = Some((known, 1));
            }
        }
        Ok(())
    }

    fn settle_advertiser(&mut self) {
        if let Some((advertiser, rows)) = self.current_advertiser.take() {
            *self.rows_by_advertiser.entry(advertiser).or_default() += rows;
        }
    }

    fn check_expected(&self, row: u64, index: usize, raw: Raw<'_>) -> Result<(), DecodeError> {
        let expected = self.columns[index].expected;
        match raw.text() {
            Ok(found) if found.as_deref() == expected => Ok(()),
            _ => Err(DecodeError::Value {
                at: self.place(Some(row), Some(self.field(index))),
                value: raw.shown(),
                reason: format!(
                    "is not {}, which was asked for",
                    shown(expected.unwrap_or_default())
                ),
            }),
        }
    }

    #[cold]
    fn value_error(&self, row: u64, index: usize, raw: Raw<'_>, reason: &str) -> DecodeError {
        DecodeError::Value {
            at: self.place(Some(row), Some(self.field(index))),
            value: raw.shown(),
            reason: reason.to_owned(),
        }
    }

    /// Criteo's name of a column's field, or the column's where Criteo has none.
    fn field(&self, index: usize) -> &str {
        match &self.columns[index].origin {
            Origin::Slot(_, field) => field,
            Origin::Constant(_) | Origin::Nothing => &self.rules.schema.columns[index].name,
        }
    }
}
