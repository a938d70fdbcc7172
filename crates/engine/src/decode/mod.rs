//! From the bytes of Criteo's answers to typed Arrow batches.
//!
//! Decoding is synchronous and push-based: bytes arrive in chunks of any size, batches leave as soon as they are
//! full, and neither the whole answer nor a map per row is ever held. Whatever does not fit what was asked for is a
//! [`DecodeError`] that names stream, window, row and field; it never becomes a NULL, and never a missing row.
//!
//! * [`ReportDecoder`] reads the JSON of the report endpoints, with an [`Expectation`] built from the request.
//! * [`EntityDecoder`] reads the elements of entity listings.
//! * [`LogFile`] reads the CSV files of the log-level endpoint.
//!
//! # How values are read
//!
//! Criteo sends most values of reports as strings, ids, counts and amounts included (seen in third-party code);
//! JSON numbers are taken by their exact text. Everywhere:
//!
//! | column | accepted | becomes NULL |
//! |---|---|---|
//! | text | any text, and the text of numbers and truth values; `""` stays an empty text | `null` |
//! | integer | digits with a sign, zeros behind a point, exponents; what does not fit 64 bits is an error | `null`, `""` |
//! | money | exact decimals with at most 9 places that are not zero and 38 digits | `null`, `""` |
//! | float | decimals and exponents | `null`, `""`, `NaN` and infinities: a ratio without a denominator |
//! | boolean | `true`, `yes`, `1` and their opposites, in any case | `null`, `""` |
//! | date | `2026-03-01`, `2026/3/1`, both also with a midnight; `2026-03` and `2026` as their first days | `null`, `""` |
//! | timestamp | date and time in ISO notation or as `MM/DD/YYYY HH:MM:SS`; an hour alone with the day of its row | `null`, `""` |
//! | instant | date and time with an offset; without one, UTC is assumed | `null`, `""` |
//! | JSON | anything, kept as compact JSON text | `null` |
//!
//! The advertiser and the day of a row are never NULL. Times finer than a microsecond are cut to it.

mod batches;
mod column_name;
mod columns;
mod dates;
mod entity;
mod envelope;
mod error;
mod json;
mod log_file;
mod log_input;
mod members;
mod numbers;
mod report;
mod row;
mod rules;
mod skeleton;
mod totals;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::calendar::DayRange;
use crate::schema::TableSchema;

pub use entity::{DecodedEntities, EntityDecoder, EntityExpectation, EntitySource};
pub use error::{DecodeError, Place};
pub use log_file::{DecodedFile, LogFile, LogFileExpectation};
pub use report::ReportDecoder;
pub use totals::Sum;

/// The number of rows in every batch but the last.
pub const BATCH_ROWS: usize = 16_384;

/// Everything about a report that is known before the answer arrives.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// The stream, for errors.
    pub stream: String,
    /// The window in words, for errors: which days of which advertisers.
    pub window: String,
    /// How the answer is built.
    pub shape: Shape,
    /// The table the rows belong to.
    pub schema: TableSchema,
    /// Where the value of each column comes from, in the order of the columns.
    pub sources: Vec<Source>,
    /// The column that holds the advertiser's id; `None` when rows do not tell.
    pub advertiser_column: Option<usize>,
    /// The advertisers that were asked for. A row of any other one is an error.
    pub advertiser_ids: Arc<BTreeSet<String>>,
    /// The date or timestamp column that says to which day of the window a row belongs.
    pub day_column: Option<usize>,
    /// The days that were asked for. A row of any other day is an error.
    pub days: Option<DayRange>,
    /// Columns that hold the same text on every row, and that text: the currency that was asked for.
    pub expected_values: Vec<(usize, String)>,
    /// The number of rows at which Criteo truncates: so many rows, duplicates included, are an error.
    pub row_cap: Option<u64>,
    /// Whether rows that are equal in every column are kept once.
    pub distinct: bool,
    /// Integer and money columns to sum.
    pub additive: Vec<usize>,
}

/// How the answer of a report endpoint is built. Names of members are matched in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `{"Total": {..}, "Rows": [{..}]}`, or a bare array of rows (both seen in third-party code).
    Statistics,
    /// `{"data": [{"attributes": {"rows": [{..}]}}]}` (seen in third-party code, live).
    Placements,
    /// `{"data": [{"attributes": {..}}]}`, one element per row (Criteo's docs).
    Transactions,
    /// `{"columns": [..], "data": [[..]], "rows": n}` (Criteo's OpenAPI 2026-07).
    MarketplaceStats,
}

/// Where the value of a column comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The field that Criteo calls so, in any case. A row without it is an error.
    Field(String),
    /// The same value on every row, read like any other value of the column's type.
    Constant(String),
}

/// What there is to know about an answer once all of its rows have been handed out.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// Rows handed out.
    pub rows: u64,
    /// Rows in the answer; more than `rows` when duplicates were left out.
    pub raw_rows: u64,
    /// Rows handed out by advertiser; empty when there is no advertiser column. Advertisers without rows are absent.
    pub rows_by_advertiser: BTreeMap<String, u64>,
    /// The exact sum of every additive column over the rows handed out, by column name.
    pub sums: BTreeMap<String, Sum>,
    /// The answer's own totals of the additive integer columns, by column name, as plain digits where they are whole
    /// numbers and otherwise as they came. `None` when the answer has no total.
    pub reported: Option<BTreeMap<String, String>>,
    /// The problems that Criteo sent along as warnings, as JSON objects.
    pub warnings: Vec<Box<RawValue>>,
}
