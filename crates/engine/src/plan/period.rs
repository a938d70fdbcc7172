//! The time step of a report: how long a stretch of days one row may stand for.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::calendar::{DayRange, add_days};

/// The finest time dimension of a report. Windows begin and end at its borders, because half a month, once
/// loaded, would replace the whole month's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A calendar day (or an hour of it).
    Day,
    /// A week from Monday to Sunday. Which day Criteo begins a week with is not established; a week that begins
    /// elsewhere would show as a row outside its window, which is an error, not a wrong number.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

impl Period {
    /// The first day of the period that holds `day`.
    #[must_use]
    pub fn first_day(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => add_days(day, -i32::from(day.weekday().since(Weekday::Monday))),
            Self::Month => day.first_of_month(),
            Self::Year => day.first_of_year(),
        }
    }

    /// The last day of the period that holds `day`.
    #[must_use]
    pub fn last_day(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => add_days(self.first_day(day), 6),
            Self::Month => day.last_of_month(),
            Self::Year => day.last_of_year(),
        }
    }

    /// `range` grown to whole periods at its start, and to the period's end or `latest` at its end.
    #[must_use]
    pub fn align(self, range: DayRange, latest: Date) -> DayRange {
        let last = self.last_day(range.last).min(latest).max(range.last);
        DayRange {
            first: self.first_day(range.first),
            last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn periods_begin_and_end_where_the_calendar_says() {
        let thursday = date(2026, 1, 1);
        assert_eq!(Period::Week.first_day(thursday), date(2025, 12, 29));
        assert_eq!(Period::Week.last_day(thursday), date(2026, 1, 4));
        assert_eq!(Period::Month.first_day(date(2026, 2, 28)), date(2026, 2, 1));
        assert_eq!(Period::Month.last_day(date(2028, 2, 3)), date(2028, 2, 29));
        assert_eq!(Period::Year.first_day(date(2026, 7, 9)), date(2026, 1, 1));
        assert_eq!(Period::Day.last_day(thursday), thursday);
    }

    #[test]
    fn alignment_does_not_reach_beyond_the_latest_day() {
        let range = DayRange::new(date(2026, 3, 10), date(2026, 3, 20)).unwrap();
        let aligned = Period::Month.align(range, date(2026, 3, 22));
        assert_eq!(
            (aligned.first, aligned.last),
            (date(2026, 3, 1), date(2026, 3, 22))
        );
    }
}
