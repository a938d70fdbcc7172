//! The ledger's list of windows, and what each of them still vouches for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::connection::{Failure, Server};
use super::ledger::{self, Prepared, WINDOWS, append};
use super::sql::literal;
use super::view;
use super::vouching::{self, Committed};
use crate::ledger::WindowEntry;

/// Writes one entry. A loaded one counts from the moment its number is committed, one that was given up at once.
pub(super) async fn write(
    server: &Server,
    prepared: &Prepared,
    entry: &WindowEntry,
    load_id: &str,
    seq: u64,
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Row<'row> {
        stream: &'row str,
        generation: &'row str,
        seq: u64,
        window_id: &'row str,
        load_id: &'row str,
        is_loaded: bool,
        first_day: Option<Date>,
        last_day: Option<Date>,
        advertiser_ids: Vec<&'row String>,
        entry: String,
        committed_at: String,
    }
    append(
        server,
        WINDOWS,
        &Row {
            stream: &entry.stream,
            generation: &prepared.generation,
            seq,
            window_id: &entry.window_id,
            load_id,
            is_loaded: entry.quarantine_reason.is_none(),
            first_day: entry.days.map(|days| days.first),
            last_day: entry.days.map(|days| days.last),
            advertiser_ids: entry.advertisers.keys().collect(),
            entry: serde_json::to_string(entry)?,
            committed_at: moment(Timestamp::now()),
        },
    )
    .await
}

/// An instant as ClickHouse reads it in any format.
pub(super) fn moment(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// Whether the rows of this very reading are shown, or were until a later reading replaced them.
pub(super) async fn is_loaded(
    server: &Server,
    prepared: &Prepared,
    window_id: &str,
    head: u64,
) -> Result<bool, Failure> {
    let found = server
        .rows(&format!(
            "SELECT count() > 0 FROM {} WHERE {} AND is_loaded AND seq <= {head} AND window_id = {}",
            server.table(WINDOWS),
            of(prepared),
            literal(window_id)
        ))
        .await?;
    Ok(found.into_iter().next().map(ledger::first).as_deref() == Some("1"))
}

/// Every entry of a stream that still vouches for something, oldest reading first.
pub(super) async fn of_stream(
    server: &Server,
    prepared: &Prepared,
) -> Result<Vec<WindowEntry>, Failure> {
    // Entries cannot vouch for rows of a table that somebody dropped. What was given up remains to be done.
    let head = view::head(server, &prepared.entry.table)
        .await?
        .unwrap_or(0);
    Ok(vouching::still_vouching(
        committed(server, prepared, &format!("seq <= {head}")).await?,
    ))
}

/// The windows that were loaded once and had nothing left to vouch for at an instant, but still say that they do.
pub(super) async fn history(
    server: &Server,
    prepared: &Prepared,
    at: Timestamp,
) -> Result<Vec<String>, Failure> {
    let head = view::head(server, &prepared.entry.table)
        .await?
        .unwrap_or(0);
    let committed = committed(
        server,
        prepared,
        &format!("seq <= {head} AND committed_at <= {}", literal(&moment(at))),
    )
    .await?;
    let all: BTreeSet<String> = committed
        .iter()
        .filter(|entry| {
            entry.entry.quarantine_reason.is_none() && !entry.entry.advertisers.is_empty()
        })
        .map(|entry| entry.entry.window_id.clone())
        .collect();
    let vouching: BTreeSet<String> = vouching::still_vouching(committed)
        .into_iter()
        .map(|entry| entry.window_id)
        .collect();
    Ok(all.difference(&vouching).cloned().collect())
}

/// The entries that were given up and are still open.
pub(super) async fn open_quarantines(
    server: &Server,
    prepared: &Prepared,
) -> Result<Vec<WindowEntry>, Failure> {
    let entries = vouching::still_vouching(committed(server, prepared, "true").await?);
    Ok(entries
        .into_iter()
        .filter(|entry| entry.quarantine_reason.is_some())
        .collect())
}

/// What the ledger says of one stream, as it was loaded: in the order of loading, what was given up at the end.
async fn committed(
    server: &Server,
    prepared: &Prepared,
    loaded: &str,
) -> Result<Vec<Committed>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT seq, load_id, empty(advertiser_ids), entry FROM {} WHERE {} AND (NOT is_loaded OR ({loaded}))",
            server.table(WINDOWS),
            of(prepared)
        ))
        .await?;
    let mut by_window: BTreeMap<(String, bool), Committed> = BTreeMap::new();
    for row in found {
        let [Some(seq), Some(load_id), Some(is_history), Some(entry)] = row.as_slice() else {
            return Err(Failure::Damaged(
                "the ledger's list of windows is damaged".to_owned(),
            ));
        };
        let mut entry: WindowEntry = serde_json::from_str(entry)?;
        if is_history == "1" {
            entry.advertisers.clear();
        }
        let committed = Committed {
            order: (seq.parse().unwrap_or(0), load_id.clone()),
            entry,
        };
        let key = (
            committed.entry.window_id.clone(),
            committed.entry.quarantine_reason.is_none(),
        );
        // The same reading may have been loaded twice, when an answer was lost; the later load is the one shown.
        match by_window.get(&key) {
            Some(known) if known.order >= committed.order => {}
            _ => {
                by_window.insert(key, committed);
            }
        }
    }
    Ok(by_window.into_values().collect())
}

fn of(prepared: &Prepared) -> String {
    format!(
        "stream = {} AND generation = {}",
        literal(&prepared.entry.stream),
        literal(&prepared.generation)
    )
}
