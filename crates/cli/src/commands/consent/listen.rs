//! `criteo consent listen`: receives Criteo's callbacks, and prints those that Criteo signed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use criteo_engine::config::{self, Environment};
use criteo_engine::consent::listen::{CallbackListener, ListenEvent, ListenSummary};
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::arguments::ConsentListenArguments;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::signals;
use crate::wording::{count, counted};

/// So many refusals are told one by one; whoever sends more shall not fill the screen.
const REFUSALS_TOLD: u64 = 10;

/// Listens until Ctrl-C, the end of the time, or with `--once` the first callback.
pub(super) async fn run(
    context: &Context,
    arguments: &ConsentListenArguments,
) -> anyhow::Result<Exit> {
    let printer = context.printer;
    let found = config::connector_key(&Environment::of_process())?;
    for warning in &found.warnings {
        printer.warning(warning);
    }
    let address = SocketAddr::new(arguments.bind, arguments.port);
    let listener = CallbackListener::bind(address).await?;
    let address = listener.address();
    if !address.ip().is_loopback() {
        printer.warning(&format!(
            "{address} can be reached from other machines, and this is plain HTTP: callbacks are verified, but can be \
             read on their way. A reverse proxy on this machine with https in front needs 127.0.0.1 only."
        ));
    }
    printer.note(format_args!(
        "Listening for callbacks on http://{address}, any path. Criteo needs a public https address in front of it\n\
         (`criteo consent listen --help` shows how). A JSON line for each callback; Ctrl-C ends it."
    ));

    let stop = CancellationToken::new();
    let (ending, timeout) = (stop.clone(), arguments.timeout);
    let watcher = tokio::spawn(async move {
        let time_is_up = async {
            match timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = signals::interruption() => {}
            () = time_is_up => {}
        }
        ending.cancel();
    });
    let take = Arc::new(move |event: &ListenEvent<'_>| tell(&printer, event));
    let served = listener.serve(found.key, arguments.once, stop, take).await;
    watcher.abort();
    let summary = served?;
    printer.note(in_words(&summary));
    // Whoever asked for one callback and got none lacks something.
    let is_missing = arguments.once && summary.verified == 0;
    Ok(if is_missing {
        Exit::Partial
    } else {
        Exit::Complete
    })
}

fn tell(printer: &Printer, event: &ListenEvent<'_>) -> io::Result<()> {
    match event {
        ListenEvent::Verified(callback) => {
            let mut line = serde_json::to_value(callback).map_err(io::Error::other)?;
            line["event"] = "consent_callback".into();
            printer.data(line)
        }
        ListenEvent::Repeated => {
            printer.note("The same callback came again; it stands above once.");
            Ok(())
        }
        ListenEvent::Refused {
            count,
            status,
            reason,
        } => {
            if *count <= REFUSALS_TOLD {
                printer.warning(&format!("Answered a request with {status}: {reason}"));
            }
            if *count == REFUSALS_TOLD {
                printer.warning("Further requests like this are counted and told at the end");
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn in_words(summary: &ListenSummary) -> String {
    format!(
        "{} verified, {} repeated, {} refused.",
        counted(summary.verified, "callback"),
        count(summary.repeated),
        count(summary.refused)
    )
}
