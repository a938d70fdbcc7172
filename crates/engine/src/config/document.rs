//! A TOML text that still knows on which line everything stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;

/// The parsed text of a configuration file.
pub(super) struct Document<'text> {
    root: Spanned<DeValue<'text>>,
    text: &'text str,
}

impl<'text> Document<'text> {
    /// Parses `text`, or says everything that keeps it from being TOML.
    pub(super) fn parse(text: &'text str) -> Result<Self, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let span = table.span();
        let document = Document {
            root: Spanned::new(span, DeValue::Table(table.into_inner())),
            text,
        };
        if errors.is_empty() {
            Ok(document)
        } else {
            Err(errors
                .iter()
                .map(|error| document.problem_of(error))
                .collect())
        }
    }

    /// The place of the whole file, from which all others are reached.
    pub(super) fn root(&self) -> Place<'_, 'text> {
        Place {
            document: self,
            value: Some(&self.root),
            span: None,
        }
    }

    /// A TOML error as a problem. Only its message and its line are taken: the error's own display quotes the
    /// source, which may hold a secret that somebody put there.
    pub(super) fn problem_of(&self, error: &toml::de::Error) -> Problem {
        Problem {
            line: error.span().map(|span| self.line_of(&span)),
            message: in_our_words(error.message()),
        }
    }

    fn line_of(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }
}

/// A place in a document, by the path that leads to it. A path that leads nowhere stays at the last place that
/// exists, so that a problem with a default is reported where the default could have been overruled.
#[derive(Clone)]
pub(super) struct Place<'document, 'text> {
    document: &'document Document<'text>,
    value: Option<&'document Spanned<DeValue<'text>>>,
    span: Option<Range<usize>>,
}

impl<'document, 'text> Place<'document, 'text> {
    /// The value of `key` in the table at this place.
    pub(super) fn key(&self, key: &str) -> Self {
        let table = self.value.and_then(|value| value.get_ref().as_table());
        match table.and_then(|table| table.get_key_value(key)) {
            Some((name, value)) => Place {
                document: self.document,
                value: Some(value),
                span: Some(name.span()),
            },
            None => Place {
                value: None,
                ..self.clone()
            },
        }
    }

    /// The element `index` of the array at this place.
    pub(super) fn item(&self, index: usize) -> Self {
        let array = self.value.and_then(|value| value.get_ref().as_array());
        match array.and_then(|array| array.get(index)) {
            Some(value) => Place {
                document: self.document,
                value: Some(value),
                span: Some(value.span()),
            },
            None => Place {
                value: None,
                ..self.clone()
            },
        }
    }

    /// What stands here, if anything.
    pub(super) fn value(&self) -> Option<&'document DeValue<'text>> {
        self.value.map(Spanned::get_ref)
    }

    /// A problem at this place.
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem {
            line: self.span.as_ref().map(|span| self.document.line_of(span)),
            message: message.into(),
        }
    }
}

/// What the TOML reader says, with an example where it takes for granted that somebody knows TOML.
fn in_our_words(message: &str) -> String {
    // A day with something behind it, of which the reader takes the rest for a time of day.
    if message.contains("date-time, expected") {
        return "This is not a day; a day is written as \"2026-01-31\"".to_owned();
    }
    let example = match message {
        // What begins with t or f is taken for a truth value, and with n or i for one of the numbers `nan` and `inf`.
        text if text.contains("nvalid boolean") || text.contains("nvalid float, expected `") => {
            "; a text stands in quotes, as in name = \"value\""
        }
        text if text.contains("must be quoted") => "; write it as name = \"value\"",
        text if text.contains("date, expected") => "; write it as \"2026-01-31\"",
        _ => "",
    };
    format!("{}{example}", sentence(message))
}

/// Messages of the TOML reader begin in lower case; ours do not.
fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
