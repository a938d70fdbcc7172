//! The tables below a table of versions, and the view that people read.

use serde::Serialize;

use super::super::{
    DestinationError, VALID_FROM, VALID_FROM_MEANING, VALID_TO, VALID_TO_MEANING,
    history_description, history_table,
};
use super::commit;
use super::connection::{Failure, Server};
use super::ledger;
use super::ledger::{DURABLE, HISTORIES, Prepared, append, version_of_now};
use super::schema;
use super::sql::{identifier, literal};
use super::tidy::remove;
use super::view::{self, DAY_COLUMN, LOAD_COLUMN, rows_table};

/// Tells versions apart.
pub(super) const VERSION_COLUMN: &str = "_version_id";
/// The columns of a table of ends.
pub(super) const ENDS: &str = "version_id, valid_to, is_dropped, load_id";
/// The type of an instant.
const INSTANT: &str = "DateTime64(6, 'UTC')";

/// The table that holds what was ever a version of a row of `table`.
pub(super) fn versions_table(table: &str) -> String {
    format!("_criteo_versions_{table}")
}

/// The table that holds when versions of rows of `table` ended, and which of them were dropped.
pub(super) fn ends_table(table: &str) -> String {
    format!("_criteo_ends_{table}")
}

/// What the ledger says of a table of versions.
pub(super) struct Registration {
    pub(super) stream: String,
    pub(super) is_kept: bool,
}

/// What the ledger says of the table of versions of this name.
pub(super) async fn registration(
    server: &Server,
    history: &str,
) -> Result<Option<Registration>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT stream, is_kept FROM {} FINAL WHERE table_name = {}",
            server.table(HISTORIES),
            literal(history)
        ))
        .await?;
    let Some(row) = found.into_iter().next() else {
        return Ok(None);
    };
    let [Some(stream), Some(is_kept)] = row.as_slice() else {
        return Err(Failure::Damaged(
            "the ledger's list of tables of versions is damaged".to_owned(),
        ));
    };
    Ok(Some(Registration {
        stream: stream.clone(),
        is_kept: is_kept == "true" || is_kept == "1",
    }))
}

/// The table of versions of a stream's table, if there is one that this program made for the stream. It is a view: a table
/// of that name is somebody else's, whatever the ledger says of the view that was there before.
pub(super) async fn existing(
    server: &Server,
    prepared: &Prepared,
) -> Result<Option<Registration>, Failure> {
    let history = history_table(&prepared.entry.table);
    let registration = registration(server, &history)
        .await?
        .filter(|known| known.stream == prepared.entry.stream);
    if registration.is_none() {
        return Ok(None);
    }
    let engine = ledger::engine_of(server, &history).await?;
    Ok(registration.filter(|_| engine.as_deref() == Some("View")))
}

/// Writes whether versions of a stream's rows are kept.
pub(super) async fn register(
    server: &Server,
    prepared: &Prepared,
    is_kept: bool,
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Row<'row> {
        table_name: String,
        version: u64,
        stream: &'row str,
        of_table: &'row str,
        is_kept: bool,
    }
    let table = &prepared.entry.table;
    append(
        server,
        HISTORIES,
        &Row {
            table_name: history_table(table),
            version: version_of_now(),
            stream: &prepared.entry.stream,
            of_table: table,
            is_kept,
        },
    )
    .await
}

/// Writes that no versions of a stream's rows are kept any more, in whichever tables that was.
pub(super) async fn stop(server: &Server, stream: &str) -> Result<(), Failure> {
    let histories = server.table(HISTORIES);
    let kept = format!(
        "FROM {histories} FINAL WHERE stream = {} AND is_kept",
        literal(stream)
    );
    if server.number(&format!("SELECT count() {kept}")).await? == 0 {
        return Ok(());
    }
    server
        .execute(&format!(
            "INSERT INTO {histories} (table_name, version, stream, of_table, is_kept) \
             SELECT table_name, {}, stream, of_table, false {kept}",
            version_of_now()
        ))
        .await
}

