//! The versions of rows: what was the current row when.
//!
//! A table of versions is a table of the lake like others, in files by day. DuckDB says which versions end and begin, in
//! memory and with the statements that a DuckDB file is asked with. The commit that replaces the rows names the files with
//! the versions as they are then; files of days in which nothing changed stay.

use std::collections::BTreeSet;

use arrow_array::RecordBatch;
use async_trait::async_trait;
use object_store::path::Path;

use super::super::duckdb::{InMemory, Source};
use super::super::{
    DestinationError, VALID_FROM, VALID_FROM_MEANING, VALID_TO, VALID_TO_MEANING, WindowLoad,
    history_description, history_table, rules,
};
use super::changes::{empty_ledger, fill_windows};
use super::commit::Action;
use super::encode::{Encoded, Folders, encode, partitioned};
use super::failure::Failure;
use super::layout;
use super::load::{ROWS_AT_A_TIME, arrow_schema_of, put_file, unique_name};
use super::log::Change;
use super::nearby::{Nearby, Root};
use super::published::PublishedTable;
use super::schema::other_types;
use super::spooled::shaped;
use super::state::{LakeState, TableState, grown};
use super::supersede::Scope;
use super::views::create_view;
use crate::ledger::StreamEntry;
use crate::schema::{Column, FieldType, TableSchema};

/// The change that begins or stops keeping the versions of a stream's rows.
pub(super) struct KeepVersions<'stream> {
    /// How files are read and put.
    pub(super) nearby: Nearby,
    /// The stream.
    pub(super) stream: &'stream StreamEntry,
    /// The column with the day of a row.
    pub(super) day_column: Option<&'stream str>,
    /// Whether versions are wanted.
    pub(super) keep: bool,
}

#[async_trait]
impl Change for KeepVersions<'_> {
    async fn actions(&self, state: &LakeState) -> Result<Vec<Action>, Failure> {
        let stream = &self.stream.stream;
        if !self.keep {
            let is_kept =
                |history: &super::state::HistoryState| history.is_kept && history.stream == *stream;
            return Ok(if state.histories.values().any(is_kept) {
                vec![Action::StopHistory {
                    stream: stream.clone(),
                }]
            } else {
                Vec::new()
            });
        }
        let Some(table) = state.table_of(stream) else {
            return Err(Failure::Refused(format!(
                "no table was prepared for stream '{stream}'"
            )));
        };
        refuse_foreign(state, table, stream)?;
        let history = state.table(&history_table(&table.schema.table));
        let schema = history_schema(table, history)?;
        let mut actions = Vec::new();
        if history.is_none_or(|history| history.schema != schema) {
            actions.push(Action::PutTable {
                stream: stream.clone(),
                schema: schema.clone(),
            });
        }
        let registration = state.history_of(&table.schema.table);
        if registration.is_some_and(|(history, _)| history.is_kept) {
            return Ok(actions);
        }
        let is_vouched_for = |entry: &crate::ledger::WindowEntry| entry.quarantine_reason.is_none();
        if state.windows_of(stream).iter().any(is_vouched_for) {
            actions.extend(self.caught_up(state, table, &schema).await?);
        }
        actions.push(Action::PutHistory {
            table: schema.table,
            stream: stream.clone(),
            of_table: table.schema.table.clone(),
        });
        Ok(actions)
    }
}

impl KeepVersions<'_> {
    /// The actions that bring the versions up to the rows that are current.
    async fn caught_up(
        &self,
        state: &LakeState,
        table: &TableState,
        schema: &TableSchema,
    ) -> Result<Vec<Action>, Failure> {
        let rows = PublishedTable::of(table);
        let held = Held::of(state, table, schema, self.day_column, |_| true);
        let of_rows = self
            .nearby
            .borrow(rows.files().map(str::to_owned).collect());
        let of_rows = of_rows.await?;
        let of_versions = self.nearby.borrow(held.paths.clone()).await?;
        let windows = state.with_windows(|window| window.entry.stream == self.stream.stream);
        let stream = self.stream.clone();
        let day_column = self.day_column.map(str::to_owned);
        // Versions of many windows; the name only has to be like others.
        let name = uuid::Uuid::now_v7().to_string();
        let next = tokio::task::spawn_blocking(move || {
            let (scratch, database) = held.open(&of_versions)?;
            fill_windows(&database, &windows, scratch.path())?;
            let view = create_view(&held.table, &rows, |path| {
                of_rows.locate(path).display().to_string()
            });
            database.execute(&view)?;
            database.catch_up_versions(&stream, day_column.as_deref())?;
            held.next(&database, &name)
        })
        .await??;
        next.put(&self.nearby).await
    }
}

