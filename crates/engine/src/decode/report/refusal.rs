//! What was found wrong with an answer, as the error that its reader is given.

use super::ReportDecoder;
use crate::decode::DecodeError;
use crate::decode::envelope::{MAX_SKELETON_BYTES, ScanFlaw};
use crate::decode::row::RowFlaw;
use crate::decode::rules::resolve_sources;
use crate::decode::skeleton::SkeletonFlaw;

impl<'a> ReportDecoder<'a> {
    #[cold]
    pub(super) fn damaged(&self, row: Option<u64>, reason: String) -> DecodeError {
        DecodeError::Damaged {
            at: self.writer.place(row, None),
            reason,
        }
    }

    #[cold]
    pub(super) fn scan_error(&self, flaw: ScanFlaw) -> DecodeError {
        match flaw {
            ScanFlaw::NotJson(reason) => self.damaged(None, reason),
            ScanFlaw::NotARow(found) => DecodeError::UnknownShape {
                at: self.writer.place(Some(self.raw_rows + 1), None),
                found: format!("{found} stands where a row should"),
            },
            ScanFlaw::TooLarge => DecodeError::TooLarge {
                at: self.writer.place(None, None),
                what: "what surrounds the rows",
                limit: MAX_SKELETON_BYTES,
            },
        }
    }

    #[cold]
    pub(super) fn skeleton_error(&self, flaw: SkeletonFlaw) -> DecodeError {
        match flaw {
            SkeletonFlaw::Damaged(reason) => self.damaged(None, reason),
            SkeletonFlaw::Shape(found) => DecodeError::UnknownShape {
                at: self.writer.place(None, None),
                found,
            },
        }
    }

    #[cold]
    pub(super) fn row_error(&self, row: u64, start: u64, flaw: RowFlaw) -> DecodeError {
        match flaw {
            RowFlaw::Incomplete => self.damaged(Some(row), "it is cut short".to_owned()),
            RowFlaw::Invalid(expected, offset) => {
                let byte = start + offset as u64;
                self.damaged(
                    Some(row),
                    format!("{expected} was expected at byte {byte} of the answer"),
                )
            }
            RowFlaw::Duplicate(slot) => DecodeError::UnknownShape {
                at: self.writer.place(Some(row), self.field_in(slot)),
                found: "the row has this field twice".to_owned(),
            },
            RowFlaw::Length(length) => DecodeError::UnknownShape {
                at: self.writer.place(Some(row), None),
                found: format!(
                    "the row has {length} values, another number than the report has columns"
                ),
            },
        }
    }

    fn field_in(&self, slot: usize) -> Option<&'a str> {
        resolve_sources(&self.expectation.sources)
            .0
            .get(slot)
            .copied()
    }
}
