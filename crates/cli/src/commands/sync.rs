//! `criteo sync`: load what is missing, and read again what Criteo restates.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use criteo_engine::Selection;
use tokio_util::sync::CancellationToken;

use super::context::{Connected, Context, selection};
use super::summary;
use crate::arguments::SelectionArguments;
use crate::exit::Exit;
use crate::reporters::Progress;
use crate::signals;

/// Runs the engine of each connection until everything is loaded, or a person stops it.
pub(super) async fn run(context: &Context, arguments: &SelectionArguments) -> anyhow::Result<Exit> {
    let selection = selection(arguments, &context.configuration()?)?;
    let connections = context
        .connections(|| Progress::new(context.printer))
        .await?;
    let shown = Arc::new(Mutex::new(None::<Arc<Progress>>));
    let stop = stop_token(context, Arc::clone(&shown));
    let mut exit = connections.exit;
    for connected in connections.ready {
        if stop.is_cancelled() {
            exit = exit.and(Exit::Partial);
            continue;
        }
        *locked(&shown) = Some(Arc::clone(&connected.reporter));
        let config = connected.config.clone();
        if connections.are_several {
            ignore_closed_pipe(context.announce(&config))?;
        }
        match sync(context, connected, &selection, stop.clone()).await {
            Err(error) if connections.are_several => {
                exit = exit.and(context.failed(&config, error));
            }
            ended => exit = exit.and(ended?),
        }
    }
    Ok(exit)
}

/// One run. Its engine is gone when this returns, so that the next one can open the destination.
async fn sync(
    context: &Context,
    connected: Connected<Progress>,
    selection: &Selection,
    stop: CancellationToken,
) -> anyhow::Result<Exit> {
    let result = connected.engine.sync(selection, stop).await;
    connected.reporter.finish();
    let run = result?;
    ignore_closed_pipe(summary::print(&context.printer, &run))?;
    Ok(run.outcome.into())
}

/// Whoever closed the pipe has read enough, but how the run ended is not for them to change.
fn ignore_closed_pipe(printed: std::io::Result<()>) -> std::io::Result<()> {
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Stops all runs, through whichever is shown.
fn stop_token(context: &Context, shown: Arc<Mutex<Option<Arc<Progress>>>>) -> CancellationToken {
    let printer = context.printer;
    signals::stop_token_saying(move |text| match &*locked(&shown) {
        Some(progress) => progress.say(text),
        None => printer.note(text),
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
