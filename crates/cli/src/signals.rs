//! Ctrl-C and SIGTERM: the first one asks, the second one insists.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::reporters::Progress;

/// A token that is cancelled by the first signal. The second one ends the process: what is committed stays, and
/// what is not is read again next time.
pub(crate) fn stop_token(progress: Arc<Progress>) -> CancellationToken {
    stop_token_saying(move |text| progress.say(text))
}

/// The same, for those who show several runs one after the other.
pub(crate) fn stop_token_saying(say: impl Fn(&str) + Send + 'static) -> CancellationToken {
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        interruption().await;
        stop.cancel();
        say(
            "Stopping: answers that are on their way are waited for, calls that wait for their quota are given up. Ctrl-C \
             again stops at once.",
        );
        interruption().await;
        say("Stopped at once. The next sync carries on from what is committed.");
        std::process::exit(Exit::Partial.code().into());
    });
    token
}

/// Waits for Ctrl-C, or for SIGTERM where there is such a thing.
pub(crate) async fn interruption() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler there is no signal to wait for, and the process ends by default.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
