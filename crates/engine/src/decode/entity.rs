//! Reads the elements of entity listings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::RecordBatch;

use super::DecodeError;
use crate::catalog::Stamp;
use crate::schema::TableSchema;

/// Everything about a listing that is known before it arrives.
#[derive(Debug, Clone)]
pub struct EntityExpectation {
    /// The stream, for errors.
    pub stream: String,
    /// The table the elements belong to.
    pub schema: TableSchema,
    /// Where the value of each column comes from, in the order of the columns.
    pub sources: Vec<EntitySource>,
    /// The column that holds the advertiser's id; `None` when elements do not tell.
    pub advertiser_column: Option<usize>,
    /// The advertisers that were asked for. An element of any other one is an error.
    pub advertiser_ids: Arc<BTreeSet<String>>,
}

/// Where the value of an entity's column comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntitySource {
    /// The names of the members that lead into the element, in Criteo's exact spelling. Absent is NULL.
    Path(Vec<String>),
    /// A fact of the call that brought the element, given with it.
    Stamp(Stamp),
    /// The same value on every row.
    Constant(String),
}

/// A whole listing.
#[derive(Debug, Clone)]
pub struct DecodedEntities {
    /// One row per element, in the order in which they came.
    pub batch: RecordBatch,
    /// Rows by advertiser; empty when there is no advertiser column.
    pub rows_by_advertiser: BTreeMap<String, u64>,
}

/// Reads a listing, element by element.
pub struct EntityDecoder<'a> {
    expectation: &'a EntityExpectation,
}

impl<'a> EntityDecoder<'a> {
    /// Prepares to read one listing.
    ///
    /// # Errors
    /// [`DecodeError::Expectation`] when the expectation contradicts itself.
    pub fn new(expectation: &'a EntityExpectation) -> Result<Self, DecodeError> {
        Ok(Self { expectation })
    }

    /// Reads one element, the JSON text of which is `element`, with the facts of the call that brought it.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn push_element(
        &mut self,
        _element: &str,
        _stamps: &[(Stamp, &str)],
    ) -> Result<(), DecodeError> {
        unimplemented!("{}", self.expectation.stream)
    }

    /// The rows so far.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn finish(self) -> Result<DecodedEntities, DecodeError> {
        unimplemented!()
    }
}
