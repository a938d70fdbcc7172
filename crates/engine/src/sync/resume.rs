//! What an interrupted run left behind.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::event::Outcome;
use crate::ledger::RunEntry;

/// How old an interrupted run may be to be carried on. What it read then is what the new run passes off as read
/// now, so it must not be stale; what was final when it was read is not read again anyway.
const CARRIED_ON_WITHIN: SignedDuration = SignedDuration::from_hours(3);

/// The interrupted runs whose work a new run carries on.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Continuation {
    /// The newest of them.
    pub(super) run_id: Option<String>,
    /// All of them: a run that carried on another one may have been interrupted too.
    pub(super) run_ids: HashSet<String>,
}

/// Finds the runs that `runs` (newest first) leaves to be carried on.
///
/// Only the newest run counts, only when it was asked the same thing, and only for three hours of the day it began
/// on. Whoever writes to the destination has it to
/// themselves, so a run without an end is not still running: it died.
pub(super) fn find(
    runs: &[RunEntry],
    selection: &str,
    now: Timestamp,
    zone: &TimeZone,
) -> Continuation {
    let day = |instant: Timestamp| instant.to_zoned_datetime(zone.clone()).date();
    let mut continuation = Continuation::default();
    let mut wanted: Option<&str> = None;
    for run in runs {
        let is_next = match wanted {
            None => continuation.run_id.is_none(),
            Some(run_id) => run.run_id == run_id,
        };
        if !is_next {
            continue;
        }
        let unfinished = matches!(run.outcome, None | Some(Outcome::Interrupted));
        let fresh = day(run.started_at) == day(now)
            && now.duration_since(run.started_at) <= CARRIED_ON_WITHIN;
        if !unfinished || run.selection != selection || !fresh {
            break;
        }
        continuation
            .run_id
            .get_or_insert_with(|| run.run_id.clone());
        continuation.run_ids.insert(run.run_id.clone());
        wanted = run.continues_run_id.as_deref();
        if wanted.is_none() {
            break;
        }
    }
    continuation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, continues: Option<&str>, outcome: Option<Outcome>) -> RunEntry {
        RunEntry {
            run_id: id.to_owned(),
            continues_run_id: continues.map(str::to_owned),
            started_at: "2026-03-01T22:30:00Z".parse().unwrap(),
            selection: "all".to_owned(),
            finished_at: None,
            outcome,
            calls: 0,
            rows: 0,
            version: "1".to_owned(),
        }
    }

    fn found(runs: &[RunEntry], selection: &str, now: &str, zone: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let found = find(runs, selection, now.parse().unwrap(), &zone);
        let mut ids: Vec<String> = found.run_ids.into_iter().collect();
        ids.sort();
        ids
    }

    fn ids(runs: &[RunEntry]) -> Vec<String> {
        found(runs, "all", "2026-03-01T22:45:00Z", "UTC")
    }

    #[test]
    fn a_chain_of_dead_runs_is_carried_on() {
        let runs = [
            run("c", Some("b"), None),
            run("b", Some("a"), Some(Outcome::Interrupted)),
            run("a", None, None),
            run("z", None, None),
        ];
        assert_eq!(ids(&runs), ["a", "b", "c"]);
    }

    #[test]
    fn a_finished_run_ends_it() {
        let complete = Some(Outcome::Complete);
        assert!(ids(&[run("b", Some("a"), complete), run("a", None, None)]).is_empty());
        assert_eq!(
            ids(&[run("b", Some("a"), None), run("a", None, complete)]),
            ["b"]
        );
        assert!(ids(&[]).is_empty());
    }

    #[test]
    fn another_question_another_day_or_a_stale_run_starts_anew() {
        let dead = [run("a", None, None)];
        assert!(found(&dead, "statistics only", "2026-03-01T22:45:00Z", "UTC").is_empty());
        assert!(found(&dead, "all", "2026-03-02T00:10:00Z", "UTC").is_empty());
        assert_eq!(
            found(&dead, "all", "2026-03-02T00:10:00Z", "Pacific/Auckland"),
            ["a"]
        );
        assert!(found(&dead, "all", "2026-03-02T01:31:00Z", "Pacific/Auckland").is_empty());
    }
}
