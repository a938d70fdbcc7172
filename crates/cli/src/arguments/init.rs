//! What `init` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use jiff::civil::Date;

use super::{StoreWish, age, day};

/// What stands below the help of `init`.
pub(super) const EXAMPLES: &str = "\
Examples:
  criteo init                                  from nothing to a first sync, step by step
  criteo init --resume                         go on where the last session stopped
  criteo init --non-interactive --key-file key.txt --currency EUR --timezone Europe/Paris \\
      --destination duckdb --destination-option path=criteo.duckdb --wait 15m
                                               the same for a script, which names what is missing

Answers that are given as options are suggested at their step; with --non-interactive they are all
there is. Keys of --destination-option are those of [destination], which `criteo schema` prints with
what they mean. A secret is never an option.

Exits with 0 when the configuration is written, with 2 when an answer is missing or wrong, with 1
when something that was tested does not work, and with 3 when it was stopped: then
`criteo init --resume` goes on.";

/// What `init` takes: answers that are known before anybody asks.
#[derive(Debug, Clone, Args)]
pub(crate) struct InitArguments {
    /// Go on where the last session stopped
    #[arg(long, conflicts_with = "non_interactive")]
    pub(crate) resume: bool,
    /// Ask nothing: take all answers from options and environment, name those that are missing, and write nothing
    /// unless key, consent and destination work; a missing permission is a warning
    #[arg(long)]
    pub(crate) non_interactive: bool,
    /// Key file from Criteo's partner portal; - reads from standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key_file: Option<PathBuf>,
    /// Where to keep the key
    #[arg(long, value_enum, value_name = "PLACE", default_value_t = StoreWish::Auto)]
    pub(crate) store: StoreWish,
    /// Read this advertiser; may be given several times (default: every advertiser that the app was granted)
    #[arg(long = "advertiser", value_name = "ID")]
    pub(crate) advertisers: Vec<String>,
    /// Currency of all money, such as EUR
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,
    /// Time zone of all days, such as Europe/Paris
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// First day to read, YYYY-MM-DD (default: 90 days before today)
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) start_date: Option<Date>,
    /// Where the rows go: duckdb, postgres, clickhouse, parquet, csv or jsonl
    #[arg(long, value_name = "TYPE")]
    pub(crate) destination: Option<String>,
    /// A key of the destination; may be given several times
    #[arg(
        long = "destination-option",
        value_name = "KEY=VALUE",
        requires = "destination"
    )]
    pub(crate) destination_options: Vec<String>,
    /// Turn a stream on; may be given several times
    #[arg(long = "enable", value_name = "STREAM")]
    pub(crate) enabled: Vec<String>,
    /// Turn a stream off; may be given several times
    #[arg(long = "disable", value_name = "STREAM")]
    pub(crate) disabled: Vec<String>,
    /// Replace a configuration that is there; a copy of it is kept
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Without questions: how long to wait for the key to become active and for a first advertiser, such as 15m
    #[arg(long, value_name = "TIME", value_parser = age, requires = "non_interactive")]
    pub(crate) wait: Option<Duration>,
}
