//! A run may end at any moment: what the ledger or the spool holds is not asked for again, and the next sync makes the
//! tables equal to the truth.

mod asked;
pub(crate) mod process;
mod room;
mod signals;

use std::collections::BTreeSet;

use criteo_engine::calendar::DayRange;
use criteo_sandbox::{FaultKind, FaultRule};
use fastrand::Rng;
use serde_json::Value;

use crate::support::snapshot::{Place, Snapshot};
use crate::support::{Stage, TargetKind, in_parallel, small_world};
use process::{Moment, Process};

/// Everything that is random here follows from it.
const SEED: u64 = 9;
/// Runs that are killed, with the first kind of destination.
const KILLS: usize = 50;
/// The same for each other kind, where fewer will do: what differs from kind to kind is the load alone.
const KILLS_OF_OTHERS: usize = 20;
/// Of these, so many while a decoded window waits to be loaded; other moments may hit that or not.
const KILLS_WITH_SPOOL: usize = 10;
/// Of the others, so many are killed again when they carry on.
const DOUBLE_KILLS: usize = 15;

/// What was saved when a process died.
#[derive(Default)]
struct Saved {
    places: BTreeSet<Place>,
    /// Windows that were decoded and not loaded.
    spooled: usize,
    /// Runs in the ledger.
    runs: usize,
    /// Whether the last one had ended by the ledger's account, so that there is nothing to carry on with and the next
    /// one reads young days again: a process may die while it does no more than write views.
    is_done: bool,
}

#[test]
fn killed_runs_carry_on() {
    killed_runs_carry_on_into(TargetKind::DuckDb, KILLS);
}

#[test]
fn killed_runs_carry_on_into_other_destinations() {
    for target in TargetKind::others() {
        killed_runs_carry_on_into(target, KILLS_OF_OTHERS);
    }
}

fn killed_runs_carry_on_into(target: TargetKind, kills: usize) {
    let mut rng = Rng::with_seed(SEED);
    let calls = small_world::reference(target).calls.len();
    let cases: Vec<(u64, Vec<Moment>)> = (0..kills)
        .map(|number| {
            let mut moment = |most: usize| Moment::Calls {
                calls: rng.usize(..=most),
                then_milliseconds: rng.u64(..40),
            };
            let moments = if number < KILLS_WITH_SPOOL {
                vec![Moment::Spooled(1 + number % 5)]
            } else if number < KILLS_WITH_SPOOL + kills * DOUBLE_KILLS / KILLS {
                vec![moment(calls / 2), moment(calls / 2)]
            } else {
                vec![moment(calls)]
            };
            (rng.u64(..), moments)
        })
        .collect();
    let outcomes = in_parallel(cases, |(seed, moments)| {
        kill_and_carry_on(target, seed, &moments).map_err(|reason| format!("{moments:?}: {reason}"))
    });

    let wrong: Vec<&String> = outcomes.iter().filter_map(|it| it.as_ref().err()).collect();
    assert!(
        wrong.is_empty(),
        "{} runs went wrong:\n{wrong:#?}",
        wrong.len()
    );
    let saved: Vec<Saved> = outcomes.into_iter().flatten().flatten().collect();
    let with_spool = saved.iter().filter(|saved| saved.spooled > 0).count();
    let with_some = saved
        .iter()
        .filter(|saved| !saved.places.is_empty())
        .count();
    println!(
        "{} kills with {target:?}: {with_some} with something saved, {with_spool} with windows in the spool",
        saved.len()
    );
    assert!(saved.len() >= kills && with_some >= kills / 4);
    assert!(
        with_spool >= 5,
        "only {with_spool} died between spool and load"
    );
}

/// A run that ended is not carried on: the next one reads young days again, and the check must see it.
#[test]
fn a_call_for_something_saved_is_noticed() {
    let mut stage = small_world::stage();
    stage.sync();
    let all = saved(&stage).unwrap();
    assert_eq!(
        all.places,
        small_world::reference(TargetKind::DuckDb).snapshot.read
    );
    stage.sandbox.clear_calls();
    stage.sync();
    let reason = asked::check(&stage, &all, true).unwrap_err();
    assert!(reason.contains("asked for again"), "{reason}");
}

