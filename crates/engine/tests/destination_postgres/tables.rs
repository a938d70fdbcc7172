//! What the schema holds, as any other program would see it, and when it comes into being.

use criteo_engine::destination::conformance::fixture::{Row, Table, column, january, rows_of};
use criteo_engine::destination::{DestinationError, ValueKind};
use criteo_engine::schema::FieldType;
use tempfile::TempDir;

use crate::{options, options_with_tls, shared_server, subject, subject_of};

#[tokio::test]
async fn another_program_sees_types_comments_and_an_index() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let options = options(server);
    let schema = options.schema.clone();
    let subject = subject_of(options, &folder);
    let mut table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 1);
    let rows = [Row::of_day("1", days.first, "a", 3)];
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

    let columns = server.admin(&format!(
        "SELECT column_name, data_type, numeric_precision, numeric_scale, \
         col_description('{schema}.conformance'::regclass, ordinal_position) FROM information_schema.columns \
         WHERE table_schema = '{schema}' AND table_name = 'conformance' ORDER BY ordinal_position"
    ));
    let expected = [
        ("advertiser_id", "text||"),
        ("day", "date||"),
        ("label", "text||"),
        ("clicks", "bigint|64|0"),
        ("cost", "numeric|38|9"),
        ("ratio", "double precision|53|"),
        ("flag", "boolean||"),
        ("local_moment", "timestamp without time zone||"),
        ("instant", "timestamp with time zone||"),
        ("nested", "json||"),
    ]
    .map(|(name, sql_type)| format!("{name}|{sql_type}|The {name}; it's \"quoted\".\n"));
    assert_eq!(columns, expected.concat());
    let comment = server.admin(&format!(
        "SELECT obj_description('{schema}.conformance'::regclass)"
    ));
    assert_eq!(
        comment.trim(),
        "A table of the conformance suite; it's \"quoted\"."
    );
    let tables = server.admin(&format!(
        "SELECT relname FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r' ORDER BY 1"
    ));
    assert_eq!(
        tables.lines().collect::<Vec<_>>(),
        [
            "_criteo_changes",
            "_criteo_drops",
            "_criteo_histories",
            "_criteo_meta",
            "_criteo_runs",
            "_criteo_streams",
            "_criteo_window_advertisers",
            "_criteo_windows",
            "conformance"
        ],
        "nothing else is left in the schema"
    );
    let undocumented = server.admin(&format!(
        "SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid \
         WHERE relnamespace = '{schema}'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 \
         AND (col_description(attrelid, attnum) IS NULL OR obj_description(attrelid) IS NULL)"
    ));
    assert_eq!(undocumented, "");
    let index = server.admin(&format!(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = '{schema}' AND tablename = 'conformance'"
    ));
    assert!(index.contains("(day, advertiser_id)"), "{index}");
}

#[tokio::test]
async fn looking_leaves_no_trace() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let subject = subject_of(options_with_tls(server, "not_there"), &folder);
    let destination = &subject.destination;
    destination.check().await.unwrap();
    assert!(destination.runs(1).await.unwrap().is_empty());
    assert!(destination.windows("statistics").await.unwrap().is_empty());
    assert_eq!(destination.count_rows("statistics").await.unwrap(), None);
    destination.query("SELECT 1").await.unwrap();
    let question = "SELECT count(*) FROM pg_namespace WHERE nspname = 'not_there'";
    assert_eq!(server.admin(question).trim(), "0");
}

#[tokio::test]
async fn names_may_be_words_of_sql_and_tell_case_apart() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let subject = subject(server, &folder);
    for name in ["order", "Order", "select \"x\""] {
        let mut table = Table::report().named(name);
        table.schema.columns[2].name = "user \"x\"".to_owned();
        table.prepare(&subject).await.unwrap();
        let days = january(2, 2);
        let rows = [Row::of_day("1", days.first, name, 3)];
        for _ in 0..2 {
            let window = table.window(&subject.spool, Some(days), &["1"], &rows);
            subject.destination.load_window(&window).await.unwrap();
        }
        let quoted = name.replace('"', "\"\"");
        let question = format!("SELECT \"user \"\"x\"\"\" FROM \"{quoted}\" -- one row; not two");
        let found = rows_of(&subject, &question).await;
        assert_eq!(found, [[Some(name.to_owned())].to_vec()]);
    }
}

