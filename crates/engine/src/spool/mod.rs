//! Decoded windows on local disk, waiting to be loaded.
//!
//! A window is written as Parquet files and then a manifest. The manifest is the moment from which the window
//! counts as read: after a crash, whatever has one is loaded without asking Criteo again, and whatever has none is
//! swept away. Every file is written under a temporary name, flushed to the disk and renamed, so a name without
//! `.part` stands for a whole file.

mod part;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use part::PartWriter;

use crate::destination::{Observation, WindowLoad};
use crate::error::EngineError;
use crate::ledger::{StreamEntry, WindowEntry};
use crate::schema::TableSchema;

const MANIFEST_EXTENSION: &str = "window.json";
const TEMPORARY_EXTENSION: &str = "part";
/// Raised when manifests of older versions can no longer be read as they are.
const MANIFEST_VERSION: u32 = 1;

/// Held by the run that works with the folder.
const LOCK_FILE: &str = "lock";

/// A folder of decoded windows, used by one run at a time.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
    /// Locked as long as a clone of the spool lives; the system unlocks it when the process dies.
    _lock: Arc<File>,
}

/// A window that was read but perhaps not loaded.
#[derive(Debug)]
pub struct Pending {
    /// The window.
    pub load: WindowLoad,
    /// What its table was made for when it was read.
    pub stream: StreamEntry,
    /// The [`identity`](crate::destination::identity) of the destination it was read for.
    pub destination: String,
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    version: u32,
    destination: String,
    stream: StreamEntry,
    schema: TableSchema,
    day_column: Option<String>,
    entry: WindowEntry,
    /// Absent in manifests of versions that did not observe changes.
    #[serde(default)]
    observation: Option<Observation>,
    files: Vec<String>,
}

impl Spool {
    /// Opens the folder, creating it for the current user only, and removes what a crash left unfinished.
    ///
    /// # Errors
    /// [`EngineError::Spool`] when the folder cannot be used, [`EngineError::AnotherRun`] when a run uses it.
    pub fn open(folder: &Path) -> Result<Self, EngineError> {
        create_private_folder(folder).map_err(|source| failure(folder, "creating it", source))?;
        let lock = lock(folder)?;
        let spool = Self {
            folder: folder.to_owned(),
            _lock: Arc::new(lock),
        };
        spool.sweep()?;
        Ok(spool)
    }

    /// Starts a Parquet file of a window. Several files of one window are told apart by `number`.
    ///
    /// # Errors
    /// [`EngineError::Spool`] when the file cannot be created.
    pub fn part(
        &self,
        window_id: &str,
        number: usize,
        schema: &TableSchema,
    ) -> Result<PartWriter, EngineError> {
        PartWriter::create(
            &self.folder.join(format!("{window_id}.{number}.parquet")),
            schema,
        )
    }

    /// Makes a window count as read. Its files must have been finished. `stream` and `destination` say what it was
    /// read for.
    ///
    /// # Errors
    /// [`EngineError::Spool`] when the manifest cannot be written; the window does not count as read then.
    pub fn commit(
        &self,
        load: &WindowLoad,
        stream: &StreamEntry,
        destination: &str,
    ) -> Result<(), EngineError> {
        let manifest = Manifest {
            version: MANIFEST_VERSION,
            destination: destination.to_owned(),
            stream: stream.clone(),
            schema: load.schema.clone(),
            day_column: load.day_column.clone(),
            entry: load.entry.clone(),
            observation: load.observation.clone(),
            files: load
                .files
                .iter()
                .filter_map(|file| file_name(file))
                .collect(),
        };
        let path = self.manifest_path(&load.entry.window_id);
        let write = || -> io::Result<()> {
            let text = serde_json::to_vec(&manifest)?;
            write_durably(&path, &text)?;
            sync_folder(&self.folder)
        };
        write().map_err(|source| failure(&path, "writing a manifest", source))
    }

    /// The windows that were read but perhaps not loaded, in the order in which they were read.
    ///
    /// # Errors
    /// [`EngineError::Spool`] when the folder cannot be listed, [`EngineError::SpoolDamaged`] when a manifest is
    /// not one.
    pub fn pending(&self) -> Result<Vec<Pending>, EngineError> {
        Self::peek(&self.folder)
    }

