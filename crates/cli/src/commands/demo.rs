//! `criteo demo`: everything at work in one process, against the sandbox, without a key.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use criteo_api::Credentials;
use criteo_engine::calendar::Clock;
use criteo_engine::catalog::Catalog;
use criteo_engine::config::Config;
use criteo_engine::event::Outcome;
use criteo_engine::{Engine, Selection};
use criteo_sandbox::{
    DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Limits, Sandbox, SandboxConfig, Scenario,
};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::context::Context;
use super::{answer, query, summary};
use crate::arguments::DemoArguments;
use crate::exit::{Exit, UsageError};
use crate::reporters::Progress;
use crate::signals;
use crate::wording::count;

/// The first line of the configuration that the demo writes, by which it knows its own file again.
const SIGNATURE: &str = "# Written by `criteo demo`.";

/// The instant at which the demo's world begins. It is always the same, so that a second demo finds the same past.
const WORLD_BEGINS: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// The world's number. Any other would do.
const SEED: u64 = 20_260_701;

/// How many days back the demo reads.
const HISTORY_DAYS: i64 = 100;

/// The same for streams of which Criteo keeps less: three months of placements, 30 days of log-level files.
const SHORT_HISTORIES: [(&str, i64); 3] = [
    ("placements", 85),
    ("placement_categories", 85),
    ("transparency", 25),
];

/// Calls a minute that the demo's sandbox grants, of either kind, so that nobody watches a rate limit.
const QUOTA: u32 = 6_000;

/// Runs the sandbox and a sync side by side, then answers a question from the file that came out.
pub(super) async fn run(context: &Context, arguments: &DemoArguments) -> anyhow::Result<Exit> {
    let printer = &context.printer;
    let now = Clock::from_env()
        .map_err(|error| UsageError::new(error.to_string()))?
        .now();
    let sandbox = start_sandbox(now)?;
    let path = arguments.dir.join("criteo.toml");
    write_configuration(&path, &configuration(&sandbox.url(), now))?;
    let config = Config::load(&path)?;

    let advertisers = sandbox.advertiser_ids().len();
    printer.note(format_args!(
        "A pretend Criteo with {advertisers} advertisers runs on {}.\n\
         It grants {} calls a minute, so that you need not wait; the real one grants\n\
         40 for reports and 250 for the rest.\n",
        sandbox.url(),
        count(QUOTA.into()),
    ));
    let progress = Arc::new(Progress::new(*printer));
    let credentials = Credentials::new(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET);
    let engine = Engine::open(&config, credentials, progress.clone())?;
    let stop = signals::stop_token(Arc::clone(&progress));
    let result = engine.sync(&Selection::default(), stop).await;
    progress.finish();
    // The engine holds the file open, and the answer shall come from the file alone.
    drop(engine);
    let run = result?;
    summary::print(printer, &run, summary::Kept::Yes, summary::SAME_COMMAND)?;
    if matches!(run.outcome, Outcome::Complete | Outcome::Partial) {
        answer::print(printer, &config).await?;
    }
    closing_words(context, arguments, &path);
    query::suggest(printer, &path, &config, &run);
    if arguments.keep {
        keep(context, &sandbox).await?;
    }
    Ok(run.outcome.into())
}

/// The sandbox starts with the world's first instant and is then moved to now, as if it had run all the time.
fn start_sandbox(now: Timestamp) -> anyhow::Result<Sandbox> {
    let scenario = Scenario {
        limits: Limits {
            report_calls_per_minute: QUOTA,
            calls_per_minute: QUOTA,
            ..Limits::default()
        },
        ..Scenario::default()
    };
    let sandbox = Sandbox::start(SandboxConfig {
        port: 0,
        seed: Some(SEED),
        scenario: Some(scenario),
        now: Some(WORLD_BEGINS.min(now)),
    })
    .context("Cannot start the sandbox")?;
    sandbox.set_now(now);
    Ok(sandbox)
}

/// Writes the configuration, unless something stands there that the demo has not written.
fn write_configuration(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .with_context(|| format!("Cannot create the folder {}", folder.display()))?;
    if let Ok(there) = std::fs::read_to_string(path)
        && !there.starts_with(SIGNATURE)
    {
        let message = format!(
            "{} was not written by the demo, and is left alone",
            path.display()
        );
        return Err(UsageError::new(message)
            .with_hint("Give the demo another folder: `criteo demo --dir FOLDER`.")
            .into());
    }
    std::fs::write(path, text).with_context(|| format!("Cannot write {}", path.display()))
}

fn configuration(url: &str, now: Timestamp) -> String {
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let first_day = |days: i64| today.saturating_sub(days.days());
    let mut text = format!(
        r#"{SIGNATURE} The next demo writes it again.

[criteo]
currency = "EUR"
timezone = "Europe/Paris"
api_url = "{url}"  # the sandbox, for as long as the demo runs
report_calls_per_minute = {QUOTA}
calls_per_minute = {QUOTA}

[sync]
start_date = "{}"

[destination]
type = "duckdb"
path = "criteo.duckdb"

# Streams that few accounts need are off unless switched on; those that Criteo keeps for less time start later.
"#,
        first_day(HISTORY_DAYS)
    );
    for stream in Catalog::builtin().streams() {
        let short = SHORT_HISTORIES
            .iter()
            .find(|(name, _)| *name == stream.name);
        if stream.enabled && short.is_none() {
            continue;
        }
        text.push_str(&format!("\n[streams.{}]\n", stream.name));
        if !stream.enabled {
            text.push_str("enabled = true\n");
        }
        if let Some((_, days)) = short {
            text.push_str(&format!("start_date = \"{}\"\n", first_day(*days)));
        }
    }
    text
}

fn closing_words(context: &Context, arguments: &DemoArguments, path: &Path) {
    let database = arguments.dir.join("criteo.duckdb");
    context.printer.note(format_args!(
        "\nEverything is in {}: open it with DuckDB, or ask\n  criteo --config {} status",
        database.display(),
        path.display()
    ));
}

async fn keep(context: &Context, sandbox: &Sandbox) -> anyhow::Result<()> {
    context.printer.note(format_args!(
        "\nThe sandbox keeps running on {}. In another terminal:\n",
        sandbox.url()
    ));
    context.printer.data(super::sandbox::demo_key())?;
    context.printer.note("\nCtrl-C stops it.");
    signals::interruption().await;
    Ok(())
}
