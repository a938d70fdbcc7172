//! The state at some versions, written beside the log so that a reader need not read all of it.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::commit::FORMAT;
use super::failure::Failure;
use super::layout;
use super::log::too_new;
use super::state::LakeState;

/// A checkpoint is written at every version that is a multiple of this. The cost of opening a lake is one listing, one
/// checkpoint and fewer commits than this.
pub(super) const INTERVAL: u64 = 64;

#[derive(Serialize, Deserialize)]
struct Checkpoint {
    format: u32,
    state: LakeState,
}

/// Writes a checkpoint if `state` is due for one. A failure costs readers time and nothing else, so it is noted only.
pub(super) async fn write_when_due(store: &dyn ObjectStore, state: &LakeState) {
    if !state.version.is_multiple_of(INTERVAL) {
        return;
    }
    if let Err(error) = write(store, state).await {
        tracing::warn!(%error, version = state.version, "The checkpoint of the lake could not be written");
    }
}

async fn write(store: &dyn ObjectStore, state: &LakeState) -> Result<(), Failure> {
    let checkpoint = Checkpoint {
        format: FORMAT,
        state: state.clone(),
    };
    let body = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, Failure> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&serde_json::to_vec(&checkpoint)?)?;
        Ok(encoder.finish()?)
    })
    .await??;
    // Whoever writes it writes the same: it follows from the commits.
    store
        .put(&layout::checkpoint(state.version), PutPayload::from(body))
        .await?;
    Ok(())
}

/// The newest checkpoint; `None` when there is none.
pub(super) async fn newest(store: &dyn ObjectStore) -> Result<Option<LakeState>, Failure> {
    let newest = versions(store).await?.into_iter().next_back();
    let Some(version) = newest else {
        return Ok(None);
    };
    let body = store
        .get(&layout::checkpoint(version))
        .await?
        .bytes()
        .await?;
    let checkpoint = tokio::task::spawn_blocking(move || -> Result<Checkpoint, Failure> {
        let mut text = Vec::new();
        GzDecoder::new(body.as_ref()).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    })
    .await?;
    let checkpoint = match checkpoint {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            // The log is complete without it.
            tracing::warn!(%error, version, "A checkpoint of the lake cannot be read; the whole log is read instead");
            return Ok(None);
        }
    };
    if checkpoint.format > FORMAT {
        return Err(too_new(checkpoint.format));
    }
    Ok(Some(checkpoint.state))
}

/// The versions that have a checkpoint, oldest first.
pub(super) async fn versions(store: &dyn ObjectStore) -> Result<Vec<u64>, Failure> {
    let folder = Path::from(layout::CHECKPOINTS);
    let mut versions: Vec<u64> = store
        .list(Some(&folder))
        .map_ok(|object| layout::version_of(&object.location))
        .try_collect::<Vec<_>>()
        .await?
        .into_iter()
        .flatten()
        .collect();
    versions.sort_unstable();
    Ok(versions)
}
