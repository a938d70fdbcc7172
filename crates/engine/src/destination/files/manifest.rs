//! What was published of one table: its columns and files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::schema::{Column, TableSchema};

/// The folder inside the destination that belongs to the connector.
pub(super) const OWN_FOLDER: &str = "_criteo";
/// Ends the name of a file that is still being written.
const PARTIAL: &str = "partial";
/// The layout this program writes.
const VERSION: u32 = 1;

/// Describes the files of one table. It is written before the first of them and after every change, so it may lag
/// behind the files, and never names a table's files before they belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    version: u32,
    /// The table.
    pub(super) table: String,
    /// The column that decides in which file a row stands; `None` when there is one file.
    pub(super) day_column: Option<String>,
    /// The columns of every file, in order. One that is no longer asked for stays.
    pub(super) columns: Vec<Column>,
    /// The files by name, relative to the destination's folder.
    pub(super) files: BTreeMap<String, Published>,
}

/// One file as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Published {
    /// Rows in it.
    pub(super) rows: u64,
    /// Its length, by which a file that was cut or edited is noticed.
    pub(super) bytes: u64,
    /// The fingerprint of the rows it was made from.
    pub(super) fingerprint: String,
}

impl Manifest {
    /// A table without files.
    pub(super) fn new(schema: &TableSchema, day_column: Option<&str>) -> Self {
        Self {
            version: VERSION,
            table: schema.table.clone(),
            day_column: day_column.map(str::to_owned),
            columns: schema.columns.clone(),
            files: BTreeMap::new(),
        }
    }

    /// Where the manifest of `table` lies.
    pub(super) fn path(folder: &Path, table: &str) -> PathBuf {
        folder.join(OWN_FOLDER).join(format!("{table}.json"))
    }

    /// The manifest of `table`, if there is one.
    pub(super) fn read(folder: &Path, table: &str) -> io::Result<Option<Self>> {
        let path = Self::path(folder, table);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let damaged = |reason: String| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} {reason}", path.display()),
            )
        };
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| damaged(format!("is not what this program writes: {error}")))?;
        if manifest.version > VERSION {
            return Err(damaged(format!(
                "has version {}, and this program knows none after {VERSION}",
                manifest.version
            )));
        }
        Ok(Some(manifest))
    }

    /// Writes it, replacing an older one.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        replace(&Self::path(folder, &self.table), |file| {
            file.write_all(&text)
        })?;
        Ok(())
    }

    /// Takes in what `schema` has and the files lack, and newer descriptions.
    pub(super) fn extend(&mut self, schema: &TableSchema) {
        for column in &schema.columns {
            match self
                .columns
                .iter_mut()
                .find(|present| present.name == column.name)
            {
                Some(present) => present.clone_from(column),
                None => self.columns.push(column.clone()),
            }
        }
    }
}

/// Writes a file whole or not at all: under another name, flushed to the disk, renamed. Answers its length.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<u64> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(PARTIAL);
    let partial = folder.join(name);
    let written = (|| {
        let mut file = File::create(&partial)?;
        write(&mut file)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        fs::rename(&partial, path)?;
        Ok(bytes)
    })();
    if written.is_err() {
        // What matters is the first error; a leftover is overwritten the next time.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Makes renames and removals in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows cannot open a folder as a file, and needs no such thing.
    if cfg!(windows) {
        return Ok(());
    }
    File::open(folder)?.sync_all()
}
