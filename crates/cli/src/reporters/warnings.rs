//! Warnings, for commands that print a result and no progress.

use criteo_engine::event::{Event, Reporter};

use super::lines::{self, Lines};
use crate::printer::Printer;

/// Writes warnings to stderr, and where it is wanted what is waited for, and drops everything else.
pub(crate) struct Warnings {
    printer: Printer,
    waits: Option<Lines>,
}

impl Warnings {
    /// Warnings in the way that `printer` writes them.
    pub(crate) fn new(printer: Printer) -> Warnings {
        Warnings {
            printer,
            waits: None,
        }
    }

    /// The same with a line for every call that is tried again or waits long for its quota: whoever sees nothing for half
    /// a minute wonders what is going on. Not for where keys are being watched.
    pub(crate) fn and_waits(printer: Printer) -> Warnings {
        Warnings {
            printer,
            waits: Some(Lines::new(printer)),
        }
    }
}

impl Reporter for Warnings {
    fn on_event(&self, event: &Event) {
        match (event, &self.waits) {
            (Event::Warning { .. }, _) => {
                if let Some(warning) = lines::warning(event) {
                    self.printer.warning(&warning);
                }
            }
            (Event::Retry { .. } | Event::RateLimitWait { .. }, Some(waits)) => {
                waits.on_event(event);
            }
            _ => {}
        }
    }
}
