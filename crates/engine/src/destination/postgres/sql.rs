//! Text that becomes part of a statement: names, literals, and the days of a window.
//!
//! Values are bound as parameters wherever PostgreSQL takes them. Names, comments and settings take none.

use jiff::civil::Date;

use super::failure::Failure;
use super::ledger;

/// PostgreSQL cuts longer names, each to this many bytes, without an error.
const NAME_BYTES: usize = 63;

/// `name` as an identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as a string literal; `standard_conforming_strings` is on.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `names` as a list of identifiers.
pub(super) fn identifiers<'names>(names: impl Iterator<Item = &'names str>) -> String {
    names.map(identifier).collect::<Vec<_>>().join(", ")
}

/// A condition that holds for the days from `first` to `last` in a column of dates or of timestamps. It compares
/// the bare column, so that an index on it can be used. Instants are compared in UTC, the zone of the session.
pub(super) fn days_condition(column: &str, first: Date, last: Date) -> String {
    let column = identifier(column);
    format!("({column} >= DATE '{first}' AND {column} < DATE '{last}' + 1)")
}

/// Refuses a name that PostgreSQL would cut: two long names could become one, and queries would not find either.
pub(super) fn refuse_long_name(what: &str, name: &str) -> Result<(), Failure> {
    let bytes = name.len();
    if bytes <= NAME_BYTES {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "the name of {what} '{name}' has {bytes} bytes, and PostgreSQL keeps {NAME_BYTES} of them; give it a shorter \
         name in the configuration"
    )))
}

/// What the index of a table is called. It begins as no stream's table can, since all of them share one list of names
/// with the indexes, and is cut at its end to what PostgreSQL keeps.
pub(super) fn index_name(table: &str) -> String {
    let prefix = format!("{}rows_", ledger::PREFIX);
    let room = NAME_BYTES.saturating_sub(prefix.len());
    let cut = (0..=room.min(table.len()))
        .rev()
        .find(|position| table.is_char_boundary(*position))
        .unwrap_or(0);
    format!("{prefix}{}", &table[..cut])
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
    fn long_names_are_refused_and_derived_ones_cut_between_characters() {
        assert!(refuse_long_name("table", &"a".repeat(63)).is_ok());
        assert!(refuse_long_name("table", &"é".repeat(32)).is_err());
        let name = index_name(&"é".repeat(40));
        assert_eq!(name, format!("_criteo_rows_{}", "é".repeat(25)));
    }
}
