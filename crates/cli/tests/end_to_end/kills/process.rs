//! The command while it runs.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::manifests;
use crate::support::{Run, Stage};

/// How long anything may take before a test gives up, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// When to kill.
#[derive(Debug, Clone)]
pub(crate) enum Moment {
    /// So many milliseconds after so many calls have come in.
    Calls {
        calls: usize,
        then_milliseconds: u64,
    },
    /// As soon as this many different windows have been seen in the spool.
    Spooled(usize),
}

/// A running command. It is killed when it is dropped.
pub(crate) struct Process {
    child: Option<Child>,
    arguments: String,
}

impl Process {
    pub(crate) fn start(stage: &Stage, arguments: &[&str]) -> Process {
        Process::of(stage.command().args(arguments), arguments)
    }

    pub(crate) fn of(command: &mut Command, arguments: &[&str]) -> Process {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Process {
            child: Some(child),
            arguments: arguments.join(" "),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// Waits until it is `time`, and says whether the process was still running then.
    pub(crate) fn wait_until(&mut self, mut time: impl FnMut() -> bool) -> bool {
        let started = Instant::now();
        loop {
            if self.has_ended() {
                return false;
            }
            if time() {
                return true;
            }
            if started.elapsed() > PATIENCE {
                let mut child = self.child.take().unwrap();
                child.kill().unwrap();
                let output = child.wait_with_output().unwrap();
                panic!("It hangs: {}", Run::new(&self.arguments, output));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kills it without warning, and says whether it had ended by itself before.
    pub(crate) fn kill_at(mut self, moment: &Moment, stage: &Stage) -> bool {
        match moment {
            Moment::Calls {
                calls,
                then_milliseconds,
            } => {
                self.wait_until(|| calls_so_far(stage) >= *calls);
                std::thread::sleep(Duration::from_millis(*then_milliseconds));
            }
            Moment::Spooled(count) => {
                let mut seen = std::collections::BTreeSet::new();
                self.wait_until(|| {
                    seen.extend(manifests(stage));
                    seen.len() >= *count
                });
            }
        }
        let ended = self.has_ended();
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        // What it sent last may still be on its way into the sandbox's log.
        std::thread::sleep(Duration::from_millis(30));
        ended
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Run {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        Run::new(&self.arguments, output)
    }
}

/// The calls that have come in since the faults were set, those for tokens left out. Cheaper than the log of calls, which
/// would be copied a thousand times a second.
pub(crate) fn calls_so_far(stage: &Stage) -> usize {
    let seen = stage
        .sandbox
        .faults()
        .iter()
        .map(|rule| rule.calls_seen)
        .max();
    usize::try_from(seen.unwrap_or_default()).unwrap()
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
