//! Tables for people: no frames, numbers to the right, as wide as they need to be and no wider than the terminal.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use console::{Term, measure_text_width, style};

use crate::page::columns;

/// A table that is filled row by row.
pub(crate) struct TextTable {
    heads: Vec<Head>,
    rows: Vec<Vec<String>>,
    /// Whether it shows somebody's data, of which every column stays, and as it is called.
    is_of_data: bool,
}

/// What stands above a column, and where its cells stand.
struct Head {
    text: String,
    alignment: CellAlignment,
}

/// How a column stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// Words, to the left, never broken.
    Words(&'static str),
    /// Numbers, to the right, never broken.
    Number(&'static str),
}

/// The blanks between two columns.
const GAP: usize = 2;

impl From<Column> for Head {
    fn from(column: Column) -> Head {
        let (text, alignment) = match column {
            Column::Words(text) => (text, CellAlignment::Left),
            Column::Number(text) => (text, CellAlignment::Right),
        };
        Head {
            text: text.to_owned(),
            alignment,
        }
    }
}

impl TextTable {
    /// An empty table with a head.
    pub(crate) fn new(columns: &[Column]) -> TextTable {
        TextTable {
            heads: columns.iter().copied().map(Head::from).collect(),
            rows: Vec::new(),
            is_of_data: false,
        }
    }

    /// An empty table for somebody's data: the names of its columns, and whether they hold numbers. All of them are shown,
    /// also where they say nothing.
    pub(crate) fn of_data(columns: impl IntoIterator<Item = (String, bool)>) -> TextTable {
        let head = |(text, is_number)| Head {
            text,
            alignment: if is_number {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            },
        };
        TextTable {
            heads: columns.into_iter().map(head).collect(),
            rows: Vec::new(),
            is_of_data: true,
        }
    }

    /// Adds a row, one cell for each column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as text for standard output, its head in bold where colours are on, without blanks at the ends of lines
    /// and without columns that say nothing in any row.
    pub(crate) fn render(self) -> String {
        self.render_on(columns(&Term::stdout()))
    }

    /// The same on a page of so many columns. Where the table is wider, its heads are broken at their blanks, then the
    /// gaps are made smaller, and in the end every row becomes a paragraph: a terminal would break lines in the middle of
    /// words, and nobody could tell any more which number is whose.
    pub(crate) fn render_on(mut self, page: Option<usize>) -> String {
        if !self.is_of_data {
            self.drop_empty_columns();
        }
        let Some(page) = page else {
            return self.grid(false, GAP);
        };
        for (broken_heads, gap) in [(false, GAP), (true, GAP), (true, 1)] {
            let grid = self.grid(broken_heads, gap);
            if grid.lines().all(|line| measure_text_width(line) <= page) {
                return grid;
            }
        }
        self.paragraphs(page)
    }

    fn drop_empty_columns(&mut self) {
        let says_something: Vec<bool> = (0..self.heads.len())
            .map(|index| {
                let mut cells = self.rows.iter().filter_map(|row| row.get(index));
                cells.any(|cell| !cell.is_empty())
            })
            .collect();
        let mut says = says_something.iter();
        self.heads.retain(|_| says.next().is_none_or(|says| *says));
        for row in &mut self.rows {
            let mut says = says_something.iter();
            row.retain(|_| says.next().is_none_or(|says| *says));
        }
    }

    fn grid(&self, broken_heads: bool, gap: usize) -> String {
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic);
        let cell = |text: &str, head: &Head| Cell::new(text).set_alignment(head.alignment);
        let heads: Vec<String> = self
            .heads
            .iter()
            .map(|head| match broken_heads {
                true => head.text.replace(' ', "\n"),
                false => head.text.clone(),
            })
            .collect();
        let head_lines = heads.iter().map(|head| head.lines().count()).max();
        table.set_header(
            heads
                .iter()
                .zip(&self.heads)
                .map(|(text, head)| cell(text, head)),
        );
        for row in &self.rows {
            table.add_row(
                row.iter()
                    .zip(&self.heads)
                    .map(|(text, head)| cell(text, head)),
            );
        }
        let gap = u16::try_from(gap).unwrap_or(1);
        for column in table.column_iter_mut() {
            column.set_padding((0, gap));
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        let lines = table.lines().enumerate().map(|(index, line)| {
            let line = line.trim_end();
            if index < head_lines.unwrap_or(1) {
                style(line).bold().to_string()
            } else {
                line.to_owned()
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Each row as its first cell, and below it the others with their heads, as many on a line as fit. Of data, the first
    /// cell has its head as well.
    fn paragraphs(&self, page: usize) -> String {
        let mut lines = Vec::new();
        for row in &self.rows {
            let mut cells = row.iter().zip(&self.heads);
            if let Some((first, head)) = cells.next() {
                let title = match self.is_of_data {
                    true => format!("{} {first}", head.text),
                    false => first.clone(),
                };
                lines.push(style(title).bold().to_string());
            }
            let mut line = String::new();
            for (text, head) in cells.filter(|(text, _)| self.is_of_data || !text.is_empty()) {
                let name = match self.is_of_data {
                    true => head.text.clone(),
                    false => head.text.to_lowercase(),
                };
                let pair = format!("  {name} {text}");
                let width = measure_text_width(&line) + measure_text_width(&pair);
                if width > page && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line.push_str(&pair);
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> TextTable {
        let mut table = TextTable::new(&[
            Column::Words("STREAM"),
            Column::Number("GAPS"),
            Column::Number("DAYS NEW"),
            Column::Number("ROWS"),
        ]);
        for (stream, rows) in [("ads", "45"), ("statistics", "1,972")] {
            table.row([stream, "", "7", rows].map(str::to_owned));
        }
        table
    }

    fn on(page: Option<usize>) -> String {
        console::strip_ansi_codes(&plan().render_on(page)).into_owned()
    }

    #[test]
    fn numbers_stand_to_the_right_and_empty_columns_are_left_out() {
        let whole =
            "STREAM      DAYS NEW   ROWS\nads                7     45\nstatistics         7  1,972";
        assert_eq!(on(None), whole);
        assert_eq!(on(Some(27)), whole);
    }

    #[test]
    fn data_keeps_its_columns_and_their_names() {
        let mut table = TextTable::of_data([("Day".to_owned(), false), ("n".to_owned(), true)]);
        table.row(["", "12"].map(str::to_owned));
        let shown = console::strip_ansi_codes(&table.render_on(None)).into_owned();
        assert_eq!(shown, "Day   n\n     12");
        let mut table =
            TextTable::of_data([("Day".to_owned(), false), ("Clicks".to_owned(), true)]);
        table.row(["2026-01-01", "12"].map(str::to_owned));
        let shown = console::strip_ansi_codes(&table.render_on(Some(12))).into_owned();
        assert_eq!(shown, "Day 2026-01-01\n  Clicks 12");
        let columns = ["Day", "Placement", "Category"].map(|name| (name.to_owned(), false));
        let mut table = TextTable::of_data(columns);
        table.row(["2026-01-01", "", "Shoes"].map(str::to_owned));
        let shown = console::strip_ansi_codes(&table.render_on(Some(16))).into_owned();
        assert_eq!(shown, "Day 2026-01-01\n  Placement \n  Category Shoes");
    }

    #[test]
    fn what_is_wider_than_the_page_is_narrowed_and_at_last_set_in_paragraphs() {
        assert_eq!(
            on(Some(26)),
            "STREAM      DAYS   ROWS\n             NEW\nads            7     45\nstatistics     7  1,972"
        );
        assert_eq!(
            on(Some(21)),
            "STREAM     DAYS  ROWS\n            NEW\nads           7    45\nstatistics    7 1,972"
        );
        assert_eq!(
            on(Some(20)),
            "ads\n  days new 7\n  rows 45\nstatistics\n  days new 7\n  rows 1,972"
        );
    }
}
