//! How DuckDB compares rows, lent to a destination that has no engine of its own: the statements are those of a DuckDB
//! file, on tables in memory that hold as much of the other destination as they look at.

use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow_array::RecordBatch;

use super::super::{Observation, WindowLoad, history_table};
use super::connection::Failure;
use super::in_memory::InMemory;
use super::ledger::{CHANGES, WINDOW_ADVERTISERS, WINDOWS};
use super::{changes, ledger, load, schema, sql, versions};
use crate::ledger::StreamEntry;
use crate::ledger::maturation::MaturationPoint;
use crate::schema::{Column, FieldType};

/// The column of a table of versions in memory that says from which file a version is; NULL for one that is new.
const SOURCE: &str = "criteo_source";
/// The versions of each file that were current at first.
const HELD: &str = "_criteo_held";

/// Versions of which file are wanted.
pub(in super::super) enum Source<'files> {
    /// Those that are new.
    New,
    /// Those of some files, by their places in the list.
    Files(&'files BTreeSet<usize>),
}

impl InMemory {
    /// Makes the tables and views of an empty ledger. What is spilled goes into `scratch`.
    pub(in super::super) fn create_ledger(&self, scratch: &std::path::Path) -> Result<(), Failure> {
        let scratch = sql::literal(&scratch.display().to_string());
        self.execute(&format!("SET temp_directory = {scratch}"))?;
        ledger::create(&self.session())
    }

    /// Puts the rows of Parquet files into a table of the ledger.
    pub(in super::super) fn fill_ledger(
        &self,
        table: LedgerPart,
        files: &[PathBuf],
    ) -> Result<(), Failure> {
        if files.is_empty() {
            return Ok(());
        }
        let name = match table {
            LedgerPart::Windows => WINDOWS,
            LedgerPart::WindowAdvertisers => WINDOW_ADVERTISERS,
            LedgerPart::Changes => CHANGES,
        };
        let files = expression(files)?;
        self.execute(&format!(
            "INSERT INTO {} BY NAME SELECT * FROM {files}",
            self.session().table(name)
        ))
    }

    /// What a window changes, as rows of the ledger's table of changes: the table of the window's stream, the ledger's
    /// windows and the changes recorded before have to be there.
    pub(in super::super) fn changes(
        &self,
        load: &WindowLoad,
        observation: &Observation,
        columns: &[Column],
    ) -> Result<Vec<RecordBatch>, Failure> {
        let session = self.session();
        let before: i64 = self.connection.query_row(
            &format!("SELECT count(*) FROM {}", session.table(CHANGES)),
            [],
            |row| row.get(0),
        )?;
        let days = load::days_condition(load)?;
        let files = rows_of(load)?;
        changes::record(&session, load, observation, &days, Some(&files))?;
        self.batches(
            CHANGES,
            columns,
            // Nothing is ever deleted from it, so that the numbers of rows count them.
            &format!("rowid >= {before}"),
        )
    }

    /// How much was known at which age, from the changes that are there.
    pub(in super::super) fn maturation(
        &self,
        stream: &str,
    ) -> Result<Vec<MaturationPoint>, Failure> {
        changes::maturation(&self.session(), stream)
    }

    /// Makes a table of versions with those of some files. Versions have these columns.
    pub(in super::super) fn hold_versions(
        &self,
        table: &str,
        columns: &[Column],
        files: &[PathBuf],
    ) -> Result<(), Failure> {
        let history = self.session().table(&history_table(table));
        let definitions: Vec<String> = columns
            .iter()
            .map(|column| {
                let name = sql::identifier(&column.name);
                format!("{name} {}", Self::type_in_files(column.field_type))
            })
            .collect();
        self.execute(&format!(
            "CREATE TABLE {history} ({}, {SOURCE} BIGINT)",
            definitions.join(", ")
        ))?;
        for (place, file) in files.iter().enumerate() {
            let file = expression(std::slice::from_ref(file))?;
            self.execute(&format!(
                "INSERT INTO {history} BY NAME SELECT *, {place} AS {SOURCE} FROM {file}"
            ))?;
        }
        self.execute(&format!(
            "CREATE TABLE {HELD} AS SELECT {SOURCE}, count(*) FILTER (WHERE {} IS NULL) AS versions FROM {history} \
             GROUP BY {SOURCE}",
            super::super::VALID_TO
        ))
    }

