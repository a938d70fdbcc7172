//! What cannot be done: what is said, what to do next, and that nothing was touched.

use std::process::Command;
use std::time::Duration;

use criteo_engine::config::TlsMode;
use criteo_engine::destination::conformance::fixture::{Row, Table, january};
use criteo_engine::destination::postgres::{Postgres, PostgresOptions};
use criteo_engine::destination::{Destination, DestinationError};
use tempfile::TempDir;

use crate::server::{PASSWORD, Server};
use crate::skipped::skipped;
use crate::{options, options_in, options_with_tls, shared_server, subject_of};

/// Fails unless the destination cannot be opened, for this reason and with this hint, and no secret is told.
async fn assert_unavailable(options: PostgresOptions, words: &str, hint: &str) {
    let refusal = Postgres::new(options.clone()).check().await.unwrap_err();
    assert!(
        matches!(refusal, DestinationError::Unavailable { .. }),
        "{refusal:?}"
    );
    says(&refusal, words, hint);
    let printed = format!("{options:?} {refusal:?}");
    assert!(
        !printed.contains(PASSWORD) && !printed.contains("wrong word"),
        "{printed}"
    );
}

fn says(refusal: &DestinationError, words: &str, hint: &str) {
    let text = refusal.to_string();
    assert!(text.contains(words), "'{text}' does not say '{words}'");
    let found = refusal.hint().unwrap_or_default();
    assert!(
        found.contains(hint),
        "the hint '{found}' of '{text}' does not say '{hint}'"
    );
}

#[tokio::test]
async fn servers_users_and_databases_that_do_not_fit_are_named() {
    let Some(server) = shared_server() else {
        return;
    };
    let changed = |change: &dyn Fn(&mut criteo_engine::config::PostgresAddress)| {
        let mut options = options_in(server, "any");
        change(options.address.as_mut().unwrap());
        options
    };
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let free = nobody.local_addr().unwrap().port();
    drop(nobody);
    for (options, words, hint) in [
        (
            changed(&|it| it.port = free),
            "onnection refused",
            "destination.port",
        ),
        (
            changed(&|it| it.password = Some("wrong word".into())),
            "password authentication failed",
            "CRITEO_DESTINATION_PASSWORD",
        ),
        (
            changed(&|it| it.password = None),
            "password missing",
            "CRITEO_DESTINATION_PASSWORD",
        ),
        (
            changed(&|it| "nowhere".clone_into(&mut it.database)),
            "database \"nowhere\" does not exist",
            "CREATE DATABASE",
        ),
        (
            changed(&|it| "postgres".clone_into(&mut it.user)),
            "password authentication failed",
            "CRITEO_DESTINATION_PASSWORD",
        ),
        (
            changed(&|it| "no-such-machine.invalid".clone_into(&mut it.host)),
            "lookup",
            "destination.host",
        ),
    ] {
        assert_unavailable(options, words, hint).await;
    }
}

#[tokio::test]
async fn encryption_that_does_not_hold_is_refused() {
    let Some(server) = shared_server() else {
        return;
    };
    let good = options_with_tls(server, "any");
    Postgres::new(good.clone()).check().await.unwrap();

    let mut unknown_authority = good.clone();
    unknown_authority.address.as_mut().unwrap().root_certificate = None;
    assert_unavailable(unknown_authority, "certificate", "root_certificate").await;

    // The certificate is for another name.
    let mut other_name = good.clone();
    "127.0.0.1".clone_into(&mut other_name.address.as_mut().unwrap().host);
    assert_unavailable(other_name, "certificate", "the name that stands in it").await;

    let mut in_the_clear = good.clone();
    in_the_clear.address.as_mut().unwrap().tls = TlsMode::Disable;
    assert_unavailable(in_the_clear, "pg_hba.conf rejects", "destination.tls").await;

    let folder = TempDir::new().unwrap();
    for (content, words) in [(None, "No such file"), (Some("no PEM"), "no certificate")] {
        let file = folder.path().join("root.crt");
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let mut options = good.clone();
        options.address.as_mut().unwrap().root_certificate = Some(file);
        assert_unavailable(options, words, "[destination]").await;
    }
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    // May log in, and nothing else.
    let mut options = options_in(server, "strange");
    "stranger".clone_into(&mut options.address.as_mut().unwrap().user);
    let subject = subject_of(options, &folder);
    let by_checking = subject.destination.check().await.unwrap_err();
    let by_writing = Table::report().prepare(&subject).await.unwrap_err();
    for refusal in [by_checking, by_writing] {
        assert!(
            matches!(refusal, DestinationError::Denied { .. }),
            "{refusal:?}"
        );
        says(&refusal, "permission denied", "CREATE SCHEMA");
    }

    // A schema that another user owns.
    let mut options = crate::options(server);
    "stranger".clone_into(&mut options.address.as_mut().unwrap().user);
    let refusal = Postgres::new(options).check().await.unwrap_err();
    says(&refusal, "permission denied for schema", "own the schema");
}

