//! Commands that talk to Criteo, here the sandbox: exit codes, events, interruption, and no secret anywhere.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use criteo_sandbox::{FaultKind, FaultRule, Sandbox, SandboxConfig, Scenario};

use super::{Ended, Folder};

pub(super) fn sandbox(scenario: &str) -> Sandbox {
    Sandbox::start(SandboxConfig {
        scenario: Some(Scenario::from_toml(scenario).unwrap()),
        ..SandboxConfig::default()
    })
    .unwrap()
}

fn latency(milliseconds: u64, path: &str) -> FaultRule {
    FaultRule {
        milliseconds: Some(milliseconds),
        ..FaultRule::new(FaultKind::Latency).on_path(path)
    }
}

#[cfg(unix)]
pub(super) fn send(signal: &str, child: &Child) {
    let process = child.id().to_string();
    let status = Command::new("kill").args([signal, &process]).status();
    assert!(status.unwrap().success());
}

#[test]
fn a_sync_is_planned_done_and_shown() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let line = "--stream campaigns --stream advertisers";

    let plan = folder
        .run_with_key(&format!("plan {line} --windows"))
        .with_code(0);
    assert!(plan.stdout.contains("4 advertisers"), "{plan:#?}");
    assert!(plan.stdout.contains("WINDOW OF"), "{plan:#?}");
    let window = "A window is what is asked for and loaded as a whole";
    assert!(plan.stderr.contains(window), "{plan:#?}");
    let quiet = folder
        .run_with_key(&format!("plan {line} --quiet"))
        .with_code(0);
    assert!(!quiet.stderr.contains(window), "{quiet:#?}");
    let estimated = folder.run_with_key("plan -s statistics").with_code(0);
    assert!(
        estimated.stderr.contains(" packed accordingly.\n"),
        "{estimated:#?}"
    );

    let ended = folder.run_with_key(&format!("sync {line}")).with_code(0);
    let campaigns = ended
        .stdout
        .lines()
        .find(|line| line.starts_with("campaigns "))
        .unwrap();
    assert_eq!(
        campaigns.split_whitespace().nth(3),
        Some("12"),
        "{ended:#?}"
    );
    assert!(
        ended.stderr.contains("campaigns: done, 12 rows"),
        "{ended:#?}"
    );
    assert!(
        ended.stderr.contains("\nLoaded 16 rows of 2 streams in "),
        "{ended:#?}"
    );

    assert!(ended.stderr.contains(window), "{ended:#?}");

    // A day that is final is not read again, and there is no window to explain.
    let day = (sandbox.now() - jiff::SignedDuration::from_hours(24 * 60)).strftime("%F");
    let final_day = format!("sync -s statistics --from {day} --to {day}");
    folder.run_with_key(&final_day).with_code(0);
    let nothing = folder.run_with_key(&final_day).with_code(0);
    assert!(
        nothing.stderr.contains("\nLoaded 0 rows of "),
        "{nothing:#?}"
    );
    assert!(!nothing.stderr.contains(window), "{nothing:#?}");

    let quiet = folder
        .run_with_key(&format!("sync {line} --quiet"))
        .with_code(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));

    let status = folder.run("status --json").with_code(0).json();
    assert_eq!(status["last_run"]["outcome"], "complete");
    let streams = status["streams"].as_array().unwrap();
    let campaigns = streams
        .iter()
        .find(|stream| stream["stream"] == "campaigns")
        .unwrap();
    assert_eq!(campaigns["rows"], 12);
    let status = folder.run("status").with_code(0);
    assert!(
        status.stdout.contains("and loaded everything: 16 rows in "),
        "{status:#?}"
    );
}

