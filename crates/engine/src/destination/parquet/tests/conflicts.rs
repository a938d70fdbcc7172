//! Writers that come second: what they found out before serves again where it is still right, and nowhere else.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use jiff::SignedDuration;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tempfile::TempDir;

use super::past::{ALL_AT_ONCE, kept, observed, state_of};
use super::readers::finished_run;
use super::superseding::files_below;
use super::{Ahead, lake_in, prepared, subject, window};
use crate::destination::conformance::fixture::{Row, Table, january, rows_of};
use crate::destination::parquet::ParquetLake;
use crate::destination::parquet::clock::WallClock;
use crate::destination::parquet::commit::Action;
use crate::destination::parquet::failure::Failure;
use crate::destination::parquet::log::{
    COMMITTED_WITHIN, Change, FOUND_OUT_WITHIN, Immediate, Log,
};
use crate::destination::parquet::state::LakeState;
use crate::destination::{Destination, DropDays, WindowLoad};
use crate::ledger::RunEntry;

/// A run of another process that has only begun: a commit about nothing else.
fn begun_run() -> RunEntry {
    RunEntry {
        finished_at: None,
        outcome: None,
        ..finished_run()
    }
}

/// Lets another process commit what has nothing to do with any table, so many times.
async fn others_commit(folder: &Path, times: usize) {
    let other = lake_in(folder);
    for _ in 0..times {
        other.record_run(&begun_run()).await.unwrap();
    }
}

/// The files that were put and are named by no commit.
async fn left_behind(folder: &Path) -> BTreeSet<String> {
    let root = folder.join("lake");
    let fresh = lake_in(folder);
    let (_, state) = fresh.store.snapshot().await.unwrap().unwrap();
    let named: BTreeSet<&str> = state
        .live_files()
        .into_iter()
        .chain(state.superseded.keys().map(String::as_str))
        .collect();
    ["data", "history", "_criteo/changes"]
        .into_iter()
        .flat_map(|part| files_below(&root.join(part)))
        .map(|file| file.strip_prefix(&root).unwrap().display().to_string())
        .filter(|path| !named.contains(path.as_str()))
        .collect()
}

/// Rows, versions and changes are found out once, and their files put once, when all that came in between is about
/// something else.
#[tokio::test]
async fn a_comparison_serves_again_after_commits_about_something_else() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = kept(&lake).await;
    let first = observed(folder.path(), &table, &[1, 2]);
    lake.load_window(&first).await.unwrap();
    let elsewhere = Table::report().named("elsewhere");
    let other = lake_in(folder.path());
    other
        .prepare(&elsewhere.schema, &elsewhere.stream)
        .await
        .unwrap();
    // Of the same stream, but of other days.
    let apart = observed_day(folder.path(), &table, 20);
    other.load_window(&apart).await.unwrap();

    let second = observed(folder.path(), &table, &[10, 2]);
    lake.load_window(&second).await.unwrap();
    assert_eq!(left_behind(folder.path()).await, BTreeSet::new());
    let [rows, current, versions, changes] = state_of(folder.path()).await;
    assert_eq!(rows, current);
    assert_eq!((rows.len(), versions.len()), (3, 4));
    // Two for each day that was new, and two for the one that changed.
    assert_eq!(changes.len(), 2 * 3 + 2);
}

/// One day of January with one row, whose changes are observed.
fn observed_day(folder: &Path, table: &Table, day: i8) -> WindowLoad {
    let mut load = observed(folder, table, &[1]);
    let days = january(day, day);
    let (moved, _) = window(folder, table, day, "1", &["apart"]);
    load.entry = moved.entry;
    load.files = moved.files;
    if let Some(observation) = &mut load.observation {
        for period in &mut observation.periods {
            (period.first_day, period.last_day) = (days.first, days.last);
        }
    }
    load
}

/// What came in between replaced the same rows: they are compared with those that are there now.
#[tokio::test]
async fn a_comparison_does_not_serve_again_after_a_commit_about_the_same() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = kept(&lake).await;
    let first = observed(folder.path(), &table, &[1]);
    lake.load_window(&first).await.unwrap();
    let other = lake_in(folder.path());
    let between = observed(folder.path(), &table, &[5]);
    other.load_window(&between).await.unwrap();
    let last = observed(folder.path(), &table, &[7]);
    lake.load_window(&last).await.unwrap();

    let [rows, current, versions, _] = state_of(folder.path()).await;
    assert_eq!(rows, current);
    assert_eq!(versions.len(), 3);
    let fresh = lake_in(folder.path());
    let sums = rows_of(
        &subject(folder.path(), &fresh),
        "SELECT CAST(old_sum AS INTEGER), CAST(new_sum AS INTEGER) FROM _criteo_changes WHERE metric = 'clicks'",
    )
    .await;
    let sum = |text: &str| Some(text.to_owned());
    let expected = [
        vec![None, sum("1")],
        vec![sum("1"), sum("5")],
        vec![sum("5"), sum("7")],
    ];
    assert_eq!(sums, expected);
}

