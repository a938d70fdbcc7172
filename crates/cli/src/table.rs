//! Tables for people: no frames, numbers to the right, as wide as they need to be.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use console::style;

/// A table that is filled row by row.
pub(crate) struct TextTable {
    table: Table,
    alignments: Vec<CellAlignment>,
    filled: Vec<bool>,
}

/// How a column stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// Words, to the left, never broken.
    Words(&'static str),
    /// Numbers, to the right, never broken.
    Number(&'static str),
}

impl TextTable {
    /// An empty table with a head.
    pub(crate) fn new(columns: &[Column]) -> TextTable {
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic);
        let mut alignments = Vec::new();
        let mut head = Vec::new();
        for column in columns {
            let (name, alignment) = match column {
                Column::Words(name) => (name, CellAlignment::Left),
                Column::Number(name) => (name, CellAlignment::Right),
            };
            alignments.push(alignment);
            head.push(Cell::new(name).set_alignment(alignment));
        }
        table.set_header(head);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        let filled = vec![false; alignments.len()];
        TextTable {
            table,
            alignments,
            filled,
        }
    }

    /// Adds a row, one cell for each column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        for (filled, text) in self.filled.iter_mut().zip(&cells) {
            *filled |= !text.is_empty();
        }
        let cells = cells
            .into_iter()
            .zip(&self.alignments)
            .map(|(text, alignment)| Cell::new(text).set_alignment(*alignment));
        self.table.add_row(cells);
    }

    /// The table as text, its head in bold where colours are on, without blanks at the ends of lines and without
    /// columns that say nothing in any row.
    pub(crate) fn render(mut self) -> String {
        for (index, filled) in self.filled.iter().enumerate() {
            if let Some(column) = self.table.column_mut(index).filter(|_| !filled) {
                column.set_constraint(ColumnConstraint::Hidden);
            }
        }
        let lines = self.table.lines().enumerate().map(|(index, line)| {
            let line = line.trim_end();
            if index == 0 {
                style(line).bold().to_string()
            } else {
                line.to_owned()
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_empty_columns_are_left_out() {
        let mut table = TextTable::new(&[
            Column::Words("STREAM"),
            Column::Number("GAPS"),
            Column::Number("ROWS"),
        ]);
        for (stream, rows) in [("ads", "45"), ("statistics", "1,972")] {
            table.row([stream, "", rows].map(str::to_owned));
        }
        let text = table.render();
        let text = console::strip_ansi_codes(&text);
        assert_eq!(
            text,
            "STREAM       ROWS\nads            45\nstatistics  1,972"
        );
    }
}
