//! The faults that there are, each with parameters that vary.

use criteo_sandbox::{FaultKind, FaultRule, Framing};
use fastrand::Rng;

/// Every fault of the sandbox; those that come in several shapes stand here once for each.
pub(super) const ALL: &[&str] = &[
    "latency",
    "status 413",
    "status 429",
    "status 500",
    "status 503",
    "reset at once",
    "reset within the body",
    "cut_body by length",
    "cut_body by chunks",
    "cut_body cleanly",
    "slow_body",
    "empty_body",
    "broken_json",
    "html_error_page 200",
    "html_error_page 502",
    "wrong_shape",
    "missing_column",
    "value_that_does_not_fit",
    "token_dies",
    "withhold_rows",
    "duplicate_rows",
    "day_outside_window",
    "wrong_total",
    "bad_timespan",
    "timeout",
    "retired",
    "deprecated",
];

/// A rule for a fault, which hits every call.
pub(super) fn rule(name: &str, rng: &mut Rng) -> FaultRule {
    let word = name.split(' ').next().unwrap_or(name);
    let mut rule = FaultRule::new(kind(word));
    match name {
        "latency" => rule.milliseconds = Some(rng.u64(5..150)),
        "status 429" => rule.seconds = Some(rng.u64(0..2)),
        "reset within the body" => rule.after_bytes = Some(rng.usize(..600)),
        "slow_body" => {
            rule.chunk_bytes = Some(rng.usize(50..500));
            rule.milliseconds = Some(rng.u64(1..10));
        }
        "value_that_does_not_fit" => {
            let values = ["12.5.1", "1e400", "many", "-"];
            rule.value = rng
                .bool()
                .then(|| values[rng.usize(..values.len())].to_owned());
        }
        "withhold_rows" | "duplicate_rows" => rule.rows = Some(rng.usize(1..4)),
        "bad_timespan" => rule.days = Some(rng.i64(1..4)),
        "timeout" => rule.seconds = Some(1),
        _ => {}
    }
    if let Some(number) = name
        .split(' ')
        .next_back()
        .and_then(|word| word.parse().ok())
    {
        rule.status = Some(number);
    }
    if rule.kind == FaultKind::CutBody {
        rule.after_bytes = rng.bool().then(|| rng.usize(..400));
        rule.framing = Some(match name {
            "cut_body by length" => Framing::ContentLength,
            "cut_body by chunks" => Framing::Chunked,
            _ => Framing::Clean,
        });
    }
    rule
}

fn kind(word: &str) -> FaultKind {
    serde_json::from_value(word.into()).unwrap()
}

/// The operations at which a fault can show, or none for all of them.
pub(super) fn operations(kind: FaultKind) -> Option<&'static [&'static str]> {
    match kind {
        // Nothing in the other reports tells that rows are missing.
        FaultKind::WithholdRows | FaultKind::WrongTotal | FaultKind::DayOutsideWindow => {
            Some(&["GetAdsetReport"])
        }
        // Criteo's contract lets entities lack every member, so that one which is absent has no value.
        FaultKind::MissingColumn | FaultKind::ValueThatDoesNotFit => Some(REPORTS),
        // Undisclosed placements may be masked alike, so that two equal rows can be two.
        FaultKind::DuplicateRows => Some(&["GetAdsetReport", "GetTransactionsReport"]),
        FaultKind::BadTimespan => Some(REPORTS_AND_FILES),
        _ => None,
    }
}

/// Whether nothing but the totals of an answer tells of the fault.
pub(super) fn shows_in_totals_only(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::WithholdRows | FaultKind::DuplicateRows)
}

const REPORTS: &[&str] = &[
    "GetAdsetReport",
    "GetPlacementsReport",
    "GetTransactionsReport",
];
const REPORTS_AND_FILES: &[&str] = &[
    "GetAdsetReport",
    "GetPlacementsReport",
    "GetTransactionsReport",
    "GetTransparencyReport",
];
