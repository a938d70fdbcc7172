//! A store that fails where a test wants it to, and what the lake makes of it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tempfile::TempDir;

use super::superseding::files_below;
use super::{assert_holds, lake_in, options_in, prepared, window};
use crate::destination::conformance::fixture::{Row, january};
use crate::destination::parquet::ParquetLake;
use crate::destination::{Destination, DestinationError};

/// What happens to the next request that puts an object whose path contains a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The request never arrives.
    Refused,
    /// The object is put, and the answer is lost.
    AnswerLost,
    /// The object is put, the answer is lost, and the store's client asks again on its own.
    AskedTwice,
    /// The condition is ignored, as stores do that do not know it.
    ConditionIgnored,
}

/// Faults to come, shared with the test.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Vec<(&'static str, Fault)>>>, Option<String>);

impl Faults {
    /// The next put of a path that contains `word` meets `fault`.
    pub(super) fn add(&self, word: &'static str, fault: Fault) {
        self.0.lock().unwrap().push((word, fault));
    }

    /// The same, and no list names objects whose path contains `word`.
    pub(super) fn hiding(self, word: &str) -> Self {
        Self(self.0, Some(word.to_owned()))
    }

    /// Whether lists name an object.
    fn lists(&self, path: &ObjectPath) -> bool {
        let hidden = self.1.as_ref();
        hidden.is_none_or(|word| !path.as_ref().contains(word.as_str()))
    }

    /// Whether every fault was met.
    pub(super) fn are_met(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }

    fn take(&self, path: &ObjectPath) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap();
        let position = faults
            .iter()
            .position(|(word, _)| path.as_ref().contains(word))?;
        Some(faults.remove(position).1)
    }
}

/// A lake in `folder` whose store meets `faults`.
pub(super) fn faulty_lake(folder: &std::path::Path, faults: &Faults) -> ParquetLake {
    let faults = faults.clone();
    ParquetLake::with_faults(options_in(folder), move |inner| {
        Arc::new(FaultyStore {
            inner,
            faults: faults.clone(),
        })
    })
}

#[derive(Debug)]
struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    faults: Faults,
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a store with faults")
    }
}

