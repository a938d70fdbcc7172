//! What can be typed: the command line as data, without a word of what it does.

mod airbyte;
mod auth;
mod consent;
mod init;
mod query;
mod singer;
mod sync;
mod views;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use jiff::Timestamp;
use jiff::civil::Date;

pub(crate) use airbyte::AirbyteCommand;
pub(crate) use auth::{
    AuthCommand, AuthStatusArguments, ImportArguments, RotateArguments, StoreWish,
};
pub(crate) use consent::{
    ConsentArguments, ConsentCommand, ConsentListenArguments, ConsentUrlArguments,
};
pub(crate) use init::InitArguments;
pub(crate) use query::QueryArguments;
pub(crate) use singer::SingerArguments;
pub(crate) use sync::{
    OutputFormat, PlanArguments, SelectionArguments, SyncArguments, VerifyArguments,
};
pub(crate) use views::ViewsArguments;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Start here:
  criteo demo                        see it work, without a key
  criteo init                        from nothing to a first sync, step by step

Then:
  criteo check                       is the key good, and for which advertisers?
  criteo plan                        what would be read, in how many calls and minutes
  criteo sync                        load everything that is missing, and what Criteo restated
  criteo query 'SELECT ...'          look at what was loaded
  criteo fields statistics roas      which metrics have to do with ROAS?

Exit codes:
  0  everything is loaded
  1  it failed
  2  the command line or the configuration is wrong
  3  partly loaded: windows were left out, the run was interrupted, or verify found a difference";

const CHECK_EXAMPLES: &str = "\
Examples:
  criteo check                                 what is broken, and what to do about it
  criteo check --json | jq '.links[] | select(.verdict == \"failed\") | {id, cause, next}'
                                               for a script

Exits with 0 when nothing is broken, warnings or not, with 2 when the configuration or the key's place is, and with 1
when anything else is.";
const VACUUM_EXAMPLES: &str = "\
Examples:
  criteo vacuum --dry-run                      what would be removed
  criteo vacuum                                what was superseded a week ago or earlier
  criteo vacuum --older-than 12h               when no reader works longer than that

Other destinations clear away by themselves what they have replaced, and have nothing to remove.";

const FIELDS_EXAMPLES: &str = "\
Examples:
  criteo fields statistics               all dimensions and metrics
  criteo fields statistics sales 30d     those whose name or column has both words (--all: or description)
  criteo fields statistics spend         also by the words of the trade: AOV, CPA, impressions, revenue
  criteo --json fields campaigns         for a script

