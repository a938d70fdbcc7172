//! Ctrl-C once and twice.

use std::time::{Duration, Instant};

use criteo_sandbox::{FaultKind, FaultRule};

use super::process::{Process, calls_so_far};
use super::{Saved, asked, saved};
use crate::support::snapshot::Snapshot;
use crate::support::{Run, Stage, TargetKind, in_parallel, small_world};

/// Every answer comes so late that a signal meets calls in flight, also on a busy machine.
const LATENCY: Duration = Duration::from_millis(800);
/// The same where it is measured that nobody waits for those calls.
const LONG_LATENCY: Duration = Duration::from_secs(4);

fn slow_stage(latency: Duration) -> Stage {
    let stage = small_world::stage();
    let milliseconds = latency.as_millis().try_into().ok();
    let rule = FaultRule {
        milliseconds,
        ..FaultRule::new(FaultKind::Latency)
    };
    stage.sandbox.add_fault(rule).unwrap();
    stage
}

/// Starts a sync and waits until it has made so many calls. The first one is for the advertisers.
fn started(stage: &Stage, calls: usize) -> Process {
    let mut process = Process::start(stage, &["sync", "--no-progress"]);
    assert!(process.wait_until(|| calls_so_far(stage) >= calls));
    process
}

/// What the run saved, which a next one, undisturbed, must complete without asking for any of it again.
fn carry_on(stage: &Stage, run: &Run) -> Saved {
    let before = saved(stage).unwrap();
    stage.sandbox.clear_faults();
    stage.sandbox.clear_calls();
    let next = stage.criteo(&["sync", "--json"]).expect(0);
    asked::check(stage, &before, true).unwrap_or_else(|reason| panic!("{reason}\n{run}\n{next}"));
    let findings = small_world::findings(stage);
    assert!(findings.are_none(), "{findings:#?}\n{run}\n{next}");
    assert!(
        !next.events("run_started")[0]["continues"].is_null(),
        "{next}"
    );
    before
}

#[test]
fn the_first_signal_finishes_what_is_on_its_way() {
    let cases: Vec<(&str, usize)> = ["INT", "TERM"]
        .into_iter()
        .flat_map(|signal| [2, 5, 8, 13].map(|calls| (signal, calls)))
        .collect();
    in_parallel(cases, |(signal, calls)| {
        let stage = slow_stage(LATENCY);
        let process = started(&stage, calls);
        process.signal(signal);
        let run = process.end().expect(3);
        for words in [
            "Stopping",
            "Interrupted",
            "`criteo sync` carries on from here",
        ] {
            assert!(run.stderr.contains(words), "{words:?} is missing: {run}");
        }
        let snapshot = Snapshot::of(&stage);
        assert_eq!(snapshot.outcomes, [Some("interrupted".to_owned())], "{run}");
        let before = carry_on(&stage, &run);
        assert_eq!(before.spooled, 0, "what was read was not loaded: {run}");
        // What was on its way is in the tables: that is the point of waiting for it.
        assert!(!before.places.is_empty(), "{run}");
        assert!(
            before.places.len()
                < small_world::reference(TargetKind::DuckDb)
                    .snapshot
                    .read
                    .len(),
            "{run}"
        );
    });
}

#[test]
fn the_second_signal_stops_at_once() {
    let moments: Vec<usize> = (2..14).collect();
    in_parallel(moments, |calls| {
        let stage = slow_stage(LONG_LATENCY);
        let mut process = started(&stage, calls);
        process.signal("INT");
        let mut again = Instant::now();
        assert!(process.wait_until(|| again.elapsed() > Duration::from_millis(60)));
        process.signal("INT");
        again = Instant::now();
        let run = process.end().expect(3);
        assert!(
            again.elapsed() < LONG_LATENCY * 3 / 4,
            "{:?}: {run}",
            again.elapsed()
        );
        assert!(run.stderr.contains("Stopped at once"), "{run}");
        carry_on(&stage, &run);
    });
}
