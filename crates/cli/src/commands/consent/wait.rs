//! `criteo consent --watch`: waits until one more advertiser is granted.

use std::io;
use std::time::Duration;

use criteo_engine::consent::{Watch, WatchEvent, WatchOutcome, watch};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::look::{self, Diary};
use crate::arguments::ConsentArguments;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::signals;
use crate::wording::{counted, in_a_while, size};

/// Waits, and tells each look.
pub(super) async fn run(context: &Context, arguments: &ConsentArguments) -> anyhow::Result<Exit> {
    let printer = &context.printer;
    let (client, client_id) = super::client(context)?;
    let diary = Diary::open(printer, client_id);
    if !printer.is_json() {
        printer.note(waiting_for(&diary));
    }
    let stop = CancellationToken::new();
    let interruption = tokio::spawn({
        let stop = stop.clone();
        async move {
            signals::interruption().await;
            stop.cancel();
        }
    });
    let options = Watch {
        known: diary.last.as_ref().map(|look| look.advertisers.clone()),
        pause: arguments.every,
        timeout: arguments.timeout,
    };
    let mut broken = None;
    let outcome = watch(&client, options, &stop, |event| {
        if let Err(error) = tell(printer, event) {
            // Nobody reads any more, so nobody waits.
            broken.get_or_insert(error);
            stop.cancel();
        }
    })
    .await;
    interruption.abort();
    let outcome = outcome?;
    if let Some(error) = broken {
        return Err(error.into());
    }
    let exit = end(printer, &outcome)?;
    if let Some(granted) = outcome.granted() {
        diary.write(printer, granted.to_vec())?;
    }
    Ok(exit)
}

fn waiting_for(diary: &Diary) -> String {
    let new = match &diary.last {
        Some(look) => format!(
            "an advertiser is granted that was not at the last look, {} UTC",
            look.at.strftime("%F %R")
        ),
        None => "an advertiser is granted that is not at the first look".to_owned(),
    };
    format!(
        "Waiting until {new}. `criteo consent` says how access is granted. Ctrl-C ends the waiting."
    )
}

fn tell(printer: &Printer, event: &WatchEvent<'_>) -> io::Result<()> {
    if printer.is_json() {
        let line = match event {
            WatchEvent::Looked {
                look,
                granted,
                change,
                next_in,
            } => json!({
                "event": "consent_looked", "look": look, "granted": granted, "change": change,
                "next_in": seconds(*next_in),
            }),
            WatchEvent::Failed {
                look,
                error,
                next_in,
            } => json!({
                "event": "consent_look_failed", "look": look, "reason": error.to_string(),
                "next_in": seconds(Some(*next_in)),
            }),
            _ => return Ok(()),
        };
        return printer.data(line);
    }
    match event {
        WatchEvent::Looked {
            look: 1, granted, ..
        } => printer.note(format_args!(
            "Granted now: {}.",
            counted(size(granted.len()), "advertiser")
        )),
        WatchEvent::Looked { change, .. } if change.appeared.is_empty() && !change.is_empty() => {
            printer.note(format_args!("Changed:{}", look::lines(change)));
        }
        WatchEvent::Failed { error, next_in, .. } => printer.warning(&format!(
            "Criteo could not be asked, and will be again {}: {error}",
            in_a_while(*next_in)
        )),
        _ => {}
    }
    Ok(())
}

fn end(printer: &Printer, outcome: &WatchOutcome) -> io::Result<Exit> {
    let (name, exit) = match outcome {
        WatchOutcome::Appeared { .. } => ("appeared", Exit::Complete),
        WatchOutcome::TimedOut { .. } => ("timed_out", Exit::Partial),
        WatchOutcome::Stopped { .. } => ("stopped", Exit::Partial),
    };
    if printer.is_json() {
        let appeared = match outcome {
            WatchOutcome::Appeared { advertisers, .. } => advertisers.as_slice(),
            WatchOutcome::TimedOut { .. } | WatchOutcome::Stopped { .. } => &[],
        };
        printer.data(json!({
            "event": "consent_watch_finished", "outcome": name, "appeared": appeared,
            "granted": outcome.granted(),
        }))?;
        return Ok(exit);
    }
    match outcome {
        WatchOutcome::Appeared { advertisers, granted } => {
            printer.note(format_args!(
                "New: {}. {} granted now; `criteo sync` reads them.\n",
                counted(size(advertisers.len()), "advertiser"),
                counted(size(granted.len()), "advertiser")
            ));
            look::print_rows(printer, advertisers)?;
        }
        WatchOutcome::TimedOut { .. } => printer.warning(
            "The time is up and no further advertiser was granted. Has the URL been opened? It works once, within \
             30 days.",
        ),
        WatchOutcome::Stopped { .. } => printer.note("Stopped. No further advertiser was granted."),
    }
    Ok(exit)
}

fn seconds(duration: Option<Duration>) -> Option<f64> {
    duration.map(|duration| duration.as_secs_f64())
}
