//! A line of text while it is typed: the keys that everybody's fingers know from the shell, and how it is drawn.
//!
//! `inquire` types a "u" where Ctrl-U is pressed, also into a secret that nobody sees, so questions for a text are drawn
//! here; its lists are used as they are.

use std::io::{self, Write as _};

use console::measure_text_width;
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal::{self, Clear, ClearType};
use crossterm::{cursor, queue};

use super::keys::Raw;

/// A text and the place in it where the next character goes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Line {
    characters: Vec<char>,
    cursor: usize,
}

/// What a key means beyond the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Enter.
    Done,
    /// Esc.
    Back,
    /// Ctrl-C, or Ctrl-D on an empty line.
    Stop,
    /// The line may look different now.
    Edited,
}

/// How a question for a text ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Enter.
    Text(String),
    /// Esc.
    Back,
    /// Ctrl-C.
    Stop,
}

/// What stands around a line while it is typed.
pub(super) struct Frame<'text> {
    /// Why a text cannot be taken, as lines that are shown above it until another one is; the text stays, to be mended.
    pub(super) refuse: &'text dyn Fn(&str) -> Option<Vec<String>>,
    /// Before it, on the same line.
    pub(super) prompt: &'text str,
    /// Below it.
    pub(super) below: &'text [String],
    /// Whether it is not shown.
    pub(super) is_secret: bool,
    /// What is left of it when it was answered, given the text.
    pub(super) answered: &'text dyn Fn(&str) -> String,
    /// What is left of it when it was left.
    pub(super) left: &'text str,
}

impl Line {
    fn text(&self) -> String {
        self.characters.iter().collect()
    }

    fn insert(&mut self, character: char) {
        self.characters.insert(self.cursor, character);
        self.cursor += 1;
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.characters.drain(from..to);
        self.cursor = from;
    }

    /// The beginning of the word before the cursor. With `by_blanks` a word is what stands between blanks, as Ctrl-W has
    /// it; otherwise punctuation parts words, too, so that a path can be taken back folder by folder.
    fn word_start(&self, by_blanks: bool) -> usize {
        let is_part = |character: char| match by_blanks {
            true => !character.is_whitespace(),
            false => character.is_alphanumeric(),
        };
        let before = &self.characters[..self.cursor];
        let words = before.iter().rposition(|one| is_part(*one));
        let end = words.map_or(0, |last| last + 1);
        let gap = before[..end].iter().rposition(|one| !is_part(*one));
        gap.map_or(0, |gap| gap + 1)
    }

    /// The end of the word behind the cursor.
    fn word_end(&self) -> usize {
        let behind = &self.characters[self.cursor..];
        let start = behind.iter().position(|one| one.is_alphanumeric());
        let Some(start) = start else {
            return self.characters.len();
        };
        let end = behind[start..]
            .iter()
            .position(|one| !one.is_alphanumeric());
        end.map_or(self.characters.len(), |end| self.cursor + start + end)
    }

    fn press(&mut self, key: KeyEvent) -> Key {
        let length = self.characters.len();
        let has = |modifier| key.modifiers.contains(modifier);
        let (control, alt) = (has(KeyModifiers::CONTROL), has(KeyModifiers::ALT));
        match key.code {
            KeyCode::Enter => return Key::Done,
            KeyCode::Esc => return Key::Back,
            // On a German keyboard, AltGr is Ctrl and Alt, and types @ and braces.
            KeyCode::Char(character) if control && !alt => match character {
                'c' => return Key::Stop,
                'd' if length == 0 => return Key::Stop,
                'd' if self.cursor < length => self.delete(self.cursor, self.cursor + 1),
                // Line feeds arrive as Ctrl-J.
                'j' | 'm' => return Key::Done,
                'a' => self.cursor = 0,
                'e' => self.cursor = length,
                'b' => self.cursor = self.cursor.saturating_sub(1),
                'f' => self.cursor = (self.cursor + 1).min(length),
                'u' => self.delete(0, self.cursor),
                'k' => self.characters.truncate(self.cursor),
                'w' => self.delete(self.word_start(true), self.cursor),
                'h' if self.cursor > 0 => self.delete(self.cursor - 1, self.cursor),
                _ => {}
            },
            KeyCode::Char('b') if alt && !control => self.cursor = self.word_start(false),
            KeyCode::Char('f') if alt && !control => self.cursor = self.word_end(),
            KeyCode::Char('d') if alt && !control => {
                let end = self.word_end();
                self.delete(self.cursor, end);
            }
            KeyCode::Char(character) => self.insert(character),
            KeyCode::Backspace if control || alt => {
                self.delete(self.word_start(false), self.cursor);
            }
            KeyCode::Backspace if self.cursor > 0 => self.delete(self.cursor - 1, self.cursor),
            KeyCode::Delete if control => {
                let end = self.word_end();
                self.delete(self.cursor, end);
            }
            KeyCode::Delete if self.cursor < length => self.delete(self.cursor, self.cursor + 1),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = length,
            KeyCode::Left if control || alt => self.cursor = self.word_start(false),
            KeyCode::Right if control || alt => self.cursor = self.word_end(),
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(length),
            _ => {}
        }
        Key::Edited
    }

