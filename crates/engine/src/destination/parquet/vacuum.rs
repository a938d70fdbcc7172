//! Removing files that nobody needs any more: those that were superseded, and those that a writer put and never
//! committed, because it died.
//!
//! A file of the lake is never removed: what is live is read from the log after the list of files was taken, and a
//! file that is committed later than that is too young to be an orphan. Nor is a file that this program did not write:
//! where there is no log nothing is removed, and beside the lake only what is named as its files are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::super::{RemovedFile, VacuumReport};
use super::checkpoint;
use super::failure::Failure;
use super::layout;
use super::location::Location;
use super::state::LakeState;
use super::supersede::parsed;

/// The youngest age at which a file that is not in the log counts as left behind. A writer commits its files within
/// minutes; one that was suspended in between for many hours refuses to commit them.
pub(super) const ORPHAN_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// Files that are removed at the same time.
const DELETES_AT_A_TIME: usize = 8;
/// Checkpoints that are kept.
const CHECKPOINTS_KEPT: usize = 2;

/// What the store holds, before anything is decided about it.
pub(super) struct Listing {
    /// Files of rows, of versions and of changes.
    data: Vec<ObjectMeta>,
    ledger: Vec<ObjectMeta>,
    probes: Vec<ObjectMeta>,
    checkpoints: Vec<u64>,
}

/// Lists the store. It has to happen before the log is read: a file that is live afterwards was then either in the
/// list and is known to be live, or is not in the list.
pub(super) async fn list(store: &dyn ObjectStore) -> Result<Listing, Failure> {
    let list = async |folder: &str| -> Result<Vec<ObjectMeta>, Failure> {
        Ok(store.list(Some(&Path::from(folder))).try_collect().await?)
    };
    Ok(Listing {
        data: [
            list(layout::DATA).await?,
            list(layout::HISTORY).await?,
            list(layout::CHANGES).await?,
        ]
        .concat(),
        ledger: list(layout::LEDGER).await?,
        probes: list(layout::PROBES).await?,
        checkpoints: checkpoint::versions(store).await?,
    })
}

/// What is to be removed, and why.
pub(super) fn candidates(
    listing: &Listing,
    state: &LakeState,
    named_by_views: &BTreeSet<String>,
    older_than: Duration,
    now: Timestamp,
) -> VacuumReport {
    let live = state.live_files();
    let sizes: BTreeMap<String, u64> = listing
        .data
        .iter()
        .chain(&listing.ledger)
        .chain(&listing.probes)
        .map(|object| (object.location.to_string(), object.size))
        .collect();
    let mut report = VacuumReport::default();
    let mut consider = |path: &str, since: Timestamp, grace: Duration, reason: &'static str| {
        let age = Duration::try_from(now.duration_since(since)).unwrap_or(Duration::ZERO);
        if age >= grace {
            report.removed.push(RemovedFile {
                path: path.to_owned(),
                bytes: sizes.get(path).copied().unwrap_or(0),
                reason,
            });
        } else {
            report.too_young += 1;
        }
    };
    for object in &listing.data {
        let path = object.location.to_string();
        if live.contains(path.as_str()) {
            continue;
        }
        match state.superseded.get(&path) {
            Some(since) => consider(&path, *since, older_than, "superseded"),
            None if layout::is_data_file(&path) => consider(
                &path,
                modified(object),
                older_than.max(ORPHAN_AGE),
                "never committed",
            ),
            None => {}
        }
    }
    // A copy of the ledger is superseded when the next one is written; the folders' names are in that order. The newest
    // is what readers look at.
    let mut copies: BTreeMap<String, Timestamp> = BTreeMap::new();
    for object in &listing.ledger {
        copies.insert(folder_of(object), modified(object));
    }
    for object in &listing.ledger {
        let path = object.location.to_string();
        let next = (Bound::Excluded(folder_of(object)), Bound::Unbounded);
        if let Some((_, since)) = copies.range(next).next()
            && !named_by_views.contains(&path)
        {
            consider(
                &path,
                *since,
                older_than.max(ORPHAN_AGE),
                "an earlier copy of the ledger",
            );
        }
    }
    for object in &listing.probes {
        let path = object.location.to_string();
        consider(&path, modified(object), ORPHAN_AGE, "left by a check");
    }
    let old = listing.checkpoints.len().saturating_sub(CHECKPOINTS_KEPT);
    for version in &listing.checkpoints[..old] {
        report.removed.push(RemovedFile {
            path: layout::checkpoint(*version).to_string(),
            bytes: 0,
            reason: "an earlier checkpoint",
        });
    }
    report
}

