//! Airbyte's own acceptance tests for connectors, those that run without Docker, against the command.

use std::process::Output;

use criteo_sandbox::Scenario;
use jiff::civil::date;

use super::host::{Host, repository};
use super::pyairbyte::{executable, program, said};
use crate::python;
use crate::skipped::skipped;
use crate::support::{Settings, Stage};

/// The tests are not for the public, so the version is the one that they were seen to work in.
const CDK: &str = "airbyte-cdk==7.39.1\npytest==9.2.0\n";
/// The tests, and what they are told.
const FILES: [&str; 3] = [
    "test_source_criteo.py",
    "acceptance-test-config.yml",
    "metadata.yaml",
];
/// Those that have to be run, since a test that is skipped passes too.
const TESTS: [&str; 8] = [
    "test_spec",
    "test_config_matches_spec['config'",
    "test_check['config'",
    "test_check['wrong'",
    "test_discover['config'",
    "test_basic_read['config'",
    "test_fail_read_with_bad_catalog['config'",
    "test_the_protocol_knows_every_member_and_states_come_back",
];

#[test]
fn airbytes_acceptance_tests_pass_for_every_stream() {
    let python = match python::environment("airbyte-cdk", CDK) {
        Ok(python) => python,
        Err(reason) => {
            skipped("Airbyte's acceptance tests were not run", &reason);
            return;
        }
    };
    let settings = Settings::new(date(2026, 3, 25)).with_every_stream();
    let stage = Stage::open("2026-04-05T09:30:00Z", Scenario::default(), settings);
    let mut host = Host::new(&stage);
    let folder = stage.folder().join("tests");
    std::fs::create_dir(&folder).unwrap();
    for file in FILES {
        let path = format!("crates/cli/tests/end_to_end/doors/standard_tests/{file}");
        std::fs::copy(repository(&path), folder.join(file)).unwrap();
    }
    std::fs::write(folder.join("config.json"), host.config.to_string()).unwrap();
    host.config["credentials"]["client_secret"] = "the secret of nobody".into();
    std::fs::write(folder.join("wrong.json"), host.config.to_string()).unwrap();

    let output: Output = program(&stage, &python)
        .current_dir(&folder)
        .env("SOURCE", executable(&stage))
        .args(["-m", "pytest", "-rA", "-p", "no:cacheprovider"])
        // What fails in the platform's next release fails now.
        .args([
            "-W",
            "error::airbyte_cdk.test.standard_tests.DiscoveredCatalogWarning",
        ])
        .args(["-k", "not docker"])
        .output()
        .unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    for test in TESTS {
        let passed = said
            .lines()
            .any(|line| line.starts_with("PASSED") && line.contains(&format!("::{test}")));
        assert!(passed, "{test} was not run:\n{said}");
    }
}
