//! The guide's table of promises says what the program says of each destination.

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

use std::collections::BTreeMap;

use criteo_engine::config::Config;
use criteo_engine::destination;

const GUIDE: &str = include_str!("../../../docs/guides/destinations.md");

/// A section for each column of the table: its type, and what else has to be there.
const SECTIONS: [(&str, &str); 8] = [
    ("`duckdb`", "type = 'duckdb'\npath = 'x.duckdb'"),
    (
        "`postgres`",
        "type = 'postgres'\nurl = 'postgresql://u@localhost/d'",
    ),
    (
        "`clickhouse`",
        "type = 'clickhouse'\nurl = 'http://127.0.0.1:8123'\ndatabase = 'd'",
    ),
    ("`parquet`", "type = 'parquet'\nurl = 'lake'"),
    ("`csv`", "type = 'csv'\npath = 'out'"),
    ("`jsonl`", "type = 'jsonl'\npath = 'out'"),
    ("`csv` to `-`", "type = 'csv'\npath = '-'"),
    ("`jsonl` to `-`", "type = 'jsonl'\npath = '-'"),
];

/// The cells of the rows of the table that begins with `| promise |`.
fn table() -> Vec<Vec<&'static str>> {
    GUIDE
        .lines()
        .skip_while(|line| !line.starts_with("| promise |"))
        .take_while(|line| line.starts_with('|'))
        .filter(|line| !line.starts_with("|---"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// The types that the configuration of this build knows.
fn types() -> Vec<String> {
    let schema = Config::json_schema();
    let variants = schema.pointer("/properties/destination/oneOf").unwrap();
    let kind = |variant: &serde_json::Value| {
        variant
            .pointer("/properties/type/const")
            .unwrap()
            .as_str()
            .map(str::to_owned)
    };
    variants
        .as_array()
        .unwrap()
        .iter()
        .filter_map(kind)
        .collect()
}

/// What a destination says of itself, by the name of the field.
fn promises(section: &str) -> BTreeMap<String, bool> {
    let text = format!("[criteo]\ncurrency = \"EUR\"\n[destination]\n{section}\n");
    let config =
        Config::parse(&text, "criteo.toml").unwrap_or_else(|error| panic!("{section}: {error}"));
    let said = format!("{:?}", destination::open(&config).capabilities());
    // So that a promise which is added later is one that the guide lacks.
    said.split(['{', ',', '}'])
        .filter_map(|part| part.trim().split_once(": "))
        .filter_map(|(field, value)| Some((field.to_owned(), value.parse().ok()?)))
        .collect()
}

#[test]
fn the_guide_promises_what_each_destination_does() {
    let table = table();
    let types = types();
    assert!(types.len() >= 3, "{types:?}");
    for kind in &types {
        let heading = format!("`{kind}`");
        assert!(
            table[0].contains(&heading.as_str()),
            "The guide has no column {heading}"
        );
    }
    let mut compared = 0;
    for (heading, section) in SECTIONS {
        let column = table[0].iter().position(|cell| *cell == heading);
        let column = column.unwrap_or_else(|| panic!("The guide has no column {heading}"));
        if !types
            .iter()
            .any(|kind| heading.starts_with(&format!("`{kind}`")))
        {
            // Built without it.
            continue;
        }
        for (field, is_promised) in promises(section) {
            let row = table
                .iter()
                .find(|row| row[0].contains(&format!("(`{field}`)")));
            let row = row.unwrap_or_else(|| panic!("The guide says nothing of `{field}`"));
            let expected = if is_promised { "yes" } else { "no" };
            assert_eq!(row[column], expected, "{field} of {heading}");
            compared += 1;
        }
    }
    assert!(compared >= 7 * 3, "Only {compared} promises were compared");
}

/// Every example of a section is one that the program takes as it stands.
#[test]
fn the_sections_of_the_guide_are_configurations() {
    let mut parsed = BTreeMap::new();
    for block in GUIDE.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let text = if block.contains("[criteo]") {
            block.to_owned()
        } else {
            format!("[criteo]\ncurrency = \"EUR\"\n{block}")
        };
        let config =
            Config::parse(&text, "criteo.toml").unwrap_or_else(|error| panic!("{error}\n{block}"));
        let name = destination::open(&config).capabilities().name;
        let written: toml::Table = block.parse().unwrap();
        let kind = written["destination"]["type"].as_str().unwrap().to_owned();
        assert_eq!(parsed.insert(kind, name), None, "{block}");
    }
    let expected = [
        ("clickhouse", "ClickHouse"),
        ("csv", "CSV files"),
        ("parquet", "Parquet"),
        ("postgres", "PostgreSQL"),
    ];
    assert_eq!(
        parsed,
        expected.map(|(kind, name)| (kind.to_owned(), name)).into()
    );
}
