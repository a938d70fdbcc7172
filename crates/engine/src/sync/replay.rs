//! Loads what an earlier run had decoded but not loaded, without asking Criteo again.

use super::Selection;
use super::context::selected;
use crate::destination::DestinationError;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::event::Event;
use crate::ledger::{StreamEntry, WindowEntry};
use crate::spool::{Pending, Spool};

/// What became of one window.
enum Replayed {
    Loaded,
    /// It will be read again; why.
    Dropped(String),
}

/// Loads every window of the spool that still fits, and drops the others.
pub(super) async fn replay(
    engine: &Engine,
    spool: &Spool,
    selection: &Selection,
) -> Result<(), EngineError> {
    let mut loaded: Vec<(String, usize)> = Vec::new();
    for pending in spool.pending()? {
        let stream = pending.load.entry.stream.clone();
        match load(engine, selection, &pending).await? {
            Replayed::Loaded => match loaded.last_mut() {
                Some((name, windows)) if *name == stream => *windows += 1,
                _ => loaded.push((stream, 1)),
            },
            Replayed::Dropped(reason) => engine.reporter.on_event(&Event::Warning {
                stream: Some(stream),
                message: format!(
                    "A window that an earlier run had decoded was dropped and will be read again: {reason}"
                ),
            }),
        }
        spool.remove(&pending.load)?;
    }
    for (stream, windows) in loaded {
        engine
            .reporter
            .on_event(&Event::SpoolReplayed { stream, windows });
    }
    Ok(())
}

/// The windows in the spool that the next run loads before it asks Criteo anything, oldest reading first. What is not said
/// here is whether the destination will take them.
pub(crate) fn waiting(
    engine: &Engine,
    selection: &Selection,
) -> Result<Vec<WindowEntry>, EngineError> {
    let mut entries = Vec::new();
    for pending in Spool::peek(&engine.spool_folder)? {
        if reason_to_drop(engine, selection, &pending)?.is_none() {
            entries.push(pending.load.entry);
        }
    }
    Ok(entries)
}

/// Puts windows that wait in the spool among what the ledger has of their stream, where they will be once they are
/// loaded.
pub(crate) fn with_waiting(
    mut entries: Vec<WindowEntry>,
    waiting: &[WindowEntry],
    stream: &str,
) -> Vec<WindowEntry> {
    for window in waiting.iter().filter(|window| window.stream == stream) {
        // A process that died after loading one left it in the spool.
        let is_loaded = |entry: &WindowEntry| {
            entry.window_id == window.window_id && entry.quarantine_reason.is_none()
        };
        if !entries.iter().any(is_loaded) {
            entries.push(window.clone());
        }
    }
    // Window ids are UUIDs of version 7, whose order is the order in time.
    entries.sort_by(|one, other| one.window_id.cmp(&other.window_id));
    entries
}

/// Why a window of the spool is not loaded but read again, before the destination is asked; `None` when it is loaded.
fn reason_to_drop(
    engine: &Engine,
    selection: &Selection,
    pending: &Pending,
) -> Result<Option<String>, EngineError> {
    let stream = &pending.load.entry.stream;
    if pending.destination != engine.destination_identity {
        return Ok(Some(format!("it was meant for {}", pending.destination)));
    }
    if selection.rebuild
        && selected(&engine.specs, selection)?
            .iter()
            .any(|spec| spec.name == *stream)
    {
        return Ok(Some("the table is rebuilt".to_owned()));
    }
    if let Some(wanted) = wanted(engine, stream)
        && wanted != pending.stream
    {
        return Ok(Some(
            "the configuration of its stream has changed".to_owned(),
        ));
    }
    Ok(None)
}

async fn load(
    engine: &Engine,
    selection: &Selection,
    pending: &Pending,
) -> Result<Replayed, EngineError> {
    if let Some(reason) = reason_to_drop(engine, selection, pending)? {
        return Ok(Replayed::Dropped(reason));
    }
    let destination = &engine.destination;
    let prepared = destination
        .prepare(&pending.load.schema, &pending.stream)
        .await;
    let outcome = match prepared {
        Ok(()) => destination.load_window(&pending.load).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => Ok(Replayed::Loaded),
        // Anything else (a locked file, a full disk) may pass, and the window must still be there then.
        Err(
            error @ (DestinationError::Incompatible { .. }
            | DestinationError::ForeignTable { .. }
            | DestinationError::Failed { .. }),
        ) => Ok(Replayed::Dropped(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// What the configuration wants of a stream, if it still has it.
fn wanted(engine: &Engine, stream: &str) -> Option<StreamEntry> {
    engine
        .specs
        .iter()
        .find(|spec| spec.name == stream)
        .map(|spec| spec.entry())
}