    /// Takes what was pasted; line breaks of a path or value that was copied with them are left out.
    fn paste(&mut self, text: &str) {
        for character in text.chars().filter(|one| !one.is_control()) {
            self.insert(character);
        }
    }
}

/// Lets a person type a line. Blocks until Enter, Esc or Ctrl-C is pressed, and leaves one line behind.
pub(super) fn type_line(frame: &Frame<'_>) -> io::Result<Typed> {
    let raw = Raw::begin()?;
    let mut line = Line::default();
    let mut cursor_row = 0;
    let mut above = Vec::new();
    loop {
        cursor_row = draw(frame, &above, &line, cursor_row)?;
        let key = match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => line.press(key),
            Event::Paste(text) => {
                line.paste(&text);
                Key::Edited
            }
            _ => Key::Edited,
        };
        let (typed, last_words) = match key {
            Key::Edited => continue,
            Key::Done => {
                let text = line.text();
                if let Some(reason) = (frame.refuse)(&text) {
                    above = reason;
                    continue;
                }
                let answered = (frame.answered)(&text);
                (Typed::Text(text), answered)
            }
            Key::Back => (Typed::Back, frame.left.to_owned()),
            Key::Stop => (Typed::Stop, frame.left.to_owned()),
        };
        erase(cursor_row)?;
        drop(raw);
        writeln!(io::stderr(), "{last_words}")?;
        return Ok(typed);
    }
}

/// Takes what was drawn off the screen, and leaves the cursor where it began.
fn erase(cursor_row: u16) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    if cursor_row > 0 {
        queue!(stderr, cursor::MoveUp(cursor_row))?;
    }
    write!(stderr, "\r")?;
    queue!(stderr, Clear(ClearType::FromCursorDown))?;
    stderr.flush()
}

/// Draws everything anew over what was drawn before, whose cursor stood `cursor_row` rows below its beginning. Gives the
/// same of what is there now.
fn draw(frame: &Frame<'_>, above: &[String], line: &Line, cursor_row: u16) -> io::Result<u16> {
    let columns = terminal::size().map_or(80, |(columns, _)| columns).max(20);
    let shown = match frame.is_secret {
        true => Line::default(),
        false => line.clone(),
    };
    let (rows, row, column) = typed_rows(frame.prompt, &shown, usize::from(columns));
    erase(cursor_row)?;
    let mut stderr = io::stderr().lock();
    queue!(stderr, cursor::Hide)?;
    let mut all: Vec<&String> = above.iter().collect();
    let row = all.len() + row;
    all.extend(&rows);
    all.extend(frame.below);
    for (index, text) in all.iter().enumerate() {
        let end = if index + 1 < all.len() { "\r\n" } else { "\r" };
        write!(stderr, "{text}{end}")?;
    }
    let (row, column) = (in_cells(row), in_cells(column));
    let last = in_cells(all.len().saturating_sub(1));
    if last > row {
        queue!(stderr, cursor::MoveUp(last - row))?;
    }
    if column > 0 {
        queue!(stderr, cursor::MoveRight(column))?;
    }
    queue!(stderr, cursor::Show)?;
    stderr.flush()?;
    Ok(row)
}

