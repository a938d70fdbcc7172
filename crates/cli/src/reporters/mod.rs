//! How a run is shown while it goes on: bars on a terminal, lines in a log, JSON for programs.

mod bars;
mod json;
mod lines;
mod tally;
mod warnings;

use std::sync::{Mutex, MutexGuard, PoisonError};

use criteo_engine::event::{Event, Reporter};

use crate::printer::Printer;
use bars::Bars;
use json::Json;
use lines::Lines;
pub(crate) use warnings::Warnings;

/// An event in words for a log, a warning without the word "warning"; `None` for those that say nothing new.
pub(crate) fn words(event: &Event) -> Option<String> {
    match event {
        Event::Warning { .. } | Event::WindowQuarantined { .. } => lines::warning(event),
        _ => lines::line(event),
    }
}

/// A panic elsewhere while counting is no reason to stop showing progress.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One way to show a run, chosen by the global options.
pub(crate) enum Progress {
    /// On a terminal.
    Bars(Bars),
    /// In a log.
    Lines(Lines),
    /// For programs.
    Json(Json),
}

impl Progress {
    /// The way that `printer` asks for.
    pub(crate) fn new(printer: Printer) -> Progress {
        if printer.is_json() {
            Progress::Json(Json::new(printer))
        } else if printer.draws_bars() {
            Progress::Bars(Bars::new())
        } else {
            Progress::Lines(Lines::new(printer))
        }
    }

    /// The way that `printer` asks for, where standard output is for something else.
    pub(crate) fn on_stderr(printer: Printer) -> Progress {
        if printer.draws_bars() {
            Progress::Bars(Bars::new())
        } else {
            Progress::Lines(Lines::new(printer))
        }
    }

    /// A word to the person who watches, in between.
    pub(crate) fn say(&self, text: &str) {
        match self {
            Progress::Bars(bars) => bars.say(text),
            Progress::Lines(lines) => lines.say(text),
            Progress::Json(json) => json.say(text),
        }
    }

    /// Ends the show, however the run ended, so that results and errors have the screen to themselves.
    pub(crate) fn finish(&self) {
        if let Progress::Bars(bars) = self {
            bars.finish();
        }
    }
}

impl Reporter for Progress {
    fn on_event(&self, event: &Event) {
        match self {
            Progress::Bars(bars) => bars.on_event(event),
            Progress::Lines(lines) => lines.on_event(event),
            Progress::Json(json) => json.on_event(event),
        }
    }
}
