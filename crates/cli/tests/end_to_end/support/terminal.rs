//! A person before a terminal: the command in a pseudo-terminal, what it writes, and the keys that are pressed.
//!
//! What is waited for has to come after what was waited for last, so that an old line is never taken for a new one. The
//! screen is a whole terminal's (`vt100`): what is asserted about it is what a person would see.

use std::io::{Read as _, Write};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const ENTER: &str = "\r";
pub(crate) const ESCAPE: &str = "\x1b";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";
/// Empties a line.
pub(crate) const CTRL_U: &str = "\x15";
pub(crate) const SPACE: &str = " ";
const DOWN: &str = "\x1b[B";

/// A running command in a terminal.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    seen: Arc<Mutex<Seen>>,
    /// How much of the text has been looked at.
    mark: usize,
    master: Box<dyn MasterPty + Send>,
    settings_at_start: String,
}

struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
    is_over: bool,
}

impl Terminal {
    /// Starts a command on a high terminal. Its environment is exactly what was set on it.
    pub(crate) fn start(command: &Command, columns: u16) -> Terminal {
        Terminal::start_on(command, columns, 60)
    }

    /// The same on a terminal of so many rows.
    pub(crate) fn start_on(command: &Command, columns: u16, rows: u16) -> Terminal {
        let size = PtySize {
            rows,
            cols: columns,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                builder.env(name, value);
            }
        }
        builder.env("TERM", "xterm-256color");
        builder.cwd(command.get_current_dir().unwrap_or(Path::new(".")));
        let settings_at_start = settings(&*pair.master);
        let child = pair.slave.spawn_command(builder).unwrap();
        drop(pair.slave);
        let seen = Arc::new(Mutex::new(Seen {
            screen: vt100::Parser::new(size.rows, size.cols, 0),
            bytes: Vec::new(),
            is_over: false,
        }));
        let mut output = pair.master.try_clone_reader().unwrap();
        std::thread::spawn({
            let seen = Arc::clone(&seen);
            move || {
                let mut buffer = [0; 4096];
                loop {
                    // The end of a terminal is an error on Linux.
                    let read = output.read(&mut buffer).unwrap_or(0);
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    if read == 0 {
                        seen.is_over = true;
                        return;
                    }
                    seen.screen.process(&buffer[..read]);
                    seen.bytes.extend_from_slice(&buffer[..read]);
                }
            }
        });
        Terminal {
            child,
            keyboard: pair.master.take_writer().unwrap(),
            seen,
            mark: 0,
            master: pair.master,
            settings_at_start,
        }
    }

    /// Everything that was written so far, as words with one blank between them, without colours and movements.
    pub(crate) fn text(&self) -> String {
        let bytes = self.bytes();
        let text = String::from_utf8_lossy(&bytes);
        let text = console::strip_ansi_codes(&text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Everything that was written so far, as it was.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.bytes.clone()
    }

    /// The lines of the screen.
    pub(crate) fn screen(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let screen = seen.screen.screen();
        screen.rows(0, screen.size().1).collect()
    }

    /// The lines of the screen that had to be broken by the terminal, because they were too long for it.
    pub(crate) fn broken_lines(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let screen = seen.screen.screen();
        let lines: Vec<String> = screen.rows(0, screen.size().1).collect();
        let is_broken = |row: &usize| screen.row_wrapped(u16::try_from(*row).unwrap());
        (0..lines.len())
            .filter(is_broken)
            .map(|row| lines[row].clone())
            .collect()
    }

    /// The lines of the screen in which the terminal broke a word, because the line was too long for it.
    pub(crate) fn words_cut(&self) -> Vec<String> {
        let lines = self.screen();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let screen = seen.screen.screen();
        let is_cut = |row: &usize| {
            let next = lines.get(row + 1).map_or("", String::as_str);
            let is_broken = screen.row_wrapped(u16::try_from(*row).unwrap());
            is_broken && !lines[*row].ends_with(' ') && !next.starts_with(' ')
        };
        (0..lines.len())
            .filter(is_cut)
            .map(|row| lines[row].clone())
            .collect()
    }

    /// How the terminal was set before the command began: echo, lines, signals.
    pub(crate) fn settings_at_start(&self) -> &str {
        &self.settings_at_start
    }

    /// How it is set now.
    pub(crate) fn settings_at_end(&self) -> String {
        settings(&*self.master)
    }

    /// Waits until these words are written, after those that were waited for last.
    #[track_caller]
    pub(crate) fn see(&mut self, words: &str) {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = self.wait(|terminal| {
            let text = terminal.text();
            let start = terminal.mark.min(text.len());
            let place = text.get(start..)?.find(&words)?;
            Some(start + place + words.len())
        });
        match found {
            Some(mark) => self.mark = mark,
            None => panic!(
                "{words:?} was not seen. The screen:\n{}\nAnd before, after the last that was seen: {:?}",
                self.screen().join("\n").trim_end(),
                self.text().get(self.mark..),
            ),
        }
    }

    /// Presses keys or types a text.
    pub(crate) fn press(&mut self, keys: &str) {
        // A program that has ended reads nothing, which is told by what it wrote.
        let _ = self.keyboard.write_all(keys.as_bytes());
        let _ = self.keyboard.flush();
    }

    /// Waits for a question, answers it with a text, and waits until the answer is taken.
    #[track_caller]
    pub(crate) fn answer(&mut self, question: &str, text: &str) {
        self.see(&format!("? {question}"));
        self.press(text);
        self.press(ENTER);
        self.see(&format!("> {question}"));
    }

    /// The same with an answer that is refused, for this reason.
    #[track_caller]
    pub(crate) fn answer_wrongly(&mut self, question: &str, text: &str, reason: &str) {
        self.see(&format!("? {question}"));
        self.press(text);
        self.press(ENTER);
        self.see(reason);
        self.press(CTRL_U);
    }

    /// Waits for a question with a list, and chooses the option that begins with these words.
    #[track_caller]
    pub(crate) fn choose(&mut self, question: &str, option: &str) {
        self.see(&format!("? {question}"));
        self.go_to(option);
        self.press(ENTER);
        self.see(&format!("> {question}"));
    }

    /// The lines of the screen below the question that waits; `None` where none does.
    pub(crate) fn below_question(&self) -> Option<Vec<String>> {
        let mut lines = self.screen();
        let question = lines.iter().rposition(|line| line.starts_with("? "))?;
        Some(lines.split_off(question + 1))
    }

    /// The options of the question that waits, as they stand there, with the help below them.
    #[track_caller]
    pub(crate) fn options(&mut self, question: &str) -> Vec<String> {
        self.see(&format!("? {question}"));
        self.see("Ctrl-C stops");
        let lines = self.below_question().unwrap();
        lines
            .iter()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    /// Moves down the list of the present question to the option that begins with these words.
    #[track_caller]
    pub(crate) fn go_to(&mut self, option: &str) {
        let begins = |line: &str, option: &str| {
            line.trim_start_matches(['>', ' ', '[', ']', 'x', '^', 'v', '❯'])
                .starts_with(option)
        };
        for _ in 0..40 {
            let is_there = |terminal: &Terminal| {
                let list = terminal.below_question()?;
                let cursor = list.iter().position(|line| line.starts_with("> "))?;
                let option = list.iter().position(|line| begins(line, option));
                // What is below the lines that are shown comes into sight on the way.
                Some(option.map_or(1, |option| option.abs_diff(cursor)))
            };
            match self.wait(is_there) {
                Some(0) => return,
                Some(_) => {
                    let before = self.screen();
                    self.press(DOWN);
                    self.wait(|terminal| (terminal.screen() != before).then_some(()));
                }
                None => break,
            }
        }
        panic!(
            "There is no option {option:?}:\n{}",
            self.screen().join("\n").trim_end()
        );
    }

    /// Waits until the command has ended, and gives its exit code.
    #[track_caller]
    pub(crate) fn end(&mut self) -> u32 {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.wait(|terminal| {
                    let seen = terminal.seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.is_over.then_some(())
                });
                return status.exit_code();
            }
            assert!(
                started.elapsed() < PATIENCE,
                "It does not end:\n{}",
                self.screen().join("\n").trim_end()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the command, as a machine that loses its power would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The number of the process.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    fn wait<T>(&self, look: impl Fn(&Terminal) -> Option<T>) -> Option<T> {
        let started = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return Some(found);
            }
            let is_over = {
                let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.is_over
            };
            if started.elapsed() > PATIENCE || is_over {
                return look(self);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[cfg(unix)]
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

#[cfg(not(unix))]
fn settings(_: &dyn MasterPty) -> String {
    String::new()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves nobody behind.
        let _ = self.child.kill();
    }
}
