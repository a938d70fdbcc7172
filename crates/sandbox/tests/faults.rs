//! Every fault, seen from the socket or from an honest client.

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod support;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use criteo_sandbox::{FaultKind, FaultRule, Framing};
use serde_json::{Value, json};
use support::{Caller, PLACEMENTS, STATISTICS, Seen, raw};

/// A caller whose next statistics report meets the rule.
async fn struck_by(rule: FaultRule) -> Caller {
    let caller = Caller::new("[world]\nalways_active = true").await;
    caller
        .sandbox
        .add_fault(rule.on_path("statistics"))
        .unwrap();
    caller
}

/// What a bare socket sees of a report that meets the rule.
async fn seen(rule: FaultRule) -> Seen {
    let caller = struck_by(rule).await;
    let request = caller.raw_report(&caller.week());
    tokio::task::spawn_blocking(move || raw(&caller.sandbox, &request))
        .await
        .unwrap()
}

/// The JSON of a report that meets the rule, and of one that does not.
async fn struck_and_sound(rule: FaultRule) -> (Value, Value) {
    let caller = struck_by(rule.times(1)).await;
    let body = caller.week();
    let struck = caller.read(caller.post(STATISTICS, &body)).await;
    let sound = caller.read(caller.post(STATISTICS, &body)).await;
    assert!(!sound["Rows"].as_array().unwrap().is_empty());
    (struck, sound)
}

fn declared_length(head: &str) -> usize {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    line.expect("the head declares a length").parse().unwrap()
}

