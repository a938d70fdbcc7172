//! Why a destination refused, and what to do next.

use crate::catalog::Catalog;

/// Why a destination refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// It cannot be opened or reached.
    #[error("Cannot open {destination}: {reason}")]
    Unavailable {
        /// Where.
        destination: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// The existing table does not fit what the configuration asks for.
    #[error(
        "Table '{table}' does not fit the configuration: {reason}{}",
        likewise(others)
    )]
    Incompatible {
        /// The table.
        table: String,
        /// What differs.
        reason: String,
        /// The stream it belongs to, where that is known.
        stream: Option<String>,
        /// Other streams whose tables do not fit either, with these tables.
        others: Vec<(String, String)>,
    },
    /// A table of that name exists that the connector did not make for this stream. It is left alone.
    #[error("Table '{table}' exists already, but not for this stream: {reason}")]
    ForeignTable {
        /// The table.
        table: String,
        /// Whose it is, as far as is known.
        reason: String,
    },
    /// A table or view of that name exists that is not a view of ours. It is left alone.
    #[error("'{name}' exists already, and `criteo views` did not make it")]
    NameTaken {
        /// Its name.
        name: String,
    },
    /// Disk or memory ran out; nothing was changed.
    #[error("{destination} ran out of room while {doing}: {reason}")]
    Exhausted {
        /// Where.
        destination: String,
        /// What was being done.
        doing: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: String,
    },
    /// Something was asked for by name that this kind of destination does not do.
    #[error("{destination} cannot {what}")]
    Unsupported {
        /// Where.
        destination: String,
        /// What was asked for, as words that follow "cannot".
        what: &'static str,
    },
    /// The user may not do what is needed; nothing was changed.
    #[error("{destination} does not allow {doing}: {reason}")]
    Denied {
        /// Where.
        destination: String,
        /// What was being done.
        doing: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: String,
    },
    /// Whoever read standard output has closed it.
    #[error("Nobody reads standard output any more")]
    ReaderGone {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// What was asked for was refused, and would be refused again; nothing was changed. Rows that meet this are given up
    /// and removed from the spool, so it is never the answer to trouble that may pass.
    #[error("{destination} failed while {doing}: {reason}")]
    Failed {
        /// Where.
        destination: String,
        /// What was being done.
        doing: String,
        /// Why.
        reason: String,
    },
}

impl DestinationError {
    /// The same, with what a second [`Incompatible`](Self::Incompatible) says about another table added to it.
    pub(crate) fn joined_by(mut self, other: Self) -> Self {
        if let (
            Self::Incompatible { others, .. },
            Self::Incompatible {
                table,
                stream,
                others: more,
                ..
            },
        ) = (&mut self, other)
        {
            others.push((stream.unwrap_or_else(|| table.clone()), table));
            others.extend(more);
        }
        self
    }

    /// What a person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unavailable { hint, .. } => hint.clone(),
            Self::Incompatible {
                table,
                stream,
                others,
                ..
            } => {
                // Unless told otherwise a table is called as its stream.
                let first = stream.as_ref().unwrap_or(table);
                let names = others.iter().map(|(stream, _)| stream);
                let options: Vec<String> = std::iter::once(first)
                    .chain(names)
                    .map(|name| format!("--stream {name}"))
                    .collect();
                let other_table = another_table(first, table);
                Some(format!(
                    "If the configuration was changed by mistake, change it back. Otherwise `criteo sync --rebuild {}` \
                     reads again into a new table what Criteo still has; {other_table} keeps the old one.",
                    options.join(" ")
                ))
            }
            Self::ForeignTable { .. } => Some(
                "Give the stream another table name in the configuration, or rename or drop the existing table."
                    .to_owned(),
            ),
            Self::NameTaken { .. } => Some(
                "Choose other names with --prefix, or rename or drop what is there.".to_owned(),
            ),
            Self::Exhausted { hint, .. } | Self::Denied { hint, .. } => Some(hint.clone()),
            Self::Unsupported { .. } => Some(
                "Leave the key out of the configuration, or choose a destination that does it.".to_owned(),
            ),
            Self::Failed { .. } | Self::ReaderGone { .. } => None,
        }
    }
}

/// What to write so that a stream is read into another table than `table`.
pub(crate) fn another_table(stream: &str, table: &str) -> String {
    let place = match Catalog::builtin().stream(stream) {
        Some(_) => format!("`[streams.{stream}]` and below it"),
        None => "in its `[[reports]]` section".to_owned(),
    };
    format!("another table ({place} `table = \"{table}_2\"`)")
}

/// Words on the tables that do not fit either.
fn likewise(others: &[(String, String)]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let tables: Vec<&str> = others.iter().map(|(_, table)| table.as_str()).collect();
    let verb = if tables.len() == 1 { "does" } else { "do" };
    format!("; nor {verb} {}", tables.join(", "))
}

#[cfg(test)]
mod tests {
    use super::another_table;
    use crate::config::Config;

    /// What is advised is accepted where it is to stand.
    #[test]
    fn another_table_can_be_given_to_streams_and_to_reports() {
        let of_stream = another_table("statistics", "statistics");
        assert!(of_stream.contains("`[streams.statistics]`"), "{of_stream}");
        let of_report = another_table("mine", "mine");
        assert!(of_report.contains("`[[reports]]`"), "{of_report}");
        for (advice, section) in [
            (of_stream, "[streams.statistics]"),
            (
                of_report,
                "[[reports]]\nname = \"mine\"\ndimensions = [\"Day\"]\nmetrics = [\"Clicks\"]",
            ),
        ] {
            let line = advice.rsplit('`').nth(1).unwrap();
            let text = format!("[criteo]\ncurrency = \"EUR\"\n{section}\n{line}\n");
            Config::parse(&text, "criteo.toml").unwrap();
        }
    }
}
