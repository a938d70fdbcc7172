//! Parquet as a destination: the suite every destination passes, in a folder and in the buckets of three clouds.

#![cfg(feature = "parquet-lake")]
#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod clouds;
#[path = "../../../../tests/shared/crash.rs"]
mod crash;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;

use std::path::Path;
use std::sync::Arc;

use criteo_engine::destination::conformance::{self, Subject};
use criteo_engine::destination::parquet::{LakeOptions, ParquetLake};
use tempfile::TempDir;

#[tokio::test]
async fn parquet_passes_the_suite_in_a_folder() {
    let folder = TempDir::new().unwrap();
    conformance::run_all(async |property| {
        let spool = folder.path().join(property);
        std::fs::create_dir(&spool).unwrap();
        subject_in(&spool)
    })
    .await;
}

/// A destination in the folder `lake` of `folder`, which also takes the files of windows.
fn subject_in(folder: &Path) -> Subject {
    let lake = folder.join("lake [1]/data's").display().to_string();
    Subject {
        destination: Arc::new(ParquetLake::new(LakeOptions::new(lake))),
        spool: folder.to_owned(),
    }
}
