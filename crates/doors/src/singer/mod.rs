//! The Singer protocol: `--discover` prints a catalog; otherwise schemas, records and states go to standard output.
//!
//! Reports are incremental, listings are full tables of a new version, which is activated when all of it was delivered. Where
//! keys are kept, rows that vanish are delivered with the time at which that was found in `_sdc_deleted_at`, and targets
//! that delete by it (`hard_delete`) do.

mod catalog;
mod messages;
mod reporter;
mod sync;

use std::path::PathBuf;
use std::sync::Arc;

use criteo_engine::event::Reporter;
use tokio_util::sync::CancellationToken;

use crate::error::DoorError;
use crate::output::Output;
use crate::request::{configuration_of, offered};
use crate::stream::Dialect;

/// The columns that are added to those of the tables.
pub const DIALECT: Dialect = Dialect {
    read_at: "_criteo_read_at",
    deleted_at: "_sdc_deleted_at",
};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// File with the configuration.
    pub config: PathBuf,
    /// Whether the catalog is wanted, and nothing else.
    pub discover: bool,
    /// File with the catalog; without one, every stream that is on by default, with all columns.
    pub catalog: Option<PathBuf>,
    /// File with the state, if there is one.
    pub state: Option<PathBuf>,
}

/// Answers a request on `output`, and tells `watcher` how a run goes on. When `stop` is cancelled, the windows in flight
/// are finished and the run ends.
///
/// # Errors
/// When the catalog, the state or the configuration cannot be used, the run ends early, or messages cannot be written.
/// Singer has no message for errors: the exit code tells, and the words belong on standard error.
pub async fn serve(
    request: &Request,
    output: &Arc<Output>,
    watcher: Arc<dyn Reporter>,
    stop: CancellationToken,
) -> Result<(), DoorError> {
    let answered = if request.discover {
        discover(request, output)
    } else {
        sync::sync(request, output, watcher, stop).await
    };
    let is_written = output.finish();
    answered?;
    Ok(is_written?)
}

fn discover(request: &Request, output: &Output) -> Result<(), DoorError> {
    let configuration = configuration_of(&request.config)?;
    let streams = offered(&configuration.config, DIALECT)?;
    let catalog = catalog::discovered(&streams);
    // People read it and put it into a file, so it has lines.
    output.say(format!("{catalog:#}").as_bytes());
    Ok(())
}
