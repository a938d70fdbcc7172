//! An app that lacks permissions: what a sync tells, what it does not ask again, and what `status` shows of it.

use super::Folder;
use super::running::sandbox;

/// An app that may read reports only, and one call at a time.
const SCENARIO: &str = "[world]\nadvertisers = 8\n[[keys]]\nclient_id = \"sandbox-client\"\n\
                        client_secret = \"sandbox+secret/=\"\nscopes = [\"Analytics_Read\"]\n";

#[test]
fn a_sync_says_what_is_missing_and_what_to_do() {
    let sandbox = sandbox(SCENARIO);
    let folder = Folder::at(&sandbox, "[sync]\nconcurrency = 1\n");
    let streams = "-s advertisers -s campaigns -s ad_sets -s ads";
    let ended = folder.run_with_key(&format!("sync {streams}")).with_code(3);
    let remedy = "It was not ticked when the app was made. The permissions of an active app cannot be changed. Make a new \
                  app in Criteo's portal";
    let hint = ended.stderr.lines().last().unwrap();
    let all = "hint: The app lacks a permission: Campaigns Read, needed by campaigns, ad_sets; Creatives Read, needed by ads. ";
    assert!(hint.starts_with(all), "{ended:#?}");
    assert!(hint.contains(remedy), "{ended:#?}");
    let how = "`[streams.NAME]` and below it `enabled = false` in criteo.toml.";
    assert!(hint.contains(how), "{ended:#?}");
    assert!(
        hint.ends_with("`criteo check` tries each permission."),
        "{ended:#?}"
    );
    assert!(
        ended.stderr.contains("Loaded 8 rows of 1 of 4 streams in "),
        "{ended:#?}"
    );
    assert!(
        !ended.stderr.contains("is left out of this run"),
        "{ended:#?}"
    );
    let in_short = "\nads: not read, for want of Creatives Read\n";
    assert!(ended.stderr.contains(in_short), "{ended:#?}");
    // Streams that lack the same permission are one paragraph, and their windows none of their own.
    let last = ended
        .stderr
        .rfind("warning: campaigns, ad_sets were not read: ");
    let at_the_end = &ended.stderr[last.unwrap_or_else(|| panic!("{ended:#?}"))..];
    assert_eq!(
        at_the_end.matches("insufficient-scope").count(),
        2,
        "{ended:#?}"
    );
    assert!(
        at_the_end.contains("warning: ads was not read: "),
        "{ended:#?}"
    );
    assert!(!at_the_end.contains(" left out: "), "{ended:#?}");
    // While it goes on, once for each permission.
    for permission in [
        "warning: The app lacks a permission: Campaigns Read, needed by campaigns, ad_sets. ",
        "warning: The app lacks a permission: Creatives Read, needed by ads. ",
    ] {
        assert_eq!(ended.stderr.matches(permission).count(), 1, "{ended:#?}");
    }
    let promise = "the next `criteo sync` reads it again, except where the app lacks a permission.";
    assert!(ended.stderr.contains(promise), "{ended:#?}");

    let events = folder
        .run_with_key(&format!("sync --json {streams}"))
        .with_code(3)
        .events();
    let summaries = events.last().unwrap()["streams"]
        .as_array()
        .unwrap()
        .clone();
    let lacking = |stream: &str| {
        let found = summaries.iter().find(|one| one["stream"] == stream);
        found.unwrap()["lacks_permission"].clone()
    };
    assert_eq!(lacking("ads"), "Creatives Read");
    assert_eq!(lacking("campaigns"), "Campaigns Read");
    assert!(lacking("advertisers").is_null());

    let whole = self::sandbox("");
    let folder = Folder::at(&whole, "");
    let ended = folder.run_with_key(&format!("sync {streams}")).with_code(0);
    assert!(!ended.stderr.contains("permission"), "{ended:#?}");
}

/// Criteo says the same for every other advertiser. What was not asked stays to be read.
#[test]
fn what_the_app_may_not_is_asked_once() {
    let sandbox = sandbox(SCENARIO);
    let folder = Folder::at(&sandbox, "[sync]\nconcurrency = 1\n");
    let ended = folder.run_with_key("sync -s ads").with_code(1);
    let calls = sandbox.calls();
    let asked = calls
        .iter()
        .filter(|call| call.operation == Some("GetAdvertiserAds"));
    assert_eq!(asked.count(), 1, "{ended:#?}");
    let ids = sandbox.advertiser_ids();
    assert_eq!(ids.len(), 8);
    let not_tried = format!("Not tried: advertisers {}.", ids[1..].join(", "));
    assert!(ended.stderr.contains(&not_tried), "{ended:#?}");
    let status = folder.run("status --json").with_code(0).json();
    let streams = status["streams"].as_array().unwrap();
    let ads = streams.iter().find(|one| one["stream"] == "ads").unwrap();
    assert_eq!(ads["quarantined"].as_array().unwrap().len(), 1, "{ads:#}");
}

/// Each window is in the ledger; a person reads one paragraph for all streams, with what to do.
#[test]
fn status_tells_a_missing_permission_once() {
    let sandbox = sandbox(SCENARIO);
    let folder = Folder::at(&sandbox, "[sync]\nconcurrency = 8\n");
    // Alone, so that all of its windows are asked for at once, before the first answer.
    folder.run_with_key("sync -s ads").with_code(1);
    folder
        .run_with_key("sync -s advertisers -s ad_sets -s coupons")
        .with_code(3);
    let json = folder.run("status --json").with_code(0).json();
    let streams = json["streams"].as_array().unwrap();
    let of = |stream: &str| streams.iter().find(|one| one["stream"] == stream).unwrap();
    let windows = of("ads")["quarantined"].as_array().unwrap().len();
    assert_eq!(windows, 8, "{:#}", of("ads"));
    assert_eq!(of("ads")["lacks_permission"], "Creatives Read");
    assert_eq!(of("ad_sets")["lacks_permission"], "Campaigns Read");
    assert!(of("advertisers")["lacks_permission"].is_null());
    let status = folder.run("status").with_code(0);
    let words = "When Criteo was last asked: The app lacks a permission: Campaigns Read, needed by ad_sets; Creatives Read, needed by ads, coupons. It was \
                 not ticked when the app was made. The permissions of an active app cannot be changed. Make a new app";
    assert!(status.stdout.contains(words), "{status:#?}");
    assert!(!status.stdout.contains("left out"), "{status:#?}");
}
