//! What the ledger lets go of when a run ends, and what it never does.

use criteo_engine::calendar::DayRange;
use criteo_engine::destination::conformance::fixture::{Table, january};
use criteo_engine::ledger::WindowEntry;
use tempfile::TempDir;

use crate::server::server;
use crate::{finish_a_run_at, subject_in};

/// A window that was given up goes once its days have been read and it is old; one that is open stays, however old. Of one
/// that was read after all, only the failure goes, as long as the reading is the last word.
#[tokio::test]
async fn what_was_given_up_and_read_since_is_let_go_of() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "given_up", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let give_up = async |days: DayRange| {
        let mut entry = table.entry(Some(days), &["1"], &[]);
        entry.quarantine_reason = Some("no answer".to_owned());
        subject.destination.record_quarantine(&entry).await.unwrap();
        entry
    };
    let load = async |entry: WindowEntry| {
        let window = table.load(entry, Vec::new());
        subject.destination.load_window(&window).await.unwrap();
    };
    let read_after_all = |given_up: &WindowEntry| WindowEntry {
        quarantine_reason: None,
        ..given_up.clone()
    };
    give_up(january(1, 2)).await;
    load(table.entry(Some(january(1, 3)), &["1"], &[])).await;
    give_up(january(5, 5)).await;
    let again = give_up(january(7, 7)).await;
    load(read_after_all(&again)).await;
    let replaced = give_up(january(9, 9)).await;
    load(read_after_all(&replaced)).await;
    load(table.entry(Some(january(9, 9)), &["1"], &[])).await;

    let before = subject.destination.windows("conformance").await.unwrap();
    let days: Vec<_> = before
        .iter()
        .map(|entry| (entry.days, entry.quarantine_reason.is_some()))
        .collect();
    let expected = [
        (Some(january(1, 3)), false),
        (Some(january(5, 5)), true),
        (Some(january(7, 7)), false),
        (Some(january(9, 9)), false),
    ];
    assert_eq!(days, expected);
    let stored =
        "SELECT countIf(is_loaded), countIf(NOT is_loaded) FROM given_up._criteo_base_windows";
    let listed = "SELECT count() FROM given_up._criteo_windows";
    // They were read at 09:00:00.123456 on the first of March 2026, which is 400 days before the second of these ends.
    for (ended, left, windows) in [
        ("2026-03-02T09:00:00Z", "4\t4", "6"),
        ("2027-04-05T09:00:00.123456Z", "4\t4", "6"),
        ("2027-04-05T09:00:00.123457Z", "3\t1", "4"),
    ] {
        finish_a_run_at(&subject, ended).await;
        assert_eq!(server.lines(stored).await, [left], "{ended}");
        assert_eq!(server.lines(listed).await, [windows], "{ended}");
        let after = subject.destination.windows("conformance").await.unwrap();
        assert_eq!(after, before, "{ended}");
    }
}