/// Makes the tables below a table of versions, with the columns of the stream's table, whatever came and went there. What
/// lies there without a view is left from somebody who dropped the view, or from a process that died while it made them.
pub(super) async fn begin(server: &Server, prepared: &Prepared) -> Result<(), Failure> {
    let table = &prepared.entry.table;
    let columns = existing_columns(server, &rows_table(table)).await?;
    let columns: Vec<String> = columns
        .iter()
        .map(|(name, sql_type, comment)| definition(name, sql_type, comment))
        .collect();
    let (versions, ends) = (
        server.table(&versions_table(table)),
        server.table(&ends_table(table)),
    );
    let about = |what: &str| {
        literal(&format!(
            "{what} of {table}. Query {} instead.",
            history_table(table)
        ))
    };
    for statement in [
        format!("DROP TABLE IF EXISTS {versions} SYNC"),
        format!("DROP TABLE IF EXISTS {ends} SYNC"),
        format!(
            "CREATE TABLE {versions} ({}, {VALID_FROM} {INSTANT}, {VERSION_COLUMN} UUID, \
             {LOAD_COLUMN} LowCardinality(String), {DAY_COLUMN} Date32) \
             ENGINE = MergeTree ORDER BY ({}, {DAY_COLUMN}) {DURABLE} COMMENT {}",
            columns.join(", "),
            view::ADVERTISER_COLUMN,
            about("The versions of rows")
        ),
        format!(
            "CREATE TABLE {ends} (version_id UUID, valid_to Nullable({INSTANT}), is_dropped Bool, \
             load_id LowCardinality(String)) ENGINE = MergeTree ORDER BY version_id {DURABLE} COMMENT {}",
            about("When versions of rows ended")
        ),
    ] {
        server.execute(&statement).await?;
    }
    // Before the view: one that the ledger does not know would be taken for somebody else's.
    register(server, prepared, false).await
}

/// Adds the columns that the table has and the versions lack, and brings descriptions up to date. Gives whether there
/// was something to do.
pub(super) async fn extend(server: &Server, table: &str) -> Result<bool, Failure> {
    let existing = existing_columns(server, &versions_table(table)).await?;
    let mut changes = Vec::new();
    for (name, sql_type, comment) in existing_columns(server, &rows_table(table)).await? {
        match existing.iter().find(|(present, ..)| *present == name) {
            Some((_, present, _)) if *present != sql_type => {
                return Err(DestinationError::Incompatible {
                    table: history_table(table),
                    reason: format!(
                        "column '{name}' has type {present} there and {sql_type} in table '{table}'; rename or drop \
                         that table to begin anew"
                    ),
                    stream: Some(table.to_owned()),
                    others: Vec::new(),
                }
                .into());
            }
            Some((.., present)) if *present == comment => {}
            Some(_) => changes.push(format!(
                "COMMENT COLUMN {} {}",
                identifier(&name),
                literal(&comment)
            )),
            None => changes.push(format!(
                "ADD COLUMN IF NOT EXISTS {}",
                definition(&name, &sql_type, &comment)
            )),
        }
    }
    if changes.is_empty() {
        return Ok(false);
    }
    server
        .execute(&format!(
            "ALTER TABLE {} {}",
            server.table(&versions_table(table)),
            changes.join(", ")
        ))
        .await?;
    Ok(true)
}

/// Makes the view of the versions of a stream's table ready for everything up to a number, or does nothing where there is
/// none: whoever dropped it wants it gone.
pub(super) async fn replace(
    server: &Server,
    prepared: &Prepared,
    up_to: u64,
) -> Result<(), Failure> {
    match existing(server, prepared).await? {
        Some(_) => make(server, prepared, up_to).await,
        None => Ok(()),
    }
}

