//! Whether a run told the truth about how it ended.

use serde_json::Value;

use crate::support::snapshot::{Findings, Place, Snapshot};
use crate::support::{Run, Stage, small_world};

/// How a run ended, when what it said of it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Code 0, and the tables are the truth.
    Equal,
    /// Code 0, and a warning: the totals of some answers differ, and too few agreed to tell that they are right. How
    /// Criteo computes them is not established, so that nothing may be held back for a difference alone.
    Doubtful,
    /// Code 3; what is missing was named.
    Partial,
    /// Code 1; nothing was loaded, and the error says why.
    Failed,
}

/// Holds the tables of `stage` and what the run (with `--json`) said against the truth.
pub(super) fn judge(stage: &Stage, run: &Run) -> Result<Ending, String> {
    let snapshot = Snapshot::of(stage);
    let reference = small_world::reference(stage.target.kind());
    let findings = snapshot.compare(&reference.snapshot);
    match run.code {
        Some(0) if findings.are_none() => Ok(Ending::Equal),
        Some(0) if is_doubted(run, &findings) => Ok(Ending::Doubtful),
        Some(0) => Err(format!("it ended well, with {findings:#?}\n{run}")),
        Some(3) | Some(1) if findings.are_none() => Err(format!("nothing is missing\n{run}")),
        Some(3) => named(stage, run, &findings).map(|()| Ending::Partial),
        Some(1) if !snapshot.read.is_empty() || !findings.wrong.is_empty() => {
            Err(format!("it loaded something: {findings:#?}\n{run}"))
        }
        Some(1) if run.events("run_finished").is_empty() && !run.stderr.contains("error: ") => {
            Err(format!("no word of what happened\n{run}"))
        }
        Some(1) => Ok(Ending::Failed),
        _ => Err(format!("an exit code that means something else\n{run}")),
    }
}

/// Whether the run warned of the totals of every stream that is not right, and no stream lacks a place.
fn is_doubted(run: &Run, findings: &Findings) -> bool {
    let warnings = run.events("warning");
    let warned = |stream: &str| {
        warnings.iter().any(|event| {
            let message = event["message"].as_str().unwrap_or_default();
            event["stream"] == *stream && message.contains("do not match its rows")
        })
    };
    findings.missing.is_empty() && findings.wrong.keys().all(|place| warned(&place.stream))
}

/// Every place that is not as it should be must be named by the run, and by `status` afterwards.
fn named(stage: &Stage, run: &Run, findings: &Findings) -> Result<(), String> {
    let summary = run.events("run_finished").pop().unwrap_or_default();
    let status = stage.criteo(&["status", "--json"]).json();
    let empty = Vec::new();
    let list = |value: &Value| value.as_array().unwrap_or(&empty).clone();
    let in_run = list(&summary["quarantined"]);
    let given_up: Vec<Value> = list(&summary["streams"])
        .into_iter()
        .filter(|stream| !stream["failure"].is_null())
        .collect();
    let in_status: Vec<Value> = list(&status["streams"])
        .iter()
        .flat_map(|stream| list(&stream["quarantined"]))
        .collect();
    for place in findings.missing.iter().chain(findings.wrong.keys()) {
        let not_tried = given_up
            .iter()
            .any(|stream| stream["stream"] == *place.stream);
        let by_run = in_run.iter().any(|window| covers(window, place));
        let by_status = in_status.iter().any(|window| covers(window, place));
        if !by_run && !not_tried {
            return Err(format!(
                "the run does not name {place}: {findings:#?}\n{run}"
            ));
        }
        if by_run && !by_status {
            return Err(format!("`status` does not name {place}: {status:#}\n{run}"));
        }
    }
    Ok(())
}

fn covers(window: &Value, place: &Place) -> bool {
    let day = |name: &str| window[name].as_str().map(|day| day.parse().unwrap());
    let advertisers = window["advertiser_ids"].as_array();
    window["stream"] == *place.stream
        && advertisers.is_some_and(|ids| ids.iter().any(|id| *id == *place.advertiser))
        && day("first_day") <= place.day
        && place.day <= day("last_day")
}

/// One more sync, without faults, must make everything right.
pub(super) fn heal(stage: &mut Stage) -> Result<(), String> {
    let run = stage.criteo(&["sync", "--json"]);
    let findings = small_world::findings(stage);
    if run.code == Some(0) && findings.are_none() {
        return Ok(());
    }
    Err(format!(
        "the next sync did not heal it: {findings:?}\n{run}"
    ))
}