fn broken() -> Error {
    Error::Generic {
        store: "faulty",
        source: "the connection broke".into(),
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        path: &ObjectPath,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        match self.faults.take(path) {
            None => self.inner.put_opts(path, payload, options).await,
            Some(Fault::Refused) => Err(broken()),
            Some(Fault::AnswerLost) => {
                self.inner.put_opts(path, payload, options).await?;
                Err(broken())
            }
            Some(Fault::AskedTwice) => {
                self.inner
                    .put_opts(path, payload.clone(), options.clone())
                    .await?;
                self.inner.put_opts(path, payload, options).await
            }
            Some(Fault::ConditionIgnored) => {
                self.inner
                    .put_opts(path, payload, PutOptions::default())
                    .await
            }
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &ObjectPath,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &ObjectPath, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    async fn get_ranges(&self, path: &ObjectPath, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(path, ranges).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<ObjectPath>>,
    ) -> BoxStream<'static, Result<ObjectPath>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, Result<ObjectMeta>> {
        let faults = self.faults.clone();
        let is_listed = move |object: &Result<ObjectMeta>| match object {
            Ok(object) => faults.lists(&object.location),
            Err(_) => true,
        };
        let listed = self.inner.list(prefix);
        listed
            .filter(move |object| futures_util::future::ready(is_listed(object)))
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &ObjectPath,
        to: &ObjectPath,
        options: CopyOptions,
    ) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_known_to_be_there() {
    for fault in [Fault::AnswerLost, Fault::AskedTwice] {
        let folder = TempDir::new().unwrap();
        let faults = Faults::default();
        let lake = faulty_lake(folder.path(), &faults);
        let table = prepared(&lake).await;
        faults.add("_criteo/log", fault);
        let (load, rows) = window(folder.path(), &table, 1, "1", &["a", "b"]);
        lake.load_window(&load).await.unwrap();
        assert!(faults.are_met());
        assert_holds(folder.path(), &table, &rows, &[load.entry]).await;
        let commits = std::fs::read_dir(folder.path().join("lake/_criteo/log")).unwrap();
        assert_eq!(commits.count(), 2, "the window was committed once");
    }
}

#[tokio::test]
async fn a_commit_that_fails_once_is_made_at_the_second_attempt() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let lake = faulty_lake(folder.path(), &faults);
    let table = prepared(&lake).await;
    faults.add("_criteo/log", Fault::Refused);
    let (load, rows) = window(folder.path(), &table, 1, "1", &["a"]);
    lake.load_window(&load).await.unwrap();
    assert!(faults.are_met());
    assert_holds(folder.path(), &table, &rows, &[load.entry]).await;
}

/// The rows are in the store, and the commit is not: nobody sees anything of it, and loading again is right.
#[tokio::test]
async fn rows_without_their_commit_are_not_there() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let lake = faulty_lake(folder.path(), &faults);
    let table = prepared(&lake).await;
    let (before, old_rows) = window(folder.path(), &table, 1, "1", &["old"]);
    lake.load_window(&before).await.unwrap();
    for word in ["_criteo/log"; 3] {
        faults.add(word, Fault::Refused);
    }
    let (load, rows) = window(folder.path(), &table, 1, "1", &["new", "newer"]);
    let error = lake.load_window(&load).await.unwrap_err();
    // A store that does not answer says nothing of the rows, which have to wait in the spool.
    assert!(
        matches!(error, DestinationError::Unavailable { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("the connection broke"),
        "{error}"
    );
    assert!(faults.are_met());
    let data = folder
        .path()
        .join("lake/data/stream=conformance/day=2026-01-01");
    assert_eq!(
        std::fs::read_dir(data).unwrap().count(),
        2,
        "old rows and new ones"
    );
    assert_holds(folder.path(), &table, &old_rows, &[before.entry]).await;

    lake.load_window(&load).await.unwrap();
    assert_holds(folder.path(), &table, &rows, &[load.entry]).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_put_leaves_everything_as_it_was() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let lake = faulty_lake(folder.path(), &faults);
    let table = prepared(&lake).await;
    let (before, old_rows) = window(folder.path(), &table, 1, "1", &["old"]);
    lake.load_window(&before).await.unwrap();
    faults.add("data/", Fault::Refused);
    let (load, _) = window(folder.path(), &table, 1, "1", &["new"]);
    let error = lake.load_window(&load).await.unwrap_err();
    assert!(
        matches!(error, DestinationError::Unavailable { .. }),
        "{error:?}"
    );
    assert_holds(folder.path(), &table, &old_rows, &[before.entry]).await;
}

/// Rows that are not those of their entry would be refused every time, and no store is to blame.
#[tokio::test]
async fn rows_that_contradict_their_entry_are_refused_for_good() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let (mut load, _) = window(folder.path(), &table, 1, "1", &["a", "b"]);
    load.entry.rows = 1;
    load.entry.advertisers.insert("1".to_owned(), 1);
    let error = lake.load_window(&load).await.unwrap_err();
    assert!(
        matches!(error, DestinationError::Failed { .. }),
        "{error:?}"
    );
}

/// A file of the lake that somebody removed is no fault of the rows that replace it.
#[tokio::test]
async fn a_lake_that_lost_a_file_is_no_fault_of_new_rows() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let days = january(1, 1);
    let rows = ["1", "2"].map(|id| Row::of_day(id, days.first, "old", 1));
    let load = table.window(folder.path(), Some(days), &["1", "2"], &rows);
    lake.load_window(&load).await.unwrap();
    for file in files_below(&folder.path().join("lake/data")) {
        std::fs::remove_file(file).unwrap();
    }
    // Of the lost file the rows of the other advertiser have to be copied.
    let (load, _) = window(folder.path(), &table, 1, "1", &["new"]);
    let error = lake.load_window(&load).await.unwrap_err();
    assert!(
        matches!(error, DestinationError::Unavailable { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_store_that_ignores_the_condition_is_refused() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let lake = faulty_lake(folder.path(), &faults);
    for _ in 0..2 {
        faults.add("_criteo/probes", Fault::ConditionIgnored);
    }
    let error = lake.check().await.unwrap_err().to_string();
    assert!(error.contains("If-None-Match"), "{error}");
    assert!(faults.are_met());
    assert!(
        !folder.path().join("lake").exists(),
        "a check leaves nothing behind"
    );

    // Whoever does not check first is refused all the same.
    for _ in 0..2 {
        faults.add("_criteo/probes", Fault::ConditionIgnored);
    }
    let table = crate::destination::conformance::fixture::Table::report();
    let error = lake
        .prepare(&table.schema, &table.stream)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("If-None-Match"), "{error}");
}

#[tokio::test]
async fn views_that_cannot_be_written_are_an_error_and_come_with_the_next_run() {
    let folder = TempDir::new().unwrap();
    let faults = Faults::default();
    let lake = faulty_lake(folder.path(), &faults);
    let table = prepared(&lake).await;
    let (load, rows) = window(folder.path(), &table, 1, "1", &["a"]);
    lake.load_window(&load).await.unwrap();
    faults.add("views/latest.sql", Fault::Refused);
    let run = super::readers::finished_run();
    let error = lake.record_run(&run).await.unwrap_err();
    let words = error.to_string();
    assert!(
        words.contains("all rows that were read are loaded"),
        "{words}"
    );
    assert_holds(folder.path(), &table, &rows, &[load.entry]).await;
    lake_in(folder.path()).record_run(&run).await.unwrap();
    assert!(folder.path().join("lake/views/latest.sql").exists());
}
