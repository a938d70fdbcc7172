//! The keys of a window while it is delivered.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow_schema::DataType;
use criteo_engine::calendar::add_days;
use criteo_engine::ledger::WindowEntry;
use criteo_engine::schema::{Column, arrow_type};
use jiff::civil::{Date, date};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use uuid::Uuid;

use super::file::{EXTENSION, KeyFile, METADATA_KEY, Scope, UNFINISHED};
use super::{KeysError, StreamKeys, is_row_id};
use crate::rows::{Members, member_name, write_text};
use crate::stream::{ADVERTISER_COLUMN, ROW_ID_COLUMN};

/// The keys of a window while it is delivered.
pub(crate) struct KeyWindow<'stream> {
    keys: &'stream mut StreamKeys,
    id: String,
    scope: Scope,
    /// The keys that the window has, as members of JSON.
    present: HashSet<Vec<u8>>,
    path: PathBuf,
    writer: Option<ArrowWriter<File>>,
}

impl StreamKeys {
    /// Begins a window.
    pub(crate) fn begin(&mut self, entry: &WindowEntry) -> Result<KeyWindow<'_>, KeysError> {
        let id = Uuid::now_v7().to_string();
        let scope = Scope {
            key: self.key.clone(),
            days: entry.days,
            advertisers: entry.advertisers.keys().cloned().collect(),
        };
        let path = self.folder.join(format!("{id}.{UNFINISHED}"));
        let covered = serde_json::to_string(&scope)
            .map_err(|error| KeysError::disk(&path)(io::Error::other(error)))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(vec![KeyValue::new(METADATA_KEY.to_owned(), covered)]))
            .build();
        let file = create_private_file(&path).map_err(KeysError::disk(&path))?;
        let writer = ArrowWriter::try_new(file, self.schema().arrow_schema(), Some(properties))
            .map_err(|error| KeysError::disk(&path)(io::Error::other(error)))?;
        Ok(KeyWindow {
            keys: self,
            id,
            scope,
            present: HashSet::new(),
            path,
            writer: Some(writer),
        })
    }
}

