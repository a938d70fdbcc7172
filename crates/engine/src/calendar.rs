//! What day it is, and ranges of days.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// The environment variable that replaces the calendar's idea of now (an instant, e.g.
/// `2026-03-01T09:00:00Z`), so that a test or a bug report can stand on any day. Timers are not affected.
pub const NOW_VARIABLE: &str = "CRITEO_NOW";

/// Tells the time for everything that depends on the calendar: which days exist, how old a reading is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    fixed: Option<Timestamp>,
}

/// [`NOW_VARIABLE`] holds something that is not an instant.
#[derive(Debug, thiserror::Error)]
#[error("{NOW_VARIABLE} is '{value}', which is not an instant such as 2026-03-01T09:00:00Z")]
pub struct InvalidNow {
    value: String,
}

impl Clock {
    /// The system's clock, unless `CRITEO_NOW` says otherwise.
    ///
    /// # Errors
    /// When `CRITEO_NOW` is set to something that is not an instant.
    pub fn from_env() -> Result<Self, InvalidNow> {
        match std::env::var(NOW_VARIABLE) {
            Ok(value) if !value.trim().is_empty() => match value.trim().parse::<Timestamp>() {
                Ok(instant) => Ok(Self {
                    fixed: Some(instant),
                }),
                Err(_) => Err(InvalidNow { value }),
            },
            _ => Ok(Self { fixed: None }),
        }
    }

    /// A clock that stands still.
    #[must_use]
    pub fn fixed(now: Timestamp) -> Self {
        Self { fixed: Some(now) }
    }

    /// The current instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.fixed.unwrap_or_else(Timestamp::now)
    }

    /// The current calendar day in `zone`.
    #[must_use]
    pub fn today(&self, zone: &TimeZone) -> Date {
        self.now().to_zoned_datetime(zone.clone()).date()
    }
}

/// An inclusive range of days. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DayRange {
    /// The first day.
    pub first: Date,
    /// The last day, at or after the first.
    pub last: Date,
}

impl DayRange {
    /// The days from `first` to `last`, or `None` when that is no day at all.
    #[must_use]
    pub fn new(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The range of one day.
    #[must_use]
    pub fn single(day: Date) -> Self {
        Self {
            first: day,
            last: day,
        }
    }

    /// How many days.
    #[must_use]
    pub fn days(&self) -> u32 {
        days_between(self.first, self.last).unsigned_abs() + 1
    }

    /// Whether `day` is in it.
    #[must_use]
    pub fn contains(&self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }

    /// The days both have, if any.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(self.first.max(other.first), self.last.min(other.last))
    }

    /// Every day, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Date> + use<> {
        let last = self.last;
        std::iter::successors(Some(self.first), |day| day.tomorrow().ok())
            .take_while(move |day| *day <= last)
    }

    /// The older and the newer half, or `None` for a single day.
    #[must_use]
    pub fn halves(&self) -> Option<(Self, Self)> {
        let days = self.days();
        if days < 2 {
            return None;
        }
        let middle = add_days(self.first, i32::try_from(days / 2).unwrap_or(i32::MAX) - 1);
        Some((
            Self {
                first: self.first,
                last: middle,
            },
            Self {
                first: add_days(middle, 1),
                last: self.last,
            },
        ))
    }
}

impl fmt::Display for DayRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(formatter, "{}", self.first)
        } else {
            write!(formatter, "{}..{}", self.first, self.last)
        }
    }
}

/// `day` moved by a number of days, held at the calendar's ends.
#[must_use]
pub fn add_days(day: Date, days: i32) -> Date {
    day.saturating_add(days.days())
}

/// How many days lie from `from` to `to`: 0 for the same day, negative when `to` is earlier.
#[must_use]
pub fn days_between(from: Date, to: Date) -> i32 {
    // Both ends are calendar dates, so the span is whole days.
    (to - from).get_days()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn halves_cover_the_range_without_overlap() {
        for days in 2..40 {
            let range =
                DayRange::new(date(2026, 2, 20), add_days(date(2026, 2, 20), days - 1)).unwrap();
            let (older, newer) = range.halves().unwrap();
            assert_eq!(older.first, range.first);
            assert_eq!(newer.last, range.last);
            assert_eq!(add_days(older.last, 1), newer.first);
            assert_eq!(older.days() + newer.days(), range.days());
        }
        assert!(DayRange::single(date(2026, 1, 1)).halves().is_none());
    }

    #[test]
    fn today_depends_on_the_zone() {
        let clock = Clock::fixed("2026-03-01T23:30:00Z".parse().unwrap());
        let paris = TimeZone::get("Europe/Paris").unwrap();
        assert_eq!(clock.today(&TimeZone::UTC), date(2026, 3, 1));
        assert_eq!(clock.today(&paris), date(2026, 3, 2));
    }

    #[test]
    fn days_across_a_year() {
        assert_eq!(days_between(date(2025, 12, 31), date(2026, 12, 31)), 365);
        assert_eq!(
            DayRange::new(date(2025, 1, 1), date(2025, 12, 31))
                .unwrap()
                .days(),
            365
        );
    }
}
