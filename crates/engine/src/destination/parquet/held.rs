//! Versions as a change meets them: held in memory by DuckDB, and written as files again where something becomes of them.

use std::collections::BTreeSet;

use arrow_array::RecordBatch;
use object_store::path::Path;
use tokio::sync::mpsc;

use super::super::duckdb::{InMemory, Source};
use super::changes::empty_ledger;
use super::commit::Action;
use super::encode::{Encoded, Folders, encode, partitioned};
use super::failure::Failure;
use super::layout;
use super::load::{ROWS_AT_A_TIME, arrow_schema_of, put_files, unique_name};
use super::nearby::{Nearby, Root};
use super::spooled::shaped;
use super::state::{FileState, LakeState, TableState};
use crate::schema::{Column, TableSchema};

/// Lets `find` say which files of a table of versions go, and puts those that come in their place as it makes them. Gives
/// the actions that say so.
pub(super) async fn written(
    nearby: &Nearby,
    table: &str,
    find: impl FnOnce(Take<'_>) -> Result<Vec<String>, Failure> + Send + 'static,
) -> Result<Vec<Action>, Failure> {
    let (sender, files) = mpsc::channel(1);
    let finding = tokio::task::spawn_blocking(move || {
        find(&|file: (Path, Encoded)| sender.blocking_send(file).is_ok())
    });
    let put = put_files(nearby.objects(), files).await;
    let gone = finding.await??;
    let table = || table.to_owned();
    let gone = gone.into_iter().map(|path| Action::RemoveFile {
        table: table(),
        path,
    });
    let come = put?.into_iter().map(|put| Action::AddFile {
        table: table(),
        path: put.path,
        file: put.file,
    });
    Ok(gone.chain(come).collect())
}

/// Takes a file that is to be put. False when nobody listens any more, because another one could not be.
pub(super) type Take<'take> = &'take dyn Fn((Path, Encoded)) -> bool;

/// The versions that a change looks at. What becomes of them follows from that and from the rows that it brings alone.
#[derive(PartialEq)]
pub(super) struct Held {
    /// The table with the current rows.
    pub(super) table: String,
    /// Its columns.
    pub(super) columns: Vec<Column>,
    stream: String,
    /// The table of versions, as it is from now on.
    schema: TableSchema,
    day_column: Option<String>,
    folders: Folders,
    /// Its files that matter.
    pub(super) paths: Vec<String>,
}

impl Held {
    /// Those of a table's rows in the files that matter. `schema` is the table of versions, as it is from now on.
    pub(super) fn of(
        state: &LakeState,
        table: &TableState,
        schema: &TableSchema,
        day_column: Option<&str>,
        matters: impl Fn(&FileState) -> bool,
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
            columns: table.schema.columns.clone(),
            stream: table.stream.clone(),
            schema: schema.clone(),
            day_column: day_column.map(str::to_owned),
            folders,
            paths: matters.map(|(path, _)| path.clone()).collect(),
        }
    }

    /// A database with the versions, and the folder for what it spills.
    pub(super) fn open(&self, root: &Root) -> Result<(tempfile::TempDir, InMemory), Failure> {
        let (scratch, database) = empty_ledger()?;
        let files: Vec<_> = self.paths.iter().map(|path| root.locate(path)).collect();
        database.hold_versions(&self.table, &self.schema.columns, &files)?;
        Ok((scratch, database))
    }

    /// Gives the files that have to be written anew, and hands `take` those that come in their place. Versions that are new go
    /// into one file with the others of their folder.
    pub(super) fn next(
        &self,
        database: &InMemory,
        window_id: &str,
        take: Take<'_>,
    ) -> Result<Vec<String>, Failure> {
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
        for piece in pieces(&versions) {
            for (path, rows) in self.partitions(piece, window_id)? {
                let encoded = encode(&rows, window_id, self.day_column.as_deref())?;
                if !take((path, encoded)) {
                    return Ok(Vec::new());
                }
            }
        }
        let gone = places
            .iter()
            .filter_map(|place| self.paths.get(*place).cloned());
        Ok(gone.collect())
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