impl KeyWindow<'_> {
    /// The columns of the key, where it is made of columns of the table.
    pub(crate) fn key_columns(&self) -> Vec<&Column> {
        key_columns(&self.keys.columns, &self.keys.key)
    }

    /// A key that stands for a row as a whole, as a member of JSON.
    pub(crate) fn row_id_member(row_id: &str) -> Vec<u8> {
        let mut member = member_name(ROW_ID_COLUMN);
        write_text(row_id, &mut member);
        member
    }

    /// Notes the key of a row, as members of JSON.
    pub(crate) fn note(&mut self, key: &[u8]) {
        if !self.present.contains(key) {
            self.present.insert(key.to_vec());
        }
    }

    /// Keeps the keys of a batch. `row_ids` are those of its rows, where the key is made of them.
    pub(crate) fn add(
        &mut self,
        batch: &RecordBatch,
        row_ids: Vec<String>,
    ) -> Result<(), KeysError> {
        let rows = batch.num_rows();
        let row_ids: ArrayRef = Arc::new(StringArray::from(row_ids));
        let arrays = self.keys.columns.iter().map(|column| {
            if column.name == ROW_ID_COLUMN {
                return Arc::clone(&row_ids);
            }
            let array = batch.column_by_name(&column.name);
            array.map_or_else(
                || new_null_array(&arrow_type(column.field_type), rows),
                Arc::clone,
            )
        });
        let arrays: Vec<ArrayRef> = arrays.collect();
        let keys = RecordBatch::try_new(self.keys.schema().arrow_schema(), arrays)
            .map_err(|error| self.failed(error))?;
        let written = self.writer.as_mut().map(|writer| writer.write(&keys));
        match written {
            Some(Err(error)) => Err(self.failed(error)),
            _ => Ok(()),
        }
    }

    /// The keys of rows that the window had and no longer has, as members of JSON, in order.
    pub(crate) fn vanished(&self) -> Result<BTreeSet<Vec<u8>>, KeysError> {
        let mut vanished = BTreeSet::new();
        let met: Vec<&KeyFile> = self
            .keys
            .files
            .iter()
            .filter(|file| file.meets(&self.scope))
            .collect();
        for (position, file) in met.iter().enumerate() {
            let newer: Vec<&KeyFile> = met[position + 1..]
                .iter()
                .copied()
                .filter(|newer| newer.is_confirmed)
                .collect();
            self.add_vanished(file, &newer, &mut vanished)?;
        }
        Ok(vanished)
    }

    fn add_vanished(
        &self,
        file: &KeyFile,
        newer: &[&KeyFile],
        vanished: &mut BTreeSet<Vec<u8>>,
    ) -> Result<(), KeysError> {
        let damaged = |reason: String| KeysError::Damaged {
            path: file.path.display().to_string(),
            reason,
        };
        let reader = file
            .reader()?
            .build()
            .map_err(|error| damaged(error.to_string()))?;
        let mut key = Vec::new();
        for batch in reader {
            let batch = batch.map_err(|error| damaged(error.to_string()))?;
            let members = Members::of(self.key_columns(), &batch)
                .map_err(|error| damaged(error.to_string()))?;
            let advertisers = batch
                .column_by_name(ADVERTISER_COLUMN)
                .and_then(|array| array.as_string_opt::<i32>())
                .ok_or_else(|| damaged("it has no advertisers".to_owned()))?;
            let day_column = self.keys.day_column.as_ref();
            let days = day_column.and_then(|name| batch.column_by_name(name));
            for row in 0..batch.num_rows() {
                if advertisers.is_null(row) {
                    continue;
                }
                let advertiser = advertisers.value(row);
                let day = days.and_then(|days| day_at(days, row));
                let is_in_window = self.scope.advertisers.contains(advertiser)
                    && self
                        .scope
                        .days
                        .is_none_or(|days| day.is_some_and(|day| days.contains(day)));
                if !is_in_window || newer.iter().any(|newer| newer.covers(advertiser, day)) {
                    continue;
                }
                key.clear();
                members
                    .write(row, &mut key)
                    .map_err(|error| damaged(error.to_string()))?;
                if !self.present.contains(&key) {
                    vanished.insert(key.clone());
                }
            }
        }
        Ok(())
    }

    /// Keeps the keys of the window, durably, and returns the name that the state remembers them by.
    pub(crate) fn keep(mut self) -> Result<String, KeysError> {
        let writer = self.writer.take();
        let path = self.keys.folder.join(format!("{}.{EXTENSION}", self.id));
        if let Some(writer) = writer {
            let file = writer.into_inner().map_err(|error| self.failed(error))?;
            file.sync_all()
                .and_then(|()| fs::rename(&self.path, &path))
                .and_then(|()| sync_folder(&self.keys.folder))
                .map_err(KeysError::disk(&path))?;
        }
        let (id, scope) = (self.id.clone(), self.scope.clone());
        self.keys.files.push(KeyFile::new(path, id.clone(), scope));
        Ok(id)
    }

    fn failed(&self, error: impl std::error::Error + Send + Sync + 'static) -> KeysError {
        KeysError::disk(&self.path)(io::Error::other(error))
    }
}

impl Drop for KeyWindow<'_> {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            // A window that failed; what cannot be removed now is removed when the folder is opened next.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The columns of the key, in its order; of a key that is made of the rows' values, the one that holds it.
fn key_columns<'columns>(columns: &'columns [Column], key: &[String]) -> Vec<&'columns Column> {
    debug_assert!(!is_row_id(key) || key.len() == 1);
    key.iter()
        .filter_map(|name| columns.iter().find(|column| column.name == *name))
        .collect()
}

/// The day of a row, whose column holds dates or moments.
fn day_at(array: &ArrayRef, row: usize) -> Option<Date> {
    if array.is_null(row) {
        return None;
    }
    let days = match array.data_type() {
        DataType::Date32 => array.as_primitive::<Date32Type>().value(row),
        _ => {
            let microseconds = array
                .as_primitive_opt::<TimestampMicrosecondType>()?
                .value(row);
            i32::try_from(microseconds.div_euclid(86_400_000_000)).ok()?
        }
    };
    Some(add_days(date(1970, 1, 1), days))
}

fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A rename is durable once its folder is flushed. Other systems than Unix cannot open folders.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
