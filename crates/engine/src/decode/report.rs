//! Reads the JSON answers of report endpoints.

use std::error::Error;
use std::marker::PhantomData;

use arrow_array::RecordBatch;

use super::{DecodeError, Decoded, Expectation};

/// Reads one answer of a report endpoint, chunk by chunk.
pub struct ReportDecoder<'a> {
    marker: PhantomData<&'a ()>,
}

impl<'a> ReportDecoder<'a> {
    /// Prepares to read one answer. `emit` receives the batches, in order; when it fails, so does the decoding.
    ///
    /// # Errors
    /// [`DecodeError::Expectation`] when the expectation contradicts itself.
    pub fn new<E>(
        _expectation: &'a Expectation,
        _emit: impl FnMut(RecordBatch) -> Result<(), E> + Send + 'a,
    ) -> Result<Self, DecodeError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        unimplemented!()
    }

    /// Reads on. After an error nothing else can be read.
    ///
    /// # Errors
    /// Whatever the bytes so far prove: see [`DecodeError`].
    pub fn push(&mut self, _bytes: &[u8]) -> Result<(), DecodeError> {
        unimplemented!()
    }

    /// Hands out the last batch and proves that the answer was whole.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn finish(self) -> Result<Decoded, DecodeError> {
        unimplemented!()
    }
}
