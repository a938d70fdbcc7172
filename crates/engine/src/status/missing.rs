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
use crate::event::QuarantinedWindow;
use crate::ledger::coverage::Coverage;
use crate::ledger::{RunEntry, WindowEntry};
use crate::neighbours::last_not_granted;
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

/// Advertisers that are configured or have rows, and that Criteo did not grant to the app when a run last asked. Their rows
/// stay as they are, and no sync reads anything new of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotGranted {
    /// Criteo's ids, sorted.
    pub advertiser_ids: Vec<String>,
    /// When the run began that asked.
    pub asked_at: Timestamp,
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

/// The same as far as a rebuild would delete what cannot be read again.
pub(crate) fn loss_refusal(
    answer: Result<(), EngineError>,
) -> Result<Option<Refusal>, EngineError> {
    match answer {
        Ok(()) => Ok(None),
        Err(error @ EngineError::Irretrievable { .. }) => Ok(Some(Refusal {
            message: error.to_string(),
            hint: error.hint(),
        })),
        Err(other) => Err(other),
    }
}

/// Who is not granted, by what the newest run of each connection noted. Of those that a run noted, the ones count that are
/// configured or have rows: an advertiser that was taken out of the configuration is missed by nobody.
pub(super) fn not_granted(
    config: &Config,
    entries: &BTreeMap<String, Vec<WindowEntry>>,
    runs: &[RunEntry],
) -> Option<NotGranted> {
    let mut connections: BTreeSet<Option<&str>> = config
        .connections
        .keys()
        .map(|name| Some(name.as_str()))
        .collect();
    if connections.is_empty() {
        connections.insert(None);
    }
    let noted: Vec<&RunEntry> = connections
        .into_iter()
        .filter_map(|connection| last_not_granted(runs, connection))
        .collect();
    let known = known_advertisers(config, entries);
    let advertiser_ids: BTreeSet<String> = noted
        .iter()
        .flat_map(|run| run.not_granted.iter().flatten())
        .filter(|advertiser| known.contains(*advertiser))
        .cloned()
        .collect();
    let asked_at = noted.iter().map(|run| run.started_at).max()?;
    (!advertiser_ids.is_empty()).then(|| NotGranted {
        advertiser_ids: advertiser_ids.into_iter().collect(),
        asked_at,
    })
}

/// Whether a window was given up of advertisers alone that are not granted: whatever the reason was then, now they have to
/// consent first.
pub(super) fn waits_for_consent(window: &QuarantinedWindow, not_granted: &NotGranted) -> bool {
    let mut advertisers = window.advertiser_ids.iter();
    advertisers.all(|advertiser| not_granted.advertiser_ids.contains(advertiser))
}

/// The advertisers that the next sync is expected to read, as far as that is known without asking Criteo: those of the
/// configuration, or else those that were read; but for those that are not granted.
pub(super) fn expected_advertisers(
    config: &Config,
    entries: &BTreeMap<String, Vec<WindowEntry>>,
    not_granted: Option<&NotGranted>,
) -> BTreeSet<String> {
    let mut expected = known_advertisers(config, entries);
    expected.retain(|advertiser| {
        not_granted.is_none_or(|not_granted| !not_granted.advertiser_ids.contains(advertiser))
    });
    expected
}

/// The advertisers of the configuration, or else those that were read.
fn known_advertisers(
    config: &Config,
    entries: &BTreeMap<String, Vec<WindowEntry>>,
) -> BTreeSet<String> {
    if let Some(ids) = &config.criteo.advertiser_ids {
        return ids.iter().cloned().collect();
    }
    let entries = entries.values().flatten();
    entries
        .flat_map(|entry| entry.advertisers.keys())
        .cloned()
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

    fn run(started_at: &str, not_granted: Option<Vec<String>>) -> RunEntry {
        RunEntry {
            run_id: started_at.to_owned(),
            continues_run_id: None,
            started_at: started_at.parse().unwrap(),
            selection: String::new(),
            finished_at: None,
            outcome: None,
            calls: 1,
            bytes: 1,
            waited_milliseconds: 0,
            rows: 1,
            version: String::new(),
            not_granted,
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
    fn whom_criteo_did_not_grant_is_not_expected() {
        let entries = BTreeMap::from([(
            "statistics".to_owned(),
            vec![window(
                date(2026, 6, 1),
                date(2026, 6, 1),
                &["1", "2"],
                "2026-06-02T00:00:00Z",
            )],
        )]);
        let config = |more: &str| {
            Config::parse(&format!("[criteo]\ncurrency = \"EUR\"\n{more}"), "test").unwrap()
        };
        let noted = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect());
        let judged = |config: &Config, newest, before| {
            let runs = [
                run("2026-06-03T00:00:00Z", newest),
                run("2026-06-01T23:00:00Z", before),
            ];
            let not_granted = not_granted(config, &entries, &runs);
            let expected = expected_advertisers(config, &entries, not_granted.as_ref());
            let not_granted = not_granted.map(|found| {
                let asked = found.asked_at.strftime("%F").to_string();
                (found.advertiser_ids.join(" "), asked)
            });
            (
                not_granted,
                expected.into_iter().collect::<Vec<_>>().join(" "),
            )
        };
        let gone = |asked: &str| Some(("2".to_owned(), asked.to_owned()));
        let all = || "1 2".to_owned();
        let of_rows = config("");
        let newest = judged(&of_rows, noted(&["2"]), noted(&[]));
        assert_eq!(newest, (gone("2026-06-03"), "1".to_owned()));
        // A run that Criteo gave no answer says nothing, nor does one of an older program.
        let before = judged(&of_rows, None, noted(&["2"]));
        assert_eq!(before, (gone("2026-06-01"), "1".to_owned()));
        assert_eq!(judged(&of_rows, None, None), (None, all()));
        // Granted again, or missed by nobody.
        assert_eq!(judged(&of_rows, noted(&[]), noted(&["2"])), (None, all()));
        assert_eq!(judged(&of_rows, noted(&["9"]), None), (None, all()));
        let configured = config("advertiser_ids = [\"2\", \"3\"]\n");
        let one = judged(&configured, noted(&["2"]), None);
        assert_eq!(one, (gone("2026-06-03"), "3".to_owned()));
    }

    #[test]
    fn what_was_given_up_of_others_too_is_still_to_be_read() {
        let not_granted = NotGranted {
            advertiser_ids: vec!["2".to_owned()],
            asked_at: "2026-06-03T00:00:00Z".parse().unwrap(),
        };
        let waits = |ids: &[&str]| {
            let window = QuarantinedWindow {
                stream: "statistics".to_owned(),
                first_day: None,
                last_day: None,
                advertiser_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
                reason: "status 403".to_owned(),
            };
            waits_for_consent(&window, &not_granted)
        };
        assert!(waits(&["2"]));
        assert!(!waits(&["1", "2"]));
        assert!(!waits(&["1"]));
    }
}
