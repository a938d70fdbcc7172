//! `criteo sandbox`: a pretend Criteo on this machine, until Ctrl-C.

use std::path::Path;

use anyhow::Context as _;
use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Sandbox, SandboxConfig, Scenario};
use serde_json::json;

use super::context::Context;
use crate::arguments::SandboxArguments;
use crate::exit::{Exit, UsageError};
use crate::signals;

/// Serves until somebody stops it.
pub(super) async fn run(context: &Context, arguments: &SandboxArguments) -> anyhow::Result<Exit> {
    let scenario = arguments.scenario.as_deref().map(scenario).transpose()?;
    let has_own_keys = scenario
        .as_ref()
        .is_some_and(|scenario| !scenario.keys.is_empty());
    let sandbox = Sandbox::start(SandboxConfig {
        port: arguments.port,
        seed: arguments.seed,
        scenario,
        now: arguments.now,
    })?;
    let url = sandbox.url();
    let printer = &context.printer;
    if printer.is_json() {
        // One line, so that a script can wait for it.
        let mut ready = json!({ "url": url, "now": sandbox.now() });
        if !has_own_keys {
            ready["client_id"] = DEMO_CLIENT_ID.into();
            ready["client_secret"] = DEMO_CLIENT_SECRET.into();
        }
        printer.data(ready)?;
    } else {
        printer.note(format_args!(
            "A pretend Criteo listens on {url}, where it is {} UTC.\nIn another terminal:\n",
            sandbox.now().strftime("%F %R")
        ));
        printer.data(format_args!("export CRITEO_API_URL={url}"))?;
        if !has_own_keys {
            printer.data(demo_key())?;
        }
        printer.note(format_args!(
            "\nthen `criteo init`, which writes a criteo.toml, or with one of yours `criteo check` and `criteo sync`. \
             {url}/admin/calls shows what was asked. Ctrl-C stops it."
        ));
    }
    signals::interruption().await;
    Ok(Exit::Complete)
}

/// The key of the sandbox, for a shell. It is no secret: the sandbox gives it to everybody.
pub(super) fn demo_key() -> String {
    format!(
        "export CRITEO_CLIENT_ID={DEMO_CLIENT_ID}\nexport CRITEO_CLIENT_SECRET='{DEMO_CLIENT_SECRET}'"
    )
}

fn scenario(path: &Path) -> anyhow::Result<Scenario> {
    let text = std::fs::read_to_string(path)
        .with_context(|| UsageError::new(format!("Cannot read the scenario {}", path.display())))?;
    Scenario::from_toml(&text)
        .with_context(|| UsageError::new(format!("The scenario {} cannot be used", path.display())))
}
