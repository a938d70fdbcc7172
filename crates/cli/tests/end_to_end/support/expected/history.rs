//! How far back Criteo goes, and the days that a table has from earlier.

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan};

use super::ExpectedStream;
use crate::support::Stage;

/// Days that are true as Criteo told them at one instant.
pub(super) struct Told {
    pub(super) at: Timestamp,
    pub(super) first: Date,
    pub(super) last: Date,
}

/// The days that a table must have of a report that Criteo keeps for `months`: what Criteo has now, and what it no longer
/// has as it was at the last sync that found it.
pub(super) fn told(stage: &Stage, stream: &ExpectedStream, months: i32) -> Vec<Told> {
    let mut told = Vec::new();
    let mut last = stream.today_at(stage.sandbox.now());
    for at in stage.instants() {
        let horizon = stream.today_at(at) - months.months();
        let first = first_whole_period(stream, horizon);
        if first <= last {
            told.push(Told { at, first, last });
            last = first.yesterday().unwrap();
        }
    }
    told
}

/// The first day of the first period that is asked for and that Criteo has all of: a report of months has no row for a
/// half.
fn first_whole_period(stream: &ExpectedStream, horizon: Date) -> Date {
    let has = |name: &str| stream.dimensions.iter().any(|dimension| dimension == name);
    let day = stream.start_date.max(horizon);
    if has("Day") {
        return day;
    }
    let (first, next) = if has("Week") {
        let since_monday = i64::from(day.weekday().since(Weekday::Monday));
        let monday = day - since_monday.days();
        (monday, monday + 7.days())
    } else if has("Month") {
        (day.first_of_month(), day.first_of_month() + 1.month())
    } else if has("Year") {
        (day.first_of_year(), day.first_of_year() + 1.year())
    } else {
        (day, day)
    };
    if first < horizon { next } else { first }
}
