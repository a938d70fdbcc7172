//! What can be removed from a destination without changing what it holds.

use std::time::Duration;

use serde::Serialize;

/// What to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VacuumOptions {
    /// How long ago a file has to have been superseded, so that nobody who began to read before has it taken away.
    pub older_than: Duration,
    /// Only say what would be removed.
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VacuumReport {
    /// The files.
    pub removed: Vec<RemovedFile>,
    /// Files that nobody needs either, but that are too young.
    pub too_young: u64,
    /// Whether this kind of destination keeps nothing that would have to be removed.
    pub is_needless: bool,
}

/// One file that was removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemovedFile {
    /// Where it is, below the root of the destination.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Why nobody needs it.
    pub reason: &'static str,
}
