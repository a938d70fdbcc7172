//! The files under `deploy/` do what docs/guides/scheduling.md says of them: each is run by the scheduler it is made
//! for, or judged by that scheduler's own tool, with the sandbox in Criteo's place.
//!
//! What a test needs (cron, systemd's tools, packages of PyPI in a cache folder) is installed by `.ci/run` or here.
//! Where that cannot be, the test says so on standard error and passes, unless `CRITEO_REQUIRE_ALL_TESTS=1`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod containers;
mod cron;
mod kubernetes;
#[path = "../../../../tests/shared/python.rs"]
mod python;
mod python_schedulers;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;
mod systemd;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use criteo_engine::catalog::Catalog;
use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Sandbox, SandboxConfig};
use tempfile::TempDir;

use skipped::skipped;

/// A file under `deploy/`.
fn deployed(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap().join("deploy").join(name)
}

/// The streams that are read here. Two are enough to see that a sync was done, and take no time.
const STREAMS: [&str; 2] = ["advertisers", "campaigns"];

/// A sandbox, and a home with the folder `criteo` that the guides speak of, and the command in a folder `bin`.
struct Place {
    sandbox: Sandbox,
    home: TempDir,
}

impl Place {
    fn new() -> Place {
        let sandbox = Sandbox::start(SandboxConfig::default()).unwrap();
        let home = tempfile::tempdir().unwrap();
        for folder in ["criteo", "bin"] {
            std::fs::create_dir(home.path().join(folder)).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_criteo"), home.path().join("bin/criteo"))
            .unwrap();
        let place = Place { sandbox, home };
        place.write("key.txt", &key());
        place.write("criteo.toml", &configuration("key_file = \"key.txt\"\n"));
        place
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn folder(&self) -> PathBuf {
        self.home().join("criteo")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).unwrap();
    }

    /// A program in the folder `criteo`, with the command on its path and the sandbox in Criteo's place.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CRITEO_") || name.starts_with("XDG_") {
                command.env_remove(&*name);
            }
        }
        command
            .current_dir(self.folder())
            .env("PATH", self.path())
            .env("HOME", self.home())
            .env("CRITEO_API_URL", self.sandbox.url())
            .env("CRITEO_KEYRING", "off")
            .env("CRITEO_FOLDER", self.folder());
        command
    }

    fn path(&self) -> String {
        let path = std::env::var("PATH").unwrap();
        format!("{}:{path}", self.home().join("bin").display())
    }

    /// Asserts that a sync was done and left what the sandbox has.
    #[track_caller]
    fn assert_synced(&self) {
        self.assert_synced_with("criteo.toml");
    }

    #[track_caller]
    fn assert_synced_with(&self, config: &str) {
        let status = self
            .command("criteo")
            .args(["--config", config, "--json", "status"])
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", said(&status));
        let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
        assert_eq!(status["last_run"]["outcome"], "complete", "{status:#}");
        let advertisers = status["streams"]
            .as_array()
            .unwrap()
            .iter()
            .find(|stream| stream["stream"] == "advertisers")
            .unwrap();
        let truth = self.sandbox.advertiser_ids().len();
        assert_eq!(advertisers["rows"], truth, "{status:#}");
    }
}

/// A configuration that reads [`STREAMS`], with `more` in `[criteo]`.
fn configuration(more: &str) -> String {
    let mut text = format!("[criteo]\ncurrency = \"EUR\"\n{more}");
    text.push_str(&streams_switched_off());
    text
}

/// Sections that switch everything off but [`STREAMS`].
fn streams_switched_off() -> String {
    let mut text = String::new();
    for stream in Catalog::builtin().streams() {
        if !STREAMS.contains(&stream.name.as_str()) {
            let _ = write!(text, "\n[streams.{}]\nenabled = false\n", stream.name);
        }
    }
    text
}

fn key() -> String {
    format!("client_id: {DEMO_CLIENT_ID}\nclient_secret: {DEMO_CLIENT_SECRET}\n")
}

fn said(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Whether a program can be started at all.
fn is_there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|found| found.status.success())
}