/// What is left of a file that also holds rows of others is put once.
#[tokio::test]
async fn a_split_file_is_copied_once() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let days = january(1, 1);
    let old = ["1", "2"].map(|id| Row::of_day(id, days.first, "old", 1));
    let load = table.window(folder.path(), Some(days), &["1", "2"], &old);
    lake.load_window(&load).await.unwrap();
    others_commit(folder.path(), 3).await;
    let (load, rows) = window(folder.path(), &table, 1, "1", &["new"]);
    lake.load_window(&load).await.unwrap();
    assert_eq!(left_behind(folder.path()).await, BTreeSet::new());
    let expected = [rows[0].clone(), old[1].clone()];
    table
        .assert_holds(&subject(folder.path(), &lake), &expected)
        .await;
}

/// Beginning to keep versions, dropping days and merging records look at whole tables.
#[tokio::test]
async fn what_looks_at_whole_tables_serves_again_as_well() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let mut table = Table::report();
    // One file for the whole month, so that dropping a day splits it.
    table.stream.grain = vec!["AdvertiserId".to_owned(), "Week".to_owned()];
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    for clicks in 1..=33 {
        let load = observed(folder.path(), &table, &[clicks, 1]);
        lake.load_window(&load).await.unwrap();
    }
    others_commit(folder.path(), 2).await;
    let kept = lake.keep_versions(&table.schema, &table.stream, Some("day"), true);
    kept.await.unwrap();
    assert_eq!(left_behind(folder.path()).await, BTreeSet::new());
    others_commit(folder.path(), 2).await;
    lake.merge_records().await.unwrap();
    assert_eq!(left_behind(folder.path()).await, BTreeSet::new());
    others_commit(folder.path(), 2).await;
    let drop = DropDays {
        stream: "conformance".to_owned(),
        day_column: "day".to_owned(),
        keep_from: january(2, 2).first,
        run_id: "run".to_owned(),
        dropped_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let dropped = lake.drop_days(&drop).await.unwrap();
    assert_eq!((dropped.rows, dropped.versions), (1, 1));
    assert_eq!(left_behind(folder.path()).await, BTreeSet::new());
    let [rows, current, versions, _] = state_of(folder.path()).await;
    assert_eq!((&rows, rows.len()), (&current, 1));
    assert_eq!(versions, current);
}

/// A writer that has not looked for a while names files that were replaced and removed since: it looks again before it
/// says that the lake has lost them.
#[tokio::test]
async fn a_writer_looks_again_before_it_calls_the_lake_damaged() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let days = january(1, 1);
    let load_both = async |lake: &ParquetLake, label: &str| {
        let rows = ["1", "2"].map(|id| Row::of_day(id, days.first, label, 1));
        let load = table.window(folder.path(), Some(days), &["1", "2"], &rows);
        lake.load_window(&load).await.unwrap();
        rows
    };
    load_both(&lake, "old").await;
    let other = lake_in(folder.path());
    let newer = load_both(&other, "newer").await;
    other.vacuum(&ALL_AT_ONCE).await.unwrap();

    let (load, rows) = window(folder.path(), &table, 1, "1", &["newest"]);
    lake.load_window(&load).await.unwrap();
    let expected = [rows[0].clone(), newer[1].clone()];
    table
        .assert_holds(&subject(folder.path(), &lake), &expected)
        .await;
}

/// The same for whoever asks how numbers mature: the files with the records were merged and removed before they were
/// read.
#[tokio::test]
async fn maturation_is_asked_again_of_the_newest_state() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = Table::report();
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    for clicks in 1..=33 {
        let load = observed(folder.path(), &table, &[clicks]);
        lake.load_window(&load).await.unwrap();
    }
    let mut last = observed(folder.path(), &table, &[40]);
    if let Some(observation) = &mut last.observation {
        for period in &mut observation.periods {
            (period.age_days, period.is_young, period.is_final) = (31, false, true);
        }
    }
    lake.load_window(&last).await.unwrap();
    let (nearby, state) = lake.store.snapshot().await.unwrap().unwrap();
    let before = lake.maturation("conformance").await.unwrap();
    assert!(!before.is_empty());
    let other = lake_in(folder.path());
    other.record_run(&finished_run()).await.unwrap();
    other.vacuum(&ALL_AT_ONCE).await.unwrap();
    let points = lake
        .store
        .maturation_by(&nearby, &state, "conformance")
        .await;
    assert_eq!(points.unwrap(), before);

    // Where nothing was committed since, it is the lake that lacks something.
    for file in files_below(&folder.path().join("lake/_criteo/changes")) {
        std::fs::remove_file(file).unwrap();
    }
    let error = lake.maturation("conformance").await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

