//! What is said when the server cannot be used, and that nothing was touched.

use std::sync::Arc;

use criteo_engine::destination::clickhouse::{ClickHouse, ClickHouseOptions};
use criteo_engine::destination::conformance::Subject;
use criteo_engine::destination::conformance::fixture::{Row, Table, january};
use criteo_engine::destination::{Destination, DestinationError};
use tempfile::TempDir;

use crate::server::server;
use crate::subject_in;

async fn refusal_of(options: ClickHouseOptions) -> DestinationError {
    let destination = ClickHouse::new(options);
    let by_checking = destination.check().await.unwrap_err();
    let subject = Subject {
        destination: Arc::new(destination),
        spool: std::path::PathBuf::new(),
    };
    let by_writing = Table::report().prepare(&subject).await.unwrap_err();
    assert_eq!(
        by_checking.hint(),
        by_writing.hint(),
        "check has to find what writing would"
    );
    by_writing
}

fn assert_unavailable(refusal: &DestinationError, words: &str, hint: &str) {
    assert!(
        matches!(refusal, DestinationError::Unavailable { .. }),
        "{refusal:?}"
    );
    assert!(refusal.to_string().contains(words), "{refusal}");
    assert!(refusal.hint().unwrap().contains(hint), "{refusal:?}");
}

#[tokio::test]
async fn a_wrong_password() {
    let Some(server) = server() else { return };
    server.create_database("password").await;
    let options = ClickHouseOptions {
        password: Some("hunter2".to_owned().into()),
        ..server.options("password")
    };
    assert!(!format!("{options:?}").contains("hunter2"));
    let refusal = refusal_of(options).await;
    assert_unavailable(
        &refusal,
        "Authentication failed",
        "CRITEO_DESTINATION_PASSWORD",
    );
    assert!(!format!("{refusal:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_database_that_is_not_there() {
    let Some(server) = server() else { return };
    let refusal = refusal_of(server.options("absent")).await;
    assert_unavailable(&refusal, "absent", "Create the database");
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let options = ClickHouseOptions::new(format!("http://{address}"), "criteo", "criteo");
    let refusal = refusal_of(options).await;
    assert_unavailable(&refusal, "refused", "`destination.url`");
}

/// What stands before a server answers in its place, and says nothing of the rows: they have to wait in the spool.
#[tokio::test]
async fn a_gateway_without_its_server() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "gateway", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 1);
    let rows = [Row::of_day("1", days.first, "a", 1)];
    let window = table.window(folder.path(), Some(days), &["1"], &rows);
    for at in [
        "FORMAT Parquet",
        "_criteo_base_windows` FORMAT",
        "CREATE OR REPLACE VIEW",
    ] {
        server.fail("gateway", at, "gateway").await;
        let refusal = subject.destination.load_window(&window).await.unwrap_err();
        assert_unavailable(&refusal, "502 Bad Gateway", "waits in the spool");
    }
    subject.destination.load_window(&window).await.unwrap();
    table.assert_holds(&subject, &rows).await;
}

#[tokio::test]
async fn a_table_that_somebody_else_made() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "foreign_table", folder.path()).await;
    server
        .execute("CREATE TABLE foreign_table.conformance (x UInt8) ENGINE = MergeTree ORDER BY x")
        .await;
    let refusal = Table::report().prepare(&subject).await.unwrap_err();
    assert!(
        matches!(refusal, DestinationError::ForeignTable { .. }),
        "{refusal:?}"
    );
    let engine = "SELECT engine FROM system.tables WHERE database = 'foreign_table' AND name = 'conformance'";
    assert_eq!(server.lines(engine).await, ["MergeTree"]);
}

#[tokio::test]
async fn a_ledger_of_a_later_version() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "later_version", folder.path()).await;
    Table::report().prepare(&subject).await.unwrap();
    server
        .execute("INSERT INTO later_version._criteo_meta VALUES ('ledger_version', '3')")
        .await;
    let refusal = refusal_of(server.options("later_version")).await;
    assert_unavailable(&refusal, "its ledger has version 3", "newest version");
}

/// Trying leaves nothing behind.
#[tokio::test]
async fn a_check_leaves_no_trace() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "no_trace", folder.path()).await;
    subject.destination.check().await.unwrap();
    let tables = "SELECT name FROM system.tables WHERE database = 'no_trace'";
    assert!(server.lines(tables).await.is_empty());
}
