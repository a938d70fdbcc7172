//! The lake when its store misbehaves: answers that are lost, requests that fail, writers that race and die.

mod conflicts;
mod faulty;
mod late;
mod past;
mod readers;
mod superseding;
mod vacuum;
mod writers;

use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use super::clock::WallClock;
use super::{LakeOptions, ParquetLake};
use crate::destination::conformance::Subject;
use crate::destination::conformance::fixture::{Row, Table};
use crate::destination::{Destination, WindowLoad};
use crate::ledger::WindowEntry;

/// A lake in the folder `lake` of `folder`, which also takes the files of windows.
fn lake_in(folder: &Path) -> ParquetLake {
    ParquetLake::new(options_in(folder))
}

fn options_in(folder: &Path) -> LakeOptions {
    LakeOptions::new(folder.join("lake").display().to_string())
}

/// How far a clock is ahead, as a test moves it.
#[derive(Clone, Default)]
struct Ahead(Arc<Mutex<SignedDuration>>);

impl Ahead {
    fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }

    fn clock(&self) -> WallClock {
        let ahead = self.clone();
        WallClock(Arc::new(move || {
            Timestamp::now() + *ahead.0.lock().unwrap()
        }))
    }
}

fn subject(folder: &Path, lake: &ParquetLake) -> Subject {
    Subject {
        destination: Arc::new(lake.clone()),
        spool: folder.to_owned(),
    }
}

/// What another process would find: nothing of what this one knows.
async fn assert_holds(folder: &Path, table: &Table, rows: &[Row], entries: &[WindowEntry]) {
    let fresh = lake_in(folder);
    let subject = subject(folder, &fresh);
    table.assert_holds(&subject, rows).await;
    let found = fresh.windows(&table.stream.stream).await.unwrap();
    assert_eq!(found, entries);
}

/// The table of a report, made.
async fn prepared(lake: &ParquetLake) -> Table {
    let table = Table::report();
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    table
}

/// A window of one day with one row per label.
fn window(
    folder: &Path,
    table: &Table,
    day: i8,
    advertiser: &str,
    labels: &[&str],
) -> (WindowLoad, Vec<Row>) {
    let days = crate::destination::conformance::fixture::january(day, day);
    let rows: Vec<Row> = labels
        .iter()
        .map(|label| Row::of_day(advertiser, days.first, label, 1))
        .collect();
    let load = table.window(folder, Some(days), &[advertiser], &rows);
    (load, rows)
}
