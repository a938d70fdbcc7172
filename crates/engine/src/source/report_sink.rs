//! From the bytes of a report to a Parquet file, while they arrive.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use criteo_api::{BodySink, SinkError};

use super::WindowRead;
use crate::decode::{DecodeError, Decoded, Expectation, ReportDecoder};
use crate::error::EngineError;
use crate::spool::PartWriter;

/// Decodes one body into one file of the spool; an attempt that breaks off starts both anew.
pub(super) struct ReportSink<'a> {
    window: WindowRead<'a>,
    expectation: &'a Expectation,
    number: usize,
    attempt: Option<ReportDecoder<'a>>,
    part: Arc<Mutex<Option<PartWriter>>>,
    failure: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl<'a> ReportSink<'a> {
    /// Decodes into the spool file `number` of the window.
    pub(super) fn new(window: WindowRead<'a>, expectation: &'a Expectation, number: usize) -> Self {
        Self {
            window,
            expectation,
            number,
            attempt: None,
            part: Arc::default(),
            failure: None,
        }
    }

    fn start(&self) -> Result<ReportDecoder<'a>, Box<dyn std::error::Error + Send + Sync>> {
        let WindowRead {
            source, window_id, ..
        } = self.window;
        let part = source
            .spool
            .part(window_id, self.number, &self.expectation.schema)?;
        *self.part.lock().unwrap_or_else(PoisonError::into_inner) = Some(part);
        let part = Arc::clone(&self.part);
        let decoder =
            ReportDecoder::new(self.expectation, move |batch| -> Result<(), EngineError> {
                match part.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                    Some(part) => part.write(&batch),
                    None => Ok(()),
                }
            })?;
        Ok(decoder)
    }
}

impl BodySink for ReportSink<'_> {
    type Output = (Decoded, Option<PathBuf>);

    fn begin(&mut self) {
        self.attempt = None;
        self.failure = None;
        // Before the next one is created: both write to the same temporary file, and this one removes it.
        *self.part.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match self.start() {
            Ok(decoder) => self.attempt = Some(decoder),
            Err(error) => self.failure = Some(error),
        }
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        if let Some(failure) = self.failure.take() {
            return Err(SinkError::fatal(failure));
        }
        match &mut self.attempt {
            Some(decoder) => decoder.push(bytes).map_err(sink_error),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<Self::Output, SinkError> {
        if let Some(failure) = self.failure.take() {
            return Err(SinkError::fatal(failure));
        }
        let decoded = match self.attempt.take() {
            Some(decoder) => decoder.finish().map_err(sink_error)?,
            None => Decoded::default(),
        };
        let part = self
            .part
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let file = match part {
            Some(part) => part.finish().map_err(SinkError::fatal)?,
            None => None,
        };
        Ok((decoded, file))
    }
}

/// A damaged body is worth asking for again at once; anything else is for the run to decide.
fn sink_error(error: DecodeError) -> SinkError {
    if error.is_damaged() {
        SinkError::damaged(error)
    } else {
        SinkError::fatal(error)
    }
}
