//! Reports as they travel: shapes, caps, formats, compression, signed links and the truth beside them.

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod support;

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use support::{Caller, PLACEMENTS, STATISTICS, TRANSACTIONS};

fn rows(answer: &Value) -> &Vec<Value> {
    answer["Rows"].as_array().unwrap()
}

fn in_envelope(attributes: &Value) -> Value {
    json!({"data": [{"type": "report", "attributes": attributes}]})
}

/// Rows as objects, from the truth's columns and lists.
fn objects(truth: &Value) -> Vec<Value> {
    let columns = truth["columns"].as_array().unwrap();
    let object = |row: &Value| {
        let pairs = columns.iter().zip(row.as_array().unwrap());
        pairs
            .map(|(column, value)| (column.as_str().unwrap().to_owned(), value.clone()))
            .collect()
    };
    truth["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(object)
        .map(Value::Object)
        .collect()
}

#[tokio::test]
async fn a_report_below_the_cap_is_the_truth() {
    let caller = Caller::new("").await;
    let body = caller.week();
    let answer = caller.read(caller.post(STATISTICS, &body)).await;
    let truth = caller
        .read(caller.admin_post("/truth/statistics", &body))
        .await;
    assert!(!rows(&answer).is_empty());
    assert_eq!(*rows(&answer), objects(&truth));
    let clicks: i64 = rows(&answer)
        .iter()
        .map(|row| row["Clicks"].as_str().unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(answer["Total"]["Clicks"], clicks.to_string());
}

#[tokio::test]
async fn a_report_is_cut_at_its_cap_and_says_nothing() {
    let caller = Caller::new("[world]\nalways_active = true").await;
    let body = caller.week();
    let whole = caller.read(caller.post(STATISTICS, &body)).await;
    let changed = caller.admin_post("/limits", &json!({"statistics_rows": 5}));
    assert_eq!(caller.read(changed).await["calls_per_minute"], 250);
    let cut = caller.read(caller.post(STATISTICS, &body)).await;
    assert_eq!(rows(&cut).len(), 5);
    assert_eq!(rows(&cut)[..], rows(&whole)[..5]);
    assert_eq!(cut["Total"], whole["Total"]);
    assert_eq!(cut.as_object().unwrap().len(), 2);
    let truth = caller
        .read(caller.admin_post("/truth/statistics", &body))
        .await;
    assert_eq!(objects(&truth), *rows(&whole));
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_accept_it() {
    let caller = Caller::new("").await;
    let body = caller.week();
    let plain = caller
        .post(STATISTICS, &body)
        .header("accept-encoding", "identity")
        .send()
        .await
        .unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
    let plain = plain.bytes().await.unwrap();
    let bare = reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        .build()
        .unwrap();
    let compressed = bare
        .post(format!("{}{STATISTICS}", caller.sandbox.url()))
        .bearer_auth(&caller.token)
        .header("accept-encoding", "gzip")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    let compressed = compressed.bytes().await.unwrap();
    assert!(compressed.len() * 2 < plain.len());
    let mut text = Vec::new();
    GzDecoder::new(&compressed[..])
        .read_to_end(&mut text)
        .unwrap();
    assert_eq!(text, plain);
}

#[tokio::test]
async fn formats_are_json_and_csv() {
    let caller = Caller::new("").await;
    let mut body = caller.week();
    body["format"] = json!("csv");
    let answer = caller.statistics(&body).await;
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/csv")
    );
    let text = answer.text().await.unwrap();
    let header = text.lines().next().unwrap().trim_start_matches('\u{feff}');
    let columns =
        "AdvertiserId;Advertiser;AdsetId;Adset;Day;Currency;Clicks;Displays;AdvertiserCost";
    assert_eq!(header, columns);
    for format in ["xml", "excel"] {
        body["format"] = json!(format);
        assert_eq!(caller.statistics(&body).await.status(), 400, "{format}");
    }
}

#[tokio::test]
async fn what_breaks_the_contract_is_refused_with_a_reason() {
    let caller = Caller::new("").await;
    for (field, value) in [
        ("advertiserIds", Value::Null),
        ("metrics", json!(["Clicks", "Nonsense"])),
        ("dimensions", json!([])),
        ("currency", json!("eur")),
        ("startDate", json!("2026-11-30")),
        ("endDate", json!("yesterday")),
    ] {
        let mut body = caller.week();
        body[field] = value;
        let answer = caller.statistics(&body).await;
        assert_eq!(answer.status(), 400, "{field}");
        let refusal: Value = answer.json().await.unwrap();
        assert_eq!(refusal["errors"][0]["type"], "validation", "{refusal}");
    }
}

#[tokio::test]
async fn placements_and_transactions_have_shapes_of_their_own() {
    let caller = Caller::new("").await;
    let ids = caller.sandbox.advertiser_ids().join(",");
    let placements = in_envelope(&json!({
        "advertiserIds": ids, "currency": "EUR", "dimensions": ["AdvertiserId", "Placement"],
        "metrics": ["Clicks", "Displays"], "startDate": "2026-11-20", "endDate": "2026-11-20",
    }));
    let answer = caller.read(caller.post(PLACEMENTS, &placements)).await;
    let found = answer["data"][0]["attributes"]["rows"].as_array().unwrap();
    let truth = caller
        .read(caller.admin_post("/truth/placements", &placements))
        .await;
    assert!(!found.is_empty());
    assert_eq!(found.len(), truth["rows"].as_array().unwrap().len());

    let transactions = in_envelope(&json!({
        "advertiserIds": ids, "currency": "EUR", "format": "json",
        "startDate": "2026-11-20", "endDate": "2026-11-22",
    }));
    let answer = caller.read(caller.post(TRANSACTIONS, &transactions)).await;
    let found = answer["data"].as_array().unwrap();
    let truth = caller
        .read(caller.admin_post("/truth/transactions", &transactions))
        .await;
    let attributes: Vec<Value> = found
        .iter()
        .map(|entry| entry["attributes"].clone())
        .collect();
    assert!(!found.is_empty());
    assert_eq!(attributes, objects(&truth));
}

#[tokio::test]
async fn log_files_are_downloaded_by_signed_links() {
    let caller = Caller::new("").await;
    let id = &caller.sandbox.advertiser_ids()[0];
    let path = format!("/2026-07/log-level/advertisers/{id}/report");
    let body = json!({"startDate": "2026-11-20", "endDate": "2026-11-22"});
    let answer = caller.read(caller.post(&path, &body)).await;
    let attributes = &answer["data"][0]["attributes"];
    let ends: jiff::Timestamp = attributes["tokenValidUntil"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(ends > jiff::Timestamp::now());
    let files = attributes["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);

    let url = files[0]["url"].as_str().unwrap();
    let download = caller.client.get(url).send().await.unwrap();
    assert_eq!(download.status(), 200);
    let mut text = String::new();
    let bytes = download.bytes().await.unwrap();
    GzDecoder::new(&bytes[..])
        .read_to_string(&mut text)
        .unwrap();
    let day = &files[0]["fileName"].as_str().unwrap()[..10];
    let truth = caller
        .admin_get(&format!("/truth/log-level/{id}/{day}"))
        .send()
        .await
        .unwrap();
    assert_eq!(text, truth.text().await.unwrap());
    assert!(text.lines().count() > 1);

    // Neither another day nor another signature nor a later end is what was signed.
    let other = url.replace(
        day,
        files[1]["fileName"]
            .as_str()
            .unwrap()
            .split('_')
            .next()
            .unwrap(),
    );
    let forged = format!("{}0", &url[..url.len() - 1]);
    let longer = url.replace("&se=", "&se=9");
    for url in [other, forged, longer] {
        assert_eq!(caller.client.get(url).send().await.unwrap().status(), 403);
    }
    let calls = caller.sandbox.calls();
    let logged = serde_json::to_string(&calls).unwrap();
    assert!(logged.contains("DownloadLogFile"));
    assert!(!logged.contains("sig="), "A signature was logged");
}

#[tokio::test]
async fn a_hundred_thousand_rows_stream_within_seconds() {
    let scenario = "[world]\nadvertisers = 10\ncampaigns_per_advertiser = 10\nad_sets_per_campaign = 6\n\
        always_active = true";
    let caller = Caller::new(scenario).await;
    let mut body = caller.week();
    body["advertiserIds"] = json!(caller.sandbox.advertiser_ids().join(","));
    body["startDate"] = json!("2026-01-01");
    let started = std::time::Instant::now();
    let answer = caller.read(caller.post(STATISTICS, &body)).await;
    assert_eq!(rows(&answer).len(), 100_000);
    let seconds = started.elapsed().as_secs();
    assert!(seconds < 50, "{seconds} seconds");
}
