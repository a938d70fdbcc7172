//! The command line from outside: what is printed where, and with which exit code it ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth;
mod check;
mod configuration;
mod connections;
mod connector;
mod consent;
mod demo;
mod init;
#[cfg(target_os = "linux")]
mod keyring;
mod loss;
mod missing_permission;
mod next_step;
mod query;
mod results;
mod running;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;
mod withdrawn;
mod wrong_input;

use std::path::Path;
use std::process::Output;

use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Sandbox};
use tempfile::TempDir;

/// The `criteo` command in an empty folder of its own, untouched by the environment of whoever runs the tests.
struct Folder {
    folder: TempDir,
}

impl Folder {
    fn new() -> Folder {
        Folder {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A folder whose `criteo.toml` holds `text`.
    fn with_configuration(text: &str) -> Folder {
        let folder = Folder::new();
        folder.write("criteo.toml", text);
        folder
    }

    /// A folder whose configuration leads to `sandbox`, with `rest` below it.
    fn at(sandbox: &Sandbox, rest: &str) -> Folder {
        let url = sandbox.url();
        Folder::with_configuration(&format!(
            "[criteo]\ncurrency = \"EUR\"\napi_url = \"{url}\"\n{rest}"
        ))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// The command, ready for arguments.
    fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_criteo"));
        command.current_dir(self.path());
        command.env("XDG_STATE_HOME", self.path().join("state"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CRITEO_") || name == "NO_COLOR" {
                command.env_remove(&*name);
            }
        }
        // Keys of whoever runs the tests are none of their business.
        command
            .env("CRITEO_KEYRING", "off")
            .env("XDG_CONFIG_HOME", self.path().join("config"));
        command
    }

    /// The command with the sandbox's key.
    fn command_with_key(&self) -> std::process::Command {
        let mut command = self.command();
        command.env("CRITEO_CLIENT_ID", DEMO_CLIENT_ID);
        command.env("CRITEO_CLIENT_SECRET", DEMO_CLIENT_SECRET);
        command
    }

    /// Runs the command with `line`, its arguments separated by blanks.
    fn run(&self, line: &str) -> Ended {
        Ended::of(self.command().args(line.split_whitespace()))
    }

    /// The same with the sandbox's key.
    fn run_with_key(&self, line: &str) -> Ended {
        Ended::of(self.command_with_key().args(line.split_whitespace()))
    }
}

/// How a command ended and what it said.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn of(command: &mut std::process::Command) -> Ended {
        Ended::from(command.output().unwrap())
    }

    /// Asserts the exit code, and shows everything that was said when it is another one.
    #[track_caller]
    fn with_code(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Asserts that stderr has all of `texts`, and that stdout is empty, as it must be when something is wrong.
    #[track_caller]
    fn saying_only(self, texts: &[&str]) -> Ended {
        assert_eq!(self.stdout, "", "{self:#?}");
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} is missing: {self:#?}");
        }
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The events of `--json`, one per line.
    fn events(&self) -> Vec<serde_json::Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