/// A log tells what bars show: how much is left, and for how long.
#[test]
fn lines_tell_how_long_it_takes_still() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let day = sandbox.now() - jiff::SignedDuration::from_hours(24 * 6);
    let day = day.strftime("%F");
    let ended = folder
        .run_with_key(&format!("sync -s placements --from {day}"))
        .with_code(0);
    let lines = ended.stderr.lines();
    let loaded: Vec<&str> = lines
        .filter(|line| line.starts_with("placements: 2"))
        .collect();
    assert_eq!(loaded.len(), 6, "{ended:#?}");
    // Those that are on their way are left as well.
    assert!(loaded[0].ends_with(", 5 windows left"), "{ended:#?}");
    for (line, left) in loaded[1..].iter().zip([4, 3, 2]) {
        let words = format!(", {left} windows left; about ");
        assert!(line.contains(&words), "{words:?}: {ended:#?}");
        assert!(line.ends_with(" left in all"), "{ended:#?}");
    }
    assert!(!loaded[5].contains(" left"), "{ended:#?}");
}

#[test]
fn events_are_one_object_per_line_and_nothing_else() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let ended = folder
        .run_with_key("sync --json --stream campaigns")
        .with_code(0);
    let events = ended.events();
    assert_eq!(events.first().unwrap()["event"], "run_started");
    let last = events.last().unwrap();
    assert_eq!(last["event"], "run_finished");
    assert_eq!(last["outcome"], "complete");
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_is_left_out_decides_the_exit_code() {
    let sandbox = sandbox(
        "[[keys]]\nclient_id = \"sandbox-client\"\nclient_secret = \"sandbox+secret/=\"\nscopes = [\"Analytics_Read\"]\n",
    );
    let folder = Folder::at(&sandbox, "");
    let partly = folder
        .run_with_key("sync -s campaigns -s advertisers")
        .with_code(3);
    assert!(
        partly.stderr.contains("warning: Partly loaded."),
        "{partly:#?}"
    );
    assert!(partly.stderr.contains("warning: campaigns"), "{partly:#?}");
    let failed = folder.run_with_key("sync -s campaigns").with_code(1);
    assert!(
        failed.stderr.contains("error: Nothing could be loaded"),
        "{failed:#?}"
    );

    let check = folder.run_with_key("check").with_code(1);
    assert!(check.stdout.contains("FAIL"), "{check:#?}");
    let lines = folder.run_with_key("check --json").with_code(1).json();
    assert_eq!(lines["verdict"], "failed");
    let lines = lines["links"].as_array().unwrap();
    let has = |verdict: &str| lines.iter().any(|line| line["verdict"] == verdict);
    assert!(has("ok") && has("failed"), "{lines:#?}");
}

#[test]
fn a_wrong_key_fails_without_being_shown() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    for line in ["sync -vv", "check -vv", "plan -vv", "sync --json", "sync"] {
        let mut command = folder.command();
        command
            .args(line.split_whitespace())
            .env("CRITEO_CLIENT_ID", "sandbox-client")
            .env("CRITEO_CLIENT_SECRET", "hunter2+secret/=");
        let ended = Ended::of(&mut command).with_code(1);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.contains("hunter2"), "{ended:#?}");
        assert!(said.contains("client"), "{ended:#?}");
    }
}

#[test]
fn verbose_tells_of_calls_and_not_of_secrets() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let ended = folder
        .run_with_key("sync -vv --stream campaigns")
        .with_code(0);
    assert!(ended.stderr.contains("DEBUG"), "{ended:#?}");
    for secret in ["sandbox+secret", "sandbox%2Bsecret", "Bearer"] {
        assert!(!ended.stderr.contains(secret), "{ended:#?}");
    }
}

