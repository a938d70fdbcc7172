//! Faults that do not pass: an end is found soon, with few calls, and everything else is loaded.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use criteo_sandbox::{FaultKind, FaultRule, Framing};

use super::verdict;
use crate::support::{Stage, TargetKind, in_parallel, small_world};

/// A call is tried again for so long.
const RETRY_SECONDS: u32 = 2;
/// A run may take so long when every call of an operation fails for [`RETRY_SECONDS`].
const PATIENCE: Duration = Duration::from_secs(180);
/// Calls that may be wasted on an operation that never succeeds.
const CALLS_AT_MOST: usize = 150;

const STATISTICS: &[&str] = &["statistics", "by_device"];
const NOTHING: &[&str] = &[];

/// A fault on every call of an operation, and what must come of it.
struct Case {
    operation: &'static str,
    rule: FaultRule,
    /// The streams that cannot be read; all others must be whole.
    lost: &'static [&'static str],
    /// What the messages of each of these streams must have in them.
    says: &'static [&'static str],
}

fn case(
    operation: &'static str,
    rule: FaultRule,
    lost: &'static [&'static str],
    says: &'static [&'static str],
) -> Case {
    Case {
        operation,
        rule,
        lost,
        says,
    }
}

fn rule(kind: FaultKind) -> FaultRule {
    FaultRule::new(kind)
}

fn status(status: u16) -> FaultRule {
    FaultRule {
        status: Some(status),
        ..rule(FaultKind::Status)
    }
}

fn column(kind: FaultKind, column: &str) -> FaultRule {
    FaultRule {
        column: Some(column.to_owned()),
        ..rule(kind)
    }
}

fn cases() -> Vec<Case> {
    let clean_cut = FaultRule {
        framing: Some(Framing::Clean),
        ..rule(FaultKind::CutBody)
    };
    let slow = FaultRule {
        milliseconds: Some(1),
        ..rule(FaultKind::SlowBody)
    };
    let late = FaultRule {
        milliseconds: Some(50),
        ..rule(FaultKind::Latency)
    };
    let report = "GetAdsetReport";
    vec![
        case(report, late, NOTHING, &[]),
        case(report, slow, NOTHING, &[]),
        case(report, rule(FaultKind::WrongTotal), NOTHING, &[]),
        case(report, rule(FaultKind::BadTimespan), NOTHING, &[]),
        case(report, rule(FaultKind::Deprecated), NOTHING, &[]),
        case(report, status(413), STATISTICS, &["2026-11-23"]),
        case(report, status(429), STATISTICS, &["2026-11-23", "429"]),
        case(report, status(500), STATISTICS, &["2026-11-23", "500"]),
        case(report, rule(FaultKind::Reset), STATISTICS, &["2026-11-23"]),
        case(
            report,
            clean_cut,
            STATISTICS,
            &["2026-11-23", "damaged", "row "],
        ),
        case(
            report,
            rule(FaultKind::EmptyBody),
            STATISTICS,
            &["2026-11-23", "damaged"],
        ),
        case(
            report,
            rule(FaultKind::BrokenJson),
            STATISTICS,
            &["2026-11-23", "row "],
        ),
        case(
            report,
            rule(FaultKind::HtmlErrorPage),
            STATISTICS,
            &["2026-11-23", "<!DOCTYPE html>"],
        ),
        case(
            report,
            rule(FaultKind::WrongShape),
            STATISTICS,
            &["2026-11-23", "unknown shape"],
        ),
        case(
            report,
            rule(FaultKind::Timeout),
            STATISTICS,
            &["2026-11-23"],
        ),
        case(
            report,
            rule(FaultKind::Retired),
            STATISTICS,
            &["2026-11-23", "410"],
        ),
        case(
            report,
            column(FaultKind::MissingColumn, "Clicks"),
            STATISTICS,
            &["2026-11-23", "missing", "row 1", "field Clicks"],
        ),
        case(
            report,
            column(FaultKind::ValueThatDoesNotFit, "Clicks"),
            STATISTICS,
            &["2026-11-23", "does not fit", "row ", "field Clicks"],
        ),
        case(
            report,
            rule(FaultKind::DayOutsideWindow),
            STATISTICS,
            &[
                "2026-11-23",
                "outside the window",
                "row 1",
                "field Day",
                "2025-11-",
            ],
        ),
        case(
            "GetPlacementsReport",
            column(FaultKind::ValueThatDoesNotFit, "Clicks"),
            &["placements"],
            &["2026-11-22", "does not fit", "row ", "field Clicks"],
        ),
        case(
            "GetTransactionsReport",
            status(503),
            &["transactions"],
            &["2026-11-23", "503"],
        ),
        case(
            "GetTransparencyReport",
            rule(FaultKind::WrongShape),
            &["transparency"],
            &["2026-11-2"],
        ),
        case(
            "DownloadLogFile",
            rule(FaultKind::EmptyBody),
            &["transparency"],
            &["2026-11-2"],
        ),
        case(
            "SearchCampaigns",
            rule(FaultKind::WrongShape),
            &["campaigns"],
            &["advertisers"],
        ),
        case(
            "GetAdvertiserAds",
            rule(FaultKind::BrokenJson),
            &["ads"],
            &["advertiser "],
        ),
        case(
            "SearchAdSets",
            rule(FaultKind::WrongShape),
            &["ad_set_category_bids"],
            &["advertiser "],
        ),
        case(
            "GetAdSetCategoryBids",
            rule(FaultKind::Retired),
            &["ad_set_category_bids"],
            &["410"],
        ),
    ]
}