/// Makes the view of the versions of a stream's table, ready for everything up to a number, whether there is one or not.
/// Of those numbers it shows what the stream's view has reached. Nothing of that name may be somebody else's.
pub(super) async fn make(server: &Server, prepared: &Prepared, up_to: u64) -> Result<(), Failure> {
    let table = &prepared.entry.table;
    let history = history_table(table);
    let columns = existing_columns(server, &versions_table(table)).await?;
    if columns.is_empty() {
        return Ok(());
    }
    let mut definitions: Vec<String> = columns
        .iter()
        .map(|(name, sql_type, comment)| definition(name, sql_type, comment))
        .collect();
    definitions.push(definition(VALID_FROM, INSTANT, VALID_FROM_MEANING));
    definitions.push(definition(
        VALID_TO,
        &format!("Nullable({INSTANT})"),
        VALID_TO_MEANING,
    ));
    let names: Vec<String> = columns.iter().map(|(name, ..)| identifier(name)).collect();
    // One scalar, so that one question to the stream's view decides what ends and what begins.
    let counted = commit::counted_at(server, prepared, format!("{up_to} AND seq <= reached"));
    let description = history_description(table, &schema::comment_of(server, table).await?);
    server
        .execute(&format!(
            "CREATE OR REPLACE VIEW {} ({}) AS WITH ({}) AS reached SELECT {}, {VALID_FROM}, {VALID_TO} FROM ({}) \
             COMMENT {}",
            server.table(&history),
            definitions.join(", "),
            view::reached(server, table),
            names.join(", "),
            joined(server, table, &counted, "true"),
            literal(&description)
        ))
        .await
}

/// The versions that count at a number and meet a condition, with their ends, as a query.
pub(super) fn state(server: &Server, prepared: &Prepared, head: u64, condition: &str) -> String {
    joined(
        server,
        &prepared.entry.table,
        &commit::counted_at(server, prepared, head),
        condition,
    )
}

fn joined(server: &Server, table: &str, counted: &str, condition: &str) -> String {
    format!(
        "SELECT v.*, e.until AS {VALID_TO} FROM (SELECT * FROM {} WHERE {condition} AND {LOAD_COLUMN} IN ({counted})) \
         AS v LEFT JOIN (SELECT version_id, max(valid_to) AS until, max(is_dropped) AS is_gone FROM {} \
         WHERE load_id IN ({counted}) GROUP BY version_id) AS e ON v.{VERSION_COLUMN} = e.version_id \
         WHERE NOT ifNull(e.is_gone, false)",
        server.table(&versions_table(table)),
        server.table(&ends_table(table)),
    )
}

/// Removes what was never committed and what was dropped, both before the load that would begin at an instant.
pub(super) async fn tidy(
    server: &Server,
    prepared: &Prepared,
    head: u64,
    first_load: &str,
) -> Result<(), Failure> {
    if existing(server, prepared).await?.is_none() {
        return Ok(());
    }
    let table = &prepared.entry.table;
    let (versions, ends) = (
        server.table(&versions_table(table)),
        server.table(&ends_table(table)),
    );
    let counted = commit::counted_at(server, prepared, head);
    let old = format!("load_id < {}", literal(first_load));
    let lost = |column: &str| {
        format!(
            "{column} < {} AND {column} NOT IN ({counted})",
            literal(first_load)
        )
    };
    remove(server, &versions, &lost(LOAD_COLUMN)).await?;
    remove(server, &ends, &lost("load_id")).await?;
    // In this order: a version without its end would be shown.
    let dropped = format!(
        "SELECT version_id FROM {ends} WHERE is_dropped AND {old} AND load_id IN ({counted})"
    );
    remove(
        server,
        &versions,
        &format!("{VERSION_COLUMN} IN ({dropped})"),
    )
    .await?;
    let gone = format!("{old} AND version_id NOT IN (SELECT {VERSION_COLUMN} FROM {versions})");
    remove(server, &ends, &gone).await
}

/// Name, type and comment of each column that comes from the stream's table.
pub(super) async fn existing_columns(
    server: &Server,
    table: &str,
) -> Result<Vec<(String, String, String)>, Failure> {
    let mut columns = schema::existing_columns(server, table).await?;
    columns.retain(|(name, ..)| name != VERSION_COLUMN && name != VALID_FROM);
    Ok(columns)
}

fn definition(name: &str, sql_type: &str, comment: &str) -> String {
    format!(
        "{} {sql_type} COMMENT {}",
        identifier(name),
        literal(comment)
    )
}