/// The actions that close and open versions as a window replaces its rows; none where no versions are kept.
pub(super) async fn advanced(
    nearby: &Nearby,
    state: &LakeState,
    table: &TableState,
    load: &WindowLoad,
) -> Result<Vec<Action>, Failure> {
    let Some((registration, history)) = state.history_of(&table.schema.table) else {
        return Ok(Vec::new());
    };
    if !registration.is_kept || registration.stream != load.entry.stream {
        return Ok(Vec::new());
    }
    let schema = history_schema(table, Some(history))?;
    let mut actions = Vec::new();
    if history.schema != schema {
        actions.push(Action::PutTable {
            stream: load.entry.stream.clone(),
            schema: schema.clone(),
        });
    }
    let scope = Scope::of(load);
    let day_column = load.entry.days.and(load.day_column.as_deref());
    let held = Held::of(state, table, &schema, day_column, |file| {
        scope.touches(file)
    });
    let root = nearby.borrow(held.paths.clone()).await?;
    let (load, columns) = (load.clone(), table.schema.columns.clone());
    let next = tokio::task::spawn_blocking(move || {
        let (_scratch, database) = held.open(&root)?;
        database.advance_versions(&load, &columns)?;
        held.next(&database, &load.entry.window_id)
    })
    .await??;
    actions.extend(next.put(nearby).await?);
    Ok(actions)
}

/// The versions that a change looks at.
struct Held {
    /// The table with the current rows.
    table: String,
    stream: String,
    /// The table of versions, as it is from now on.
    schema: TableSchema,
    day_column: Option<String>,
    folders: Folders,
    /// Its files that matter.
    paths: Vec<String>,
}

impl Held {
    fn of(
        state: &LakeState,
        table: &TableState,
        schema: &TableSchema,
        day_column: Option<&str>,
        matters: impl Fn(&super::state::FileState) -> bool,
    ) -> Self {
        let files = state.table(&schema.table).map(|history| &history.files);
        let matters = files
            .into_iter()
            .flatten()
            .filter(|(_, file)| matters(file));
        let folders = match state.streams.get(&table.stream) {
            Some(stream) => Folders::of(stream, day_column.is_some()),
            None => Folders::One,
        };
        Self {
            table: table.schema.table.clone(),
            stream: table.stream.clone(),
            schema: schema.clone(),
            day_column: day_column.map(str::to_owned),
            folders,
            paths: matters.map(|(path, _)| path.clone()).collect(),
        }
    }

    /// A database with the versions, and the folder for what it spills.
    fn open(&self, root: &Root) -> Result<(tempfile::TempDir, InMemory), Failure> {
        let (scratch, database) = empty_ledger()?;
        let files: Vec<_> = self.paths.iter().map(|path| root.locate(path)).collect();
        database.hold_versions(&self.table, &self.schema.columns, &files)?;
        Ok((scratch, database))
    }

    /// The files that have to be written anew, and what they hold then. Versions that are new go into one file with the
    /// others of their folder.
    fn next(&self, database: &InMemory, window_id: &str) -> Result<Next, Failure> {
        let columns = &self.schema.columns;
        let mut versions = database.versions(&self.table, columns, &Source::New)?;
        let mut touched: BTreeSet<String> = BTreeSet::new();
        for piece in pieces(&versions) {
            let parts = self.partitions(piece, window_id)?;
            let folders = parts
                .iter()
                .filter_map(|(path, _)| folder_of(path.as_ref()));
            touched.extend(folders.map(str::to_owned));
        }
        let mut places = database.changed_sources(&self.table)?;
        places.extend(self.paths.iter().enumerate().filter_map(|(place, path)| {
            let is_touched = folder_of(path).is_some_and(|folder| touched.contains(folder));
            is_touched.then_some(place)
        }));
        versions.extend(database.versions(&self.table, columns, &Source::Files(&places))?);
        let mut files = Vec::new();
        for piece in pieces(&versions) {
            for (path, rows) in self.partitions(piece, window_id)? {
                files.push((path, encode(&rows, window_id, self.day_column.as_deref())?));
            }
        }
        Ok(Next {
            table: self.schema.table.clone(),
            gone: places
                .iter()
                .filter_map(|place| self.paths.get(*place).cloned())
                .collect(),
            files,
        })
    }

