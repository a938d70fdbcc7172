//! What databases say differently, as data: `dialects.toml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

const FILE: &str = include_str!("../dialects.toml");

/// The words of one database: by the name of what is to be said, a pattern with `{0}` and `{1}` for expressions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Its name; also the type of a dbt target.
    pub name: String,
    /// The patterns, by name.
    pub patterns: BTreeMap<String, String>,
}

impl Dialect {
    /// All of them, by name.
    ///
    /// # Panics
    /// Never with the file as it is committed; a test reads it.
    #[must_use]
    pub fn all() -> &'static [Dialect] {
        static ALL: OnceLock<Vec<Dialect>> = OnceLock::new();
        ALL.get_or_init(|| {
            let read: Result<BTreeMap<String, BTreeMap<String, String>>, _> = toml::from_str(FILE);
            read.expect("dialects.toml is valid, which a test proves")
                .into_iter()
                .map(|(name, patterns)| Dialect { name, patterns })
                .collect()
        })
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Dialect> {
        Self::all().iter().find(|dialect| dialect.name == name)
    }

    /// `name` as an identifier, which all of them quote alike.
    #[must_use]
    pub fn identifier(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    /// A pattern with expressions in its places.
    #[must_use]
    pub fn say(pattern: &str, expressions: &[String]) -> String {
        let mut text = String::new();
        let mut rest = pattern;
        // In one pass, so that an expression with braces of its own is left alone.
        while let Some(open) = rest.find('{') {
            text.push_str(&rest[..open]);
            let place = rest[open..].split_once('}');
            let number = place.and_then(|(inside, _)| inside[1..].parse::<usize>().ok());
            match (number.and_then(|number| expressions.get(number)), place) {
                (Some(expression), Some((_, after))) => {
                    text.push_str(expression);
                    rest = after;
                }
                _ => {
                    text.push('{');
                    rest = &rest[open + 1..];
                }
            }
        }
        text.push_str(rest);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn every_dialect_says_the_same_things() {
        let all = Dialect::all();
        assert!(all.len() >= 3);
        for dialect in all {
            let said: Vec<_> = dialect.patterns.keys().collect();
            let first: Vec<_> = all[0].patterns.keys().collect();
            assert_eq!(said, first, "{}", dialect.name);
            for (what, pattern) in &dialect.patterns {
                let takes =
                    |place: &str| all.iter().any(|other| other.patterns[what].contains(place));
                for place in ["{0}", "{1}"] {
                    assert_eq!(
                        pattern.contains(place),
                        takes(place),
                        "{} {what}",
                        dialect.name
                    );
                }
            }
        }
    }

    #[test]
    fn expressions_are_put_in_as_they_are() {
        let said = Dialect::say("f({1}, {0}, {2}, {x})", &["{1}".to_owned(), "b".to_owned()]);
        assert_eq!(said, "f(b, {1}, {2}, {x})");
    }
}
