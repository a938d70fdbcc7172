//! The ledger's list of windows, and what each of them still vouches for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::commit::of;
use super::connection::{Failure, Server};
use super::ledger::{Prepared, WINDOWS, append_all};
use super::sql::literal;
use super::view;
use super::vouching::{self, Committed};
use crate::ledger::WindowEntry;

/// An entry as it is to be written.
pub(super) struct Written<'entry> {
    pub(super) entry: &'entry WindowEntry,
    /// The load that brought its rows; empty for one that was given up.
    pub(super) load_id: &'entry str,
    /// Whether it was loaded once and vouches for nothing any more.
    pub(super) is_history: bool,
}

impl<'entry> Written<'entry> {
    /// An entry that vouches for what it says.
    pub(super) fn vouching(entry: &'entry WindowEntry, load_id: &'entry str) -> Self {
        Self {
            entry,
            load_id,
            is_history: false,
        }
    }
}

/// Writes entries in one insert. They count from the moment their number is committed; 0 is committed always.
pub(super) async fn write(
    server: &Server,
    prepared: &Prepared,
    entries: &[Written<'_>],
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
    if entries.is_empty() {
        return Ok(());
    }
    let committed_at = moment(Timestamp::now());
    let rows = entries
        .iter()
        .map(|written| {
            let entry = written.entry;
            Ok(Row {
                stream: &entry.stream,
                generation: &prepared.generation,
                seq,
                window_id: &entry.window_id,
                load_id: written.load_id,
                is_loaded: entry.quarantine_reason.is_none(),
                first_day: entry.days.map(|days| days.first),
                last_day: entry.days.map(|days| days.last),
                advertiser_ids: if written.is_history {
                    Vec::new()
                } else {
                    entry.advertisers.keys().collect()
                },
                entry: serde_json::to_string(entry)?,
                committed_at: committed_at.clone(),
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    append_all(server, WINDOWS, &rows).await
}

/// The advertisers of a load whose entry has been sent, as a query for one array.
pub(super) fn advertisers_of(server: &Server, prepared: &Prepared, load_id: &str) -> String {
    format!(
        "SELECT any(advertiser_ids) FROM {} WHERE {} AND load_id = {}",
        server.table(WINDOWS),
        of(prepared),
        literal(load_id)
    )
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
    let count = server
        .number(&format!(
            "SELECT count() FROM {} WHERE {} AND is_loaded AND seq <= {head} AND window_id = {}",
            server.table(WINDOWS),
            of(prepared),
            literal(window_id)
        ))
        .await?;
    Ok(count > 0)
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

/// Windows that vouch for nothing and are old enough to be forgotten.
pub(super) struct Spent {
    pub(super) loaded: Vec<String>,
    pub(super) given_up: Vec<String>,
}

/// The windows that vouched for nothing at an instant and were read before another one.
pub(super) async fn spent(
    server: &Server,
    prepared: &Prepared,
    head: u64,
    at: Timestamp,
    read_before: Timestamp,
) -> Result<Spent, Failure> {
    let condition = format!("seq <= {head} AND committed_at <= {}", literal(&moment(at)));
    let committed = committed(server, prepared, &condition).await?;
    let is_given_up = |entry: &WindowEntry| entry.quarantine_reason.is_some();
    let old: Vec<(String, bool)> = committed
        .iter()
        .filter(|committed| committed.entry.read_at < read_before)
        .map(|committed| {
            let entry = &committed.entry;
            (entry.window_id.clone(), is_given_up(entry))
        })
        .collect();
    let vouching: BTreeSet<(String, bool)> = vouching::still_vouching(committed)
        .into_iter()
        .map(|entry| (entry.window_id.clone(), is_given_up(&entry)))
        .collect();
    let (given_up, loaded): (Vec<_>, Vec<_>) = old
        .into_iter()
        .filter(|window| !vouching.contains(window))
        .partition(|(_, is_given_up)| *is_given_up);
    let ids = |windows: Vec<(String, bool)>| windows.into_iter().map(|(id, _)| id).collect();
    Ok(Spent {
        loaded: ids(loaded),
        given_up: ids(given_up),
    })
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

/// What the ledger says of one stream in the entries that meet a condition, in the order of loading, what was given up
/// at the end. An entry that was said anew when days were dropped keeps its place.
pub(super) async fn committed(
    server: &Server,
    prepared: &Prepared,
    condition: &str,
) -> Result<Vec<Committed>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT seq, load_id, empty(advertiser_ids), entry FROM {} WHERE {} AND ({condition}) \
             ORDER BY seq, load_id",
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
        let seq = seq.parse().unwrap_or(0);
        let key = (entry.window_id.clone(), entry.quarantine_reason.is_none());
        let place = by_window.get(&key).map_or(seq, |known| known.order.0);
        by_window.insert(
            key,
            Committed {
                order: (place, load_id.clone()),
                entry,
            },
        );
    }
    Ok(by_window.into_values().collect())
}
