//! Criteo's own Python SDK calls every read operation and parses every answer.
//!
//! The SDK is installed from PyPI, pinned by hash, into a virtual environment in a cache folder. Where Python or PyPI
//! cannot be reached the test says so on standard error and passes, unless `CRITEO_REQUIRE_ALL_TESTS=1`.

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};

const REQUIREMENTS: &str = include_str!("official_sdk/requirements.txt");

/// One after the other, because both use the same virtual environment.
#[test]
fn the_official_sdk_parses_every_answer_and_notices_a_wrong_one() {
    let python = match environment() {
        Ok(python) => python,
        Err(reason) => {
            let required =
                std::env::var("CRITEO_REQUIRE_ALL_TESTS").is_ok_and(|value| value == "1");
            assert!(!required, "CRITEO_REQUIRE_ALL_TESTS=1, but {reason}");
            // Not by eprintln!, which the test harness keeps to itself when a test passes.
            let mut loudly = std::io::stderr();
            writeln!(
                loudly,
                "SKIPPED: the official SDK did not judge the sandbox, because {reason}"
            )
            .unwrap();
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

/// The Python of a virtual environment that holds the SDK, made on first use.
fn environment() -> Result<PathBuf, String> {
    let home = cache_folder()?.join("venv-official-sdk");
    let python = home.join("bin/python");
    let installed = home.join("installed-requirements.txt");
    if python.exists() && fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
        return Ok(python);
    }
    // A folder left over from an interrupted or older installation is made anew.
    if home.exists() {
        fs::remove_dir_all(&home)
            .map_err(|error| format!("{} is stuck: {error}", home.display()))?;
    }
    fs::create_dir_all(&home).map_err(|error| format!("no cache folder: {error}"))?;
    run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args([
            "--only-binary",
            ":all:",
            "--require-hashes",
            "--requirement",
        ])
        .arg(folder().join("requirements.txt")))?;
    fs::write(&installed, REQUIREMENTS)
        .map_err(|error| format!("the cache is read-only: {error}"))?;
    Ok(python)
}

fn cache_folder() -> Result<PathBuf, String> {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("CRITEO_BUILD_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("criteo-connector")))
        .or_else(|| Some(variable("HOME")?.join(".cache/criteo-connector")))
        .ok_or_else(|| "there is no home folder for its installation".to_owned())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?} cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    // Another file than the one that was pinned is no reason to skip.
    assert!(
        !complaint.contains("DO NOT MATCH THE HASHES"),
        "{complaint}"
    );
    let last = complaint.trim().lines().next_back().unwrap_or_default();
    Err(format!("{command:?} failed: {last}"))
}
