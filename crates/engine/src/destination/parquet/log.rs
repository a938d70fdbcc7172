//! The log of commits: reading it, and adding to it.
//!
//! Commit N is the object with the number N, and it is created under the condition that no such object exists. Of
//! two writers that want the same number one gets it; the other reads what came in between, looks again at what it
//! wants to change, and takes the next number. So every reader sees the same commits in the same order, and nothing
//! of a commit before all of it.
//!
//! Objects of the log are never removed. A writer that slept for a month would otherwise find its old number free.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutPayload};

use super::checkpoint;
use super::clock::WallClock;
use super::commit::{Action, Commit, FORMAT};
use super::failure::Failure;
use super::layout;
use super::state::LakeState;

/// How often a commit is tried again after an error that does not tell whether it was made.
const UNCERTAIN_ATTEMPTS: u32 = 3;
/// How many other commits may come in between before a writer gives up. Each means that another writer got ahead.
const MOST_CONFLICTS: u32 = 1_000;

/// The longest time in which a change may find out what it changes, for which it puts files, however often it is asked.
pub(super) const FOUND_OUT_WITHIN: SignedDuration = SignedDuration::from_hours(6);
/// The longest time from the first file of a change to its commit. Both are well below [`super::vacuum::ORPHAN_AGE`].
pub(super) const COMMITTED_WITHIN: SignedDuration = SignedDuration::from_hours(12);

/// Commits that are fetched at the same time while a lake is opened.
const READS_AT_A_TIME: usize = 16;

/// What is to be changed. It is asked again, with the newer state, when another writer was faster; files that it has put
/// by then and that the newer state needs as well it names again.
#[async_trait]
pub(super) trait Change: Send + Sync {
    /// The actions that make the change, given what the lake holds; none when there is nothing to change.
    async fn actions(&self, state: &LakeState) -> Result<Vec<Action>, Failure>;

    /// When the first of the files was put that were there before anybody asked for actions; `None` when none was.
    fn put_since(&self) -> Option<Timestamp> {
        None
    }
}

/// A change that follows from the state alone.
pub(super) struct Immediate<Function>(pub(super) Function);

#[async_trait]
impl<Function> Change for Immediate<Function>
where
    Function: Fn(&LakeState) -> Result<Vec<Action>, Failure> + Send + Sync,
{
    async fn actions(&self, state: &LakeState) -> Result<Vec<Action>, Failure> {
        (self.0)(state)
    }
}

/// The log of one lake, and the state it leads to as far as it was read.
pub(super) struct Log {
    store: Arc<dyn ObjectStore>,
    clock: WallClock,
    state: LakeState,
    /// Whether the log was looked for at all.
    is_open: bool,
}

impl Log {
    /// The log in `store`. Nothing is read yet.
    pub(super) fn new(store: Arc<dyn ObjectStore>, clock: WallClock) -> Self {
        Self {
            store,
            clock,
            state: LakeState::default(),
            is_open: false,
        }
    }

    /// The state as far as it was read.
    pub(super) fn state(&self) -> &LakeState {
        &self.state
    }

    /// Reads what was committed since it last looked.
    ///
    /// # Errors
    /// When the log cannot be read, or has a gap.
    pub(super) async fn refresh(&mut self) -> Result<&LakeState, Failure> {
        if !self.is_open {
            self.open().await?;
        }
        while let Some(commit) = self.read(self.state.version + 1).await? {
            self.take(&commit);
        }
        Ok(&self.state)
    }

    /// Makes a change, as often as other writers come in between. That nothing is to be done, or that it cannot be, is
    /// said of the newest state only: files of an older one may be gone.
    ///
    /// # Errors
    /// When nothing was changed, or when the store does not tell whether it was. Making the same change again is
    /// right in both cases.
    pub(super) async fn commit(&mut self, change: &dyn Change) -> Result<(), Failure> {
        if !self.is_open {
            self.refresh().await?;
        }
        let began = self.clock.now();
        for _ in 0..MOST_CONFLICTS {
            let version = self.state.version;
            let actions = match change.actions(&self.state).await {
                Ok(actions) if !actions.is_empty() => actions,
                nothing => {
                    if self.refresh().await?.version == version {
                        return nothing.map(drop);
                    }
                    continue;
                }
            };
            refuse_stale_files(self.clock.now(), began, change.put_since())?;
            let commit = Commit {
                format: FORMAT,
                version: version + 1,
                commit_id: uuid::Uuid::now_v7().to_string(),
                written_at: self.clock.now(),
                writer: concat!("criteo-connector ", env!("CARGO_PKG_VERSION")).to_owned(),
                actions,
            };
            if self.append(&commit).await? {
                checkpoint::write_when_due(self.store.as_ref(), &self.state).await;
                return Ok(());
            }
            // Whoever was faster may have been so many times, and each look at the state may cost a comparison.
            self.refresh().await?;
        }
        Err(Failure::Unusable(format!(
            "other writers were faster {MOST_CONFLICTS} times in a row; let fewer of them work at the same time"
        )))
    }

