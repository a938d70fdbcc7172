//! What one sync lands, stream by stream, and that another one changes nothing.

use criteo_engine::catalog::{Catalog, Field};
use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::civil::date;
use serde_json::json;

use crate::support::target::Damage;
use crate::support::{Settings, Stage, TargetKind};

fn world(world: WorldConfig) -> Scenario {
    Scenario {
        world,
        ..Scenario::default()
    }
}

fn names<'stream>(fields: impl Iterator<Item = &'stream Field>) -> Vec<String> {
    fields.map(|field| field.name.clone()).collect()
}

/// No table is empty, without which equality would say little.
fn assert_full(stage: &Stage) {
    for table in stage.expectation().streams {
        let rows = stage.number(&format!("SELECT count(*) FROM {table}"));
        assert!(rows > 0, "{table} is empty");
    }
}

#[test]
fn every_stream_equals_the_truth_and_a_second_sync_changes_nothing() {
    for target in TargetKind::all() {
        let settings = Settings::new(date(2026, 3, 10))
            .with_every_stream()
            .into_target(target);
        let mut stage = Stage::open("2026-04-05T09:30:00Z", Scenario::default(), settings);
        stage.sync();
        assert_full(&stage);
        stage.assert_equals_truth();
        stage.sync();
        stage.assert_equals_truth();
        every_change_is_found(&stage);
    }
}

/// The comparison is worth nothing if it passes over a wrong cell, a lost row or a row too many.
fn every_change_is_found(stage: &Stage) {
    let tables = stage.expectation().streams;
    let damages = [Damage::Altered, Damage::Deleted, Damage::Doubled];
    for (table, damage) in tables.iter().zip(damages.into_iter().cycle()) {
        stage.target.damage(table, damage);
    }
    let differences = stage.differences();
    for table in &tables {
        let named = format!("{table}: ");
        let is_found = differences.iter().any(|line| line.starts_with(&named));
        assert!(is_found, "A change of {table} went unnoticed");
    }
}

/// New York changes its clocks on 8 March; a quotient without a denominator is no number there.
#[test]
fn all_metrics_and_streams_in_another_currency_and_zone() {
    let statistics = Catalog::builtin().stream("statistics").unwrap();
    let metrics = names(statistics.metrics());
    assert_eq!(metrics.len(), 227);
    let mut settings = Settings::new(date(2026, 3, 1))
        .in_currency_and_zone("JPY", "America/New_York")
        .with_every_stream();
    settings.stream("statistics").metrics = Some(metrics);
    for name in ["placements", "placement_categories"] {
        let stream = Catalog::builtin().stream(name).unwrap();
        settings.stream(name).metrics = Some(names(stream.metrics()));
    }
    let scenario = world(WorldConfig {
        seed: 7,
        advertisers: 2,
        zero_denominator: "NaN".to_owned(),
        ..WorldConfig::default()
    });
    let mut stage = Stage::open("2026-03-14T15:00:00Z", scenario, settings);
    stage.sync();
    assert_full(&stage);
    stage.assert_equals_truth();
    let undefined = "SELECT count(*) FROM statistics WHERE cost_per_order_pc30d IS NULL";
    assert!(
        stage.number(undefined) > 0,
        "No quotient was without a denominator"
    );
}

/// Paris changes its clocks on 29 March, within these days.
#[test]
fn reports_of_many_dimensions_and_of_long_periods() {
    let metrics = [
        "Clicks",
        "AdvertiserCost",
        "SalesPc30d",
        "RoasPc30d",
        "Reach",
        "ClickThroughRate",
    ];
    let settings = Settings::new(date(2026, 3, 11))
        .in_currency_and_zone("EUR", "Europe/Paris")
        .with_only(&[])
        .with_report(
            "by_everything",
            &[
                "AdvertiserId",
                "CampaignId",
                "AdsetId",
                "AdId",
                "CouponId",
                "CategoryId",
                "Hour",
                "Day",
                "Week",
                "Month",
                "Year",
                "Os",
                "Device",
                "MarketingObjectiveId",
                "ChannelId",
                "Goal",
                "AdChannel",
                "SocialPlatform",
            ],
            &metrics,
        )
        .with_report("by_hour", &["AdvertiserId", "Hour", "Day"], &metrics)
        .with_report("by_names", &["Advertiser", "Campaign", "Day"], &metrics)
        .with_report("by_os", &["Os"], &metrics)
        .with_report("by_week", &["AdvertiserId", "Week", "Device"], &metrics)
        .with_report(
            "by_month",
            &["AdvertiserId", "CampaignId", "Month"],
            &metrics,
        )
        .with_report("by_year", &["AdvertiserId", "Year"], &metrics);
    let scenario = world(WorldConfig {
        advertisers: 2,
        zero_denominator: String::new(),
        ..WorldConfig::default()
    });
    let mut stage = Stage::open("2026-04-01T09:30:00Z", scenario, settings);
    stage.sync();
    assert_full(&stage);
    stage.assert_equals_truth();
    let hours_of_the_short_day =
        "SELECT count(DISTINCT hour) FROM by_hour WHERE day = DATE '2026-03-29' AND hour(hour) = 2";
    assert_eq!(
        stage.number(hours_of_the_short_day),
        0,
        "02:00 was left out that day"
    );
    let first_month = "SELECT count(*) FROM by_month WHERE month = DATE '2026-03-01'";
    assert!(stage.number(first_month) > 0, "March is read whole");
    stage.sync();
    stage.assert_equals_truth();
}

