//! The keys of what was delivered, so that rows that vanish can be deleted.
//!
//! A platform that appends and keeps the newest row of each key cannot replace a window: a row that Criteo no longer
//! reports would stay for good. So the keys of every window are kept as a small Parquet file in a folder, and when a
//! window is read again, the keys that are gone are delivered as deletions.
//!
//! A platform may lose what follows the last state that it stored, and may also have kept a part of it. So the files of
//! windows that its state speaks of are *confirmed*: what they say replaces what older files say of the same days and
//! advertisers. The others only *may* have arrived: they add keys and replace nothing. A deletion too many is harmless, one
//! too few is a wrong number.

mod file;
mod window;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use criteo_engine::schema::{Column, FieldType, TableSchema};

use self::file::{Found, KeyFile};
pub(crate) use self::window::KeyWindow;
use crate::stream::{ADVERTISER_COLUMN, OfferedStream, ROW_ID_COLUMN};

/// Held by the process that works with the folder.
const LOCK_FILE: &str = "lock";

/// Why keys cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// What the configuration names cannot be a folder of keys.
    #[error("Cannot keep keys in {folder}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// The disk.
    #[error("Cannot use the keys in {path}")]
    Disk {
        /// The file or folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Something else is kept in the folder.
    #[error("{path} is no file of keys, so something else is kept in that folder")]
    NotAlone {
        /// The file.
        path: String,
    },
    /// Another process works with the folder.
    #[error("Another process is working with the keys in {folder}")]
    Busy {
        /// The folder.
        folder: String,
    },
    /// A file holds something else than keys.
    #[error("The file of keys {path} cannot be read: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

impl KeysError {
    /// What a person can do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAlone { .. } => {
                "Name a folder in `keys_folder` in which nothing else is kept."
            }
            Self::Folder { .. } | Self::Disk { .. } => {
                "Name a folder in `keys_folder` that can be written to, or leave the key out: rows that vanish are not \
                 deleted then."
            }
            Self::Busy { .. } => {
                "Wait for it to end, or give each connection a `keys_folder` of its own."
            }
            Self::Damaged { .. } => {
                "Remove it. Rows that it knew and that have vanished since stay where they are until the stream is \
                 delivered anew."
            }
        }
    }

    fn unusable(folder: &Path) -> impl FnOnce(io::Error) -> Self {
        let folder = folder.display().to_string();
        move |source| Self::Folder { folder, source }
    }

    fn disk(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Disk { path, source }
    }
}

/// The folder with the keys of all streams.
pub struct KeysFolder {
    folder: PathBuf,
    /// Locked as long as this lives.
    _lock: File,
}

impl KeysFolder {
    /// Opens the folder for this process alone, creating it for the current user only. Nothing is made in a folder in which
    /// something else is kept.
    ///
    /// # Errors
    /// When it cannot be used, or another process uses it.
    pub fn open(folder: &Path) -> Result<Self, KeysError> {
        create_private_folder(folder).map_err(KeysError::unusable(folder))?;
        let path = folder.join(LOCK_FILE);
        // Where the file is there already, the folder was found to be ours alone.
        if !path.exists() {
            refuse_shared(folder)?;
        }
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(KeysError::unusable(folder))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(KeysError::Busy {
                folder: folder.display().to_string(),
            }),
            Err(TryLockError::Error(source)) => Err(KeysError::disk(&path)(source)),
        }
    }

    /// The keys of a stream, of which the platform's state speaks up to `through`. Files that say nothing any more are
    /// removed.
    pub(crate) fn open_stream(
        &self,
        stream: &OfferedStream,
        through: Option<&str>,
    ) -> Result<StreamKeys, KeysError> {
        let folder = self.folder.join(stream.name());
        create_private_folder(&folder).map_err(KeysError::disk(&folder))?;
        let mut files = Vec::new();
        let listing = fs::read_dir(&folder).map_err(KeysError::disk(&folder))?;
        for entry in listing {
            let path = entry.map_err(KeysError::disk(&folder))?.path();
            match KeyFile::open(&path, &stream.key, through)? {
                Found::Keys(file) => files.push(file),
                Found::Useless => fs::remove_file(&path).map_err(KeysError::disk(&path))?,
                Found::Foreign => {}
            }
        }
        files.sort_by(|one, other| one.id.cmp(&other.id));
        let mut keys = StreamKeys {
            folder,
            key: stream.key.clone(),
            columns: columns_of(stream),
            day_column: stream.spec.day_column.clone(),
            files,
        };
        keys.sweep()?;
        Ok(keys)
    }
}

/// The keys of one stream.
pub(crate) struct StreamKeys {
    folder: PathBuf,
    /// The names of the key's columns.
    key: Vec<String>,
    /// What a file holds: the key, and where it is not part of it, the advertiser and the day.
    columns: Vec<Column>,
    day_column: Option<String>,
    /// In the order in which they were delivered.
    files: Vec<KeyFile>,
}

impl StreamKeys {
    /// Removes files of which every day and advertiser is in a later confirmed one.
    fn sweep(&mut self) -> Result<(), KeysError> {
        let mut kept: Vec<KeyFile> = Vec::new();
        while let Some(file) = self.files.pop() {
            let is_replaced = file.cells().all(|(advertiser, day)| {
                kept.iter()
                    .any(|newer| newer.is_confirmed && newer.covers(advertiser, day))
            });
            if is_replaced {
                fs::remove_file(&file.path).map_err(KeysError::disk(&file.path))?;
            } else {
                kept.push(file);
            }
        }
        kept.reverse();
        self.files = kept;
        Ok(())
    }

    fn schema(&self) -> TableSchema {
        TableSchema {
            table: "keys".to_owned(),
            description: String::new(),
            columns: self.columns.clone(),
        }
    }
}

fn columns_of(stream: &OfferedStream) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let day = stream.spec.day_column.as_deref();
    let names = stream
        .key
        .iter()
        .map(String::as_str)
        .chain([ADVERTISER_COLUMN])
        .chain(day);
    for name in names {
        if columns.iter().any(|column| column.name == name) {
            continue;
        }
        let known = stream.column(name).map(|offered| offered.column.clone());
        columns.push(known.unwrap_or_else(|| Column {
            name: name.to_owned(),
            field_type: FieldType::Text,
            description: String::new(),
        }));
    }
    columns
}

/// Whether the key is made of the rows' values.
fn is_row_id(key: &[String]) -> bool {
    key == [ROW_ID_COLUMN]
}

/// Refuses a folder in which somebody else keeps theirs, as it is found before anything was made in it.
fn refuse_shared(folder: &Path) -> Result<(), KeysError> {
    for entry in fs::read_dir(folder).map_err(KeysError::unusable(folder))? {
        let path = entry.map_err(KeysError::unusable(folder))?.path();
        // What cannot be looked into, such as a file or `lost+found`, is no folder of a stream's keys.
        let Ok(files) = fs::read_dir(path) else {
            continue;
        };
        for file in files {
            let file = file.map_err(KeysError::unusable(folder))?;
            KeyFile::refuse_foreign(&file.path())?;
        }
    }
    Ok(())
}

/// Keys tell of the user's business, so nobody else on the machine gets to read them.
fn create_private_folder(path: &Path) -> io::Result<()> {
    // Only the last folder: a mistyped path should not grow a tree of folders.
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        created => created,
    }
}
