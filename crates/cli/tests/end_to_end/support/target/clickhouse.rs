//! ClickHouse: a database of the server that all tests share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ::clickhouse::Client;
use criteo_engine::catalog::FieldType;
use tokio::runtime::Runtime;

use super::super::cell::Cell;
use super::{Damage, TableColumn, Tables, Target, TargetKind};
use crate::server::{PASSWORD, Server, USER, server};

/// Lets a question mean what it means to the other databases. As part of each, because the stand-in for a server keeps
/// settings that come beside a question for whoever asks next.
const SETTINGS: &str = "join_use_nulls = 1, cast_keep_nullable = 1, union_default_mode = 'DISTINCT', \
                        session_timezone = 'UTC', output_format_decimal_trailing_zeros = 1";

/// How NULL is written among texts. Nothing that the sandbox makes up reads like it.
const NULL: &str = "ᴺᵁᴸᴸ";

/// A database of a stage.
pub(crate) struct ClickHouseTarget {
    server: &'static Server,
    database: String,
    folder: PathBuf,
    runtime: Runtime,
}

impl ClickHouseTarget {
    /// A new database, for a stage with this folder.
    pub(super) fn new(server: &'static Server, folder: &Path) -> ClickHouseTarget {
        static STAGES: AtomicUsize = AtomicUsize::new(0);
        let database = format!("stage_{}", STAGES.fetch_add(1, Ordering::SeqCst));
        let runtime = Runtime::new().unwrap();
        runtime.block_on(server.create_database(&database));
        ClickHouseTarget {
            server,
            database,
            folder: folder.to_owned(),
            runtime,
        }
    }

    /// Whether there is a server here. Where there is none, that is said on stderr.
    pub(super) fn is_there() -> bool {
        server().is_some()
    }
}

impl std::fmt::Debug for ClickHouseTarget {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ClickHouseTarget({})", self.database)
    }
}

impl Target for ClickHouseTarget {
    fn kind(&self) -> TargetKind {
        TargetKind::ClickHouse
    }

    fn section(&self) -> toml::Table {
        toml::Table::from_iter(
            [
                ("type", "clickhouse"),
                ("url", &self.server.url),
                ("database", &self.database),
                ("user", USER),
            ]
            .map(|(key, value)| (key.to_owned(), value.into())),
        )
    }

    fn environment(&self) -> Vec<(String, String)> {
        vec![(
            "CRITEO_DESTINATION_PASSWORD".to_owned(),
            PASSWORD.to_owned(),
        )]
    }

    fn spool(&self) -> PathBuf {
        let entries = std::fs::read_dir(&self.folder).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        let is_spool = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("clickhouse-") && name.ends_with(".spool")
        };
        paths.find(is_spool).unwrap()
    }

    fn tables(&self) -> Option<Box<dyn Tables + '_>> {
        Some(Box::new(ClickHouseTables(self)))
    }

    fn damage(&self, _table: &str, _damage: Damage) {
        panic!("rows of ClickHouse lie below a view, and no test damages them");
    }

    fn row_id(&self) -> &'static str {
        panic!("nothing tells the rows of a view apart");
    }

    fn execute(&self, statement: &str) -> u64 {
        panic!("no test changes a view: {statement}");
    }
}

impl Drop for ClickHouseTarget {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let drop = format!("DROP DATABASE {} SYNC", self.database);
            self.runtime.block_on(self.server.execute(&drop));
        }
    }
}

/// A database that is read.
struct ClickHouseTables<'target>(&'target ClickHouseTarget);

impl ClickHouseTables<'_> {
    fn rows(&self, question: &str) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        self.ask(question, &mut |row| rows.push(row.to_vec()));
        rows
    }
}

