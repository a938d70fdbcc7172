//! What the file holds, as any other program would see it, and when it comes into being.

use criteo_engine::destination::conformance::fixture::{Row, Table, column, january, rows_of};
use criteo_engine::destination::{DestinationError, ValueKind};
use criteo_engine::schema::FieldType;
use duckdb::Connection;
use tempfile::TempDir;

use crate::{file_in, subject_in};

/// The rows of a query on a connection of its own, as text.
fn read(connection: &Connection, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut statement = connection
        .prepare(&format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sql})"))
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let columns = row.as_ref().column_count();
        found.push(
            (0..columns)
                .map(|column| row.get(column).unwrap())
                .collect(),
        );
    }
    found
}

fn text(values: &[&str]) -> Vec<Option<String>> {
    values
        .iter()
        .map(|value| Some((*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn another_program_sees_types_comments_and_rows() {
    let folder = TempDir::new().unwrap();
    let subject = subject_in(folder.path());
    let mut table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 1);
    let rows = [Row {
        cost: Some(1_500_000_000),
        ..Row::of_day("1", days.first, "a", 3)
    }];
    let window = table.window(&subject.spool, Some(days), &["1"], &rows);
    subject.destination.load_window(&window).await.unwrap();
    table.schema.columns.extend([
        column("ratio", FieldType::Float),
        column("flag", FieldType::Boolean),
        column("local_moment", FieldType::Timestamp),
        column("instant", FieldType::TimestampUtc),
        column("nested", FieldType::Json),
    ]);
    table.prepare(&subject).await.unwrap();
    drop(subject);

    let connection = Connection::open(file_in(folder.path())).unwrap();
    let columns = read(
        &connection,
        "SELECT column_name, data_type, is_nullable, COLUMN_COMMENT FROM information_schema.columns \
         WHERE table_name = 'conformance' ORDER BY ordinal_position",
    );
    let expected = [
        ("advertiser_id", "VARCHAR"),
        ("day", "DATE"),
        ("label", "VARCHAR"),
        ("clicks", "BIGINT"),
        ("cost", "DECIMAL(38,9)"),
        ("ratio", "DOUBLE"),
        ("flag", "BOOLEAN"),
        ("local_moment", "TIMESTAMP"),
        ("instant", "TIMESTAMP"),
        ("nested", "JSON"),
    ];
    for ((name, sql_type), found) in expected.iter().zip(&columns) {
        let comment = format!("The {name}; it's \"quoted\".");
        assert_eq!(found, &text(&[name, sql_type, "YES", &comment]));
    }
    assert_eq!(columns.len(), expected.len());
    assert_eq!(
        read(
            &connection,
            "SELECT comment FROM duckdb_tables() WHERE table_name = 'conformance'"
        ),
        [text(&[
            "A table of the conformance suite; it's \"quoted\"."
        ])]
    );
    assert_eq!(
        read(
            &connection,
            "SELECT advertiser_id, day, label, clicks, cost FROM conformance"
        ),
        [text(&["1", "2026-01-01", "a", "3", "1.500000000"])]
    );
    assert_eq!(
        read(&connection, "SELECT count(*) FROM duckdb_indexes()"),
        [text(&["0"])]
    );
}

#[tokio::test]
async fn the_ledger_can_be_queried_and_explains_itself() {
    let folder = TempDir::new().unwrap();
    let subject = subject_in(folder.path());
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 2);
    let rows = [Row::of_day("1", days.first, "a", 3)];
    let window = table.window(&subject.spool, Some(days), &["1", "2"], &rows);
    subject.destination.load_window(&window).await.unwrap();
    drop(subject);

    let connection = Connection::open(file_in(folder.path())).unwrap();
    assert_eq!(
        read(
            &connection,
            "SELECT stream, first_day, last_day, read_at, w.rows, totals ->> 'clicks', a.advertiser_id, a.rows \
             FROM _criteo_windows w JOIN _criteo_window_advertisers a USING (window_id) ORDER BY a.advertiser_id",
        ),
        ["1", "2"].map(|advertiser| text(&[
            "conformance",
            "2026-01-01",
            "2026-01-02",
            "2026-03-01 09:00:00.123456",
            "1",
            "3",
            advertiser,
            if advertiser == "1" { "1" } else { "0" },
        ]))
    );
    let tables = read(
        &connection,
        "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '\\_criteo%' ESCAPE '\\' ORDER BY 1",
    );
    let expected = [
        "_criteo_changes",
        "_criteo_drops",
        "_criteo_histories",
        "_criteo_meta",
        "_criteo_runs",
        "_criteo_streams",
        "_criteo_window_advertisers",
        "_criteo_windows",
    ];
    assert_eq!(tables, expected.map(|name| text(&[name])));
    let undocumented = "SELECT table_name, '' FROM duckdb_tables() WHERE comment IS NULL \
                        UNION ALL SELECT table_name, column_name FROM duckdb_columns() \
                        WHERE comment IS NULL AND NOT internal";
    assert_eq!(
        read(&connection, undocumented),
        Vec::<Vec<Option<String>>>::new()
    );
}

#[tokio::test]
async fn looking_leaves_no_trace() {
    let folder = TempDir::new().unwrap();
    let subject = subject_in(folder.path());
    let destination = &subject.destination;
    destination.check().await.unwrap();
    assert!(destination.runs(1).await.unwrap().is_empty());
    assert!(destination.windows("statistics").await.unwrap().is_empty());
    assert_eq!(destination.count_rows("statistics").await.unwrap(), None);
    let refusal = destination.query("SELECT 1").await.unwrap_err();
    assert!(refusal.to_string().contains("no such file"), "{refusal}");
    assert!(refusal.hint().unwrap().contains("criteo sync"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    // A file that somebody else made is not changed either.
    let file = file_in(folder.path());
    Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE TABLE notes AS SELECT 1 AS note")
        .unwrap();
    let before = std::fs::read(&file).unwrap();
    let other = subject_in(folder.path());
    other.destination.check().await.unwrap();
    assert!(other.destination.runs(1).await.unwrap().is_empty());
    assert_eq!(
        other.destination.count_rows("notes").await.unwrap(),
        Some(1)
    );
    drop(other);
    assert!(std::fs::read(&file).unwrap() == before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_ended_run_leaves_everything_in_the_file_itself() {
    let folder = TempDir::new().unwrap();
    let subject = subject_in(folder.path());
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 1);
    let rows = [Row::of_day("1", days.first, "a", 3)];
    let window = table.window(&subject.spool, Some(days), &["1"], &rows);
    subject.destination.load_window(&window).await.unwrap();
    let started_at = "2026-03-01T09:00:00Z".parse().unwrap();
    let run = criteo_engine::ledger::RunEntry {
        run_id: "run".to_owned(),
        continues_run_id: None,
        started_at,
        selection: "{}".to_owned(),
        finished_at: Some(started_at),
        outcome: Some(criteo_engine::event::Outcome::Complete),
        calls: 1,
        bytes: 1,
        waited_milliseconds: 0,
        rows: 1,
        version: "1".to_owned(),
        not_granted: None,
    };
    subject.destination.record_run(&run).await.unwrap();

    // The copy is taken while the file is open, and without its log.
    let copy = folder.path().join("copy.duckdb");
    std::fs::copy(file_in(folder.path()), &copy).unwrap();
    let connection = Connection::open(&copy).unwrap();
    assert_eq!(
        read(
            &connection,
            "SELECT r.outcome, t.label FROM _criteo_runs r, conformance t"
        ),
        [text(&["complete", "a"])]
    );
}

#[tokio::test]
async fn entries_do_not_vouch_for_a_table_that_was_dropped() {
    let folder = TempDir::new().unwrap();
    let table = Table::report();
    let days = january(1, 1);
    let rows = [Row::of_day("1", days.first, "a", 3)];
    let subject = subject_in(folder.path());
    table.prepare(&subject).await.unwrap();
    let window = table.window(&subject.spool, Some(days), &["1"], &rows);
    subject.destination.load_window(&window).await.unwrap();
    let mut given_up = table.entry(Some(january(2, 2)), &["1"], &[]);
    given_up.quarantine_reason = Some("too many rows".to_owned());
    subject
        .destination
        .record_quarantine(&given_up)
        .await
        .unwrap();
    drop(subject);
    Connection::open(file_in(folder.path()))
        .unwrap()
        .execute_batch("DROP TABLE conformance")
        .unwrap();

    let subject = subject_in(folder.path());
    let windows = subject.destination.windows("conformance").await.unwrap();
    assert_eq!(windows, [given_up.clone()]);
    table.prepare(&subject).await.unwrap();
    let windows = subject.destination.windows("conformance").await.unwrap();
    assert_eq!(windows, [given_up]);
    // The reading itself can be loaded again, since nothing of it is there any more.
    subject.destination.load_window(&window).await.unwrap();
    table.assert_holds(&subject, &rows).await;
}

#[tokio::test]
async fn another_table_name_is_a_fresh_start() {
    let folder = TempDir::new().unwrap();
    let subject = subject_in(folder.path());
    let old = Table::report();
    old.prepare(&subject).await.unwrap();
    let days = january(1, 1);
    let rows = [Row::of_day("1", days.first, "a", 3)];
    let window = old.window(&subject.spool, Some(days), &["1"], &rows);
    subject.destination.load_window(&window).await.unwrap();

    let mut new = Table::report();
    new.schema.table = "by_dollar".to_owned();
    new.stream.table = "by_dollar".to_owned();
    new.stream.currency = Some("USD".to_owned());
    new.prepare(&subject).await.unwrap();
    assert!(
        subject
            .destination
            .windows("conformance")
            .await
            .unwrap()
            .is_empty()
    );
    new.assert_holds(&subject, &[]).await;
    old.assert_holds(&subject, &rows).await;

    // Going back would mix rows the ledger no longer knows with new ones.
    let refusal = old.prepare(&subject).await.unwrap_err();
    assert!(
        matches!(refusal, DestinationError::ForeignTable { .. }),
        "{refusal}"
    );
}

#[tokio::test]
async fn names_may_be_words_of_sql_and_paths_may_look_like_patterns() {
    let folder = TempDir::new().unwrap();
    let strange = folder.path().join("day=2026-01-01 [a]*?{b}'\"");
    std::fs::create_dir(&strange).unwrap();
    let subject = subject_in(folder.path());
    let mut table = Table::report().named("order");
    table.schema.columns[2].name = "select \"x\"".to_owned();
    table.prepare(&subject).await.unwrap();
    let days = january(2, 2);
    let rows = [Row::of_day("1", days.first, "a", 3)];
    for _ in 0..2 {
        let window = table.window(&strange, Some(days), &["1"], &rows);
        subject.destination.load_window(&window).await.unwrap();
    }
    assert_eq!(
        rows_of(
            &subject,
            r#"SELECT day, "select ""x""" FROM "order" -- one row; not two"#
        )
        .await,
        [text(&["2026-01-02", "a"])]
    );
}

#[tokio::test]
async fn a_query_can_only_read() {
    let folder = TempDir::new().unwrap();
    let subject = subject_in(folder.path());
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let answer = subject
        .destination
        .query("FROM conformance;\n")
        .await
        .unwrap();
    assert_eq!(
        answer.columns,
        ["advertiser_id", "day", "label", "clicks", "cost"]
    );
    assert!(answer.rows.is_empty());
    let (text, number) = (ValueKind::Text, ValueKind::Number);
    assert_eq!(answer.kinds, [text, text, text, number, number]);
    for sql in [
        "DROP TABLE conformance",
        "SELECT 1; DROP TABLE conformance",
        "SELECT 1); COMMIT; DROP TABLE conformance; SELECT (1",
        "SELECT nothing FROM nowhere",
        "",
    ] {
        let refusal = subject.destination.query(sql).await.unwrap_err();
        assert!(
            matches!(refusal, DestinationError::Failed { .. }),
            "{refusal}"
        );
    }
    assert_eq!(
        subject.destination.count_rows("conformance").await.unwrap(),
        Some(0)
    );
}

#[tokio::test]
async fn nothing_is_fetched_from_the_internet() {
    let folder = TempDir::new().unwrap();
    let subject = subject_in(folder.path());
    Table::report().prepare(&subject).await.unwrap();
    for setting in ["autoinstall_known_extensions", "autoload_known_extensions"] {
        let sql = format!("SELECT current_setting('{setting}')");
        assert_eq!(rows_of(&subject, &sql).await, [text(&["false"])]);
    }
}
