//! Splits one row into the values of the fields that were asked for.

use std::collections::HashMap;

use serde::de::IgnoredAny;

use super::json::{Extent, Stop, byte_at, number_end, skip_whitespace, string_end, word_end};
use super::value::Raw;

/// Why a row could not be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFlaw {
    /// The bytes end before the row does.
    Incomplete,
    /// The row is not JSON: what was expected, and the offset in the row where it was missing.
    Invalid(&'static str, usize),
    /// The row has a field twice: the field's slot.
    Duplicate(usize),
    /// The row is a list of another length than the list of its columns.
    Length(usize),
}

impl From<Stop> for RowFlaw {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Incomplete => Self::Incomplete,
            Stop::Invalid(expected, offset) => Self::Invalid(expected, offset),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Absent,
    Null,
    True,
    False,
    Text,
    Escaped,
    Number,
    Nested,
}

/// A value's place in the bytes of its row.
#[derive(Debug, Clone, Copy)]
struct Span {
    kind: Kind,
    start: usize,
    end: usize,
}

const ABSENT: Span = Span {
    kind: Kind::Absent,
    start: 0,
    end: 0,
};

/// A member name as it stood at some position of the previous row.
#[derive(Debug)]
struct RememberedKey {
    /// The exact bytes from the first quote to the colon.
    bytes: Box<[u8]>,
    /// The slot of the field it names; `None` for one that was not asked for.
    slot: Option<usize>,
}

/// Splits rows, one after the other.
///
/// The rows of one answer nearly always have the same fields in the same order, so the reader remembers the name at
/// each position of the previous row and compares its bytes before it looks anything up.
#[derive(Debug)]
pub(super) struct RowReader {
    slots: HashMap<String, usize>,
    remembered: Vec<RememberedKey>,
    columns: Vec<Option<usize>>,
    spans: Vec<Span>,
}

