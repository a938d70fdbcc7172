//! Files that an older version of the program made: they gain what they lack, and lose nothing.

use criteo_engine::destination::conformance::fixture::{Row, Table, january};
use criteo_engine::destination::history_table;
use duckdb::Connection;
use tempfile::TempDir;

use super::{file_in, subject_in};

/// The ledger's tables as the first layout had them, with one window of two days that was read at half past midnight
/// of the second of March in Paris, which was still the first of March in UTC.
const FIRST_LAYOUT: &str = r#"
    CREATE TABLE _criteo_meta (key VARCHAR, value VARCHAR);
    INSERT INTO _criteo_meta VALUES ('ledger_version', '1');
    CREATE TABLE _criteo_streams (stream VARCHAR, table_name VARCHAR, grain JSON, currency VARCHAR, time_zone VARCHAR);
    INSERT INTO _criteo_streams
        VALUES ('conformance', 'conformance', '["AdvertiserId","Day","Label"]', 'EUR', 'Europe/Paris');
    CREATE TABLE _criteo_runs (run_id VARCHAR, continues_run_id VARCHAR, started_at TIMESTAMP, selection JSON,
        finished_at TIMESTAMP, outcome VARCHAR, calls BIGINT, rows BIGINT, version VARCHAR);
    INSERT INTO _criteo_runs VALUES ('0197a000-0000-7000-8000-000000000000', NULL, '2026-03-01 23:00:00', '{}',
        '2026-03-01 23:40:00', 'complete', 3, 2, '0.0.1');
    CREATE TABLE _criteo_windows (window_id VARCHAR, run_id VARCHAR, stream VARCHAR, first_day DATE, last_day DATE,
        read_at TIMESTAMP, rows BIGINT, calls BIGINT, bytes BIGINT, verified BOOLEAN, column_names JSON, totals JSON,
        total_differences JSON, request_hash VARCHAR, quarantine_reason VARCHAR);
    INSERT INTO _criteo_windows VALUES ('0197a000-0000-7000-8000-000000000001', '0197a000-0000-7000-8000-000000000000',
        'conformance', '2026-01-01', '2026-01-02', '2026-03-01 23:30:00', 2, 3, 40, NULL,
        '["advertiser_id","day","label","clicks","cost"]', '{}', '{}', 'hash', NULL);
    CREATE TABLE _criteo_window_advertisers (window_id VARCHAR, advertiser_id VARCHAR, rows BIGINT);
    INSERT INTO _criteo_window_advertisers VALUES ('0197a000-0000-7000-8000-000000000001', '1', 2);
    CREATE TABLE conformance (advertiser_id VARCHAR, day DATE, label VARCHAR, clicks BIGINT, cost DECIMAL(38,9));
    INSERT INTO conformance VALUES ('1', '2026-01-01', 'a', 1, 0), ('1', '2026-01-02', 'b', 2, 0);
"#;

#[tokio::test]
async fn a_file_of_the_first_layout_gains_what_it_lacks() {
    let folder = TempDir::new().unwrap();
    let connection = Connection::open(file_in(folder.path())).unwrap();
    connection.execute_batch(FIRST_LAYOUT).unwrap();
    drop(connection);

    let subject = subject_in(folder.path());
    let entries = subject.destination.windows("conformance").await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].read_on, Some(jiff::civil::date(2026, 3, 2)));
    assert_eq!(entries[0].waited_milliseconds, 0);
    let runs = subject.destination.runs(10).await.unwrap();
    assert_eq!((runs.len(), runs[0].calls, runs[0].bytes), (1, 3, 0));
    assert_eq!(runs[0].not_granted, None, "nobody noted it then");

    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let rows = [
        Row::of_day("1", january(1, 1).first, "a", 1),
        Row::of_day("1", january(2, 2).first, "b", 2),
    ];
    table.assert_holds(&subject, &rows).await;
    subject
        .destination
        .keep_versions(&table.schema, &table.stream, Some("day"), true)
        .await
        .unwrap();
    let window = table.window(&subject.spool, Some(january(1, 1)), &["1"], &rows[..1]);
    subject.destination.load_window(&window).await.unwrap();
    drop(subject);

    let connection = Connection::open(file_in(folder.path())).unwrap();
    let number = |question: &str| -> i64 {
        connection
            .query_row(question, [], |row| row.get(0))
            .unwrap()
    };
    let versions = format!(
        "SELECT count(*) FROM {} WHERE valid_from = TIMESTAMP '2026-03-01 23:30:00' AND valid_to IS NULL",
        history_table("conformance")
    );
    assert_eq!(
        number(&versions),
        2,
        "versions begin when the rows were read"
    );
    let covered =
        "SELECT count(*) FROM _criteo_coverage WHERE age_days = 59 AND day = DATE '2026-01-02'";
    assert_eq!(number(covered), 1);
    assert_eq!(
        number("SELECT CAST(sum(calls) AS BIGINT) FROM _criteo_cost"),
        3,
        "the run that the ledger knows"
    );
}

#[tokio::test]
async fn views_of_the_ledger_work_in_a_copy_of_another_name_and_schema() {
    let folder = TempDir::new().unwrap();
    let subject = subject_in(folder.path());
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let window = table.window(&subject.spool, Some(january(1, 2)), &["1"], &[]);
    subject.destination.load_window(&window).await.unwrap();
    drop(subject);
    let copy = folder.path().join("another name.duckdb");
    std::fs::copy(file_in(folder.path()), &copy).unwrap();
    let connection = Connection::open_in_memory().unwrap();
    let attach = format!("ATTACH '{}' AS elsewhere (READ_ONLY)", copy.display());
    connection.execute_batch(&attach).unwrap();
    let views = [
        ("_criteo_coverage", 2),
        ("_criteo_freshness", 1),
        ("_criteo_loss", 1),
        ("_criteo_cost", 0),
        ("_criteo_maturation", 0),
    ];
    for (view, expected) in views {
        let question = format!("SELECT count(*) FROM elsewhere.main.{view}");
        let rows: i64 = connection
            .query_row(&question, [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, expected, "{view}");
    }
}
