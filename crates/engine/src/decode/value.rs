//! One value as it came, and what each type of column makes of it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::compact;
use super::numbers::Reason;
use super::{dates, numbers};

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

/// The row does not have the field.
const ABSENT: Reason = "is missing";

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

    /// The text of a single value; `None` for null.
    #[inline]
    pub(super) fn text(self) -> Result<Option<Cow<'r, str>>, Reason> {
        match self {
            Self::Text(text) | Self::Number(text) => Ok(Some(Cow::Borrowed(text))),
            other => other.unusual_text(),
        }
    }

    #[cold]
    fn unusual_text(self) -> Result<Option<Cow<'r, str>>, Reason> {
        match self {
            Self::Text(text) | Self::Number(text) => Ok(Some(Cow::Borrowed(text))),
            Self::Truth(true) => Ok(Some(Cow::Borrowed("true"))),
            Self::Truth(false) => Ok(Some(Cow::Borrowed("false"))),
            Self::Null => Ok(None),
            Self::Absent => Err(ABSENT),
            Self::Escaped(json) => match serde_json::from_str(json) {
                Ok(text) => Ok(Some(Cow::Owned(text))),
                Err(_) => Err("holds an escape that stands for no character"),
            },
            Self::Nested(_) => Err("is an object or a list where a single value was expected"),
        }
    }

    /// The value as compact JSON; `None` for null.
    pub(super) fn json(self) -> Result<Option<Cow<'r, str>>, Reason> {
        Ok(Some(match self {
            Self::Absent => return Err(ABSENT),
            Self::Null => return Ok(None),
            Self::Truth(truth) => Cow::Owned(truth.to_string()),
            Self::Number(json) | Self::Escaped(json) => Cow::Borrowed(json),
            Self::Text(text) => Cow::Owned(serde_json::Value::from(text).to_string()),
            Self::Nested(json) => Cow::Owned(compact(json)),
        }))
    }

    /// What `read` makes of the text of a single value; `None` for null and, since no number, day or truth value is
    /// written so, for an empty text.
    #[inline]
    fn parsed<T>(self, read: impl Fn(&str) -> Result<T, Reason>) -> Result<Option<T>, Reason> {
        let text = self.text()?;
        match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => read(text).map(Some),
        }
    }

    #[inline]
    pub(super) fn integer(self) -> Result<Option<i64>, Reason> {
        self.parsed(numbers::integer)
    }

    /// An amount in billionths.
    #[inline]
    pub(super) fn money(self) -> Result<Option<i128>, Reason> {
        self.parsed(numbers::money)
    }

    #[inline]
    pub(super) fn float(self) -> Result<Option<f64>, Reason> {
        self.parsed(numbers::float).map(Option::flatten)
    }

    pub(super) fn boolean(self) -> Result<Option<bool>, Reason> {
        self.parsed(boolean)
    }

    /// Days since 1970-01-01.
    pub(super) fn day(self) -> Result<Option<i32>, Reason> {
        self.parsed(dates::day)
    }

    /// Microseconds since 1970-01-01 of the same clock. `row_day` is the day of the row, in days since 1970-01-01,
    /// for hours that come without one.
    pub(super) fn local_time(self, row_day: Option<i32>) -> Result<Option<i64>, Reason> {
        self.parsed(|text| dates::local_time(text, row_day))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(super) fn instant(self) -> Result<Option<i64>, Reason> {
        self.parsed(dates::instant)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_each_type() {
        let text = |raw: Raw<'static>| raw.text().unwrap().unwrap();
        assert_eq!(text(Raw::Number("0012")), "0012");
        assert_eq!(text(Raw::Text("")), "");
        assert_eq!(text(Raw::Escaped(r#""a\u00e9\n""#)), "aé\n");
        assert_eq!(Raw::Text("12").integer(), Ok(Some(12)));
        assert_eq!(Raw::Escaped(r#""1\u0032""#).integer(), Ok(Some(12)));
        assert_eq!(Raw::Number("0.1").money(), Ok(Some(100_000_000)));
        assert_eq!(Raw::Text("NaN").float(), Ok(None));
        assert_eq!(Raw::Text("No").boolean(), Ok(Some(false)));
        assert_eq!(Raw::Truth(true).boolean(), Ok(Some(true)));
        assert_eq!(Raw::Number("1").boolean(), Ok(Some(true)));
        assert_eq!(Raw::Text("1970-01-02").day(), Ok(Some(1)));
        assert_eq!(Raw::Text("5").local_time(Some(0)), Ok(Some(18_000_000_000)));
        assert_eq!(
            Raw::Text("1970-01-01T01:00:00+01:00").instant(),
            Ok(Some(0))
        );
        assert_eq!(Raw::Nested("[1, 2]").json().unwrap().unwrap(), "[1,2]");
        assert_eq!(Raw::Text("a\"b").json().unwrap().unwrap(), r#""a\"b""#);
    }

    #[test]
    fn no_value_is_null_and_a_wrong_or_absent_one_is_not() {
        for none in [Raw::Null, Raw::Text(""), Raw::Escaped(r#""""#)] {
            assert_eq!(none.integer(), Ok(None));
            assert_eq!(none.money(), Ok(None));
            assert_eq!(none.day(), Ok(None));
            assert_eq!(none.boolean(), Ok(None));
        }
        for wrong in [
            Raw::Text("x"),
            Raw::Nested("[1]"),
            Raw::Absent,
            Raw::Escaped(r#""\ud800""#),
        ] {
            assert!(wrong.integer().is_err());
            assert!(wrong.float().is_err());
            assert!(wrong.day().is_err());
            assert!(wrong.boolean().is_err());
        }
        assert!(Raw::Absent.text().is_err() && Raw::Absent.json().is_err());
    }

    #[test]
    fn raw_values_of_json() {
        let of = |json: &'static str| Raw::of_json(serde_json::from_str(json).unwrap());
        assert_eq!(of("null"), Raw::Null);
        assert_eq!(of("true"), Raw::Truth(true));
        assert_eq!(of(r#""a""#), Raw::Text("a"));
        assert_eq!(of(r#""""#), Raw::Text(""));
        assert_eq!(of(r#""\"""#), Raw::Escaped(r#""\"""#));
        assert_eq!(of("-1.0"), Raw::Number("-1.0"));
        assert_eq!(of("{}"), Raw::Nested("{}"));
    }
}
