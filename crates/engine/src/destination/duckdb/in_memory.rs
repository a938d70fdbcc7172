//! DuckDB as an engine for other destinations: a database in memory that is asked one question.

use std::collections::BTreeSet;

use ::duckdb::{Config, Connection};
use serde_json::Value;

use super::super::QueryAnswer;
use super::connection::{Failure, Session};
use super::query;

/// A database that vanishes when it is dropped.
pub(in super::super) struct InMemory {
    pub(super) connection: Connection,
}

impl InMemory {
    /// An empty one.
    pub(in super::super) fn open() -> Result<Self, Failure> {
        let config = Config::default().enable_autoload_extension(false)?;
        Ok(Self {
            connection: Connection::open_in_memory_with_flags(config)?,
        })
    }

    /// Runs statements that answer nothing.
    pub(in super::super) fn execute(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.connection.execute_batch(sql)?)
    }

    /// The names of tables that a query reads, in lower case; also those that it defines itself.
    pub(in super::super) fn tables_named(&self, sql: &str) -> Result<BTreeSet<String>, Failure> {
        query::refuse_other_statements(&self.session(), sql)?;
        let parsed: String = self.connection.query_row(
            "SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)",
            [sql],
            |row| row.get(0),
        )?;
        let mut names = BTreeSet::new();
        collect_names(&serde_json::from_str(&parsed)?, &mut names);
        Ok(names)
    }

    /// Runs one query; every value comes as text.
    pub(in super::super) fn query(&self, sql: &str) -> Result<QueryAnswer, Failure> {
        query::run(&self.session(), sql)
    }

    pub(super) fn session(&self) -> Session<'_> {
        Session {
            connection: &self.connection,
            catalog: "memory",
            schema: "main",
        }
    }
}

fn collect_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(name) if key == "table_name" => {
                        names.insert(name.to_lowercase());
                    }
                    _ => collect_names(member, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        _ => {}
    }
}
