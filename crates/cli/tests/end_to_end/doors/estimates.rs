//! The estimates that `criteo airbyte read` prints: how many records of a stream the read has in the end.

use serde_json::Value;

use super::host::Host;
use crate::support::{Run, restated};

/// The estimates of a stream, each with the number of its records before it, and the number of all its records.
fn estimates(run: &Run, stream: &str) -> (Vec<(u64, u64)>, u64) {
    let (mut estimates, mut records) = (Vec::new(), 0);
    for line in run.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let estimate = &line["trace"]["estimate"];
        if line["record"]["stream"] == stream {
            records += 1;
        } else if estimate["name"] == stream {
            assert_eq!(estimate["type"], "STREAM");
            estimates.push((records, estimate["row_estimate"].as_u64().unwrap()));
        }
    }
    (estimates, records)
}

/// Fails unless no estimate is less than what was there already, and the last one is right.
#[track_caller]
fn first_of(run: &Run, stream: &str) -> ((u64, u64), u64) {
    let (estimates, all) = estimates(run, stream);
    println!("{stream}: {estimates:?} of {all}");
    for (before, estimate) in &estimates {
        assert!(before <= estimate, "{stream}: {estimates:?}");
    }
    let (_, last) = estimates.last().unwrap();
    assert_eq!(*last, all, "{stream}: {estimates:?}");
    (estimates[0], all)
}

#[track_caller]
fn assert_near(estimate: u64, truth: u64, percent: u64) {
    assert!(
        estimate.abs_diff(truth) * 100 <= truth * percent,
        "{estimate} is not within {percent} % of {truth}"
    );
}

#[test]
fn an_estimate_is_near_the_truth_at_once_and_the_truth_in_the_end() {
    let mut stage = restated::stage(&["statistics", "placements", "creatives"]);
    let mut host = Host::new(&stage);
    let first = host.read(&mut stage);
    host.assert_equals_truth(&stage);
    for stream in ["statistics", "fine", "placements", "creatives"] {
        let ((before, estimate), all) = first_of(&first, stream);
        assert_eq!(u64::try_from(host.rows[stream].len()).unwrap(), all);
        // Nothing is known before the first window, which is today and yesterday, or one advertiser.
        assert!(before > 0, "{stream}");
        assert_near(estimate, all, 60);
    }
    stage.advance_days(10);
    let second = host.read(&mut stage);
    host.assert_equals_truth(&stage);
    for stream in ["statistics", "fine", "placements"] {
        let ((before, estimate), all) = first_of(&second, stream);
        assert_eq!(before, 0, "{stream}: the state tells what days are like");
        assert_near(estimate, all, 25);
    }
    first_of(&second, "creatives");
}