impl Tables for ClickHouseTables<'_> {
    fn names(&self) -> Vec<String> {
        let question = format!(
            "SELECT name FROM system.tables WHERE database = '{}'",
            self.0.database
        );
        let rows = self.rows(&question).into_iter();
        rows.map(|mut row| row.remove(0).unwrap()).collect()
    }

    fn columns(&self, table: &str) -> Vec<TableColumn> {
        let question = format!(
            "SELECT name, type, comment FROM system.columns WHERE database = '{}' AND table = '{table}' \
             ORDER BY position",
            self.0.database
        );
        let column = |mut row: Vec<Cell>| TableColumn {
            comment: row.pop().unwrap().filter(|comment| !comment.is_empty()),
            sql_type: within(&row.pop().unwrap().unwrap(), "Nullable(").to_owned(),
            name: row.pop().unwrap().unwrap(),
        };
        self.rows(&question).into_iter().map(column).collect()
    }

    fn comment(&self, table: &str) -> Option<String> {
        let question = format!(
            "SELECT comment FROM system.tables WHERE database = '{}' AND name = '{table}'",
            self.0.database
        );
        self.rows(&question).remove(0).remove(0)
    }

    fn sql_type(&self, field_type: FieldType) -> &'static str {
        match field_type {
            FieldType::Text | FieldType::Json => "String",
            FieldType::Integer => "Int64",
            FieldType::Money => "Decimal(38, 9)",
            FieldType::Float => "Float64",
            FieldType::Boolean => "Bool",
            FieldType::Date => "Date32",
            FieldType::Timestamp | FieldType::TimestampUtc => "DateTime64(6, 'UTC')",
        }
    }

    fn ask(&self, question: &str, take: &mut dyn FnMut(&[Cell])) {
        let client = Client::default()
            .with_url(&self.0.server.url)
            .with_user(USER)
            .with_password(PASSWORD)
            .with_database(&self.0.database);
        let question = format!(
            "SELECT * FROM ({}) SETTINGS {SETTINGS}",
            in_its_words(question)
        );
        let answer = self.0.runtime.block_on(async {
            let mut answer = client
                .query_raw(&question)
                .fetch_bytes("JSONCompactStringsEachRowWithNamesAndTypes")
                .unwrap();
            answer.collect().await
        });
        let answer = answer.unwrap_or_else(|error| panic!("{error}: {question}"));
        let text = String::from_utf8(answer.to_vec()).unwrap();
        let mut lines = text
            .lines()
            .map(|line| serde_json::from_str::<Vec<Option<String>>>(line).unwrap());
        let (_, types) = (lines.next().unwrap(), lines.next().unwrap());
        for mut row in lines {
            for (value, sql_type) in row.iter_mut().zip(&types) {
                *value = value
                    .take()
                    .filter(|text| text != NULL)
                    .map(|text| plain(text, sql_type.as_deref().unwrap()));
            }
            take(&row);
        }
    }
}

/// Days of literals as wide as those of columns, and the days between the two, which no minus gives here.
fn in_its_words(question: &str) -> String {
    let mut parts = question.split("DATE '");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (day, rest) = part.split_once('\'').unwrap();
        let literal = format!("toDate32('{day}')");
        match rest.strip_prefix(" - ") {
            Some(rest) => {
                let (subtracted, rest) = rest.split_at(expression_end(rest));
                text.push_str(&format!("dateDiff('day', {subtracted}, {literal}){rest}"));
            }
            None => text.push_str(&format!("{literal}{rest}")),
        }
    }
    text
}

/// Where the column or call of a function ends that a text begins with.
fn expression_end(text: &str) -> usize {
    let mut open = 0_usize;
    for (place, character) in text.char_indices() {
        match character {
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            _ if character.is_ascii_alphanumeric() || character == '_' => {}
            _ => return place,
        }
    }
    text.len()
}

/// A value as the other databases write it: moments have no fraction where it is zero.
fn plain(text: String, sql_type: &str) -> String {
    if !sql_type.contains("DateTime64") {
        return text;
    }
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.chars().all(|digit| digit == '0') => whole.to_owned(),
        _ => text,
    }
}

/// What stands in the brackets behind `name`, or all of it.
fn within<'text>(text: &'text str, name: &str) -> &'text str {
    let inner = text.strip_prefix(name);
    inner
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(text)
}
