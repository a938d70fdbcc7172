//! `criteo consent`: who granted access, what changed, and waiting for more, against the sandbox's consent page.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use criteo_sandbox::{FaultKind, FaultRule, Sandbox, SandboxConfig, Scenario};
use serde_json::Value;

use super::{Ended, Folder};

fn nobody_granted() -> Sandbox {
    sandbox("[consent]\ngranted = []")
}

fn sandbox(scenario: &str) -> Sandbox {
    Sandbox::start(SandboxConfig {
        scenario: Some(Scenario::from_toml(scenario).unwrap()),
        ..SandboxConfig::default()
    })
    .unwrap()
}

fn ids(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap();
    list.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn it_says_who_may_grant_and_how_and_that_nobody_did() {
    let sandbox = nobody_granted();
    let ended = Folder::at(&sandbox, "")
        .run_with_key("consent")
        .with_code(0);
    for word in [
        "Admin, Business Manager or Technical Manager",
        "\"Generate new URL\"",
        "works once, within 30 days",
        "What several people grant adds up",
        "No advertiser is granted yet.",
        "criteo consent --watch",
    ] {
        assert!(ended.stderr.contains(word), "{word}: {ended:#?}");
    }
    assert_eq!(ended.stdout, "");
}

#[test]
fn each_look_lists_the_granted_and_says_what_changed_since_the_last() {
    let sandbox = sandbox("");
    let advertisers = sandbox.advertiser_ids();
    let folder = Folder::at(&sandbox, "");
    sandbox.set_consent(&advertisers[0], false);

    let first = folder.run_with_key("consent").with_code(0);
    assert!(
        first.stderr.contains("The next look will say what changed"),
        "{first:#?}"
    );
    let listed: Vec<&str> = first
        .stdout
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(listed, advertisers[1..]);

    let same = folder.run_with_key("consent").with_code(0);
    assert!(
        same.stderr.contains("Nothing changed since the last look"),
        "{same:#?}"
    );

    sandbox.set_consent(&advertisers[0], true);
    sandbox.set_consent(&advertisers[2], false);
    let json = folder.run_with_key("consent --json").with_code(0);
    assert_eq!(json.stderr, "");
    let json = json.json();
    assert_eq!(json["client_id"], "sandbox-client");
    assert!(json["last_look"].is_string(), "{json}");
    assert_eq!(
        ids(&json["granted"]),
        [&*advertisers[0], &*advertisers[1], &*advertisers[3]]
    );
    assert_eq!(ids(&json["change"]["appeared"]), [&*advertisers[0]]);
    assert_eq!(ids(&json["change"]["gone"]), [&*advertisers[2]]);
    assert!(json["granted"][0]["name"].is_string(), "{json}");

    sandbox.set_consent(&advertisers[1], false);
    let words = folder.run_with_key("consent").with_code(0);
    assert!(
        words
            .stderr
            .contains(&format!("withdrawn  {}", advertisers[1])),
        "{words:#?}"
    );
    assert!(!words.stderr.contains("granted    "), "{words:#?}");
}

#[test]
fn a_damaged_memory_is_told_and_replaced_and_a_missing_one_is_no_obstacle() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    folder.run_with_key("consent --quiet").with_code(0);
    let memory = folder.path().join("state/criteo-connector/consent");
    let file = std::fs::read_dir(&memory)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(&file, "{ not JSON").unwrap();
    let damaged = folder.run_with_key("consent --json").with_code(0);
    assert!(
        damaged
            .stderr
            .contains("warning: The last look cannot be read from "),
        "{damaged:#?}"
    );
    assert_eq!(damaged.json()["change"], Value::Null);
    let mended = folder.run_with_key("consent --json").with_code(0);
    assert_eq!(
        (mended.stderr.as_str(), &mended.json()["change"]["gone"]),
        ("", &Value::Array(vec![]))
    );

    std::fs::remove_dir_all(&memory).unwrap();
    std::fs::write(&memory, "a file where the folder should be").unwrap();
    let stuck = folder.run_with_key("consent").with_code(0);
    assert!(stuck.stderr.contains("warning: "), "{stuck:#?}");
    assert!(
        stuck.stdout.contains(&sandbox.advertiser_ids()[0]),
        "{stuck:#?}"
    );
}

#[test]
fn no_configuration_is_needed_but_one_that_was_named_has_to_be_there() {
    let sandbox = sandbox("");
    let folder = Folder::new();
    let mut command = folder.command_with_key();
    command
        .args(["consent", "--json"])
        .env("CRITEO_API_URL", sandbox.url());
    let json = Ended::of(&mut command).with_code(0).json();
    assert_eq!(ids(&json["granted"]), sandbox.advertiser_ids());
    folder
        .run_with_key("consent --config mine.toml")
        .with_code(2)
        .saying_only(&["There is no configuration file mine.toml"]);
}

