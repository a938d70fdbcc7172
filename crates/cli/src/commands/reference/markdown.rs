//! Markdown that looks the same in every renderer.

use std::fmt::Write as _;

/// A table, row by row.
pub(super) struct Table {
    columns: usize,
    text: String,
}

impl Table {
    /// A table with these headings.
    pub(super) fn new(headings: &[&str]) -> Table {
        let mut table = Table {
            columns: headings.len(),
            text: String::new(),
        };
        table.line(headings.iter().map(|heading| (*heading).to_owned()));
        table.text.push_str(&"|---".repeat(headings.len()));
        table.text.push_str("|\n");
        table
    }

    /// Adds a row. What would end a cell or a line is written so that it does not.
    pub(super) fn row(&mut self, cells: &[String]) {
        debug_assert_eq!(cells.len(), self.columns, "a row is as wide as its table");
        self.line(cells.iter().map(|cell| in_cell(cell)));
    }

    /// Whether no row was added.
    pub(super) fn is_empty(&self) -> bool {
        self.text.lines().count() == 2
    }

    /// The table, ending with a line break.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn line(&mut self, cells: impl Iterator<Item = String>) {
        for cell in cells {
            let _ = write!(self.text, "| {cell} ");
        }
        self.text.push_str("|\n");
    }
}

/// A word as code; nothing for no word.
pub(super) fn code(word: &str) -> String {
    if word.is_empty() {
        String::new()
    } else {
        format!("`{word}`")
    }
}

/// A documentation comment as paragraphs: its line breaks are those of the source, and mean nothing.
pub(super) fn paragraphs(text: &str) -> String {
    text.split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// A sentence that may lack its full stop, with one.
pub(super) fn sentence(text: &str) -> String {
    let text = paragraphs(text);
    if text.is_empty() || text.ends_with(['.', '!', '?', ':']) {
        text
    } else {
        format!("{text}.")
    }
}

/// The name under which a heading can be linked to.
pub(super) fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            _ if character.is_alphanumeric() => Some(character),
            _ => None,
        })
        .collect()
}

fn in_cell(text: &str) -> String {
    paragraphs(text).replace('|', "\\|").replace("\n\n", "<br>")
}
