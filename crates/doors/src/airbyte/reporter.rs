//! The engine's events as messages: statuses, estimates and logs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use criteo_engine::event::{Event, Reporter, StreamSummary};
use tokio_util::sync::CancellationToken;

use super::messages::{self, StreamStatus};
use crate::destination::Platform;
use crate::narration::{Narrator, weight};
use crate::output::Output;

/// Tells a platform how a read goes on.
pub(super) struct AirbyteReporter {
    output: Arc<Output>,
    narrator: Narrator,
    stop: CancellationToken,
    platform: Arc<Platform>,
    streams: Mutex<BTreeMap<String, Seen>>,
}

#[derive(Default)]
struct Seen {
    /// The last one that was said.
    estimate: Option<u64>,
    is_finished: bool,
}

impl AirbyteReporter {
    /// `platform` is asked for checkpoints.
    pub(super) fn new(
        output: Arc<Output>,
        narrator: Narrator,
        stop: CancellationToken,
        platform: Arc<Platform>,
    ) -> Self {
        Self {
            output,
            narrator,
            stop,
            platform,
            streams: Mutex::default(),
        }
    }

    /// Says of every stream that has begun and not ended that it is incomplete.
    pub(super) fn give_up(&self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        for (stream, seen) in streams.iter_mut() {
            if !std::mem::replace(&mut seen.is_finished, true) {
                self.say(&messages::stream_status(stream, StreamStatus::Incomplete));
            }
        }
    }

    fn say(&self, message: &str) {
        self.output.say(message.as_bytes());
    }

    fn with_stream<T>(&self, stream: &str, change: impl FnOnce(&mut Seen) -> T) -> T {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        change(streams.entry(stream.to_owned()).or_default())
    }

    /// Says how many records this read has of the stream in the end: those that were delivered, deletions among them, and
    /// `left` rows that are still to come. Said when it has moved by a tenth.
    fn estimate(&self, stream: &str, left: u64) {
        let estimate = self.platform.delivered(stream).saturating_add(left);
        let said = self.with_stream(stream, |seen| seen.estimate);
        if said.is_none_or(|said| estimate.abs_diff(said).saturating_mul(10) > said) {
            self.say_estimate(stream, estimate);
        }
    }

    fn say_estimate(&self, stream: &str, estimate: u64) {
        let said = self.with_stream(stream, |seen| seen.estimate.replace(estimate));
        if said != Some(estimate) {
            self.say(&messages::estimate(stream, estimate));
        }
    }

    fn finished(&self, summary: &StreamSummary) {
        let stream = &summary.stream;
        // What was estimated is known now.
        self.say_estimate(stream, self.platform.delivered(stream));
        let is_complete =
            summary.failure.is_none() && summary.quarantined == 0 && !self.stop.is_cancelled();
        if is_complete {
            self.platform.complete(stream);
        } else {
            self.platform.say_checkpoint(stream);
        }
        self.with_stream(stream, |seen| seen.is_finished = true);
        let status = if is_complete {
            StreamStatus::Complete
        } else {
            StreamStatus::Incomplete
        };
        self.say(&messages::stream_status(stream, status));
    }
}

impl Reporter for AirbyteReporter {
    fn on_event(&self, event: &Event) {
        match event {
            Event::RunStarted { streams, .. } => {
                for stream in streams {
                    self.with_stream(stream, |_| ());
                    self.say(&messages::stream_status(stream, StreamStatus::Started));
                }
            }
            Event::StreamPlanned {
                stream,
                rows: Some(left),
                ..
            }
            | Event::WindowLoaded {
                stream,
                rows_left: Some(left),
                ..
            } => self.estimate(stream, *left),
            Event::StreamFinished(summary) => self.finished(summary),
            _ => {}
        }
        if let Some(text) = (self.narrator)(event) {
            self.say(&messages::log(weight(event), &text));
        }
    }
}
