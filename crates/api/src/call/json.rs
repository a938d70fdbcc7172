//! A sink for JSON that stays in memory.

use bytes::Bytes;

use crate::{BodySink, MemorySink, SinkError, envelope::Tidings, error::gist};

/// Keeps a body, makes sure that it is whole JSON, and takes out what Criteo wants known.
#[derive(Debug, Default)]
pub(crate) struct JsonSink {
    memory: MemorySink,
}

/// A body that should be JSON is not.
#[derive(Debug, thiserror::Error)]
#[error("it is not JSON ({problem}){}", quoted(beginning.as_deref()))]
pub(crate) struct MalformedJson {
    problem: String,
    /// Shown for what is no JSON at all, an error page above all; data is not repeated.
    beginning: Option<String>,
}

impl BodySink for JsonSink {
    type Output = (Bytes, Tidings);

    fn begin(&mut self) {
        self.memory.begin();
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.memory.chunk(bytes)
    }

    fn finish(&mut self) -> Result<Self::Output, SinkError> {
        let body = self.memory.finish()?;
        match serde_json::from_slice(&body) {
            Ok(tidings) => Ok((body, tidings)),
            Err(problem) => {
                let is_page = body.trim_ascii_start().starts_with(b"<");
                let beginning = is_page.then(|| gist(&String::from_utf8_lossy(&body)));
                Err(SinkError::damaged(MalformedJson {
                    problem: problem.to_string(),
                    beginning: beginning.flatten(),
                }))
            }
        }
    }
}

fn quoted(beginning: Option<&str>) -> String {
    beginning.map_or_else(String::new, |text| format!(": it begins with {text:?}"))
}
