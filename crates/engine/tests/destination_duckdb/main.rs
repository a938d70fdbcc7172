//! DuckDB as a destination: the suite every destination passes, and what is particular to a local file.

#![cfg(feature = "duckdb")]
#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

#[path = "../../../../tests/shared/crash.rs"]
mod crash;
mod file;
mod older_ledger;
mod refusals;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use criteo_engine::destination::conformance::{self, Subject};
use criteo_engine::destination::duckdb::{DuckDb, DuckDbOptions};
use tempfile::TempDir;

#[tokio::test]
async fn duckdb_passes_the_suite() {
    let folder = TempDir::new().unwrap();
    conformance::run_all(async |property| {
        let spool = folder.path().join(property);
        std::fs::create_dir(&spool).unwrap();
        subject_in(&spool)
    })
    .await;
}

#[tokio::test]
async fn duckdb_passes_the_suite_in_a_schema_called_like_the_file() {
    let folder = TempDir::new().unwrap();
    conformance::run_all(async |property| {
        let spool = folder.path().join(property);
        std::fs::create_dir(&spool).unwrap();
        let mut options = DuckDbOptions::new(spool.join("criteo.duckdb"));
        options.schema = "criteo".to_owned();
        options.memory_limit = Some("500MB".to_owned());
        Subject {
            destination: Arc::new(DuckDb::new(options)),
            spool,
        }
    })
    .await;
}

/// A destination in the file `criteo.duckdb` of `folder`, which also takes the Parquet files.
fn subject_in(folder: &Path) -> Subject {
    Subject {
        destination: Arc::new(DuckDb::new(DuckDbOptions::new(file_in(folder)))),
        spool: folder.to_owned(),
    }
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("criteo.duckdb")
}
