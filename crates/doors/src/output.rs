//! The one pipe that messages go through: whole lines, in order, and never two at a time.
//!
//! A window is written while the pipe is held, so that its records stand together and its checkpoint behind them. What
//! is to be said meanwhile waits, because a platform that reads slowly must not hold up the engine's events.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where messages go.
pub struct Output {
    pipe: Mutex<Box<dyn Write + Send>>,
    /// Lines that wait for the pipe.
    waiting: Mutex<Vec<u8>>,
    /// Whether whoever read the pipe has closed it.
    is_closed: AtomicBool,
}

/// The pipe, held by one writer.
pub(crate) struct Held<'output> {
    output: &'output Output,
    pipe: MutexGuard<'output, Box<dyn Write + Send>>,
}

impl Output {
    /// Messages go to `pipe`, which need not be buffered.
    pub fn new(pipe: impl Write + Send + 'static) -> Self {
        Self {
            pipe: Mutex::new(Box::new(pipe)),
            waiting: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Says a line, now or as soon as the pipe is free. Does not wait for a window that is being written.
    pub fn say(&self, line: &[u8]) {
        {
            let mut waiting = self.waiting();
            waiting.extend_from_slice(line);
            waiting.push(b'\n');
        }
        self.drain();
    }

    /// Says what waits and hands everything to the system.
    ///
    /// # Errors
    /// When nobody reads any more, or the pipe fails.
    pub fn finish(&self) -> io::Result<()> {
        self.hold()?.flush()
    }

    /// Whether whoever read the messages has closed the pipe.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Waits for the pipe, says what waits, and keeps others from writing until the end.
    pub(crate) fn hold(&self) -> io::Result<Held<'_>> {
        let mut held = Held {
            output: self,
            pipe: self.pipe.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let waiting = std::mem::take(&mut *self.waiting());
        held.write(&waiting)?;
        Ok(held)
    }

    /// Says what waits, unless somebody holds the pipe, who does it then.
    fn drain(&self) {
        loop {
            let Ok(pipe) = self.pipe.try_lock() else {
                return;
            };
            let mut held = Held { output: self, pipe };
            let waiting = std::mem::take(&mut *self.waiting());
            // A closed pipe is noted, and ends the run at its next window.
            let is_said = held.write(&waiting).and_then(|()| held.flush());
            drop(held);
            // A line may have come while the pipe was held, and its sender gone away.
            if is_said.is_err() || self.waiting().is_empty() {
                return;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// Writes whole lines.
    pub(crate) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let written = self.pipe.write_all(lines);
        self.noted(written)
    }

    /// Hands what was written to the system.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let flushed = self.pipe.flush();
        self.noted(flushed)
    }

    /// Lets the pipe go, and says what came meanwhile.
    pub(crate) fn release(self) {
        let output = self.output;
        drop(self);
        output.drain();
    }

    fn noted(&self, result: io::Result<()>) -> io::Result<()> {
        if result.is_err() {
            self.output.is_closed.store(true, Ordering::Relaxed);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_said_while_a_window_is_written_follows_it() {
        let shared = Shared::default();
        let output = Output::new(shared.clone());
        output.say(b"before");
        let mut window = output.hold().unwrap();
        window.write(b"record\n").unwrap();
        output.say(b"meanwhile");
        window.write(b"state\n").unwrap();
        window.release();
        let text = String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "before\nrecord\nstate\nmeanwhile\n");
    }
}