#[test]
fn lasting_faults_end_soon_and_cost_no_other_stream() {
    for target in TargetKind::all() {
        ends_soon(target);
    }
}

fn ends_soon(target: TargetKind) {
    let reasons = in_parallel(cases(), |case| {
        let name = format!("{} on {} into {target:?}", case.rule.kind, case.operation);
        let outcome = run(&case, target);
        outcome.err().map(|reason| format!("{name}: {reason}"))
    });
    let wrong: Vec<String> = reasons.into_iter().flatten().collect();
    let count = wrong.len();
    assert!(
        wrong.is_empty(),
        "{count} runs went wrong:\n{}",
        wrong.join("\n\n")
    );
}

fn run(case: &Case, target: TargetKind) -> Result<(), String> {
    let settings = small_world::settings()
        .into_target(target)
        .retrying_for(RETRY_SECONDS);
    let mut stage = small_world::stage_with(settings);
    let rule = case.rule.clone().on_path(case.operation);
    stage.sandbox.add_fault(rule).unwrap();

    let started = Instant::now();
    let run = stage.criteo(&["sync"]);
    let elapsed = started.elapsed();
    let calls = stage.sandbox.calls();
    let wasted = calls
        .iter()
        .filter(|call| call.operation == Some(case.operation));
    let wasted = wasted.count();
    println!(
        "{:<24} {:<24} {:?} after {elapsed:>5.1?} and {wasted} calls",
        case.rule.kind.to_string(),
        case.operation,
        run.code
    );
    if elapsed > PATIENCE || wasted > CALLS_AT_MOST {
        return Err(format!("{wasted} calls, {elapsed:?}\n{run}"));
    }
    let findings = small_world::findings(&stage);
    if !findings.wrong.is_empty() {
        return Err(format!("{findings:#?}\n{run}"));
    }
    let lost: BTreeSet<&str> = findings
        .missing
        .iter()
        .map(|place| place.stream.as_str())
        .collect();
    if lost != case.lost.iter().copied().collect() {
        return Err(format!("lost {lost:?}\n{run}"));
    }
    let code = if case.lost.is_empty() { 0 } else { 3 };
    if run.code != Some(code) {
        return Err(format!("code {:?} instead of {code}\n{run}", run.code));
    }
    for stream in case.lost {
        check_words(case, stream, &run.stderr).map_err(|reason| format!("{reason}\n{run}"))?;
    }
    if !case.lost.is_empty() {
        stage.sandbox.clear_faults();
        verdict::heal(&mut stage)?;
    }
    check_status(&stage)
}

/// The stream's own lines must say everything that a person needs to find the fault.
fn check_words(case: &Case, stream: &str, stderr: &str) -> Result<(), String> {
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| line.contains(stream))
        .collect();
    for words in case.says {
        if !lines.iter().any(|line| line.contains(words)) {
            return Err(format!("no line about {stream} says {words:?}"));
        }
    }
    Ok(())
}

/// What was left out once is not left out any more.
fn check_status(stage: &Stage) -> Result<(), String> {
    let status = stage.criteo(&["status", "--json"]).json();
    let streams = status["streams"].as_array().cloned().unwrap_or_default();
    let open = |stream: &&serde_json::Value| stream["quarantined"] != serde_json::json!([]);
    match streams.iter().find(open) {
        Some(stream) => Err(format!("still left out, they say: {stream:#}")),
        None => Ok(()),
    }
}
