//! Keeping one process from opening one file twice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The files this process has open. DuckDB's own lock keeps other processes out, but on Unix it does not notice a
/// second opening by the same process, and two writers would destroy the file.
static CLAIMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// This process's right to open one file, until it is dropped.
pub(super) struct Claim {
    path: PathBuf,
}

impl Claim {
    /// `None` when this process has claimed the file already.
    pub(super) fn of(path: &Path) -> Option<Self> {
        // The file itself may not exist yet, its folder does or opening will fail anyway.
        let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
        let path = match (path.canonicalize(), folder, path.file_name()) {
            (Ok(path), _, _) => path,
            (Err(_), Some(folder), Some(name)) => folder.join(name),
            _ => path.to_owned(),
        };
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        // Built only when it is this claim that entered the path: dropping it takes the path out again.
        claimed.insert(path.clone()).then(|| Self { path })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.remove(&self.path);
    }
}