    /// Closes and opens versions as if the rows of the window had just replaced those before.
    pub(in super::super) fn advance_versions(
        &self,
        load: &WindowLoad,
        columns: &[Column],
    ) -> Result<(), Failure> {
        let session = self.session();
        let table = &load.schema.table;
        self.execute(&format!(
            "CREATE VIEW {} AS {}",
            session.table(table),
            rows_with(load, columns)?
        ))?;
        let history = history_table(table);
        versions::register(&session, &history, table, &load.entry.stream)?;
        versions::advance(&session, load, &load::days_condition(load)?)
    }

    /// Brings versions up to the rows of the table, which has to be there as the ledger's windows have.
    pub(in super::super) fn catch_up_versions(
        &self,
        stream: &StreamEntry,
        day_column: Option<&str>,
    ) -> Result<(), Failure> {
        versions::catch_up(&self.session(), &stream.table, &stream.stream, day_column)
    }

    /// The places of the files of which a version was closed.
    pub(in super::super) fn changed_sources(
        &self,
        table: &str,
    ) -> Result<BTreeSet<usize>, Failure> {
        let history = self.session().table(&history_table(table));
        let mut statement = self.connection.prepare(&format!(
            "SELECT {SOURCE} FROM (SELECT {SOURCE}, count(*) FILTER (WHERE {} IS NULL) AS now FROM {history} \
             GROUP BY {SOURCE}) JOIN {HELD} USING ({SOURCE}) WHERE now <> versions",
            super::super::VALID_TO
        ))?;
        let places = statement.query_map([], |row| row.get::<_, usize>(0))?;
        Ok(places.collect::<Result<_, _>>()?)
    }

    /// Versions with these columns, as they are now.
    pub(in super::super) fn versions(
        &self,
        table: &str,
        columns: &[Column],
        source: &Source<'_>,
    ) -> Result<Vec<RecordBatch>, Failure> {
        let condition = match source {
            Source::New => format!("{SOURCE} IS NULL"),
            Source::Files(places) if places.is_empty() => "FALSE".to_owned(),
            Source::Files(places) => {
                let places: Vec<String> = places.iter().map(usize::to_string).collect();
                format!("{SOURCE} IN ({})", places.join(", "))
            }
        };
        self.batches(&history_table(table), columns, &condition)
    }

    /// The type of a column in Parquet files: they hold JSON as text.
    pub(in super::super) fn type_in_files(field_type: FieldType) -> String {
        match field_type {
            FieldType::Json => schema::sql_type(FieldType::Text),
            other => schema::sql_type(other),
        }
    }

    fn batches(
        &self,
        table: &str,
        columns: &[Column],
        condition: &str,
    ) -> Result<Vec<RecordBatch>, Failure> {
        let names = sql::identifiers(columns.iter().map(|column| column.name.as_str()));
        let mut statement = self.connection.prepare(&format!(
            "SELECT {names} FROM {} WHERE {condition}",
            self.session().table(table)
        ))?;
        Ok(statement.stream_arrow([])?.collect())
    }
}

/// A table of the ledger that is filled from elsewhere.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum LedgerPart {
    /// The windows as they were read.
    Windows,
    /// What each of them still vouches for.
    WindowAdvertisers,
    /// What later readings changed.
    Changes,
}

/// The rows of a window as a table expression, with every column of its table: files may lack some.
fn rows_of(load: &WindowLoad) -> Result<String, Failure> {
    Ok(format!("({})", rows_with(load, &load.schema.columns)?))
}

fn rows_with(load: &WindowLoad, columns: &[Column]) -> Result<String, Failure> {
    let nothing: Vec<String> = columns
        .iter()
        .map(|column| {
            let name = sql::identifier(&column.name);
            format!(
                "CAST(NULL AS {}) AS {name}",
                InMemory::type_in_files(column.field_type)
            )
        })
        .collect();
    let rows = match load::files(load)? {
        Some(files) => format!(" UNION ALL BY NAME SELECT * FROM {files}"),
        None => String::new(),
    };
    Ok(format!("SELECT {} WHERE FALSE{rows}", nothing.join(", ")))
}

fn expression(files: &[PathBuf]) -> Result<String, Failure> {
    sql::parquet_files(files)
        .ok_or_else(|| Failure::Refused("the path of a file is not valid Unicode".to_owned()))
}