impl RowReader {
    /// A reader for fields of these names, which must differ when case is ignored. The slot of a field is its place
    /// in the list.
    pub(super) fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let names = names.into_iter().enumerate();
        let slots: HashMap<String, usize> = names
            .map(|(slot, name)| (name.to_lowercase(), slot))
            .collect();
        Self {
            spans: vec![ABSENT; slots.len()],
            slots,
            remembered: Vec::new(),
            columns: Vec::new(),
        }
    }

    /// Sets which field stands at which place of rows that are lists. Gives back a name that occurs twice.
    pub(super) fn set_columns(&mut self, names: &[String]) -> Result<(), String> {
        self.columns.clear();
        for name in names {
            let slot = self.slot(name);
            if slot.is_some() && self.columns.contains(&slot) {
                return Err(name.clone());
            }
            self.columns.push(slot);
        }
        Ok(())
    }

    fn slot(&self, name: &str) -> Option<usize> {
        self.slots.get(&name.to_lowercase()).copied()
    }

    /// Splits the row with which `bytes` begin: an object, or a list in the order of the columns. Gives its length.
    pub(super) fn split(&mut self, bytes: &[u8]) -> Result<usize, RowFlaw> {
        self.spans.fill(ABSENT);
        match byte_at(bytes, 0)? {
            b'{' => self.split_object(bytes),
            b'[' => self.split_list(bytes),
            _ => Err(RowFlaw::Invalid("an object or a list", 0)),
        }
    }

    fn split_object(&mut self, bytes: &[u8]) -> Result<usize, RowFlaw> {
        let (mut at, first) = skip_whitespace(bytes, 1)?;
        if first == b'}' {
            return Ok(at + 1);
        }
        for position in 0.. {
            let (slot, key_end) = match self.remembered.get(position) {
                Some(key) if bytes[at..].starts_with(&key.bytes) => {
                    (key.slot, at + key.bytes.len())
                }
                _ => self.learn(bytes, at, position)?,
            };
            let (start, byte) = skip_whitespace(bytes, key_end)?;
            let (span, end) = split_value(bytes, start, byte)?;
            if let Some(slot) = slot {
                if self.spans[slot].kind != Kind::Absent {
                    return Err(RowFlaw::Duplicate(slot));
                }
                self.spans[slot] = span;
            }
            let (next, byte) = skip_whitespace(bytes, end)?;
            match byte {
                b',' => (at, _) = skip_whitespace(bytes, next + 1)?,
                b'}' => return Ok(next + 1),
                _ => return Err(RowFlaw::Invalid("a comma or a closing brace", next)),
            }
        }
        Err(RowFlaw::Incomplete)
    }

    /// Reads a name that did not stand at this position before, and the colon behind it, and remembers both. Gives the
    /// name's slot and the offset behind the colon.
    #[cold]
    fn learn(
        &mut self,
        bytes: &[u8],
        at: usize,
        position: usize,
    ) -> Result<(Option<usize>, usize), RowFlaw> {
        if byte_at(bytes, at)? != b'"' {
            return Err(RowFlaw::Invalid("a member name", at));
        }
        let (quote, _) = string_end(bytes, at + 1)?;
        let name: String = serde_json::from_slice(&bytes[at..=quote])
            .map_err(|_| RowFlaw::Invalid("a member name of whole characters", at))?;
        let (colon, byte) = skip_whitespace(bytes, quote + 1)?;
        if byte != b':' {
            return Err(RowFlaw::Invalid("a colon", colon));
        }
        let key = RememberedKey {
            bytes: bytes[at..=colon].into(),
            slot: self.slot(&name),
        };
        let slot = key.slot;
        match self.remembered.get_mut(position) {
            Some(remembered) => *remembered = key,
            None => self.remembered.push(key),
        }
        Ok((slot, colon + 1))
    }

    fn split_list(&mut self, bytes: &[u8]) -> Result<usize, RowFlaw> {
        let (mut at, mut byte) = skip_whitespace(bytes, 1)?;
        let mut length = 0;
        if byte != b']' {
            loop {
                let (span, end) = split_value(bytes, at, byte)?;
                if let Some(Some(slot)) = self.columns.get(length) {
                    self.spans[*slot] = span;
                }
                length += 1;
                (at, byte) = skip_whitespace(bytes, end)?;
                match byte {
                    b',' => (at, byte) = skip_whitespace(bytes, at + 1)?,
                    b']' => break,
                    _ => return Err(RowFlaw::Invalid("a comma or a closing bracket", at)),
                }
            }
        }
        if length == self.columns.len() {
            Ok(at + 1)
        } else {
            Err(RowFlaw::Length(length))
        }
    }

    /// The value of a field in the row that was split last, `row` being its text.
    #[inline]
    pub(super) fn value<'r>(&self, row: &'r str, slot: usize) -> Raw<'r> {
        let Span { kind, start, end } = self.spans[slot];
        // Spans begin and end at quotes, digits and brackets, so they are always found.
        let text = row.get(start..end).unwrap_or_default();
        match kind {
            Kind::Absent => Raw::Absent,
            Kind::Null => Raw::Null,
            Kind::True => Raw::Truth(true),
            Kind::False => Raw::Truth(false),
            Kind::Text => Raw::Text(text),
            Kind::Escaped => Raw::Escaped(text),
            Kind::Number => Raw::Number(text),
            Kind::Nested => Raw::Nested(text),
        }
    }
}

