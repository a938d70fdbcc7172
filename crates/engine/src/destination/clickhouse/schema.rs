//! Creating and extending tables, and refusing those that do not fit.

use uuid::Uuid;

use super::super::rules;
use super::connection::{Failure, Server};
use super::ledger::{self, DURABLE, PREFIX, Prepared, WINDOWS};
use super::sql::{identifier, literal};
use super::view::{self, DAY_COLUMN, LOAD_COLUMN, rows_table, sql_type};
use super::windows::{self, Written};
use super::{changes, commit, history_tables};
use crate::ledger::StreamEntry;
use crate::schema::{Column, TableSchema};

/// Creates the table or adds what it lacks, and remembers the stream.
pub(super) async fn prepare(
    server: &Server,
    schema: &TableSchema,
    stream: &StreamEntry,
) -> Result<(), Failure> {
    rules::refuse_ledger_name(&schema.table, PREFIX).map_err(Failure::Refused)?;
    let remembered = ledger::stream(server, &stream.stream).await?;
    let view = ledger::engine_of(server, &schema.table).await?;
    let head = view::head(server, &schema.table).await?;
    let same_table = remembered
        .as_ref()
        .is_some_and(|before| before.entry.table == schema.table);
    if let (Some(before), Some(head), true) = (&remembered, head, same_table) {
        rules::refuse_other_purpose(&before.entry, stream)?;
        extend(server, before, schema, head).await?;
        let prepared = Prepared {
            entry: stream.clone(),
            ..before.clone()
        };
        if prepared != *before {
            ledger::remember_stream(server, &prepared).await?;
        }
        return Ok(());
    }
    // A view of ours without its rows is made anew; anything else of that name is somebody else's.
    let is_ours = same_table && view.as_deref() == Some("View");
    if view.is_some() && !is_ours {
        return Err(foreign(server, &schema.table).await?);
    }
    begin(server, remembered.as_ref(), schema, stream).await
}

/// Begins a table anew: under a new name, after its rows were dropped, or for the first time. The ledger no longer
/// speaks of what was before, but what was given up remains to be done.
async fn begin(
    server: &Server,
    remembered: Option<&Prepared>,
    schema: &TableSchema,
    stream: &StreamEntry,
) -> Result<(), Failure> {
    let prepared = Prepared {
        entry: stream.clone(),
        generation: Uuid::now_v7().to_string(),
    };
    // Rows without a view, which a process that died or somebody who dropped the view may have left, belong to no entry.
    let rows = server.table(&rows_table(&schema.table));
    server
        .execute(&format!("DROP TABLE IF EXISTS {rows} SYNC"))
        .await?;
    let columns: Vec<String> = schema.columns.iter().map(definition).collect();
    server
        .execute(&format!(
            "CREATE TABLE {rows} ({}, {LOAD_COLUMN} LowCardinality(String) COMMENT 'The load that the row came with.', \
             {DAY_COLUMN} Date32 COMMENT 'The day of the row.') ENGINE = MergeTree PARTITION BY \
             toYYYYMM({DAY_COLUMN}) ORDER BY ({}, {DAY_COLUMN}) {DURABLE} COMMENT {}",
            columns.join(", "),
            view::ADVERTISER_COLUMN,
            literal(&format!(
                "The rows of all loads into {}, replaced ones among them. Query {0} instead.",
                schema.table
            )),
        ))
        .await?;
    if let Some(before) = remembered {
        // Where the view is there still: what lies above its number was never committed, and must not be settled.
        commit::begin(server, before).await?;
        commit::settle(server, before).await?;
        if !before.entry.is_comparable_with(stream) {
            changes::forget(server, &stream.stream).await?;
        }
        let open = windows::open_quarantines(server, before).await?;
        let open: Vec<Written<'_>> = open
            .iter()
            .map(|entry| Written::vouching(entry, ""))
            .collect();
        windows::write(server, &prepared, &open, 0).await?;
    }
    // In this order: a stream whose view is missing is begun anew, and a view whose stream is not known would be taken
    // for somebody else's.
    ledger::remember_stream(server, &prepared).await?;
    view::replace(server, &prepared, &schema.columns, &schema.description, 0).await
}

