//! What `criteo singer` takes: the options that Singer gives to every tap.

use std::path::PathBuf;

use clap::{Args, ValueHint};

pub(super) const EXAMPLES: &str = "\
Examples:
  criteo singer --config config.json --discover > catalog.json
  criteo singer --config config.json --catalog catalog.json --state state.json | target-jsonl

The configuration is JSON with the keys that `criteo airbyte spec` describes, not a criteo.toml. \
A link to criteo whose name is tap-criteo takes these options directly, as Meltano calls it.";

/// What `singer` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct SingerArguments {
    /// Print the catalog: streams, columns, keys
    #[arg(long)]
    pub(crate) discover: bool,
    /// Catalog in which streams and columns are selected (default: the streams that are on by default)
    #[arg(long, visible_alias = "properties", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) catalog: Option<PathBuf>,
    /// State of the last run (default: nothing was read)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
}
