//! What rows are held against, resolved column by column.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::columns::ColumnBuilder;
use super::error::shown;
use super::value::Raw;
use super::{Place, Source, Sum};
use crate::calendar::DayRange;
use crate::schema::{FieldType, MONEY_SCALE, TableSchema};

/// Where a column's values come from, resolved.
#[derive(Debug, Clone)]
pub(super) enum Origin<'a> {
    /// The field in this slot of a row, and Criteo's name of it or the path to it.
    Slot(usize, Cow<'a, str>),
    /// The same text on every row.
    Constant(&'a str),
    /// Nowhere: NULL on every row.
    Nothing,
}

/// What rows are held against. The members are those of [`super::Expectation`].
#[derive(Debug)]
pub(super) struct Rules<'a> {
    pub(super) stream: &'a str,
    pub(super) window: &'a str,
    pub(super) schema: &'a TableSchema,
    /// One per column.
    pub(super) origins: Vec<Origin<'a>>,
    pub(super) advertiser_column: Option<usize>,
    pub(super) advertiser_ids: &'a BTreeSet<String>,
    pub(super) day_column: Option<usize>,
    pub(super) days: Option<DayRange>,
    pub(super) expected_values: &'a [(usize, String)],
    pub(super) distinct: bool,
    pub(super) additive: &'a [usize],
    /// The number of rows in every batch but the last.
    pub(super) batch_rows: usize,
}

/// One column while rows arrive.
#[derive(Debug)]
pub(super) struct Column<'a> {
    pub(super) field_type: FieldType,
    pub(super) origin: Origin<'a>,
    /// The sum so far, where one is wanted.
    pub(super) sum: Option<Sum>,
    pub(super) builder: ColumnBuilder,
}

impl<'a> Rules<'a> {
    /// The columns to fill, or how the rules contradict themselves.
    pub(super) fn columns(&self) -> Result<Vec<Column<'a>>, String> {
        let wanted = &self.schema.columns;
        if self.origins.len() != wanted.len() {
            return Err(format!(
                "{} columns have {} sources",
                wanted.len(),
                self.origins.len()
            ));
        }
        if wanted.is_empty() {
            return Err("the table has no columns".to_owned());
        }
        let mut columns = Vec::with_capacity(wanted.len());
        for (column, origin) in wanted.iter().zip(&self.origins) {
            let mut trial = ColumnBuilder::new(column.field_type, 1);
            if let Origin::Constant(text) = origin
                && let Err(reason) = trial.append(Raw::Text(text), None)
            {
                return Err(format!(
                    "the constant of column {}, {}, {reason}",
                    column.name,
                    shown(text)
                ));
            }
            columns.push(Column {
                field_type: column.field_type,
                origin: origin.clone(),
                sum: None,
                builder: ColumnBuilder::new(column.field_type, 0),
            });
        }

        if let Some(index) = self.advertiser_column {
            self.column(&mut columns, index, "advertiser", &[FieldType::Text])?;
        }
        if let Some(index) = self.day_column {
            self.column(
                &mut columns,
                index,
                "day",
                &[FieldType::Date, FieldType::Timestamp],
            )?;
        }
        for (index, _) in self.expected_values {
            self.column(&mut columns, *index, "fixed column", &[FieldType::Text])?;
        }
        for index in self.additive {
            let column = self.column(
                &mut columns,
                *index,
                "summed column",
                &[FieldType::Integer, FieldType::Money],
            )?;
            let scale = if column.field_type == FieldType::Money {
                MONEY_SCALE.unsigned_abs()
            } else {
                0
            };
            column.sum = Some(Sum { units: 0, scale });
        }
        Ok(columns)
    }

    /// The column at `index`, which has a role that only some types can play.
    fn column<'c>(
        &self,
        columns: &'c mut [Column<'a>],
        index: usize,
        role: &str,
        allowed: &[FieldType],
    ) -> Result<&'c mut Column<'a>, String> {
        let count = columns.len();
        match columns.get_mut(index) {
            None => Err(format!("the {role} is column {index} of {count}")),
            Some(column) if !allowed.contains(&column.field_type) => Err(format!(
                "column {} is of a type that the {role} cannot have",
                self.schema.columns[index].name
            )),
            Some(column) => Ok(column),
        }
    }

    /// A place in the answer, for errors.
    pub(super) fn place(&self, row: Option<u64>, field: Option<&str>) -> Place {
        Place {
            stream: self.stream.to_owned(),
            window: self.window.to_owned(),
            row,
            element: None,
            field: field.map(str::to_owned),
        }
    }
}

impl<'a> Column<'a> {
    /// The value of this column in a row whose fields `value` gives by slot.
    #[inline]
    pub(super) fn raw<'r>(&self, value: &impl Fn(usize) -> Raw<'r>) -> Raw<'r>
    where
        'a: 'r,
    {
        match &self.origin {
            Origin::Slot(slot, _) => value(*slot),
            Origin::Constant(text) => Raw::Text(text),
            Origin::Nothing => Raw::Null,
        }
    }
}

/// The distinct fields of `sources`, and for each column where in them its value is.
pub(super) fn resolve_sources(sources: &[Source]) -> (Vec<&str>, Vec<Origin<'_>>) {
    let mut names = Vec::new();
    let mut slots = HashMap::new();
    let origins = sources.iter().map(|source| match source {
        Source::Field(name) => {
            let slot = *slots.entry(name.to_lowercase()).or_insert_with(|| {
                names.push(name.as_str());
                names.len() - 1
            });
            Origin::Slot(slot, name.into())
        }
        Source::Constant(text) => Origin::Constant(text),
    });
    let origins = origins.collect();
    (names, origins)
}