/// Adds the columns that are missing and brings descriptions up to date.
async fn extend(
    server: &Server,
    prepared: &Prepared,
    schema: &TableSchema,
    head: u64,
) -> Result<(), Failure> {
    let rows = server.table(&rows_table(&schema.table));
    let existing = existing_columns(server, &rows_table(&schema.table)).await?;
    let mut changes = Vec::new();
    for column in &schema.columns {
        let wanted = sql_type(column);
        match existing.iter().find(|(name, ..)| *name == column.name) {
            Some((_, present, _)) if *present != wanted => {
                return Err(
                    rules::other_type(&schema.table, &column.name, present, &wanted).into(),
                );
            }
            Some((.., comment)) if *comment == column.description => {}
            Some(_) => changes.push(format!(
                "COMMENT COLUMN {} {}",
                identifier(&column.name),
                literal(&column.description)
            )),
            None => changes.push(format!("ADD COLUMN IF NOT EXISTS {}", definition(column))),
        }
    }
    if !changes.is_empty() {
        server
            .execute(&format!("ALTER TABLE {rows} {}", changes.join(", ")))
            .await?;
    }
    let columns = table_columns(server, schema).await?;
    let shown = existing_columns(server, &schema.table).await?;
    let is_shown = columns.len() == shown.len()
        && columns
            .iter()
            .zip(&shown)
            .all(|(column, (name, shown_type, comment))| {
                column.name == *name
                    && sql_type(column) == *shown_type
                    && column.description == *comment
            })
        && comment_of(server, &schema.table).await? == schema.description;
    if is_shown {
        return Ok(());
    }
    view::replace(server, prepared, &columns, &schema.description, head).await
}

/// Every column of the table: those of `schema`, and those that it no longer asks for.
pub(super) async fn table_columns(
    server: &Server,
    schema: &TableSchema,
) -> Result<Vec<Column>, Failure> {
    let existing = existing_columns(server, &rows_table(&schema.table)).await?;
    Ok(view::all_columns(schema, &existing))
}

/// Drops the table of a stream and what the ledger says of it. The entry that forgets comes first: from then on nothing
/// vouches for the rows, and what a process that dies leaves of them is dropped when the table is prepared again.
pub(super) async fn forget(server: &Server, stream: &str) -> Result<(), Failure> {
    let Some(prepared) = ledger::stream(server, stream).await? else {
        return Ok(());
    };
    let table = &prepared.entry.table;
    // Before the view goes, which alone tells what was committed: without it, all that is left comes to count.
    commit::begin(server, &prepared).await?;
    commit::settle(server, &prepared).await?;
    history_tables::stop(server, stream).await?;
    // Without the view nobody sees rows for which nothing vouches.
    server
        .execute(&format!("DROP VIEW IF EXISTS {} SYNC", server.table(table)))
        .await?;
    ledger::forget_stream(server, &prepared).await?;
    server
        .execute(&format!(
            "DROP TABLE IF EXISTS {} SYNC",
            server.table(&rows_table(table))
        ))
        .await?;
    server
        .execute(&format!(
            "ALTER TABLE {} DELETE WHERE {}",
            server.table(WINDOWS),
            commit::of(&prepared)
        ))
        .await
}

fn definition(column: &Column) -> String {
    format!(
        "{} {} COMMENT {}",
        identifier(&column.name),
        sql_type(column),
        literal(&column.description)
    )
}

/// Name, type and comment of each column but our own marks.
pub(super) async fn existing_columns(
    server: &Server,
    table: &str,
) -> Result<Vec<(String, String, String)>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT name, type, comment FROM system.columns WHERE database = {} AND table = {} \
             AND name NOT IN ('{LOAD_COLUMN}', '{DAY_COLUMN}') ORDER BY position",
            literal(server.database()),
            literal(table)
        ))
        .await?;
    Ok(found
        .into_iter()
        .map(|row| {
            let mut values = row.into_iter().map(Option::unwrap_or_default);
            let mut next = || values.next().unwrap_or_default();
            (next(), next(), next())
        })
        .collect())
}

/// The description of a table or view.
pub(super) async fn comment_of(server: &Server, table: &str) -> Result<String, Failure> {
    let found = server
        .rows(&format!(
            "SELECT comment FROM system.tables WHERE database = {} AND name = {}",
            literal(server.database()),
            literal(table)
        ))
        .await?;
    Ok(found
        .into_iter()
        .next()
        .map(ledger::first)
        .unwrap_or_default())
}

/// The refusal of a table that this stream did not make.
async fn foreign(server: &Server, table: &str) -> Result<Failure, Failure> {
    let condition = format!("JSONExtractString(entry, 'table') = {}", literal(table));
    let owner = ledger::streams(server, &condition)
        .await?
        .into_iter()
        .next();
    let owner = owner.map(|owner| owner.entry.stream);
    Ok(rules::foreign_table(table, owner.as_deref()).into())
}
