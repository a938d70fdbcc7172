//! `criteo auth`: what is kept where, what is tested before, and that no secret is ever shown.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use criteo_sandbox::{FaultKind, FaultRule, Sandbox, SandboxConfig, Scenario};

use super::{Ended, Folder};

/// Two keys of one app, one of another, and secrets with the characters that go wrong.
const SCENARIO: &str = r#"
[[keys]]
client_id = "old-id"
client_secret = "old+hunter2/=="

[[keys]]
client_id = "new-id"
client_secret = "new+hunter2/=="

[[keys]]
client_id = "foreign-id"
client_secret = "foreign+hunter2/=="
application = "another app"

[[keys]]
client_id = "whole-id"
client_secret = "whole+hunter2/=="
application = "of two keys"

[[keys]]
client_id = "narrow-id"
client_secret = "narrow+hunter2/=="
application = "of two keys"
scopes = ["Analytics_Read"]
"#;

/// What no output may hold.
const SECRET: &str = "hunter2";

struct Stage {
    sandbox: Sandbox,
    folder: Folder,
}

impl Stage {
    fn open() -> Stage {
        Stage::with("")
    }

    fn with(rest: &str) -> Stage {
        let sandbox = Sandbox::start(SandboxConfig {
            scenario: Some(Scenario::from_toml(SCENARIO).unwrap()),
            ..SandboxConfig::default()
        })
        .unwrap();
        let folder = Folder::at(&sandbox, rest);
        for id in ["old", "new", "foreign", "wrong"] {
            let text =
                format!("\u{feff}Client_id\t{id}-id\r\nClient_secret:\r\n{id}+hunter2/==\r\n");
            folder.write(&format!("{id}.txt"), &text);
        }
        Stage { sandbox, folder }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.folder.command();
        command.args(line.split_whitespace());
        command
    }

    #[track_caller]
    fn run(&self, line: &str, code: i32) -> Ended {
        let ended = Ended::of(&mut self.command(line)).with_code(code);
        for text in [&ended.stdout, &ended.stderr] {
            assert!(
                !text.contains(SECRET),
                "{line} shows the secret: {ended:#?}"
            );
        }
        ended
    }

    /// From now on Criteo answers 400 to these calls.
    fn refuse(&self, path: &str) {
        let rule = FaultRule {
            status: Some(400),
            ..FaultRule::new(FaultKind::Status).on_path(path)
        };
        self.sandbox.add_fault(rule).unwrap();
    }

    fn kept(&self, connection: &str) -> PathBuf {
        self.folder
            .path()
            .join(format!("config/criteo-connector/keys/{connection}.json"))
    }

