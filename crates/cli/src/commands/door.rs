//! What the commands for platforms share: standard output for messages alone, and how they end.

use std::io;
use std::sync::Arc;

use criteo_doors::DoorError;
use criteo_doors::output::Output;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use crate::exit::Exit;
use crate::signals;

/// Standard output, with nothing on it but messages.
pub(super) fn output() -> Arc<Output> {
    // Whole chunks are written at once, and line buffering would cut them at the last line break.
    Arc::new(Output::new(io::BufWriter::with_capacity(
        1 << 16,
        io::stdout(),
    )))
}

/// A token that is cancelled by the first signal: windows in flight are finished, their states are written.
pub(super) fn stop_token(context: &Context) -> CancellationToken {
    let printer = context.printer;
    signals::stop_token_saying(move |text| printer.note(text))
}

/// How the command ends. A platform is told on standard output; a person before a terminal sees the same on stderr.
pub(super) fn exit(context: &Context, answered: Result<(), DoorError>) -> Exit {
    match answered {
        Ok(()) => Exit::Complete,
        Err(error) => {
            context.printer.error(&error.story());
            match error {
                DoorError::Incomplete { .. } => Exit::Partial,
                error if error.is_configuration() => Exit::Usage,
                _ => Exit::Failed,
            }
        }
    }
}
