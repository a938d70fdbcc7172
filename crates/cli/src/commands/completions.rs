//! `criteo completions SHELL`.

use clap::CommandFactory;

use super::context::Context;
use crate::arguments::{Arguments, CompletionsArguments};
use crate::exit::Exit;

/// Prints the script that teaches a shell our command line.
pub(super) fn run(context: &Context, arguments: &CompletionsArguments) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "criteo",
        &mut script,
    );
    context
        .printer
        .data(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Complete)
}
