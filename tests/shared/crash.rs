//! A process that is killed while it loads leaves a destination on disk that opens, in which rows and ledger agree. The
//! test program that includes this says with `subject_in` which destination.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use criteo_engine::calendar::DayRange;
use criteo_engine::destination::conformance::fixture::{Row, Table, january, rows_of};
use tempfile::TempDir;

use crate::subject_in;

/// Tells the child where to work; without it the child does nothing.
const FOLDER_VARIABLE: &str = "CRITEO_TEST_CRASH_FOLDER";
/// Before each window that the child says is loaded.
const LOADED: &str = "loaded ";
const ROWS_PER_DAY: i64 = 2_000;

#[tokio::test]
async fn a_killed_process_loses_no_loaded_window() {
    let folder = TempDir::new().unwrap();
    for (round, windows_to_wait_for) in [1, 4, 9, 2].into_iter().enumerate() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "crash::loads_until_it_is_killed",
                "--ignored",
                "--nocapture",
            ])
            .env(FOLDER_VARIABLE, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answered = Vec::new();
        // Open until the child is dead, or it would end of a broken pipe instead.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.by_ref() {
            let line = line.unwrap();
            // The test harness may have begun the line.
            if let Some((_, window_id)) = line.split_once(LOADED) {
                answered.push(window_id.to_owned());
            }
            if answered.len() == windows_to_wait_for {
                break;
            }
        }
        assert_eq!(
            answered.len(),
            windows_to_wait_for,
            "the child ended by itself"
        );
        // A different moment of the next window in every round.
        std::thread::sleep(Duration::from_millis(u64::try_from(round).unwrap() * 7));
        // On Unix this is signal 9: the process gets no chance to tidy up.
        child.kill().unwrap();
        child.wait().unwrap();

        let subject = subject_in(folder.path());
        let known = rows_of(&subject, "SELECT window_id FROM _criteo_windows").await;
        for window_id in answered {
            assert!(
                known.contains(&vec![Some(window_id)]),
                "a loaded window is gone"
            );
        }
        // Every window says its own name in its rows, so a half-replaced one would show.
        for entry in subject.destination.windows("conformance").await.unwrap() {
            let days = entry.days.unwrap();
            let rows = rows_of(
                &subject,
                &format!(
                    "SELECT label, count(*) FROM conformance WHERE day BETWEEN '{}' AND '{}' GROUP BY label",
                    days.first, days.last
                ),
            )
            .await;
            let expected = [Some(entry.window_id), Some(entry.rows.to_string())];
            assert_eq!(rows, [expected.to_vec()]);
        }
        let total: u64 = subject
            .destination
            .windows("conformance")
            .await
            .unwrap()
            .iter()
            .map(|entry| entry.rows)
            .sum();
        assert_eq!(
            subject.destination.count_rows("conformance").await.unwrap(),
            Some(total)
        );
    }
}

/// The child of the test above: replaces the days of January one after the other, for ever.
#[tokio::test]
#[ignore = "runs as a child process that the test above kills"]
async fn loads_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from) else {
        return;
    };
    let subject = subject_in(&folder);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    loop {
        for day in january(1, 5).iter() {
            let days = Some(DayRange::single(day));
            let mut rows: Vec<Row> = (0..ROWS_PER_DAY)
                .map(|clicks| Row::of_day("1", day, "", clicks))
                .collect();
            let mut window = table.window(&folder, days, &["1"], &rows);
            for row in &mut rows {
                row.label = Some(window.entry.window_id.clone());
            }
            let labelled = table.window(&folder, days, &["1"], &rows);
            window.files = labelled.files;
            subject.destination.load_window(&window).await.unwrap();
            println!("\n{LOADED}{}", window.entry.window_id);
        }
    }
}
