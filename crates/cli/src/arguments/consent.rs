//! What `criteo consent` takes.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::SignedDuration;

pub(super) const EXAMPLES: &str = "\
Examples:
  criteo consent                           who may grant, how, and who did until now
  criteo consent --watch                   wait until one more advertiser is granted
  criteo consent --watch --timeout 30m && criteo sync
  criteo consent --json | jq -r '.granted[].id'

Exits with 3 if the time is up, or somebody pressed Ctrl-C, before an advertiser appeared.";

const URL_EXAMPLES: &str = "\
Examples:
  export CRITEO_CONNECTOR_KEY_FILE=path/to/the-connector-key.txt
  criteo consent url --redirect-uri https://agency.example/thanks --state customer-42

The key pair comes from the file that CRITEO_CONNECTOR_KEY_FILE names, never from an argument.";

const LISTEN_EXAMPLES: &str = "\
Examples:
  criteo consent listen                    until Ctrl-C, a JSON line for each callback
  criteo consent listen --once | jq -r .state

Criteo calls a public https address, the callback URL registered for the Connector. Put a reverse proxy
that has one in front; with Caddy, for example:

  agency.example {
      reverse_proxy /criteo-callback 127.0.0.1:8788
  }

It has to pass on the body and the header x-criteo-hmac-sha512 unchanged. What is not signed by Criteo is
answered with 401 and printed nowhere.";

/// What `consent` takes.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ConsentArguments {
    /// For apps with a Connector.
    #[command(subcommand)]
    pub(crate) command: Option<ConsentCommand>,
    /// Wait until an advertiser is granted that was not at the last look
    #[arg(long)]
    pub(crate) watch: bool,
    /// Wait no longer than this, such as 90s, 30m or 2h (default: until Ctrl-C)
    #[arg(long, requires = "watch", value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Pause between two looks, a second or more
    #[arg(long, requires = "watch", value_name = "TIME", default_value = "10s", value_parser = pause)]
    pub(crate) every: Duration,
}

/// What an app with a Connector can do by itself.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ConsentCommand {
    /// Print a signed URL at which somebody can grant access, for apps with a Connector
    #[command(after_help = URL_EXAMPLES)]
    Url(ConsentUrlArguments),
    /// Receive and verify what Criteo posts to the Connector's callback URL
    #[command(after_help = LISTEN_EXAMPLES)]
    Listen(ConsentListenArguments),
}

/// What `consent url` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConsentUrlArguments {
    /// Where the browser goes afterwards: an https address without query
    #[arg(long, value_name = "URL")]
    pub(crate) redirect_uri: String,
    /// By what you know whose consent it is; Criteo repeats it in the callback. Letters, digits and - . _ ~
    #[arg(long, value_name = "WORD")]
    pub(crate) state: String,
}

/// What `consent listen` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConsentListenArguments {
    /// Port; 0 takes a free one
    #[arg(long, default_value_t = 8788)]
    pub(crate) port: u16,
    /// Address to listen on. Any but this machine's own loopback can be reached by others, without TLS
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) bind: IpAddr,
    /// End after the first callback of Criteo's
    #[arg(long)]
    pub(crate) once: bool,
    /// Listen no longer than this, such as 90s, 30m or 2h (default: until Ctrl-C)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
}

fn duration(written: &str) -> Result<Duration, String> {
    let parsed = written.parse::<SignedDuration>().ok();
    let duration = parsed.and_then(|duration| Duration::try_from(duration).ok());
    match duration {
        Some(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("a length of time is written as 90s, 30m or 2h".to_owned()),
    }
}

fn pause(written: &str) -> Result<Duration, String> {
    match duration(written)? {
        pause if pause >= Duration::from_secs(1) => Ok(pause),
        _ => Err("looking more often than every second would spend the app's quota".to_owned()),
    }
}
