//! Proof after the fact: sums of the tables beside Criteo's totals.

use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::civil::date;
use serde_json::Value;

use crate::support::{Settings, Stage, TargetKind};

fn stage(target: TargetKind) -> Stage {
    let scenario = Scenario {
        world: WorldConfig {
            advertisers: 3,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    };
    let settings = Settings::new(date(2025, 12, 20))
        .with_report(
            "by_device",
            &["AdvertiserId", "Day", "Device"],
            &["Clicks", "AdvertiserCost", "Audience"],
        )
        .with_report("monthly", &["AdvertiserId", "Month"], &["Clicks"])
        .into_target(target);
    Stage::open("2026-03-10T12:00:00Z", scenario, settings)
}

/// Changes the tables behind the connector's back.
fn tamper(stage: &Stage, statement: &str) {
    let changed = stage.target.execute(statement);
    assert!(changed > 0, "Nothing was tampered with: {statement}");
}

fn verify(stage: &Stage, more: &[&str], code: i32) -> Value {
    let arguments = [&["verify", "--json"], more].concat();
    let run = stage.criteo(&arguments).expect(code);
    serde_json::from_str(&run.stdout).unwrap()
}

fn differences<'a>(verification: &'a Value, stream: &str) -> &'a Vec<Value> {
    let streams = verification["streams"].as_array().unwrap();
    let found = streams.iter().find(|found| found["stream"] == stream);
    found.unwrap()["differences"].as_array().unwrap()
}

#[test]
fn what_was_loaded_agrees_and_a_tampered_table_does_not() {
    for target in TargetKind::all() {
        tampering_is_found_in(target);
    }
}

fn tampering_is_found_in(target: TargetKind) {
    let mut stage = stage(target);
    stage.sync();

    let verification = verify(&stage, &[], 0);
    assert_eq!(
        verification["calls"], 3,
        "One call per stream: {verification}"
    );
    for stream in ["statistics", "by_device", "monthly"] {
        assert_eq!(differences(&verification, stream).len(), 0);
    }
    let by_device = &verification["streams"][1];
    assert_eq!(by_device["left_out"], serde_json::json!(["audience"]));
    assert_eq!(by_device["first_day"], "2025-12-20");
    // 3 advertisers, 4 months, 2 metrics that add up.
    assert_eq!(by_device["compared"], 24);

    let advertiser = stage.sandbox.advertiser_ids()[1].clone();
    let day = "2026-01-15";
    let row_id = stage.target.row_id();
    tamper(
        &stage,
        &format!(
            "UPDATE statistics SET clicks = clicks + 1 WHERE {row_id} = (SELECT min({row_id}) FROM statistics \
             WHERE advertiser_id = '{advertiser}' AND day = DATE '{day}')"
        ),
    );
    tamper(
        &stage,
        "DELETE FROM by_device WHERE day = DATE '2026-02-03'",
    );

    let verification = verify(&stage, &[], 3);
    let blamed = differences(&verification, "statistics");
    assert_eq!(blamed.len(), 1, "{blamed:?}");
    assert_eq!(blamed[0]["advertiser_id"], advertiser);
    assert_eq!(blamed[0]["first_day"], day);
    assert_eq!(blamed[0]["last_day"], day);
    assert_eq!(blamed[0]["metric"], "clicks");
    assert_eq!(blamed[0]["immature"], false);
    let sum = |side: &str| blamed[0][side].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(sum("table"), sum("criteo") + 1);
    let gone = differences(&verification, "by_device");
    assert!(
        gone.iter()
            .all(|difference| difference["first_day"] == "2026-02-03")
    );
    assert!(gone.iter().all(|difference| difference["table"].is_null()));
    assert_eq!(differences(&verification, "monthly").len(), 0);

    // Days that nobody asks about are not looked at.
    let of_days = |first: &str, last: &str, code| {
        let days = ["-s", "statistics", "--from", first, "--to", last];
        let verification = verify(&stage, &days, code);
        let stream = &verification["streams"][0];
        assert_eq!(stream["first_day"], first, "{verification}");
        assert_eq!(stream["last_day"], last, "{verification}");
        differences(&verification, "statistics").len()
    };
    assert_eq!(of_days("2026-01-16", "2026-02-10", 0), 0);
    assert_eq!(of_days("2026-01-01", "2026-01-14", 0), 0);
    assert_eq!(of_days(day, day, 3), 1);

    let words = stage.criteo(&["verify", "-s", "statistics"]).expect(3);
    assert!(
        words.stdout.contains(" are not what Criteo says now."),
        "{words}"
    );
    assert!(words.stdout.contains(&advertiser), "{}", words.stdout);
    let mend = format!("criteo sync -s statistics --full-refresh --from {day} --to {day}");
    assert!(words.stderr.contains(&mend), "{}", words.stderr);

    stage.criteo(&["verify", "--fix"]).expect(0);
    verify(&stage, &[], 0);
}

#[test]
fn days_that_were_not_final_are_told_apart() {
    let mut stage = stage(TargetKind::DuckDb);
    stage.sync();
    stage.advance_days(12);
    let verification = verify(&stage, &["-s", "statistics"], 3);
    let restated = differences(&verification, "statistics");
    assert!(!restated.is_empty());
    assert!(
        restated
            .iter()
            .all(|difference| difference["immature"] == true)
    );
    let expected = "Only days that are not final yet differ, which is to be expected; the next `criteo sync` reads them again.";
    let words = stage.criteo(&["verify", "-s", "statistics"]).expect(3);
    assert!(words.stdout.contains(expected), "{words}");
    assert!(!words.stderr.contains("--full-refresh"), "{words}");

    // A final day that differs as well is nothing to be expected.
    tamper(
        &stage,
        "UPDATE statistics SET clicks = clicks + 1 WHERE day = DATE '2025-12-20'",
    );
    let words = stage.criteo(&["verify", "-s", "statistics"]).expect(3);
    assert!(!words.stdout.contains(expected), "{words}");
    assert!(words.stderr.contains("--full-refresh"), "{words}");
    stage
        .criteo(&["verify", "-s", "statistics", "--fix"])
        .expect(0);
    stage.sync();
    verify(&stage, &[], 0);
}
