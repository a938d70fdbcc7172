use std::collections::{BTreeMap, HashSet};

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::*;
use crate::world::{DenseDay, WorldConfig};

const CREATED: &str = "2026-06-15T09:30:00Z";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn world(config: WorldConfig) -> World {
    World::new(config, instant(CREATED))
}

fn all_advertisers(world: &World) -> String {
    world.advertiser_ids().join(",")
}

fn statistics_body(world: &World, dimensions: &[&str], metrics: &[&str]) -> Value {
    json!({
        "advertiserIds": all_advertisers(world),
        "dimensions": dimensions,
        "metrics": metrics,
        "currency": "USD",
        "startDate": "2026-05-20",
        "endDate": "2026-06-10",
    })
}

fn listed(body: Value) -> Value {
    json!({ "data": [{ "type": "report", "attributes": body }] })
}

/// Adds up a column of decimals exactly, in ten-thousandths.
fn sum(columns: &[String], rows: &[Vec<String>], name: &str) -> i128 {
    let column = columns.iter().position(|column| column == name).unwrap();
    rows.iter().map(|row| ten_thousandths(&row[column])).sum()
}

fn ten_thousandths(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<4}").parse().unwrap()
}

#[test]
fn every_grain_adds_up_to_the_same_totals() {
    let world = world(WorldConfig::default());
    let metrics = [
        "Displays",
        "Clicks",
        "AdvertiserCost",
        "SalesAllPc30dPv24h",
        "RevenueGeneratedAllPc30d",
        "VideoCompleted",
        "RetailerMarginEuro",
    ];
    let grains: [&[&str]; 7] = [
        &["Day"],
        &["AdvertiserId", "CampaignId", "AdsetId", "Day"],
        &["AdId", "CouponId", "Hour"],
        &["CategoryId", "Device", "Os", "Week"],
        &["MarketingObjectiveId", "ChannelId", "Goal", "Month"],
        &["AdChannel", "SocialPlatform"],
        &["Year"],
    ];
    let mut expected: Option<Vec<i128>> = None;
    for grain in grains {
        let body = statistics_body(&world, grain, &metrics);
        let answer = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
        assert!(!answer.rows.is_empty());
        let sums: Vec<i128> = metrics
            .iter()
            .map(|metric| sum(&answer.columns, &answer.rows, metric))
            .collect();
        let totals: Vec<i128> = answer
            .total
            .iter()
            .map(|(_, value)| ten_thousandths(value))
            .collect();
        assert_eq!(
            sums, totals,
            "the total of {grain:?} is the sum of its rows"
        );
        assert!(sums.iter().all(|sum| *sum > 0), "{metrics:?}: {sums:?}");
        assert_eq!(expected.get_or_insert(sums.clone()), &sums, "{grain:?}");
    }
}

#[test]
fn days_partition_a_span_in_any_zone() {
    let world = world(WorldConfig::default());
    for zone in ["Asia/Kathmandu", "America/New_York", "Pacific/Auckland"] {
        let mut body = statistics_body(&world, &["AdsetId", "Day"], &["Displays"]);
        body["timezone"] = json!(zone);
        let whole = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for day in 20..=31 {
            body["startDate"] = json!(format!("2026-05-{day}"));
            body["endDate"] = json!(format!("2026-05-{day}"));
            let part = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
            let date = format!("2026-05-{day}");
            assert!(part.rows.iter().all(|row| row[2] == date), "{zone}");
            rows.extend(part.rows);
        }
        body["startDate"] = json!("2026-06-01");
        body["endDate"] = json!("2026-06-10");
        let rest = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
        rows.extend(rest.rows);
        let mut expected = whole.rows;
        expected.sort();
        rows.sort();
        assert_eq!(rows, expected, "{zone}");
    }
}

#[test]
fn a_zone_moves_quarter_hours_between_days() {
    let world = world(WorldConfig::default());
    let mut body = statistics_body(&world, &["Hour"], &["Displays"]);
    let utc = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    body["timezone"] = json!("Asia/Tokyo");
    let tokyo = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    // Tokyo is nine hours ahead all year: an hour that lies within both spans is the same hour under another name.
    let shifted: BTreeMap<String, &String> = utc
        .rows
        .iter()
        .map(|row| {
            let hour: jiff::civil::DateTime = row[0].parse().unwrap();
            let shifted = hour + 9.hours();
            (shifted.strftime("%Y-%m-%d %H:%M:%S").to_string(), &row[2])
        })
        .collect();
    let common: Vec<_> = tokyo
        .rows
        .iter()
        .filter(|row| row[0].as_str() >= "2026-05-20 09:00:00")
        .collect();
    assert!(common.len() > 100);
    for row in common {
        assert_eq!(shifted[&row[0]], &row[2], "{}", row[0]);
    }
}

