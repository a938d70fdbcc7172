//! What is not there yet, why a sync would not bring it, and who is still expected to be read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::calendar::DayRange;
use crate::config::Config;
use crate::destination::{Destination, DestinationError};
use crate::doctor::refuse_other_purposes;
use crate::error::EngineError;
use crate::event::Outcome;
use crate::ledger::coverage::Coverage;
use crate::ledger::{RunEntry, WindowEntry};
use crate::stream_spec::StreamSpec;
use crate::sync::{Selection, needs_of, refuse_future};

/// Days that the configuration asks for and no run has read: new ones, and those that a run was stopped before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadDays {
    /// Advertiser-days.
    pub days: u64,
    /// The first of them.
    pub first_day: Date,
    /// The last of them.
    pub last_day: Date,
    /// Advertisers that lack at least one.
    pub advertisers: usize,
}

/// Why the next sync would read nothing at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What does not fit, in a sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What the next sync would be refused with, before it asks Criteo anything; `None` when it would begin.
pub(super) async fn refusal(
    destination: &dyn Destination,
    specs: &[StreamSpec],
    now: Timestamp,
) -> Result<Option<Refusal>, EngineError> {
    let enabled = specs.iter().filter(|spec| spec.enabled);
    if let Err(error) = refuse_future(enabled.clone(), None, now) {
        return Ok(Some(Refusal {
            message: error.to_string(),
            hint: error.hint(),
        }));
    }
    purposes_refusal(destination, enabled).await
}

/// The same as far as it comes from tables that were made for something else.
pub(crate) async fn purposes_refusal<'specs>(
    destination: &dyn Destination,
    specs: impl Iterator<Item = &'specs StreamSpec> + Send,
) -> Result<Option<Refusal>, EngineError> {
    match refuse_other_purposes(destination, specs).await {
        Ok(()) => Ok(None),
        Err(error @ DestinationError::Incompatible { .. }) => Ok(Some(Refusal {
            message: error.to_string(),
            hint: error.hint(),
        })),
        Err(other) => Err(other.into()),
    }
}

/// The advertisers that the next sync is expected to read, as far as that is known without asking Criteo: those of the
/// configuration, or else those that were read, but for those that a later run which read everything did without. Those
/// have withdrawn their consent, and their days are nobody's to read.
pub(super) fn expected_advertisers(
    config: &Config,
    entries: &BTreeMap<String, Vec<WindowEntry>>,
    runs: &[RunEntry],
) -> BTreeSet<String> {
    if let Some(ids) = &config.criteo.advertiser_ids {
        return ids.iter().cloned().collect();
    }
    // A run of one connection says nothing of another one's advertisers.
    let complete = runs
        .iter()
        .filter(|run| run.outcome == Some(Outcome::Complete) && config.connections.is_empty())
        .map(|run| run.started_at)
        .max();
    let mut last_tried: BTreeMap<&String, Timestamp> = BTreeMap::new();
    for entry in entries.values().flatten() {
        for advertiser in entry.advertisers.keys() {
            let tried = last_tried.entry(advertiser).or_insert(entry.read_at);
            *tried = entry.read_at.max(*tried);
        }
    }
    last_tried
        .into_iter()
        .filter(|(_, tried)| complete.is_none_or(|complete| *tried >= complete))
        .map(|(advertiser, _)| advertiser.clone())
        .collect()
}

