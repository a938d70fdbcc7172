//! ClickHouse as a destination: the suite every destination passes, and what is particular to a server whose only
//! transaction is replacing a view.
//!
//! The engine is the current one, chdb-core from PyPI, pinned by hash and installed into a cache folder on first use. It has
//! no server, so `shim.py` stands in for one: what HTTP says is our reading of ClickHouse's documentation, what SQL does
//! is ClickHouse. Where it cannot be installed the tests say so on standard error and pass, unless
//! `CRITEO_REQUIRE_ALL_TESTS=1`.

#![cfg(feature = "clickhouse")]
#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod anew;
mod commit;
mod dropping;
mod forgetting;
mod older_ledger;
#[path = "../../../../tests/shared/python.rs"]
mod python;
mod records;
mod refusals;
mod server;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;
mod tables;

use std::path::Path;
use std::sync::Arc;

use criteo_engine::destination::clickhouse::ClickHouse;
use criteo_engine::destination::conformance::{self, Subject};
use criteo_engine::ledger::RunEntry;
use tempfile::TempDir;

use self::server::{Server, server};

#[tokio::test]
async fn clickhouse_passes_the_suite() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    conformance::run_all(async |property| {
        let spool = folder.path().join(property);
        std::fs::create_dir(&spool).unwrap();
        subject_in(server, property, &spool).await
    })
    .await;
}

/// The same database as another process sees it after a crash: whatever this one knew is gone.
fn another_process(server: &Server, database: &str, spool: &Path) -> Subject {
    Subject {
        destination: Arc::new(ClickHouse::new(server.options(database))),
        spool: spool.to_owned(),
    }
}

/// Where to stop statements that follow each other: before the first of them, and after each, so that its answer is lost.
/// All state is on the server, so what one leaves behind is what is there before the next.
fn stops(statements: &'static [&'static str]) -> Vec<(&'static str, &'static str)> {
    let first = statements.iter().take(1).map(|at| (*at, "before"));
    first
        .chain(statements.iter().map(|at| (*at, "after")))
        .collect()
}

/// Ends a run, with which what is superfluous is cleared away.
async fn finish_a_run(subject: &Subject) {
    finish_a_run_at(subject, "2026-03-01T09:00:00Z").await;
}

/// The same at an instant.
async fn finish_a_run_at(subject: &Subject, instant: &str) {
    let run: RunEntry = serde_json::from_value(serde_json::json!({
        "run_id": uuid::Uuid::now_v7().to_string(),
        "continues_run_id": null,
        "started_at": instant,
        "selection": "{}",
        "finished_at": instant,
        "outcome": "complete",
        "calls": 1,
        "bytes": 1,
        "waited_milliseconds": 0,
        "rows": 1,
        "version": "1.2.3",
    }))
    .unwrap();
    subject.destination.record_run(&run).await.unwrap();
}

/// A destination in a new database of this name.
async fn subject_in(server: &Server, database: &str, spool: &Path) -> Subject {
    server.create_database(database).await;
    Subject {
        destination: Arc::new(ClickHouse::new(server.options(database))),
        spool: spool.to_owned(),
    }
}
