//! `criteo init` as a person lives through it: in a terminal, against the sandbox, until the tables hold the truth.

mod destination;
mod first_hour;
mod left;
mod narrow;
mod permissions;
mod refused_keys;
mod wrong_answers;

use std::path::{Path, PathBuf};
use std::process::Command;

use criteo_sandbox::Scenario;
use jiff::civil::date;

use crate::support::terminal::Terminal;
use crate::support::{Settings, Stage};

/// What every secret of these tests holds, and nothing that is written may.
const SECRET: &str = "hunter2";
/// The instant at which all of this takes place.
const NOW: &str = "2026-04-05T09:30:00Z";

/// A sandbox, and an empty folder that is somebody's home.
struct Home {
    stage: Stage,
}

impl Home {
    fn new(scenario: &str) -> Home {
        let scenario = Scenario::from_toml(scenario).unwrap();
        let settings =
            Settings::new(date(2026, 3, 20)).in_currency_and_zone("JPY", "America/New_York");
        let stage = Stage::open(NOW, scenario, settings);
        std::fs::remove_file(stage.folder().join("criteo.toml")).unwrap();
        Home { stage }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.stage.folder().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command without a key, in a home of its own.
    fn command(&self, line: &str) -> Command {
        let mut command = self.stage.command();
        command
            .args(line.split_whitespace())
            .env_remove("CRITEO_CLIENT_ID")
            .env_remove("CRITEO_CLIENT_SECRET")
            .env("HOME", self.stage.folder())
            .env("XDG_STATE_HOME", self.path("state"))
            .env("LANG", "sv_SE.UTF-8")
            .env("TZ", "Europe/Stockholm");
        command
    }

    fn terminal(&self, line: &str) -> Terminal {
        Terminal::start(&self.command(line), 80)
    }

    /// The file in which the progress is kept, if there is one.
    fn progress(&self) -> Option<String> {
        let folder = std::fs::read_dir(self.path("state/criteo-connector/setup")).ok()?;
        let file = folder.flatten().next()?.path();
        Some(std::fs::read_to_string(file).unwrap())
    }

    /// Files of this home that hold a secret, other than those that are there for it.
    fn leaks(&self) -> Vec<PathBuf> {
        let mut leaks = Vec::new();
        collect_leaks(self.stage.folder(), &mut leaks);
        leaks
    }
}

fn collect_leaks(folder: &Path, leaks: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_leaks(&path, leaks);
            continue;
        }
        let is_for_it = path.ends_with("config/criteo-connector/keys/default.json")
            || path.extension().is_some_and(|extension| extension == "txt");
        let bytes = std::fs::read(&path).unwrap();
        let holds_secret = bytes
            .windows(SECRET.len())
            .any(|part| part == SECRET.as_bytes());
        if holds_secret && !is_for_it {
            leaks.push(path);
        }
    }
}
