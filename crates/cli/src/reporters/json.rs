//! A run for programs: one JSON object per line on stdout.

use std::sync::atomic::{AtomicBool, Ordering};

use criteo_engine::event::Event;

use crate::printer::Printer;

/// Writes every event as a line of JSON.
pub(crate) struct Json {
    printer: Printer,
    reader_left: AtomicBool,
}

impl Json {
    pub(super) fn new(printer: Printer) -> Json {
        Json {
            printer,
            reader_left: AtomicBool::new(false),
        }
    }

    pub(super) fn say(&self, text: &str) {
        self.printer.note(text);
    }

    /// A reader that goes away does not stop the load: the tables matter more than the story of how they were
    /// filled, and the exit code still tells how it went.
    pub(super) fn on_event(&self, event: &Event) {
        if self.reader_left.load(Ordering::Relaxed) {
            return;
        }
        let Ok(line) = serde_json::to_string(event) else {
            return;
        };
        if self.printer.data(line).is_err() {
            self.reader_left.store(true, Ordering::Relaxed);
        }
    }
}
