//! Text that becomes part of a statement: names, literals, and the days and files of a window.
//!
//! Values are bound as parameters wherever DuckDB takes them. Names, comments and table functions take none. Whoever else
//! writes statements for DuckDB, such as the views of a lake, writes them with these.

use std::path::PathBuf;

use jiff::civil::Date;

/// `name` as an identifier.
pub(in super::super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as a string literal.
pub(in super::super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `names` as a list of identifiers.
pub(super) fn identifiers<'names>(names: impl Iterator<Item = &'names str>) -> String {
    names.map(identifier).collect::<Vec<_>>().join(", ")
}

/// A condition that holds for the days from `first` to `last` in a column of dates or of timestamps. It compares
/// the bare column, so that DuckDB can skip row groups by their minimum and maximum.
pub(super) fn days_condition(column: &str, first: Date, last: Date) -> String {
    let column = identifier(column);
    format!("({column} >= DATE '{first}' AND {column} < DATE '{last}' + 1)")
}

/// A path that is taken as it is: characters that DuckDB would read as a pattern are bracketed.
pub(in super::super) fn without_patterns(path: &str) -> String {
    path.chars()
        .map(|character| match character {
            '[' | '*' | '?' => format!("[{character}]"),
            other => other.to_string(),
        })
        .collect()
}

/// A table expression over Parquet files, or `None` when a path is not UTF-8.
///
/// A folder called `day=2026-01-01` adds no column. Log-level files of one window may have different columns, so they are
/// matched by name, and a file that lacks one has NULL there.
pub(super) fn parquet_files(files: &[PathBuf]) -> Option<String> {
    let paths = files
        .iter()
        .map(|file| Some(literal(&without_patterns(file.to_str()?))))
        .collect::<Option<Vec<_>>>()?;
    Some(format!(
        "read_parquet([{}], hive_partitioning = false, union_by_name = true)",
        paths.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(identifier(r#"a "b""#), r#""a ""b""""#);
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn patterns_in_paths_are_taken_literally() {
        let files = [PathBuf::from("/spool [1]/what?*.parquet")];
        assert_eq!(
            parquet_files(&files).unwrap(),
            "read_parquet(['/spool [[]1]/what[?][*].parquet'], hive_partitioning = false, union_by_name = true)"
        );
    }
}
