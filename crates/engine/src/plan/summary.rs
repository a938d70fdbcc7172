//! A plan for people: what a run would read, and what that costs.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::lookback::Lookback;
use super::pool::Pool;
use crate::calendar::{DayRange, add_days};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::ledger::WindowEntry;
use crate::ledger::coverage::Coverage;
use crate::status::{Refusal, loss_refusal, purposes_refusal};
use crate::stream_spec::StreamSpec;
use crate::sync::{self, Selection};

/// What a run would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Today, in the report's time zone.
    pub today: Date,
    /// Advertisers that would be read.
    pub advertisers: usize,
    /// Per stream.
    pub streams: Vec<StreamPlan>,
    /// Calls against the reporting quota.
    pub report_calls: u64,
    /// Calls against the general quota.
    pub other_calls: u64,
    /// Minutes at the quota, as if every call were answered at once.
    pub minutes: f64,
    /// The interrupted run that it would carry on, whose readings are not repeated.
    pub continues: Option<String>,
    /// Why it would be refused, and read nothing.
    pub refusal: Option<Refusal>,
    /// What a person should know before running it.
    pub notes: Vec<String>,
}

/// What a run would do for one stream.
#[derive(Debug, Clone, Serialize)]
pub struct StreamPlan {
    /// Stream name.
    pub stream: String,
    /// Its table.
    pub table: String,
    /// The windows, newest first.
    pub windows: Vec<PlannedWindow>,
    /// Calls.
    pub calls: u64,
    /// Whether the number of calls is an estimate from an assumed density or unknown sizes.
    pub estimated: bool,
    /// The first day that would be read.
    pub first_day: Option<Date>,
    /// The last day that would be read.
    pub last_day: Option<Date>,
    /// Advertiser-days that were never read.
    pub days_never_read: u64,
    /// Advertiser-days that would be read again because they were not final yet, or on request.
    pub days_to_read_again: u64,
    /// Advertiser-days that were loaded without a column that is asked for now.
    pub days_lacking_columns: u64,
    /// By which rules days are read again, in the words of the configuration; `None` for entity streams.
    pub lookback: Option<String>,
    /// Calls if all of these days were read again in every run; `None` where they are.
    pub calls_with_full_lookback: Option<u64>,
    /// The first day that is kept, where the configuration does not keep all.
    pub keep_from: Option<Date>,
    /// Advertiser-days that would be deleted because they are older.
    pub days_to_drop: u64,
    /// Words, when Criteo no longer has some of what is asked for.
    pub clamped: Option<String>,
}

/// One window of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedWindow {
    /// First day; `None` for entity streams.
    pub first_day: Option<Date>,
    /// Last day; `None` for entity streams.
    pub last_day: Option<Date>,
    /// Advertisers.
    pub advertisers: usize,
    /// Rows to expect; `None` when nothing is known.
    pub estimated_rows: Option<u64>,
}

impl Plan {
    pub(crate) async fn make(engine: &Engine, selection: &Selection) -> Result<Self, EngineError> {
        let specs = sync::selected(&engine.specs, selection)?;
        sync::refuse_unsupported(engine.destination.capabilities(), &specs)?;
        let now = engine.clock.now();
        sync::refuse_future(specs.iter().map(AsRef::as_ref), selection.from, now)?;
        let granted = sync::granted_advertisers(&engine.client).await?;
        engine.refuse_rebuild_of_others(selection)?;
        let (advertisers, missing) = sync::configured(engine, &granted)?;
        let (advertisers, read_elsewhere) = engine.without_those_of_neighbours(advertisers);
        let continuation = sync::continuation(engine, selection).await?;
        // Before the ledger: what a run loads meanwhile is then in both, and not in neither.
        let waiting = sync::waiting(engine, selection)?;
        let mut plan = Self {
            today: engine.clock.today(&engine.time_zone),
            advertisers: advertisers.len(),
            streams: Vec::new(),
            report_calls: 0,
            other_calls: 1,
            minutes: 0.0,
            continues: continuation.run_id.clone(),
            refusal: None,
            notes: missing
                .iter()
                .map(|id| format!("Advertiser {id} is configured but has not consented to this app; it is left out."))
                .chain(read_elsewhere)
                .collect(),
        };
        if !waiting.is_empty() {
            plan.notes.push(format!(
                "Windows that an earlier run read and that wait in the spool, which is on this disk: {}. They are loaded \
                 first, and cost no call.",
                waiting.len()
            ));
        }
        plan.refusal = if selection.rebuild {
            let run_ids = &continuation.run_ids;
            let answer = sync::refuse_loss(engine, selection, &specs, &advertisers, run_ids).await;
            loss_refusal(answer)?
        } else {
            let specs = specs.iter().map(AsRef::as_ref);
            purposes_refusal(engine.destination.as_ref(), specs).await?
        };
        for spec in &specs {
            let run_ids = &continuation.run_ids;
            let stream = StreamPlan::make(
                engine,
                spec,
                selection,
                &advertisers,
                run_ids,
                now,
                &waiting,
            )
            .await?;
            if spec.uses_report_budget() {
                plan.report_calls += stream.calls;
            } else {
                plan.other_calls += stream.calls;
            }
            plan.streams.push(stream);
        }
        if plan
            .streams
            .iter()
            .any(|stream| stream.estimated && stream.calls > 0)
        {
            plan.notes.push(
                "Calls marked ~ are estimates: sizes become known while reading, and calls are packed accordingly."
                    .to_owned(),
            );
        }
        plan.minutes = minutes(plan.report_calls, engine.report_calls_per_minute)
            .max(minutes(plan.other_calls, engine.calls_per_minute));
        Ok(plan)
    }
}

