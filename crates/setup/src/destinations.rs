//! The destinations that are offered, and what has to be asked for each.

use crate::answers::{DestinationAnswer, check_destination};

/// A kind of destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DestinationKind {
    /// Its `type` in the configuration.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Whom it is for.
    pub purpose: &'static str,
    /// What to ask, in order.
    pub questions: &'static [Question],
    /// Whether it has a user with a password.
    pub has_password: bool,
}

/// One key of `[destination]` that is asked for. What is not asked keeps its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The key.
    pub key: &'static str,
    /// What is asked.
    pub prompt: &'static str,
    /// What is good to know.
    pub help: &'static str,
    /// What is offered.
    pub default: Option<&'static str>,
    /// Whether it can be left empty.
    pub optional: bool,
    /// When it is asked.
    pub when: When,
}

/// When a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// When the `url` names a bucket that begins with this scheme.
    Scheme(&'static str),
}

const FOLDER: Question = Question {
    key: "path",
    prompt: "Folder",
    help: "It is created when it is not there; relative paths start at the configuration file.",
    default: Some("criteo-files"),
    optional: false,
    when: When::Always,
};

/// Every kind of destination, the simplest one first.
pub const DESTINATIONS: &[DestinationKind] = &[
    DestinationKind {
        id: "duckdb",
        title: "DuckDB file",
        purpose: "one file for SQL on this machine, nothing to install",
        questions: &[Question {
            key: "path",
            prompt: "File",
            help: "It is created when it is not there; relative paths start at the configuration file.",
            default: Some("criteo.duckdb"),
            optional: false,
            when: When::Always,
        }],
        has_password: false,
    },
    DestinationKind {
        id: "postgres",
        title: "PostgreSQL",
        purpose: "a schema of a database server that others read, too",
        questions: &[
            Question {
                key: "host",
                prompt: "Server",
                help: "A name or address, or the folder of its Unix socket.",
                default: Some("localhost"),
                optional: false,
                when: When::Always,
            },
            Question {
                key: "port",
                prompt: "Port",
                help: "PostgreSQL's own is 5432.",
                default: Some("5432"),
                optional: false,
                when: When::Always,
            },
            Question {
                key: "database",
                prompt: "Database",
                help: "It has to exist.",
                default: None,
                optional: false,
                when: When::Always,
            },
            Question {
                key: "user",
                prompt: "User",
                help: "It has to own the schema, or be allowed to create it.",
                default: None,
                optional: false,
                when: When::Always,
            },
            Question {
                key: "schema",
                prompt: "Schema",
                help: "It holds the tables, and is created when it is not there.",
                default: Some("criteo"),
                optional: false,
                when: When::Always,
            },
        ],
        has_password: true,
    },
    DestinationKind {
        id: "clickhouse",
        title: "ClickHouse",
        purpose: "a database for very many rows",
        questions: &[
            Question {
                key: "url",
                prompt: "Address of the HTTP interface",
                help: "https, or http on this machine.",
                default: Some("http://localhost:8123"),
                optional: false,
                when: When::Always,
            },
            Question {
                key: "database",
                prompt: "Database",
                help: "It has to exist.",
                default: None,
                optional: false,
                when: When::Always,
            },
            Question {
                key: "user",
                prompt: "User",
                help: "It has to create, alter, drop, read and write tables and views.",
                default: Some("default"),
                optional: false,
                when: When::Always,
            },
        ],
        has_password: true,
    },
    DestinationKind {
        id: "parquet",
        title: "Parquet files",
        purpose: "a folder or bucket for DuckDB, Polars, Spark and others",
        questions: &[
            Question {
                key: "url",
                prompt: "Folder or bucket",
                help: "A folder, s3://bucket/folder, gs://bucket/folder or az://container/folder. Keys of a bucket come from the environment.",
                default: Some("lake"),
                optional: false,
                when: When::Always,
            },
            Question {
                key: "region",
                prompt: "Region",
                help: "Such as eu-west-1; empty for that of the environment.",
                default: None,
                optional: true,
                when: When::Scheme("s3://"),
            },
            Question {
                key: "endpoint",
                prompt: "Address of the store",
                help: "For other servers that speak S3; empty for Amazon's own.",
                default: None,
                optional: true,
                when: When::Scheme("s3://"),
            },
        ],
        has_password: false,
    },
    DestinationKind {
        id: "csv",
        title: "CSV files",
        purpose: "a folder for spreadsheets and scripts",
        questions: &[FOLDER],
        has_password: false,
    },
    DestinationKind {
        id: "jsonl",
        title: "JSON lines",
        purpose: "a folder for programs that read JSON",
        questions: &[FOLDER],
        has_password: false,
    },
];

