//! Calls are the scarce thing, and an answer at the cap is none.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use criteo_sandbox::world::{DenseDay, WorldConfig};
use criteo_sandbox::{FaultKind, FaultRule, Scenario};
use jiff::civil::{Date, date};

use crate::support::{Run, Settings, Stage};

const NOW: &str = "2026-06-15T12:00:00Z";
const DENSE_DAY: Date = date(2026, 6, 10);
const STATISTICS: &str = "GetAdsetReport";

fn scenario(world: WorldConfig) -> Scenario {
    Scenario {
        world,
        ..Scenario::default()
    }
}

fn dense(rows: u64) -> Vec<DenseDay> {
    vec![DenseDay {
        advertiser: 0,
        day: DENSE_DAY,
        rows,
    }]
}

/// Fails unless every table is as the truth has it, and the ledger knows of no gap and of nothing left out.
#[track_caller]
fn assert_whole(stage: &Stage) {
    stage.assert_equals_truth();
    let status = stage.criteo(&["status", "--json"]).expect(0).json();
    for stream in status["streams"].as_array().unwrap() {
        assert_eq!(stream["gaps"].as_array().unwrap().len(), 0, "{stream}");
        assert_eq!(
            stream["quarantined"].as_array().unwrap().len(),
            0,
            "{stream}"
        );
        let rows = stage.number(&format!("SELECT count(*) FROM {}", stream["table"]));
        assert_eq!(stream["rows"], rows, "{stream}");
    }
}

#[track_caller]
fn assert_was_split(run: &Run) {
    assert!(
        !run.events("window_split").is_empty(),
        "Nothing was split: {run}"
    );
}

#[test]
fn a_large_account_takes_few_calls() {
    let settings = Settings::new(date(2025, 6, 16)).with_only(&["statistics"]);
    let world = WorldConfig {
        advertisers: 10,
        campaigns_per_advertiser: 6,
        ad_sets_per_campaign: 10,
        ads_per_ad_set: 1,
        always_active: true,
        ..WorldConfig::default()
    };
    let mut stage = Stage::open(NOW, scenario(world), settings);
    stage.sync();
    assert_whole(&stage);
    let rows = stage.number("SELECT count(*) FROM statistics");
    // The last day has not come to its end.
    assert!(rows > 10 * 364 * 60, "{rows}");
    let calls = stage.calls(STATISTICS);
    // floor(1.3 × ceil(rows / 100,000) + 3)
    let allowed = (13 * usize::try_from(rows).unwrap().div_ceil(100_000) + 30) / 10;
    println!("{rows} rows took {calls} calls; {allowed} are allowed");
    assert!(
        calls <= allowed,
        "{calls} calls for {rows} rows, {allowed} are allowed"
    );

    // A day later the density is known, and the days that are still restated fit one call.
    stage.advance_days(1);
    stage.sandbox.clear_calls();
    stage.sync();
    assert_eq!(stage.calls(STATISTICS), 1);
}

#[test]
fn a_day_beyond_the_cap_is_split_and_lands_whole() {
    let settings = Settings::new(date(2026, 6, 1)).with_only(&[]).with_report(
        "by_category",
        &["AdvertiserId", "CampaignId", "AdsetId", "CategoryId", "Day"],
        &["Clicks", "Displays", "AdvertiserCost"],
    );
    let world = WorldConfig {
        advertisers: 2,
        dense_days: dense(150_000),
        ..WorldConfig::default()
    };
    let mut stage = Stage::open(NOW, scenario(world), settings);
    assert_was_split(&stage.sync());
    assert_whole(&stage);
    let rows = stage.number(&format!(
        "SELECT count(*) FROM by_category WHERE day = DATE '{DENSE_DAY}'"
    ));
    assert!(rows >= 150_000, "{rows}");
}

#[test]
fn dense_days_of_placements_and_transactions_land_whole() {
    let settings = Settings::new(date(2026, 6, 8)).with_only(&["placements", "transactions"]);
    let world = WorldConfig {
        advertisers: 2,
        dense_placements: dense(25_000),
        dense_transactions: dense(120_000),
        ..WorldConfig::default()
    };
    let mut stage = Stage::open(NOW, scenario(world), settings);
    // By now some of the ad sets that were shown that day have been deleted, and no listing has them.
    stage.advance_days(25);
    assert_was_split(&stage.sync());
    assert_whole(&stage);
    for (table, day, least) in [
        ("placements", "day", 25_000),
        ("transactions", "transaction_date::DATE", 100_001),
    ] {
        let rows = stage.number(&format!(
            "SELECT count(*) FROM {table} WHERE {day} = DATE '{DENSE_DAY}'"
        ));
        assert!(rows >= least, "{table} has {rows} rows that day");
    }
    let listed: Vec<String> = stage
        .sandbox
        .truth_entities("ad_sets")
        .unwrap()
        .iter()
        .map(|ad_set| ad_set.element["id"].to_string().replace('"', "'"))
        .collect();
    let deleted = stage.number(&format!(
        "SELECT count(DISTINCT ad_set_id) FROM placements WHERE day = DATE '{DENSE_DAY}' AND ad_set_id NOT IN ({})",
        listed.join(", ")
    ));
    assert!(deleted > 0, "Every ad set of that day is still listed");
}

