//! What `sync`, `plan` and `verify` take: which streams and days, and what becomes of them.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use jiff::civil::Date;

use super::day;

/// What stands below the help of `sync`.
pub(super) const SYNC_EXAMPLES: &str = "\
Examples:
  criteo sync                              what is missing, and what Criteo restated
  criteo sync -s statistics -s campaigns   two streams only
  criteo sync --full-refresh --from 2026-03-01 --to 2026-03-31
                                           read March again, whatever is loaded
  criteo sync -s statistics --rebuild      after another currency, time zone or dimension
  criteo sync --json | jq 'select(.event == \"window_quarantined\")'
  criteo sync -s campaigns --output -      as CSV on standard output, remembering nothing
  criteo sync --from 2026-03-01 --to 2026-03-07 --output - --format jsonl | jq -c 'select(.clicks > 0)'

Every morning, by a line for `crontab -e` (cron knows few folders: where it does not find criteo,
write what `command -v criteo` prints):
  15 5 * * * cd \"$HOME/criteo\" && criteo --quiet sync

Ready files are in deploy/ of this project: systemd/criteo-sync.timer, docker/compose.yaml,
kubernetes/cronjob.yaml, airflow/criteo_sync.py and dagster/criteo_assets.py. The guide to them is
docs/guides/scheduling.md.

The first Ctrl-C finishes the calls that are on their way, commits and exits with 3.
The second stops at once. Either way the tables are sound, and the same command carries on.";

/// What stands below the help of `plan`.
pub(super) const PLAN_EXAMPLES: &str = "\
Examples:
  criteo plan                                  what `criteo sync` would do now
  criteo plan --from 2025-01-01 --windows      a backfill, window by window
  criteo --json plan | jq .report_calls        for a script";

/// What stands below the help of `verify`.
pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  criteo verify                                every loaded day of statistics and custom reports
  criteo verify -s statistics --from 2026-03-01 --to 2026-03-31
  criteo verify --fix                          and read again what differs

Exits with 0 only if every sum agrees, and with 3 if one differs or nothing could be compared.";

/// Which streams and days.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SelectionArguments {
    /// First day, YYYY-MM-DD (default: the configured start date)
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) from: Option<Date>,
    /// Last day, YYYY-MM-DD (default: today, or the last day that Criteo has)
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) to: Option<Date>,
    /// Only this stream; may be given several times (default: every stream that is on)
    #[arg(long = "stream", short, value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    /// Read all days again, also those that are loaded and mature
    #[arg(long)]
    pub(crate) full_refresh: bool,
    /// Drop the tables of the selected streams and read them anew, for a changed currency, time zone or grain. Refused
    /// where that would delete what cannot be read again. Kept versions stay, and so do recorded changes unless one of the
    /// three is another
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub(crate) rebuild: bool,
    /// With --rebuild: delete also what cannot be read again, such as the rows of advertisers that no longer consent, and
    /// days that Criteo no longer has
    #[arg(long, requires = "rebuild")]
    pub(crate) accept_loss: bool,
}

/// What `sync` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct SyncArguments {
    /// Which streams and days.
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Write files into this folder instead of the configured destination; - prints rows on standard output, reads all
    /// that is selected, and remembers nothing
    #[arg(long, short, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) output: Option<PathBuf>,
    /// Format of --output: csv (on standard output for one stream) or jsonl
    #[arg(
        long,
        value_enum,
        requires = "output",
        default_value_t = OutputFormat::Csv,
        hide_possible_values = true
    )]
    pub(crate) format: OutputFormat,
}

/// How rows become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Comma-separated values
    Csv,
    /// One JSON object per line
    Jsonl,
}

/// What `plan` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlanArguments {
    /// Which streams and days.
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// List every window (some days of some advertisers, asked for at once), in the order in which it would be read
    #[arg(long)]
    pub(crate) windows: bool,
}

/// What `verify` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArguments {
    /// First day, YYYY-MM-DD (default: the first loaded one that Criteo still has)
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) from: Option<Date>,
    /// Last day, YYYY-MM-DD (default: the last loaded one)
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) to: Option<Date>,
    /// Only this stream; may be given several times (default: all that have totals)
    #[arg(long = "stream", short, value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    /// Read the days that differ again, then compare once more
    #[arg(long)]
    pub(crate) fix: bool,
}
