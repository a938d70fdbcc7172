//! Days and times from text.
//!
//! Which notation Criteo uses for days and hours in JSON is not established: third-party code expects `2026-03-01`,
//! samples of the docs show `2020/9/10`. Both are read, and whatever could be read in two ways is refused.

use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::numbers::Reason;

/// Microseconds of a day.
const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;
const MICROS_PER_HOUR: i64 = 60 * 60 * 1_000_000;

const NOT_A_DAY: Reason = "is not a day such as 2026-03-01";
const NOT_A_TIME: Reason = "is not a date and time such as 2026-03-01T14:00:00";

/// The number of days from 1970-01-01 to `day`.
pub(super) fn days_since_epoch(day: Date) -> i32 {
    let hours = day.duration_since(date(1970, 1, 1)).as_hours();
    // The calendar's ends are less than four million days away.
    i32::try_from(hours / 24).unwrap_or(i32::MAX)
}

/// A day, in days since 1970-01-01. A month or a year stands for its first day.
pub(super) fn day(text: &str) -> Result<i32, Reason> {
    let (day, time) = split(text);
    if let Some(time) = time {
        let time = time.strip_suffix('Z').unwrap_or(time);
        if time_of_day(time).ok_or(NOT_A_DAY)? != 0 {
            return Err("has a time of day, which a day does not have");
        }
        return civil_day(day).map(days_since_epoch).ok_or(NOT_A_DAY);
    }
    civil_day(day)
        .or_else(|| first_of_period(day))
        .map(days_since_epoch)
        .ok_or(NOT_A_DAY)
}

/// A date and time without a zone, in microseconds since 1970-01-01 of the same clock. An hour alone (`0` to `23`)
/// is one of `row_day`.
pub(super) fn local_time(text: &str, row_day: Option<i32>) -> Result<i64, Reason> {
    if let Some(hour) = small_number(text, 1, 2) {
        if hour > 23 {
            return Err("is not an hour of a day");
        }
        let day = row_day.ok_or("is an hour of a day, and the row does not tell which")?;
        return Ok(i64::from(day) * MICROS_PER_DAY + i64::from(hour) * MICROS_PER_HOUR);
    }
    let (day, time) = split(text);
    let day = civil_day(day)
        .or_else(|| american_day(day))
        .ok_or(NOT_A_TIME)?;
    let time = time.and_then(time_of_day).ok_or(NOT_A_TIME)?;
    Ok(i64::from(days_since_epoch(day)) * MICROS_PER_DAY + time)
}

/// An instant, in microseconds since 1970-01-01T00:00:00Z. Without an offset it is taken to be in UTC, and without
/// a time of day to be midnight (an assumption: Criteo's OpenAPI 2026-07 declares an offset for every instant).
pub(super) fn instant(text: &str) -> Result<i64, Reason> {
    match text.parse::<Timestamp>() {
        Ok(instant) => Ok(instant.as_microsecond()),
        Err(_) if split(text).1.is_none() => day(text).map(|day| i64::from(day) * MICROS_PER_DAY),
        Err(_) => local_time(text, None),
    }
}

/// The day in which a local time lies, in days since 1970-01-01.
pub(super) fn day_of(local_time: i64) -> i32 {
    // A time read here has a day of the calendar.
    i32::try_from(local_time.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX)
}

/// The part before the first `T` or space, and the part behind it.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    }
}

/// `2026-03-01`, `2026-3-1`, `2026/03/01` or `2026/3/1`.
fn civil_day(text: &str) -> Option<Date> {
    let (year, rest, mark) = year_and_rest(text)?;
    let (month, day) = rest.split_once(mark)?;
    Date::new(
        year,
        narrow(small_number(month, 1, 2)?)?,
        narrow(small_number(day, 1, 2)?)?,
    )
    .ok()
}

/// `2026-03`, `2026/3` or `2026`.
fn first_of_period(text: &str) -> Option<Date> {
    if let Some(year) = small_number(text, 4, 4) {
        return Date::new(year, 1, 1).ok();
    }
    let (year, month, _) = year_and_rest(text)?;
    Date::new(year, narrow(small_number(month, 1, 2)?)?, 1).ok()
}

/// `MM/DD/YYYY`, as Criteo's docs show it for transactions. The order is American: the example's second number
/// exceeds 12.
fn american_day(text: &str) -> Option<Date> {
    let (month, rest) = text.split_once('/')?;
    let (day, year) = rest.split_once('/')?;
    let (month, day) = (small_number(month, 1, 2)?, small_number(day, 1, 2)?);
    Date::new(small_number(year, 4, 4)?, narrow(month)?, narrow(day)?).ok()
}