#[cfg(unix)]
#[test]
fn the_first_signal_finishes_what_is_on_its_way() {
    let sandbox = sandbox("[limits]\nreport_calls_per_minute = 6000\n");
    sandbox.add_fault(latency(100, "placements")).unwrap();
    for (signal, options) in [("-INT", ""), ("-TERM", " --rebuild")] {
        let folder = Folder::at(&sandbox, "report_calls_per_minute = 6000\n");
        let mut command = folder.command_with_key();
        let asked = format!("--json --stream placements{options}");
        command
            .arg("sync")
            .args(asked.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut events = String::new();
        while !events.contains("\"window_loaded\"") {
            assert_ne!(stdout.read_line(&mut events).unwrap(), 0, "{events}");
        }
        send(signal, &child);
        stdout.read_to_string(&mut events).unwrap();
        let ended = Ended::from(child.wait_with_output().unwrap()).with_code(3);
        assert!(ended.stderr.contains("Stopping: "), "{ended:#?}");
        let last = events.lines().last().unwrap();
        assert!(last.contains("\"interrupted\""), "{last}");
        let loaded = events.matches("\"window_loaded\"").count();
        assert!(
            loaded < 40,
            "It went on as if nothing had been said: {loaded} windows"
        );
        let status = folder.run("status").with_code(0);
        assert!(
            status.stdout.contains("was stopped before its end"),
            "{status:#?}"
        );
        // What was read is not in the plan of what is left, and that is what the next run reads. One that comes no further
        // than to Criteo's door changes nothing about it.
        let refused = FaultRule {
            status: Some(403),
            times: Some(1),
            ..FaultRule::new(FaultKind::Status).on_path("advertisers/me")
        };
        sandbox.add_fault(refused).unwrap();
        folder.run_with_key(&format!("sync {asked}")).with_code(1);
        let plan = || {
            let ended = folder.run_with_key(&format!("plan {asked}"));
            ended.with_code(0).json()
        };
        let left = plan();
        assert!(left["continues"].is_string(), "{left:#}");
        let planned = left["streams"][0]["windows"].as_array().unwrap().len();
        let ended = folder.run_with_key(&format!("sync {asked}")).with_code(0);
        let read = ended
            .events()
            .iter()
            .filter(|event| event["event"] == "window_loaded")
            .count();
        assert_eq!(planned, read, "{left:#}");
        assert!(plan()["continues"].is_null());
    }
}

#[cfg(unix)]
#[test]
fn the_second_signal_stops_at_once() {
    let sandbox = sandbox("");
    sandbox.add_fault(latency(60_000, "campaigns")).unwrap();
    let folder = Folder::at(&sandbox, "");
    let mut command = folder.command_with_key();
    command
        .args(["sync", "--stream", "campaigns"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    for (awaited, send_signal) in [
        ("campaigns: 1 window", true),
        ("Stopping: ", false),
        // The answer that is on its way, by its name.
        ("Waiting for campaigns (4 advertisers)\n", true),
        ("Stopped at once.", false),
    ] {
        while !said.contains(awaited) {
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{awaited}: {said}");
        }
        if send_signal {
            // Once the call is on its way.
            while sandbox.calls().len() < 3 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            send("-INT", &child);
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[cfg(unix)]
#[test]
fn the_sandbox_says_where_it_is_and_ends_well() {
    let folder = Folder::new();
    let mut command = folder.command();
    command
        .args([
            "sandbox",
            "--port",
            "0",
            "--seed",
            "7",
            "--now",
            "2026-03-01T08:00:00Z",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut exports = String::new();
    for _ in 0..3 {
        stdout.read_line(&mut exports).unwrap();
    }
    let value = |name: &str| {
        let line = exports.lines().find(|line| line.contains(name)).unwrap();
        line.split_once('=')
            .unwrap()
            .1
            .trim_matches('\'')
            .to_owned()
    };
    // What it printed is all that another terminal needs.
    let other = Folder::with_configuration("[criteo]\ncurrency = \"EUR\"\n");
    let mut sync = other.command();
    sync.args(["sync", "--stream", "campaigns", "--quiet"]);
    for name in ["CRITEO_API_URL", "CRITEO_CLIENT_ID", "CRITEO_CLIENT_SECRET"] {
        sync.env(name, value(name));
    }
    Ended::of(&mut sync).with_code(0);

    send("-TERM", &child);
    Ended::from(child.wait_with_output().unwrap()).with_code(0);
}

#[test]
fn the_scenario_in_the_sandboxs_help_works_as_it_stands() {
    let help = Folder::new().run("sandbox --help").with_code(0).stdout;
    let (_, scenario) = help.split_once("every part can be left out:").unwrap();
    let advertisers = sandbox(scenario).advertiser_ids();
    assert_eq!(advertisers.len(), 3);
    let revoked = Scenario::from_toml(scenario).unwrap().consent.revoked;
    assert_eq!(revoked.len(), 1);
    assert!(advertisers.contains(&revoked[0]), "{advertisers:?}");
}
