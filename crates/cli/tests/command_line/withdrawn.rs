//! An advertiser that has withdrawn its consent: what `sync`, `status` and `consent` say of it, and the ledger.

use criteo_sandbox::Sandbox;

use super::running::sandbox;
use super::{Ended, Folder};

/// A configuration of a report and a listing, and of nothing else, so that nothing else is missing.
pub(super) fn two_streams() -> String {
    let all = Folder::new().run("streams --json").with_code(0).json();
    let names = all.as_array().unwrap().iter();
    let off = names
        .map(|stream| stream["stream"].as_str().unwrap())
        .filter(|name| !["statistics", "campaigns"].contains(name))
        .map(|name| format!("[streams.{name}]\nenabled = false\n"));
    format!(
        "[sync]\nstart_date = \"2026-04-01\"\n{}",
        off.collect::<String>()
    )
}

/// A folder that has loaded them, and who was read.
pub(super) fn loaded() -> (Sandbox, Folder, Vec<String>) {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, &two_streams());
    folder.run_with_key("sync").with_code(0);
    let advertisers = sandbox.advertiser_ids();
    (sandbox, folder, advertisers)
}

/// The configuration with a change.
pub(super) fn change(folder: &Folder, from: &str, to: &str) {
    let path = folder.path().join("criteo.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(&path, text.replace(from, to)).unwrap();
}

/// What every command says of the advertiser that withdrew.
fn lost(advertiser: &str) -> String {
    format!(
        "Without consent: advertiser {advertiser}. What was loaded of it stays, and nothing new of it is read."
    )
}

#[test]
fn an_advertiser_that_withdrew_is_told_by_sync_status_and_consent() {
    let sandbox = sandbox("");
    let advertisers = sandbox.advertiser_ids();
    let folder = Folder::at(&sandbox, &two_streams());
    let whole = folder.run_with_key("sync").with_code(0);
    assert!(!whole.stderr.contains("Without consent"), "{whole:#?}");
    let status = folder.run("status").with_code(0);
    assert!(!status.stdout.contains("Without consent"), "{status:#?}");
    assert!(status.stderr.contains("Nothing is missing."), "{status:#?}");

    sandbox.set_consent(&advertisers[1], false);
    let lost = lost(&advertisers[1]);
    // Nobody has looked before: the rows tell.
    let look = folder.run_with_key("consent").with_code(0);
    assert!(look.stderr.contains(&lost), "{look:#?}");
    let json = folder.run_with_key("consent --json").with_code(0).json();
    assert_eq!(json["departed"], serde_json::json!([advertisers[1]]));

    let synced = folder.run_with_key("sync").with_code(0);
    let hint = synced
        .stderr
        .lines()
        .find(|line| line.starts_with("hint: "));
    assert!(hint.is_some_and(|hint| hint.contains(&lost)), "{synced:#?}");
    // A run that asks for another stream alone forgets it not.
    for line in ["sync", "sync -s ad_sets"] {
        folder.run_with_key(line).with_code(0);
        let status = folder.run("status").with_code(0);
        assert_eq!(status.stdout.matches(&lost).count(), 1, "{status:#?}");
        assert!(
            status.stdout.contains(
                "approve a new consent URL: `criteo consent` says how. To part with it for good, or"
            ),
            "{status:#?}"
        );
        assert!(
            status
                .stderr
                .contains("Of those who consent, nothing is missing."),
            "{status:#?}"
        );
    }
    let json = folder.run("status --json").with_code(0).json();
    assert_eq!(
        json["not_granted"]["advertiser_ids"],
        serde_json::json!([advertisers[1]])
    );
    // The ledger has it for whoever asks later, of every run.
    let last = "SELECT not_granted FROM _criteo_runs ORDER BY run_id DESC LIMIT 1";
    let noted = Ended::of(folder.command().args(["query", last])).with_code(0);
    assert!(noted.stdout.contains(&advertisers[1]), "{noted:#?}");

    sandbox.set_consent(&advertisers[1], true);
    folder.run_with_key("sync").with_code(0);
    let status = folder.run("status --json").with_code(0).json();
    assert!(status["not_granted"].is_null(), "{status:#}");
}

/// What was given up for another reason waits for consent, too, once there is none.
#[test]
fn what_was_left_out_of_an_advertiser_that_withdrew_since_is_no_matter_of_sync() {
    let sandbox =
        sandbox("[[faults]]\nkind = \"status\"\nstatus = 403\npath = \"GetAdvertiserAds\"\n");
    let advertisers = sandbox.advertiser_ids();
    let folder = Folder::at(&sandbox, "[sync]\nconcurrency = 1\n");
    folder.run_with_key("sync -s ads").with_code(1);
    let status = folder.run("status").with_code(0);
    for advertiser in &advertisers[..2] {
        let left_out = status
            .stdout
            .lines()
            .any(|line| line.contains("left out") && line.contains(advertiser.as_str()));
        assert!(left_out, "{status:#?}");
    }
    sandbox.clear_faults();
    sandbox.set_consent(&advertisers[1], false);
    folder.run_with_key("sync -s ads").with_code(0);
    let status = folder.run("status").with_code(0);
    assert!(!status.stdout.contains("left out"), "{status:#?}");
    assert!(
        status.stdout.contains(&lost(&advertisers[1])),
        "{status:#?}"
    );
}

/// Criteo was asked, whichever streams were to be read.
#[test]
fn a_run_of_a_few_streams_tells_of_who_withdrew_too() {
    let (sandbox, folder, advertisers) = loaded();
    sandbox.set_consent(&advertisers[1], false);
    let synced = folder.run_with_key("sync -s transactions").with_code(0);
    let lost = lost(&advertisers[1]);
    assert!(synced.stderr.contains(&lost), "{synced:#?}");
    let status = folder.run("status").with_code(0);
    assert!(status.stdout.contains(&lost), "{status:#?}");
    assert!(!status.stdout.contains("not read yet"), "{status:#?}");
}

/// Whoever has done what the words advise hears no more of it, from no command.
#[test]
fn an_advertiser_that_was_parted_with_is_missed_by_nobody() {
    let (sandbox, folder, advertisers) = loaded();
    sandbox.set_consent(&advertisers[1], false);
    folder.run_with_key("sync").with_code(0);

    let others: Vec<&String> = advertisers
        .iter()
        .filter(|one| **one != advertisers[1])
        .collect();
    change(
        &folder,
        "[criteo]\n",
        &format!("[criteo]\nadvertiser_ids = {others:?}\n"),
    );
    for line in ["sync", "status", "check", "consent"] {
        let ended = folder.run_with_key(line).with_code(0);
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!told.contains("Without consent"), "{line}: {ended:#?}");
        assert!(!told.contains("no longer granted"), "{line}: {ended:#?}");
    }
    let json = folder.run_with_key("consent --json").with_code(0).json();
    assert_eq!(json["departed"], serde_json::json!([]));
}

#[test]
fn a_configured_advertiser_without_consent_is_told_at_the_end_and_by_status() {
    let sandbox = sandbox("");
    let advertisers = sandbox.advertiser_ids();
    sandbox.set_consent(&advertisers[1], false);
    let folder = Folder::at(
        &sandbox,
        &format!("advertiser_ids = {advertisers:?}\n{}", two_streams()),
    );
    let lost = lost(&advertisers[1]);
    let synced = folder.run_with_key("sync").with_code(3);
    let hint = synced
        .stderr
        .lines()
        .find(|line| line.starts_with("hint: "));
    assert!(hint.is_some_and(|hint| hint.contains(&lost)), "{synced:#?}");
    assert!(
        synced
            .stderr
            .contains("reads it again, except where an advertiser does not consent."),
        "{synced:#?}"
    );
    let status = folder.run("status").with_code(0);
    assert!(status.stdout.contains(&lost), "{status:#?}");
    assert!(!status.stdout.contains("not read yet"), "{status:#?}");
}
