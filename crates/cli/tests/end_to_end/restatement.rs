//! Days that Criteo restates, days that it no longer has, and configurations that change.

use std::path::{Path, PathBuf};

use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::civil::date;

use crate::support::restated::{FINE, two_advertisers};
use crate::support::{Expectation, Settings, Stage};

/// A copy of the database as it is now.
fn photograph(stage: &Stage, name: &str) -> PathBuf {
    let copy = stage.folder().join(name);
    std::fs::copy(stage.database_file(), &copy).unwrap();
    copy
}

/// Attaches a copy to the database and asks about both, as `main` and `before`.
fn number_of_both(stage: &Stage, before: &Path, question: &str) -> i64 {
    let database = duckdb::Connection::open(stage.database_file()).unwrap();
    let attach = format!("ATTACH '{}' AS before (READ_ONLY)", before.display());
    database.execute_batch(&attach).unwrap();
    database.query_row(question, [], |row| row.get(0)).unwrap()
}

/// Fails unless what was true at both instants differs in the ways that make the test worth something. The tables were
/// equal to the truth both times, so they speak for it.
fn assert_restated(stage: &Stage, before: &Path, oldest_restated: &str) {
    let vanished = "SELECT count(*) FROM before.main.fine ANTI JOIN main.fine \
                    USING (advertiser_id, ad_set_id, ad_id, category_id, device, os, day)";
    assert!(
        number_of_both(stage, before, vanished) > 0,
        "No row vanished"
    );
    let changed = format!(
        "SELECT count(*) FROM (SELECT * FROM before.main.statistics WHERE day = DATE '{oldest_restated}' \
         EXCEPT SELECT * FROM main.statistics)"
    );
    let changed = number_of_both(stage, before, &changed);
    assert!(changed > 0, "Criteo restated nothing of {oldest_restated}");
    let gone = "SELECT count(*) FROM before.main.ads ANTI JOIN main.ads USING (ad_id)";
    assert!(number_of_both(stage, before, gone) > 0, "No ad is gone");
    let lost = "SELECT count(*) FROM before.main.transparency ANTI JOIN main.transparency \
                USING (advertiser_id, day)";
    assert_eq!(
        number_of_both(stage, before, lost),
        0,
        "Files that were loaded are gone"
    );
}

#[test]
fn one_sync_after_a_pause_makes_everything_true_again() {
    let settings = Settings::new(date(2026, 1, 5))
        .in_currency_and_zone("EUR", "Europe/Paris")
        .with_every_stream()
        .with_report("fine", &FINE, &["Clicks", "AdvertiserCost", "SalesPc30d"])
        .with_report(
            "monthly",
            &["AdvertiserId", "Month"],
            &["Clicks", "SalesPc30d"],
        );
    let mut stage = Stage::open("2026-03-01T09:00:00Z", two_advertisers(), settings);
    stage.sync();
    stage.assert_equals_truth();

    let of_statistics = Expectation {
        streams: vec!["statistics".to_owned()],
        ..stage.expectation()
    };
    let before = photograph(&stage, "before_ten_days.duckdb");
    stage.advance_days(10);
    assert!(
        !stage.differences_from(&of_statistics).is_empty(),
        "The truth did not change"
    );
    stage.sync();
    stage.assert_equals_truth();
    // 20 February was 9 days old when it was read first.
    assert_restated(&stage, &before, "2026-02-20");

    let before = photograph(&stage, "before_forty_five_days.duckdb");
    stage.advance_days(45);
    assert!(
        !stage.differences_from(&of_statistics).is_empty(),
        "The truth did not change"
    );
    stage.sync();
    stage.assert_equals_truth();
    // 5 March was 6 days old then, and is 51 days old now: far outside the days that are always read again.
    assert_restated(&stage, &before, "2026-03-05");
    // Placements of January are older than three months by now. Nothing that was loaded is given up for that.
    let kept = "SELECT count(*) FROM placements WHERE day = DATE '2026-01-05'";
    assert!(
        stage.number(kept) > 0,
        "Placements that Criteo no longer has were deleted"
    );
}

