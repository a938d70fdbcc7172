//! What a test says that cannot run where it is. Tests of several crates include this file.

use std::io::Write as _;

/// Says on standard error that `what` happened, namely that something was not tested, and why; with
/// `CRITEO_REQUIRE_ALL_TESTS=1` that is a failure instead. Both are read as one sentence: "what, because reason".
pub(crate) fn skipped(what: &str, reason: &str) {
    let required = std::env::var("CRITEO_REQUIRE_ALL_TESTS").is_ok_and(|value| value == "1");
    assert!(!required, "CRITEO_REQUIRE_ALL_TESTS=1, but {reason}");
    // Not by eprintln!, which the test harness keeps to itself when a test passes.
    let mut loudly = std::io::stderr();
    let _ = writeln!(loudly, "SKIPPED: {what}, because {reason}");
}
