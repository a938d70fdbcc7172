//! Loading a window: its files are put first, where nobody looks for them, and one commit makes them and the ledger's
//! entry the truth.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use tokio::sync::mpsc;

use super::super::WindowLoad;
use super::commit::Action;
use super::encode::{Encoded, Folders, encode, partitioned};
use super::failure::Failure;
use super::held::Held;
use super::kept::Kept;
use super::layout;
use super::log::Change;
use super::nearby::Nearby;
use super::state::{FileState, LakeState, TableState};
use super::supersede::{Scope, Superseding};
use super::{changes, spooled, versions};
use crate::ledger::StreamEntry;
use crate::schema::{Column, arrow_type};

/// Rows that are sorted and written at a time. A larger window becomes several files per folder, so that memory does
/// not grow with it.
pub(super) const ROWS_AT_A_TIME: usize = 500_000;
/// Files that are put at the same time.
const PUTS_AT_A_TIME: usize = 8;

/// A data file that was put into the store and is not part of the lake yet.
#[derive(Clone)]
pub(super) struct PutFile {
    pub(super) path: String,
    pub(super) file: FileState,
}

/// What the files of a window have to look like.
pub(super) struct Target {
    /// What the table is for, so that the files are not taken into another one of the same name.
    stream: StreamEntry,
    schema: SchemaRef,
    folders: Folders,
}

/// The target of a window, or `None` when it was loaded already.
///
/// # Errors
/// When the window does not belong to the table that was prepared for its stream.
pub(super) fn target(state: &LakeState, load: &WindowLoad) -> Result<Option<Target>, Failure> {
    if state.is_loaded(&load.entry.window_id) {
        return Ok(None);
    }
    let (table, stream) = prepared(state, load)?;
    Ok(Some(Target {
        stream: stream.clone(),
        schema: columns_of(table),
        folders: Folders::of(stream, load.entry.days.is_some()),
    }))
}

/// The change that makes a window's files part of the lake. What it finds out for one state, and the files that it puts for
/// that, serve for the next one as far as it looks the same there; all of them are younger than the rows.
pub(super) struct LoadWindow<'load> {
    nearby: Nearby,
    load: &'load WindowLoad,
    /// What the files were written for, and with which columns.
    stream: StreamEntry,
    schema: SchemaRef,
    files: Vec<PutFile>,
    began_at: Timestamp,
    superseding: Superseding,
    versions: Kept<Arc<Held>>,
    changes: Kept<Arc<changes::Seen>>,
}

impl<'load> LoadWindow<'load> {
    /// Proves that the rows are those of the entry, and puts them into the store. Nothing is visible of it. `began_at` is
    /// the instant before it.
    ///
    /// # Errors
    /// When the window does not fit the table, its rows do not fit its entry, or the store refuses.
    pub(super) async fn put(
        nearby: Nearby,
        load: &'load WindowLoad,
        target: Target,
        began_at: Timestamp,
    ) -> Result<Self, Failure> {
        let Target {
            stream,
            schema,
            folders,
        } = target;
        let checked = load.clone();
        tokio::task::spawn_blocking(move || spooled::refuse_disagreement(&checked)).await??;
        // The reader of the spool blocks, the store does not: files cross over one at a time.
        let (sender, files) = mpsc::channel(1);
        let (source, columns) = (load.clone(), Arc::clone(&schema));
        let reader = tokio::task::spawn_blocking(move || {
            encode_files(&source, &columns, folders, |file| {
                sender.blocking_send(file).is_ok()
            })
        });
        let files = put_files(nearby.objects(), files).await;
        reader.await??;
        Ok(Self {
            nearby,
            load,
            stream,
            schema,
            files: files?,
            began_at,
            superseding: Superseding::of(Scope::of(load)),
            versions: Kept::default(),
            changes: Kept::default(),
        })
    }

    /// The table that the files were put for. Another process may have made it anew since; columns that were added do no
    /// harm, because the rows have none of them.
    fn table<'state>(&self, state: &'state LakeState) -> Result<&'state TableState, Failure> {
        // It was there when the files were put, so where it is gone somebody is about to make another one. That is no
        // reason to give the rows up.
        let Ok((table, stream)) = prepared(state, self.load) else {
            return Err(self.made_anew());
        };
        let columns = columns_of(table);
        let has = |field: &arrow_schema::FieldRef| {
            columns
                .field_with_name(field.name())
                .is_ok_and(|column| column.data_type() == field.data_type())
        };
        if *stream == self.stream && self.schema.fields().iter().all(has) {
            Ok(table)
        } else {
            Err(self.made_anew())
        }
    }

    fn made_anew(&self) -> Failure {
        Failure::Unusable(format!(
            "another process made table '{}' anew while a window was written for the one before; run again, which \
             reads what is missing",
            self.stream.table
        ))
    }
}

