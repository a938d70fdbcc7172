//! Text that becomes part of a statement, and text that comes back.

use super::super::ValueKind;

/// `name` as an identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// `text` as a string literal. ClickHouse reads backslashes in them.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// `names` as a list of identifiers.
pub(super) fn identifiers<'names>(names: impl Iterator<Item = &'names str>) -> String {
    names.map(identifier).collect::<Vec<_>>().join(", ")
}

/// An answer in `TabSeparatedWithNamesAndTypes`.
pub(super) struct Answer {
    /// Names of the columns.
    pub(super) columns: Vec<String>,
    /// Types of the columns, as ClickHouse writes them.
    pub(super) types: Vec<String>,
    /// The rows; NULL is `None`.
    pub(super) rows: Vec<Vec<Option<String>>>,
}

impl Answer {
    /// Takes an answer apart; `None` when it is not what ClickHouse writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let names = |line: &str| -> Option<Vec<String>> { cells(line).into_iter().collect() };
        let columns = names(lines.next()?)?;
        let types = names(lines.next()?)?;
        let rows: Vec<_> = lines.map(cells).collect();
        rows.iter()
            .all(|row| row.len() == columns.len())
            .then_some(Self {
                columns,
                types,
                rows,
            })
    }

    /// What the texts of each column are.
    pub(super) fn kinds(&self) -> Vec<ValueKind> {
        self.types.iter().map(|name| kind_of(name)).collect()
    }
}

fn kind_of(sql_type: &str) -> ValueKind {
    let mut name = sql_type;
    for wrapper in ["LowCardinality(", "Nullable("] {
        name = name.strip_prefix(wrapper).unwrap_or(name);
    }
    let begins_like_a_number = ["Int", "UInt", "Float", "BFloat", "Decimal"]
        .iter()
        .any(|beginning| name.starts_with(beginning));
    // IntervalDay and its like begin as integers do.
    if begins_like_a_number && !name.starts_with("Interval") {
        ValueKind::Number
    } else if name.trim_end_matches(')') == "Bool" {
        ValueKind::Json
    } else {
        ValueKind::Text
    }
}

fn cells(line: &str) -> Vec<Option<String>> {
    line.split('\t').map(cell).collect()
}

/// One value. Line breaks, tabs and backslashes in it are escaped, and NULL is `\N`, so nothing is ambiguous.
fn cell(escaped: &str) -> Option<String> {
    if escaped == "\\N" {
        return None;
    }
    let mut text = String::with_capacity(escaped.len());
    let mut characters = escaped.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('0') => text.push('\0'),
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_texts_by_their_types() {
        for number in [
            "Int64",
            "Nullable(UInt8)",
            "Nullable(Decimal(38, 9))",
            "Float64",
        ] {
            assert_eq!(kind_of(number), ValueKind::Number, "{number}");
        }
        for text in [
            "LowCardinality(Nullable(String))",
            "Date",
            "IntervalDay",
            "Array(Int8)",
        ] {
            assert_eq!(kind_of(text), ValueKind::Text, "{text}");
        }
        assert_eq!(kind_of("Nullable(Bool)"), ValueKind::Json);
    }

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(identifier("a `b` \\"), "`a \\`b\\` \\\\`");
        assert_eq!(literal("it's \\n"), "'it\\'s \\\\n'");
    }

    #[test]
    fn null_is_not_a_text_that_looks_like_it() {
        let answer = Answer::parse("a\tb\nString\tString\n\\N\t\\\\N\n\tx\\ty\n").unwrap();
        assert_eq!(answer.columns, ["a", "b"]);
        assert_eq!(
            answer.rows,
            [
                [None, Some("\\N".to_owned())],
                [Some(String::new()), Some("x\ty".to_owned())]
            ]
        );
    }

    #[test]
    fn an_answer_of_another_form_is_none() {
        assert!(Answer::parse("Code: 47").is_none());
        assert!(Answer::parse("a\nString\nx\ty\n").is_none());
    }
}
