//! What lies on this machine: the key's file, the destination, the spool, and what they remember.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::diagnosis::{Diagnosis, with_source};
use super::{CauseId, KeyEvidence, KeyFingerprint, KeyRecord, Link, LinkReport};
use crate::config::AppKey;
use crate::consent::read_before;
use crate::destination::{Destination, DestinationError, refuse_other_purpose};
use crate::stream_spec::StreamSpec;

/// What has to fit beside a run's windows at the very least.
const TEST_BYTES: usize = 1 << 20;

/// Below this, a person should know.
const ENOUGH_BYTES: u64 = 1 << 30;

/// What the destination remembers of earlier runs. Empty when it cannot be read: its own line says why.
#[derive(Default)]
pub(super) struct Memory {
    /// When a run last read something.
    last_worked: Option<Timestamp>,
    /// Every advertiser that has rows.
    pub(super) advertisers: BTreeSet<String>,
}

impl Memory {
    pub(super) async fn of(destination: &dyn Destination, specs: &[StreamSpec]) -> Self {
        let runs = destination.runs(20).await.unwrap_or_default();
        let worked = runs.iter().filter(|run| run.calls > 0 && run.rows > 0);
        let last_worked = worked.map(|run| run.started_at).max();
        let streams: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        Self {
            last_worked,
            advertisers: read_before(destination, &streams).await.unwrap_or_default(),
        }
    }

    /// What is known about a key besides Criteo's answer.
    pub(super) fn evidence(&self, key: &AppKey) -> KeyEvidence {
        let written = std::fs::metadata(&key.source).and_then(|file| file.modified());
        KeyEvidence {
            received: written
                .ok()
                .and_then(|moment| Timestamp::try_from(moment).ok()),
            last_worked: self.last_worked,
            last_accepted: KeyRecord::of_user()
                .and_then(|record| record.last_accepted(&KeyFingerprint::of(&key.credentials))),
        }
    }
}

/// Judges where the key lies; whether it works is Criteo's to say.
pub(super) fn examine_key(key: &AppKey) -> LinkReport {
    let found = format!("found in {}", key.source);
    if key.warnings.is_empty() {
        return LinkReport::ok(Link::Key, found);
    }
    let detail = key.warnings.join("; ");
    let diagnosis = Diagnosis::new(CauseId::KeyReadableByOthers, detail)
        .with_next(format!("Run `chmod 600 {}`.", key.source));
    LinkReport::warning(Link::Key, diagnosis)
}

/// Whether rows can be written, and whether the tables that are there are for what the configuration asks.
pub(super) async fn examine_destination(
    destination: &dyn Destination,
    specs: &[StreamSpec],
) -> LinkReport {
    match try_destination(destination, specs).await {
        Ok(()) => LinkReport::ok(
            Link::Destination,
            format!("{} can be written to", destination.describe()),
        ),
        Err(error) => {
            let diagnosis = Diagnosis::new(CauseId::DestinationUnusable, with_source(&error));
            let diagnosis = match error.hint() {
                Some(hint) => diagnosis.with_next(hint),
                None => diagnosis,
            };
            LinkReport::failed(Link::Destination, diagnosis)
        }
    }
}

/// Whether rows can be written to `destination`, and whether the tables that are in it are for what the enabled ones of
/// `specs` ask: what everybody has to ask before approving of a destination.
///
/// # Errors
/// What the destination complains about, or what the next sync would refuse.
pub async fn try_destination(
    destination: &dyn Destination,
    specs: &[StreamSpec],
) -> Result<(), DestinationError> {
    destination.check().await?;
    refuse_other_purposes(destination, specs.iter().filter(|spec| spec.enabled)).await
}

/// Refuses what the next sync would refuse: tables of another currency, time zone or grain. All of them are named.
pub(crate) async fn refuse_other_purposes(
    destination: &dyn Destination,
    specs: impl IntoIterator<Item = &StreamSpec>,
) -> Result<(), DestinationError> {
    let mut refused: Option<DestinationError> = None;
    for spec in specs {
        let now = spec.entry();
        // Another table begins anew.
        let before = destination.stream(&spec.name).await?;
        let Some(before) = before.filter(|before| before.table == now.table) else {
            continue;
        };
        if let Err(error) = refuse_other_purpose(&before, &now) {
            refused = Some(match refused {
                Some(first) => first.joined_by(error),
                None => error,
            });
        }
    }
    refused.map_or(Ok(()), Err)
}

pub(super) async fn examine_spool(folder: PathBuf) -> LinkReport {
    let shown = folder.display().to_string();
    let judged = tokio::task::spawn_blocking(move || {
        let place = existing_part(&folder)?;
        try_writing(&place)?;
        Ok(free_bytes(&place))
    })
    .await
    .unwrap_or_else(|crash| Err(io::Error::other(crash)));
    match judged {
        Ok(free) => {
            let room = free.map_or_else(
                || "can be written to".to_owned(),
                |free| format!("has room for {}", in_words(free)),
            );
            let detail = format!("{shown} {room}");
            if free.is_some_and(|free| free < ENOUGH_BYTES) {
                LinkReport::warning(Link::Spool, Diagnosis::new(CauseId::SpoolLow, detail))
            } else {
                LinkReport::ok(Link::Spool, detail)
            }
        }
        Err(error) => {
            let is_full = matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            );
            let cause = if is_full {
                CauseId::SpoolFull
            } else {
                CauseId::SpoolUnwritable
            };
            // The name of the test file, which tempfile adds, tells nobody anything.
            let said = error.to_string();
            let said = said.split(" at path ").next().unwrap_or(&said);
            let detail = format!("{shown} cannot be written to: {said}");
            LinkReport::failed(Link::Spool, Diagnosis::new(cause, detail))
        }
    }
}

/// The folder itself, or the nearest one above it that exists: a run would make the rest.
fn existing_part(folder: &Path) -> io::Result<PathBuf> {
    let folder = std::path::absolute(folder)?;
    let existing = folder.ancestors().find(|part| part.exists());
    Ok(existing.unwrap_or(&folder).to_owned())
}

/// Writes a file to the disk and removes it.
fn try_writing(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".criteo-check-")
        .tempfile_in(folder)?;
    file.write_all(&vec![0_u8; TEST_BYTES])?;
    file.as_file().sync_all()
}

/// Bytes that this user may still write.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let room = rustix::fs::statvfs(folder).ok()?;
    Some(room.f_bavail.saturating_mul(room.f_frsize))
}

/// Not asked on other systems.
#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

/// `12 GiB`, rounded down.
fn in_words(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}