    /// Versions by the file they go into.
    fn partitions(
        &self,
        versions: &[RecordBatch],
        window_id: &str,
    ) -> Result<Vec<(Path, RecordBatch)>, Failure> {
        let schema = arrow_schema_of(&self.schema.columns);
        let versions = versions
            .iter()
            .map(|batch| shaped(batch, &schema))
            .collect::<Result<Vec<_>, _>>()?;
        let day_column = self.day_column.as_deref();
        let parts = partitioned(&versions, &schema, day_column, self.folders)?;
        let path_of = |(partition, rows)| {
            let name = unique_name(window_id);
            (layout::history_file(&self.stream, partition, &name), rows)
        };
        Ok(parts.into_iter().map(path_of).collect())
    }
}

/// What becomes of a table of versions.
struct Next {
    table: String,
    gone: Vec<String>,
    files: Vec<(Path, Encoded)>,
}

impl Next {
    /// Puts the new files, and gives the actions that name them.
    async fn put(self, nearby: &Nearby) -> Result<Vec<Action>, Failure> {
        let mut actions: Vec<Action> = self
            .gone
            .into_iter()
            .map(|path| Action::RemoveFile {
                table: self.table.clone(),
                path,
            })
            .collect();
        for (path, encoded) in self.files {
            put_file(nearby.objects(), &path, encoded.body).await?;
            actions.push(Action::AddFile {
                table: self.table.clone(),
                path: path.to_string(),
                file: encoded.file,
            });
        }
        Ok(actions)
    }
}

/// Batches in pieces of about [`ROWS_AT_A_TIME`] rows.
fn pieces(batches: &[RecordBatch]) -> impl Iterator<Item = &[RecordBatch]> {
    let mut rest = batches;
    std::iter::from_fn(move || {
        let mut rows = 0;
        let fits = rest.iter().take_while(|batch| {
            let is_begun = rows < ROWS_AT_A_TIME;
            rows += batch.num_rows();
            is_begun
        });
        let (piece, others) = rest.split_at(fits.count());
        rest = others;
        (!piece.is_empty()).then_some(piece)
    })
}

fn folder_of(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder)
}

/// The columns of the table, then from and until when; columns that the table got later are at the end.
fn history_schema(
    table: &TableState,
    history: Option<&TableState>,
) -> Result<TableSchema, Failure> {
    let of_table = &table.schema;
    let instant = |name: &str, description: &str| Column {
        name: name.to_owned(),
        field_type: FieldType::TimestampUtc,
        description: description.to_owned(),
    };
    let mut wanted = TableSchema {
        table: history_table(&of_table.table),
        description: history_description(&of_table.table, &of_table.description),
        columns: of_table.columns.clone(),
    };
    wanted.columns.extend([
        instant(VALID_FROM, VALID_FROM_MEANING),
        instant(VALID_TO, VALID_TO_MEANING),
    ]);
    let Some(history) = history else {
        return Ok(wanted);
    };
    if let Some((present, column)) = other_types(&history.schema, &wanted) {
        return Err(DestinationError::Incompatible {
            table: wanted.table.clone(),
            reason: format!(
                "column '{}' has type {:?} there and {:?} in table '{}'; give the stream another table name to begin \
                 anew",
                column.name, present.field_type, column.field_type, of_table.table
            ),
            stream: Some(table.stream.clone()),
            others: Vec::new(),
        }
        .into());
    }
    Ok(grown(&history.schema, &wanted))
}

/// Versions go into no table of another stream.
fn refuse_foreign(state: &LakeState, table: &TableState, stream: &str) -> Result<(), Failure> {
    let name = history_table(&table.schema.table);
    let Some(existing) = state.table(&name) else {
        return Ok(());
    };
    let registration = state.histories.get(&name.to_lowercase());
    Err(match registration {
        Some(history) if history.stream == stream => return Ok(()),
        Some(history) => rules::foreign_versions(&name, Some(&history.stream)),
        None => rules::foreign_table(&name, Some(&existing.stream)),
    }
    .into())
}