/// The value that begins with `byte` at `start`, and the offset behind it.
#[inline]
fn split_value(bytes: &[u8], start: usize, byte: u8) -> Result<(Span, usize), RowFlaw> {
    let (kind, end) = match byte {
        b'"' => {
            let (quote, has_escapes) = string_end(bytes, start + 1)?;
            let span = if has_escapes {
                Span {
                    kind: Kind::Escaped,
                    start,
                    end: quote + 1,
                }
            } else {
                Span {
                    kind: Kind::Text,
                    start: start + 1,
                    end: quote,
                }
            };
            return Ok((span, quote + 1));
        }
        b'-' | b'0'..=b'9' => (Kind::Number, number_end(bytes, start)?),
        b'n' => (Kind::Null, word_end(bytes, start, "null")?),
        b't' => (Kind::True, word_end(bytes, start, "true")?),
        b'f' => (Kind::False, word_end(bytes, start, "false")?),
        b'{' | b'[' => {
            let rest = &bytes[start..];
            let length = Extent::default().end(rest).ok_or(RowFlaw::Incomplete)?;
            serde_json::from_slice::<IgnoredAny>(&rest[..length])
                .map_err(|_| RowFlaw::Invalid("a well-formed object or list", start))?;
            (Kind::Nested, start + length)
        }
        _ => return Err(RowFlaw::Invalid("a value", start)),
    };
    Ok((Span { kind, start, end }, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> RowReader {
        RowReader::new(["AdvertiserId", "Clicks"])
    }

    #[test]
    fn rows_are_split_in_any_order_and_case() {
        let mut reader = reader();
        for row in [
            r#"{"AdvertiserId":"1","Clicks":"2"}"#,
            r#"{ "clicks" : "2" , "other" : {"Clicks":[1]} , "ADVERTISERID":"1"}"#,
            r#"{"AdvertiserId":"1","Clicks":"2"}"#,
            r#"{"Advertiser\u0049d":"1","Clicks":"2","":null}"#,
        ] {
            assert_eq!(reader.split(row.as_bytes()), Ok(row.len()), "{row}");
            assert_eq!(reader.value(row, 0), Raw::Text("1"), "{row}");
            assert_eq!(reader.value(row, 1), Raw::Text("2"), "{row}");
        }
    }

    #[test]
    fn values_of_every_kind() {
        let mut reader = reader();
        for (json, raw) in [
            ("null", Raw::Null),
            ("true", Raw::Truth(true)),
            ("false", Raw::Truth(false)),
            ("-1.5e3", Raw::Number("-1.5e3")),
            (r#""é""#, Raw::Text("é")),
            (r#""\n""#, Raw::Escaped(r#""\n""#)),
            (r#"[{"a":"]"}]"#, Raw::Nested(r#"[{"a":"]"}]"#)),
        ] {
            let row = format!(r#"{{"Clicks":{json}}}"#);
            assert_eq!(reader.split(row.as_bytes()), Ok(row.len()));
            assert_eq!(
                (reader.value(&row, 0), reader.value(&row, 1)),
                (Raw::Absent, raw)
            );
        }
    }

    #[test]
    fn a_cut_row_is_incomplete_wherever_it_is_cut() {
        let row = br#"{"AdvertiserId":"1\"", "Clicks":-1.5e7 , "x":[{"}":null}], "y":true}"#;
        for cut in 0..row.len() {
            let mut reader = reader();
            assert_eq!(reader.split(&row[..cut]), Err(RowFlaw::Incomplete), "{cut}");
            assert_eq!(reader.split(row), Ok(row.len()));
        }
    }

    #[test]
    fn flaws_are_told_apart() {
        let mut reader = reader();
        let mut flaw = |row: &str| reader.split(row.as_bytes()).unwrap_err();
        assert_eq!(flaw(r#"{"Clicks":1,"clicks":2}"#), RowFlaw::Duplicate(1));
        assert_eq!(flaw(r#"{"Clicks" 1}"#), RowFlaw::Invalid("a colon", 10));
        assert_eq!(
            flaw(r#"{"Clicks":01}"#),
            RowFlaw::Invalid("a comma or a closing brace", 11)
        );
        assert_eq!(
            flaw(r#"{"Clicks":1,}"#),
            RowFlaw::Invalid("a member name", 12)
        );
        assert_eq!(
            flaw(r#"{"x":[1}]}"#),
            RowFlaw::Invalid("a well-formed object or list", 5)
        );
        assert_eq!(flaw(r#"{"x":}"#), RowFlaw::Invalid("a value", 5));
    }

    #[test]
    fn lists_follow_their_columns() {
        let mut reader = reader();
        let columns = [
            "clicks".to_owned(),
            "cost".to_owned(),
            "advertiserId".to_owned(),
        ];
        reader.set_columns(&columns).unwrap();
        let row = r#"[5, 1.0, "a"]"#;
        assert_eq!(reader.split(row.as_bytes()), Ok(row.len()));
        assert_eq!(
            (reader.value(row, 0), reader.value(row, 1)),
            (Raw::Text("a"), Raw::Number("5"))
        );
        assert_eq!(reader.split(b"[5, 1.0]"), Err(RowFlaw::Length(2)));
        assert_eq!(reader.split(b"[]"), Err(RowFlaw::Length(0)));
        assert_eq!(
            reader.set_columns(&["Clicks".into(), "clicks".into()]),
            Err("clicks".into())
        );
    }
}
