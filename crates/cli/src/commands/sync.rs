//! `criteo sync`: load what is missing, and read again what Criteo restates.

use std::io::ErrorKind;
use std::sync::Arc;

use super::context::{Context, selection};
use super::summary;
use crate::arguments::SelectionArguments;
use crate::exit::Exit;
use crate::reporters::Progress;
use crate::signals;

/// Runs the engine until everything is loaded, or a person stops it.
pub(super) async fn run(context: &Context, arguments: &SelectionArguments) -> anyhow::Result<Exit> {
    let config = context.configuration()?;
    let selection = selection(arguments, &config)?;
    let progress = Arc::new(Progress::new(context.printer));
    let engine = context.engine(&config, Arc::clone(&progress))?;
    let stop = signals::stop_token(Arc::clone(&progress));
    let result = engine.sync(&selection, stop).await;
    progress.finish();
    let run = result?;
    match summary::print(&context.printer, &run) {
        // Whoever closed the pipe has read enough, but how the run ended is not for them to change.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(run.outcome.into()),
    }
}