impl StreamPlan {
    async fn make(
        engine: &Engine,
        spec: &StreamSpec,
        selection: &Selection,
        advertisers: &[String],
        run_ids: &HashSet<String>,
        now: Timestamp,
        waiting: &[WindowEntry],
    ) -> Result<Self, EngineError> {
        let mut entries = sync::windows_of_table(engine.destination.as_ref(), spec).await?;
        if selection.rebuild {
            let of_neighbours = engine.runs_of_neighbours();
            let is_of_rebuild = |run: &str| run_ids.contains(run) || of_neighbours.contains(run);
            if !sync::is_rebuilt(engine.destination.as_ref(), spec, is_of_rebuild).await? {
                entries.clear();
            }
        }
        let entries = sync::with_waiting(entries, waiting, &spec.name);
        let mut plan = Self {
            stream: spec.name.clone(),
            table: spec.schema.table.clone(),
            windows: Vec::new(),
            calls: 0,
            estimated: false,
            first_day: None,
            last_day: None,
            days_never_read: 0,
            days_to_read_again: 0,
            days_lacking_columns: 0,
            lookback: None,
            calls_with_full_lookback: None,
            keep_from: spec.keep_from(now.to_zoned_datetime(spec.time_zone.clone()).date()),
            days_to_drop: 0,
            clamped: None,
        };
        if !spec.has_days() {
            let done = sync::advertisers_done(&entries, run_ids, now);
            let open: Vec<String> = advertisers
                .iter()
                .filter(|advertiser| !done.contains(*advertiser))
                .cloned()
                .collect();
            let units = sync::entity_units(spec, &open);
            let per_unit_calls_vary = units.len() == open.len();
            plan.windows = units
                .iter()
                .map(|unit| PlannedWindow {
                    first_day: None,
                    last_day: None,
                    advertisers: unit.len(),
                    estimated_rows: None,
                })
                .collect();
            let last_calls: u64 = entries
                .iter()
                .filter(|entry| entry.quarantine_reason.is_none())
                .filter(|entry| open.iter().any(|id| entry.advertisers.contains_key(id)))
                .map(|entry| u64::from(entry.calls))
                .sum();
            plan.calls = last_calls.max(u64::try_from(plan.windows.len()).unwrap_or(u64::MAX));
            plan.estimated = per_unit_calls_vary && last_calls == 0;
            return Ok(plan);
        }
        if let Some(keep_from) = plan.keep_from {
            plan.days_to_drop = days_before(keep_from, &entries);
        }
        let density = sync::density_of(&entries);
        let known = density.knowledge();
        let lookback = sync::lookback(engine.destination.as_ref(), spec).await?;
        let needs_by = |lookback: &Lookback, entries| {
            sync::needs_of(
                spec,
                lookback,
                selection,
                now,
                advertisers,
                entries,
                run_ids,
            )
        };
        if !lookback.is_plain() {
            let (needs, _) = needs_by(&Lookback::every_run(lookback.full_days()), entries.clone());
            let windows = Pool::new(needs, spec.limits()).windows(&density).len();
            plan.calls_with_full_lookback =
                Some(u64::try_from(windows).unwrap_or(u64::MAX) * spec.calls_per_window());
        }
        plan.lookback = Some(lookback.to_string());
        let (needs, days) = needs_by(&lookback, entries);
        plan.clamped = days.clamped;
        plan.days_never_read = needs.never_read;
        plan.days_to_read_again = needs.again;
        plan.days_lacking_columns = needs.lacking_columns;
        if let Some(span) = needs.span() {
            plan.first_day = Some(span.first);
            plan.last_day = Some(span.last);
        }
        plan.windows = Pool::new(needs, spec.limits())
            .windows(&density)
            .into_iter()
            .map(|window| PlannedWindow {
                first_day: Some(window.days.first),
                last_day: Some(window.days.last),
                advertisers: window.advertisers.len(),
                estimated_rows: window.estimated_rows,
            })
            .collect();
        plan.calls =
            u64::try_from(plan.windows.len()).unwrap_or(u64::MAX) * spec.calls_per_window();
        plan.estimated = spec.stream.row_cap.is_some()
            && known != super::density::Knowledge::Enough
            && plan.calls > 0;
        Ok(plan)
    }
}

/// How many advertiser-days before `keep_from` are loaded.
fn days_before(keep_from: Date, entries: &[WindowEntry]) -> u64 {
    let first = entries
        .iter()
        .filter_map(|entry| entry.days)
        .map(|days| days.first)
        .min();
    let Some(range) = first.and_then(|first| DayRange::new(first, add_days(keep_from, -1))) else {
        return 0;
    };
    let coverage = Coverage::paint(entries.to_vec(), range);
    coverage
        .advertisers()
        .into_iter()
        .flat_map(|advertiser| coverage.read_ranges(advertiser))
        .map(|range| u64::from(range.days()))
        .sum()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of calls are far below 2^53"
)]
fn minutes(calls: u64, per_minute: u32) -> f64 {
    // A minute's worth of calls goes out at once, so the first minute costs no time.
    (calls as f64 / f64::from(per_minute.max(1)) - 1.0).max(0.0)
}

#[cfg(test)]
mod tests;
