//! `criteo schema`: the JSON Schema of the configuration, for editors.

use criteo_engine::config::Config;

use super::context::Context;
use crate::exit::Exit;

/// Prints the schema.
pub(super) fn run(context: &Context) -> anyhow::Result<Exit> {
    context.printer.json(&Config::json_schema())?;
    Ok(Exit::Complete)
}
