//! What an interrupted run left behind.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use crate::destination::{Destination, DestinationError};
use crate::event::Outcome;
use crate::ledger::RunEntry;
use crate::neighbours::connection_of;

/// How old an interrupted run may be to be carried on. Which of its readings still count is decided one by one
/// ([`is_fresh`](crate::plan::needs::is_fresh)).
const CARRIED_ON_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// The interrupted runs whose work a new run carries on.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Continuation {
    /// The newest of them.
    pub(crate) run_id: Option<String>,
    /// All of them: a run that carried on another one may have been interrupted too.
    pub(crate) run_ids: HashSet<String>,
}

/// What a run is asked, by whom, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'asked> {
    /// Its question, as the ledger keeps it.
    pub(super) selection: &'asked str,
    /// Its connection; `None` where the configuration has none.
    pub(super) connection: Option<&'asked str>,
    /// The current instant.
    pub(super) now: Timestamp,
}

/// Looks back at the runs of the ledger: at so many first, and at twice as many each time that those do not tell. An
/// interrupted run may lie behind any number of others that failed before they read anything.
pub(super) async fn look_back(
    destination: &dyn Destination,
    at_first: usize,
    asked: Asked<'_>,
) -> Result<Continuation, DestinationError> {
    let mut limit = at_first;
    loop {
        let mut runs = destination.runs(limit).await?;
        let is_all = runs.len() < limit
            || runs
                .last()
                .is_none_or(|oldest| !is_recent(oldest, asked.now));
        // Another connection's runs neither end nor continue what this one has begun.
        runs.retain(|run| connection_of(run).as_deref() == asked.connection);
        let (continuation, is_settled) = find(&runs, asked.selection, asked.now);
        if is_settled || is_all {
            return Ok(continuation);
        }
        limit = limit.saturating_mul(2);
    }
}

fn is_recent(run: &RunEntry, now: Timestamp) -> bool {
    now.duration_since(run.started_at) <= CARRIED_ON_WITHIN
}

/// Finds the runs that `runs` (newest first) leaves to be carried on, and whether that is all there can be, whatever
/// older runs say.
///
/// Only the newest run counts, only when it was asked the same thing, and only for a day. Whoever writes to the
/// destination has it to themselves, so a run without an end is not still running: it died.
fn find(runs: &[RunEntry], selection: &str, now: Timestamp) -> (Continuation, bool) {
    let mut continuation = Continuation::default();
    let mut wanted: Option<&str> = None;
    for run in runs {
        let is_next = wanted.is_none_or(|run_id| run.run_id == run_id);
        // One that was asked something else and read nothing takes nothing from what an earlier run left.
        let is_idle = run.outcome == Some(Outcome::Failed) && run.selection != selection;
        if !is_next || (wanted.is_none() && is_idle) {
            continue;
        }
        let unfinished = match run.outcome {
            None | Some(Outcome::Interrupted) => true,
            // It loaded nothing, so what an earlier run left is still there to be carried on.
            Some(Outcome::Failed) => run.continues_run_id.is_some(),
            Some(Outcome::Complete | Outcome::Partial) => false,
        };
        if !unfinished || run.selection != selection || !is_recent(run, now) {
            return (continuation, true);
        }
        continuation
            .run_id
            .get_or_insert_with(|| run.run_id.clone());
        continuation.run_ids.insert(run.run_id.clone());
        wanted = run.continues_run_id.as_deref();
        if wanted.is_none() {
            return (continuation, true);
        }
    }
    (continuation, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "duckdb")]
    use crate::destination::duckdb::{DuckDb, DuckDbOptions};

    /// Everything, as the ledger keeps it.
    const ALL: &str = r#""all""#;

    fn run(id: &str, continues: Option<&str>, outcome: Option<Outcome>) -> RunEntry {
        RunEntry {
            run_id: id.to_owned(),
            continues_run_id: continues.map(str::to_owned),
            started_at: "2026-03-01T22:30:00Z".parse().unwrap(),
            selection: ALL.to_owned(),
            finished_at: None,
            outcome,
            calls: 0,
            bytes: 0,
            waited_milliseconds: 0,
            rows: 0,
            version: "1".to_owned(),
            not_granted: None,
        }
    }

    fn found(runs: &[RunEntry], selection: &str, now: &str) -> Vec<String> {
        let (found, _) = find(runs, selection, now.parse().unwrap());
        let mut ids: Vec<String> = found.run_ids.into_iter().collect();
        ids.sort();
        ids
    }

    fn ids(runs: &[RunEntry]) -> Vec<String> {
        found(runs, ALL, "2026-03-01T22:45:00Z")
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

    /// Criteo could not be reached, say.
    #[test]
    fn a_run_that_failed_leaves_what_was_before_it() {
        let failed = Some(Outcome::Failed);
        let runs = [run("b", Some("a"), failed), run("a", None, None)];
        assert_eq!(ids(&runs), ["a", "b"]);
        assert!(ids(&[run("b", None, failed), run("a", None, None)]).is_empty());
        let mut other = run("b", None, failed);
        other.selection = "statistics only".to_owned();
        assert_eq!(ids(&[other.clone(), run("a", None, None)]), ["a"]);
        other.outcome = Some(Outcome::Partial);
        assert!(ids(&[other, run("a", None, None)]).is_empty());
    }

    #[test]
    fn another_question_or_a_stale_run_starts_anew() {
        let dead = [run("a", None, None)];
        assert!(found(&dead, "statistics only", "2026-03-01T22:45:00Z").is_empty());
        assert_eq!(found(&dead, ALL, "2026-03-02T22:30:00Z"), ["a"]);
        assert!(found(&dead, ALL, "2026-03-02T22:30:01Z").is_empty());
    }

    /// However many runs failed at the door or were asked something else: what an interrupted one left before them is carried
    /// on.
    #[cfg(feature = "duckdb")]
    #[tokio::test]
    async fn runs_that_read_nothing_hide_no_interrupted_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("runs.duckdb");
        let destination = DuckDb::new(DuckDbOptions::new(file));
        let failed = Some(Outcome::Failed);
        let other = |id: &str| RunEntry {
            selection: r#"["statistics"]"#.to_owned(),
            ..run(id, None, failed)
        };
        let runs = [
            run("0", None, None),
            run("1", Some("0"), failed),
            other("2"),
            other("3"),
            run("4", Some("1"), failed),
            run("5", Some("4"), failed),
            other("6"),
        ];
        for (run, minute) in runs.into_iter().zip(0..) {
            let run = RunEntry {
                started_at: run.started_at + SignedDuration::from_mins(minute),
                ..run
            };
            destination.record_run(&run).await.unwrap();
        }
        let asked = Asked {
            selection: ALL,
            connection: None,
            now: "2026-03-01T22:45:00Z".parse().unwrap(),
        };
        for at_first in [1, 2, 3, 100] {
            let found = look_back(&destination, at_first, asked).await.unwrap();
            assert_eq!(found.run_id.as_deref(), Some("5"), "{at_first}");
            let mut ids: Vec<_> = found.run_ids.into_iter().collect();
            ids.sort();
            assert_eq!(ids, ["0", "1", "4", "5"], "{at_first}");
        }
        // Two days later it is too old.
        let late = Asked {
            now: "2026-03-03T22:45:00Z".parse().unwrap(),
            ..asked
        };
        let found = look_back(&destination, 2, late).await.unwrap();
        assert_eq!(found, Continuation::default());
    }
}