    /// The client id that `auth status --offline` names.
    #[track_caller]
    fn client_id(&self) -> String {
        let status = self.run("auth status --offline --json", 0).json();
        status[0]["client_id"].as_str().unwrap().to_owned()
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_key_is_tested_kept_used_and_removed() {
    let stage = Stage::open();
    let nothing = stage.run("auth status --offline", 2);
    assert!(
        nothing.stderr.contains("No app key was found"),
        "{nothing:#?}"
    );
    assert!(nothing.stderr.contains("criteo auth import FILE"));
    assert!(nothing.stdout.ends_with("  no key\n"), "{nothing:#?}");

    let imported = stage.run("auth import old.txt", 0);
    let kept = stage.kept("default");
    for text in [
        "The key with client id old-id is kept in",
        &kept.display().to_string(),
        "Criteo accepts it for the app",
        "old.txt still holds the secret",
    ] {
        assert!(imported.stderr.contains(text), "{text}: {imported:#?}");
    }
    #[cfg(unix)]
    assert_eq!((mode(&kept), mode(kept.parent().unwrap())), (0o600, 0o700));

    let status = stage.run("auth status --json", 0).json();
    assert_eq!(status[0]["connection"], "default");
    assert_eq!(status[0]["client_id"], "old-id");
    assert_eq!(status[0]["kind"], "stored_file");
    assert_eq!(status[0]["accepted"], true);
    #[cfg(unix)]
    assert_eq!(status[0]["file_mode"], "600");
    // It is used by commands that need one, without anything in the environment.
    stage.run("plan --stream campaigns", 0);

    let removed = stage.run("auth remove", 0);
    assert!(removed.stderr.contains("was removed from"), "{removed:#?}");
    assert!(
        removed
            .stderr
            .contains("No key is left. Every configuration that names no key of its own")
    );
    assert!(!kept.exists());
    stage.run("plan --stream campaigns", 2);
    let again = stage.run("auth remove", 0);
    assert!(again.stderr.contains("No key was kept"), "{again:#?}");
}

#[test]
fn a_key_that_does_not_work_is_not_kept() {
    let stage = Stage::open();
    let refused = stage.run("auth import wrong.txt", 1);
    assert!(
        refused.stderr.contains("does not accept the app's key"),
        "{refused:#?}"
    );
    assert!(!stage.kept("default").exists());
    let untested = stage.run("auth import wrong.txt --no-test", 0);
    assert!(untested.stderr.contains("It was not tested"));
    let status = stage.run("auth status --json", 1).json();
    assert_eq!(status[0]["accepted"], false);
    assert_eq!(status[0]["client_id"], "wrong-id");

    let no_key = Ended::of(&mut stage.command("auth import criteo.toml")).with_code(2);
    assert!(no_key.stderr.contains("holds neither"), "{no_key:#?}");
    let nowhere = stage.run("auth import nowhere.txt", 2);
    assert!(nowhere.stderr.contains("Cannot read nowhere.txt"));
    let content = stage.run("auth import client_secret=hunter2/==", 2);
    for words in ["is the content of a key", "standard input"] {
        assert!(content.stderr.contains(words), "{content:#?}");
    }
    assert!(!content.stderr.contains(SECRET), "{content:#?}");
}

#[test]
fn another_key_is_not_replaced_in_silence() {
    let stage = Stage::open();
    stage.run("auth import old.txt", 0);
    stage.run("auth import old.txt", 0);
    let refused = stage.run("auth import new.txt", 2);
    for text in ["of client id old-id", "auth rotate FILE", "--replace"] {
        assert!(refused.stderr.contains(text), "{text}: {refused:#?}");
    }
    assert_eq!(stage.client_id(), "old-id");
    stage.run("auth import new.txt --replace", 0);
    assert_eq!(stage.client_id(), "new-id");
}

#[test]
fn a_key_comes_through_standard_input_and_never_as_an_argument() {
    let stage = Stage::open();
    let mut child = stage
        .command("auth import - --json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = b"{\"client_id\": \"old-id\", \"client_secret\": \"old+hunter2/==\"}";
    child.stdin.take().unwrap().write_all(text).unwrap();
    let ended = Ended::from(child.wait_with_output().unwrap()).with_code(0);
    assert_eq!(ended.json()["client_id"], "old-id");
    assert!(!format!("{ended:?}").contains(SECRET));
    for option in ["--client-secret", "--secret", "--key"] {
        let refused = Ended::of(stage.command("auth import -").args([option, "x"]));
        refused.with_code(2);
    }
}

/// Criteo accepts a key whatever its app may read, which only calls for an advertiser show.
#[test]
fn what_a_new_key_may_read_is_told_at_once() {
    let stage = Stage::open();
    for id in ["narrow", "whole"] {
        stage.folder.write(
            &format!("{id}.txt"),
            &format!("client_id: {id}-id\nclient_secret: {id}+hunter2/==\n"),
        );
    }
    let whole = stage.run("auth import old.txt", 0);
    let granted = stage.sandbox.advertiser_ids().len();
    let all = format!(
        "{granted} advertisers consent to the app, and it has the permissions that it needs."
    );
    assert!(whole.stderr.contains(&all), "{whole:#?}");
    assert!(!whole.stderr.contains("warning"), "{whole:#?}");

    let narrow = stage.run("auth import narrow.txt --replace", 0);
    let lacking =
        "warning: The app lacks a permission: Campaigns Read, needed by campaigns, ad_sets";
    assert!(narrow.stderr.contains(lacking), "{narrow:#?}");
    assert!(narrow.stderr.contains("`criteo init` leads through it"));
    assert!(!narrow.stderr.contains("Analytics Read,"), "{narrow:#?}");
    assert_eq!(stage.client_id(), "narrow-id");
    let json = stage.run("auth import narrow.txt --json", 0).json();
    assert_eq!(json["readable"]["granted"], granted);
    let lacking = serde_json::json!(["Campaigns Read", "Creatives Read"]);
    assert_eq!(json["readable"]["lacking_permissions"], lacking);
    let untested = stage
        .run("auth import narrow.txt --no-test --json", 0)
        .json();
    assert!(untested["readable"].is_null());

    let rotated = stage.run("auth rotate whole.txt", 0);
    assert!(rotated.stderr.contains(&all), "{rotated:#?}");

    for id in stage.sandbox.advertiser_ids() {
        stage.sandbox.set_consent(&id, false);
    }
    let nobody = stage.run("auth import old.txt --replace", 0);
    let words = "warning: No advertiser consents to this app so far, so it can read nothing, and its permissions cannot be \
                 tried: `criteo consent` says how consent is given.";
    assert!(nobody.stderr.contains(words), "{nobody:#?}");
    let json = stage.run("auth import old.txt --json", 0).json();
    assert_eq!(json["readable"]["granted"], 0);
    assert!(json["readable"]["lacking_permissions"].is_null());

    for id in stage.sandbox.advertiser_ids() {
        stage.sandbox.set_consent(&id, true);
    }
    stage.refuse("statistics/report");
    let untried = stage.run("auth import old.txt", 0);
    let words = "but whether it has the permission Analytics Read could not be tried (";
    assert!(untried.stderr.contains(words), "{untried:#?}");
    stage.sandbox.clear_faults();

    // A key that works stays kept, also where Criteo does not say what it may read.
    stage.refuse("advertisers/me");
    let unknown = stage.run("auth import new.txt --replace", 0);
    let words = "warning: What it may read could not be tried: ";
    assert!(unknown.stderr.contains(words), "{unknown:#?}");
    assert_eq!(stage.client_id(), "new-id");
}

#[test]
fn a_rotation_tests_first_and_stays_with_the_app() {
    let stage = Stage::open();
    let nothing = stage.run("auth rotate new.txt", 2);
    assert!(nothing.stderr.contains("No key is kept"), "{nothing:#?}");
    stage.run("auth import old.txt", 0);

    let refused = stage.run("auth rotate wrong.txt", 1);
    assert!(refused.stderr.contains("does not accept"), "{refused:#?}");
    assert_eq!(stage.client_id(), "old-id");
    let foreign = stage.run("auth rotate foreign.txt", 2);
    assert!(
        foreign
            .stderr
            .contains("other apps may read other advertisers"),
        "{foreign:#?}"
    );
    assert_eq!(stage.client_id(), "old-id");
    let same = stage.run("auth rotate old.txt", 0);
    assert!(same.stderr.contains("nothing to change"));

    let rotated = stage.run("auth rotate new.txt", 0);
    assert!(rotated.stderr.contains("client id new-id"), "{rotated:#?}");
    assert!(rotated.stderr.contains("(old-id)"));
    assert_eq!(stage.client_id(), "new-id");
    let names: Vec<_> = std::fs::read_dir(stage.kept("default").parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["default.json"], "no copy of a key stays behind");
}

#[test]
fn a_rotation_away_from_a_dead_key_says_what_it_cannot_tell() {
    let stage = Stage::open();
    stage.run("auth import wrong.txt --no-test", 0);
    let rotated = stage.run("auth rotate new.txt --json", 0);
    assert!(rotated.json()["is_same_app"].is_null(), "{rotated:#?}");
    assert!(
        rotated
            .stderr
            .contains("warning: The kept key wrong-id could not be asked which app it belongs to"),
        "{rotated:#?}"
    );
    assert!(rotated.stderr.contains("`criteo check`"), "{rotated:#?}");
    assert_eq!(stage.client_id(), "new-id");
    let rotated = stage.run("auth rotate old.txt --json", 0);
    assert_eq!(rotated.json()["is_same_app"], true);
    assert!(!rotated.stderr.contains("warning"), "{rotated:#?}");
}

/// Kills a rotation at many moments: while Criteo is asked, around the moment at which the file is exchanged, and
/// after. Whatever the moment, a whole key is there afterwards, one of the two, and Criteo accepts it.
#[cfg(unix)]
#[test]
fn a_rotation_that_is_killed_leaves_one_of_both_keys() {
    let stage = Stage::open();
    stage.run("auth import old.txt", 0);
    let mut outcomes = std::collections::BTreeMap::<String, u32>::new();
    let started = std::time::Instant::now();
    let mut whole = Ended::of(&mut stage.command("auth rotate new.txt"));
    whole = whole.with_code(0);
    let duration = started.elapsed();
    assert!(whole.stderr.contains("new-id"));
    // Kills gather around the moment of the change, however busy the machine is: one that came before it is followed by a
    // later one, and one that came after it by an earlier one.
    let mut delay = duration / 2;
    for _ in 0..40 {
        let before = stage.client_id();
        let other = if before == "old-id" { "new" } else { "old" };
        let mut child = stage
            .command(&format!("auth rotate {other}.txt"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap();
        let after = stage.client_id();
        assert!(["old-id", "new-id"].contains(&after.as_str()), "{after}");
        let what = if after == before { "kept" } else { "changed" };
        delay = if after == before {
            delay * 5 / 4
        } else {
            delay * 4 / 5
        };
        *outcomes.entry(what.to_owned()).or_default() += 1;
    }
    stage.run("auth status", 0);
    assert_eq!(
        outcomes.len(),
        2,
        "All kills came at one side of the change: {outcomes:?}"
    );
}

#[test]
fn what_wins_over_the_kept_key_is_said() {
    let stage = Stage::open();
    stage.run("auth import old.txt", 0);
    let with_key = |line: &str| {
        let mut command = stage.command(line);
        command
            .env("CRITEO_CLIENT_ID", "new-id")
            .env("CRITEO_CLIENT_SECRET", "new+hunter2/==");
        Ended::of(&mut command).with_code(0)
    };
    let status = with_key("auth status --json").json();
    assert_eq!(status[0]["client_id"], "new-id");
    assert_eq!(status[0]["source"], "CRITEO_CLIENT_SECRET");
    let imported = with_key("auth import old.txt");
    let text = "It is not used as long as CRITEO_CLIENT_SECRET gives a key";
    assert!(imported.stderr.contains(text), "{imported:#?}");
    let removed = with_key("auth remove");
    let text = "Still used: the key that CRITEO_CLIENT_SECRET gives";
    assert!(removed.stderr.contains(text), "{removed:#?}");
}

#[cfg(unix)]
#[test]
fn a_kept_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let stage = Stage::open();
    stage.run("auth import old.txt", 0);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(stage.kept("default"), open).unwrap();
    for line in ["plan", "sync", "auth status --offline"] {
        let refused = stage.run(line, 2);
        assert!(refused.stderr.contains("(mode 644)"), "{refused:#?}");
        assert!(refused.stderr.contains("chmod 600"), "{refused:#?}");
    }
}

#[test]
fn a_criteo_that_is_out_of_reach_is_not_taken_for_a_refusal() {
    let stage = Stage::open();
    stage.run("auth import old.txt", 0);
    let broken = FaultRule {
        status: Some(503),
        seconds: Some(0),
        ..FaultRule::new(FaultKind::Status)
    };
    stage.sandbox.add_fault(broken).unwrap();
    let status = stage.run("auth status --json", 1).json();
    assert_eq!(status[0]["accepted"], serde_json::Value::Null);
    assert!(status[0]["problem"].is_string());
}

#[test]
fn each_connection_has_a_key_of_its_own() {
    let stage = Stage::with("[connections.acme]\n[connections.zeta]\n");
    let unclear = stage.run("auth import old.txt", 2);
    assert!(
        unclear.stderr.contains("2 connections (acme, zeta)"),
        "{unclear:#?}"
    );
    stage.run("--connection acme auth import old.txt", 0);
    stage.run("auth import foreign.txt --connection zeta", 0);
    assert!(stage.kept("acme").exists() && stage.kept("zeta").exists());
    let status = stage.run("auth status --json", 0).json();
    let ids: Vec<_> = status
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["client_id"])
        .collect();
    assert_eq!(ids, ["old-id", "foreign-id"]);

    let mut chosen = stage.command("auth remove");
    Ended::of(chosen.env("CRITEO_CONNECTION", "acme")).with_code(0);
    assert!(!stage.kept("acme").exists() && stage.kept("zeta").exists());
    let unknown = stage.run("--connection acne auth status", 2);
    assert!(
        unknown
            .stderr
            .contains("There is no connection acne; there are acme, zeta")
    );
}

#[test]
fn a_key_can_come_before_a_configuration() {
    let stage = Stage::open();
    std::fs::remove_file(stage.folder.path().join("criteo.toml")).unwrap();
    let mut command = stage.command("auth import old.txt");
    Ended::of(command.env("CRITEO_API_URL", stage.sandbox.url())).with_code(0);
    assert!(stage.kept("default").exists());
    let missing = stage.run("--config other.toml auth status", 2);
    assert!(missing.stderr.contains("other.toml"), "{missing:#?}");
}
