//! Requests that break the contract.

use super::*;

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
fn a_body_names_its_advertisers() {
    let flat = json!({ "advertiserIds": "12, 34" });
    assert_eq!(
        advertisers_of(ReportKind::Statistics, &flat).unwrap(),
        ["12", "34"]
    );
    let listed = listed(&flat);
    assert_eq!(
        advertisers_of(ReportKind::Placements, &listed).unwrap(),
        ["12", "34"]
    );
    assert!(advertisers_of(ReportKind::Transactions, &json!({})).is_err());
}
