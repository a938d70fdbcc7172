//! What `criteo check` shows a person for every cause in the doctor's table, as snapshots of a terminal 80 columns wide.
//!
//! A snapshot's name begins with the identifier of the cause that it shows; [`every_cause_is_shown`] finds the ones that
//! nobody shows. `INSTA_UPDATE=always` writes them anew.

mod access;
mod machine;
mod network;
mod servers;

use std::path::Path;
use std::process::Command;

use criteo_engine::doctor::{CAUSES, CauseId, Link, troubleshooting};
use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Sandbox, SandboxConfig, Scenario};

use super::{Ended, Folder};

/// Variables that would lead the network's examination elsewhere.
const PROXY_VARIABLES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

fn sandbox(scenario: &str) -> Sandbox {
    Sandbox::start(SandboxConfig {
        scenario: Some(Scenario::from_toml(scenario).unwrap()),
        ..SandboxConfig::default()
    })
    .unwrap()
}

/// The command in a folder, on an 80-column page, without proxies and without a key.
fn command(folder: &Folder) -> Command {
    let mut command = folder.command();
    for name in PROXY_VARIABLES {
        command.env_remove(name);
    }
    command.env("COLUMNS", "80");
    command
}

/// The same with the sandbox's key in the environment.
fn command_with_key(folder: &Folder) -> Command {
    let mut command = command(folder);
    command.env("CRITEO_CLIENT_ID", DEMO_CLIENT_ID);
    command.env("CRITEO_CLIENT_SECRET", DEMO_CLIENT_SECRET);
    command
}

/// Writes a key file for one user alone and gives the command that uses it.
fn command_with_key_file(folder: &Folder, id: &str, secret: &str) -> Command {
    folder.write(
        "key.txt",
        &format!("client_id: {id}\nclient_secret: {secret}\n"),
    );
    set_mode(&folder.path().join("key.txt"), 0o600);
    let mut command = command(folder);
    command.env("CRITEO_KEY_FILE", "key.txt");
    command
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs `check` twice: what a person sees is held against the snapshot, and what a script reads has to name `cause`.
/// `variant` tells snapshots of one cause apart.
#[track_caller]
fn shows(cause: CauseId, variant: &str, mut command: Command, code: i32) -> serde_json::Value {
    let folder = command.get_current_dir().unwrap().to_owned();
    let seen = Ended::of(command.arg("check")).with_code(code);
    assert_eq!(seen.stderr, "", "{seen:#?}");
    snapshot(
        &format!("{}{variant}", cause.as_str()),
        &without_version(&seen.stdout),
        &folder,
    );
    let report = Ended::of(command.arg("--json")).with_code(code).json();
    let links = report["links"].as_array().unwrap();
    let ids: Vec<_> = links
        .iter()
        .map(|link| link["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, Link::ALL.map(Link::id), "{report:#}");
    let named = links.iter().any(|link| link["cause"] == cause.as_str());
    assert!(named, "no line names {}: {report:#}", cause.as_str());
    report
}

/// Takes the line about the version out, unless it is red: it depends on the day, and has tests of its own.
fn without_version(text: &str) -> String {
    let mut shown = String::new();
    let mut is_hidden = false;
    for line in text.lines() {
        is_hidden = match line.get(..17) {
            Some("ok    API version" | "warn  API version") => {
                shown.push_str("[the line of the API version]\n");
                true
            }
            _ => is_hidden && line.starts_with(&" ".repeat(22)),
        };
        if !is_hidden {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    shown
}

/// Compares with the stored snapshot, without what differs from machine to machine and from day to day.
#[track_caller]
fn snapshot(name: &str, text: &str, folder: &Path) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "wider than the page: {line}");
        assert!(
            !line.contains('\u{1b}'),
            "colour where nobody asked for it: {line:?}"
        );
        assert_eq!(line.trim_end(), line, "blanks at the end");
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../snapshots");
    let folder = folder.canonicalize().unwrap().display().to_string();
    settings.add_filter(&folder.replace('.', "\\."), "[folder]");
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[port]");
    settings.add_filter(r"port \d+", "port [port]");
    settings.add_filter(r"\d+ ms", "[n] ms");
    // Calls of the last minute are counted in real time.
    settings.add_filter(r"\d+ of (\d+) (report|other) calls", "[n] of $1 $2 calls");
    settings.add_filter(r"room for \d+ \w+", "room for [n] GiB");
    settings.add_filter(
        r"(one thing|\d+ things) should be known",
        "[n] things should be known",
    );
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn every_cause_is_shown() {
    // What nobody expects cannot be played; the disk of a test machine is what it is.
    let unplayable = [CauseId::UnexpectedAnswer, CauseId::SpoolLow];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command_line/snapshots");
    let names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for cause in CAUSES {
        let id = cause.id.as_str();
        let is_shown = names.iter().any(|name| {
            name.strip_prefix(id)
                .is_some_and(|rest| rest.starts_with(['.', '-']))
        });
        assert_ne!(is_shown, unplayable.contains(&cause.id), "{id}: {names:?}");
    }
}

#[test]
fn the_guide_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/troubleshooting.md");
    if std::env::var_os("CRITEO_UPDATE_DOCUMENTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, troubleshooting()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == troubleshooting(),
        "docs/guides/troubleshooting.md is not the doctor's table of causes; write it anew with \
         CRITEO_UPDATE_DOCUMENTS=1 cargo test -p criteo-connector --test command_line the_guide"
    );
}

#[test]
fn everything_in_order_is_said_in_one_sentence() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let ended = Ended::of(command_with_key(&folder).arg("check")).with_code(0);
    assert!(ended.stdout.contains("\nok    token "), "{ended:#?}");
    assert!(!ended.stdout.contains("FAIL"), "{ended:#?}");
    assert!(ended.stdout.contains("`criteo sync` can run"), "{ended:#?}");
    // The calls that are promised, and no more: knock, token, app, advertisers, one report, campaigns, ads.
    let calls = sandbox.calls();
    assert_eq!(calls.len(), 7, "{calls:#?}");
    let before = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(before, 1, "something stays behind");
}

#[test]
fn colour_is_for_terminals_and_for_those_who_insist() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let plain = Ended::of(command_with_key(&folder).arg("check"));
    assert!(!plain.stdout.contains('\u{1b}'), "{plain:#?}");
    let coloured = Ended::of(command_with_key(&folder).args(["check", "--color", "always"]));
    assert!(coloured.stdout.contains("\u{1b}[32mok"), "{coloured:#?}");
}
