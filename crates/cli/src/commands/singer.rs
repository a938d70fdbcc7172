//! `criteo singer`: the Singer protocol on standard output, and the run for people on standard error.

use std::sync::Arc;

use criteo_doors::singer::{Request, serve};

use super::context::Context;
use super::door;
use crate::arguments::SingerArguments;
use crate::exit::Exit;
use crate::reporters::Progress;
use crate::signals;

/// Is a tap.
pub(super) async fn run(context: &Context, arguments: &SingerArguments) -> anyhow::Result<Exit> {
    let request = Request {
        config: context.global.config.clone(),
        discover: arguments.discover,
        catalog: arguments.catalog.clone(),
        state: arguments.state.clone(),
    };
    let output = door::output();
    let progress = Arc::new(Progress::on_stderr(context.printer));
    let stop = signals::stop_token(Arc::clone(&progress));
    let answered = serve(&request, &output, Arc::clone(&progress) as _, stop).await;
    progress.finish();
    Ok(door::exit(context, answered))
}
