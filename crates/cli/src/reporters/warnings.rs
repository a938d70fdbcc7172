//! Warnings alone, for commands that print a result and no progress.

use criteo_engine::event::{Event, Reporter};

use super::lines;
use crate::printer::Printer;

/// Writes warnings to stderr and drops everything else.
pub(crate) struct Warnings {
    printer: Printer,
}

impl Warnings {
    /// Warnings in the way that `printer` writes them.
    pub(crate) fn new(printer: Printer) -> Warnings {
        Warnings { printer }
    }
}

impl Reporter for Warnings {
    fn on_event(&self, event: &Event) {
        if matches!(event, Event::Warning { .. }) {
            self.printer.warning(&lines::warning(event));
        }
    }
}
