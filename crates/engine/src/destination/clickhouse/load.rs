//! Loading one window.

use tokio::sync::mpsc;
use uuid::Uuid;

use super::super::WindowLoad;
use super::connection::{Failure, Server};
use super::ledger::{self, Prepared};
use super::spooled::{encode, refuse_disagreement};
use super::sql::identifiers;
use super::view::{self, DAY_COLUMN, LOAD_COLUMN, rows_table};
use super::windows::{self, Written};
use super::{changes, commit, history_tables, schema, versions};

/// Pieces of rows that wait for the server at most.
const PIECES_WAITING: usize = 4;

/// The rows of a window, sent to the server and shown to nobody yet.
pub(super) struct Sent {
    load_id: String,
}

/// Sends the rows of a window, marked with a load of their own. Whatever becomes of the answer, nobody sees them before
/// the load is committed; what is never committed is cleared away later.
pub(super) async fn send(server: &Server, load: &WindowLoad) -> Result<Sent, Failure> {
    let load_id = Uuid::now_v7().to_string();
    let (checked, has_rows) = (load.clone(), load.entry.rows > 0);
    on_worker(move || refuse_disagreement(&checked)).await?;
    if has_rows {
        let names = load
            .schema
            .columns
            .iter()
            .map(|column| column.name.as_str());
        let statement = format!(
            "INSERT INTO {} ({}) FORMAT Parquet",
            server.table(&rows_table(&load.schema.table)),
            identifiers(names.chain([LOAD_COLUMN, DAY_COLUMN]))
        );
        let (sender, mut receiver) = mpsc::channel(PIECES_WAITING);
        let (encoded, mark) = (load.clone(), load_id.clone());
        let encoding = tokio::task::spawn_blocking(move || encode(&encoded, &mark, &sender));
        let inserted = server.insert(&statement, &mut receiver).await;
        // Without it the encoder would wait for ever for somebody to take its pieces.
        drop(receiver);
        let encoded = encoding.await.map_err(|crash| crashed(&crash))?;
        match (inserted, encoded) {
            // The encoder was interrupted by what the server complains about.
            (Err(refusal), Err(Failure::Interrupted)) => return Err(refusal),
            (_, Err(failure)) | (Err(failure), Ok(())) => return Err(failure),
            (Ok(()), Ok(())) => {}
        }
    }
    Ok(Sent { load_id })
}

/// Shows the rows that were sent in the place of those that they replace, together with the window's entry, what it
/// changes, and versions. To be called by one task at a time.
pub(super) async fn commit(
    server: &Server,
    load: &WindowLoad,
    prepared: &Prepared,
    sent: &Sent,
) -> Result<(), Failure> {
    let Some(head) = commit::begin(server, prepared).await? else {
        return Err(unprepared(load));
    };
    if windows::is_loaded(server, prepared, &load.entry.window_id, head).await? {
        return Ok(());
    }
    let next = head + 1;
    let entry = Written::vouching(&load.entry, &sent.load_id);
    windows::write(server, prepared, &[entry], next).await?;
    let is_compared = changes::record(server, prepared, load, &sent.load_id, head).await?;
    let has_versions = versions::advance(server, prepared, load, &sent.load_id, head).await?;
    if is_compared || has_versions {
        commit::announce(server, prepared, &sent.load_id, next).await?;
    }
    if has_versions {
        history_tables::replace(server, prepared, next).await?;
    }
    let columns = schema::table_columns(server, &load.schema).await?;
    view::replace(server, prepared, &columns, &load.schema.description, next).await
}

/// The stream, when its table is the one that the window is meant for, and whether the window is loaded already.
pub(super) async fn find(server: &Server, load: &WindowLoad) -> Result<(Prepared, bool), Failure> {
    let prepared = ledger::stream(server, &load.entry.stream)
        .await?
        .filter(|prepared| prepared.entry.table == load.schema.table)
        .ok_or_else(|| unprepared(load))?;
    let head = view::head(server, &prepared.entry.table)
        .await?
        .ok_or_else(|| unprepared(load))?;
    let is_loaded = windows::is_loaded(server, &prepared, &load.entry.window_id, head).await?;
    Ok((prepared, is_loaded))
}

/// Rows go only into the table that was prepared for their stream.
fn unprepared(load: &WindowLoad) -> Failure {
    Failure::Refused(format!(
        "table '{}' was not prepared for stream '{}'",
        load.schema.table, load.entry.stream
    ))
}

/// Reads files on a thread that may block.
async fn on_worker(
    work: impl FnOnce() -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|crash| crashed(&crash))?
}

fn crashed(crash: &tokio::task::JoinError) -> Failure {
    Failure::Refused(format!("its worker thread ended: {crash}"))
}