impl DestinationKind {
    /// The kind with this `type`.
    #[must_use]
    pub fn of(id: &str) -> Option<&'static DestinationKind> {
        DESTINATIONS.iter().find(|kind| kind.id == id)
    }

    /// Whether it is a file or folder of this machine, so that nothing about it changes by waiting.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        self.questions.iter().any(|question| question.key == "path")
    }

    /// Those keys of `answer` that a refusal in these words is about. They are not to be offered again as they are: of an
    /// answer that is the only one it is that one; of several it is those that are named, and the others may be right.
    #[must_use]
    pub fn blamed(&self, answer: &DestinationAnswer, words: &str) -> Vec<&'static str> {
        let questions = self.questions.iter();
        let asked: Vec<&'static str> = questions
            .filter(|question| question.is_asked(answer))
            .map(|question| question.key)
            .collect();
        if asked.len() == 1 {
            return asked;
        }
        let is_named = |key: &&str| {
            words.contains(&format!("`{key}`")) || words.contains(&format!("`destination.{key}`"))
        };
        asked.into_iter().filter(is_named).collect()
    }

    /// An answer to everything that is asked in any case, as keys and values; `NAME` stands where nothing is offered.
    #[must_use]
    pub fn example(&self) -> Vec<(&'static str, &'static str)> {
        let asked = self.questions.iter();
        asked
            .filter(|question| question.when == When::Always && !question.optional)
            .map(|question| (question.key, question.default.unwrap_or("NAME")))
            .collect()
    }

    /// What `answer` lacks of the example and cannot do without. Nothing where something else is wrong with it, too.
    #[must_use]
    pub fn missing(&self, answer: &DestinationAnswer) -> Vec<(&'static str, &'static str)> {
        let mut left_out = self.example();
        left_out.retain(|(key, _)| !answer.options.contains_key(*key));
        let is_refused_without = |missing: Option<&str>| {
            let others = left_out.iter().filter(|(key, _)| missing != Some(*key));
            let others = others.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let mut whole = answer.clone();
            whole.options.extend(others);
            check_destination(&whole).is_err()
        };
        if is_refused_without(None) {
            return Vec::new();
        }
        let left_out = left_out.iter().copied();
        left_out
            .filter(|(key, _)| is_refused_without(Some(*key)))
            .collect()
    }
}