/// `criteo consent --watch` while it runs.
struct Watching {
    child: Child,
    events: BufReader<std::process::ChildStdout>,
}

impl Watching {
    fn start(folder: &Folder, more: &str) -> Watching {
        let mut command = folder.command_with_key();
        command
            .args(["consent", "--json", "--watch", "--every", "1s"])
            .args(more.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let events = BufReader::new(child.stdout.take().unwrap());
        Watching { child, events }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.events.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| {
            let mut said = String::new();
            self.child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut said)
                .unwrap();
            panic!("{error}: {line:?}, {said}")
        })
    }

    fn wait_for(&mut self, name: &str) -> Value {
        loop {
            let event = self.next();
            if event["event"] == name {
                return event;
            }
        }
    }

    fn code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_watch_sees_an_approval_that_arrives_later() {
    let sandbox = nobody_granted();
    let chosen = &sandbox.advertiser_ids()[1..3];
    let url = sandbox.generate_consent_url();
    let folder = Folder::at(&sandbox, "");
    let mut watching = Watching::start(&folder, "--timeout 2m");
    let first = watching.next();
    assert_eq!(
        (&first["event"], &first["granted"]),
        (&"consent_looked".into(), &Value::Array(vec![]))
    );
    assert_eq!(first["next_in"], 1.0);

    sandbox.approve_consent(&url, chosen).unwrap();
    let end = watching.wait_for("consent_watch_finished");
    assert_eq!(end["outcome"], "appeared");
    assert_eq!(ids(&end["appeared"]), chosen);
    assert_eq!(watching.code(), Some(0));

    // What was seen is the last look from now on, so the next watch waits for others.
    let looked = folder.run_with_key("consent --json").with_code(0).json();
    assert_eq!(looked["change"]["appeared"], Value::Array(vec![]));
    let calls = sandbox.calls().len();
    let late = folder
        .run_with_key("consent --watch --timeout 1500ms --every 1s")
        .with_code(3);
    assert!(late.stderr.contains("The time is up"), "{late:#?}");
    let calls = sandbox.calls().len() - calls;
    assert!(
        (2..=3).contains(&calls),
        "{calls} calls: a token and at most two looks"
    );

    // An approval between two commands is new to the watch that begins after it.
    sandbox.set_consent(&sandbox.advertiser_ids()[0], true);
    let seen = folder
        .run_with_key("consent --watch --timeout 1m")
        .with_code(0);
    assert!(
        seen.stderr
            .contains("New: 1 advertiser. 3 advertisers granted now"),
        "{seen:#?}"
    );
}

#[test]
fn a_watch_outlives_failures_that_pass_and_not_those_that_stay() {
    let sandbox = nobody_granted();
    let mut rule = FaultRule::new(FaultKind::Status).on_path("/2026-07/advertisers/me");
    rule.status = Some(503);
    sandbox.add_fault(rule).unwrap();
    let folder = Folder::at(&sandbox, "[sync]\nretry_seconds = 1\n");
    let mut watching = Watching::start(&folder, "");
    let failed = watching.next();
    assert_eq!(failed["event"], "consent_look_failed");
    assert!(
        failed["reason"].as_str().unwrap().contains("503"),
        "{failed}"
    );
    sandbox.clear_faults();
    watching.wait_for("consent_looked");
    sandbox.set_consent(&sandbox.advertiser_ids()[0], true);
    assert_eq!(
        watching.wait_for("consent_watch_finished")["outcome"],
        "appeared"
    );
    assert_eq!(watching.code(), Some(0));

    let mut wrong = folder.command();
    wrong.args(["consent", "--watch"]);
    wrong
        .env("CRITEO_CLIENT_ID", "sandbox-client")
        .env("CRITEO_CLIENT_SECRET", "hunter2");
    let ended = Ended::of(&mut wrong).with_code(1);
    assert!(ended.stderr.contains("error: "), "{ended:#?}");
    assert!(!ended.stderr.contains("hunter2"), "{ended:#?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_watch_well() {
    let sandbox = nobody_granted();
    let mut watching = Watching::start(&Folder::at(&sandbox, ""), "");
    watching.next();
    super::running::send("-INT", &watching.child);
    assert_eq!(
        watching.wait_for("consent_watch_finished")["outcome"],
        "stopped"
    );
    assert_eq!(watching.code(), Some(3));
}

#[test]
fn a_watch_takes_sensible_times_only() {
    let folder = Folder::new();
    for (line, said) in [
        ("consent --watch --timeout soon", "90s, 30m or 2h"),
        ("consent --watch --timeout=-5s", "90s, 30m or 2h"),
        ("consent --watch --timeout 0s", "90s, 30m or 2h"),
        ("consent --watch --every 500ms", "quota"),
        ("consent --timeout 5s", "--watch"),
    ] {
        folder.run(line).with_code(2).saying_only(&[said]);
    }
}