/// All placements of one ad set: there is no smaller question, so the day is left out, and nothing is cut.
#[test]
fn a_day_that_cannot_be_split_is_left_out_and_named() {
    let settings = Settings::new(date(2026, 6, 8)).with_only(&["placements"]);
    let world = WorldConfig {
        advertisers: 1,
        campaigns_per_advertiser: 1,
        ad_sets_per_campaign: 1,
        always_active: true,
        dense_placements: dense(25_000),
        ..WorldConfig::default()
    };
    let stage = Stage::open(NOW, scenario(world), settings);
    let run = stage.criteo(&["sync", "--json"]).expect(3);
    let quarantined = run.events("window_quarantined");
    assert_eq!(quarantined.len(), 1, "{run}");
    let window = quarantined[0]["window"].as_str().unwrap();
    assert!(window.contains(&DENSE_DAY.to_string()), "{window}");
    let of_the_day = format!("SELECT count(*) FROM placements WHERE day = DATE '{DENSE_DAY}'");
    assert_eq!(stage.number(&of_the_day), 0);
    assert_eq!(
        stage.number("SELECT count(DISTINCT day) FROM placements"),
        6
    );
}

#[test]
fn refusals_of_large_questions_are_split() {
    let status = FaultRule {
        status: Some(413),
        ..FaultRule::new(FaultKind::Status)
    };
    let timespan = FaultRule {
        days: Some(5),
        ..FaultRule::new(FaultKind::BadTimespan)
    };
    let rules = [
        ("413", status.times(3)),
        ("invalid-timespan", timespan),
        ("time-outs", FaultRule::new(FaultKind::Timeout).times(3)),
    ];
    for (what, rule) in rules {
        let mut settings =
            Settings::new(date(2026, 5, 1)).with_only(&["statistics", "transactions"]);
        // The sandbox stays silent for ten minutes, which nobody waits for here.
        settings.sync.retry_seconds = Some(2);
        let mut stage = Stage::open(NOW, scenario(WorldConfig::default()), settings);
        for path in ["statistics", "transactions"] {
            stage.sandbox.add_fault(rule.clone().on_path(path)).unwrap();
        }
        let run = stage.sync();
        let split = run.events("window_split");
        for stream in ["statistics", "transactions"] {
            assert!(
                split.iter().any(|event| event["stream"] == stream),
                "{what}: nothing of {stream} was split: {run}"
            );
        }
        assert_whole(&stage);
    }
}

#[test]
fn consent_withdrawn_in_mid_run_stops_nobody_else() {
    let mut settings = Settings::new(date(2026, 5, 1)).with_only(&["statistics", "campaigns"]);
    let mut stage = Stage::open(NOW, scenario(WorldConfig::default()), settings.clone());
    let advertisers = stage.sandbox.advertiser_ids()[..3].to_vec();
    settings.criteo.advertiser_ids = Some(advertisers.clone());
    stage.settings = settings;
    stage.write_configuration();
    // The second report is looked at after a pause, within which the consent goes.
    let pause = FaultRule {
        milliseconds: Some(2_000),
        ..FaultRule::new(FaultKind::Latency)
    };
    let rule = pause.on_path("statistics").on_calls([2]);
    stage.sandbox.add_fault(rule).unwrap();
    let withdrawn = &advertisers[1];

    let mut command = stage.command();
    command.args(["sync", "--json"]);
    let process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    while stage.calls(STATISTICS) < 2 {
        assert!(Instant::now() < patience, "There was no second report");
        thread::sleep(Duration::from_millis(5));
    }
    stage.sandbox.set_consent(withdrawn, false);
    let run = Run::new("sync --json", process.wait_with_output().unwrap()).expect(3);
    for event in run.events("run_finished") {
        let windows = event["quarantined"].as_array().unwrap();
        assert!(!windows.is_empty(), "{run}");
        for window in windows {
            assert_eq!(
                window["advertiser_ids"].as_array().unwrap(),
                &[withdrawn.as_str()],
                "{run}"
            );
        }
    }
    let mut others = stage.expectation();
    others
        .advertisers
        .retain(|advertiser| advertiser != withdrawn);
    stage.assert_equals(&others);

    // As long as the consent is missing every run says so, and once it is back nothing is missing.
    let run = stage.criteo(&["sync"]).expect(3);
    assert!(run.stderr.contains(withdrawn.as_str()), "{run}");
    stage.assert_equals(&others);
    stage.sandbox.set_consent(withdrawn, true);
    stage.sync();
    assert_whole(&stage);
}
