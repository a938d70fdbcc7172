//! Reads the elements of entity listings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::RecordBatch;
use serde_json::value::RawValue;

use super::DecodeError;
use super::batches::BatchWriter;
use super::error::shown;
use super::members::{Members, Repeated};
use super::rules::{Origin, Rules};
use super::value::Raw;
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
///
/// A member that is absent or null is NULL, because Criteo leaves out what an element does not have; a member of
/// another kind than its column is an error. Members that no column asks for are ignored.
#[derive(Debug)]
pub struct EntityDecoder<'a> {
    expectation: &'a EntityExpectation,
    paths: PathTree,
    writer: BatchWriter<'a>,
    elements: u64,
}

/// The paths of all columns, so that each object of an element is read once.
#[derive(Debug, Default)]
struct PathTree {
    /// The columns whose path ends here.
    columns: Vec<usize>,
    members: BTreeMap<String, PathTree>,
}

/// What is wrong with an element, and the path to it.
enum ElementFlaw<'j> {
    Repeated(String),
    NoObject(String, Raw<'j>),
}

impl<'a> EntityDecoder<'a> {
    /// Prepares to read one listing.
    ///
    /// # Errors
    /// [`DecodeError::Expectation`] when the expectation contradicts itself.
    pub fn new(expectation: &'a EntityExpectation) -> Result<Self, DecodeError> {
        let mut paths = PathTree::default();
        let mut origins = Vec::with_capacity(expectation.sources.len());
        for (index, source) in expectation.sources.iter().enumerate() {
            origins.push(match source {
                EntitySource::Path(path) => {
                    let leaf = path.iter().fold(&mut paths, |tree, name| {
                        tree.members.entry(name.clone()).or_default()
                    });
                    leaf.columns.push(index);
                    Origin::Slot(index, path.join(".").into())
                }
                EntitySource::Stamp(stamp) => Origin::Slot(index, format!("{stamp:?}").into()),
                EntitySource::Constant(text) => Origin::Constant(text),
            });
        }
        let writer = BatchWriter::new(Rules {
            stream: &expectation.stream,
            window: "its listing",
            schema: &expectation.schema,
            origins,
            advertiser_column: expectation.advertiser_column,
            advertiser_ids: &expectation.advertiser_ids,
            day_column: None,
            days: None,
            expected_values: &[],
            distinct: false,
            additive: &[],
            batch_rows: usize::MAX,
        })?;
        Ok(Self {
            expectation,
            paths,
            writer,
            elements: 0,
        })
    }

    /// Reads one element, the JSON text of which is `element`, with the facts of the call that brought it.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] when it is not JSON, [`DecodeError::UnknownShape`] when it is no object or has a
    /// member twice, [`DecodeError::Value`] when a value is not of its column's type, and
    /// [`DecodeError::ForeignAdvertiser`].
    pub fn push_element(
        &mut self,
        element: &str,
        stamps: &[(Stamp, &str)],
    ) -> Result<(), DecodeError> {
        self.elements += 1;
        self.read_element(element, stamps)
            .map_err(|error| error.in_element(identity(element)))
    }

    /// The rows so far.
    ///
    /// # Errors
    /// [`DecodeError::Expectation`] when the columns do not make a batch.
    pub fn finish(self) -> Result<DecodedEntities, DecodeError> {
        let schema = self.expectation.schema.arrow_schema();
        let (batch, tally) = self.writer.finish()?;
        Ok(DecodedEntities {
            batch: batch.unwrap_or_else(|| RecordBatch::new_empty(schema)),
            rows_by_advertiser: tally.rows_by_advertiser,
        })
    }

    fn read_element(&mut self, element: &str, stamps: &[(Stamp, &str)]) -> Result<(), DecodeError> {
        let place = |field: Option<&str>| self.writer.place(Some(self.elements), field);
        let element: &RawValue = serde_json::from_str(element).map_err(|error| {
            let reason = format!("the element is not JSON ({error}): {}", shown(element));
            DecodeError::Damaged {
                at: place(None),
                reason,
            }
        })?;
        let mut values = vec![Raw::Null; self.expectation.sources.len()];
        self.paths
            .read(element, "", &mut values)
            .map_err(|flaw| match flaw {
                ElementFlaw::Repeated(path) => DecodeError::UnknownShape {
                    at: place(Some(&path)),
                    found: "the element has this member twice".to_owned(),
                },
                ElementFlaw::NoObject(path, found) if path.is_empty() => {
                    DecodeError::UnknownShape {
                        at: place(None),
                        found: format!("{} stands where an element should", found.shown()),
                    }
                }
                ElementFlaw::NoObject(path, found) => DecodeError::Value {
                    at: place(Some(&path)),
                    value: found.shown(),
                    reason: "stands where an object was expected".to_owned(),
                },
            })?;
        for (value, source) in values.iter_mut().zip(&self.expectation.sources) {
            if let EntitySource::Stamp(wanted) = source {
                let stamp = stamps.iter().find(|(stamp, _)| stamp == wanted);
                let (_, text) = stamp.ok_or_else(|| DecodeError::Expectation {
                    at: place(Some(&format!("{wanted:?}"))),
                    reason: "the element came without this stamp".to_owned(),
                })?;
                *value = Raw::Text(text);
            }
        }
        // A listing is one batch, so none is full before the end.
        self.writer
            .append(self.elements, |slot| values[slot])
            .map(drop)
    }
}

impl PathTree {
    /// Puts the values that the paths lead to from `json` into the places of their columns.
    fn read<'j>(
        &self,
        json: &'j RawValue,
        path: &str,
        values: &mut [Raw<'j>],
    ) -> Result<(), ElementFlaw<'j>> {
        let found = Raw::of_json(json);
        for column in &self.columns {
            values[*column] = found;
        }
        // Null on the way is null at its end, but an element is never null.
        if self.members.is_empty() || (found == Raw::Null && !path.is_empty()) {
            return Ok(());
        }
        let Some(members) = Members::of(json.get()) else {
            return Err(ElementFlaw::NoObject(path.to_owned(), found));
        };
        for (name, tree) in &self.members {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            match members.exact(name) {
                Ok(Some(value)) => tree.read(value, &path, values)?,
                Ok(None) => {}
                Err(Repeated(_)) => return Err(ElementFlaw::Repeated(path)),
            }
        }
        Ok(())
    }
}

/// The id of an element, if it has one, for errors.
fn identity(element: &str) -> Option<String> {
    let id = Members::of(element)?.exact("id").ok()??;
    match Raw::of_json(id).text() {
        Ok(Some(id)) => Some(shown(&id)),
        _ => None,
    }
}
