//! `criteo init` for scripts: each missing answer named, nothing written unless everything works. How it is with a person
//! is in `end_to_end/init`.

use std::io::Write as _;
use std::process::Stdio;

use criteo_engine::config::Config;
use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Sandbox, SandboxConfig, Scenario};

use super::{Ended, Folder};

/// All answers but the key, for a destination that needs nothing.
const ANSWERS: &str = "--currency eur --timezone europe/paris --destination duckdb \
                       --destination-option path=data.duckdb";

fn sandbox(scenario: &str) -> Sandbox {
    Sandbox::start(SandboxConfig {
        scenario: Some(Scenario::from_toml(scenario).unwrap()),
        ..SandboxConfig::default()
    })
    .unwrap()
}

/// A folder with a key file, and the command that leads to a sandbox.
struct Stage {
    sandbox: Sandbox,
    folder: Folder,
}

impl Stage {
    fn new(scenario: &str) -> Stage {
        let folder = Folder::new();
        let key = format!("client_id: {DEMO_CLIENT_ID}\nclient_secret: {DEMO_CLIENT_SECRET}\n");
        folder.write("key.txt", &key);
        Stage {
            sandbox: sandbox(scenario),
            folder,
        }
    }

    fn command(&self, line: &str) -> std::process::Command {
        let mut command = self.folder.command();
        command
            .env("CRITEO_API_URL", self.sandbox.url())
            .args(["init", "--non-interactive"])
            .args(line.split_whitespace());
        command
    }

    #[track_caller]
    fn run(&self, line: &str, code: i32) -> Ended {
        let ended = Ended::of(&mut self.command(line)).with_code(code);
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains(DEMO_CLIENT_SECRET), "{line}: {ended:#?}");
        }
        ended
    }

    /// Nothing of a setup is there.
    #[track_caller]
    fn is_untouched(&self) {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["key.txt"]);
    }
}

#[test]
fn each_missing_answer_is_named_with_how_to_give_it() {
    let stage = Stage::new("");
    let all = [
        "the app key",
        "the currency",
        "the time zone",
        "the destination",
    ];
    let given = [
        "--key-file key.txt",
        "--currency EUR",
        "--timezone UTC",
        "--destination duckdb --destination-option path=x.duckdb",
    ];
    for missing in 0..all.len() {
        let others = given
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != missing);
        let line: Vec<&str> = others.map(|(_, options)| *options).collect();
        let ended = stage.run(&line.join(" "), 2).saying_only(&[all[missing]]);
        for (index, other) in all.iter().enumerate() {
            assert_eq!(ended.stderr.contains(other), index == missing, "{ended:#?}");
        }
    }
    stage.run("", 2).saying_only(&all);
    stage.is_untouched();
}

#[test]
fn a_script_sets_up_what_a_sync_needs_and_never_overwrites() {
    let stage = Stage::new("");
    let ids = stage.sandbox.advertiser_ids();
    let line = format!(
        "{ANSWERS} --key-file key.txt --advertiser {} --enable transparency --disable ad_set_category_bids \
         --start-date 2026-01-02 --json",
        ids[1]
    );
    let done = stage.run(&line, 0);
    let json = done.json();
    assert_eq!(json["client_id"], DEMO_CLIENT_ID);
    assert_eq!(json["granted"].as_array().unwrap().len(), ids.len());
    assert!(json["plan"]["report_calls"].as_u64().unwrap() > 0);

    let config = Config::load(&stage.folder.path().join("criteo.toml")).unwrap();
    assert_eq!(config.criteo.currency, "EUR");
    assert_eq!(config.criteo.timezone, "Europe/Paris");
    assert_eq!(config.criteo.advertiser_ids, Some(vec![ids[1].clone()]));
    assert_eq!(config.sync.start_date.unwrap().to_string(), "2026-01-02");
    assert_eq!(config.streams["transparency"].enabled, Some(true));
    assert_eq!(config.streams["ad_set_category_bids"].enabled, Some(false));
    assert_eq!(config.streams.len(), 2);

    let mut sync = stage.folder.command();
    sync.env("CRITEO_API_URL", stage.sandbox.url());
    Ended::of(sync.args(["sync", "-s", "campaigns", "--quiet"])).with_code(0);

    let again = stage.run(&format!("{ANSWERS} --key-file key.txt"), 2);
    again.saying_only(&["criteo.toml is there already", "--overwrite"]);
    let before = std::fs::read(stage.folder.path().join("criteo.toml")).unwrap();
    stage.run(&format!("{ANSWERS} --key-file key.txt --overwrite"), 0);
    let backup = std::fs::read(stage.folder.path().join("criteo.toml.bak")).unwrap();
    assert_eq!(backup, before);
}

