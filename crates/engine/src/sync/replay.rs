//! Loads what an earlier run had decoded but not loaded, without asking Criteo again.

use super::Selection;
use super::context::selected;
use crate::destination::DestinationError;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::event::Event;
use crate::ledger::StreamEntry;
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

async fn load(
    engine: &Engine,
    selection: &Selection,
    pending: &Pending,
) -> Result<Replayed, EngineError> {
    let stream = &pending.load.entry.stream;
    if pending.destination != engine.destination_identity {
        return Ok(Replayed::Dropped(format!(
            "it was meant for {}",
            pending.destination
        )));
    }
    if selection.rebuild
        && selected(&engine.specs, selection)?
            .iter()
            .any(|spec| spec.name == *stream)
    {
        return Ok(Replayed::Dropped("the table is rebuilt".to_owned()));
    }
    if let Some(wanted) = wanted(engine, stream)
        && wanted != pending.stream
    {
        return Ok(Replayed::Dropped(
            "the configuration of its stream has changed".to_owned(),
        ));
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
