//! What changes after a day is over, and when it stops.

use super::*;

#[test]
fn restatement_goes_on_for_thirty_days_and_then_stops() {
    let world = world(WorldConfig::default());
    let mut late_ones = 0;
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
        // The last click of the day converts until the 30th day after it has ended.
        let settled = rows_at(31);
        assert!(!settled.is_empty());
        late_ones += usize::from(rows_at(30) != settled);
        for age in [32, 45, 200] {
            assert_eq!(rows_at(age), settled, "{zone} at an age of {age} days");
        }
    }
    assert!(late_ones > 0, "nobody would notice a reading at 30 days");
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
fn transactions_are_restated_for_thirty_days() {
    let world = world(WorldConfig::default());
    let mut body = statistics_body(&world, &[], &[]);
    body["startDate"] = json!("2026-05-01");
    body["endDate"] = json!("2026-05-03");
    let body = listed(&body);
    let ask = |as_of: &str| {
        let answer = transactions(&world, instant(as_of), &body, &Caps::NONE);
        answer.unwrap().rows
    };
    assert_ne!(ask("2026-05-04T00:00:00Z"), ask("2026-06-03T00:00:00Z"));
    assert_eq!(ask("2026-06-03T00:00:00Z"), ask("2026-09-01T00:00:00Z"));
}

#[test]
fn placements_are_restated_for_thirty_days() {
    let world = world(WorldConfig::default());
    let mut body = statistics_body(
        &world,
        &["Placement", "AdsetId"],
        &["Clicks", "RevenuePc30d"],
    );
    body["startDate"] = json!("2026-05-01");
    body["endDate"] = json!("2026-05-01");
    let body = listed(&body);
    let ask = |as_of: &str| {
        let answer = placements(&world, instant(as_of), &body, &Caps::NONE);
        answer.unwrap().rows
    };
    assert_ne!(ask("2026-05-03T00:00:00Z"), ask("2026-05-20T00:00:00Z"));
    assert_ne!(ask("2026-05-20T00:00:00Z"), ask("2026-05-31T00:00:00Z"));
    assert_eq!(ask("2026-06-01T00:00:00Z"), ask("2026-07-20T00:00:00Z"));
}
