//! The page of the ledger, from the catalogue of a database in which one was just made. What a database says of its
//! tables is what a user finds there, whatever part of the program made them.

use std::fmt::Write as _;

use anyhow::Context as _;
use criteo_engine::destination::Destination;
use criteo_engine::destination::duckdb::{DuckDb, DuckDbOptions};
use criteo_engine::ledger::RunEntry;
use jiff::Timestamp;

use super::Page;
use super::markdown::{Table, code, sentence};

const RELATIONS: &str = "\
    SELECT table_name, comment, 'table' AS kind, table_oid AS made FROM duckdb_tables() WHERE NOT internal \
    UNION ALL \
    SELECT view_name, comment, 'view', view_oid FROM duckdb_views() WHERE NOT internal \
    ORDER BY kind, made";

const COLUMNS: &str = "\
    SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal \
    ORDER BY table_name, column_index";

/// Every table and view of the ledger with its columns.
pub(super) async fn page() -> anyhow::Result<Page> {
    let folder = tempfile::tempdir().context("Cannot make a temporary folder")?;
    let database = DuckDb::new(DuckDbOptions::new(folder.path().join("ledger.duckdb")));
    database.record_run(&any_run()).await?;
    let relations = rows(&database, RELATIONS).await?;
    let columns = rows(&database, COLUMNS).await?;

    let mut body = INTRODUCTION.to_owned();
    for relation in &relations {
        let [name, comment, kind, _] = &relation[..] else {
            continue;
        };
        let mut table = Table::new(&["column", "type", "meaning"]);
        for column in columns.iter().filter(|column| column[0] == *name) {
            table.row(&[code(&column[1]), column[2].clone(), column[3].clone()]);
        }
        let prefix = if kind == "view" { "A view. " } else { "" };
        let _ = writeln!(
            body,
            "## `{name}`\n\n{prefix}{}\n\n{}",
            sentence(comment),
            table.text()
        );
    }
    Ok(Page::new(
        "ledger.md",
        "Ledger",
        "the tables beside the data that say what is loaded",
        &body,
    ))
}

const INTRODUCTION: &str = "\
The ledger lies beside the data, in tables that begin with `_criteo_`. An entry is written in the same transaction as the
rows it vouches for. Read it as you like, and change nothing in it: the next run plans from it.

Names and meanings are the same in every destination; the types are DuckDB's. [The guide](../guides/ledger.md#where)
says where each destination has them.

";

/// Writing a run is what makes a ledger. Nothing of it is shown.
fn any_run() -> RunEntry {
    RunEntry {
        run_id: "00000000-0000-7000-8000-000000000000".to_owned(),
        continues_run_id: None,
        started_at: Timestamp::UNIX_EPOCH,
        selection: "{}".to_owned(),
        finished_at: None,
        outcome: None,
        calls: 0,
        bytes: 0,
        waited_milliseconds: 0,
        rows: 0,
        version: String::new(),
        not_granted: Some(Vec::new()),
    }
}

async fn rows(database: &DuckDb, sql: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let answer = database.query(sql).await?;
    let rows = answer.rows.into_iter();
    Ok(rows
        .map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
        .collect())
}
