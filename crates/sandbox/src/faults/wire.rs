//! Faults in the bytes of an answer: damaged, cut, dribbled, or ended by a reset.

use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue};

use crate::server::transport::Line;

use super::rule::{Fault, Framing};

/// Time for the server to send what it has before the connection ends, so that the client sees a part of the body.
const TIME_TO_SEND: Duration = Duration::from_millis(30);

/// Whether the fault acts on the bytes of an answer, which therefore must be rendered whole.
pub(crate) fn acts_on_bytes(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::BrokenJson
            | Fault::EmptyBody
            | Fault::CutBody { .. }
            | Fault::SlowBody { .. }
            | Fault::Reset {
                after_bytes: Some(_)
            }
    )
}

/// What the fault does to the text, before it is compressed.
pub(crate) fn damage(fault: &Fault, text: &mut Vec<u8>) {
    match fault {
        Fault::BrokenJson => {
            // Inside a key or a value the damage could be valid text, so it sits after the outermost opening
            // character and in the middle: neither a whole parse nor a streaming one can miss both.
            let middle = text.len() / 2;
            text.splice(middle..middle, *b"\"}<<\x00{");
            text.truncate(text.len().saturating_sub(1));
        }
        Fault::EmptyBody => text.clear(),
        Fault::CutBody {
            after_bytes,
            framing: Framing::Clean,
        } => text.truncate(cut_at(*after_bytes, text.len())),
        _ => {}
    }
}

/// The body that the first of the faults that act on transport makes of the bytes; all of them, when there is none.
pub(crate) fn body(faults: &[Fault], bytes: Vec<u8>, headers: &mut HeaderMap, line: &Line) -> Body {
    let bytes = Bytes::from(bytes);
    for fault in faults {
        match fault {
            Fault::CutBody {
                after_bytes,
                framing: framing @ (Framing::ContentLength | Framing::Chunked),
            } => {
                if *framing == Framing::ContentLength {
                    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                }
                let sent = bytes.slice(..cut_at(*after_bytes, bytes.len()));
                return ending_early(sent, None);
            }
            Fault::Reset {
                after_bytes: Some(after),
            } => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                let sent = bytes.slice(..cut_at(Some(*after), bytes.len()));
                return ending_early(sent, Some(line.clone()));
            }
            Fault::SlowBody { chunk_bytes, pause } => {
                return dribbling(&bytes, *chunk_bytes, *pause);
            }
            _ => {}
        }
    }
    Body::from(bytes)
}

/// Where to cut: at least one byte is always missing.
fn cut_at(after_bytes: Option<usize>, length: usize) -> usize {
    after_bytes
        .unwrap_or(length / 2)
        .min(length.saturating_sub(1))
}

/// Sends a part and then ends the connection: with a reset when a line is given, else by closing it.
fn ending_early(part: Bytes, reset: Option<Line>) -> Body {
    let end = async move {
        tokio::time::sleep(TIME_TO_SEND).await;
        if let Some(line) = reset {
            line.reset();
        }
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    };
    let sent = stream::iter([Ok::<_, io::Error>(part)]);
    Body::from_stream(sent.chain(stream::once(end)))
}

fn dribbling(bytes: &Bytes, chunk_bytes: usize, pause: Duration) -> Body {
    let pieces: Vec<Bytes> = (0..bytes.len())
        .step_by(chunk_bytes)
        .map(|start| bytes.slice(start..bytes.len().min(start + chunk_bytes)))
        .collect();
    let pieces = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, io::Error>(piece)
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_json_cannot_be_parsed_wherever_the_middle_lies() {
        for text in [
            "{}".to_owned(),
            "[]".to_owned(),
            r#"{"data":[],"errors":[]}"#.to_owned(),
            format!(r#"{{"key":"{}"}}"#, "long text ".repeat(50)),
        ] {
            let mut bytes = text.into_bytes();
            damage(&Fault::BrokenJson, &mut bytes);
            assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_err());
        }
    }

    #[test]
    fn a_cut_always_takes_something() {
        assert_eq!(cut_at(None, 10), 5);
        assert_eq!(cut_at(Some(100), 10), 9);
        assert_eq!(cut_at(Some(0), 10), 0);
        assert_eq!(cut_at(None, 0), 0);
    }
}
