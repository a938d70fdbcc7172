//! The tables of a lake as an engine wrote them down.

use std::collections::BTreeMap;
use std::path::Path;

use criteo_engine::catalog::FieldType;
use duckdb::Connection;

use super::Engine;
use crate::support::target::{TableColumn, Tables, ask_duckdb};

/// What an engine has read. DuckDB holds the texts, and nothing but texts, so that questions about them can be asked.
pub(super) struct ExportedTables {
    engine: Engine,
    columns: BTreeMap<String, Vec<TableColumn>>,
    descriptions: BTreeMap<String, (String, BTreeMap<String, String>)>,
    texts: Connection,
}

impl ExportedTables {
    /// The files that export.py wrote. Descriptions are those that the lake tells every reader.
    pub(super) fn read(engine: Engine, folder: &Path, views: &Path) -> ExportedTables {
        let latest = std::fs::read(views.join("latest.json")).unwrap();
        let latest: serde_json::Value = serde_json::from_slice(&latest).unwrap();
        let mut tables = ExportedTables {
            engine,
            columns: BTreeMap::new(),
            descriptions: BTreeMap::new(),
            texts: Connection::open_in_memory().unwrap(),
        };
        for (name, described) in latest["tables"].as_object().unwrap() {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let columns = described["columns"].as_array().unwrap().iter();
            let columns = columns
                .map(|column| (text(&column["name"]), text(&column["description"])))
                .collect();
            let description = text(&described["description"]);
            tables
                .descriptions
                .insert(name.clone(), (description, columns));
            tables.load(name, &folder.join(format!("{name}.jsonl")));
        }
        tables
    }

    fn load(&mut self, name: &str, file: &Path) {
        let text = std::fs::read_to_string(file).unwrap();
        let mut lines = text.lines();
        let columns: Vec<(String, String)> = serde_json::from_str(lines.next().unwrap()).unwrap();
        let definitions: Vec<String> = columns
            .iter()
            .map(|(column, _)| format!("\"{column}\" VARCHAR"))
            .collect();
        let create = format!("CREATE TABLE \"{name}\" ({})", definitions.join(", "));
        self.texts.execute_batch(&create).unwrap();
        let mut appender = self.texts.appender(name).unwrap();
        for line in lines {
            let row: Vec<Option<String>> = serde_json::from_str(line).unwrap();
            appender
                .append_row(duckdb::appender_params_from_iter(row))
                .unwrap();
        }
        appender.flush().unwrap();
        drop(appender);
        let described = &self.descriptions[name].1;
        let columns = columns
            .into_iter()
            .map(|(name, sql_type)| TableColumn {
                comment: described.get(&name).cloned(),
                name,
                sql_type,
            })
            .collect();
        self.columns.insert(name.to_owned(), columns);
    }
}

impl Tables for ExportedTables {
    fn names(&self) -> Vec<String> {
        self.columns.keys().cloned().collect()
    }

    fn columns(&self, table: &str) -> Vec<TableColumn> {
        self.columns.get(table).cloned().unwrap_or_default()
    }

    fn comment(&self, table: &str) -> Option<String> {
        let (description, _) = self.descriptions.get(table)?;
        Some(description.clone())
    }

    fn sql_type(&self, field_type: FieldType) -> &'static str {
        let [duckdb, polars, spark] = match field_type {
            FieldType::Text | FieldType::Json => ["VARCHAR", "String", "string"],
            FieldType::Integer => ["BIGINT", "Int64", "bigint"],
            FieldType::Money => [
                "DECIMAL(38,9)",
                "Decimal(precision=38, scale=9)",
                "decimal(38,9)",
            ],
            FieldType::Float => ["DOUBLE", "Float64", "double"],
            FieldType::Boolean => ["BOOLEAN", "Boolean", "boolean"],
            FieldType::Date => ["DATE", "Date", "date"],
            FieldType::Timestamp | FieldType::TimestampUtc => [
                "TIMESTAMP",
                "Datetime(time_unit='us', time_zone=None)",
                "timestamp_ntz",
            ],
        };
        match self.engine {
            Engine::DuckDb => duckdb,
            Engine::Polars => polars,
            Engine::Spark => spark,
        }
    }

    fn ask(&self, question: &str, take: &mut dyn FnMut(&[Option<String>])) {
        ask_duckdb(&self.texts, question, take);
    }
}
