//! The view for DuckDB: a script that creates one view per table, and the views over the ledger.

use super::super::super::duckdb::{
    InMemory, identifier, ledger_view_query, literal, without_patterns,
};
use super::super::super::ledger_views::VIEWS;
use super::super::published::{Published, PublishedTable};

/// A script that creates the views. `address` is the root of the lake.
pub(super) fn script(published: &Published, address: &str) -> String {
    let mut text = format!(
        "-- The tables of {address} as DuckDB views: version {}, written {}.\n\
         -- Run it in any database: .read latest.sql in the command line, or con.execute(open('latest.sql').read()).\n\
         -- It is replaced at the end of each run. Views that were made from it stay right until `criteo vacuum`\n\
         -- removes the files they name; run it again for newer rows. For a bucket, load httpfs (or azure) first and\n\
         -- create a secret.\n\
         BEGIN;\n",
        published.version, published.written_at
    );
    for (name, table) in &published.tables {
        text.push('\n');
        text.push_str(&create_view(name, table, |path| {
            format!("{address}/{path}")
        }));
        text.push_str(&format!(
            ";\nCOMMENT ON VIEW {} IS {};\n",
            identifier(name),
            literal(&table.description)
        ));
    }
    for view in VIEWS {
        if let Some(query) = ledger_view_query(view.name) {
            text.push_str(&format!(
                "\nCREATE OR REPLACE VIEW {name} AS\n{query};\nCOMMENT ON VIEW {name} IS {};\n",
                literal(view.description),
                name = identifier(view.name)
            ));
        }
    }
    text.push_str("\nCOMMIT;\n");
    text
}

/// The statement that creates the view of one table. `locate` turns a path of the lake into one that DuckDB can open.
pub(in super::super) fn create_view(
    name: &str,
    table: &PublishedTable,
    locate: impl Fn(&str) -> String,
) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            format!(
                "CAST(NULL AS {}) AS {}",
                InMemory::type_in_files(column.field_type),
                identifier(&column.name)
            )
        })
        .collect();
    // The first part has no rows, all columns, and their order and types, whatever the files have.
    let mut parts = vec![format!("SELECT {} WHERE false", columns.join(", "))];
    for group in &table.groups {
        let files: Vec<String> = group
            .files
            .iter()
            .map(|path| literal(&without_patterns(&locate(path))))
            .collect();
        parts.push(format!(
            "SELECT * FROM read_parquet([{}], hive_partitioning = false)",
            files.join(",\n  ")
        ));
    }
    format!(
        "CREATE OR REPLACE VIEW {} AS\n{}",
        identifier(name),
        parts.join("\nUNION ALL BY NAME ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::published::Group;
    use super::*;

    #[test]
    fn names_and_paths_are_taken_literally() {
        let table = PublishedTable {
            description: String::new(),
            columns: Vec::new(),
            groups: vec![Group {
                columns: 0,
                files: vec!["what?.parquet".to_owned()],
            }],
        };
        let view = create_view("a \"b\"", &table, |path| format!("/it's [1]/{path}"));
        let name = r#"CREATE OR REPLACE VIEW "a ""b""" AS"#;
        assert!(view.starts_with(name), "{view}");
        let file = "read_parquet(['/it''s [[]1]/what[?].parquet'], ";
        assert!(view.contains(file), "{view}");
    }
}
