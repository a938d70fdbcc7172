//! The SQL that `criteo views --print` shows, and destinations that are made of files.

use duckdb::Connection;

use super::{VIEWS, columns, opened, rows, settings};
use crate::support::{Stage, TargetKind};

#[test]
fn printed_sql_makes_the_views_without_a_database() {
    let mut stage = opened(settings());
    let printed = stage.criteo(&["views", "--print"]).expect(0).stdout;
    assert!(!stage.database_file().exists(), "printing made a database");
    let of_postgres = stage
        .criteo(&["views", "--print", "--dialect", "postgres"])
        .expect(0)
        .stdout;
    assert!(of_postgres.contains("double precision") && !printed.contains("double precision"));
    let refused = stage
        .criteo(&["views", "--print", "--dialect", "oracle"])
        .expect(2);
    assert!(
        refused.stderr.contains("clickhouse, duckdb, postgres"),
        "{refused}"
    );

    stage.sync();
    Connection::open(stage.database_file())
        .unwrap()
        .execute_batch(&printed)
        .unwrap();
    let by_hand: Vec<_> = VIEWS
        .iter()
        .map(|view| (columns(&stage, view), sorted(&stage, view)))
        .collect();
    // What somebody made by hand is not ours.
    stage.criteo(&["views"]).expect(1);
    let connection = Connection::open(stage.database_file()).unwrap();
    for view in VIEWS {
        connection
            .execute_batch(&format!("DROP VIEW {view}"))
            .unwrap();
    }
    drop(connection);
    stage.criteo(&["views"]).expect(0);
    for (view, by_hand) in VIEWS.iter().zip(by_hand) {
        assert!(
            by_hand == (columns(&stage, view), sorted(&stage, view)),
            "{view} differs"
        );
    }
}

fn sorted(stage: &Stage, view: &str) -> Vec<super::Row> {
    let mut rows = rows(stage, view);
    rows.sort();
    rows
}

/// Replaces the destination of the stage's configuration.
fn configure(stage: &Stage, destination: &str) {
    let file = stage.folder().join("criteo.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    table.insert(
        "destination".to_owned(),
        destination.parse::<toml::Table>().unwrap().into(),
    );
    std::fs::write(file, toml::to_string(&table).unwrap()).unwrap();
}

#[test]
fn files_have_no_views_but_the_queries_run_above_them() {
    let stage = opened(settings().into_target(TargetKind::DuckDb));
    configure(&stage, "type = \"csv\"\npath = \"files\"");
    let refused = stage.criteo(&["views"]).expect(1);
    assert!(
        refused.stderr.contains("hint: `criteo views --print`"),
        "{refused}"
    );

    configure(&stage, "type = \"parquet\"\nurl = \"lake\"");
    let refused = stage.criteo(&["views"]).expect(1);
    assert!(
        refused.stderr.contains("hint: `criteo views --print`"),
        "{refused}"
    );
    stage.criteo(&["sync"]).expect(0);
    let printed = stage.criteo(&["views", "--print"]).expect(0).stdout;
    let tables = std::fs::read_to_string(stage.folder().join("lake/views/latest.sql")).unwrap();
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&tables).unwrap();
    connection.execute_batch(&printed).unwrap();
    for (view, table) in [
        ("criteo_campaign_daily", "statistics"),
        ("criteo_placements_ranked", "placements"),
    ] {
        let sum = |name: &str| -> i64 {
            let question = format!("SELECT CAST(sum(clicks) AS BIGINT) FROM {name}");
            connection
                .query_row(&question, [], |row| row.get(0))
                .unwrap()
        };
        assert!(sum(view) > 0);
        assert_eq!(sum(view), sum(table), "{view}");
    }
    let spending: i64 = connection
        .query_row(
            "SELECT count(*) FROM criteo_spend_pacing WHERE spend > 0",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(spending > 0);
}
