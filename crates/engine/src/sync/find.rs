//! Finding the work of a stream: what it can be read for, which days or listings are due, how they are packed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::context::Context;
use super::range::days_to_read;
use super::stream::StreamRun;
use super::work::{Work, entity_units};
use super::{Days, Selection};
use crate::calendar::DayRange;
use crate::destination::{Destination, DestinationError};
use crate::error::EngineError;
use crate::event::{Event, StreamSummary};
use crate::ledger::WindowEntry;
use crate::ledger::coverage::Coverage;
use crate::plan::density::Density;
use crate::plan::lookback::Lookback;
use crate::plan::needs::{Needs, Rules, is_fresh};
use crate::plan::pool::Pool;
use crate::source::{AGREEMENTS_TO_TRUST, Meter, ReadFailure, Source, metered_until};
use crate::stream_spec::StreamSpec;

/// Days of loaded windows from which the density is taken.
const DENSITY_DAYS: u32 = 60;

/// Finds the work of one stream and does it. Calls that belong to no window are counted on `misc`.
pub(super) async fn stream(
    context: Arc<Context>,
    spec: Arc<StreamSpec>,
    advertisers: Vec<String>,
    misc: Arc<Meter>,
) -> Result<StreamSummary, EngineError> {
    let nothing_read = |failure: Option<ReadFailure>| {
        let lacks_permission = match &failure {
            Some(ReadFailure::PermissionMissing { .. }) => context.warn_of_permission(&spec),
            _ => None,
        };
        let failure = failure.map(|failure| failure.to_string());
        let summary = StreamSummary {
            stream: spec.name.clone(),
            table: spec.schema.table.clone(),
            failure,
            lacks_permission,
            ..StreamSummary::default()
        };
        context.stream_has_read();
        context.emit(&Event::StreamFinished(summary.clone()));
        Ok(summary)
    };
    let meter = Arc::new(Meter::default());
    let readable = readable(&context.source, &spec, advertisers);
    let readable = metered_until(&context.stop, Arc::clone(&meter), readable).await;
    misc.add(&meter);
    let advertisers = match readable {
        Some(Ok(advertisers)) => advertisers,
        Some(Err(ReadFailure::Fatal(error))) => return Err(*error),
        Some(Err(failure)) => return nothing_read(Some(failure)),
        None => return nothing_read(None),
    };
    let entries = context.destination.windows(&spec.name).await?;
    context.warn_of_departed(&entries);
    let work = if spec.has_days() {
        let lookback = lookback(context.destination.as_ref(), &spec).await?;
        days_of_stream(&context, &spec, &lookback, &advertisers, entries)
    } else {
        let done = advertisers_done(&entries, &context.run_ids, context.clock.now());
        let open: Vec<String> = advertisers
            .into_iter()
            .filter(|advertiser| !done.contains(advertiser))
            .collect();
        let units = entity_units(&spec, &open);
        let (windows, work) = (units.len(), Work::listings(units));
        context.emit(&Event::StreamPlanned {
            stream: spec.name.clone(),
            windows,
            calls: windows,
            rows: work.rows_left(),
        });
        work
    };
    Arc::new(StreamRun::new(context, spec, work)).run().await
}

/// When days of a stream are read again, by the configuration and what the ledger has seen.
pub(crate) async fn lookback(
    destination: &dyn Destination,
    spec: &StreamSpec,
) -> Result<Lookback, DestinationError> {
    if !spec.lookback_by_evidence {
        return Ok(spec.lookback.clone());
    }
    Ok(spec.lookback_after(&destination.maturation(&spec.name).await?))
}

fn days_of_stream(
    context: &Context,
    spec: &StreamSpec,
    lookback: &Lookback,
    advertisers: &[String],
    entries: Vec<WindowEntry>,
) -> Work {
    let density = density_of(&entries);
    let (needs, days) = needs_of(
        spec,
        lookback,
        &context.selection,
        context.clock.now(),
        advertisers,
        entries,
        &context.run_ids,
    );
    if let Some(clamped) = days.clamped {
        context.warn(&spec.name, clamped);
    }
    let pool = Pool::new(needs, spec.limits());
    let work = Work::days(pool, density, spec.stream.is_packed_by_density());
    let windows = work.windows_left();
    context.emit(&Event::StreamPlanned {
        stream: spec.name.clone(),
        windows,
        calls: windows * usize::try_from(spec.calls_per_window()).unwrap_or(1),
        rows: work.rows_left(),
    });
    work
}

/// What has to be read of a stream with days.
pub(crate) fn needs_of(
    spec: &StreamSpec,
    lookback: &Lookback,
    selection: &Selection,
    now: Timestamp,
    advertisers: &[String],
    entries: Vec<WindowEntry>,
    continued_runs: &HashSet<String>,
) -> (Needs, Days) {
    let first_known = entries
        .iter()
        .filter_map(|entry| entry.days)
        .map(|days| days.first)
        .min();
    let today = now.to_zoned_datetime(spec.time_zone.clone()).date();
    let days = days_to_read(spec, selection, today, first_known);
    let Some(range) = days.range else {
        return (Needs::default(), days);
    };
    let columns = spec.column_names();
    let agreements = entries
        .iter()
        .filter(|entry| entry.verified == Some(true) && entry.rows > 0)
        .take(AGREEMENTS_TO_TRUST)
        .count();
    let rules = Rules {
        totals_proved: agreements == AGREEMENTS_TO_TRUST,
        range,
        wanted_from: days.wanted_from,
        period: spec.period,
        lookback,
        full_refresh: selection.full_refresh,
        time_zone: &spec.time_zone,
        continued_runs,
        now,
        columns: &columns,
    };
    (
        Needs::find(&Coverage::paint(entries, range), advertisers, &rules),
        days,
    )
}

/// The density of the newest loaded days.
pub(crate) fn density_of(entries: &[WindowEntry]) -> Density {
    let mut density = Density::default();
    let mut loaded: Vec<(DayRange, &WindowEntry)> = entries
        .iter()
        .filter(|entry| entry.quarantine_reason.is_none())
        .filter_map(|entry| entry.days.map(|days| (days, entry)))
        .collect();
    loaded.sort_by_key(|(days, _)| std::cmp::Reverse(days.last));
    let mut days_seen = 0;
    for (days, entry) in loaded {
        if days_seen >= DENSITY_DAYS {
            break;
        }
        density.observe(&entry.advertisers, days.days());
        days_seen += days.days();
    }
    density
}

/// The advertisers a stream can be read for.
async fn readable(
    source: &Source,
    spec: &StreamSpec,
    advertisers: Vec<String>,
) -> Result<Vec<String>, ReadFailure> {
    if !spec.stream.reader.is_of_marketplace() {
        return Ok(advertisers);
    }
    let customers: BTreeSet<&String> = source.marketplace_advertisers().await?.iter().collect();
    Ok(advertisers
        .into_iter()
        .filter(|advertiser| customers.contains(advertiser))
        .collect())
}

/// The advertisers of an entity stream that this run, or the one it carries on, has listed already.
pub(crate) fn advertisers_done(
    entries: &[WindowEntry],
    run_ids: &HashSet<String>,
    now: Timestamp,
) -> BTreeSet<String> {
    let mut newest: HashMap<&String, &WindowEntry> = HashMap::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.quarantine_reason.is_none())
    {
        for advertiser in entry.advertisers.keys() {
            newest.insert(advertiser, entry);
        }
    }
    newest
        .into_iter()
        .filter(|(_, entry)| run_ids.contains(&entry.run_id) && is_fresh(entry, now))
        .map(|(advertiser, _)| advertiser.clone())
        .collect()
}
