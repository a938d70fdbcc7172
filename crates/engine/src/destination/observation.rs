//! How a destination finds out what a window changes.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What to record of a window's changes, beside its rows and in the same transaction.
///
/// For every advertiser and day of the window (of coarse reports: every period) that an earlier window vouches for,
/// the new rows are compared with those they replace. Where they differ, `_criteo_changes` gets a record of the day as
/// a whole (its metric is NULL) with the number of rows that came, went and changed, and one for each additive column
/// in which they differ, with the sum before and after.
///
/// For days that nobody has read before there is nothing to compare. The same records are written all the same when
/// the day is [young](ObservedPeriod::is_young), with NULL for the sums before and without the metrics that are zero:
/// only so can be told later how much of the final value was known how early. Days that were recorded when young also
/// get the record of the day as a whole when they are first read as [final](ObservedPeriod::is_final), although nothing
/// may have changed since.
///
/// A table that is made anew ([`forget`](super::Destination::forget)) has no rows to compare with. Days of which
/// something is recorded are compared by their sums with what was recorded last; all their rows count as added then, and
/// how many changed is not known.
///
/// A column that an earlier reading of a period did not ask for has no sum before: it does not count as changed there.
/// Where the day is followed since it was young, its sum is recorded with NULL for the sum before, as at a first reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The columns that tell rows apart. Rows that are equal in all of them are compared by their number and sums.
    /// Empty where rows have no identity: then a changed row is one that went and one that came.
    pub key_columns: Vec<String>,
    /// The columns whose sums are compared: whole numbers and money.
    pub additive_columns: Vec<String>,
    /// The periods of the window, oldest first, without gaps.
    pub periods: Vec<ObservedPeriod>,
}

impl Observation {
    /// The places in [`additive_columns`](Self::additive_columns) of those that are missing from one of `known`, the
    /// lists of columns of earlier readings. An empty list says nothing.
    pub(super) fn arriving(&self, known: &[Vec<String>]) -> Vec<usize> {
        let told: Vec<&Vec<String>> = known.iter().filter(|list| !list.is_empty()).collect();
        (0..self.additive_columns.len())
            .filter(|place| {
                let name = &self.additive_columns[*place];
                told.iter().any(|list| !list.contains(name))
            })
            .collect()
    }
}

/// A day, or in a coarse report a week, month or year, at the moment of a reading. Rows belong to the period in which
/// the date in their day column lies; records carry its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedPeriod {
    /// The first day.
    pub first_day: Date,
    /// The last day.
    pub last_day: Date,
    /// Days from the last day to the day of the reading, in the report's time zone; negative while the period lasts.
    pub age_days: i32,
    /// Whether the first reading is recorded.
    pub is_young: bool,
    /// Whether Criteo does not restate it any more and its lookback lets go of it.
    pub is_final: bool,
}
