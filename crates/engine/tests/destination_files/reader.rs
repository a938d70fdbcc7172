//! A destination whose tables are read from its files, as somebody would who knows nothing but the folder.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use criteo_engine::destination::files::FileFolder;
use criteo_engine::destination::{
    Capabilities, Destination, DestinationError, DropDays, DroppedDays, QueryAnswer, ValueKind,
    WindowLoad,
};
use criteo_engine::ledger::maturation::MaturationPoint;
use criteo_engine::ledger::{RunEntry, StreamEntry, WindowEntry};
use criteo_engine::schema::TableSchema;
use duckdb::Connection;
use serde_json::Value;

/// Writes through the destination and reads with DuckDB's own readers of CSV and JSON.
pub(crate) struct ReadsFiles {
    inner: FileFolder,
    folder: PathBuf,
}

impl ReadsFiles {
    pub(crate) fn new(inner: FileFolder, folder: PathBuf) -> Self {
        Self { inner, folder }
    }
}

#[async_trait]
impl Destination for ReadsFiles {
    async fn query(&self, sql: &str) -> Result<QueryAnswer, DestinationError> {
        if sql.contains("_criteo_") || sql.contains("_history") || !has_files(&self.folder, sql) {
            // Ledger and versions are not in the files, and neither is a table into which nothing was loaded yet.
            return self.inner.query(sql).await;
        }
        Ok(ask(&self.folder, sql))
    }

    async fn count_rows(&self, table: &str) -> Result<Option<u64>, DestinationError> {
        let counted = self.inner.count_rows(table).await?;
        if let Some(counted) = counted
            && has_files(&self.folder, table)
        {
            let answer = ask(&self.folder, &format!("SELECT count(*) FROM \"{table}\""));
            assert_eq!(answer.rows, [[Some(counted.to_string())]]);
        }
        Ok(counted)
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    async fn check(&self) -> Result<(), DestinationError> {
        self.inner.check().await
    }

    async fn prepare(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        self.inner.prepare(schema, stream).await
    }

    async fn keep_versions(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
        day_column: Option<&str>,
        keep: bool,
    ) -> Result<(), DestinationError> {
        self.inner
            .keep_versions(schema, stream, day_column, keep)
            .await
    }

    async fn drop_days(&self, drop: &DropDays) -> Result<DroppedDays, DestinationError> {
        self.inner.drop_days(drop).await
    }

    async fn maturation(&self, stream: &str) -> Result<Vec<MaturationPoint>, DestinationError> {
        self.inner.maturation(stream).await
    }

    async fn forget(&self, stream: &str) -> Result<(), DestinationError> {
        self.inner.forget(stream).await
    }

    async fn forget_changes(&self, stream: &str) -> Result<(), DestinationError> {
        self.inner.forget_changes(stream).await
    }

    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError> {
        self.inner.load_window(load).await
    }

    async fn record_quarantine(&self, entry: &WindowEntry) -> Result<(), DestinationError> {
        self.inner.record_quarantine(entry).await
    }

    async fn record_run(&self, run: &RunEntry) -> Result<(), DestinationError> {
        self.inner.record_run(run).await
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunEntry>, DestinationError> {
        self.inner.runs(limit).await
    }

    async fn stream(&self, stream: &str) -> Result<Option<StreamEntry>, DestinationError> {
        self.inner.stream(stream).await
    }

    async fn windows(&self, stream: &str) -> Result<Vec<WindowEntry>, DestinationError> {
        self.inner.windows(stream).await
    }
}

/// Whether a table that `sql` names was published.
fn has_files(folder: &Path, sql: &str) -> bool {
    manifests(folder)
        .iter()
        .any(|manifest| sql.contains(manifest["table"].as_str().unwrap()))
}

fn manifests(folder: &Path) -> Vec<Value> {
    let Ok(entries) = std::fs::read_dir(folder.join("_criteo")) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        .collect()
}

/// The answer of a DuckDB that holds nothing but a view of each table's files.
pub(crate) fn ask(folder: &Path, sql: &str) -> QueryAnswer {
    let connection = Connection::open_in_memory().unwrap();
    for manifest in manifests(folder) {
        let table = manifest["table"].as_str().unwrap();
        let view = format!("CREATE VIEW \"{table}\" AS {}", view_of(folder, &manifest));
        connection
            .execute_batch(&view)
            .unwrap_or_else(|error| panic!("{error}: {view}"));
    }
    let mut statement = connection
        .prepare(&format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sql})"))
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let columns = rows.as_ref().unwrap().column_names();
    let mut answer = QueryAnswer {
        kinds: vec![ValueKind::Text; columns.len()],
        columns,
        rows: Vec::new(),
    };
    while let Some(row) = rows.next().unwrap() {
        let values = (0..answer.columns.len()).map(|position| row.get(position).unwrap());
        answer.rows.push(values.collect());
    }
    answer
}

/// A reader of every file of the table that a pattern finds, whatever the manifest says of files. Names and types
/// of columns are the manifest's.
fn view_of(folder: &Path, manifest: &Value) -> String {
    let table = manifest["table"].as_str().unwrap();
    let columns = manifest["columns"].as_array().unwrap();
    let types: Vec<(&str, &str)> = columns
        .iter()
        .map(|column| {
            let sql_type = match column["field_type"].as_str().unwrap() {
                "text" => "VARCHAR",
                "integer" => "BIGINT",
                "money" => "DECIMAL(38,9)",
                "float" => "DOUBLE",
                "boolean" => "BOOLEAN",
                "date" => "DATE",
                "timestamp" | "timestamp_utc" => "TIMESTAMP",
                "json" => "JSON",
                other => panic!("an unknown type: {other}"),
            };
            (column["name"].as_str().unwrap(), sql_type)
        })
        .collect();
    let mut files = files_of(&folder.join(table));
    files.extend(
        ["csv", "jsonl"]
            .map(|extension| folder.join(format!("{table}.{extension}")))
            .into_iter()
            .filter(|file| file.exists()),
    );
    if files.is_empty() {
        let nothing: Vec<String> = types
            .iter()
            .map(|(name, sql_type)| format!("CAST(NULL AS {sql_type}) AS \"{name}\""))
            .collect();
        return format!("SELECT {} WHERE false", nothing.join(", "));
    }
    let is_csv = files[0].extension().unwrap() == "csv";
    let columns: Vec<String> = types
        .iter()
        .map(|(name, sql_type)| format!("'{name}': '{sql_type}'"))
        .collect();
    let files: Vec<String> = files
        .iter()
        .map(|file| format!("'{}'", file.display()))
        .collect();
    let (files, columns) = (files.join(", "), columns.join(", "));
    if is_csv {
        format!(
            "FROM read_csv([{files}], columns = {{{columns}}}, header = true, auto_detect = false, delim = ',', \
             quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false)"
        )
    } else {
        format!("FROM read_json([{files}], columns = {{{columns}}}, format = 'newline_delimited')")
    }
}

/// The files of a folder, in order of their names.
pub(crate) fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}