/// A change about nothing that counts how often it is asked, and takes so long each time.
struct Slow {
    ahead: Ahead,
    takes: SignedDuration,
    put_since: Option<jiff::Timestamp>,
    asked: AtomicUsize,
}

impl Slow {
    fn taking(ahead: &Ahead, takes: SignedDuration) -> Self {
        Self {
            ahead: ahead.clone(),
            takes,
            put_since: None,
            asked: AtomicUsize::new(0),
        }
    }
}

#[async_trait]
impl Change for Slow {
    async fn actions(&self, _: &LakeState) -> Result<Vec<Action>, Failure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.ahead.advance(self.takes);
        Ok(vec![Action::PutRun(begun_run())])
    }

    fn put_since(&self) -> Option<jiff::Timestamp> {
        self.put_since
    }
}

/// Lets another writer commit so many times.
async fn commit_to(store: &Arc<dyn ObjectStore>, times: usize) {
    let mut other = Log::new(Arc::clone(store), WallClock::default());
    for _ in 0..times {
        let run = Immediate(|_: &LakeState| Ok(vec![Action::PutRun(begun_run())]));
        other.commit(&run).await.unwrap();
    }
}

/// However many commits came in between, they are read at once.
#[tokio::test]
async fn a_writer_that_is_far_behind_looks_twice() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut log = Log::new(Arc::clone(&store), WallClock::default());
    commit_to(&store, 1).await;
    log.refresh().await.unwrap();
    commit_to(&store, 7).await;
    let change = Slow::taking(&Ahead::default(), SignedDuration::ZERO);
    log.commit(&change).await.unwrap();
    assert_eq!(change.asked.load(Ordering::SeqCst), 2);
    assert_eq!(log.state().runs.len(), 9);
}

/// That nothing is to be done is said of the newest state.
#[tokio::test]
async fn nothing_is_left_to_do_by_the_newest_state_only() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut log = Log::new(Arc::clone(&store), WallClock::default());
    log.refresh().await.unwrap();
    commit_to(&store, 3).await;
    let run = begun_run();
    // What has to be done from the third run on.
    let change = Immediate(|state: &LakeState| match state.runs.len() {
        3 => Ok(vec![Action::PutRun(run.clone())]),
        _ => Ok(Vec::new()),
    });
    log.commit(&change).await.unwrap();
    assert!(log.state().runs.contains_key(&run.run_id));
}

/// What `vacuum` may have removed by then is not committed, whether it was put before or while the actions were found
/// out, and however often they were.
#[tokio::test]
async fn files_that_may_be_gone_are_not_committed() {
    let minute = SignedDuration::from_mins(1);
    let attempt = async |takes: SignedDuration, put: Option<SignedDuration>, others: usize| {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let ahead = Ahead::default();
        let mut log = Log::new(Arc::clone(&store), ahead.clock());
        log.refresh().await.unwrap();
        commit_to(&store, others).await;
        let mut change = Slow::taking(&ahead, takes);
        change.put_since = put.map(|age| ahead.clock().now() - age);
        let outcome = log.commit(&change).await;
        let is_there = log.refresh().await.unwrap().runs.len() > others;
        assert_eq!(outcome.is_ok(), is_there);
        outcome.map_err(|failure| failure.to_string())
    };
    attempt(FOUND_OUT_WITHIN - minute, None, 0).await.unwrap();
    let refusal = attempt(FOUND_OUT_WITHIN, None, 0).await.unwrap_err();
    assert!(refusal.contains("6 hours ago"), "{refusal}");
    // Found out twice, because another writer was faster: the files of the first time may serve the second.
    attempt(FOUND_OUT_WITHIN / 2 - minute, None, 1)
        .await
        .unwrap();
    attempt(FOUND_OUT_WITHIN / 2, None, 1).await.unwrap_err();

    let none = SignedDuration::ZERO;
    attempt(none, Some(COMMITTED_WITHIN - minute), 0)
        .await
        .unwrap();
    let refusal = attempt(none, Some(COMMITTED_WITHIN), 0).await.unwrap_err();
    assert!(refusal.contains("12 hours ago"), "{refusal}");
    let orphan = SignedDuration::try_from(crate::destination::parquet::vacuum::ORPHAN_AGE);
    assert!(FOUND_OUT_WITHIN + COMMITTED_WITHIN < orphan.unwrap());
}