/// The days of `spec` that a sync would read for the first time.
pub(super) fn unread_days(
    spec: &StreamSpec,
    advertisers: &BTreeSet<String>,
    entries: &[WindowEntry],
    now: Timestamp,
) -> Option<UnreadDays> {
    let advertisers: Vec<String> = advertisers.iter().cloned().collect();
    let (needs, days) = needs_of(
        spec,
        &spec.lookback,
        &Selection::default(),
        now,
        &advertisers,
        entries.to_vec(),
        &HashSet::new(),
    );
    let range = days.range?;
    let coverage = Coverage::paint(entries.to_vec(), range);
    let unread = |advertiser: &String| -> Vec<Date> {
        let ranges = needs.ranges.get(advertiser).into_iter().flatten();
        ranges
            .flat_map(DayRange::iter)
            .filter(|day| *day >= days.wanted_from && coverage.reading(advertiser, *day).is_none())
            .collect()
    };
    let by_advertiser: Vec<Vec<Date>> = advertisers.iter().map(unread).collect();
    let all = || by_advertiser.iter().flatten().copied();
    Some(UnreadDays {
        days: u64::try_from(all().count()).unwrap_or(u64::MAX),
        first_day: all().min()?,
        last_day: all().max()?,
        advertisers: by_advertiser.iter().filter(|days| !days.is_empty()).count(),
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn spec(more: &str) -> StreamSpec {
        let text = format!("[criteo]\ncurrency = \"EUR\"\n{more}");
        let config = Config::parse(&text, "test").unwrap();
        let specs = StreamSpec::resolve_all(&config).unwrap();
        specs
            .into_iter()
            .find(|spec| spec.name == "statistics")
            .unwrap()
    }

    fn window(first: Date, last: Date, advertisers: &[&str], read_at: &str) -> WindowEntry {
        WindowEntry {
            window_id: first.to_string(),
            run_id: "run".to_owned(),
            stream: "statistics".to_owned(),
            days: DayRange::new(first, last),
            advertisers: advertisers.iter().map(|id| ((*id).to_owned(), 1)).collect(),
            read_at: read_at.parse().unwrap(),
            rows: 1,
            calls: 1,
            bytes: 1,
            read_on: None,
            waited_milliseconds: 0,
            verified: None,
            columns: Vec::new(),
            totals: BTreeMap::new(),
            total_differences: BTreeMap::new(),
            request_hash: String::new(),
            quarantine_reason: None,
        }
    }

    fn run(started_at: &str, outcome: Option<Outcome>) -> RunEntry {
        RunEntry {
            run_id: started_at.to_owned(),
            continues_run_id: None,
            started_at: started_at.parse().unwrap(),
            selection: String::new(),
            finished_at: None,
            outcome,
            calls: 1,
            bytes: 1,
            waited_milliseconds: 0,
            rows: 1,
            version: String::new(),
        }
    }

    #[test]
    fn days_that_a_stopped_run_never_tried_are_unread() {
        let spec = spec("[sync]\nstart_date = \"2026-06-01\"\n");
        let now = "2026-06-10T12:00:00Z".parse().unwrap();
        let both = BTreeSet::from(["1".to_owned(), "2".to_owned()]);
        let entries = [
            window(
                date(2026, 6, 8),
                date(2026, 6, 10),
                &["1", "2"],
                "2026-06-10T09:00:00Z",
            ),
            window(
                date(2026, 6, 1),
                date(2026, 6, 7),
                &["1"],
                "2026-06-10T09:01:00Z",
            ),
        ];
        assert_eq!(
            unread_days(&spec, &both, &entries, now),
            Some(UnreadDays {
                days: 7,
                first_day: date(2026, 6, 1),
                last_day: date(2026, 6, 7),
                advertisers: 1,
            })
        );
        let one = BTreeSet::from(["1".to_owned()]);
        assert_eq!(unread_days(&spec, &one, &entries, now), None);
        // Nothing was read at all.
        let unread = unread_days(&spec, &both, &[], now).unwrap();
        assert_eq!((unread.days, unread.advertisers), (20, 2));
    }

    #[test]
    fn whom_a_complete_run_did_without_is_not_expected() {
        let entries = BTreeMap::from([(
            "statistics".to_owned(),
            vec![
                window(
                    date(2026, 6, 1),
                    date(2026, 6, 1),
                    &["1", "2"],
                    "2026-06-02T00:00:00Z",
                ),
                window(
                    date(2026, 6, 2),
                    date(2026, 6, 2),
                    &["1"],
                    "2026-06-03T00:00:30Z",
                ),
            ],
        )]);
        let config = |more: &str| {
            Config::parse(&format!("[criteo]\ncurrency = \"EUR\"\n{more}"), "test").unwrap()
        };
        let expected = |config: &Config, outcome| {
            let runs = [
                run("2026-06-03T00:00:00Z", outcome),
                run("2026-06-01T23:00:00Z", Some(Outcome::Complete)),
            ];
            let expected = expected_advertisers(config, &entries, &runs);
            expected.into_iter().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(expected(&config(""), Some(Outcome::Complete)), "1");
        for stopped in [None, Some(Outcome::Interrupted), Some(Outcome::Partial)] {
            assert_eq!(expected(&config(""), stopped), "1 2");
        }
        let configured = config("advertiser_ids = [\"2\", \"3\"]\n");
        assert_eq!(expected(&configured, Some(Outcome::Complete)), "2 3");
    }
}
