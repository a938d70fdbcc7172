//! What `-v` and `-vv` show.

use std::io;

use tracing_subscriber::EnvFilter;

/// Sends the logs of our own crates to stderr, as much as `verbosity` asks for.
///
/// There is deliberately no way to switch on the logs of the HTTP libraries: at their most talkative they write out
/// headers and bodies, and those hold the secret and the token.
pub(crate) fn start(verbosity: u8) {
    let directives = match verbosity {
        0 => return,
        1 => "criteo=info,criteo_api=info,criteo_engine=info,criteo_sandbox=warn",
        _ => "criteo=debug,criteo_api=debug,criteo_engine=debug,criteo_sandbox=info",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_writer(io::stderr)
        .with_ansi(console::colors_enabled_stderr())
        .with_target(false)
        .init();
}
