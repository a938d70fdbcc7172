//! ClickHouse as a destination: the suite every destination passes, and what is particular to a server whose only
//! transaction is replacing a view.
//!
//! The engine is the current one, chdb-core from PyPI, pinned by hash and installed into a cache folder on first use. It has
//! no server, so `shim.py` stands in for one: what HTTP says is our reading of ClickHouse's documentation, what SQL does
//! is ClickHouse. Where it cannot be installed the tests say so on standard error and pass, unless
//! `CRITEO_REQUIRE_ALL_TESTS=1`.

#![cfg(feature = "clickhouse")]
#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod commit;
#[path = "../../../../tests/shared/python.rs"]
mod python;
mod refusals;
mod server;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;
mod tables;

use std::path::Path;
use std::sync::Arc;

use criteo_engine::destination::clickhouse::ClickHouse;
use criteo_engine::destination::conformance::{self, Subject};
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

/// A destination in a new database of this name.
async fn subject_in(server: &Server, database: &str, spool: &Path) -> Subject {
    server.create_database(database).await;
    Subject {
        destination: Arc::new(ClickHouse::new(server.options(database))),
        spool: spool.to_owned(),
    }
}