impl Question {
    /// Whether it is to be asked, given the answers before it.
    #[must_use]
    pub fn is_asked(&self, answer: &DestinationAnswer) -> bool {
        match self.when {
            When::Always => true,
            When::Scheme(scheme) => answer
                .options
                .get("url")
                .is_some_and(|url| url.starts_with(scheme)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use criteo_engine::Config;
    use serde_json::Value;

    use super::*;

    /// The kinds of the configuration's schema, with their keys and those that have to be there.
    fn configured() -> Vec<(String, BTreeSet<String>, BTreeSet<String>)> {
        let schema = Config::json_schema();
        let kinds = schema["properties"]["destination"]["oneOf"]
            .as_array()
            .unwrap();
        let kinds = kinds.iter().map(|kind| {
            let name = kind["properties"]["type"]["const"].as_str().unwrap();
            let keys = kind["properties"].as_object().unwrap().keys().cloned();
            let required = kind["required"].as_array().unwrap().iter();
            let required = required.map(|key: &Value| key.as_str().unwrap().to_owned());
            let keys: BTreeSet<String> = keys.filter(|key| key != "type").collect();
            let required = required.filter(|key| key != "type").collect();
            (name.to_owned(), keys, required)
        });
        kinds.collect()
    }

    #[test]
    fn every_destination_of_the_configuration_is_offered_and_asked_for_what_it_needs() {
        let configured = configured();
        let offered: BTreeSet<&str> = DESTINATIONS.iter().map(|kind| kind.id).collect();
        let known: BTreeSet<&str> = configured.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(offered, known);
        for (name, keys, required) in &configured {
            let kind = DestinationKind::of(name).unwrap();
            for question in kind.questions {
                assert!(
                    keys.contains(question.key),
                    "{name} has no {}",
                    question.key
                );
            }
            for key in required {
                let asked = kind.questions.iter().find(|question| question.key == key);
                assert!(
                    asked.is_some_and(|question| !question.optional),
                    "{name}: {key}"
                );
            }
        }
    }

    #[test]
    fn the_defaults_and_any_word_for_the_rest_make_a_configuration() {
        for kind in DESTINATIONS {
            let mut answer = DestinationAnswer {
                kind: kind.id.to_owned(),
                ..DestinationAnswer::default()
            };
            for question in kind.questions {
                if question.is_asked(&answer) && !question.optional {
                    let value = question.default.unwrap_or("criteo").to_owned();
                    answer.options.insert(question.key.to_owned(), value);
                }
            }
            assert_eq!(check_destination(&answer), Ok(()), "{}", kind.id);
        }
    }

    #[test]
    fn a_refusal_is_about_the_only_answer_or_about_those_that_it_names() {
        let answer = |kind: &str, url: &str| DestinationAnswer {
            kind: kind.to_owned(),
            options: [("url".to_owned(), url.to_owned())].into(),
        };
        let refusals: [(&str, &str, &str, &[&str]); 6] = [
            ("csv", "", "Permission denied", &["path"]),
            ("parquet", "lake", "Permission denied", &["url"]),
            ("parquet", "s3://lake/a", "Access denied", &[]),
            (
                "postgres",
                "",
                "Check `destination.host` and `destination.port`",
                &["host", "port"],
            ),
            (
                "postgres",
                "",
                "`port` in [destination] must be a whole number",
                &["port"],
            ),
            ("postgres", "", "The server goes down", &[]),
        ];
        for (kind, url, words, blamed) in refusals {
            let found = DestinationKind::of(kind).unwrap();
            let found = found.blamed(&answer(kind, url), words);
            assert_eq!(found, blamed, "{kind} {url}: {words}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_what_has_a_default_is_not() {
        let keys = |kind: &str, given: &[(&str, &str)]| -> Vec<&'static str> {
            let options = given
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let answer = DestinationAnswer {
                kind: kind.to_owned(),
                options: options.collect(),
            };
            let missing = DestinationKind::of(kind).unwrap().missing(&answer);
            missing.into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys("duckdb", &[]), ["path"]);
        assert_eq!(keys("postgres", &[]), ["database", "user"]);
        assert_eq!(keys("postgres", &[("database", "d")]), ["user"]);
        assert_eq!(keys("clickhouse", &[]), ["url", "database"]);
        assert_eq!(keys("parquet", &[]), ["url"]);
        let nothing: [&str; 0] = [];
        assert_eq!(keys("csv", &[("path", "files")]), nothing);
        // Something else is wrong.
        assert_eq!(keys("csv", &[("pth", "files")]), nothing);
        let url = "postgresql://me@localhost/db";
        assert_eq!(keys("postgres", &[("url", url)]), nothing);
    }

    #[test]
    fn regions_are_asked_for_buckets_only() {
        let region = DestinationKind::of("parquet").unwrap().questions[1];
        let mut answer = DestinationAnswer::default();
        assert!(!region.is_asked(&answer));
        answer
            .options
            .insert("url".to_owned(), "s3://bucket/folder".to_owned());
        assert!(region.is_asked(&answer));
        answer.options.insert("url".to_owned(), "lake".to_owned());
        assert!(!region.is_asked(&answer));
    }
}
