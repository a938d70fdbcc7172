//! The rows of a table, in the forms of [`cell`].

use criteo_engine::catalog::FieldType;

use super::cell::{self, Cell};
use super::target::Tables;

/// Hands every row of some advertisers to `take`.
pub(super) fn rows(
    tables: &dyn Tables,
    table: &str,
    columns: &[(String, FieldType)],
    advertisers: &[String],
    mut take: impl FnMut(&[Cell]),
) {
    let names: Vec<String> = columns
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let quoted: Vec<String> = advertisers.iter().map(|id| format!("'{id}'")).collect();
    // A row without an advertiser is nobody's, so it is always looked at.
    let question = format!(
        "SELECT {} FROM \"{table}\" WHERE advertiser_id IS NULL OR advertiser_id IN ({})",
        names.join(", "),
        quoted.join(", ")
    );
    let mut cells = Vec::with_capacity(columns.len());
    tables.ask(&question, &mut |row| {
        cells.clear();
        let typed = row.iter().zip(columns);
        cells.extend(
            typed.map(|(text, (_, field_type))| cell::of_database(*field_type, text.clone())),
        );
        take(&cells);
    });
}
