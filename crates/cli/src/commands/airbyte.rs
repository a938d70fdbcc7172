//! `criteo airbyte`: the Airbyte protocol on standard output.

use criteo_doors::airbyte::{Request, serve};

use super::context::Context;
use super::door;
use crate::arguments::AirbyteCommand;
use crate::exit::Exit;
use crate::reporters::words;

/// Answers Airbyte. What goes wrong is said in its messages.
pub(super) async fn run(context: &Context, command: &AirbyteCommand) -> anyhow::Result<Exit> {
    let config = context.global.config.clone();
    let request = match command {
        AirbyteCommand::Spec => Request::Spec,
        AirbyteCommand::Check => Request::Check { config },
        AirbyteCommand::Discover => Request::Discover { config },
        AirbyteCommand::Read(arguments) => Request::Read {
            config,
            catalog: arguments.catalog.clone(),
            state: arguments.state.clone(),
        },
    };
    let output = door::output();
    let stop = door::stop_token(context);
    let answered = serve(&request, &output, words, stop).await;
    Ok(door::exit(context, answered))
}
