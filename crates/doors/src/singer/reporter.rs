//! The engine's events as messages: only the end of a stream is one. Everything else is for whoever watches.

use std::sync::Arc;

use criteo_engine::event::{Event, Reporter};
use tokio_util::sync::CancellationToken;

use crate::destination::Platform;

/// Ends streams, and tells a watcher the rest.
pub(super) struct SingerReporter {
    pub(super) platform: Arc<Platform>,
    pub(super) watcher: Arc<dyn Reporter>,
    pub(super) stop: CancellationToken,
}

impl Reporter for SingerReporter {
    fn on_event(&self, event: &Event) {
        if let Event::StreamFinished(summary) = event {
            let is_complete =
                summary.failure.is_none() && summary.quarantined == 0 && !self.stop.is_cancelled();
            if is_complete {
                self.platform.complete(&summary.stream);
            } else {
                self.platform.say_checkpoint(&summary.stream);
            }
        }
        self.watcher.on_event(event);
    }
}
