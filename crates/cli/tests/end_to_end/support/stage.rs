//! Where a test takes place: a sandbox whose calendar stands still, and a folder with a configuration.

use std::path::{Path, PathBuf};
use std::process::Command;

use criteo_engine::catalog::Catalog;
use criteo_sandbox::{
    CallRecord, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Sandbox, SandboxConfig, Scenario,
};
use jiff::Timestamp;
use tempfile::TempDir;

use super::expected::ExpectedStream;
use super::target::{DuckDbTarget, Tables};
use super::{Run, Settings, Target, comparison};

/// So many calls a minute that nobody waits, for the sandbox and the client.
const PLENTY: u32 = 100_000;

/// A sandbox, a folder, and what the command is told about both.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) settings: Settings,
    pub(crate) target: Box<dyn Target>,
    folder: TempDir,
    /// The instants of the syncs so far, oldest first: what Criteo no longer has stays as it was at the last of them.
    read_at: Vec<Timestamp>,
}

/// What a comparison covers.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    /// Names of streams and custom reports.
    pub(crate) streams: Vec<String>,
    /// The advertisers; rows of others are not looked at.
    pub(crate) advertisers: Vec<String>,
}

impl Stage {
    /// A stage as of `now`, with larger quotas than Criteo's unless the scenario has quotas of its own.
    pub(crate) fn open(now: &str, scenario: Scenario, settings: Settings) -> Stage {
        let kind = settings.target;
        Stage::open_into(now, scenario, settings, |folder| kind.open(folder))
    }

    /// The same with a destination that is made for the folder of the stage.
    pub(crate) fn open_into(
        now: &str,
        mut scenario: Scenario,
        settings: Settings,
        target: impl FnOnce(&Path) -> Box<dyn Target>,
    ) -> Stage {
        let folder = TempDir::new().unwrap();
        let target = target(folder.path());
        scenario.clock.now = Some(now.parse().unwrap());
        scenario.clock.frozen = true;
        scenario.limits.report_calls_per_minute = PLENTY;
        scenario.limits.calls_per_minute = PLENTY;
        let sandbox = Sandbox::start(SandboxConfig {
            scenario: Some(scenario),
            ..SandboxConfig::default()
        })
        .unwrap();
        let stage = Stage {
            sandbox,
            settings,
            target,
            folder,
            read_at: Vec::new(),
        };
        stage.write_configuration();
        stage
    }

    /// The folder of the configuration, and of a database that is a file.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts the settings, which a test may have changed, into the configuration file.
    pub(crate) fn write_configuration(&self) {
        let file = self.folder().join("criteo.toml");
        std::fs::write(file, self.settings.to_toml(&*self.target)).unwrap();
    }

    /// The command with everything but its arguments: folder, key, address and calendar. Nothing of the environment of
    /// the tests reaches it but what a process needs to start.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_criteo"));
        command.current_dir(self.folder()).env_clear();
        for name in [
            "PATH",
            "HOME",
            "TMPDIR",
            "LD_LIBRARY_PATH",
            "DYLD_LIBRARY_PATH",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            // Keys of whoever runs the tests are none of their business.
            .env("CRITEO_KEYRING", "off")
            .env("XDG_CONFIG_HOME", self.folder().join("config"))
            .env("XDG_STATE_HOME", self.folder().join("state"))
            .envs(self.target.environment())
            .env("CRITEO_API_URL", self.sandbox.url())
            .env("CRITEO_CLIENT_ID", DEMO_CLIENT_ID)
            .env("CRITEO_CLIENT_SECRET", DEMO_CLIENT_SECRET)
            .env("CRITEO_NOW", self.sandbox.now().to_string())
            .env("CRITEO_REPORT_CALLS_PER_MINUTE", PLENTY.to_string())
            .env("CRITEO_CALLS_PER_MINUTE", PLENTY.to_string());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn criteo(&self, arguments: &[&str]) -> Run {
        let output = self.command().args(arguments).output().unwrap();
        Run::new(&arguments.join(" "), output)
    }

    /// Runs `criteo sync`, which must load everything.
    #[track_caller]
    pub(crate) fn sync(&mut self) -> Run {
        let run = self.criteo(&["sync", "--json"]).expect(0);
        self.read_at.push(self.sandbox.now());
        run
    }

    /// Notes that everything that is due was read now, by whatever door.
    pub(crate) fn note_reading(&mut self) {
        self.read_at.push(self.sandbox.now());
    }

    /// Moves the calendars of both sides.
    pub(crate) fn advance_days(&self, days: i64) {
        self.sandbox.advance_days(days);
    }

    /// The file that the rows are in, where the destination is DuckDB.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder().join(DuckDbTarget::FILE)
    }