A report of your own, in criteo.toml, is a stream and a table of this name (`criteo plan` says what it costs):
  [[reports]]
  name = \"sales_by_device\"
  dimensions = [\"AdvertiserId\", \"CampaignId\", \"Device\", \"Day\"]
  metrics = [\"AdvertiserCost\", \"Clicks\", \"SalesPc30d\"]";

const SANDBOX_EXAMPLES: &str = "\
Examples:
  criteo sandbox                         on port 8700, as of now
  criteo sandbox --now 2026-03-01T08:00:00Z --seed 7
                                         another world, on another day
  criteo sandbox --scenario faults.toml  with quotas, keys, consent and faults of your own

A scenario, of which every part can be left out:
  [world]
  advertisers = 3
  [clock]
  now = \"2026-11-23T10:00:00Z\"
  [limits]
  report_calls_per_minute = 20
  [[keys]]
  client_id = \"my-id\"
  client_secret = \"my+secret/=\"
  scopes = [\"Analytics_Read\", \"Campaign_Read\"]  # without Creative_Read
  [consent]
  revoked = [\"10003\"]
  [[faults]]
  kind = \"status\"
  status = 503
  path = \"statistics\"
  rate = 0.1";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  criteo completions bash > ~/.local/share/bash-completion/completions/criteo
  criteo completions zsh  > ~/.zfunc/_criteo
  criteo completions fish > ~/.config/fish/completions/criteo.fish";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  criteo schema > criteo.schema.json     then write `#:schema ./criteo.schema.json` into the first
                                         line of criteo.toml, and editors know its keys";

/// Lands all data of a Criteo app in your own database, complete and provable.
///
/// Every report and every entity that your app's key may read becomes a typed table in a DuckDB file, with a ledger
/// that says which days are loaded, when, and from which request. Run it as often as you like: it asks only for
/// what is missing and for what Criteo restates.
#[derive(Debug, Parser)]
#[command(
    name = "criteo",
    version,
    styles = STYLES,
    after_help = EXAMPLES,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    /// Options of every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE", default_value = "criteo.toml", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,
    /// Only this connection of [connections] (default: CRITEO_CONNECTION, or each in turn)
    // That text is for the terminal, where the brackets are a name in criteo.toml.
    #[allow(rustdoc::broken_intra_doc_links)]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) connection: Option<String>,
    /// JSON on stdout instead of tables: one object, or one event per line while something runs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress and no summary: only what was asked for, warnings and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more on stderr: -v what is done, -vv every call
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Plain lines instead of progress bars
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// When to use colour: auto, always or never; NO_COLOR is honoured, too
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t = Color::Auto,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub(crate) color: Color,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set everything up, step by step: app, key, consent, choices, configuration, first sync
    ///
    /// Says what to click in Criteo's partner portal, tests the key, waits for the consent, and writes the configuration.
    /// Esc goes back a step, Ctrl-C stops; `--resume` goes on later. Scripts give all answers as options.
    #[command(after_help = init::EXAMPLES)]
    Init(Box<InitArguments>),
    /// Load what is missing, and read again what Criteo restates
    #[command(after_help = sync::SYNC_EXAMPLES)]
    Sync(SyncArguments),
    /// Show what sync would read, in how many calls and minutes, and load nothing
    #[command(after_help = sync::PLAN_EXAMPLES)]
    Plan(PlanArguments),
    /// List all streams
    Streams,
    /// List or search the fields of a stream
    #[command(after_help = FIELDS_EXAMPLES)]
    Fields(FieldsArguments),
    /// Show what is loaded: days, gaps, last run, windows left out
    Status(StatusArguments),
    /// Ask the destination a question in SQL, and print the answer
    ///
    /// Reads, and nothing else: no question can change anything. Tables, views and the ledger (tables whose names begin
    /// with `_criteo_`, which tell what was loaded when) are asked by their names.
    #[command(after_help = query::EXAMPLES)]
    Query(QueryArguments),
    /// Compare the sums of the tables with Criteo's own totals
    #[command(after_help = sync::VERIFY_EXAMPLES)]
    Verify(VerifyArguments),
    /// Test every link from this machine to Criteo and to the destination, and say what to do about a broken one
    ///
    /// Configuration, key, proxy, DNS, connection, TLS, clock, API version, token, advertisers, each permission, quota,
    /// destination, spool (where windows wait on disk until they are loaded): one line each. Seven requests at most, and
    /// nothing stays behind.
    #[command(after_help = CHECK_EXAMPLES)]
    Check,
    /// Remove files that a Parquet destination needs no more: superseded ones, and what a dead writer left
    #[command(after_help = VACUUM_EXAMPLES)]
    Vacuum(VacuumArguments),
    /// Make views for analysts in the destination: performance by day, placements, orders, spend against budget
    #[command(after_help = views::EXAMPLES)]
    Views(ViewsArguments),
    /// Show who granted the app access, and wait for more
    #[command(after_help = consent::EXAMPLES)]
    Consent(ConsentArguments),
    /// Keep the app key: import, look at, change or remove it
    #[command(subcommand, after_help = auth::EXAMPLES)]
    Auth(AuthCommand),
    /// Run a pretend Criteo on this machine, with its limits and quirks
    #[command(after_help = SANDBOX_EXAMPLES)]
    Sandbox(SandboxArguments),
    /// See everything work against the sandbox, without a key
    Demo(DemoArguments),
    /// Be a source of Airbyte: spec, check, discover, read
    #[command(subcommand, after_help = airbyte::EXAMPLES)]
    Airbyte(AirbyteCommand),
    /// Be a tap of Singer: catalog, schemas, records, states
    #[command(after_help = singer::EXAMPLES)]
    Singer(SingerArguments),
    /// Print the completions of a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArguments),
    /// Print the JSON Schema of the configuration, for editors
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
    /// Write the pages of docs/reference, or tell which of them are stale
    #[command(hide = true)]
    Reference(ReferenceArguments),
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// Show how early this account's numbers are final, and which lookback that supports
    #[arg(long)]
    pub(crate) maturation: bool,
}

/// What `vacuum` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct VacuumArguments {
    /// How long ago a file has to have been superseded, such as 7d, 12h or 30m: longer than any reader works with the
    /// files it has found. Files that were never committed stay for a day at least
    #[arg(long, value_name = "AGE", default_value = "7d", value_parser = age)]
    pub(crate) older_than: Duration,
    /// Only list what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What `fields` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct FieldsArguments {
    /// The stream
    pub(crate) stream: String,
    /// Words that the name, column, type or description must all have, or that people use for it
    pub(crate) search: Vec<String>,
    /// Also list fields that mention the words only in their description
    #[arg(long)]
    pub(crate) all: bool,
}

/// What `sandbox` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct SandboxArguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8700)]
    pub(crate) port: u16,
    /// Which world: the same seed always gives the same data (default: the scenario's, or 42)
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// World, quotas, keys, consent, clock and faults, as TOML
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) scenario: Option<PathBuf>,
    /// The instant at which its clock starts, such as 2026-03-01T08:00:00Z (default: now)
    #[arg(long, value_name = "INSTANT")]
    pub(crate) now: Option<Timestamp>,
}

