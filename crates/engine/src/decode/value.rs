//! From one value as it came to one cell of a typed column.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::compact;
use super::numbers::Reason;
use super::{dates, numbers};
use crate::schema::FieldType;

/// A value as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw<'r> {
    /// The row does not have it.
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`.
    Truth(bool),
    /// Text without escapes.
    Text(&'r str),
    /// A JSON string with escapes, its quotes included.
    Escaped(&'r str),
    /// A number, by its exact text.
    Number(&'r str),
    /// A JSON object or list.
    Nested(&'r str),
}

/// A value of its column's type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'r> {
    /// No value.
    Null,
    /// Text, or JSON as text.
    Text(Cow<'r, str>),
    /// A whole number.
    Integer(i64),
    /// An amount in billionths.
    Money(i128),
    /// A double.
    Float(f64),
    /// A truth value.
    Boolean(bool),
    /// Days since 1970-01-01.
    Day(i32),
    /// Microseconds since 1970-01-01, of a local clock or in UTC.
    Time(i64),
}

impl<'r> Raw<'r> {
    /// The value that `json` is, which has been read by serde_json and has no white space around it.
    pub(super) fn of_json(json: &'r RawValue) -> Self {
        let json = json.get();
        match json.as_bytes() {
            b"null" => Self::Null,
            b"true" => Self::Truth(true),
            b"false" => Self::Truth(false),
            [b'{' | b'[', ..] => Self::Nested(json),
            [b'"', text @ .., b'"'] if !text.contains(&b'\\') => {
                Self::Text(&json[1..json.len() - 1])
            }
            [b'"', ..] => Self::Escaped(json),
            _ => Self::Number(json),
        }
    }

    /// The value as an error shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Absent => "nothing".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Truth(truth) => truth.to_string(),
            Self::Text(text) | Self::Escaped(text) | Self::Number(text) | Self::Nested(text) => {
                super::error::shown(text)
            }
        }
    }

    /// The text of a single value; `None` for no value.
    #[inline]
    pub(super) fn text(self) -> Result<Option<Cow<'r, str>>, Reason> {
        match self {
            Self::Text(text) | Self::Number(text) => Ok(Some(Cow::Borrowed(text))),
            Self::Truth(true) => Ok(Some(Cow::Borrowed("true"))),
            Self::Truth(false) => Ok(Some(Cow::Borrowed("false"))),
            Self::Absent | Self::Null => Ok(None),
            Self::Escaped(json) => match serde_json::from_str(json) {
                Ok(text) => Ok(Some(Cow::Owned(text))),
                Err(_) => Err("holds an escape that stands for no character"),
            },
            Self::Nested(_) => Err("is an object or a list where a single value was expected"),
        }
    }

    /// The value as compact JSON; `None` for no value.
    fn json(self) -> Option<Cow<'r, str>> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Truth(truth) => Some(Cow::Owned(truth.to_string())),
            Self::Number(json) | Self::Escaped(json) => Some(Cow::Borrowed(json)),
            Self::Text(text) => Some(Cow::Owned(format!("\"{text}\""))),
            Self::Nested(json) => Some(Cow::Owned(compact(json))),
        }
    }
}

/// The value of a column of this type. `row_day` is the day of the row, in days since 1970-01-01, for hours that come
/// without one.
#[inline]
pub(super) fn read<'r>(
    field_type: FieldType,
    raw: Raw<'r>,
    row_day: Option<i32>,
) -> Result<Cell<'r>, Reason> {
    if field_type == FieldType::Json {
        return Ok(raw.json().map_or(Cell::Null, Cell::Text));
    }
    let Some(text) = raw.text()? else {
        return Ok(Cell::Null);
    };
    if field_type == FieldType::Text {
        return Ok(Cell::Text(text));
    }
    let text = text.as_ref();
    if text.is_empty() {
        return Ok(Cell::Null);
    }
    match field_type {
        FieldType::Integer => numbers::integer(text).map(Cell::Integer),
        FieldType::Money => numbers::money(text).map(Cell::Money),
        FieldType::Float => {
            numbers::float(text).map(|number| number.map_or(Cell::Null, Cell::Float))
        }
        FieldType::Boolean => boolean(text).map(Cell::Boolean),
        FieldType::Date => dates::day(text).map(Cell::Day),
        FieldType::Timestamp => dates::local_time(text, row_day).map(Cell::Time),
        FieldType::TimestampUtc => dates::instant(text).map(Cell::Time),
        FieldType::Text | FieldType::Json => Err("has no single type"),
    }
}

/// The spellings of Criteo's docs (`True`, `Yes` and their opposites for transactions) and of JSON, in any case.
fn boolean(text: &str) -> Result<bool, Reason> {
    let is_any_of = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_any_of(["true", "yes", "1"]) {
        Ok(true)
    } else if is_any_of(["false", "no", "0"]) {
        Ok(false)
    } else {
        Err("is neither true nor false")
    }
}

impl Cell<'_> {
    /// Appends bytes that two cells of one column share exactly when they are equal.
    pub(super) fn write_identity(&self, identity: &mut Vec<u8>) {
        match self {
            Self::Null => return identity.push(0),
            Self::Text(text) => {
                identity.push(1);
                identity.extend_from_slice(&text.len().to_le_bytes());
                identity.extend_from_slice(text.as_bytes());
                return;
            }
            _ => identity.push(1),
        }
        match self {
            Self::Null | Self::Text(_) => {}
            Self::Integer(number) | Self::Time(number) => {
                identity.extend_from_slice(&number.to_le_bytes());
            }
            Self::Money(units) => identity.extend_from_slice(&units.to_le_bytes()),
            Self::Float(number) => identity.extend_from_slice(&number.to_bits().to_le_bytes()),
            Self::Boolean(truth) => identity.push(u8::from(*truth)),
            Self::Day(day) => identity.extend_from_slice(&day.to_le_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Cell<'_> {
        Cell::Text(Cow::Borrowed(value))
    }

    #[test]
    fn values_of_each_type() {
        let read = |field_type, raw| read(field_type, raw, None);
        assert_eq!(read(FieldType::Text, Raw::Number("0012")), Ok(text("0012")));
        assert_eq!(read(FieldType::Text, Raw::Text("")), Ok(text("")));
        assert_eq!(
            read(FieldType::Text, Raw::Escaped(r#""a\u00e9\n""#)),
            Ok(text("aé\n"))
        );
        assert_eq!(
            read(FieldType::Integer, Raw::Text("12")),
            Ok(Cell::Integer(12))
        );
        assert_eq!(
            read(FieldType::Integer, Raw::Escaped(r#""1\u0032""#)),
            Ok(Cell::Integer(12))
        );
        assert_eq!(
            read(FieldType::Money, Raw::Number("0.1")),
            Ok(Cell::Money(100_000_000))
        );
        assert_eq!(read(FieldType::Float, Raw::Text("NaN")), Ok(Cell::Null));
        assert_eq!(
            read(FieldType::Boolean, Raw::Text("No")),
            Ok(Cell::Boolean(false))
        );
        assert_eq!(
            read(FieldType::Boolean, Raw::Truth(true)),
            Ok(Cell::Boolean(true))
        );
        assert_eq!(
            read(FieldType::Boolean, Raw::Number("1")),
            Ok(Cell::Boolean(true))
        );
        assert_eq!(
            read(FieldType::Date, Raw::Text("1970-01-02")),
            Ok(Cell::Day(1))
        );
        assert_eq!(
            read(FieldType::Timestamp, Raw::Text("1970-01-01 00:00:01")),
            Ok(Cell::Time(1_000_000))
        );
        assert_eq!(
            read(FieldType::Json, Raw::Nested("[1, 2]")),
            Ok(text("[1,2]"))
        );
        assert_eq!(read(FieldType::Json, Raw::Text("a")), Ok(text("\"a\"")));
    }

    #[test]
    fn no_value_is_null_and_a_wrong_one_is_not() {
        for field_type in [
            FieldType::Integer,
            FieldType::Money,
            FieldType::Float,
            FieldType::Boolean,
            FieldType::Date,
        ] {
            assert_eq!(read(field_type, Raw::Null, None), Ok(Cell::Null));
            assert_eq!(read(field_type, Raw::Text(""), None), Ok(Cell::Null));
            assert!(read(field_type, Raw::Text("x"), None).is_err());
            assert!(read(field_type, Raw::Nested("[1]"), None).is_err());
        }
        assert!(read(FieldType::Text, Raw::Escaped(r#""\ud800""#), None).is_err());
    }

    #[test]
    fn identities_keep_neighbours_apart() {
        let identity = |cells: &[Cell<'_>]| {
            let mut bytes = Vec::new();
            cells
                .iter()
                .for_each(|cell| cell.write_identity(&mut bytes));
            bytes
        };
        assert_ne!(
            identity(&[text("ab"), text("c")]),
            identity(&[text("a"), text("bc")])
        );
        assert_ne!(
            identity(&[Cell::Null, text("")]),
            identity(&[text(""), Cell::Null])
        );
        assert_eq!(
            identity(&[Cell::Money(5), text("a")]),
            identity(&[Cell::Money(5), text("a")])
        );
    }
}