    /// The only number that a question to the database answers.
    #[track_caller]
    pub(crate) fn number(&self, question: &str) -> i64 {
        self.target.tables().unwrap().number(question)
    }

    /// All rows that a question to the database answers, every value as text.
    #[track_caller]
    pub(crate) fn answer(&self, question: &str) -> Vec<Vec<Option<String>>> {
        let mut rows = Vec::new();
        let tables = self.target.tables().unwrap();
        tables.ask(question, &mut |row| rows.push(row.to_vec()));
        rows
    }

    /// How often Criteo was asked for this operation, by its name in the contract.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        let calls = self.sandbox.calls();
        let of_operation = |call: &&CallRecord| call.operation == Some(operation);
        calls.iter().filter(of_operation).count()
    }

    /// All streams that are on, all advertisers that are selected.
    pub(crate) fn expectation(&self) -> Expectation {
        let on = |name: &str, by_default| {
            let section = self.settings.streams.get(name);
            section
                .and_then(|section| section.enabled)
                .unwrap_or(by_default)
        };
        let catalog = Catalog::builtin().streams().iter();
        let streams = catalog
            .filter(|stream| on(&stream.name, stream.enabled))
            .map(|stream| stream.name.clone())
            .chain(
                self.settings
                    .reports
                    .iter()
                    .map(|report| report.name.clone()),
            )
            .collect();
        let selected = self.settings.criteo.advertiser_ids.clone();
        Expectation {
            streams,
            advertisers: selected.unwrap_or_else(|| self.sandbox.advertiser_ids()),
        }
    }

    /// In what the tables differ from the truth, a line for each finding that begins with the stream's name.
    pub(crate) fn differences(&self) -> Vec<String> {
        self.differences_from(&self.expectation())
    }

    /// The same for a part of the streams or advertisers.
    pub(crate) fn differences_from(&self, expectation: &Expectation) -> Vec<String> {
        let Some(tables) = self.target.tables() else {
            return vec!["There is no database".to_owned()];
        };
        let compare = |name: &String| {
            let stream = ExpectedStream::resolve(&self.settings, name);
            comparison::compare(self, &stream, &expectation.advertisers, &*tables)
        };
        expectation.streams.iter().flat_map(compare).collect()
    }

    /// The same for tables that were read in another way.
    pub(crate) fn differences_in(&self, tables: &dyn Tables) -> Vec<String> {
        let expectation = self.expectation();
        let compare = |name: &String| {
            let stream = ExpectedStream::resolve(&self.settings, name);
            comparison::compare(self, &stream, &expectation.advertisers, tables)
        };
        expectation.streams.iter().flat_map(compare).collect()
    }

    /// Fails the test with the first differences, if there are any.
    #[track_caller]
    pub(crate) fn assert_equals_truth(&self) {
        self.assert_equals(&self.expectation());
    }

    /// The same for a part of the streams or advertisers.
    #[track_caller]
    pub(crate) fn assert_equals(&self, expectation: &Expectation) {
        let differences = self.differences_from(expectation);
        assert!(
            differences.is_empty(),
            "The tables differ from the truth:\n{}",
            differences.join("\n")
        );
    }

    /// The instants at which a sync may have read a day, latest first; the present one counts.
    pub(super) fn instants(&self) -> Vec<Timestamp> {
        let mut instants = self.read_at.clone();
        instants.push(self.sandbox.now());
        instants.reverse();
        instants.dedup();
        instants
    }

    /// Asks the sandbox for the truth of another instant.
    pub(crate) fn at<T>(&self, instant: Timestamp, ask: impl FnOnce(&Sandbox) -> T) -> T {
        let now = self.sandbox.now();
        self.sandbox.set_now(instant);
        let answer = ask(&self.sandbox);
        self.sandbox.set_now(now);
        answer
    }
}
