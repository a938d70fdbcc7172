//! A folder of text files as a destination: the suite every destination passes, with the rows read from the files by
//! another reader than the one that wrote them, and what is particular to files.

#![cfg(feature = "duckdb")]
#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod folder;
mod reader;

use std::path::Path;
use std::sync::Arc;

use criteo_engine::destination::conformance::{self, Subject};
use criteo_engine::destination::files::{FileFolder, FileFolderOptions, Format};
use tempfile::TempDir;

use self::reader::ReadsFiles;

#[tokio::test]
async fn csv_files_pass_the_suite() {
    pass_the_suite(Format::Csv).await;
}

#[tokio::test]
async fn json_lines_pass_the_suite() {
    pass_the_suite(Format::Jsonl).await;
}

async fn pass_the_suite(format: Format) {
    let folder = TempDir::new().unwrap();
    conformance::run_all(async |property| {
        let spool = folder.path().join(property);
        std::fs::create_dir(&spool).unwrap();
        Subject {
            destination: Arc::new(ReadsFiles::new(files_in(&spool, format), spool.join("out"))),
            spool,
        }
    })
    .await;
}

/// A destination whose files lie in the folder `out` of `folder`.
fn files_in(folder: &Path, format: Format) -> FileFolder {
    FileFolder::new(FileFolderOptions {
        path: folder.join("out"),
        format,
    })
}
