use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch};

use super::*;
use crate::schema::{Column, FieldType};

const DESTINATION: &str = "DuckDB file criteo.duckdb, schema main";

fn stream() -> StreamEntry {
    StreamEntry {
        stream: "statistics".to_owned(),
        table: "statistics".to_owned(),
        grain: vec!["day".to_owned()],
        currency: Some("EUR".to_owned()),
        time_zone: Some("UTC".to_owned()),
    }
}

fn schema() -> TableSchema {
    TableSchema {
        table: "statistics".to_owned(),
        description: String::new(),
        columns: vec![Column {
            name: "clicks".to_owned(),
            field_type: FieldType::Integer,
            description: String::new(),
        }],
    }
}

fn load(window_id: &str, files: Vec<PathBuf>) -> WindowLoad {
    WindowLoad {
        schema: schema(),
        entry: WindowEntry {
            window_id: window_id.to_owned(),
            run_id: "run".to_owned(),
            stream: "statistics".to_owned(),
            days: None,
            advertisers: BTreeMap::from([("1".to_owned(), 2)]),
            read_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            rows: 2,
            calls: 1,
            bytes: 10,
            read_on: None,
            waited_milliseconds: 0,
            verified: Some(true),
            columns: vec!["clicks".to_owned()],
            totals: BTreeMap::from([("clicks".to_owned(), "3".to_owned())]),
            total_differences: BTreeMap::new(),
            request_hash: "abc".to_owned(),
            quarantine_reason: None,
        },
        day_column: Some("day".to_owned()),
        files,
        observation: None,
    }
}

fn write_rows(spool: &Spool, window_id: &str, rows: &[i64]) -> Option<PathBuf> {
    let mut part = spool.part(window_id, 0, &schema()).unwrap();
    if !rows.is_empty() {
        let column = Arc::new(Int64Array::from(rows.to_vec()));
        part.write(&RecordBatch::try_new(schema().arrow_schema(), vec![column]).unwrap())
            .unwrap();
    }
    part.finish().unwrap()
}

/// The files of windows.
fn files(folder: &Path) -> usize {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names.filter(|name| name != LOCK_FILE).count()
}

#[test]
fn a_committed_window_survives_and_an_unfinished_one_is_swept_away() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let file = write_rows(&spool, "b", &[1, 2]).unwrap();
    spool
        .commit(&load("b", vec![file]), &stream(), DESTINATION)
        .unwrap();
    let file = write_rows(&spool, "a", &[3]).unwrap();
    spool
        .commit(&load("a", vec![file]), &stream(), DESTINATION)
        .unwrap();
    write_rows(&spool, "c", &[4]).unwrap();
    std::mem::forget(spool.part("d", 0, &schema()).unwrap());
    assert_eq!(files(folder.path()), 6);

    drop(spool);
    let spool = Spool::open(folder.path()).unwrap();
    assert_eq!(files(folder.path()), 4, "what has no manifest is gone");
    let pending = spool.pending().unwrap();
    assert_eq!(pending.len(), 2);
    assert_eq!(pending[0].load.entry, load("a", Vec::new()).entry);
    assert_eq!(pending[1].load.entry, load("b", Vec::new()).entry);
    assert_eq!(pending[0].stream, stream());
    assert_eq!(pending[0].destination, DESTINATION);
    for window in &pending {
        spool.remove(&window.load).unwrap();
    }
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn a_second_run_is_told_so_and_sweeps_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let part = spool.part("a", 0, &schema()).unwrap();
    let Err(error) = Spool::open(folder.path()) else {
        panic!("the folder is held");
    };
    assert!(matches!(error, EngineError::AnotherRun { .. }), "{error:?}");
    let told = error.to_string();
    assert!(
        told.starts_with("Another criteo command is working here"),
        "{told}"
    );
    // Few people know the word.
    assert!(
        told.ends_with(" (where what was read waits to be loaded)"),
        "{told}"
    );
    assert_eq!(files(folder.path()), 1);
    drop((part, spool));
    Spool::open(folder.path()).unwrap();
}

/// Whoever only looks claims, makes and removes nothing, and sees what a run at work has read.
#[test]
fn a_look_into_the_spool_leaves_it_as_it_is() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("spool");
    assert!(Spool::peek(&folder).unwrap().is_empty());
    assert!(!folder.exists());
    let spool = Spool::open(&folder).unwrap();
    let file = write_rows(&spool, "b", &[1, 2]).unwrap();
    spool
        .commit(&load("b", vec![file.clone()]), &stream(), DESTINATION)
        .unwrap();
    write_rows(&spool, "c", &[4]).unwrap();
    std::mem::forget(spool.part("d", 0, &schema()).unwrap());
    let waiting = Spool::peek(&folder).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].load.entry, load("b", Vec::new()).entry);
    assert_eq!(waiting[0].destination, DESTINATION);
    assert_eq!(files(&folder), 4);
    // What is damaged is not taken for what a run has loaded meanwhile.
    fs::remove_file(file).unwrap();
    assert!(matches!(
        Spool::peek(&folder),
        Err(EngineError::SpoolDamaged { .. })
    ));
}

#[test]
fn a_part_without_rows_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    assert_eq!(write_rows(&spool, "a", &[]), None);
    drop(spool.part("b", 0, &schema()).unwrap());
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn damage_is_named_and_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let file = write_rows(&spool, "a", &[1]).unwrap();
    spool
        .commit(&load("a", vec![file.clone()]), &stream(), DESTINATION)
        .unwrap();
    fs::remove_file(file).unwrap();
    let error = spool.pending().unwrap_err();
    assert!(
        error.to_string().contains("its rows are missing"),
        "{error}"
    );
    fs::write(folder.path().join("a.window.json"), "{\"version\": 1").unwrap();
    assert!(matches!(
        spool.pending(),
        Err(EngineError::SpoolDamaged { .. })
    ));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_spool() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("spool");
    let spool = Spool::open(&folder).unwrap();
    let file = write_rows(&spool, "a", &[1]).unwrap();
    assert_eq!(
        fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
