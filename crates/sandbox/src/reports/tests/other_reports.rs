//! Placements, transactions, log files and marketplace statistics.

use super::*;

#[test]
fn disclosed_and_undisclosed_placements_are_disjoint() {
    let world = world(WorldConfig::default());
    let ask = |disclosed: bool| {
        let mut body = statistics_body(&world, &["Placement", "AdsetId"], &["Displays"]);
        body["disclosed"] = json!(disclosed);
        let answer = placements(&world, instant(CREATED), &listed(&body), &Caps::NONE).unwrap();
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
        let answer = placements(&world, instant(CREATED), &listed(&body), &Caps::NONE);
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
        let answer = transactions(&world, instant(CREATED), &listed(&body), &Caps::NONE);
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
fn placement_filters_partition_and_categories_overlap() {
    let world = world(WorldConfig::default());
    let ask = |dimensions: &[&str], field: &str, value: Value| {
        let mut body = statistics_body(&world, dimensions, &["Displays"]);
        body[field] = value;
        let answer = placements(&world, instant(CREATED), &listed(&body), &Caps::NONE);
        let rows = answer.unwrap().rows;
        let displays = rows.iter().map(|row| ten_thousandths(row.last().unwrap()));
        displays.sum::<i128>()
    };
    let all = ask(&["Placement"], "placement", Value::Null);
    let parts = ["Web", "Android", "Ios"].map(|it| ask(&["Placement"], "environment", json!(it)));
    assert_eq!(parts.iter().sum::<i128>(), all);
    assert!(parts.iter().all(|part| *part > 0));
    let by_category = ask(&["CategoryId"], "placement", Value::Null);
    assert!(
        by_category > all,
        "a publisher of two categories is counted in both"
    );
    assert_eq!(ask(&["AdsetId"], "adsetIds", json!("1")), 0);
}

#[test]
fn the_same_placements_request_keeps_its_spelling() {
    let world = world(WorldConfig::default());
    let ask = |end: String| {
        let mut body = statistics_body(&world, &["AdsetId", "Placement"], &["Displays"]);
        body["endDate"] = json!(end);
        let answer = placements(&world, instant(CREATED), &listed(&body), &Caps::NONE);
        answer.unwrap().columns
    };
    assert_eq!(ask("2026-06-10".to_owned()), ask("2026-06-10".to_owned()));
    let spellings: HashSet<Vec<String>> =
        (10..30).map(|day| ask(format!("2026-06-{day}"))).collect();
    assert!(spellings.len() > 3);
    for columns in spellings {
        let lower: Vec<String> = columns.iter().map(|it| it.to_lowercase()).collect();
        assert_eq!(lower, ["adsetid", "placement", "displays"]);
    }
}