/// The folder of a copy of the ledger.
fn folder_of(object: &ObjectMeta) -> String {
    let path = object.location.as_ref();
    path.rsplit_once('/')
        .map_or(path, |(folder, _)| folder)
        .to_owned()
}

/// Fails when there are files although no log says whose they are: the address may be a mistake, or the lake may have
/// been copied without the folders whose names begin with an underscore.
pub(super) fn refuse_files_without_log(listing: &Listing) -> Result<(), Failure> {
    match listing.data.first() {
        None => Ok(()),
        Some(object) => Err(Failure::Unusable(format!(
            "there is no lake: files lie there (such as {}), but no log of commits in {} says whose they are. \
             Nothing was removed. Correct `destination.url`, or restore the folder _criteo",
            object.location,
            layout::LOG
        ))),
    }
}

/// The superseded files of `before` that are gone already: an earlier vacuum removed them and died before it said so.
/// `before` has to be older than the list, so that every file it names was put before the list was taken.
pub(super) fn gone<'state>(before: &'state LakeState, listing: &Listing) -> Vec<&'state str> {
    let present: BTreeSet<&str> = listing
        .data
        .iter()
        .map(|object| object.location.as_ref())
        .collect();
    let superseded = before.superseded.keys().map(String::as_str);
    superseded.filter(|path| !present.contains(path)).collect()
}

fn modified(object: &ObjectMeta) -> Timestamp {
    let moment = SystemTime::from(object.last_modified);
    // A moment outside the calendar is nothing that may be called old.
    Timestamp::try_from(moment).unwrap_or(Timestamp::MAX)
}

/// Removes the files. One that is gone already is as good.
pub(super) async fn remove(store: &dyn ObjectStore, report: &VacuumReport) -> Result<(), Failure> {
    let paths: Vec<String> = report
        .removed
        .iter()
        .map(|file| file.path.clone())
        .collect();
    futures_util::stream::iter(paths)
        .map(|path| async move {
            match store.delete(&parsed(&path)?).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
                Err(error) => Err(Failure::from(error)),
            }
        })
        .buffer_unordered(DELETES_AT_A_TIME)
        .try_collect::<()>()
        .await
}

/// Half-written files of a local folder, which its store does not list: the name of the file, `#` and a number. Only
/// the folders of the lake are looked through, since everything else in there is somebody else's.
pub(super) fn half_written(
    location: &Location,
    older_than: Duration,
) -> Result<Vec<RemovedFile>, Failure> {
    let Some(root) = location.folder() else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = [layout::DATA, layout::HISTORY, layout::OWN, layout::VIEWS]
        .iter()
        .map(|folder| root.join(folder))
        .filter(|folder| folder.is_dir())
        .collect();
    while let Some(folder) = folders.pop() {
        let Some(entries) = unless_gone(std::fs::read_dir(&folder))? else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            let Some(kind) = unless_gone(entry.file_type())? else {
                continue;
            };
            if kind.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let path = entry.path();
            let below = path.strip_prefix(root).unwrap_or(&path);
            let Some(below) = below.to_str().filter(|below| is_staged(below)) else {
                continue;
            };
            let Some(metadata) = unless_gone(entry.metadata())? else {
                continue;
            };
            let age = metadata.modified()?.elapsed().unwrap_or(Duration::ZERO);
            if kind.is_file() && age >= older_than.max(ORPHAN_AGE) {
                found.push(RemovedFile {
                    path: below.to_owned(),
                    bytes: metadata.len(),
                    reason: "half written",
                });
            }
        }
    }
    Ok(found)
}

/// Nothing for what went away between being listed and being looked at: a writer that is at work renames its half-written
/// file as soon as it is whole, and another vacuum may remove it.
pub(super) fn unless_gone<T>(outcome: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a path below the root is one under which the store writes an object of ours before it renames it.
fn is_staged(path: &str) -> bool {
    let Some((object, number)) = path.rsplit_once('#') else {
        return false;
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_beside_data = path.starts_with(layout::OWN) || path.starts_with(layout::VIEWS);
    is_number && (is_beside_data || layout::is_data_file(object))
}
