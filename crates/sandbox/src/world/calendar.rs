//! Days, quarter hours and time zones.
//!
//! Activity carries a UTC quarter hour, the finest step by which today's time zones differ, so that every zone's days
//! and hours are exact unions of quarter hours.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

/// Quarter hours in a UTC day.
pub(crate) const QUARTERS_PER_DAY: i64 = 96;
/// Minutes in a day.
pub(crate) const MINUTES_PER_DAY: i64 = 24 * 60;
/// Nothing about a moment changes later than this after it: Criteo's longest attribution window. So a day is final when
/// thirty days have passed since its end.
pub(crate) const RESTATED_FOR_MINUTES: i64 = 30 * MINUTES_PER_DAY;

/// A civil day, counted from 1970-01-01.
pub(crate) type DayNumber = i64;

/// The number of a civil day.
pub(crate) fn day_number(date: Date) -> DayNumber {
    date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24
}

/// The civil day of a number.
pub(crate) fn date_of(day: DayNumber) -> Date {
    Offset::UTC
        .to_datetime(timestamp_of_second(day * 86_400))
        .date()
}

/// The UTC day an instant lies in.
pub(crate) fn utc_day(instant: Timestamp) -> DayNumber {
    instant.as_second().div_euclid(86_400)
}

/// Whole minutes since 1970-01-01T00:00Z.
pub(crate) fn minute_of(instant: Timestamp) -> i64 {
    instant.as_second().div_euclid(60)
}

/// The instant of a second; seconds outside jiff's range (year 9999) become its limit.
pub(crate) fn timestamp_of_second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

/// The civil day that an instant falls on in a zone.
pub(crate) fn local_day(instant: Timestamp, zone: &TimeZone) -> DayNumber {
    let offset = i64::from(zone.to_offset(instant).seconds());
    (instant.as_second() + offset).div_euclid(86_400)
}

/// Which civil hour of a zone each quarter hour belongs to, looked up once for a range of days.
#[derive(Debug)]
pub(crate) struct LocalHours {
    first_quarter: i64,
    hours: Vec<i64>,
}

impl LocalHours {
    /// Covers the UTC days from `first` to `last`, both included.
    pub(crate) fn new(zone: &TimeZone, first: DayNumber, last: DayNumber) -> Self {
        let first_quarter = first * QUARTERS_PER_DAY;
        let hours = (first_quarter..(last + 1) * QUARTERS_PER_DAY)
            .map(|quarter| {
                let second = quarter * 900;
                let offset = zone.to_offset(timestamp_of_second(second)).seconds();
                (second + i64::from(offset)).div_euclid(3_600)
            })
            .collect();
        Self {
            first_quarter,
            hours,
        }
    }

    /// The civil hour, counted from 1970-01-01 00:00 local, of a quarter hour; `None` outside the range.
    pub(crate) fn of(&self, quarter: i64) -> Option<i64> {
        let position = usize::try_from(quarter - self.first_quarter).ok()?;
        self.hours.get(position).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_numbers_go_back_and_forth() {
        for text in ["1969-12-31", "1970-01-01", "2024-02-29", "2026-11-23"] {
            let date: Date = text.parse().unwrap();
            assert_eq!(date_of(day_number(date)), date);
        }
        assert_eq!(day_number("2024-03-01".parse().unwrap()), 19_783);
    }

    #[test]
    fn the_repeated_hour_of_autumn_is_one_civil_hour() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let day = day_number("2026-10-25".parse().unwrap());
        let hours = LocalHours::new(&zone, day, day);
        let first = day * QUARTERS_PER_DAY;
        assert_eq!(hours.of(first), Some(day * 24 + 2));
        assert_eq!(hours.of(first + 4), Some(day * 24 + 2));
        assert_eq!(hours.of(first + 8), Some(day * 24 + 3));
        assert_eq!(hours.of(first - 1), None);
    }

    #[test]
    fn a_day_in_a_zone_with_odd_minutes_begins_between_utc_hours() {
        let zone = TimeZone::get("Asia/Kathmandu").unwrap();
        let day = day_number("2026-06-01".parse().unwrap());
        let hours = LocalHours::new(&zone, day, day);
        // Midnight in Kathmandu (UTC+05:45) is 18:15 in UTC.
        let midnight = day * QUARTERS_PER_DAY + 73;
        assert_eq!(hours.of(midnight - 1), Some(day * 24 + 23));
        assert_eq!(hours.of(midnight), Some((day + 1) * 24));
    }
}
