//! What people find in the database: types, comments, and a ledger that can be queried.

use criteo_engine::destination::conformance::Subject;
use criteo_engine::destination::conformance::fixture::{Row, Table, column, january, rows_of};
use criteo_engine::schema::FieldType;
use tempfile::TempDir;

use crate::server::server;
use crate::subject_in;

#[tokio::test]
async fn a_stream_is_a_view_with_types_and_comments() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "described", folder.path()).await;
    let mut table = Table::report();
    table.prepare(&subject).await.unwrap();
    table.schema.columns.push(column("nested", FieldType::Json));
    table.schema.description = "Another description.".to_owned();
    table.schema.columns[2].description = "Another label.".to_owned();
    table.prepare(&subject).await.unwrap();
    let described = "SELECT name, type, comment FROM system.columns WHERE database = 'described' \
                     AND table = 'conformance' ORDER BY position";
    assert_eq!(
        server.lines(described).await,
        [
            "advertiser_id\tString\tThe advertiser_id; it\\'s \"quoted\".",
            "day\tNullable(Date32)\tThe day; it\\'s \"quoted\".",
            "label\tNullable(String)\tAnother label.",
            "clicks\tNullable(Int64)\tThe clicks; it\\'s \"quoted\".",
            "cost\tNullable(Decimal(38, 9))\tThe cost; it\\'s \"quoted\".",
            "nested\tNullable(String)\tThe nested; it\\'s \"quoted\".",
        ]
    );
    let comment = "SELECT engine, comment FROM system.tables WHERE database = 'described' AND name = 'conformance'";
    assert_eq!(server.lines(comment).await, ["View\tAnother description."]);
}

/// The views say what the destination says, and nothing of loads that are not committed.
#[tokio::test]
async fn the_ledger_can_be_queried() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "queried", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let load = async |days, advertisers: &[&str]| {
        let window = table.window(folder.path(), Some(days), advertisers, &[]);
        subject.destination.load_window(&window).await
    };
    load(january(2, 3), &["1", "2"]).await.unwrap();
    load(january(1, 4), &["1"]).await.unwrap();
    let mut given_up = table.entry(Some(january(9, 9)), &["1"], &[]);
    given_up.quarantine_reason = Some("it's broken".to_owned());
    subject
        .destination
        .record_quarantine(&given_up)
        .await
        .unwrap();
    server
        .fail("queried", "CREATE OR REPLACE VIEW", "before")
        .await;
    load(january(2, 3), &["2"]).await.unwrap_err();

    let windows = subject.destination.windows("conformance").await.unwrap();
    let mut expected: Vec<Vec<Option<String>>> = windows
        .iter()
        .flat_map(|window| {
            window.advertisers.keys().map(|advertiser| {
                vec![
                    Some(window.window_id.clone()),
                    Some(advertiser.clone()),
                    window.days.map(|days| days.first.to_string()),
                    window.quarantine_reason.clone(),
                    Some("2026-03-01 09:00:00.123456".to_owned()),
                ]
            })
        })
        .collect();
    expected.sort();
    let question = "SELECT window_id, advertiser_id, first_day, quarantine_reason, read_at FROM _criteo_windows \
                    JOIN _criteo_window_advertisers USING (window_id) WHERE stream = 'conformance'";
    assert_eq!(rows_of(&subject, question).await, expected);
    assert_eq!(expected.len(), 3);
    let streams = rows_of(
        &subject,
        "SELECT stream, table_name, currency FROM _criteo_streams",
    )
    .await;
    let row = ["conformance", "conformance", "EUR"].map(|text| Some(text.to_owned()));
    assert_eq!(streams, [row.to_vec()]);
}

/// What is open and what a later window closed, the view tells as the program does: a window that was given up may be
/// closed by several readings together, and one that failed again is one loss.
#[tokio::test]
async fn the_view_closes_what_the_program_closes() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "closed", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let entities = Table::entities().named("entities");
    entities.prepare(&subject).await.unwrap();
    // A loaded window, or one that was given up: of which days and advertisers.
    let steps: [(bool, (i8, i8), &[&str]); 12] = [
        (true, (1, 9), &["1", "2", "3"]),
        (false, (2, 5), &["1", "2"]),
        (true, (2, 3), &["1"]),
        (false, (2, 5), &["2"]),
        (true, (4, 4), &["1", "2"]),
        (true, (5, 8), &["1"]),
        (false, (7, 9), &["3"]),
        (true, (9, 12), &["3"]),
        (true, (2, 2), &["2"]),
        (true, (6, 8), &["3"]),
        (false, (20, 21), &["1", "2"]),
        (true, (1, 6), &["2"]),
    ];
    let mut most_open = 0;
    for (is_loaded, (first, last), advertisers) in steps {
        let days = Some(january(first, last));
        if is_loaded {
            let window = table.window(folder.path(), days, advertisers, &[]);
            subject.destination.load_window(&window).await.unwrap();
        } else {
            let mut entry = table.entry(days, advertisers, &[]);
            entry.quarantine_reason = Some("it's broken".to_owned());
            subject.destination.record_quarantine(&entry).await.unwrap();
        }
        most_open = most_open.max(assert_view_agrees(&subject, "conformance").await);
    }
    assert_eq!(most_open, 2, "too few were open at the same time to tell");

    let mut entry = entities.entry(None, &["1"], &[]);
    entry.quarantine_reason = Some("it's broken".to_owned());
    subject.destination.record_quarantine(&entry).await.unwrap();
    assert_eq!(assert_view_agrees(&subject, "entities").await, 1);
    let window = entities.window(folder.path(), None, &["1"], &[]);
    subject.destination.load_window(&window).await.unwrap();
    assert_eq!(assert_view_agrees(&subject, "entities").await, 0);
}

/// Compares the view with what the destination says, and returns how many windows are given up and open.
async fn assert_view_agrees(subject: &Subject, stream: &str) -> usize {
    let windows = subject.destination.windows(stream).await.unwrap();
    let mut expected: Vec<Vec<Option<String>>> = windows
        .iter()
        .flat_map(|window| {
            let ids = window.advertisers.keys();
            ids.map(|id| vec![Some(window.window_id.clone()), Some(id.clone())])
        })
        .collect();
    expected.sort();
    let question = format!(
        "SELECT window_id, advertiser_id FROM _criteo_window_advertisers JOIN _criteo_windows USING (window_id) \
         WHERE stream = '{stream}'"
    );
    assert_eq!(rows_of(subject, &question).await, expected);
    windows
        .iter()
        .filter(|window| window.quarantine_reason.is_some())
        .count()
}

/// A query may not write.
#[tokio::test]
async fn a_query_changes_nothing() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "unchanged", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    for statement in [
        "DROP TABLE conformance",
        "INSERT INTO _criteo_meta VALUES ('a', 'b')",
    ] {
        subject.destination.query(statement).await.unwrap_err();
    }
    table.assert_holds(&subject, &[] as &[Row]).await;
}
