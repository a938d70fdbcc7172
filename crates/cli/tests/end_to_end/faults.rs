//! Whatever goes wrong on the way, the tables end equal to the truth, or the run says what is missing. It never ends
//! well with a difference.

mod kinds;
mod lasting;
mod verdict;

use std::collections::BTreeMap;

use criteo_sandbox::FaultRule;
use fastrand::Rng;

use crate::support::{TargetKind, in_parallel, small_world};
use verdict::{Ending, judge};

/// Everything that is random here follows from it.
const SEED: u64 = 20_261_123;
/// Runs for each kind of fault, with the first kind of destination; [`RUNS_VARIABLE`] sets another number.
const RUNS_PER_KIND: usize = 3;
/// For a long search, as `CRITEO_TEST_RUNS_PER_FAULT=50`.
const RUNS_VARIABLE: &str = "CRITEO_TEST_RUNS_PER_FAULT";
/// The same with each other kind of destination: only the load differs, and what a fault leaves to be loaded.
const RUNS_PER_KIND_OF_OTHERS: usize = 2;
/// A call is tried again for so long. Single faults pass sooner.
const RETRY_SECONDS: u32 = 20;
/// A call that the run needs before it knows what to do, and that only a rule that names it hits.
const TOKEN: &str = "CreateToken";

/// One run with one fault.
#[derive(Debug)]
struct Case {
    kind: &'static str,
    rule: FaultRule,
}

#[test]
fn random_faults_are_overcome_or_told() {
    let runs = std::env::var(RUNS_VARIABLE).map_or(RUNS_PER_KIND, |text| text.parse().unwrap());
    random_faults_into(TargetKind::DuckDb, runs);
}

#[test]
fn random_faults_are_overcome_or_told_with_other_destinations() {
    for target in TargetKind::others() {
        random_faults_into(target, RUNS_PER_KIND_OF_OTHERS);
    }
}

fn random_faults_into(target: TargetKind, runs_per_kind: usize) {
    let mut rng = Rng::with_seed(SEED);
    let mut cases = Vec::new();
    for kind in kinds::ALL {
        for _ in 0..runs_per_kind {
            let rule = aimed(kinds::rule(kind, &mut rng), &mut rng);
            cases.push(Case { kind, rule });
        }
    }
    let outcomes = in_parallel(cases, |case| {
        let outcome = run(&case, target);
        (case, outcome)
    });

    let mut table: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (case, outcome) in outcomes {
        let counts = table.entry(case.kind).or_default();
        match outcome {
            Ok(Some(Ending::Equal)) => counts[0] += 1,
            Ok(Some(Ending::Partial)) => counts[1] += 1,
            Ok(Some(Ending::Failed)) => counts[2] += 1,
            Ok(Some(Ending::Doubtful)) if kinds::shows_in_totals_only(case.rule.kind) => {
                counts[3] += 1;
            }
            Ok(Some(Ending::Doubtful)) => wrong.push(format!("{case:?}: a doubt is not enough")),
            Ok(None) => counts[4] += 1,
            Err(reason) => wrong.push(format!("{case:?}: {reason}")),
        }
    }
    println!("{:<24} equal partial failed doubtful unhurt", "fault");
    for (kind, [equal, partial, failed, doubtful, unhurt]) in &table {
        println!("{kind:<24} {equal:>5} {partial:>7} {failed:>6} {doubtful:>8} {unhurt:>6}");
    }
    let sums = |column: usize| table.values().map(|counts| counts[column]).sum::<usize>();
    let hurt = sums(0) + sums(1) + sums(2) + sums(3) + wrong.len();
    // Nearly all of them: a rule may be aimed at calls that the run does not come to make.
    let least = kinds::ALL.len() * runs_per_kind * 5 / 6;
    assert!(hurt >= least, "only {hurt} runs met their fault");
    assert!(sums(3) <= 4, "{} runs left it at a doubt", sums(3));
    let count = wrong.len();
    assert!(
        wrong.is_empty(),
        "{count} runs went wrong:\n{}",
        wrong.join("\n\n")
    );
}

/// Syncs under the fault and once more without it. None when the fault hit no call after all.
fn run(case: &Case, target: TargetKind) -> Result<Option<Ending>, String> {
    let settings = small_world::settings().into_target(target);
    let mut stage = small_world::stage_with(settings.retrying_for(RETRY_SECONDS));
    stage.sandbox.add_fault(case.rule.clone()).unwrap();
    let run = stage.criteo(&["sync", "--json"]);
    let hits: u64 = stage
        .sandbox
        .faults()
        .iter()
        .map(|rule| rule.calls_hit)
        .sum();
    for window in run.events("window_quarantined") {
        println!("{}: {}", case.kind, window["reason"]);
    }
    let ending = judge(&stage, &run)?;
    if ending != Ending::Equal {
        stage.sandbox.clear_faults();
        verdict::heal(&mut stage)?;
    }
    Ok((hits > 0).then_some(ending))
}

/// The rule, for some calls of any or of one operation.
fn aimed(mut rule: FaultRule, rng: &mut Rng) -> FaultRule {
    let possible = kinds::operations(rule.kind);
    let mut operations: BTreeMap<&str, u64> = BTreeMap::new();
    for call in &small_world::reference(TargetKind::DuckDb).calls {
        let name = call.operation.unwrap_or_default();
        if possible.is_none_or(|names| names.contains(&name)) {
            *operations.entry(name).or_default() += 1;
        }
    }
    let all = operations.iter().filter(|(name, _)| **name != TOKEN);
    let mut calls: u64 = all.map(|(_, count)| count).sum();
    if possible.is_some() || rng.bool() {
        let names: Vec<&str> = operations.keys().copied().collect();
        let name = names[rng.usize(..names.len())];
        calls = operations[name];
        rule.path = Some(name.to_owned());
    }
    // A small share of few calls would mostly be none.
    if calls < 12 || rng.bool() {
        let numbers = (0..rng.usize(1..=3)).map(|_| rng.u64(1..=calls));
        rule.on_calls(numbers.collect::<Vec<_>>())
    } else {
        rule.at_rate(0.05 + 0.3 * rng.f64())
    }
}
