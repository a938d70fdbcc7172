//! Statistics: grains, days, totals, caps.

use super::*;

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
    let body = listed(&body);
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
fn ad_set_filters_select_and_partition() {
    let world = world(WorldConfig::default());
    let body = statistics_body(&world, &["AdsetId"], &["Displays"]);
    let ask = |field: &str, value: Value| {
        let mut body = body.clone();
        body[field] = value;
        let answer = statistics(&world, instant(CREATED), &body, &Caps::NONE);
        answer.unwrap().rows
    };
    let all = ask("adSetIds", json!([]));
    let one = ask("adSetIds", json!([all[0][0]]));
    assert_eq!(one, all[..1]);
    let named = ask("adSetNames", json!([all[0][1]]));
    assert!(named.contains(&all[0]) && named.iter().all(|row| row[1] == all[0][1]));
    let mut by_status: Vec<Vec<String>> = ["Active", "NotRunning", "Dead"]
        .iter()
        .flat_map(|status| ask("adSetStatus", json!([status])))
        .collect();
    let mut expected = all;
    expected.sort();
    by_status.sort();
    assert_eq!(by_status, expected);
}

#[test]
fn a_division_by_zero_answers_as_configured() {
    let world = world(WorldConfig {
        zero_denominator: "NaN".to_owned(),
        ..WorldConfig::default()
    });
    let body = statistics_body(
        &world,
        &["AdId", "Hour"],
        &["AppInstalls", "CostPerInstall"],
    );
    let answer = statistics(&world, instant(CREATED), &body, &Caps::NONE).unwrap();
    let columns = answer.columns.len();
    for row in &answer.rows {
        assert_eq!(row[columns - 2] == "0", row[columns - 1] == "NaN");
    }
    assert!(answer.rows.iter().any(|row| row[columns - 1] == "NaN"));
}

#[test]
fn reports_show_first_names_unless_they_follow_renames() {
    let names_at = |follows: bool, as_of: &str| {
        let world = world(WorldConfig {
            reports_follow_renames: follows,
            ..WorldConfig::default()
        });
        let mut body = statistics_body(&world, &["AdsetId"], &[]);
        body["endDate"] = json!("2026-05-20");
        let answer = statistics(&world, instant(as_of), &body, &Caps::NONE).unwrap();
        let names = answer.rows.into_iter().map(|row| row[1].clone());
        names.collect::<Vec<String>>()
    };
    let (early, late) = ("2026-07-01T00:00:00Z", "2026-12-01T00:00:00Z");
    assert_eq!(names_at(false, early), names_at(false, late));
    assert_ne!(names_at(true, early), names_at(true, late));
}