#[tokio::test]
async fn a_table_that_somebody_holds_is_waited_for_and_then_named() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let mut options = options(server);
    options.statement_timeout = Duration::from_millis(400);
    let schema = options.schema.clone();
    let subject = subject_of(options, &folder);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 1);
    let rows = [Row::of_day("1", days.first, "a", 3)];
    let window = table.window(&subject.spool, Some(days), &["1"], &rows);
    let held = tokio::task::spawn_blocking(move || {
        server.admin(&format!(
            "BEGIN; LOCK TABLE {schema}.conformance; SELECT pg_sleep(2); COMMIT"
        ))
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let refusal = subject.destination.load_window(&window).await.unwrap_err();
    held.await.unwrap();
    assert!(
        matches!(refusal, DestinationError::Exhausted { .. }),
        "{refusal:?}"
    );
    says(&refusal, "statement timeout", "statement_timeout_seconds");
    subject.destination.load_window(&window).await.unwrap();
    table.assert_holds(&subject, &rows).await;
}

#[tokio::test]
async fn views_that_read_from_a_table_keep_it_from_being_dropped() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let options = options(server);
    let schema = options.schema.clone();
    let subject = subject_of(options, &folder);
    Table::report().prepare(&subject).await.unwrap();
    server.admin(&format!(
        "CREATE VIEW {schema}.clicks AS SELECT clicks FROM {schema}.conformance"
    ));
    let refusal = subject.destination.forget("conformance").await.unwrap_err();
    says(&refusal, "view", "Drop the views");
    assert!(
        subject
            .destination
            .stream("conformance")
            .await
            .unwrap()
            .is_some()
    );
}

/// A server of its own, because its disk is full afterwards.
#[tokio::test]
async fn a_full_disk_is_told_from_other_failures() {
    let Some(server) = Server::start() else {
        return;
    };
    let Some(disk) = SmallDisk::mount(&server) else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let options = options(&server);
    server.admin(&format!(
        "CREATE TABLESPACE small LOCATION '{}'",
        disk.place()
    ));
    server.admin("GRANT CREATE ON TABLESPACE small TO loader; ALTER ROLE loader SET default_tablespace = small");
    let subject = subject_of(options, &folder);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 1);
    let few = [Row::of_day("1", days.first, "a", 3)];
    let window = table.window(&subject.spool, Some(days), &["1"], &few);
    subject.destination.load_window(&window).await.unwrap();

    let many: Vec<Row> = (0..60_000)
        .map(|clicks| Row::of_day("1", days.first, "a label that takes some room", clicks))
        .collect();
    let window = table.window(&subject.spool, Some(days), &["1"], &many);
    let refusal = subject.destination.load_window(&window).await.unwrap_err();
    assert!(
        matches!(refusal, DestinationError::Exhausted { .. }),
        "{refusal:?}"
    );
    says(&refusal, "No space left on device", "Free disk space");
    table.assert_holds(&subject, &few).await;

    disk.enlarge();
    subject.destination.load_window(&window).await.unwrap();
    table.assert_holds(&subject, &many).await;
}

/// A file system with a few megabytes, for as long as it lives.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(_: &Server) -> Option<SmallDisk> {
        let folder = TempDir::with_prefix("criteo-small-disk-").unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m,mode=0777", "tmpfs"])
            .arg(folder.path())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            skipped("no disk was full", "this user may not mount file systems");
            return None;
        }
        // Only the mounted folder is open to the server, not the one it lies in.
        let open = Command::new("chmod")
            .arg("0755")
            .arg(folder.path())
            .status();
        assert!(open.unwrap().success());
        let owned = Command::new("chown")
            .arg("postgres")
            .arg(folder.path())
            .status();
        assert!(owned.unwrap().success());
        Some(SmallDisk(folder))
    }

    fn place(&self) -> String {
        self.0.path().display().to_string()
    }

    fn enlarge(&self) {
        let status = Command::new("mount")
            .args(["-o", "remount,size=200m"])
            .arg(self.0.path())
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The server still has it open.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.0.path())
            .status();
    }
}
