//! What the commands of the Airbyte protocol take: the options that Airbyte gives to every source.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

pub(super) const EXAMPLES: &str = "\
Examples:
  criteo airbyte spec                                      the form of the configuration
  criteo airbyte check --config config.json                could a sync work?
  criteo airbyte discover --config config.json             streams, columns, keys
  criteo airbyte read --config config.json --catalog catalog.json --state state.json

The configuration is the JSON that `spec` describes, not a criteo.toml. \
A link to criteo whose name is source-criteo takes these commands directly, as PyAirbyte calls them.";

/// What Airbyte asks for.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum AirbyteCommand {
    /// Print the form of the configuration
    Spec,
    /// Test every link from this machine to Criteo
    Check,
    /// List streams with columns and keys
    Discover,
    /// Print records and states
    Read(AirbyteReadArguments),
}

/// What `airbyte read` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct AirbyteReadArguments {
    /// Configured catalog: which streams and columns to read, and how
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) catalog: PathBuf,
    /// States of the streams so far (default: nothing was read)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
}
