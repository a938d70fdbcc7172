//! Criteo's own Python SDK calls every read operation and parses every answer.
//!
//! The SDK is installed from PyPI, pinned by hash, into a virtual environment in a cache folder. Where Python or PyPI
//! cannot be reached the test says so on standard error and passes, unless `CRITEO_REQUIRE_ALL_TESTS=1`.

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

#[path = "../../../tests/shared/python.rs"]
mod python;
#[path = "../../../tests/shared/skipped.rs"]
mod skipped;
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};

const REQUIREMENTS: &str = include_str!("official_sdk/requirements.txt");

/// One after the other, because both use the same virtual environment.
#[test]
fn the_official_sdk_parses_every_answer_and_notices_a_wrong_one() {
    let python = match python::environment("official-sdk", REQUIREMENTS) {
        Ok(python) => python,
        Err(reason) => {
            skipped::skipped("the official SDK did not judge the sandbox", &reason);
            return;
        }
    };
    // Three rounds of four reports and of thirty-six others stay below Criteo's budgets.
    let verdict = judge(&python, "");
    assert!(verdict.status.success(), "{}", said(&verdict));
    let fault = "[[faults]]\nkind = \"wrong_shape\"\npath = \"GetAdSet\"";
    let verdict = judge(&python, fault);
    assert!(!verdict.status.success(), "A wrong shape passed");
    assert!(
        said(&verdict).contains("FAILED get_ad_set\n"),
        "{}",
        said(&verdict)
    );
}

fn judge(python: &Path, scenario: &str) -> Output {
    let sandbox = support::sandbox(scenario);
    Command::new(python)
        .arg(folder().join("judge.py"))
        .env("CRITEO_API_URL", sandbox.url())
        .env("CRITEO_CLIENT_ID", DEMO_CLIENT_ID)
        .env("CRITEO_CLIENT_SECRET", DEMO_CLIENT_SECRET)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONWARNINGS", "ignore")
        .env("no_proxy", "127.0.0.1")
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap()
}

fn said(verdict: &Output) -> String {
    let (out, complaint) = (&verdict.stdout, &verdict.stderr);
    format!(
        "{}\n{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(complaint)
    )
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/official_sdk")
}