/// PostgreSQL would cut them, without an error, to the same 63 bytes.
#[tokio::test]
async fn names_that_would_be_cut_are_refused() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let subject = subject(server, &folder);
    let long = "a".repeat(63);
    Table::report()
        .named(&long)
        .prepare(&subject)
        .await
        .unwrap();
    let refusal = Table::report()
        .named(&format!("{long}b"))
        .prepare(&subject)
        .await;
    assert!(refusal.unwrap_err().to_string().contains("has 64 bytes"));
    let mut table = Table::report().named("short");
    table
        .schema
        .columns
        .push(column(&"é".repeat(32), FieldType::Text));
    let refusal = table.prepare(&subject).await.unwrap_err();
    assert!(
        refusal.to_string().contains("the name of column 'é"),
        "{refusal}"
    );
    assert_eq!(subject.destination.count_rows("short").await.unwrap(), None);
}

#[tokio::test]
async fn entries_do_not_vouch_for_a_table_that_was_dropped() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let options = options(server);
    let schema = options.schema.clone();
    let subject = subject_of(options, &folder);
    let table = Table::report();
    let days = january(1, 1);
    let rows = [Row::of_day("1", days.first, "a", 3)];
    table.prepare(&subject).await.unwrap();
    let window = table.window(&subject.spool, Some(days), &["1"], &rows);
    subject.destination.load_window(&window).await.unwrap();
    server.admin(&format!("DROP TABLE {schema}.conformance"));
    assert!(
        subject
            .destination
            .windows("conformance")
            .await
            .unwrap()
            .is_empty()
    );
    table.prepare(&subject).await.unwrap();
    subject.destination.load_window(&window).await.unwrap();
    table.assert_holds(&subject, &rows).await;

    // The same when all of it is dropped under a connection that has seen it.
    server.admin(&format!(
        "DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema} AUTHORIZATION {}",
        crate::server::USER
    ));
    let refusal = subject.destination.load_window(&window).await.unwrap_err();
    assert!(
        refusal.to_string().contains("was not prepared"),
        "{refusal}"
    );
    table.prepare(&subject).await.unwrap();
    subject.destination.load_window(&window).await.unwrap();
    table.assert_holds(&subject, &rows).await;
}

#[tokio::test]
async fn a_query_can_only_read() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let subject = subject(server, &folder);
    Table::report().prepare(&subject).await.unwrap();
    let answer = subject
        .destination
        .query("TABLE conformance;\n")
        .await
        .unwrap();
    assert_eq!(
        answer.columns,
        ["advertiser_id", "day", "label", "clicks", "cost"]
    );
    let (text, number) = (ValueKind::Text, ValueKind::Number);
    assert_eq!(answer.kinds, [text, text, text, number, number]);
    let twice = subject
        .destination
        .query("SELECT 1 AS a, true AS a")
        .await
        .unwrap();
    assert_eq!(
        twice.rows,
        [["1", "true"].map(|text| Some(text.to_owned())).to_vec()]
    );
    for sql in [
        "DROP TABLE conformance",
        "SELECT 1; DROP TABLE conformance",
        "SELECT 1) AS a; COMMIT; DROP TABLE conformance; SELECT * FROM (SELECT 1",
        "WITH gone AS (DELETE FROM conformance RETURNING 1) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', true), lo_create(0)",
        "SELECT nothing FROM nowhere",
        "",
    ] {
        let refusal = subject.destination.query(sql).await.unwrap_err();
        assert!(
            matches!(
                refusal,
                DestinationError::Failed { .. } | DestinationError::Denied { .. }
            ),
            "{refusal:?}"
        );
    }
    assert_eq!(
        subject.destination.count_rows("conformance").await.unwrap(),
        Some(0)
    );
}
