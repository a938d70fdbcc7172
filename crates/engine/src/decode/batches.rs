//! Rows into batches: every value read, checked against what was asked for, counted and summed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use super::columns::ColumnBuilder;
use super::dates::{day_of, days_since_epoch};
use super::error::shown;
use super::rules::{Column, Origin, Rules};
use super::value::Raw;
use super::{DecodeError, Place, Sum};
use crate::schema::FieldType;

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
        if let Some(index) = self.rules.advertiser_column {
            self.check_advertiser(row, index, self.columns[index].raw(&value))?;
        }
        for (index, expected) in self.rules.expected_values {
            self.check_expected(row, *index, self.columns[*index].raw(&value), expected)?;
        }
        if self.rules.distinct && !self.is_new(row, row_day, &value)? {
            return Ok(None);
        }
        for index in 0..self.columns.len() {
            let column = &mut self.columns[index];
            let raw = column.raw(&value);
            if let Err(reason) = column.builder.append(raw, row_day) {
                return Err(self.refused(row, index, raw, reason));
            }
        }
        if let Some((_, rows)) = &mut self.current_advertiser {
            *rows += 1;
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
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for index in 0..self.columns.len() {
            let column = &mut self.columns[index];
            let next = ColumnBuilder::new(column.field_type, next_rows);
            let array = std::mem::replace(&mut column.builder, next).finish();
            if let Some(sum) = column.sum {
                column.sum = sum.plus_column(array.as_ref());
                if column.sum.is_none() {
                    return Err(DecodeError::Value {
                        at: self.place(None, Some(self.field(index))),
                        value: sum.to_string(),
                        reason: "is the sum of the rows so far, and with the next ones it exceeds 128 bits".to_owned(),
                    });
                }
            }
            arrays.push(array);
        }
        RecordBatch::try_new(self.arrow_schema.clone(), arrays).map_err(|error| {
            DecodeError::Expectation {
                at: self.place(None, None),
                reason: format!("the columns do not make a batch: {error}"),
            }
        })
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
        let column = &self.columns[index];
        let raw = column.raw(value);
        let day = match column.field_type {
            FieldType::Date => raw.day(),
            _ => raw.local_time(only_day).map(|time| time.map(day_of)),
        };
        let day = day.and_then(|day| day.ok_or("stands where the day of the row has to be"));
        let day = day.map_err(|reason| self.refused(row, index, raw, reason))?;
        match self.allowed_days {
            Some((first, last)) if day < first || day > last => Err(DecodeError::OutsideWindow {
                at: self.place(Some(row), Some(self.field(index))),
                value: raw.shown(),
            }),
            _ => Ok(Some(day)),
        }
    }

    /// Makes the advertiser of a row, which must be one of those asked for, the current one.
    fn check_advertiser(
        &mut self,
        row: u64,
        index: usize,
        raw: Raw<'_>,
    ) -> Result<(), DecodeError> {
        let id = raw
            .text()
            .and_then(|id| id.ok_or("stands where the advertiser of the row has to be"));
        let id = id.map_err(|reason| self.refused(row, index, raw, reason))?;
        if self
            .current_advertiser
            .is_some_and(|(current, _)| current == id)
        {
            return Ok(());
        }
        let ids: &'a BTreeSet<String> = self.rules.advertiser_ids;
        let Some(known) = ids.get(id.as_ref()) else {
            return Err(DecodeError::ForeignAdvertiser {
                at: self.place(Some(row), Some(self.field(index))),
                advertiser: shown(&id),
            });
        };
        self.settle_advertiser();
        self.current_advertiser = Some((known, 0));
        Ok(())
    }

    /// Adds the rows of the current advertiser to what is known of it.
    fn settle_advertiser(&mut self) {
        if let Some((advertiser, rows)) =
            self.current_advertiser.take().filter(|(_, rows)| *rows > 0)
        {
            *self.rows_by_advertiser.entry(advertiser).or_default() += rows;
        }
    }

    fn check_expected(
        &self,
        row: u64,
        index: usize,
        raw: Raw<'_>,
        expected: &str,
    ) -> Result<(), DecodeError> {
        match raw.text() {
            Ok(Some(found)) if found == expected => Ok(()),
            Err(reason) => Err(self.refused(row, index, raw, reason)),
            Ok(_) => Err(self.refused(
                row,
                index,
                raw,
                &format!("is not {}, which was asked for", shown(expected)),
            )),
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
        for (index, column) in self.columns.iter().enumerate() {
            let raw = column.raw(value);
            let identified = column.builder.identify(raw, row_day, &mut identity);
            identified.map_err(|reason| self.refused(row, index, raw, reason))?;
        }
        Ok(self.seen.insert(identity.into_boxed_slice()))
    }

    #[cold]
    fn refused(&self, row: u64, index: usize, raw: Raw<'_>, reason: &str) -> DecodeError {
        let at = self.place(Some(row), Some(self.field(index)));
        match raw {
            Raw::Absent => DecodeError::MissingColumn { at },
            _ => DecodeError::Value {
                at,
                value: raw.shown(),
                reason: reason.to_owned(),
            },
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
