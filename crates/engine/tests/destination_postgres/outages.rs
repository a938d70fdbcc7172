//! Connections that break and servers that die: nothing is lost, nothing is there twice, and work goes on by itself.

use std::sync::Arc;
use std::time::Duration;

use criteo_engine::calendar::DayRange;
use criteo_engine::destination::conformance::Subject;
use criteo_engine::destination::conformance::fixture::{Row, Table, january, rows_of};
use criteo_engine::destination::postgres::Postgres;
use criteo_engine::destination::{Destination, DestinationError};
use criteo_engine::event::Outcome;
use criteo_engine::ledger::RunEntry;
use tempfile::TempDir;

use crate::proxy::{Break, Proxy};
use crate::server::{self, Server};
use crate::{options, options_in, shared_server, subject_of};

/// Fails unless the one window of the table is whole and the ledger knows it once.
async fn assert_loaded_once(subject: &Subject, window_id: &str, rows: &[Row]) {
    Table::report().assert_holds(subject, rows).await;
    let question = "SELECT window_id, count(*) FROM _criteo_windows GROUP BY 1";
    let found = rows_of(subject, question).await;
    assert_eq!(
        found,
        [[Some(window_id.to_owned()), Some("1".to_owned())].to_vec()]
    );
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_in_the_ledger() {
    commits_break(Break::AfterCommit).await;
}

#[tokio::test]
async fn a_commit_that_never_arrived_is_made_again() {
    commits_break(Break::BeforeCommit).await;
}

async fn commits_break(moment: Break) {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let mut options = options(server);
    let proxy = Proxy::start(server.port(), moment).await;
    options.address.as_mut().unwrap().port = proxy.port;
    let subject = subject_of(options, &folder);
    let table = Table::report();
    proxy.break_commits(1);
    table.prepare(&subject).await.unwrap();
    let days = january(1, 1);
    let rows = [Row::of_day("1", days.first, "a", 3)];
    let window = table.window(&subject.spool, Some(days), &["1"], &rows);
    proxy.break_commits(2);
    subject.destination.load_window(&window).await.unwrap();
    // After the first answer is lost, there is nothing more to commit than the look at the ledger.
    assert_eq!(proxy.unbroken(), 0);
    assert_loaded_once(&subject, &window.entry.window_id, &rows).await;

    proxy.break_commits(1);
    let started_at = "2026-03-01T09:00:00Z".parse().unwrap();
    let run = RunEntry {
        run_id: "run".to_owned(),
        continues_run_id: None,
        started_at,
        selection: "{}".to_owned(),
        finished_at: Some(started_at),
        outcome: Some(Outcome::Complete),
        calls: 1,
        bytes: 1,
        waited_milliseconds: 1,
        rows: 1,
        version: "1".to_owned(),
        not_granted: None,
    };
    subject.destination.record_run(&run).await.unwrap();
    assert_eq!(subject.destination.runs(9).await.unwrap(), [run]);

    // A network that never lets a commit through is an error, and no half of the window is there.
    proxy.break_commits(u32::MAX);
    let more = [Row::of_day("1", days.first, "b", 4)];
    let window = table.window(&subject.spool, Some(days), &["1"], &more);
    let outcome = subject.destination.load_window(&window).await;
    proxy.break_commits(0);
    match moment {
        Break::BeforeCommit => {
            let refusal = outcome.unwrap_err();
            assert!(
                matches!(refusal, DestinationError::Unavailable { .. }),
                "{refusal:?}"
            );
            assert!(refusal.hint().unwrap().contains("Run again"));
            assert_loaded_once_of_two(&subject, &rows).await;
            subject.destination.load_window(&window).await.unwrap();
        }
        // Looking whether it is done is a transaction, too, whose commit breaks like the first one.
        Break::AfterCommit => drop(outcome),
    }
    table.assert_holds(&subject, &more).await;
}

async fn assert_loaded_once_of_two(subject: &Subject, rows: &[Row]) {
    Table::report().assert_holds(subject, rows).await;
}

/// The server dies in the middle of loads, again and again, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_and_comes_back_is_waited_for() {
    let Some(server) = Server::start() else {
        return;
    };
    let server = Arc::new(server);
    let folder = TempDir::new().unwrap();
    let schema = server.make_schema();
    let subject = subject_of(options_in(&server, &schema), &folder);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let crashing = {
        let server = Arc::clone(&server);
        tokio::task::spawn_blocking(move || {
            for round in 0..4 {
                std::thread::sleep(Duration::from_millis(150 + round * 70));
                server.crash();
                server.boot().unwrap();
            }
        })
    };
    let mut loaded = Vec::new();
    while !crashing.is_finished() || loaded.len() < 5 {
        for day in january(1, 5).iter() {
            let days = Some(DayRange::single(day));
            let rows: Vec<Row> = (0..1_500)
                .map(|clicks| Row::of_day("1", day, "", clicks))
                .collect();
            let mut window = table.window(&subject.spool, days, &["1"], &rows);
            let labelled: Vec<Row> = rows
                .into_iter()
                .map(|row| Row {
                    label: Some(window.entry.window_id.clone()),
                    ..row
                })
                .collect();
            window.files = table.window(&subject.spool, days, &["1"], &labelled).files;
            subject.destination.load_window(&window).await.unwrap();
            loaded.push(window.entry.window_id);
        }
    }
    crashing.await.unwrap();

    let known = rows_of(&subject, "SELECT window_id FROM _criteo_windows").await;
    let expected: Vec<_> = loaded.iter().map(|id| vec![Some(id.clone())]).collect();
    assert_eq!(known, expected, "each window is there, and there once");
    let labels = rows_of(
        &subject,
        "SELECT day, count(*), count(DISTINCT label), min(label) FROM conformance GROUP BY day",
    )
    .await;
    assert_eq!(labels.len(), 5);
    let last_five = &loaded[loaded.len() - 5..];
    for (row, window_id) in labels.iter().zip(last_five) {
        let rest = ["1500", "1", window_id].map(|text| Some(text.to_owned()));
        assert_eq!(row[1..], rest);
    }
    let left = server.admin(&format!(
        "SELECT count(*) FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relname LIKE '%staging%'"
    ));
    assert_eq!(left.trim(), "0");
}

/// Nothing of an open file or of a dead server's memory is needed to say what is wrong, and to carry on later.
#[tokio::test]
async fn a_server_that_is_gone_is_named() {
    let Some(server) = Server::start() else {
        return;
    };
    let schema = server.make_schema();
    let mut options = options_in(&server, &schema);
    options.connect_timeout = Duration::from_secs(2);
    server.crash();
    let refusal = Postgres::new(options).check().await.unwrap_err();
    let words = refusal.to_string();
    assert!(
        matches!(refusal, DestinationError::Unavailable { .. }),
        "{refusal:?}"
    );
    assert!(
        words.contains("refused") && words.contains(&schema),
        "{words}"
    );
    assert!(!words.contains(server::PASSWORD));
    assert!(refusal.hint().unwrap().contains("destination.port"));
    server.boot().unwrap();
}
