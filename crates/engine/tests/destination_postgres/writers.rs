//! Several connections that write to one schema at the same time, as several processes would.

use std::sync::Arc;

use criteo_engine::calendar::DayRange;
use criteo_engine::destination::conformance::Subject;
use criteo_engine::destination::conformance::fixture::{Row, Table, january, rows_of};
use criteo_engine::destination::postgres::Postgres;
use tempfile::TempDir;

use crate::{options, shared_server};

const WRITERS: usize = 4;
const ROUNDS: usize = 6;

/// All of them prepare, replace the same days over and over, and load one reading that each of them has found.
#[tokio::test(flavor = "multi_thread")]
async fn writers_take_turns() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = Arc::new(TempDir::new().unwrap());
    let options = options(server);
    let table = Table::report();
    let day = january(9, 9);
    let shared_rows = [Row::of_day("shared", day.first, "shared", 1)];
    let shared = table.window(folder.path(), Some(day), &["shared"], &shared_rows);
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (options, table) = (options.clone(), table.clone());
        let (folder, shared) = (Arc::clone(&folder), shared.clone());
        writers.spawn(async move {
            let subject = Subject {
                destination: Arc::new(Postgres::new(options)),
                spool: folder.path().to_owned(),
            };
            table.prepare(&subject).await.unwrap();
            for _ in 0..ROUNDS {
                for day in january(1, 3).iter() {
                    let rows: Vec<Row> = (0..50)
                        .map(|clicks| Row::of_day("1", day, "", clicks))
                        .collect();
                    let days = Some(DayRange::single(day));
                    let mut window = table.window(&subject.spool, days, &["1"], &rows);
                    // Every row says which reading it is of.
                    let labelled: Vec<Row> = rows
                        .into_iter()
                        .map(|row| Row {
                            label: Some(window.entry.window_id.clone()),
                            ..row
                        })
                        .collect();
                    window.files = table.window(&subject.spool, days, &["1"], &labelled).files;
                    subject.destination.load_window(&window).await.unwrap();
                }
                subject.destination.load_window(&shared).await.unwrap();
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }

    let subject = Subject {
        destination: Arc::new(Postgres::new(options)),
        spool: folder.path().to_owned(),
    };
    let labels = rows_of(
        &subject,
        "SELECT day, count(*), count(DISTINCT label), min(label) FROM conformance WHERE advertiser_id = '1' GROUP BY day",
    )
    .await;
    assert_eq!(labels.len(), 3, "{labels:?}");
    let entries = subject.destination.windows("conformance").await.unwrap();
    for row in &labels {
        assert_eq!(row[1..3], [Some("50".to_owned()), Some("1".to_owned())]);
        // The reading whose rows are there is the one that the ledger vouches with, although others were read later.
        let window_id = row[3].as_ref().unwrap();
        let is_vouched_for = entries
            .iter()
            .any(|entry| entry.window_id == *window_id && entry.advertisers.contains_key("1"));
        assert!(is_vouched_for, "{row:?}: {entries:#?}");
    }
    let of_shared = rows_of(
        &subject,
        "SELECT label FROM conformance WHERE advertiser_id = 'shared'",
    )
    .await;
    assert_eq!(of_shared, [[Some("shared".to_owned())].to_vec()]);
}

/// A reader waits for nobody, and sees a window as it was or as it is.
#[tokio::test(flavor = "multi_thread")]
async fn readers_see_whole_windows() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let options = options(server);
    let writer = crate::subject_of(options.clone(), &folder);
    let reader = crate::subject_of(options, &folder);
    let table = Table::report();
    table.prepare(&writer).await.unwrap();
    let days = january(1, 1);
    let loading = async {
        for rows in [2_000_i64, 3_000, 1_000, 0, 2_000, 3_000] {
            let rows: Vec<Row> = (0..rows)
                .map(|clicks| Row::of_day("1", days.first, "", clicks))
                .collect();
            let window = table.window(&writer.spool, Some(days), &["1"], &rows);
            writer.destination.load_window(&window).await.unwrap();
        }
    };
    let reading = async {
        let mut seen = Vec::new();
        while seen.last() != Some(&vec![Some("3000".to_owned()); 2]) || seen.len() < 20 {
            let question = "SELECT count(*), (SELECT coalesce(sum(a.rows), 0) FROM _criteo_window_advertisers a) \
                            FROM conformance";
            seen.extend(rows_of(&reader, question).await);
        }
        seen
    };
    let ((), seen) = tokio::join!(loading, reading);
    for counts in seen {
        assert_eq!(counts[0], counts[1], "rows and ledger disagree");
        let whole = ["0", "1000", "2000", "3000"].map(|count| Some(count.to_owned()));
        assert!(whole.contains(&counts[0]), "{counts:?}");
    }
}

/// A check waits for another process that is making the ledger, and then finds it.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_not_disturbed_by_a_writer_that_makes_the_ledger() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let (elsewhere, here) = (options(server), options(server));
    let other = crate::subject_of(elsewhere.clone(), &folder);
    Table::report().prepare(&other).await.unwrap();
    // A ledger appears in one transaction under the lock of the schema, as any writer's does, and slowly.
    let (from, to) = (&elsewhere.schema, &here.schema);
    let moves = server.admin(&format!(
        "SELECT string_agg(format('ALTER TABLE {from}.%I SET SCHEMA {to}', relname), '; ') FROM pg_class \
         WHERE relnamespace = '{from}'::regnamespace AND relkind IN ('r', 'v')"
    ));
    let lock = format!(
        "SELECT pg_advisory_xact_lock(CAST(CAST('x' || substr(encode(sha256('criteo-connector {to}'), 'hex'), 1, 16) \
         AS bit(64)) AS bigint))"
    );
    let making = tokio::task::spawn_blocking({
        let moves = moves.trim().to_owned();
        move || server.admin(&format!("{lock}; {moves}; SELECT pg_sleep(1)"))
    });
    let is_locked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)%' AND wait_event = 'PgSleep'";
    while server.admin(is_locked).trim() == "0" {
        assert!(!making.is_finished(), "nobody waits any more");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let check = crate::subject_of(here, &folder).destination;
    check.check().await.unwrap();
    assert_eq!(server.admin(is_locked).trim(), "0", "it did not wait");
    making.await.unwrap();
}
