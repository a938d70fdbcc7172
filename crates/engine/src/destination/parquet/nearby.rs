//! Files of the lake where DuckDB can open them: in a folder where they are, of a bucket after they were fetched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::failure::Failure;
use super::location::Location;
use super::supersede::{body_of, missing};

/// Files that are fetched at the same time.
const FETCHES_AT_A_TIME: usize = 16;

/// Files of a bucket that were fetched. They never change, so each is fetched once.
#[derive(Default)]
pub(super) struct Fetched {
    folder: Option<Arc<TempDir>>,
    paths: BTreeSet<String>,
}

impl Fetched {
    fn folder(&mut self) -> Result<Arc<TempDir>, Failure> {
        if let Some(folder) = &self.folder {
            return Ok(Arc::clone(folder));
        }
        let folder = Arc::new(tempfile::Builder::new().prefix("criteo-lake-").tempdir()?);
        self.folder = Some(Arc::clone(&folder));
        Ok(folder)
    }

    async fn fetch(
        &mut self,
        store: &dyn ObjectStore,
        paths: Vec<String>,
    ) -> Result<Arc<TempDir>, Failure> {
        let folder = self.folder()?;
        let missing: Vec<String> = paths
            .into_iter()
            .filter(|path| !self.paths.contains(path))
            .collect();
        let fetched: Vec<String> = futures_util::stream::iter(missing)
            .map(|path| {
                let target = folder.path().join(&path);
                async move {
                    let body = body_of(store, &path).await?;
                    if let Some(parent) = target.parent() {
                        tokio::fs::create_dir_all(parent).await?;
                    }
                    tokio::fs::write(&target, &body).await?;
                    Ok::<_, Failure>(path)
                }
            })
            .buffer_unordered(FETCHES_AT_A_TIME)
            .try_collect()
            .await?;
        self.paths.extend(fetched);
        Ok(folder)
    }
}

/// The store, and where files of it can be opened.
#[derive(Clone)]
pub(super) struct Nearby {
    objects: Arc<dyn ObjectStore>,
    location: Location,
    fetched: Arc<Mutex<Fetched>>,
}

impl Nearby {
    /// The files of `objects`, which are those of `location`.
    pub(super) fn new(
        objects: Arc<dyn ObjectStore>,
        location: Location,
        fetched: Arc<Mutex<Fetched>>,
    ) -> Self {
        Self {
            objects,
            location,
            fetched,
        }
    }

    /// The store itself.
    pub(super) fn objects(&self) -> &dyn ObjectStore {
        self.objects.as_ref()
    }

    /// Makes these files ready to be opened. What is fetched for it stays as long as the lake is open, for the next
    /// question.
    ///
    /// # Errors
    /// When one of them is not there, or the store refuses.
    pub(super) async fn keep(&self, paths: Vec<String>) -> Result<Root, Failure> {
        if let Some(root) = self.in_place(&paths)? {
            return Ok(root);
        }
        let mut fetched = self.fetched.lock().await;
        Ok(Root::Fetched(fetched.fetch(self.objects(), paths).await?))
    }

    /// The same for files that nobody will ask for again: what is fetched goes with the answer.
    ///
    /// # Errors
    /// When one of them is not there, or the store refuses.
    pub(super) async fn borrow(&self, paths: Vec<String>) -> Result<Root, Failure> {
        if let Some(root) = self.in_place(&paths)? {
            return Ok(root);
        }
        let folder = Fetched::default().fetch(self.objects(), paths).await?;
        Ok(Root::Fetched(folder))
    }

    fn in_place(&self, paths: &[String]) -> Result<Option<Root>, Failure> {
        let Some(folder) = self.location.folder() else {
            return Ok(None);
        };
        let root = std::path::absolute(folder)?;
        match paths.iter().find(|path| !root.join(path).exists()) {
            Some(path) => Err(missing(path)),
            None => Ok(Some(Root::Folder(root))),
        }
    }
}

/// The folder below which files have the paths that they have in the lake.
pub(super) enum Root {
    /// The lake's own.
    Folder(PathBuf),
    /// One with what was fetched.
    Fetched(Arc<TempDir>),
}

impl Root {
    /// Where a file of the lake is.
    pub(super) fn locate(&self, path: &str) -> PathBuf {
        let root: &Path = match self {
            Self::Folder(root) => root,
            Self::Fetched(folder) => folder.path(),
        };
        root.join(path)
    }
}