/// The four digits that begin a text, what stands behind the `-` or `/` after them, and which of the two it was.
fn year_and_rest(text: &str) -> Option<(i16, &str, char)> {
    let (year, rest) = text.split_at_checked(4)?;
    let mark = rest
        .chars()
        .next()
        .filter(|mark| matches!(mark, '-' | '/'))?;
    Some((small_number(year, 4, 4)?, &rest[1..], mark))
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f`, in microseconds since midnight.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hour = small_number(parts.next()?, 1, 2).filter(|hour| *hour < 24)?;
    let minute = small_number(parts.next()?, 2, 2).filter(|minute| *minute < 60)?;
    let (second, fraction) = match parts.next() {
        None => ("00", ""),
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "0")),
    };
    let second = small_number(second, 2, 2).filter(|second| *second < 60)?;
    if parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(
        i64::from(hour) * MICROS_PER_HOUR
            + (i64::from(minute) * 60 + i64::from(second)) * 1_000_000
            + micros,
    )
}

/// A number of `least` to `most` digits (four at most), and nothing else.
fn small_number(text: &str, least: usize, most: usize) -> Option<i16> {
    let bytes = text.as_bytes();
    if bytes.len() < least || bytes.len() > most || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        bytes
            .iter()
            .fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0')),
    )
}

fn narrow(number: i16) -> Option<i8> {
    i8::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(year: i16, month: i8, day: i8) -> i32 {
        days_since_epoch(date(year, month, day))
    }

    fn micros(text: &str) -> i64 {
        format!("{text}Z")
            .parse::<Timestamp>()
            .unwrap()
            .as_microsecond()
    }

    #[test]
    fn days_in_every_notation() {
        let expected = Ok(days(2026, 3, 1));
        for text in [
            "2026-03-01",
            "2026/3/1",
            "2026/03/01",
            "2026-3-1",
            "2026-03-01T00:00:00",
            "2026-03-01 00:00",
            "2026-03-01T00:00:00.000Z",
            "2026-03",
            "2026/3",
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
        assert_eq!(day("2026"), Ok(days(2026, 1, 1)));
        assert_eq!(day("1969-12-31"), Ok(-1));
        assert_eq!(day("2024-02-29"), Ok(days(2024, 2, 29)));
        assert_eq!(days(1970, 1, 1), 0);
    }

    #[test]
    fn what_is_not_a_day() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "03/01/2026",
            "01-03-2026",
            "2026-03-01x",
            "20260301",
            "26-03-01",
            "2026-03/01",
            "2026-",
            "",
            "é026-03-01",
            "2026-03-01T",
            "2026-03-01T00:00:00+02:00",
            "-026-03-01",
        ] {
            assert_eq!(day(text), Err(NOT_A_DAY), "{text}");
        }
        assert_eq!(
            day("2026-03-01T01:00:00"),
            Err("has a time of day, which a day does not have")
        );
    }

    #[test]
    fn local_times() {
        let expected = Ok(micros("2020-11-04T08:19:07"));
        for text in [
            "11/04/2020 08:19:07",
            "2020-11-04T08:19:07",
            "2020-11-04 8:19:07.000",
            "2020/11/4 08:19:07",
        ] {
            assert_eq!(local_time(text, None), expected, "{text}");
        }
        assert_eq!(
            local_time("2026-03-01T14:00", None),
            Ok(micros("2026-03-01T14:00:00"))
        );
        assert_eq!(
            local_time("2026-03-01T14:00:00.1234567", None),
            Ok(micros("2026-03-01T14:00:00.123456"))
        );
        assert_eq!(
            local_time("7", Some(days(2026, 3, 1))),
            Ok(micros("2026-03-01T07:00:00"))
        );
        assert_eq!(day_of(micros("1969-12-31T23:59:59")), -1);
        assert!(local_time("7", None).is_err());
        assert!(local_time("24", Some(0)).is_err());
        for text in [
            "2026-03-01",
            "2026-03-01T14",
            "2026-03-01T24:00",
            "2026-03-01T14:60",
            "13/13/2026 10:00:00",
            "2026-03-01T14:00:00Z",
        ] {
            assert_eq!(local_time(text, Some(0)), Err(NOT_A_TIME), "{text}");
        }
    }

    #[test]
    fn instants() {
        let noon = Ok(micros("2026-03-01T12:00:00"));
        assert_eq!(instant("2026-03-01T12:00:00Z"), noon);
        assert_eq!(instant("2026-03-01T14:00:00.0000000+02:00"), noon);
        assert_eq!(instant("2026-03-01T12:00:00"), noon);
        assert_eq!(instant("2026-03-01"), Ok(micros("2026-03-01T00:00:00")));
        assert!(instant("soon").is_err());
    }
}