#[test]
fn restatement_goes_on_for_thirty_days_and_then_stops() {
    let world = world(WorldConfig::default());
    for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let mut body = statistics_body(
            &world,
            &["AdsetId", "Day"],
            &["Displays", "Clicks", "SalesAllPc30d", "AdvertiserCost"],
        );
        body["timezone"] = json!(zone);
        body["startDate"] = json!("2026-05-01");
        body["endDate"] = json!("2026-05-01");
        let midnight: jiff::civil::Date = "2026-05-01".parse().unwrap();
        let midnight = midnight.in_tz(zone).unwrap();
        let rows_at = |age: i64| {
            let as_of = midnight.checked_add(age.days()).unwrap().timestamp();
            statistics(&world, as_of, &body, &Caps::NONE).unwrap().rows
        };
        assert!(rows_at(0).is_empty(), "nothing has happened at midnight");
        assert_ne!(rows_at(1), rows_at(2));
        assert_ne!(rows_at(10), rows_at(20));
        assert_ne!(rows_at(20), rows_at(30));
        let settled = rows_at(30);
        assert!(!settled.is_empty());
        for age in [31, 45, 200] {
            assert_eq!(rows_at(age), settled, "{zone} at an age of {age} days");
        }
    }
}

#[test]
fn over_time_clicks_go_down_and_sales_go_up() {
    let world = world(WorldConfig {
        always_active: true,
        ..WorldConfig::default()
    });
    let body = statistics_body(
        &world,
        &["Day"],
        &["Clicks", "SalesAllPc30d", "InvalidClicks"],
    );
    let total_at = |as_of: &str| -> Vec<i128> {
        let answer = statistics(&world, instant(as_of), &body, &Caps::NONE).unwrap();
        let totals = answer.total.iter();
        totals.map(|(_, value)| ten_thousandths(value)).collect()
    };
    let early = total_at("2026-06-11T00:00:00Z");
    let late = total_at("2026-07-20T00:00:00Z");
    assert!(early[0] > late[0], "invalid clicks are taken out");
    assert!(early[1] < late[1], "conversions arrive");
    assert_eq!(early[0] + early[2], late[0] + late[2]);
}

#[test]
fn the_same_question_has_the_same_answer() {
    let body = |world: &World| statistics_body(world, &["AdId", "Hour"], &["Clicks", "Cos"]);
    let first = world(WorldConfig::default());
    let second = world(WorldConfig::default());
    let other = world(WorldConfig {
        seed: 7,
        ..WorldConfig::default()
    });
    let ask = |world: &World| statistics(world, instant(CREATED), &body(world), &Caps::NONE);
    assert_eq!(ask(&first), ask(&first));
    assert_eq!(ask(&first), ask(&second));
    assert_ne!(ask(&first).unwrap().rows, ask(&other).unwrap().rows);
}

#[test]
fn today_is_partial_and_tomorrow_is_empty() {
    let world = world(WorldConfig::default());
    let mut body = statistics_body(&world, &["Hour"], &["Displays"]);
    body["startDate"] = json!("2026-06-15");
    body["endDate"] = json!("2026-06-20");
    let answer = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    assert!(!answer.rows.is_empty());
    let latest = answer.rows.iter().map(|row| &row[0]).max().unwrap();
    assert!(latest.as_str() <= "2026-06-15 09:00:00", "{latest}");
}

#[test]
fn days_before_the_horizon_are_absent() {
    let world = world(WorldConfig {
        history_days: 1_000,
        always_active: true,
        ..WorldConfig::default()
    });
    let mut body = statistics_body(&world, &["Day"], &["Displays"]);
    body["startDate"] = json!("2023-01-01");
    let answer = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    let earliest = answer.rows.iter().map(|row| &row[0]).min().unwrap();
    assert_eq!(earliest, "2024-06-15");
}

#[test]
fn always_active_means_exact_row_counts() {
    let world = world(WorldConfig {
        always_active: true,
        ..WorldConfig::default()
    });
    for zone in ["UTC", "America/Sao_Paulo", "Asia/Kolkata"] {
        let mut body = statistics_body(
            &world,
            &["AdvertiserId", "CampaignId", "AdsetId", "Day"],
            &["Displays"],
        );
        body["timezone"] = json!(zone);
        let answer = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
        assert_eq!(answer.rows.len(), 4 * 3 * 2 * 22, "{zone}");
    }
}