#[test]
fn keys_come_from_the_environment_and_from_standard_input_too() {
    let stage = Stage::new("");
    let mut command = stage.command(ANSWERS);
    command.env("CRITEO_CLIENT_ID", DEMO_CLIENT_ID);
    command.env("CRITEO_CLIENT_SECRET", DEMO_CLIENT_SECRET);
    Ended::of(&mut command).with_code(0);
    let text = std::fs::read_to_string(stage.folder.path().join("criteo.toml")).unwrap();
    assert!(text.contains("from the environment"), "{text}");
    assert!(
        !stage.folder.path().join("config").exists(),
        "It was stored"
    );

    let stage = Stage::new("");
    let mut child = stage
        .command(&format!("{ANSWERS} --key-file -"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let key = std::fs::read(stage.folder.path().join("key.txt")).unwrap();
    child.stdin.take().unwrap().write_all(&key).unwrap();
    let ended = Ended::from(child.wait_with_output().unwrap()).with_code(0);
    assert!(ended.stderr.contains("is kept in"), "{ended:#?}");
    assert_eq!(ended.stdout, "");
}

#[test]
fn what_does_not_work_ends_it_and_nothing_is_written() {
    let wrong = Stage::new("[[keys]]\nclient_id = \"other\"\nclient_secret = \"x\"\n");
    let line = format!("{ANSWERS} --key-file key.txt");
    let refused = wrong.run(&line, 1);
    assert!(refused.stderr.contains("--wait 15m"), "{refused:#?}");
    assert!(refused.stderr.contains("does not accept the app's key"));
    wrong.is_untouched();

    let nobody = Stage::new("[consent]\ngranted = []\n");
    nobody
        .run(&line, 1)
        .saying_only(&["No advertiser has consented yet", "Generate new URL"]);
    nobody.is_untouched();

    let stage = Stage::new("");
    stage
        .run(&format!("{line} --advertiser 999999"), 2)
        .saying_only(&["--advertiser 999999 has not consented", "These have: "]);
    let nowhere = "--currency EUR --timezone UTC --key-file key.txt --destination duckdb \
                   --destination-option path=key.txt/x.duckdb";
    stage.run(nowhere, 1).saying_only(&["key.txt"]);
    stage.is_untouched();
}

#[test]
fn it_waits_for_a_new_key_and_for_consent_when_it_may() {
    let stage = Stage::new(&format!(
        "[[keys]]\nclient_id = \"{DEMO_CLIENT_ID}\"\nclient_secret = \"{DEMO_CLIENT_SECRET}\"\n\
         works_after_seconds = 86400\n[consent]\ngranted = []\n"
    ));
    let mut command = stage.command(&format!("{ANSWERS} --key-file key.txt --wait 10m"));
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let mut see = |words: &str| {
        let found = lines.find(|line| line.as_ref().unwrap().contains(words));
        assert!(found.is_some(), "{words:?} was not said");
    };
    see("does not accept the key yet");
    stage.sandbox.age_keys(86_400);
    see("No advertiser has consented so far");
    let id = &stage.sandbox.advertiser_ids()[0];
    stage.sandbox.set_consent(id, true);
    see("criteo.toml is written, for 1 granted advertiser");
    assert!(child.wait().unwrap().success());
}

#[test]
fn wrong_options_are_refused_before_anything_is_asked() {
    let stage = Stage::new("");
    for (line, words) in [
        ("--currency euro", "--currency cannot be used"),
        ("--currency XXZ", "is no currency of ISO 4217"),
        ("--timezone EST", "--timezone cannot be used"),
        ("--destination mysql", "There is no destination mysql"),
        ("--destination duckdb", "path"),
        (
            "--destination duckdb --destination-option hunter2",
            "wants a key and a value",
        ),
        (
            "--destination csv --destination-option pth=x",
            "has no option `pth`",
        ),
        ("--enable statistic", "did you mean statistics?"),
        ("--enable ads --disable ads", "both enabled and disabled"),
        ("--advertiser abc", "consists of digits"),
        ("--key-file nowhere.txt", "Cannot read nowhere.txt"),
        (
            "--key-file client_secret=hunter2",
            "is the content of a key",
        ),
        ("--start-date 2999-01-01", "has not come yet"),
    ] {
        let ended = stage.run(line, 2).saying_only(&[words]);
        assert!(!ended.stderr.contains("hunter2"), "{ended:#?}");
    }
    let password =
        "--destination postgres --destination-option url=postgresql://me:hunter2@localhost/db";
    let ended = stage.run(password, 2);
    assert!(
        ended.stderr.contains("CRITEO_DESTINATION_PASSWORD"),
        "{ended:#?}"
    );
    assert!(!ended.stderr.contains("hunter2"), "{ended:#?}");
    assert_eq!(stage.sandbox.calls().len(), 0);
    stage.is_untouched();
}

/// Nobody has seen a configuration yet.
#[test]
fn what_a_destination_needs_is_said_in_options() {
    let stage = Stage::new("");
    for (kind, needed, example) in [
        ("duckdb", "path=criteo.duckdb", "path=criteo.duckdb`."),
        (
            "postgres",
            "database=NAME --destination-option user=NAME",
            "`--destination postgres --destination-option host=localhost",
        ),
        (
            "clickhouse",
            "url=http://localhost:8123 --destination-option database=NAME",
            "CRITEO_DESTINATION_PASSWORD",
        ),
        ("parquet", "url=lake", "url=lake`."),
        ("csv", "path=criteo-files", "path=criteo-files`."),
        ("jsonl", "path=criteo-files", "path=criteo-files`."),
    ] {
        let needed = format!("--destination {kind} needs --destination-option {needed}\n");
        let ended = stage
            .run(&format!("--destination {kind}"), 2)
            .saying_only(&[needed.as_str(), "hint: For example: ", example]);
        assert!(!ended.stderr.contains("[destination]"), "{ended:#?}");
    }
    stage.is_untouched();
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let folder = Folder::new();
    folder
        .run("init")
        .with_code(2)
        .saying_only(&["no terminal", "--non-interactive"]);
    folder
        .run("init --json")
        .with_code(2)
        .saying_only(&["--json"]);
    let connection = folder.run("--connection acme init").with_code(2);
    connection.saying_only(&["not the connection acme", "auth import"]);
}

/// What `check` would say an hour later, and what the next sync would refuse.
#[test]
fn tables_of_another_currency_are_no_destination() {
    let stage = Stage::new("");
    let line = format!("{ANSWERS} --key-file key.txt --start-date 2026-01-01");
    stage.run(&line, 0);
    let mut sync = stage.folder.command();
    sync.env("CRITEO_API_URL", stage.sandbox.url());
    let last_days = stage.sandbox.now().strftime("%F").to_string();
    let streams = [
        "-s",
        "statistics",
        "-s",
        "transactions",
        "--from",
        &last_days,
    ];
    Ended::of(sync.arg("sync").args(streams)).with_code(0);

    let configuration = stage.folder.path().join("criteo.toml");
    let before = std::fs::read(&configuration).unwrap();
    let other = line.replace("--currency eur", "--currency usd");
    let refused = stage.run(&format!("{other} --overwrite"), 2).saying_only(&[
        "Table 'statistics' does not fit the configuration: its currency is EUR, and now USD is asked for; nor does \
         transactions",
        "`criteo sync --rebuild --stream statistics --stream transactions`",
    ]);
    assert!(!refused.stderr.contains("NAME"), "{refused:#?}");
    assert_eq!(std::fs::read(&configuration).unwrap(), before);
    // Another file is one.
    let elsewhere = other.replace("path=data.duckdb", "path=other.duckdb");
    stage.run(&format!("{elsewhere} --overwrite"), 0);
}

/// The permissions of an active app are fixed, so that everything later would be in vain.
#[test]
fn a_missing_permission_is_told_at_once() {
    let stage = Stage::new(&format!(
        "[[keys]]\nclient_id = \"{DEMO_CLIENT_ID}\"\nclient_secret = \"{DEMO_CLIENT_SECRET}\"\n\
         scopes = [\"Analytics_Read\"]\n"
    ));
    let ended = stage.run(&format!("{ANSWERS} --key-file key.txt --disable ads"), 0);
    for words in [
        "warning: Campaigns Read: SearchCampaigns: Criteo forbids it",
        "warning: Creatives Read: GetAdvertiserAds: Criteo forbids it",
        "warning: The app lacks a permission: Campaigns Read, needed by campaigns, ad_sets",
        "; Creatives Read, needed by creatives",
        "The permissions of an active app cannot be changed. Make a new app",
        "warning: `criteo init` turns them off with --disable campaigns --disable ad_sets",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {ended:#?}");
    }
    assert!(!ended.stderr.contains("Analytics Read"), "{ended:#?}");

    let whole = Stage::new("");
    let ended = whole.run(&format!("{ANSWERS} --key-file key.txt"), 0);
    assert!(!ended.stderr.contains("permission"), "{ended:#?}");
}
