//! Why an answer was refused.

use std::error::Error;
use std::fmt;

/// The longest piece of a value, or of an unknown answer, that an error shows.
const SHOWN_CHARACTERS: usize = 80;

/// Where in an answer something was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The stream that was being read.
    pub stream: String,
    /// The window, listing or file that was being read, in words.
    pub window: String,
    /// The row, counted from 1 in the order in which rows came; for a file its line. `None` outside rows.
    pub row: Option<u64>,
    /// Criteo's id of the element, where elements have ids.
    pub element: Option<String>,
    /// Criteo's name of the field, or the path to it. `None` when no single field is meant.
    pub field: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", self.stream, self.window)?;
        if let Some(row) = self.row {
            write!(formatter, ", row {row}")?;
        }
        if let Some(element) = &self.element {
            write!(formatter, ", element {element}")?;
        }
        if let Some(field) = &self.field {
            write!(formatter, ", field {field}")?;
        }
        Ok(())
    }
}

/// Why an answer was refused. Each variant is a decision a caller can take; none of them lets a part of the answer
/// pass, so batches that were handed out before belong in the bin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not the JSON or CSV they should be: cut short, garbled, or another document altogether, such as
    /// the error page of a proxy. The same call may well be answered properly when it is repeated.
    #[error(
        "Answer is damaged ({at}): {reason}. Ask again; if it stays like this, something between here and Criteo \
         alters answers."
    )]
    Damaged {
        /// Where.
        at: Box<Place>,
        /// What was found.
        reason: String,
    },
    /// The answer is well-formed but built differently from what this version knows.
    #[error(
        "Answer has an unknown shape ({at}): {found}. Nothing of it was loaded. Criteo may have changed the report: \
         look for a newer version of this program, or report this."
    )]
    UnknownShape {
        /// Where.
        at: Box<Place>,
        /// What was found, and what was expected in its place.
        found: String,
    },
    /// A row lacks a field that was asked for.
    #[error(
        "Column is missing ({at}): the row does not have it although it was asked for. Take it out of the \
         configuration if Criteo no longer reports it."
    )]
    MissingColumn {
        /// Where.
        at: Box<Place>,
    },
    /// A value is not of its column's type, does not fit it, or is not what the request fixed.
    #[error(
        "Value does not fit ({at}): {value} {reason}. Nothing of this answer was loaded; report it if the value looks right to you."
    )]
    Value {
        /// Where.
        at: Box<Place>,
        /// The value as it came, shortened to 80 characters.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A row belongs to a day that was not asked for.
    #[error(
        "Day is outside the window ({at}): {value}. Loading it would replace days that were not asked for; check the \
         time zone of the configuration, and report it if that is right."
    )]
    OutsideWindow {
        /// Where.
        at: Box<Place>,
        /// The value as it came, shortened to 80 characters.
        value: String,
    },
    /// A row belongs to an advertiser that was not asked for.
    #[error(
        "Row is of an advertiser that was not asked for ({at}): {advertiser}. Nothing of this answer was loaded; \
         report it."
    )]
    ForeignAdvertiser {
        /// Where.
        at: Box<Place>,
        /// The advertiser's id as it came, shortened to 80 characters.
        advertiser: String,
    },
    /// The answer holds as many rows as Criteo ever sends, so rows may have been cut off.
    #[error(
        "Answer reached the cap of {cap} rows ({at}): rows may be missing. Ask for fewer days or advertisers at a \
         time."
    )]
    CapReached {
        /// Where.
        at: Box<Place>,
        /// The number of rows at which Criteo truncates.
        cap: u64,
    },
    /// A part of the answer is larger than anything the report can hold.
    #[error(
        "Answer is too large ({at}): {what} is longer than {limit} bytes. Ask for less at a time."
    )]
    TooLarge {
        /// Where.
        at: Box<Place>,
        /// What is too large.
        what: &'static str,
        /// The limit that was passed, in bytes.
        limit: usize,
    },
    /// What was expected contradicts itself; a mistake of the calling code, found before or while reading.
    #[error("Expectation is wrong ({at}): {reason}. This is a mistake in the program; report it.")]
    Expectation {
        /// Where.
        at: Box<Place>,
        /// The contradiction.
        reason: String,
    },
    /// The receiver of the batches refused one.
    #[error("Rows could not be passed on ({at}): {source}")]
    Emit {
        /// Where.
        at: Box<Place>,
        /// The receiver's reason.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl DecodeError {
    /// Whether the bytes were garbled on the way, so that asking again is worthwhile.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// Whether the answer was, or may have been, truncated by Criteo's cap, so that the window has to be split.
    #[must_use]
    pub fn is_cap_reached(&self) -> bool {
        matches!(self, Self::CapReached { .. })
    }

    /// Where in the answer it happened.
    #[must_use]
    pub fn place(&self) -> &Place {
        let (Self::Damaged { at, .. }
        | Self::UnknownShape { at, .. }
        | Self::MissingColumn { at }
        | Self::Value { at, .. }
        | Self::OutsideWindow { at, .. }
        | Self::ForeignAdvertiser { at, .. }
        | Self::CapReached { at, .. }
        | Self::TooLarge { at, .. }
        | Self::Expectation { at, .. }
        | Self::Emit { at, .. }) = self;
        at
    }

    /// The same error, which happened in the element of this id.
    pub(super) fn in_element(mut self, id: Option<String>) -> Self {
        match &mut self {
            Self::Damaged { at, .. }
            | Self::UnknownShape { at, .. }
            | Self::MissingColumn { at }
            | Self::Value { at, .. }
            | Self::OutsideWindow { at, .. }
            | Self::ForeignAdvertiser { at, .. }
            | Self::CapReached { at, .. }
            | Self::TooLarge { at, .. }
            | Self::Expectation { at, .. }
            | Self::Emit { at, .. } => at.element = id,
        }
        self
    }
}

/// `text` in a form that fits into one line of an error: at most 80 characters, control characters escaped, quoted.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(SHOWN_CHARACTERS)
        .flat_map(|character| {
            let escaped = character.is_control().then(|| character.escape_default());
            let plain = (!character.is_control()).then_some(character);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect();
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        short.push('…');
    }
    format!("'{short}'")
}

/// [`shown`] for bytes that need not be text.
pub(super) fn shown_bytes(bytes: &[u8]) -> String {
    // Four bytes are the longest character.
    let start = &bytes[..bytes.len().min(4 * (SHOWN_CHARACTERS + 1))];
    shown(&String::from_utf8_lossy(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_stream_window_row_and_field() {
        let error = DecodeError::MissingColumn {
            at: Box::new(Place {
                stream: "statistics".into(),
                window: "2026-01-01..2026-01-04 of 3 advertisers".into(),
                row: Some(17),
                element: None,
                field: Some("AdvertiserCost".into()),
            }),
        };
        let text = error.to_string();
        assert!(text.contains(
            "(statistics, 2026-01-01..2026-01-04 of 3 advertisers, row 17, field AdvertiserCost)"
        ));
        assert!(!error.is_damaged());
    }

    #[test]
    fn long_values_are_shortened_by_characters() {
        let long = "é".repeat(200);
        assert_eq!(shown(&long), format!("'{}…'", "é".repeat(80)));
        assert_eq!(shown("a\nb"), "'a\\nb'");
        assert_eq!(shown_bytes(b"<html>\xff"), "'<html>\u{fffd}'");
    }
}