/// The night in which an hour comes twice.
#[test]
fn hours_of_autumn() {
    let settings = Settings::new(date(2026, 10, 23))
        .in_currency_and_zone("USD", "Europe/Paris")
        .with_only(&["transactions"])
        .with_report(
            "by_hour",
            &["AdvertiserId", "AdsetId", "Hour", "Day"],
            &["Clicks", "Displays", "AdvertiserCost"],
        );
    let mut stage = Stage::open("2026-10-27T09:30:00Z", Scenario::default(), settings);
    stage.sync();
    assert_full(&stage);
    stage.assert_equals_truth();
}

/// In Auckland it is tomorrow already, in Los Angeles still yesterday. Log-level files know neither.
#[test]
fn where_the_day_is_another_than_in_utc() {
    for (zone, now) in [
        ("Pacific/Auckland", "2026-03-14T13:00:00Z"),
        ("America/Los_Angeles", "2026-03-14T04:00:00Z"),
    ] {
        let settings = Settings::new(date(2026, 2, 8))
            .in_currency_and_zone("EUR", zone)
            .with_only(&[
                "statistics",
                "placements",
                "transactions",
                "transparency",
                "marketplace_campaign_stats",
            ]);
        let scenario = world(WorldConfig {
            advertisers: 1,
            ..WorldConfig::default()
        });
        let mut stage = Stage::open(now, scenario, settings);
        stage.sync();
        assert_full(&stage);
        stage.assert_equals_truth();
        stage.advance_days(1);
        stage.criteo(&["sync", "--full-refresh"]).expect(0);
        stage.assert_equals_truth();
    }
}

/// Criteo sends some events twice.
#[test]
fn transactions_that_are_equal_in_every_field_are_one_row() {
    let settings = Settings::new(date(2026, 2, 1)).with_only(&["transactions"]);
    let mut stage = Stage::open("2026-03-01T09:30:00Z", Scenario::default(), settings);
    stage.sync();
    stage.assert_equals_truth();
    let sent = stage
        .sandbox
        .truth_transactions(&json!({ "data": [{ "attributes": {
        "advertiserIds": stage.sandbox.advertiser_ids().join(","),
        "currency": "EUR",
        "timezone": "UTC",
        "startDate": "2026-02-01",
        "endDate": "2026-03-01",
    } }] }));
    let sent = i64::try_from(sent.unwrap().rows.len()).unwrap();
    let landed = stage.number("SELECT count(*) FROM transactions");
    assert!(landed < sent, "Nothing was sent twice: {landed} of {sent}");
}

/// A few days first, then everything: what is loaded is no reason to leave a gap around it.
#[test]
fn days_chosen_by_hand_are_read_and_the_others_later() {
    let settings = Settings::new(date(2026, 2, 1)).with_only(&["statistics", "placements"]);
    let mut stage = Stage::open("2026-03-01T09:30:00Z", Scenario::default(), settings);
    let range = ["--from", "2026-02-10", "--to", "2026-02-12"];
    stage
        .criteo(&[&["sync", "--stream", "statistics"], &range[..]].concat())
        .expect(0);
    let days = "SELECT count(DISTINCT day) FROM statistics WHERE day BETWEEN '2026-02-10' AND '2026-02-12'";
    assert_eq!(stage.number(days), 3);
    assert_eq!(
        stage.number("SELECT count(DISTINCT day) FROM statistics"),
        3
    );
    stage.sync();
    stage.assert_equals_truth();
    stage
        .criteo(&[&["sync", "--full-refresh"], &range[..]].concat())
        .expect(0);
    stage.assert_equals_truth();
}
