//! One form for values that come from Criteo's texts, from JSON and from a database, so that equal values have equal forms.

use criteo_engine::catalog::FieldType;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value;

/// A value in its form; none is NULL.
pub(super) type Cell = Option<String>;

/// Places after the point in columns of money.
const MONEY_PLACES: usize = 9;

/// The form of a text that Criteo sends for a column of this type. Nothing is lost: a text that is no value of the type
/// fails the test.
pub(super) fn of_text(field_type: FieldType, text: &str) -> Cell {
    match field_type {
        // An empty text is a text.
        FieldType::Text => return Some(text.to_owned()),
        FieldType::Json => return Some(Value::from(text).to_string()),
        // Criteo has no value where it writes nothing, and a ratio without a denominator is none.
        _ if text.is_empty() || text == "NaN" => return None,
        _ => {}
    }
    let form = match field_type {
        FieldType::Text | FieldType::Json => None,
        FieldType::Integer => text.parse::<i64>().ok().map(|number| number.to_string()),
        FieldType::Money => money(text),
        // Adding zero takes the sign from a negative zero, which is equal to the positive one.
        FieldType::Float => text.parse::<f64>().ok().map(|it| format!("{:?}", it + 0.0)),
        FieldType::Boolean => truth_value(text),
        FieldType::Date => day(text).map(|day| day.to_string()),
        FieldType::Timestamp => local_time(text).map(|time| time.to_string()),
        FieldType::TimestampUtc => instant(text).map(|time| time.to_string()),
    };
    match form {
        Some(form) => Some(form),
        None => panic!("{text:?} is no value of type {field_type:?}"),
    }
}

/// The form of a JSON value.
pub(super) fn of_json(field_type: FieldType, value: Option<&Value>) -> Cell {
    match (field_type, value?) {
        (_, Value::Null) => None,
        (FieldType::Json, value) => Some(value.to_string()),
        (_, Value::String(text)) => of_text(field_type, text),
        (_, value) => of_text(field_type, &value.to_string()),
    }
}

/// The form of what a database writes for a value.
pub(super) fn of_database(field_type: FieldType, text: Option<String>) -> Cell {
    let text = text?;
    match field_type {
        FieldType::Json => Some(serde_json::from_str::<Value>(&text).unwrap().to_string()),
        FieldType::Text => Some(text),
        _ => of_text(field_type, &text),
    }
}

/// A decimal with exactly nine places; none when it has more digits there than zeros.
fn money(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() || !numeric(whole) || !numeric(fraction) || fraction.len() > MONEY_PLACES {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let sign = if whole == "0" && fraction.is_empty() {
        ""
    } else {
        sign
    };
    Some(format!("{sign}{whole}.{fraction:0<MONEY_PLACES$}"))
}

fn truth_value(text: &str) -> Option<String> {
    let truth = match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "t" => true,
        "false" | "no" | "f" => false,
        _ => return None,
    };
    Some(truth.to_string())
}

/// A day, or a year for its first day, as months and weeks come.
fn day(text: &str) -> Option<Date> {
    match text.parse::<i16>() {
        Ok(year) => Date::new(year, 1, 1).ok(),
        Err(_) => text.parse().ok(),
    }
}

/// `03/25/2026 14:05:09`, as transactions have it, or ISO 8601 without an offset.
fn local_time(text: &str) -> Option<DateTime> {
    DateTime::strptime("%m/%d/%Y %H:%M:%S", text)
        .or_else(|_| text.parse())
        .ok()
}

/// An instant with an offset, or the time in UTC that a database has of it.
fn instant(text: &str) -> Option<DateTime> {
    match text.parse::<Timestamp>() {
        Ok(instant) => Some(TimeZone::UTC.to_datetime(instant)),
        Err(_) => text.parse().ok(),
    }
}

#[test]
fn equal_values_have_equal_forms_and_others_do_not() {
    let money = |text| of_text(FieldType::Money, text);
    assert_eq!(money("1.5"), money("01.500000000"));
    assert_eq!(money("-0.0"), money("0"));
    assert_ne!(money("0.000000001"), money("0"));
    assert_eq!(super::cell::money("0.0000000001"), None);
    let time = |text| of_text(FieldType::Timestamp, text);
    assert_eq!(time("03/09/2026 01:02:03"), time("2026-03-09 01:02:03"));
    assert_ne!(time("09/03/2026 01:02:03"), time("2026-03-09 01:02:03"));
    let instant = |text| of_text(FieldType::TimestampUtc, text);
    assert_eq!(
        instant("2026-03-09T01:00:00+01:00"),
        instant("2026-03-09 00:00:00")
    );
    assert_eq!(
        of_text(FieldType::Boolean, "Yes"),
        of_text(FieldType::Boolean, "true")
    );
    assert_ne!(of_text(FieldType::Text, ""), None);
    assert_eq!(of_text(FieldType::Integer, ""), None);
}
