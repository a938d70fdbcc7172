//! The Airbyte protocol: `spec`, `check`, `discover` and `read`.
//!
//! Each command prints JSON messages, one a line, and nothing else. What goes wrong is said as a message, too: a
//! connection status of `check`, and a trace of everything else, with what kind of failure it is, so that a platform knows
//! whether to try again.
//!
//! Platforms that keep the newest row of each key are told when each row was read (`_ab_cdc_updated_at`, the cursor) and
//! which rows are gone (`_ab_cdc_deleted_at`), in the words that Airbyte's sources of databases use.

mod catalog;
mod check;
mod messages;
mod read;
mod reporter;

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use self::messages::FailureType;
use crate::configuration::form;
use crate::error::DoorError;
use crate::narration::Narrator;
use crate::output::Output;
use crate::request::{configuration_of, json_of, offered};
use crate::stream::Dialect;

/// The columns that are added to those of the tables.
pub const DIALECT: Dialect = Dialect {
    read_at: "_ab_cdc_updated_at",
    deleted_at: "_ab_cdc_deleted_at",
};

/// What a platform asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The form of the configuration.
    Spec,
    /// Whether a sync could work.
    Check {
        /// File with the configuration.
        config: PathBuf,
    },
    /// Streams and their columns.
    Discover {
        /// File with the configuration.
        config: PathBuf,
    },
    /// Records and states.
    Read {
        /// File with the configuration.
        config: PathBuf,
        /// File with the configured catalog.
        catalog: PathBuf,
        /// File with the state, if there is one.
        state: Option<PathBuf>,
    },
}

/// Answers a request on `output`. When `stop` is cancelled, a read finishes the windows in flight and ends.
///
/// # Errors
/// After the error was said as a message: it decides the exit code. Also when the messages cannot be written.
pub async fn serve(
    request: &Request,
    output: &Arc<Output>,
    narrator: Narrator,
    stop: CancellationToken,
) -> Result<(), DoorError> {
    let answered = match request {
        Request::Spec => {
            output.say(messages::spec(&form()).as_bytes());
            Ok(())
        }
        Request::Check { config } => check::check(config, output).await,
        Request::Discover { config } => discover(config, output),
        Request::Read {
            config,
            catalog,
            state,
        } => read::read(config, catalog, state.as_deref(), output, narrator, stop).await,
    };
    if let Err(error) = &answered
        && !error.is_closed_pipe()
        && !matches!(request, Request::Check { .. })
    {
        let stream = None;
        output.say(messages::error(&error.story(), FailureType::of(error), stream).as_bytes());
    }
    let is_written = output.finish();
    answered?;
    Ok(is_written?)
}

fn discover(config: &std::path::Path, output: &Output) -> Result<(), DoorError> {
    let configuration = configuration_of(config)?;
    let streams = offered(&configuration.config, DIALECT)?;
    output.say(messages::catalog(&catalog::discovered(&streams)).as_bytes());
    Ok(())
}

/// The catalog, state or configuration in a file.
fn file(what: &'static str, path: &std::path::Path) -> Result<serde_json::Value, DoorError> {
    json_of(what, path)
}
