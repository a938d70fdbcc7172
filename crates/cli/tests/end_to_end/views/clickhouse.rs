//! ClickHouse: the same views as in the DuckDB file that is held against the truth.

use tokio::runtime::Runtime;

use super::{Row, VIEWS, columns, loaded, rows};
use crate::clickhouse::{configure, criteo};
use crate::server::server;
use crate::support::TargetKind;

const DATABASE: &str = "views";

#[test]
fn clickhouse_shows_what_duckdb_shows() {
    let Some(server) = server() else { return };
    let runtime = Runtime::new().unwrap();
    runtime.block_on(server.create_database(DATABASE));
    let stage = loaded(TargetKind::DuckDb);
    stage.criteo(&["views"]).expect(0);
    super::numbers::assert_truth(&stage);
    configure(&stage, server, DATABASE);
    criteo(&stage, &["sync"], 0);
    let told = criteo(&stage, &["views"], 0);
    assert_eq!(told.matches("(made)").count(), VIEWS.len(), "{told}");
    for view in VIEWS {
        let names = columns(&stage, view);
        let described = runtime.block_on(server.lines(&format!(
            "SELECT name FROM system.columns WHERE database = '{DATABASE}' AND table = '{view}' AND comment <> '' \
             ORDER BY position"
        )));
        assert_eq!(described, names, "{view}");
        let texts: Vec<String> = names
            .iter()
            .map(|name| format!("ifNull(toString(\"{name}\"), 'NULL')"))
            .collect();
        let query = format!("SELECT {} FROM {DATABASE}.{view}", texts.join(", "));
        let lines = runtime.block_on(server.lines(&query));
        let mut found: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                line.split('\t')
                    .zip(&names)
                    .map(|(text, name)| form(name, Some(text)))
                    .collect()
            })
            .collect();
        let mut expected: Vec<Vec<String>> = rows(&stage, view)
            .iter()
            .map(|row: &Row| {
                names
                    .iter()
                    .map(|name| form(name, row[name].as_deref()))
                    .collect()
            })
            .collect();
        found.sort();
        expected.sort();
        assert!(expected.len() > 3, "{view}");
        let mut pairs = found.iter().zip(&expected);
        if let Some((found, expected)) = pairs.find(|(found, expected)| found != expected) {
            panic!("{view} has\n{found:?}\nand not\n{expected:?}\nfor {names:?}");
        }
        assert_eq!(found.len(), expected.len(), "{view}");
    }
    criteo(&stage, &["views", "--drop"], 0);
    let left = format!(
        "SELECT name FROM system.tables WHERE database = '{DATABASE}' AND name LIKE 'criteo%'"
    );
    assert_eq!(runtime.block_on(server.lines(&left)), Vec::<String>::new());
}

/// Numbers by their first twelve digits, moments without trailing zeros, names as they are.
fn form(name: &str, text: Option<&str>) -> String {
    let Some(text) = text.filter(|text| *text != "NULL") else {
        return "NULL".to_owned();
    };
    if name.ends_with("id") || name.ends_with("name") || name == "placement" {
        return text.to_owned();
    }
    match text.parse::<f64>() {
        Ok(number) => format!("{number:.11e}"),
        Err(_) if text.contains(':') && text.contains('.') => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Err(_) => text.to_owned(),
    }
}
