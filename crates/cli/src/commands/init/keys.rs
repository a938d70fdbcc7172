//! The keyboard while something else goes on: a wait that can be cut short, gone back from, or left.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use console::{Term, measure_text_width, truncate_str};
use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::ask::Detour;

/// How long a key may go unnoticed.
const LOOK: Duration = Duration::from_millis(100);

/// What is pasted comes in one go. When nothing has come for so long, a person has pressed the key.
const PASTE_PAUSE: Duration = Duration::from_millis(200);

/// What a person wants while something goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pressed {
    /// Enter: at once.
    Now,
    /// Esc: the step before.
    Back,
    /// Ctrl-C.
    Stop,
}

/// Watches the keyboard until it is dropped, and shows one line that changes. Meanwhile nothing else may be asked.
pub(super) struct Keys {
    /// What is pressed.
    pub(super) pressed: Presses,
    /// How things stand.
    pub(super) line: StatusLine,
    over: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

/// Keys as they are pressed.
pub(super) struct Presses(UnboundedReceiver<Pressed>);

/// One line that is replaced by the next one; or, for logs and screen readers, lines that are printed once each.
pub(super) struct StatusLine {
    replaces: bool,
    last: RefCell<String>,
}

impl Keys {
    /// Begins to watch. With `replaces`, lines take each other's place.
    pub(super) fn watch(replaces: bool) -> io::Result<Keys> {
        enable_raw_mode()?;
        let (sender, pressed) = unbounded_channel();
        let over = Arc::new(AtomicBool::new(false));
        let watcher = std::thread::spawn({
            let over = Arc::clone(&over);
            move || listen(&sender, &over)
        });
        Ok(Keys {
            pressed: Presses(pressed),
            line: StatusLine {
                replaces,
                last: RefCell::default(),
            },
            over,
            watcher: Some(watcher),
        })
    }
}

impl Presses {
    /// The next key that means something here.
    pub(super) async fn next(&mut self) -> Pressed {
        match self.0.recv().await {
            Some(pressed) => pressed,
            // The keyboard is gone, so nobody will press anything.
            None => std::future::pending().await,
        }
    }

    /// Ends when the person wants to leave.
    pub(super) async fn left(&mut self) -> Detour {
        loop {
            match self.next().await {
                Pressed::Now => {}
                Pressed::Back => return Detour::Back,
                Pressed::Stop => return Detour::Stop,
            }
        }
    }
}

impl StatusLine {
    /// Shows how things stand. `ticking` is the part that changes all the time; where lines do not replace each other
    /// it is left out.
    pub(super) fn set(&self, text: &str, ticking: &str) {
        self.set_with_room(text, ticking, "");
    }

    /// The same with `more` behind it, which ticks, too, where the line has room for all of it.
    pub(super) fn set_with_room(&self, text: &str, ticking: &str, more: &str) {
        let mut stderr = io::stderr().lock();
        let mut last = self.last.borrow_mut();
        if self.replaces {
            let width = Term::stderr()
                .size_checked()
                .map_or(80, |(_, columns)| columns);
            let room = usize::from(width).saturating_sub(1);
            let line = fitted(&format!("{text}{ticking}"), more, room);
            let _ = write!(stderr, "\r\x1b[2K{line}");
        } else if *last != text {
            // In raw mode, a line feed alone does not return to the first column.
            let _ = write!(stderr, "{text}\r\n");
        }
        text.clone_into(&mut last);
        let _ = stderr.flush();
    }

    fn clear(&self) {
        if self.replaces && !self.last.borrow().is_empty() {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}

/// A line in `room` columns: with `more` where all of that fits, and else as much as fits of the line alone.
fn fitted(line: &str, more: &str, room: usize) -> String {
    if measure_text_width(line) + measure_text_width(more) <= room {
        format!("{line}{more}")
    } else {
        truncate_str(line, room, "").into_owned()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.line.clear();
        self.over.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
        let _ = disable_raw_mode();
    }
}

fn listen(sender: &UnboundedSender<Pressed>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        match event::poll(LOOK) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => return,
        }
        let Ok(Event::Key(key)) = event::read() else {
            continue;
        };
        let pressed = match key.code {
            _ if key.kind != KeyEventKind::Press => continue,
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                Pressed::Stop
            }
            KeyCode::Esc => Pressed::Back,
            KeyCode::Enter => Pressed::Now,
            _ => continue,
        };
        if sender.send(pressed).is_err() {
            return;
        }
    }
}

/// What came of a paste.
pub(super) enum Pasted {
    /// The text.
    Text(String),
    /// Esc.
    Back,
    /// Ctrl-C.
    Stop,
}

/// Takes a text of several lines without showing it. It ends with an empty line, or with Ctrl-D: at once when `is_whole`
/// says so, and otherwise when nothing follows it, since a text that is pasted may have empty lines of its own. `on_line`
/// is told how many lines there are.
pub(super) fn paste(
    is_whole: impl Fn(&str) -> bool,
    on_line: impl Fn(usize),
) -> io::Result<Pasted> {
    let _raw = Raw::begin()?;
    let mut text = String::new();
    loop {
        match event::read()? {
            Event::Paste(pasted) => {
                text.push_str(&pasted.replace('\r', "\n"));
                on_line(text.lines().count());
            }
            Event::Key(key) if key.kind == KeyEventKind::Press => match key.code {
                KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    return Ok(Pasted::Stop);
                }
                KeyCode::Char('d') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    return Ok(Pasted::Text(text));
                }
                // In raw mode a line feed arrives as Ctrl-J.
                KeyCode::Char('j') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    text.push('\n');
                    on_line(text.lines().count());
                }
                KeyCode::Esc => return Ok(Pasted::Back),
                KeyCode::Enter => {
                    let is_empty_line = text.is_empty() || text.ends_with('\n');
                    if is_empty_line && (is_whole(&text) || !event::poll(PASTE_PAUSE)?) {
                        return Ok(Pasted::Text(text));
                    }
                    text.push('\n');
                    on_line(text.lines().count());
                }
                KeyCode::Tab => text.push('\t'),
                KeyCode::Backspace => {
                    text.pop();
                }
                KeyCode::Char(character) => text.push(character),
                _ => {}
            },
            _ => {}
        }
    }
}

/// Says how much of a paste has come, in place of what was said before.
pub(super) fn show_received(lines: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[2K{lines} received");
    let _ = stderr.flush();
}

/// Raw mode with bracketed paste, until it is dropped.
pub(super) struct Raw;

impl Raw {
    pub(super) fn begin() -> io::Result<Raw> {
        enable_raw_mode()?;
        let raw = Raw;
        execute!(io::stderr(), event::EnableBracketedPaste)?;
        Ok(raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Brings the terminal back as it was, wherever a question or a wait was left.
pub(super) fn restore() {
    let _ = execute!(io::stderr(), event::DisableBracketedPaste, cursor::Show);
    let _ = disable_raw_mode();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_left_out_is_left_out_whole() {
        assert_eq!(fitted("wait", ", 3 min more", 16), "wait, 3 min more");
        assert_eq!(fitted("wait", ", 3 min more", 15), "wait");
        assert_eq!(fitted("wait", ", 3 min more", 3), "wai");
        assert_eq!(fitted("wait", "", 4), "wait");
    }
}