#[test]
fn days_that_criteo_no_longer_has_are_not_asked_for_and_stay() {
    let settings = Settings::new(date(2023, 1, 1))
        .with_only(&["statistics", "transactions"])
        .with_report("monthly", &["AdvertiserId", "Month"], &["Clicks"])
        .with_report("weekly", &["AdvertiserId", "Week"], &["Clicks"]);
    let scenario = Scenario {
        world: WorldConfig {
            advertisers: 1,
            campaigns_per_advertiser: 1,
            history_days: 1_200,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    };
    let mut stage = Stage::open("2026-03-01T09:00:00Z", scenario, settings);
    let warnings = stage.sync().events("warning");
    for stream in stage.expectation().streams {
        assert!(
            warnings.iter().any(|warning| warning["stream"] == stream),
            "{stream} says nothing of the days before 1 March 2024"
        );
    }
    stage.assert_equals_truth();
    stage.advance_days(40);
    stage.sync();
    stage.assert_equals_truth();
    let oldest = "SELECT count(*) FROM statistics WHERE day = DATE '2024-03-01'";
    assert!(
        stage.number(oldest) > 0,
        "A day that Criteo no longer has was deleted"
    );
}

#[test]
fn a_metric_that_is_added_later_is_read_for_all_days() {
    let mut settings = Settings::new(date(2026, 1, 10)).with_only(&["statistics"]);
    settings.stream("statistics").metrics = Some(vec!["Clicks".to_owned()]);
    let mut stage = Stage::open("2026-03-01T09:00:00Z", two_advertisers(), settings);
    stage.sync();
    stage.assert_equals_truth();

    stage.settings.stream("statistics").metrics = Some(
        ["Clicks", "AdvertiserCost", "RoasPc30d"]
            .map(str::to_owned)
            .to_vec(),
    );
    stage.write_configuration();
    let plan = stage.criteo(&["plan", "--json"]).expect(0).json();
    // 51 days of two advertisers were loaded without it.
    assert_eq!(plan["streams"][0]["days_lacking_columns"], 2 * 51, "{plan}");
    assert_eq!(plan["streams"][0]["first_day"], "2026-01-10", "{plan}");
    stage.sync();
    stage.assert_equals_truth();

    // A metric that is no longer asked for keeps its column, and nothing is read because of it.
    stage.settings.stream("statistics").metrics = Some(vec!["Clicks".to_owned()]);
    stage.write_configuration();
    let plan = stage.criteo(&["plan", "--json"]).expect(0).json();
    assert_eq!(plan["streams"][0]["days_lacking_columns"], 0, "{plan}");
}

#[test]
fn another_currency_is_refused_until_told_to_rebuild() {
    assert_refused_until_rebuilt("USD", |settings| {
        settings.criteo.currency = "USD".to_owned();
    });
}

#[test]
fn another_time_zone_is_refused_until_told_to_rebuild() {
    assert_refused_until_rebuilt("America/New_York", |settings| {
        settings.criteo.timezone = "America/New_York".to_owned();
    });
}

#[test]
fn another_grain_is_refused_until_told_to_rebuild() {
    assert_refused_until_rebuilt("device", |settings| {
        settings.reports[0].dimensions.push("Device".to_owned());
    });
}

/// A table holds rows of one kind, so the command must say what does not fit, and leave the table alone.
fn assert_refused_until_rebuilt(named: &str, change: impl Fn(&mut Settings)) {
    let settings = Settings::new(date(2026, 2, 20))
        .with_only(&["statistics"])
        .with_report(
            "report",
            &["AdvertiserId", "Day"],
            &["Clicks", "AdvertiserCost"],
        );
    let mut stage = Stage::open("2026-03-01T09:00:00Z", two_advertisers(), settings);
    stage.sync();

    let before = stage.settings.clone();
    change(&mut stage.settings);
    stage.write_configuration();
    let refusal = stage.criteo(&["sync"]).expect(2);
    for word in [named, "--rebuild"] {
        assert!(refusal.stderr.contains(word), "No {word} in {refusal}");
    }
    let changed = std::mem::replace(&mut stage.settings, before);
    stage.assert_equals_truth();

    stage.settings = changed;
    stage.criteo(&["sync", "--rebuild"]).expect(0);
    stage.assert_equals_truth();
}
