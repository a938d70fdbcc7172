//! `criteo sync`: load what is missing, and read again what Criteo restates.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use criteo_engine::config::DestinationSection;
use criteo_engine::event::Outcome;
use criteo_engine::{Selection, destination};
use tokio_util::sync::CancellationToken;

use super::context::{Connected, Context, note_accepted_key, selection};
use super::summary::{self, Kept};
use super::{query, views};
use crate::arguments::{OutputFormat, SyncArguments};
use crate::exit::{Exit, UsageError};
use crate::reporters::Progress;
use crate::signals;

/// Runs the engine of each connection until everything is loaded, or a person stops it.
pub(super) async fn run(context: &Context, arguments: &SyncArguments) -> anyhow::Result<Exit> {
    let context = &context.with_output(output(arguments));
    let config = context.configuration()?;
    let selection = selection(&arguments.selection, &config)?;
    let kept = if config.destination.keeps_rows() {
        Kept::Yes
    } else {
        Kept::No
    };
    if kept == Kept::No {
        refuse_events(context)?;
    }
    let connections = context
        .connections(|| Progress::new(context.printer))
        .await?;
    if connections.are_several
        && matches!(config.destination, DestinationSection::Csv { .. })
        && kept == Kept::No
    {
        return Err(UsageError::new(
            "CSV on standard output takes one connection, because a header holds for all rows",
        )
        .with_hint("Name one with --connection, or take --format jsonl.")
        .into());
    }
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
        if connections.are_several && kept == Kept::Yes {
            ignore_closed_pipe(context.announce(&config))?;
        }
        match sync(context, connected, &selection, stop.clone(), kept).await {
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
    kept: Kept,
) -> anyhow::Result<Exit> {
    let result = connected.engine.sync(selection, stop).await;
    connected.reporter.finish();
    if result.as_ref().is_ok_and(|run| run.calls > 0) {
        note_accepted_key(connected.engine.key());
    }
    // Views are made anew by another door to the destination.
    drop(connected.engine);
    let run = result?;
    ignore_closed_pipe(summary::print(
        &context.printer,
        &run,
        kept,
        &again(context, selection),
    ))?;
    // Whoever has just loaded something wants to look at it. What went elsewhere than configured, others do not look at.
    let is_in_place = kept == Kept::Yes && context.output.is_none();
    if is_in_place && run.outcome == Outcome::Complete && !context.printer.is_json() {
        context.printer.note(format_args!(
            "The rows are in {}, named like the streams unless the configuration says otherwise. `criteo status` shows what is \
             there, `criteo verify` compares it with Criteo's own totals.",
            destination::open(&connected.config).describe()
        ));
        let file = &context.global.config;
        query::suggest(&context.printer, file, &connected.config, &run);
    }
    views::renew(context, &connected.config).await;
    Ok(run.outcome.into())
}

/// The command that carries on after an interruption. It is named where it can be: `criteo init` runs it for a person who
/// gave another one.
fn again(context: &Context, selection: &Selection) -> String {
    let is_all = *selection == Selection::default()
        && context.output.is_none()
        && context.global.connection.is_none();
    if is_all {
        format!("`criteo {}sync`", context.config_option())
    } else {
        summary::SAME_COMMAND.to_owned()
    }
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

/// The destination that the command line names in the place of the configured one.
fn output(arguments: &SyncArguments) -> Option<DestinationSection> {
    let path = arguments.output.clone()?;
    Some(match arguments.format {
        OutputFormat::Csv => DestinationSection::Csv { path },
        OutputFormat::Jsonl => DestinationSection::Jsonl { path },
    })
}

/// Rows and events on the same stream could not be told apart.
fn refuse_events(context: &Context) -> Result<(), UsageError> {
    if !context.printer.is_json() {
        return Ok(());
    }
    Err(
        UsageError::new("--json prints events where this destination prints rows")
            .with_hint("Leave out --json; --format jsonl prints rows as JSON."),
    )
}