#[async_trait]
impl Change for LoadWindow<'_> {
    async fn actions(&self, state: &LakeState) -> Result<Vec<Action>, Failure> {
        let load = self.load;
        if state.is_loaded(&load.entry.window_id) {
            return Ok(Vec::new());
        }
        let table = self.table(state)?;
        let name = &table.schema.table;
        let mut actions = self
            .superseding
            .out_of(self.nearby.objects(), table)
            .await?;
        actions.extend(self.files.iter().map(|put| Action::AddFile {
            table: name.clone(),
            path: put.path.clone(),
            file: put.file.clone(),
        }));
        actions.extend(versions::advanced(&self.nearby, state, table, load, &self.versions).await?);
        actions.extend(changes::observed(&self.nearby, state, table, load, &self.changes).await?);
        actions.push(Action::PutWindow(load.entry.clone()));
        Ok(actions)
    }

    fn put_since(&self) -> Option<Timestamp> {
        Some(self.began_at)
    }
}

/// Puts one data file. Its name is new, so that putting it again after a lost answer is harmless.
pub(super) async fn put_file(
    store: &dyn ObjectStore,
    path: &Path,
    body: Bytes,
) -> Result<(), Failure> {
    store.put(path, PutPayload::from_bytes(body)).await?;
    Ok(())
}

/// Puts files as they are made, several at a time.
pub(super) async fn put_files(
    store: &dyn ObjectStore,
    files: mpsc::Receiver<(Path, Encoded)>,
) -> Result<Vec<PutFile>, Failure> {
    let files = futures_util::stream::unfold(files, |mut files| async move {
        let next = files.recv().await?;
        Some((next, files))
    });
    files
        .map(|(path, encoded)| async move {
            put_file(store, &path, encoded.body).await?;
            Ok::<_, Failure>(PutFile {
                path: path.to_string(),
                file: encoded.file,
            })
        })
        .buffer_unordered(PUTS_AT_A_TIME)
        .try_collect()
        .await
}

/// The table that was prepared for the window's stream: rows go into no other.
fn prepared<'state>(
    state: &'state LakeState,
    load: &WindowLoad,
) -> Result<(&'state TableState, &'state StreamEntry), Failure> {
    let stream = &load.entry.stream;
    let entry = state.streams.get(stream);
    let table = state.table_of(stream);
    match (table, entry) {
        (Some(table), Some(entry)) if entry.table == load.schema.table => Ok((table, entry)),
        _ => Err(Failure::Refused(format!(
            "table '{}' was not prepared for stream '{stream}'",
            load.schema.table
        ))),
    }
}

/// All columns of the table: a file has every one that the table had when it was written.
pub(super) fn columns_of(table: &TableState) -> SchemaRef {
    arrow_schema_of(&table.schema.columns)
}

/// Columns as Arrow names them.
pub(super) fn arrow_schema_of(columns: &[Column]) -> SchemaRef {
    let fields: Vec<_> = columns
        .iter()
        .map(|column| arrow_schema::Field::new(&column.name, arrow_type(column.field_type), true))
        .collect();
    Arc::new(Schema::new(fields))
}

/// Encodes the rows in pieces of [`ROWS_AT_A_TIME`] and hands each file to `take`, until that says that nobody listens.
fn encode_files(
    load: &WindowLoad,
    schema: &SchemaRef,
    folders: Folders,
    take: impl Fn((Path, Encoded)) -> bool,
) -> Result<(), Failure> {
    let mut pending: Vec<RecordBatch> = Vec::new();
    let mut rows = 0;
    for batch in spooled::batches(load, schema) {
        let batch = batch?;
        rows += batch.num_rows();
        pending.push(batch);
        if rows >= ROWS_AT_A_TIME {
            if !encode_piece(load, schema, folders, &pending, &take)? {
                return Ok(());
            }
            pending.clear();
            rows = 0;
        }
    }
    encode_piece(load, schema, folders, &pending, &take)?;
    Ok(())
}

/// The same of the rows of one piece. False when nobody listens any more.
fn encode_piece(
    load: &WindowLoad,
    schema: &SchemaRef,
    folders: Folders,
    batches: &[RecordBatch],
    take: &impl Fn((Path, Encoded)) -> bool,
) -> Result<bool, Failure> {
    let entry = &load.entry;
    let day_column = entry.days.and(load.day_column.as_deref());
    for (partition, rows) in partitioned(batches, schema, day_column, folders)? {
        let encoded = encode(&rows, &entry.window_id, day_column)?;
        let name = unique_name(&entry.window_id);
        if !take((layout::data_file(&entry.stream, partition, &name), encoded)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The window's id, so that a person sees where a file is from, and a word that no other attempt has.
pub(super) fn unique_name(window_id: &str) -> String {
    let attempt = uuid::Uuid::now_v7().simple().to_string();
    // The end of a UUID of version 7 is its random part.
    let word = attempt.get(20..).unwrap_or(&attempt);
    format!("{window_id}-{word}")
}