/// What `demo` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArguments {
    /// Folder for the database and its configuration
    #[arg(long, value_name = "FOLDER", default_value = "demo", value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// Keep the sandbox running afterwards, to try the other commands on it
    #[arg(long)]
    pub(crate) keep: bool,
}

/// What `completions` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// What `reference` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReferenceArguments {
    /// What to do with the pages.
    #[command(flatten)]
    pub(crate) target: ReferenceTarget,
}

/// What `reference` does with the pages.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ReferenceTarget {
    /// Folder to write the pages into; pages that nothing stands behind any more are removed
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) write: Option<PathBuf>,
    /// Folder whose pages are compared with what they should be
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) check: Option<PathBuf>,
}

fn day(written: &str) -> Result<Date, String> {
    match written.parse::<Date>() {
        Ok(day) if written.len() == "2026-01-31".len() => Ok(day),
        _ => Err("a day is written as 2026-01-31".to_owned()),
    }
}

fn age(written: &str) -> Result<Duration, String> {
    let refused = || "an age is a whole number and a unit: 7d, 12h, 30m or 90s".to_owned();
    let unit = written.chars().next_back().ok_or_else(refused)?;
    let seconds = match unit {
        'd' => 24 * 60 * 60,
        'h' => 60 * 60,
        'm' => 60,
        's' => 1,
        _ => return Err(refused()),
    };
    let number: u64 = written
        .strip_suffix(unit)
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(refused)?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::CommandFactory;

    use super::{Arguments, age};

    #[test]
    fn ages_have_a_unit() {
        assert_eq!(age("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(age("12h"), Ok(Duration::from_secs(43_200)));
        assert_eq!(age("0s"), Ok(Duration::ZERO));
        for wrong in [
            "",
            "7",
            "d",
            "-1d",
            "+1d",
            "1.5h",
            "7 d",
            "7w",
            "99999999999999999999d",
        ] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