fn in_cells(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Prompt and text in rows of at most `columns`, and the row and column of the cursor in them.
fn typed_rows(prompt: &str, line: &Line, columns: usize) -> (Vec<String>, usize, usize) {
    let mut rows = vec![prompt.to_owned()];
    let mut width = measure_text_width(prompt);
    let mut cursor = (0, width);
    for (index, character) in line.characters.iter().enumerate() {
        let character_width = measure_text_width(character.encode_utf8(&mut [0; 4]));
        if width + character_width > columns {
            rows.push(String::new());
            width = 0;
        }
        if index == line.cursor {
            cursor = (rows.len() - 1, width);
        }
        if let Some(row) = rows.last_mut() {
            row.push(*character);
        }
        width += character_width;
    }
    if line.cursor == line.characters.len() {
        if width >= columns {
            rows.push(String::new());
            width = 0;
        }
        cursor = (rows.len() - 1, width);
    }
    (rows, cursor.0, cursor.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line after these keys: `^u` is Ctrl-U, `!b` is Alt-B, `<`, `>`, `{`, `}`, `-` and `_` are Left, Right, Home,
    /// End, Backspace and Delete.
    fn typed(keys: &str) -> String {
        let mut line = Line::default();
        let mut keys = keys.chars();
        while let Some(key) = keys.next() {
            let (code, modifiers) = match key {
                '^' => (KeyCode::Char(keys.next().unwrap()), KeyModifiers::CONTROL),
                '!' => (KeyCode::Char(keys.next().unwrap()), KeyModifiers::ALT),
                '<' => (KeyCode::Left, KeyModifiers::NONE),
                '>' => (KeyCode::Right, KeyModifiers::NONE),
                '{' => (KeyCode::Home, KeyModifiers::NONE),
                '}' => (KeyCode::End, KeyModifiers::NONE),
                '-' => (KeyCode::Backspace, KeyModifiers::NONE),
                '_' => (KeyCode::Delete, KeyModifiers::NONE),
                other => (KeyCode::Char(other), KeyModifiers::NONE),
            };
            assert_eq!(line.press(KeyEvent::new(code, modifiers)), Key::Edited);
            assert!(line.cursor <= line.characters.len());
        }
        let cursor = line.cursor;
        line.characters.insert(cursor, '|');
        line.text()
    }

    #[test]
    fn keys_do_what_they_do_in_the_shell() {
        for (keys, expected) in [
            ("abc", "abc|"),
            ("abc^u", "|"),
            ("abc<^u", "|c"),
            ("abc<<^k", "a|"),
            ("ab cd  ^w", "ab |"),
            ("~/a.b/c d^w^w", "|"),
            ("/a/bc/de!b", "/a/bc/|de"),
            ("/a/bc/de!b!b!b", "/|a/bc/de"),
            ("/a/bc/de!b!b!b!b", "|/a/bc/de"),
            ("ab cd{!f", "ab| cd"),
            ("ab cd{!f!f!f", "ab cd|"),
            ("ab cd{!d", "| cd"),
            ("bc{a}d", "abcd|"),
            ("bc^aa^ed", "abcd|"),
            ("abc{>_", "a|c"),
            ("abc--", "a|"),
            ("-_<>^w^u^k!b!f", "|"),
            ("abc{^d", "|bc"),
            ("größe<<^u", "|ße"),
            ("a^xb", "ab|"),
        ] {
            assert_eq!(typed(keys), expected, "{keys}");
        }
    }

    #[test]
    fn some_keys_end_it() {
        for (code, modifiers, end) in [
            (KeyCode::Enter, KeyModifiers::NONE, Key::Done),
            (KeyCode::Esc, KeyModifiers::NONE, Key::Back),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Key::Stop),
            (KeyCode::Char('d'), KeyModifiers::CONTROL, Key::Stop),
            (KeyCode::Char('j'), KeyModifiers::CONTROL, Key::Done),
        ] {
            let mut line = Line::default();
            assert_eq!(line.press(KeyEvent::new(code, modifiers)), end, "{code:?}");
        }
    }

    #[test]
    fn what_is_pasted_stays_on_one_line() {
        let mut line = Line::default();
        line.paste("a\r\nb\tc\u{1b}");
        assert_eq!(line.text(), "abc");
    }

    #[test]
    fn long_texts_go_on_below_and_the_cursor_with_them() {
        let mut line = Line::default();
        line.paste("abcdef");
        assert_eq!(
            typed_rows("? x: ", &line, 8),
            (vec!["? x: abc".to_owned(), "def".to_owned()], 1, 3)
        );
        line.cursor = 3;
        assert_eq!(typed_rows("? x: ", &line, 8).1, 1);
        line.cursor = 2;
        assert_eq!(
            typed_rows("? x: ", &line, 8),
            (vec!["? x: abc".to_owned(), "def".to_owned()], 0, 7)
        );
        // A row that is full has no place for the cursor.
        let mut line = Line::default();
        line.paste("abc");
        assert_eq!(
            typed_rows("? x: ", &line, 8),
            (vec!["? x: abc".to_owned(), String::new()], 1, 0)
        );
        // Letters that are two columns wide are not cut.
        let mut line = Line::default();
        line.paste("語語");
        assert_eq!(typed_rows("? x: ", &line, 8).0, ["? x: 語", "語"]);
    }
}