    /// Puts a commit under its number. False when another writer's commit has it, which is read then.
    async fn append(&mut self, commit: &Commit) -> Result<bool, Failure> {
        let path = layout::commit(commit.version);
        let body = Bytes::from(serde_json::to_vec(commit)?);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let payload = PutPayload::from_bytes(body.clone());
            let error = match self
                .store
                .put_opts(&path, payload, PutMode::Create.into())
                .await
            {
                Ok(_) => {
                    self.take(commit);
                    return Ok(true);
                }
                Err(error) => error,
            };
            // Whatever the error says, the commit may be there: an answer was lost, or the store's own client asked
            // twice. Only reading it tells.
            match self.read(commit.version).await {
                Ok(Some(found)) => {
                    let is_ours = found.commit_id == commit.commit_id;
                    self.take(&found);
                    return Ok(is_ours);
                }
                Ok(None) if attempts < UNCERTAIN_ATTEMPTS && is_worth_repeating(&error) => {
                    tracing::warn!(%error, version = commit.version, "A commit has to be tried again");
                }
                Ok(None) | Err(_) => return Err(error.into()),
            }
        }
    }

    /// Finds the newest checkpoint and every commit after it.
    async fn open(&mut self) -> Result<(), Failure> {
        let mut state = checkpoint::newest(self.store.as_ref())
            .await?
            .unwrap_or_default();
        let folder = Path::from(layout::LOG);
        let after = layout::commit(state.version);
        let mut versions: Vec<u64> = self
            .store
            .list_with_offset(Some(&folder), &after)
            .map_ok(|object| layout::version_of(&object.location))
            .try_collect::<Vec<_>>()
            .await?
            .into_iter()
            .flatten()
            .filter(|version| *version > state.version)
            .collect();
        versions.sort_unstable();
        let log = &*self;
        let mut commits = futures_util::stream::iter(versions)
            .map(|version| async move { (version, log.read(version).await) })
            .buffered(READS_AT_A_TIME);
        while let Some((version, commit)) = commits.next().await {
            // A folder that is written to while it is listed may leave out one new file and name the next.
            while state.version + 1 < version {
                let unlisted = state.version + 1;
                let Some(commit) = log.read(unlisted).await? else {
                    return Err(damaged(&format!(
                        "commit {unlisted} is missing from its log, and commit {version} is there"
                    )));
                };
                state.apply(commit.version, commit.written_at, &commit.actions);
            }
            let commit = commit?.ok_or_else(|| {
                damaged(&format!(
                    "commit {version} vanished from its log while it was read"
                ))
            })?;
            state.apply(commit.version, commit.written_at, &commit.actions);
        }
        drop(commits);
        self.state = state;
        self.is_open = true;
        Ok(())
    }

    /// The commit of one number; `None` when it was not made yet.
    async fn read(&self, version: u64) -> Result<Option<Commit>, Failure> {
        let path = layout::commit(version);
        let body = match self.store.get(&path).await {
            Ok(found) => found.bytes().await?,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let commit: Commit = serde_json::from_slice(&body).map_err(|error| {
            match serde_json::from_slice::<OnlyFormat>(&body) {
                Ok(OnlyFormat { format }) if format > FORMAT => too_new(format),
                _ => damaged(&format!("commit {version} cannot be read: {error}")),
            }
        })?;
        if commit.format > FORMAT {
            return Err(too_new(commit.format));
        }
        if commit.version != version {
            return Err(damaged(&format!(
                "the object of commit {version} says that it is commit {}",
                commit.version
            )));
        }
        Ok(Some(commit))
    }

    fn take(&mut self, commit: &Commit) {
        self.state
            .apply(commit.version, commit.written_at, &commit.actions);
    }
}

/// Files that are not in the log for a day are removed by `vacuum`, so that none of them may be committed later. It is
/// asked after the actions are known, since finding them out is what takes long.
fn refuse_stale_files(
    now: Timestamp,
    began: Timestamp,
    put_since: Option<Timestamp>,
) -> Result<(), Failure> {
    let limits = [
        (Some(began), FOUND_OUT_WITHIN),
        (put_since, COMMITTED_WITHIN),
    ];
    for (since, within) in limits {
        let Some(since) = since else {
            continue;
        };
        let age = now.duration_since(since);
        if age >= within {
            return Err(Failure::Unusable(format!(
                "its files were written {} hours ago, and the commit came only now (was this machine asleep?); run \
                 again, which loads a window from the spool",
                age.as_hours()
            )));
        }
    }
    Ok(())
}

/// The one member that every layout has.
#[derive(serde::Deserialize)]
struct OnlyFormat {
    format: u32,
}

pub(super) fn too_new(format: u32) -> Failure {
    Failure::Unusable(format!(
        "its log has layout {format}, and this program knows none after {FORMAT}; install the newest version"
    ))
}

pub(super) fn damaged(what: &str) -> Failure {
    Failure::Unusable(format!(
        "the lake is damaged: {what}. Restore it from a backup, or from older versions of its objects"
    ))
}

/// Whether the same request may succeed when it is repeated.
fn is_worth_repeating(error: &StoreError) -> bool {
    !matches!(
        error,
        StoreError::PermissionDenied { .. }
            | StoreError::Unauthenticated { .. }
            | StoreError::NotSupported { .. }
            | StoreError::NotImplemented { .. }
            | StoreError::InvalidPath { .. }
    )
}
