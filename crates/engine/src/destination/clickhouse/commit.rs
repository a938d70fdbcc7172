//! The one atomic step by which anything about a stream's table comes to count: the next number in the text of its view.
//!
//! A window's entry carries that number itself. What is written beside it (recorded changes, versions, the record of a
//! dropping) carries the load that brought it, and counts once `_criteo_base_commits` names that load with a number
//! that the view has reached. A process that dies before leaves rows that nobody counts, and the next load of the same
//! window has another identifier, so nothing is recorded twice.

use std::fmt::Display;

use serde::Serialize;

use super::connection::{Failure, Server};
use super::ledger::{COMMITS, Prepared, WINDOWS, append};
use super::sql::literal;
use super::{history_tables, schema, tidy, view};
use crate::schema::TableSchema;

/// The condition that an entry belongs to the present life of a stream's table.
pub(super) fn of(prepared: &Prepared) -> String {
    format!(
        "stream = {} AND generation = {}",
        literal(&prepared.entry.stream),
        literal(&prepared.generation)
    )
}

/// The number up to which everything counts, before something with the next one is written; `None` when there is no
/// such table. To be called by one task at a time.
///
/// What a process wrote under the next number and did not commit is taken out: with the next commit it would come to
/// count, although what that commit compares itself with does not know it.
pub(super) async fn begin(server: &Server, prepared: &Prepared) -> Result<Option<u64>, Failure> {
    let Some(head) = view::head(server, &prepared.entry.table).await? else {
        return Ok(None);
    };
    let left = format!("{} AND seq > {head}", of(prepared));
    let count = server
        .number(&format!(
            "SELECT count() FROM (SELECT seq FROM {} WHERE {left} UNION ALL SELECT seq FROM {} WHERE {left})",
            server.table(WINDOWS),
            server.table(COMMITS)
        ))
        .await?;
    if count == 0 {
        return Ok(Some(head));
    }
    // The view of versions may have been made ready for the commit that did not come.
    history_tables::replace(server, prepared, head).await?;
    for table in [WINDOWS, COMMITS] {
        tidy::remove(server, &server.table(table), &left).await?;
    }
    Ok(Some(head))
}

/// Writes that what came with a load counts from a number on.
pub(super) async fn announce(
    server: &Server,
    prepared: &Prepared,
    load_id: &str,
    seq: u64,
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Row<'row> {
        stream: &'row str,
        generation: &'row str,
        seq: u64,
        load_id: &'row str,
    }
    append(
        server,
        COMMITS,
        &Row {
            stream: &prepared.entry.stream,
            generation: &prepared.generation,
            seq,
            load_id,
        },
    )
    .await
}

/// Commits, for something other than the load of a window, what was written with the number `next`.
pub(super) async fn finish(server: &Server, prepared: &Prepared, next: u64) -> Result<(), Failure> {
    let table = &prepared.entry.table;
    let as_it_is = TableSchema {
        table: table.clone(),
        description: schema::comment_of(server, table).await?,
        columns: Vec::new(),
    };
    let columns = schema::table_columns(server, &as_it_is).await?;
    view::replace(server, prepared, &columns, &as_it_is.description, next).await
}

/// Lets what counts now count for good, because the life of the table ends: it was observed, whatever becomes of the
/// rows. Without a view nobody knows any more what counted last, and all of it does.
pub(super) async fn settle(server: &Server, prepared: &Prepared) -> Result<(), Failure> {
    let reached = match view::head(server, &prepared.entry.table).await? {
        Some(head) => format!("seq <= {head}"),
        None => "true".to_owned(),
    };
    let commits = server.table(COMMITS);
    server
        .execute(&format!(
            "INSERT INTO {commits} (stream, generation, seq, load_id) SELECT stream, '', 0, load_id FROM {commits} \
             WHERE {} AND {reached}",
            of(prepared)
        ))
        .await
}

/// The loads of a stream whose records count, at a number that its view has reached. Behind the number may stand what
/// else `seq` has to meet.
pub(super) fn counted_at(server: &Server, prepared: &Prepared, up_to: impl Display) -> String {
    format!(
        "SELECT load_id FROM {} WHERE stream = {} AND (generation = '' OR (generation = {} AND seq <= {up_to}))",
        server.table(COMMITS),
        literal(&prepared.entry.stream),
        literal(&prepared.generation)
    )
}

/// The loads of all streams whose records count at the moment at which it is asked.
pub(super) fn counted(server: &Server) -> String {
    format!(
        "SELECT c.load_id FROM {} AS c LEFT JOIN ({}) AS h ON c.stream = h.stream AND c.generation = h.generation \
         WHERE c.seq <= ifNull(h.head, 0)",
        server.table(COMMITS),
        view::heads(server)
    )
}
