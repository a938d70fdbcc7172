//! What the destination holds: loaded days, gaps, what is not final yet, what was given up.

mod missing;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::calendar::{Clock, DayRange, add_days};
use crate::config::Config;
use crate::destination::{self, Capabilities, Destination};
use crate::doctor::Link;
use crate::error::EngineError;
use crate::event::{Outcome, QuarantinedWindow};
use crate::ledger::WindowEntry;
use crate::ledger::coverage::Coverage;
use crate::ledger::maturation::{MaturationPoint, Support};
use crate::stream_spec::{StreamSpec, Wish};
use crate::sync::{Selection, days_to_read, windows_of_table};
pub use missing::{NotGranted, Refusal, UnreadDays};
use missing::{expected_advertisers, not_granted, refusal, unread_days, waits_for_consent};
pub(crate) use missing::{loss_refusal, purposes_refusal};

/// Runs looked back at to find the newest that read everything.
const RUNS_TO_LOOK_AT: usize = 100;

/// Gaps named per stream; more are counted.
const GAPS_TO_NAME: usize = 5;

/// What the ledger says.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The destination, in words.
    pub destination: String,
    /// Streams that are enabled or hold something.
    pub streams: Vec<StreamStatus>,
    /// The newest run.
    pub last_run: Option<RunStatus>,
    /// Who does not consent; `None` where nobody is known who does not.
    pub not_granted: Option<NotGranted>,
    /// What the next sync would be refused with, if it would.
    pub refusal: Option<Refusal>,
    /// What is done by default and not here, because the destination cannot.
    pub notes: Vec<String>,
}

/// What one stream's table holds.
#[derive(Debug, Clone, Serialize)]
pub struct StreamStatus {
    /// Stream name.
    pub stream: String,
    /// Its table.
    pub table: String,
    /// Columns that tell its rows apart; empty where rows have no identity.
    pub key: Vec<String>,
    /// The column that says to which day (or week, month, year) a row belongs; `None` for listings.
    pub day_column: Option<String>,
    /// Rows in the table; `None` when there is no table.
    pub rows: Option<u64>,
    /// Advertisers read at least once.
    pub advertisers: usize,
    /// First day loaded.
    pub first_day: Option<Date>,
    /// Last day loaded.
    pub last_day: Option<Date>,
    /// Advertiser-days loaded.
    pub days_loaded: u64,
    /// Days between loaded ones that were never read, in words.
    pub gaps: Vec<String>,
    /// Days that a sync would read for the first time, of the advertisers that are known.
    pub unread: Option<UnreadDays>,
    /// Advertiser-days that were read too early to be final.
    pub immature_days: u64,
    /// When it was last read.
    pub last_read: Option<Timestamp>,
    /// Windows that were given up and not read since, but for those of [`Status::not_granted`], which no sync can read.
    pub quarantined: Vec<QuarantinedWindow>,
    /// The permission for want of which such windows were given up, by the name that it has in Criteo's portal.
    pub lacks_permission: Option<&'static str>,
}

