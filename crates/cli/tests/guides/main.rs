//! Every command of docs/guides is typed here as it stands, against the sandbox.
//!
//! A guide is read from top to bottom. Its `sh` blocks run in one shell session of its own, in an empty folder, in a
//! home whose `Downloads` holds a key file as Criteo's portal names things. What else a block means stands in a comment
//! before it, which renderers do not show:
//!
//! | in the guide | what happens |
//! |---|---|
//! | a `sh` block | is run, and has to end with 0 |
//! | `<!-- exit: 0 3 -->` before it | it may end with any of these codes |
//! | `<!-- needs: pypi -->` before it | where packages cannot be had, the rest of the guide is skipped, loudly |
//! | a `text` block right after it | has to be in its output: each line, in this order, whatever the numbers are |
//! | `<!-- when: 3 -->` before a `text` block | the same, if the commands above ended with this code |
//! | `<!-- file: NAME -->` before any other block | its content is written to that file |
//!
//! What no test can do (a click in the portal, a command for the administrator of a machine) is no `sh` block.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod guide;
mod session;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;

use std::path::{Path, PathBuf};

use criteo_sandbox::{Limits, Sandbox, SandboxConfig, Scenario};

use guide::{Block, Guide};
use session::{Session, same_but_for_numbers};
use skipped::skipped;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides")
}

/// A quota that lets no test wait; the guides themselves speak of the real one.
const QUOTA: u32 = 6_000;

fn sandbox() -> Sandbox {
    Sandbox::start(SandboxConfig {
        scenario: Some(Scenario {
            limits: Limits {
                report_calls_per_minute: QUOTA,
                calls_per_minute: QUOTA,
                ..Limits::default()
            },
            ..Scenario::default()
        }),
        ..SandboxConfig::default()
    })
    .unwrap()
}

#[test]
fn the_commands_of_credentials_work() {
    follow("credentials.md");
}

#[test]
fn the_commands_of_first_sync_work() {
    follow("first-sync.md");
}

#[test]
fn the_commands_of_scheduling_work() {
    follow("scheduling.md");
}

#[test]
fn the_commands_of_moving_from_other_connectors_work() {
    follow("moving-from-other-connectors.md");
}

/// Guides that others write have a test of their own beside what they describe, or are found here.
#[test]
fn no_guide_is_forgotten() {
    let known = [
        "credentials.md",
        "first-sync.md",
        "scheduling.md",
        "moving-from-other-connectors.md",
    ];
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|end| end == "md") && !known.contains(&name.as_str()) {
            follow(&name);
        }
    }
}

/// Does what a guide says.
fn follow(name: &str) {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    let guide = Guide::parse(name, &text);
    let sandbox = sandbox();
    let session = Session::new(&sandbox.url(), QUOTA);
    let (mut output, mut code) = (String::new(), 0);
    for block in &guide.blocks {
        match block {
            Block::File { name, text } => session.write(name, text),
            Block::Commands(commands) => {
                let ended = session.run(&commands.text);
                if commands.needs_packages && ended.lacks_packages() {
                    skipped(
                        &format!("{name} was not followed from line {} on", commands.line),
                        "its packages cannot be had here",
                    );
                    return;
                }
                assert!(
                    commands.exit_codes.contains(&ended.code),
                    "{name}, line {}: ended with {} instead of {:?}:\n{}\n--- said\n{}",
                    commands.line,
                    ended.code,
                    commands.exit_codes,
                    commands.text,
                    ended.output
                );
                (output, code) = (ended.output, ended.code);
            }
            Block::Output {
                when: Some(codes), ..
            } if !codes.contains(&code) => {}
            Block::Output { line, text, .. } => {
                if let Err(missing) = same_but_for_numbers(text, &output) {
                    panic!(
                        "{name}, line {line}: the output has no line (after those above) like\n  {missing}\n--- it \
                         was\n{output}"
                    );
                }
            }
        }
    }
}