#[tokio::test]
async fn a_reset_before_the_answer_is_a_reset_on_the_socket() {
    let seen = seen(FaultRule::new(FaultKind::Reset)).await;
    assert_eq!(seen.head, "");
    assert_eq!(seen.error, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_reset_within_the_answer_lets_a_part_through() {
    let mut rule = FaultRule::new(FaultKind::Reset);
    rule.after_bytes = Some(100);
    let seen = seen(rule).await;
    assert!(seen.head.starts_with("http/1.1 200"), "{}", seen.head);
    assert_eq!(seen.body.len(), 100);
    assert!(declared_length(&seen.head) > 100);
    assert_eq!(seen.error, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_body_can_be_shorter_than_its_declared_length() {
    let seen = seen(FaultRule::new(FaultKind::CutBody)).await;
    assert!(seen.head.starts_with("http/1.1 200"), "{}", seen.head);
    let declared = declared_length(&seen.head);
    assert_eq!(seen.body.len(), declared / 2);
    assert_eq!(seen.error, None, "The connection closes in order");
}

#[tokio::test]
async fn a_chunked_body_can_lack_its_last_chunk() {
    let mut rule = FaultRule::new(FaultKind::CutBody);
    rule.framing = Some(Framing::Chunked);
    let seen = seen(rule).await;
    assert!(
        seen.head.contains("transfer-encoding: chunked"),
        "{}",
        seen.head
    );
    assert!(!seen.head.contains("content-length"), "{}", seen.head);
    assert!(!seen.body.is_empty());
    assert!(!seen.body.ends_with(b"0\r\n\r\n"));
    assert_eq!(seen.error, None);
}

#[tokio::test]
async fn clients_notice_cut_bodies() {
    for framing in [Framing::ContentLength, Framing::Chunked] {
        let mut rule = FaultRule::new(FaultKind::CutBody);
        rule.framing = Some(framing);
        let caller = struck_by(rule).await;
        let answer = caller.statistics(&caller.week()).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.bytes().await.is_err(), "{framing:?}");
    }
}

#[tokio::test]
async fn a_clean_cut_is_seen_in_the_text_only() {
    let mut rule = FaultRule::new(FaultKind::CutBody);
    rule.framing = Some(Framing::Clean);
    let caller = struck_by(rule).await;
    let text = caller
        .statistics(&caller.week())
        .await
        .text()
        .await
        .unwrap();
    assert!(text.starts_with("{\"Total\""));
    assert!(serde_json::from_str::<Value>(&text).is_err());
}

#[tokio::test]
async fn a_slow_body_is_slow_and_whole() {
    let mut rule = FaultRule::new(FaultKind::SlowBody);
    rule.chunk_bytes = Some(400);
    rule.milliseconds = Some(10);
    let caller = struck_by(rule).await;
    let body = caller.week();
    let started = Instant::now();
    let answer = caller
        .post(STATISTICS, &body)
        .header("accept-encoding", "identity");
    let text = answer.send().await.unwrap().text().await.unwrap();
    let least = u32::try_from(text.len() / 400).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(10) * least);
    assert!(least >= 5, "{} bytes", text.len());
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

#[tokio::test]
async fn silence_lasts_and_then_the_connection_ends() {
    let mut rule = FaultRule::new(FaultKind::Timeout);
    rule.seconds = Some(1);
    let caller = struck_by(rule).await;
    let request = caller.raw_report(&caller.week());
    let started = Instant::now();
    let (seen, calls) = tokio::task::spawn_blocking(move || {
        (raw(&caller.sandbox, &request), caller.sandbox.calls())
    })
    .await
    .unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(seen.head, "");
    assert_eq!(seen.error, Some(ErrorKind::ConnectionReset));
    let call = calls.last().unwrap();
    assert_eq!(
        (call.status, call.faults.as_slice()),
        (None, &["timeout".to_owned()][..])
    );
}

#[tokio::test]
async fn latency_delays_a_sound_answer() {
    let mut rule = FaultRule::new(FaultKind::Latency);
    rule.milliseconds = Some(200);
    let caller = struck_by(rule).await;
    let started = Instant::now();
    assert_eq!(caller.statistics(&caller.week()).await.status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn any_status_can_be_asked_for() {
    for status in [400, 413, 429, 500, 503] {
        let mut rule = FaultRule::new(FaultKind::Status);
        rule.status = Some(status);
        rule.seconds = Some(7);
        let caller = struck_by(rule).await;
        let answer = caller.statistics(&caller.week()).await;
        assert_eq!(answer.status(), status);
        if status == 429 {
            let reset = answer.headers()["x-ratelimit-reset"].to_str().unwrap();
            let now = jiff::Timestamp::now().as_second();
            assert!((5..=8).contains(&(reset.parse::<i64>().unwrap() - now)));
            assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
        }
        let body: Value = answer.json().await.unwrap();
        assert!(body["errors"][0]["code"].is_string());
    }
}

#[tokio::test]
async fn texts_that_are_not_what_they_should_be() {
    let caller = struck_by(FaultRule::new(FaultKind::BrokenJson)).await;
    let text = caller
        .statistics(&caller.week())
        .await
        .text()
        .await
        .unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err());

    let caller = struck_by(FaultRule::new(FaultKind::EmptyBody)).await;
    let answer = caller.statistics(&caller.week()).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await.unwrap().len(), 0);

    let caller = struck_by(FaultRule::new(FaultKind::HtmlErrorPage)).await;
    let answer = caller.statistics(&caller.week()).await;
    assert_eq!(answer.status(), 200);
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    assert!(answer.text().await.unwrap().contains("<html>"));
}

#[tokio::test]
async fn rows_that_are_not_what_they_should_be() {
    let rows = |answer: &Value| answer["Rows"].as_array().unwrap().clone();
    let (struck, sound) = struck_and_sound(FaultRule::new(FaultKind::WithholdRows)).await;
    assert_eq!(rows(&struck).len() + 1, rows(&sound).len());
    assert_eq!(struck["Total"], sound["Total"]);
    let (struck, sound) = struck_and_sound(FaultRule::new(FaultKind::DuplicateRows)).await;
    assert_eq!(rows(&struck).len(), rows(&sound).len() + 1);
    let (struck, sound) = struck_and_sound(FaultRule::new(FaultKind::WrongTotal)).await;
    assert_ne!(struck["Total"]["Clicks"], sound["Total"]["Clicks"]);
    assert_eq!(struck["Rows"], sound["Rows"]);
    let (struck, _) = struck_and_sound(FaultRule::new(FaultKind::MissingColumn)).await;
    assert!(
        rows(&struck)
            .iter()
            .all(|row| row.get("AdvertiserCost").is_none())
    );
    let (struck, _) = struck_and_sound(FaultRule::new(FaultKind::DayOutsideWindow)).await;
    assert!(rows(&struck)[0]["Day"].as_str().unwrap() < "2026");
    let (struck, sound) = struck_and_sound(FaultRule::new(FaultKind::WrongShape)).await;
    assert!(struck.get("Rows").is_none());
    assert!(sound.get("Rows").is_some());
    let mut rule = FaultRule::new(FaultKind::ValueThatDoesNotFit);
    rule.column = Some("Clicks".to_owned());
    rule.value = Some("many".to_owned());
    let (struck, _) = struck_and_sound(rule).await;
    assert_eq!(
        rows(&struck)
            .iter()
            .filter(|row| row["Clicks"] == "many")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_token_can_die_in_use() {
    let caller = struck_by(FaultRule::new(FaultKind::TokenDies).on_calls([2])).await;
    assert_eq!(caller.statistics(&caller.week()).await.status(), 200);
    assert_eq!(caller.statistics(&caller.week()).await.status(), 401);
    assert_eq!(
        caller
            .get("/2026-07/advertisers/me")
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
}

#[tokio::test]
async fn a_span_can_be_too_long() {
    let mut rule = FaultRule::new(FaultKind::BadTimespan);
    rule.days = Some(4);
    let caller = struck_by(rule).await;
    let mut body = caller.week();
    let answer = caller.statistics(&body).await;
    assert_eq!(answer.status(), 400);
    let refusal: Value = answer.json().await.unwrap();
    assert_eq!(refusal["errors"][0]["code"], "invalid-timespan");
    let detail = "2026-11-16 to 2026-11-22 must be no more than 4 days";
    assert_eq!(refusal["errors"][0]["detail"], detail);
    body["endDate"] = json!("2026-11-19");
    assert_eq!(caller.statistics(&body).await.status(), 200);
}

#[tokio::test]
async fn endpoints_age() {
    let caller = struck_by(FaultRule::new(FaultKind::Retired)).await;
    assert_eq!(caller.statistics(&caller.week()).await.status(), 410);

    let caller = struck_by(FaultRule::new(FaultKind::Deprecated)).await;
    let answer = caller.statistics(&caller.week()).await;
    assert_eq!(answer.headers()["deprecation"], "true");
    assert!(answer.headers().contains_key("sunset"));
    let rule = FaultRule::new(FaultKind::Deprecated).on_path("placements");
    caller.sandbox.add_fault(rule).unwrap();
    let attributes = json!({
        "advertiserIds": caller.sandbox.advertiser_ids()[0], "currency": "EUR",
        "dimensions": ["AdvertiserId", "Placement"], "metrics": ["Clicks"],
        "startDate": "2026-11-20", "endDate": "2026-11-20",
    });
    let body = json!({"data": [{"type": "report", "attributes": attributes}]});
    let answer = caller.read(caller.post(PLACEMENTS, &body)).await;
    assert_eq!(answer["warnings"][0]["type"], "deprecation");
}

#[tokio::test]
async fn the_date_can_be_off() {
    for days in [1, -3] {
        let mut rule = FaultRule::new(FaultKind::WrongDate);
        rule.days = Some(days);
        let caller = struck_by(rule).await;
        let answer = caller.statistics(&caller.week()).await;
        assert_eq!(answer.status(), 200, "only the date is wrong");
        let date = answer.headers()["date"].to_str().unwrap();
        let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
        let off = date.duration_since(jiff::Timestamp::now()).as_hours();
        // Whole seconds are told, so it may look a little less than it is.
        assert!((off - days * 24).abs() <= 1, "{days}: {off}");
    }
}

#[tokio::test]
async fn rules_come_and_go_over_the_admin_endpoint() {
    let caller = Caller::new("").await;
    let rules = json!([
        {"kind": "status", "status": 503, "path": "GetAdsetReport", "times": 1},
        {"kind": "latency", "milliseconds": 1, "rate": 0.5},
    ]);
    let added = caller.read(caller.admin_post("/faults", &rules)).await;
    assert_eq!(added["ids"], json!([1, 2]));
    assert_eq!(caller.statistics(&caller.week()).await.status(), 503);
    assert_eq!(caller.statistics(&caller.week()).await.status(), 200);
    let listed = caller.read(caller.admin_get("/faults")).await;
    assert_eq!(listed[0]["kind"], "status");
    assert_eq!(listed[0]["calls_seen"], 2);
    assert_eq!(listed[0]["calls_hit"], 1);
    let wrong = caller.admin_post("/faults", &json!({"kind": "status", "stauts": 503}));
    let wrong = wrong.send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().await.unwrap().contains("stauts"));
    let url = format!("{}/admin/faults", caller.sandbox.url());
    caller.client.delete(url).send().await.unwrap();
    assert!(caller.sandbox.faults().is_empty());
}