#[test]
fn dense_days_exceed_the_cap_and_an_ad_set_split_helps() {
    let day = "2026-06-01".parse().unwrap();
    let dense = DenseDay {
        advertiser: 1,
        day,
        rows: 1_200,
    };
    let world = world(WorldConfig {
        dense_days: vec![dense.clone()],
        dense_placements: vec![dense.clone()],
        dense_transactions: vec![dense],
        ..WorldConfig::default()
    });
    let advertiser = world.advertiser_ids()[1].clone();
    let mut body = statistics_body(
        &world,
        &["AdvertiserId", "CampaignId", "AdsetId", "CategoryId", "Day"],
        &["Displays", "Clicks"],
    );
    body["advertiserIds"] = json!(advertiser);
    body["startDate"] = json!("2026-06-01");
    body["endDate"] = json!("2026-06-01");
    body["timezone"] = json!("America/New_York");
    let caps = Caps {
        statistics_rows: Some(1_000),
        placement_rows: Some(1_000),
        transaction_rows: Some(1_000),
    };
    let truth = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    assert!(truth.rows.len() >= 1_200 && !truth.truncated);
    let capped = statistics(&world, instant(CREATED), &body, &caps).unwrap();
    assert!(capped.truncated);
    assert_eq!(capped.rows, truth.rows[..1_000]);
    assert_eq!(capped.total, truth.total);
    let ad_sets: HashSet<&String> = truth.rows.iter().map(|row| &row[4]).collect();
    let mut rebuilt = Vec::new();
    for ad_set in ad_sets {
        body["adSetIds"] = json!([ad_set]);
        let part = statistics(&world, instant(CREATED), &body, &caps).unwrap();
        assert!(!part.truncated);
        rebuilt.extend(part.rows);
    }
    rebuilt.sort();
    let mut expected = truth.rows;
    expected.sort();
    assert_eq!(rebuilt, expected);

    let mut body = statistics_body(&world, &["Placement"], &["Displays"]);
    body["advertiserIds"] = json!(advertiser);
    body["startDate"] = json!("2026-06-01");
    body["endDate"] = json!("2026-06-01");
    let body = listed(body);
    assert!(
        placements(&world, instant(CREATED), &body, &caps)
            .unwrap()
            .truncated
    );
    let transactions = transactions(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    assert!(transactions.rows.len() >= 1_200);
}

#[test]
fn ids_bring_names_and_names_bring_ids() {
    let world = world(WorldConfig::default());
    let mut body = statistics_body(
        &world,
        &["day", "Campaign", "adsetid", "Adset"],
        &["Clicks"],
    );
    body["endDate"] = json!("2026-05-21");
    let answer = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    assert_eq!(
        answer.columns,
        [
            "Day",
            "CampaignId",
            "Campaign",
            "AdsetId",
            "Adset",
            "Currency",
            "Clicks"
        ]
    );
    assert!(
        answer
            .rows
            .iter()
            .all(|row| row.len() == 7 && row[5] == "USD")
    );
}

#[test]
fn every_metric_answers_and_aliases_agree() {
    let world = world(WorldConfig::default());
    let names: Vec<&str> = metrics::METRICS.iter().map(|(name, _)| *name).collect();
    let distinct: HashSet<&str> = names.iter().copied().collect();
    assert_eq!(distinct.len(), 227);
    let body = statistics_body(&world, &["AdsetId"], &names);
    let answer = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    let column = |name: &str| -> Vec<&String> {
        let position = answer.columns.iter().position(|it| it == name).unwrap();
        answer.rows.iter().map(|row| &row[position]).collect()
    };
    for (old, new) in [
        ("OrderValuePi", "PostInstallOrderValue"),
        ("SalesOfflinePc", "SalesOfflinePc30d"),
        ("ECpc", "Cpc"),
        ("SalesPiPcPv", "PostInstallSales"),
        ("SalesPc30Pv24", "SalesPc30dPv24h"),
        ("SalesPc30dClientAttribution", "SalesClientAttribution"),
    ] {
        assert_eq!(column(old), column(new), "{old} and {new}");
    }
    for name in names.iter().filter(|name| **name != "ResultType") {
        let values = column(name);
        assert!(
            values.iter().all(|value| value.parse::<f64>().is_ok()),
            "{name} is a number"
        );
        assert!(
            values.iter().any(|value| *value != "0"),
            "{name} is not always 0"
        );
    }
    for (narrow, wide) in [
        ("SalesPc1d", "SalesPc7d"),
        ("SalesPc7d", "SalesPc30d"),
        ("SalesPc30d", "SalesAllPc30d"),
        ("Clicks", "Displays"),
    ] {
        let pairs = column(narrow).into_iter().zip(column(wide));
        for (narrow, wide) in pairs {
            assert!(ten_thousandths(narrow) <= ten_thousandths(wide));
        }
    }
}

#[test]
fn disclosed_and_undisclosed_placements_are_disjoint() {
    let world = world(WorldConfig::default());
    let ask = |disclosed: bool| {
        let mut body = statistics_body(&world, &["Placement", "AdsetId"], &["Displays"]);
        body["disclosed"] = json!(disclosed);
        let answer = placements(&world, instant(CREATED), &listed(body), &Caps::NONE).unwrap();
        let places = answer.rows.into_iter().map(|row| row[0].clone());
        places.collect::<HashSet<String>>()
    };
    let (disclosed, undisclosed) = (ask(true), ask(false));
    assert!(disclosed.len() >= 30 && !undisclosed.is_empty());
    assert!(disclosed.is_disjoint(&undisclosed));
}

#[test]
fn placements_wait_for_the_night_and_forget_after_three_months() {
    let world = world(WorldConfig::default());
    let ask = |start: &str, end: &str| {
        let mut body = statistics_body(&world, &["Placement"], &["Displays"]);
        body["startDate"] = json!(start);
        body["endDate"] = json!(end);
        let answer = placements(&world, instant(CREATED), &listed(body), &Caps::NONE);
        answer.unwrap().rows.len()
    };
    assert_eq!(ask("2026-06-15", "2026-06-15"), 0, "today is not there yet");
    assert!(ask("2026-06-14", "2026-06-14") >= 30);
    assert!(ask("2026-03-15", "2026-03-15") >= 30);
    assert_eq!(
        ask("2026-03-01", "2026-03-14"),
        0,
        "older than three months"
    );
}

#[test]
fn transactions_split_by_event_and_read_in_the_zone_asked_for() {
    let world = world(WorldConfig::default());
    let ask = |event: Option<&str>| {
        let mut body = statistics_body(&world, &[], &[]);
        body["timezone"] = json!("Asia/Kolkata");
        body["eventType"] = json!(event);
        let answer = transactions(&world, instant(CREATED), &listed(body), &Caps::NONE);
        answer.unwrap().rows
    };
    let all = ask(None);
    assert_eq!(
        ask(Some("Click")).len() + ask(Some("Display")).len(),
        all.len()
    );
    let distinct: HashSet<&Vec<String>> = all.iter().collect();
    assert!(distinct.len() < all.len(), "some entries are listed twice");
    let ids: HashSet<&String> = all.iter().map(|row| &row[1]).collect();
    assert!(
        ids.len() < distinct.len(),
        "some orders follow a click and a view"
    );
    for row in &all {
        let day = format!("{}-{}-{}", &row[2][6..10], &row[2][..2], &row[2][3..5]);
        assert!(
            ("2026-05-20"..="2026-06-10").contains(&day.as_str()),
            "{day}"
        );
        assert!(row[2].len() == 19 && row[6].len() == 19);
    }
}

#[test]
fn transactions_are_restated_for_thirty_days() {
    let world = world(WorldConfig::default());
    let mut body = statistics_body(&world, &[], &[]);
    body["startDate"] = json!("2026-05-01");
    body["endDate"] = json!("2026-05-03");
    let body = listed(body);
    let ask = |as_of: &str| {
        let answer = transactions(&world, instant(as_of), &body, &Caps::NONE);
        answer.unwrap().rows
    };
    assert_ne!(ask("2026-05-04T00:00:00Z"), ask("2026-06-03T00:00:00Z"));
    assert_eq!(ask("2026-06-03T00:00:00Z"), ask("2026-09-01T00:00:00Z"));
}

#[test]
fn log_files_cover_thirty_days_up_to_yesterday_and_never_change() {
    let world = world(WorldConfig::default());
    let advertiser = world.advertiser_ids()[0].clone();
    let body = json!({ "startDate": "2026-01-01", "endDate": "2026-06-15" });
    let files = transparency(&world, instant(CREATED), &advertiser, &body).unwrap();
    assert_eq!(files.len(), 30);
    assert_eq!(files[0].file_name, "2026-05-16_v1.csv.gz");
    assert_eq!(files[29].file_name, "2026-06-14_v1.csv.gz");
    let read = |as_of: &str, products| {
        log_file_csv(&world, instant(as_of), &advertiser, files[29].day, products)
    };
    let text = String::from_utf8(read(CREATED, false).unwrap()).unwrap();
    assert!(text.starts_with("publisher_domain,") && text.lines().count() > 30);
    assert_eq!(read(CREATED, false), read("2026-06-20T00:00:00Z", false));
    assert_ne!(read(CREATED, false), read(CREATED, true));
    assert_eq!(read("2026-09-01T00:00:00Z", false), None);
}

#[test]
fn marketplace_statistics_add_up_over_intervals() {
    let world = world(WorldConfig::default());
    let granted = world.advertiser_ids();
    let ask = |which, interval: &str| {
        let query = BTreeMap::from([
            ("intervalSize".to_owned(), interval.to_owned()),
            ("startDate".to_owned(), "2026-05-20".to_owned()),
            ("endDate".to_owned(), "2026-06-10".to_owned()),
        ]);
        marketplace_stats(&world, instant(CREATED), which, &granted, &query).unwrap()
    };
    let impressions = |answer: &Value| -> u64 {
        let columns = answer["columns"].as_array().unwrap();
        let column = columns.iter().position(|it| it == "impressions").unwrap();
        let rows = answer["data"].as_array().unwrap();
        assert_eq!(answer["rows"], rows.len());
        rows.iter().map(|row| row[column].as_u64().unwrap()).sum()
    };
    let expected = impressions(&ask(MarketplaceStats::SellerCampaigns, "Hour"));
    assert!(expected > 0);
    for which in [MarketplaceStats::Campaigns, MarketplaceStats::Sellers] {
        for interval in ["Day", "Month", "Year"] {
            assert_eq!(impressions(&ask(which, interval)), expected);
        }
    }
}

#[test]
fn broken_requests_are_refused_with_criteos_codes() {
    let world = world(WorldConfig::default());
    let cases = [
        ("advertiserIds", Value::Null, "required-field"),
        ("advertiserIds", json!(""), "required-field"),
        ("advertiserIds", json!("abc"), "invalid"),
        ("dimensions", json!([]), "required-field"),
        ("dimensions", json!(["Country"]), "invalid"),
        ("metrics", Value::Null, "required-field"),
        ("metrics", json!(["clicks"]), "invalid"),
        ("currency", json!("eur"), "invalid"),
        ("currency", Value::Null, "required-field"),
        ("startDate", Value::Null, "required-field"),
        ("startDate", json!("2026-5-1"), "invalid-date-format"),
        ("startDate", json!("2026-07-01"), "start-after-end-date"),
        ("timezone", json!("Mars/Olympus"), "invalid"),
        ("format", json!("yaml"), "invalid"),
        ("adSetStatus", json!(["Running"]), "invalid"),
        ("adSetIds", json!("12"), "invalid"),
    ];
    for (field, value, code) in cases {
        let mut body = statistics_body(&world, &["Day"], &["Clicks"]);
        body[field] = value.clone();
        let problem = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap_err();
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (400, code),
            "{field} {value}"
        );
    }
    let body = statistics_body(&world, &["Day"], &["Clicks"]);
    let problem = placements(&world, instant(CREATED), &body, &Caps::NONE).unwrap_err();
    assert_eq!(problem.code, "required-field", "a flat body is no list");
}

#[test]
fn no_metrics_still_list_the_dimensions_and_time_of_day_is_ignored() {
    let world = world(WorldConfig::default());
    let mut body = statistics_body(&world, &["Day"], &[]);
    body["startDate"] = json!("2026-06-01T23:59:59.000Z");
    body["endDate"] = json!("2026-06-02T00:00:00+14:00");
    let answer = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    let days: Vec<&String> = answer.rows.iter().map(|row| &row[0]).collect();
    assert_eq!(days.len(), 2);
    assert_eq!(answer.columns, ["Day", "Currency"]);
}

#[test]
fn a_body_names_its_advertisers() {
    let flat = json!({ "advertiserIds": "12, 34" });
    assert_eq!(
        advertisers_of(ReportKind::Statistics, &flat).unwrap(),
        ["12", "34"]
    );
    let listed = listed(flat);
    assert_eq!(
        advertisers_of(ReportKind::Placements, &listed).unwrap(),
        ["12", "34"]
    );
    assert!(advertisers_of(ReportKind::Transactions, &json!({})).is_err());
}
