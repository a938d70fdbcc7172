//! Removing files that nobody needs any more: those that were superseded, and those that a writer put and never
//! committed, because it died.
//!
//! A file of the lake is never removed: what is live is read from the log after the list of files was taken, and a
//! file that is committed later than that is too young to be an orphan.

use std::collections::{BTreeMap, BTreeSet};
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
        data: list(layout::DATA).await?,
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
            None => consider(
                &path,
                modified(object),
                older_than.max(ORPHAN_AGE),
                "never committed",
            ),
        }
    }
    for object in &listing.ledger {
        let path = object.location.to_string();
        if !named_by_views.contains(&path) {
            consider(
                &path,
                modified(object),
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

/// Half-written files of a local folder, which its store does not list: the name of the file, `#` and a number.
pub(super) fn half_written(
    location: &Location,
    older_than: Duration,
) -> Result<Vec<RemovedFile>, Failure> {
    let Some(root) = location.folder() else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let name = entry.file_name();
            let is_staged = name
                .to_str()
                .and_then(|name| name.rsplit_once('#'))
                .is_some_and(|(_, end)| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()));
            let metadata = entry.metadata()?;
            let age = metadata.modified()?.elapsed().unwrap_or(Duration::ZERO);
            if is_staged && kind.is_file() && age >= older_than.max(ORPHAN_AGE) {
                let path = entry.path();
                let below = path.strip_prefix(root).unwrap_or(&path);
                found.push(RemovedFile {
                    path: below.display().to_string(),
                    bytes: metadata.len(),
                    reason: "half written",
                });
            }
        }
    }
    Ok(found)
}
