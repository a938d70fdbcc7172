//! One finished run of the command.

use std::fmt;
use std::process::Output;

use serde_json::Value;

/// What the command said, and how it ended.
pub(crate) struct Run {
    /// The arguments, for messages.
    pub(crate) arguments: String,
    /// The exit code; none when a signal ended the process.
    pub(crate) code: Option<i32>,
    /// Data: tables, or JSON with `--json`.
    pub(crate) stdout: String,
    /// Everything for people.
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn new(arguments: &str, output: Output) -> Run {
        Run {
            arguments: arguments.to_owned(),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Fails the test unless the command ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// The only JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(document) => document,
            Err(error) => panic!("Not one JSON document: {error}\n{self}"),
        }
    }

    /// The events of a run with `--json`, which are of this kind.
    #[track_caller]
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let parse = |line| match serde_json::from_str::<Value>(line) {
            Ok(event) => event,
            Err(error) => panic!("Not an event: {error}: {line}\n{self}"),
        };
        self.stdout
            .lines()
            .map(parse)
            .filter(|event| event["event"] == kind)
            .collect()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`criteo {}` ended with {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.arguments, self.code, self.stdout, self.stderr
        )
    }
}