    /// The same for whoever only looks into the folder: nothing is claimed, created or removed. Where a run is at work, it
    /// may load some of them meanwhile.
    ///
    /// # Errors
    /// Those of [`pending`](Self::pending); none where there is no folder.
    pub fn peek(folder: &Path) -> Result<Vec<Pending>, EngineError> {
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut waiting = Vec::new();
        for path in manifests(folder)? {
            match read_manifest(folder, &path) {
                Ok(pending) => waiting.push(pending),
                // Loaded and removed in between.
                Err(_) if !path.exists() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(waiting)
    }

    /// Removes a window that was loaded.
    ///
    /// # Errors
    /// [`EngineError::Spool`] when a file cannot be removed.
    pub fn remove(&self, load: &WindowLoad) -> Result<(), EngineError> {
        // The manifest goes first: files without a manifest are swept away, a manifest without files is damage.
        let manifest = self.manifest_path(&load.entry.window_id);
        for path in std::iter::once(&manifest).chain(&load.files) {
            match fs::remove_file(path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(failure(path, "removing a loaded window", source));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes temporary files, and Parquet files of windows without a manifest.
    fn sweep(&self) -> Result<(), EngineError> {
        for path in names(&self.folder)? {
            let name = file_name(&path).unwrap_or_default();
            let window_id = name.split('.').next().unwrap_or_default();
            let temporary = path
                .extension()
                .is_some_and(|extension| extension == TEMPORARY_EXTENSION);
            let orphan = path
                .extension()
                .is_some_and(|extension| extension == "parquet")
                && !self.manifest_path(window_id).is_file();
            if temporary || orphan {
                fs::remove_file(&path)
                    .map_err(|source| failure(&path, "removing an unfinished file", source))?;
            }
        }
        Ok(())
    }

    fn manifest_path(&self, window_id: &str) -> PathBuf {
        self.folder
            .join(format!("{window_id}.{MANIFEST_EXTENSION}"))
    }
}

/// The manifests in a folder, in the order in which their windows were read.
fn manifests(folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let mut manifests = names(folder)?;
    manifests.retain(|path| is_manifest(path));
    // Window ids are UUIDs of version 7, whose order is the order in time.
    manifests.sort();
    Ok(manifests)
}

fn read_manifest(folder: &Path, path: &Path) -> Result<Pending, EngineError> {
    let damaged = |reason: String| EngineError::SpoolDamaged {
        path: path.display().to_string(),
        reason,
    };
    let text = fs::read(path).map_err(|source| failure(path, "reading a manifest", source))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    if manifest.version != MANIFEST_VERSION {
        return Err(damaged(format!(
            "it has version {}, and this program reads version {MANIFEST_VERSION}",
            manifest.version
        )));
    }
    let files: Vec<PathBuf> = manifest
        .files
        .iter()
        .map(|name| folder.join(name))
        .collect();
    if let Some(missing) = files.iter().find(|file| !file.is_file()) {
        return Err(damaged(format!(
            "its rows are missing ({})",
            missing.display()
        )));
    }
    Ok(Pending {
        load: WindowLoad {
            schema: manifest.schema,
            entry: manifest.entry,
            day_column: manifest.day_column,
            files,
            observation: manifest.observation,
        },
        stream: manifest.stream,
        destination: manifest.destination,
    })
}

fn names(folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let list = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    };
    list().map_err(|source| failure(folder, "listing it", source))
}

/// Claims the folder. Two runs in one folder would sweep away each other's unfinished files.
fn lock(folder: &Path) -> Result<File, EngineError> {
    let path = folder.join(LOCK_FILE);
    let file =
        create_private_file(&path).map_err(|source| failure(&path, "creating it", source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EngineError::AnotherRun {
            folder: folder.display().to_string(),
        }),
        Err(TryLockError::Error(source)) => Err(failure(&path, "locking it", source)),
    }
}

fn is_manifest(path: &Path) -> bool {
    file_name(path).is_some_and(|name| name.ends_with(MANIFEST_EXTENSION))
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
}

fn failure(path: &Path, doing: &'static str, source: io::Error) -> EngineError {
    EngineError::Spool {
        path: path.display().to_string(),
        doing,
        source,
    }
}

fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(TEMPORARY_EXTENSION);
    PathBuf::from(name)
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary_path(path);
    let mut file = create_private_file(&temporary)?;
    io::Write::write_all(&mut file, content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

/// Spooled rows are the user's business figures, so nobody else on the machine gets to read them.
fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

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

/// A rename is durable once its folder is flushed. Other systems than Unix cannot open folders.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
