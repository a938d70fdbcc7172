//! Who reads a body as it arrives.

use bytes::{Bytes, BytesMut};

/// A reader of one response body, fed piece by piece as bytes arrive, already decompressed.
///
/// One call may take several attempts: [`begin`](Self::begin) is called at the start of each body,
/// and must forget whatever an earlier, broken one left behind. [`finish`](Self::finish) is called
/// once, after the last byte of a body that came whole as far as HTTP can tell. The methods are
/// synchronous and run on the task of the call, so a piece should be worked off in milliseconds.
pub trait BodySink: Send {
    /// What the body becomes.
    type Output;

    /// A body begins: start from nothing.
    fn begin(&mut self);

    /// The next piece. Pieces are cut anywhere, also inside a character.
    ///
    /// # Errors
    /// A [`SinkError`] ends this attempt at once.
    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkError>;

    /// The body is complete.
    ///
    /// # Errors
    /// A [`SinkError`] when what came is not a whole body after all.
    fn finish(&mut self) -> Result<Self::Output, SinkError>;
}

/// A sink could not go on.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct SinkError {
    /// True when the body looked damaged and a repeated call may bring a good one; false when
    /// asking again is pointless, which ends the call with [`Error::Sink`](crate::Error::Sink).
    pub retry: bool,
    /// What is wrong, for the caller to get back.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl SinkError {
    /// The body looks damaged; ask again.
    pub fn damaged(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            retry: true,
            source: source.into(),
        }
    }

    /// Asking again would not help.
    pub fn fatal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            retry: false,
            source: source.into(),
        }
    }
}

/// Keeps a body in memory. [`ClientOptions::max_body_bytes`](crate::ClientOptions::max_body_bytes)
/// bounds it.
#[derive(Debug, Default)]
pub struct MemorySink {
    body: BytesMut,
}

impl BodySink for MemorySink {
    type Output = Bytes;

    fn begin(&mut self) {
        self.body.clear();
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.body.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self) -> Result<Bytes, SinkError> {
        Ok(std::mem::take(&mut self.body).freeze())
    }
}
