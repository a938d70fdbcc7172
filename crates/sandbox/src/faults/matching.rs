//! Which rules befall a call.

use serde::Serialize;

use super::rule::{Fault, FaultKind, FaultRule};

/// What the rules may know of a call before it is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// The operation's name, when the path is one of the contract's.
    pub(crate) operation: Option<&'a str>,
    /// The whole path, without the query.
    pub(crate) path: &'a str,
    /// A statistics, placements or transactions report.
    pub(crate) has_rows: bool,
    /// A report that names a first and a last day.
    pub(crate) has_days: bool,
    /// The token endpoint, which only rules that name it may hit.
    pub(crate) is_token: bool,
}

/// A rule in force, with what it has seen so far.
#[derive(Debug, Clone, Serialize)]
pub struct ActiveRule {
    /// Names the rule until it is cleared.
    pub id: u64,
    /// The rule as it was given.
    #[serde(flatten)]
    pub rule: FaultRule,
    /// Calls that the rule's path and kind fit.
    pub calls_seen: u64,
    /// Calls that were hit.
    pub calls_hit: u64,
}

/// All rules in force.
#[derive(Debug)]
pub(crate) struct FaultEngine {
    seed: u64,
    rules: Vec<ActiveRule>,
    last_id: u64,
}

impl FaultEngine {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            rules: Vec::new(),
            last_id: 0,
        }
    }

    /// Puts a rule in force and gives its id.
    pub(crate) fn add(&mut self, rule: FaultRule) -> u64 {
        self.last_id += 1;
        self.rules.push(ActiveRule {
            id: self.last_id,
            rule,
            calls_seen: 0,
            calls_hit: 0,
        });
        self.last_id
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn rules(&self) -> &[ActiveRule] {
        &self.rules
    }

    /// Counts the call in every rule that it fits and gives the faults that hit it, in the order of the rules.
    pub(crate) fn strike(&mut self, target: Target<'_>) -> Vec<(FaultKind, Fault)> {
        let seed = self.seed;
        self.rules
            .iter_mut()
            .filter(|active| active.fits(target))
            .filter_map(|active| active.count(seed))
            .collect()
    }
}

impl ActiveRule {
    fn fits(&self, target: Target<'_>) -> bool {
        if self.rule.kind.needs_rows() && !target.has_rows {
            return false;
        }
        if self.rule.kind.needs_days() && !target.has_days {
            return false;
        }
        match &self.rule.path {
            None => !target.is_token,
            Some(path) => names(path, target),
        }
    }

    fn count(&mut self, seed: u64) -> Option<(FaultKind, Fault)> {
        self.calls_seen += 1;
        let rule = &self.rule;
        if rule.times.is_some_and(|times| self.calls_hit >= times) {
            return None;
        }
        if !rule.on_calls.is_empty() && !rule.on_calls.contains(&self.calls_seen) {
            return None;
        }
        if rule
            .rate
            .is_some_and(|rate| chance(seed, self.id, self.calls_seen) >= rate)
        {
            return None;
        }
        self.calls_hit += 1;
        Some((rule.kind, rule.fault()))
    }
}

/// Whether a rule's `path` names the call's operation or the beginning of its path.
fn names(path: &str, target: Target<'_>) -> bool {
    if target
        .operation
        .is_some_and(|operation| operation.eq_ignore_ascii_case(path))
    {
        return true;
    }
    let wanted = path.trim_start_matches('/');
    let whole = target.path.trim_start_matches('/');
    let without_version = whole.split_once('/').map_or("", |(_, rest)| rest);
    !wanted.is_empty() && (whole.starts_with(wanted) || without_version.starts_with(wanted))
}

/// A number in [0, 1) that depends on nothing but its arguments (the SplitMix64 finaliser).
fn chance(seed: u64, rule: u64, call: u64) -> f64 {
    let mut state = seed
        .wrapping_add(rule.wrapping_mul(0xD1B5_4A32_D192_ED03))
        .wrapping_add(call.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^= state >> 31;
    // The upper 32 bits are exact in a double.
    f64::from(u32::try_from(state >> 32).unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: Target<'static> = Target {
        operation: Some("GetAdsetReport"),
        path: "/2026-07/statistics/report",
        has_rows: true,
        has_days: true,
        is_token: false,
    };
    const TOKEN: Target<'static> = Target {
        operation: None,
        path: "/oauth2/token",
        has_rows: false,
        has_days: false,
        is_token: true,
    };

    fn hits(rule: FaultRule, target: Target<'_>, calls: usize) -> Vec<bool> {
        let mut engine = FaultEngine::new(42);
        engine.add(rule);
        (0..calls)
            .map(|_| !engine.strike(target).is_empty())
            .collect()
    }

    #[test]
    fn a_rule_hits_the_calls_it_names() {
        let rule = FaultRule::new(FaultKind::Reset).on_calls([2, 4]);
        assert_eq!(hits(rule, REPORT, 4), [false, true, false, true]);
        let rule = FaultRule::new(FaultKind::Reset).times(1);
        assert_eq!(hits(rule, REPORT, 3), [true, false, false]);
    }

    #[test]
    fn a_rate_is_kept_and_repeats_with_the_seed() {
        let rule = FaultRule::new(FaultKind::Status).at_rate(0.25);
        let first = hits(rule.clone(), REPORT, 4000);
        assert_eq!(first, hits(rule, REPORT, 4000));
        let hit = first.iter().filter(|hit| **hit).count();
        assert!((900..1100).contains(&hit), "{hit} of 4000");
    }

    #[test]
    fn a_path_is_an_operation_or_a_prefix_with_or_without_version() {
        for path in [
            "getadsetreport",
            "statistics",
            "/statistics/report",
            "/2026-07/statistics",
        ] {
            let rule = FaultRule::new(FaultKind::Reset).on_path(path);
            assert_eq!(hits(rule, REPORT, 1), [true], "{path}");
        }
        let rule = FaultRule::new(FaultKind::Reset).on_path("placements");
        assert_eq!(hits(rule, REPORT, 1), [false]);
    }

    #[test]
    fn the_token_endpoint_is_hit_only_when_named() {
        assert_eq!(hits(FaultRule::new(FaultKind::Reset), TOKEN, 1), [false]);
        let rule = FaultRule::new(FaultKind::Reset).on_path("oauth2/token");
        assert_eq!(hits(rule, TOKEN, 1), [true]);
    }

    #[test]
    fn a_fault_of_rows_is_not_used_up_by_calls_without_rows() {
        let entity = Target {
            operation: Some("GetCampaign"),
            path: "/2026-07/marketing-solutions/campaigns/1",
            has_rows: false,
            has_days: false,
            is_token: false,
        };
        let mut engine = FaultEngine::new(1);
        engine.add(FaultRule::new(FaultKind::WithholdRows).on_calls([1]));
        assert!(engine.strike(entity).is_empty());
        assert_eq!(engine.strike(REPORT).len(), 1);
    }
}