/// What the newest run did.
#[derive(Debug, Clone, Serialize)]
pub struct RunStatus {
    /// Its identifier.
    pub run_id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` when it did not.
    pub finished_at: Option<Timestamp>,
    /// How it ended; `None` when it was cut off and will be carried on.
    pub outcome: Option<Outcome>,
    /// Calls it made.
    pub calls: u64,
    /// Rows it loaded.
    pub rows: u64,
}

/// What is known of how numbers mature, and which lookback that supports.
#[derive(Debug, Clone, Serialize)]
pub struct Maturation {
    /// The destination, in words.
    pub destination: String,
    /// The reports that are enabled and record changes.
    pub streams: Vec<StreamMaturation>,
}

/// How the numbers of one stream mature.
#[derive(Debug, Clone, Serialize)]
pub struct StreamMaturation {
    /// Stream name.
    pub stream: String,
    /// One point per metric and age from 0 to 30 days; empty while no day was followed from its first days until it
    /// was final.
    pub points: Vec<MaturationPoint>,
    /// Which lookback they support.
    pub support: Support,
    /// The lookback in use, in the words of the configuration.
    pub lookback: String,
}

/// Reads from the ledger how numbers mature. Needs no app key.
///
/// # Errors
/// When the configuration is wrong, or the destination cannot be read or does not record changes.
pub async fn maturation(config: &Config) -> Result<Maturation, EngineError> {
    let destination = destination::open(config);
    let capabilities = destination.capabilities();
    if !capabilities.records_changes {
        return Err(EngineError::Configuration {
            message: format!(
                "The destination {} does not record what changes in days that are read again, so nothing is known of \
                 how numbers mature",
                capabilities.name
            ),
        });
    }
    let mut streams = Vec::new();
    for spec in StreamSpec::resolve_all(config)? {
        if !spec.enabled || !spec.has_days() || spec.changes == Wish::Off {
            continue;
        }
        let points = destination.maturation(&spec.name).await?;
        streams.push(StreamMaturation {
            stream: spec.name.clone(),
            support: Support::of(&points),
            lookback: spec.lookback_after(&points).to_string(),
            points,
        });
    }
    Ok(Maturation {
        destination: destination.describe(),
        streams,
    })
}

/// Reads the ledger of the configured destination. Needs no app key.
///
/// # Errors
/// When the configuration is wrong or the destination cannot be read.
pub async fn status(config: &Config) -> Result<Status, EngineError> {
    let destination = destination::open(config);
    let clock = Clock::from_env()?;
    let specs = StreamSpec::resolve_all(config)?;
    let runs = destination.runs(RUNS_TO_LOOK_AT).await?;
    let mut entries = BTreeMap::new();
    for spec in &specs {
        let of_stream = windows_of_table(destination.as_ref(), spec).await?;
        entries.insert(spec.name.clone(), of_stream);
    }
    let not_granted = not_granted(config, &entries, &runs);
    let expected = expected_advertisers(config, &entries, not_granted.as_ref());
    let mut streams = Vec::new();
    for spec in &specs {
        let entries = entries.remove(&spec.name).unwrap_or_default();
        if spec.enabled || !entries.is_empty() {
            let unread = (spec.enabled && spec.has_days())
                .then(|| {
                    unread_days(
                        spec,
                        &readable(spec, &expected, &entries),
                        &entries,
                        clock.now(),
                    )
                })
                .flatten();
            let today = clock.today(&spec.time_zone);
            let mut status = stream_status(destination.as_ref(), spec, entries, today).await?;
            status.unread = unread;
            if let Some(not_granted) = &not_granted {
                status
                    .quarantined
                    .retain(|window| !waits_for_consent(window, not_granted));
            }
            status.lacks_permission = lacking(spec, &status.quarantined);
            streams.push(status);
        }
    }
    let last_run = runs.into_iter().next().map(|run| RunStatus {
        run_id: run.run_id,
        started_at: run.started_at,
        finished_at: run.finished_at,
        outcome: run.outcome,
        calls: run.calls,
        rows: run.rows,
    });
    Ok(Status {
        destination: destination.describe(),
        streams,
        last_run,
        not_granted,
        refusal: refusal(destination.as_ref(), &specs, clock.now()).await?,
        notes: left_out_by(destination.capabilities(), &specs),
    })
}

/// The permission of a stream, when windows of it were given up because the app lacks it.
fn lacking(spec: &StreamSpec, quarantined: &[QuarantinedWindow]) -> Option<&'static str> {
    let permission = spec.stream.scope?;
    quarantined
        .iter()
        .any(QuarantinedWindow::is_for_want_of_permission)
        .then(|| Link::of_permission(permission).name())
}

/// Those of the `expected` advertisers for which a stream can be read. Who is a customer of the marketplace only Criteo
/// knows, so of those streams whoever was read before counts.
fn readable(
    spec: &StreamSpec,
    expected: &BTreeSet<String>,
    entries: &[WindowEntry],
) -> BTreeSet<String> {
    if !spec.stream.reader.is_of_marketplace() {
        return expected.clone();
    }
    let read: BTreeSet<&String> = entries
        .iter()
        .flat_map(|entry| entry.advertisers.keys())
        .collect();
    let is_read = |advertiser: &&String| read.contains(advertiser);
    expected.iter().filter(is_read).cloned().collect()
}

/// Words on what would be done by default and is not, because the destination cannot.
fn left_out_by(capabilities: Capabilities, specs: &[StreamSpec]) -> Vec<String> {
    let streams = |is_wanted: &dyn Fn(&StreamSpec) -> bool| {
        let names: Vec<&str> = specs
            .iter()
            .filter(|spec| spec.enabled && is_wanted(spec))
            .map(|spec| spec.name.as_str())
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let name = capabilities.name;
    let mut notes = Vec::new();
    if !capabilities.keeps_versions
        && let Some(streams) = streams(&|spec| spec.versions != Wish::Off)
    {
        notes.push(format!(
            "Versions of {streams} are not kept: the destination {name} cannot keep them"
        ));
    }
    if !capabilities.records_changes
        && let Some(streams) = streams(&|spec| spec.changes != Wish::Off)
    {
        notes.push(format!(
            "What changes in {streams} is not recorded: the destination {name} cannot record it"
        ));
    }
    notes
}

async fn stream_status(
    destination: &dyn Destination,
    spec: &StreamSpec,
    entries: Vec<WindowEntry>,
    today: Date,
) -> Result<StreamStatus, EngineError> {
    let loaded = || {
        entries
            .iter()
            .filter(|entry| entry.quarantine_reason.is_none())
    };
    let last_read = loaded().map(|entry| entry.read_at).max();
    let span = span(loaded().filter_map(|entry| entry.days));
    let mut status = StreamStatus {
        stream: spec.name.clone(),
        table: spec.schema.table.clone(),
        key: spec.key_columns(),
        day_column: spec.day_column.clone(),
        rows: destination.count_rows(&spec.schema.table).await?,
        advertisers: loaded()
            .flat_map(|entry| entry.advertisers.keys())
            .collect::<BTreeSet<_>>()
            .len(),
        first_day: span.map(|span| span.first),
        last_day: span.map(|span| span.last),
        days_loaded: 0,
        gaps: Vec::new(),
        unread: None,
        immature_days: 0,
        last_read,
        quarantined: Vec::new(),
        lacks_permission: None,
    };
    let everything = span_with_quarantined(&entries);
    let Some(everything) = everything else {
        status.quarantined = entries
            .iter()
            .filter(|entry| is_open_listing(entry, &entries))
            .map(words)
            .collect();
        return Ok(status);
    };
    let wanted = days_to_read(spec, &Selection::default(), today, None);
    let coverage = Coverage::paint(entries, everything);
    let mut gaps = Vec::new();
    for advertiser in coverage.advertisers() {
        for range in coverage.read_ranges(advertiser) {
            status.days_loaded += u64::from(range.days());
            status.immature_days += immature(&coverage, advertiser, range, spec);
        }
        // What is asked for by name and not there yet is missing, too; the default start moves on by itself.
        let first_read = coverage
            .read_ranges(advertiser)
            .first()
            .map(|range| range.first);
        if let (Some(_), Some(first_read)) = (spec.start_date, first_read)
            && let Some(gap) = DayRange::new(wanted.wanted_from, add_days(first_read, -1))
        {
            gaps.push(format!("{gap} of advertiser {advertiser}"));
        }
        gaps.extend(
            coverage
                .gaps(advertiser)
                .into_iter()
                .map(|gap| format!("{gap} of advertiser {advertiser}")),
        );
    }
    if gaps.len() > GAPS_TO_NAME {
        let more = gaps.len() - GAPS_TO_NAME;
        gaps.truncate(GAPS_TO_NAME);
        gaps.push(format!("and {more} more"));
    }
    status.gaps = gaps;
    status.quarantined = coverage.open_quarantines().into_iter().map(words).collect();
    Ok(status)
}

/// Days of `range` whose last reading was made before they were old enough to be final.
fn immature(coverage: &Coverage, advertiser: &str, range: DayRange, spec: &StreamSpec) -> u64 {
    let lookback = i32::try_from(spec.lookback.full_days()).unwrap_or(i32::MAX);
    let is_immature = |day: Date| {
        coverage.reading(advertiser, day).is_some_and(|reading| {
            let read_on = reading
                .read_at
                .to_zoned_datetime(spec.time_zone.clone())
                .date();
            read_on < add_days(spec.period.last_day(day), lookback)
        })
    };
    u64::try_from(range.iter().filter(|day| is_immature(*day)).count()).unwrap_or(u64::MAX)
}

fn span(ranges: impl Iterator<Item = DayRange>) -> Option<DayRange> {
    ranges.reduce(|left, right| DayRange {
        first: left.first.min(right.first),
        last: left.last.max(right.last),
    })
}

fn span_with_quarantined(entries: &[WindowEntry]) -> Option<DayRange> {
    span(entries.iter().filter_map(|entry| entry.days))
}

/// Whether a listing was given up and no later one has read all of its advertisers.
fn is_open_listing(entry: &WindowEntry, entries: &[WindowEntry]) -> bool {
    entry.quarantine_reason.is_some()
        && entry.advertisers.keys().any(|advertiser| {
            !entries.iter().any(|later| {
                later.quarantine_reason.is_none()
                    && later.window_id > entry.window_id
                    && later.advertisers.contains_key(advertiser)
            })
        })
}

fn words(entry: &WindowEntry) -> QuarantinedWindow {
    QuarantinedWindow {
        stream: entry.stream.clone(),
        first_day: entry.days.map(|days| days.first),
        last_day: entry.days.map(|days| days.last),
        advertiser_ids: entry.advertisers.keys().cloned().collect(),
        reason: entry.quarantine_reason.clone().unwrap_or_default(),
    }
}