/// Kills a run and those that carry it on, then lets one end. Gives what was saved at each death.
fn kill_and_carry_on(
    target: TargetKind,
    seed: u64,
    moments: &[Moment],
) -> Result<Vec<Saved>, String> {
    let stage = small_world::stage_with(small_world::settings().into_target(target));
    let mut deaths = vec![Saved::default()];
    for moment in moments {
        stage.sandbox.clear_calls();
        stage.sandbox.clear_faults();
        stage.sandbox.add_fault(latency(seed)).unwrap();
        let process = Process::start(&stage, &["sync"]);
        let ended = process.kill_at(moment, &stage);
        asked::check(&stage, deaths.last().unwrap(), ended)?;
        let saved = saved(&stage)?;
        deaths.push(if saved.is_done {
            Saved::default()
        } else {
            saved
        });
    }
    stage.sandbox.clear_faults();
    stage.sandbox.clear_calls();
    let run = stage.criteo(&["sync", "--json"]);
    let before = deaths.last().unwrap();
    asked::check(&stage, before, true).map_err(|reason| format!("{reason}\n{run}"))?;
    let replayed: u64 = run
        .events("spool_replayed")
        .iter()
        .filter_map(|event| event["windows"].as_u64())
        .sum();
    let findings = small_world::findings(&stage);
    if run.code != Some(0) || !findings.are_none() {
        return Err(format!("{findings:#?}\n{run}"));
    }
    if replayed != before.spooled as u64 {
        return Err(format!(
            "{replayed} of {} windows replayed\n{run}",
            before.spooled
        ));
    }
    let carried_on = &run.events("run_started")[0]["continues"];
    if before.runs > 0 && carried_on.is_null() && before.runs >= moments.len() {
        return Err(format!("it carries on no run\n{run}"));
    }
    deaths.remove(0);
    Ok(deaths)
}

/// Without it the whole run would be over in the time that a signal takes.
fn latency(seed: u64) -> FaultRule {
    let mut rng = Rng::with_seed(seed);
    FaultRule {
        milliseconds: Some(rng.u64(10..60)),
        ..FaultRule::new(FaultKind::Latency).at_rate(0.7)
    }
}

/// What the ledger and the spool of a stage hold, and nothing that they should not.
fn saved(stage: &Stage) -> Result<Saved, String> {
    let snapshot = Snapshot::of(stage);
    let reference = small_world::reference(stage.target.kind());
    let findings = snapshot.compare(&reference.snapshot);
    if !findings.wrong.is_empty() || !findings.contradictions.is_empty() {
        return Err(format!("at its death: {findings:#?}"));
    }
    let mut saved = Saved {
        places: snapshot.read,
        spooled: 0,
        runs: snapshot.outcomes.len(),
        is_done: snapshot.outcomes.last() == Some(&Some("complete".to_owned())),
    };
    for manifest in manifests(stage) {
        let text = std::fs::read_to_string(manifest).unwrap();
        let manifest: Value = serde_json::from_str(&text).unwrap();
        let entry = &manifest["entry"];
        let days = &entry["days"];
        let days = (!days.is_null()).then(|| {
            let day = |name: &str| days[name].as_str().unwrap().parse().unwrap();
            DayRange::new(day("first"), day("last")).unwrap()
        });
        let advertisers: Vec<String> = entry["advertisers"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let stream = entry["stream"].as_str().unwrap();
        saved.places.extend(Place::all(stream, &advertisers, days));
        saved.spooled += 1;
    }
    Ok(saved)
}

/// The manifests of windows that wait to be loaded.
fn manifests(stage: &Stage) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(stage.target.spool()) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths
        .filter(|path| path.to_string_lossy().ends_with(".window.json"))
        .collect()
}
