//! Who may read what, and how often.

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod support;

use std::time::{SystemTime, UNIX_EPOCH};

use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use support::{Caller, STATISTICS, sandbox, token, week_of};

async fn refusal(answer: reqwest::Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let problem = &body["errors"][0];
    assert!(problem["traceId"].is_string(), "{body}");
    let text = |name: &str| problem[name].as_str().unwrap().to_owned();
    (status, text("type"), text("code"))
}

fn refused(status: u16, kind: &str, code: &str) -> (u16, String, String) {
    (status, kind.to_owned(), code.to_owned())
}

#[tokio::test]
async fn a_token_is_given_for_a_form_and_for_a_form_only() {
    let sandbox = sandbox("");
    let client = Client::builder().no_proxy().build().unwrap();
    let answer = token(&client, &sandbox, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET).await;
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["expires_in"], 900);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["refresh_token"], Value::Null);
    assert!(answer["access_token"].as_str().unwrap().len() > 20);

    // The plus of the secret is a space when it is not encoded.
    let raw = format!(
        "grant_type=client_credentials&client_id={DEMO_CLIENT_ID}&client_secret={DEMO_CLIENT_SECRET}"
    );
    let url = format!("{}/oauth2/token", sandbox.url());
    let form = "application/x-www-form-urlencoded";
    let request = client.post(&url).header("content-type", form).body(raw);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["error"], "invalid_client");
    assert!(answer["error_description"].is_string());

    let json = json!({"grant_type": "client_credentials", "client_id": DEMO_CLIENT_ID,
        "client_secret": DEMO_CLIENT_SECRET});
    let answer = client.post(&url).json(&json).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn tokens_are_checked_and_end() {
    let caller = Caller::new("[token]\nlifetime_seconds = 1").await;
    let url = format!("{}/2026-07/advertisers/me", caller.sandbox.url());
    let none = caller.client.get(&url).send().await.unwrap();
    let expected = refused(401, "authorization", "authorization-token-missing");
    assert_eq!(refusal(none).await, expected);
    let garbage = caller.client.get(&url).bearer_auth("garbage");
    let expected = refused(401, "authorization", "authorization-token-invalid");
    assert_eq!(refusal(garbage.send().await.unwrap()).await, expected);
    assert_eq!(
        caller
            .get("/2026-07/advertisers/me")
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let late = caller.get("/2026-07/advertisers/me").send().await.unwrap();
    let expected = refused(401, "authorization", "authorization-token-expired");
    assert_eq!(refusal(late).await, expected);
}

#[tokio::test]
async fn keys_begin_and_end_and_are_answered_like_wrong_ones() {
    let keys = "[[keys]]\nclient_id = \"new\"\nclient_secret = \"s\"\nworks_after_seconds = 900\n\
        [[keys]]\nclient_id = \"soon\"\nclient_secret = \"s\"\nworks_after_seconds = 1\n\
        [[keys]]\nclient_id = \"gone\"\nclient_secret = \"s\"\ndeleted_after_seconds = 0\n\
        [[keys]]\nclient_id = \"good\"\nclient_secret = \"s\"\n";
    let sandbox = sandbox(keys);
    let client = Client::builder().no_proxy().build().unwrap();
    let mut bodies = Vec::new();
    for (id, secret) in [("new", "s"), ("gone", "s"), ("good", "wrong")] {
        let answer = token(&client, &sandbox, id, secret).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{id}");
        bodies.push(answer.text().await.unwrap());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the answers tell them apart: {bodies:?}");
    assert_eq!(token(&client, &sandbox, "good", "s").await.status(), 200);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(token(&client, &sandbox, "soon", "s").await.status(), 200);
}

#[tokio::test]
async fn a_key_reads_what_its_scopes_allow() {
    let keys =
        "[[keys]]\nclient_id = \"reports\"\nclient_secret = \"s\"\nscopes = [\"Analytics_Read\"]";
    let caller = Caller::with_key(keys, "reports", "s").await;
    assert_eq!(caller.statistics(&caller.week()).await.status(), 200);
    assert_eq!(
        caller
            .get("/2026-07/marketing-solutions/me")
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let answer = caller
        .post("/2026-07/marketing-solutions/campaigns/search", &json!({}))
        .send()
        .await
        .unwrap();
    let expected = refused(403, "access-control", "insufficient-scope");
    assert_eq!(refusal(answer).await, expected);
    let audiences = "/2026-07/marketing-solutions/audience-segments/in-market-brands";
    let answer = caller.get(audiences).send().await.unwrap();
    assert_eq!(refusal(answer).await, expected);
}

#[tokio::test]
async fn both_budgets_are_kept_and_told() {
    let limits = "[limits]\nreport_calls_per_minute = 2\ncalls_per_minute = 3\nwindow_seconds = 2";
    let caller = Caller::new(limits).await;
    let body = caller.week();
    for remaining in ["1", "0"] {
        let answer = caller.statistics(&body).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-ratelimit-limit"], "2");
        assert_eq!(answer.headers()["x-ratelimit-remaining"], remaining);
    }
    let answer = caller.statistics(&body).await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
    let reset: u64 = answer.headers()["x-ratelimit-reset"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        refusal(answer).await,
        refused(429, "quota", "too-many-requests")
    );
    // Other calls have a budget of their own.
    let answer = caller.get("/2026-07/advertisers/me").send().await.unwrap();
    assert_eq!(answer.headers()["x-ratelimit-limit"], "3");
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "2");
    // Who waits until the reset time is served.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let wait = std::time::Duration::from_secs(reset).saturating_sub(now);
    assert!(wait <= std::time::Duration::from_secs(3), "{wait:?}");
    tokio::time::sleep(wait).await;
    assert_eq!(caller.statistics(&body).await.status(), 200);
}

#[tokio::test]
async fn without_consent_there_is_nothing_to_see() {
    let caller = Caller::new("").await;
    let ids = caller.sandbox.advertiser_ids();
    let me = caller.read(caller.get("/2026-07/advertisers/me")).await;
    assert_eq!(me["data"].as_array().unwrap().len(), ids.len());

    caller
        .admin_post(
            "/consent",
            &json!({"advertiser_id": ids[0], "granted": false}),
        )
        .send()
        .await
        .unwrap();
    let me = caller.read(caller.get("/2026-07/advertisers/me")).await;
    assert!(
        me["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|found| found["id"] != ids[0].as_str())
    );
    // One advertiser without consent fails the whole report.
    let mut body = caller.week();
    body["advertiserIds"] = json!(ids.join(","));
    let expected = refused(
        403,
        "access-control",
        "insufficient-advertisers-permissions",
    );
    assert_eq!(refusal(caller.statistics(&body).await).await, expected);
    let ads = format!("/2026-07/marketing-solutions/advertisers/{}/ads", ids[0]);
    assert_eq!(
        refusal(caller.get(&ads).send().await.unwrap()).await,
        expected
    );
    let search = "/2026-07/marketing-solutions/campaigns/search";
    let filters = json!({"filters": {"advertiserIds": [ids[0]]}});
    let found = caller.read(caller.post(search, &filters)).await;
    assert_eq!(found["data"], json!([]));

    for id in &ids {
        caller.sandbox.set_consent(id, false);
    }
    let me = caller.read(caller.get("/2026-07/advertisers/me")).await;
    assert_eq!(me["data"], json!([]));
}

#[tokio::test]
async fn an_application_sees_the_advertisers_that_are_its_own() {
    let ids = sandbox("").advertiser_ids();
    let scenario = format!(
        "[[keys]]\nclient_id = \"some\"\nclient_secret = \"s\"\napplication = \"narrow\"\n\
         [[keys]]\nclient_id = \"all\"\nclient_secret = \"s\"\n\
         [consent]\nrevoked = [{:?}]\n[consent.applications]\nnarrow = [{:?}, {:?}]\n",
        ids[2], ids[1], ids[2]
    );
    for (key, seen) in [
        ("some", vec![&ids[1]]),
        ("all", vec![&ids[0], &ids[1], &ids[3]]),
    ] {
        let caller = Caller::with_key(&scenario, key, "s").await;
        let portfolio = caller.read(caller.get("/2026-07/advertisers/me")).await;
        let portfolio = portfolio["data"].as_array().unwrap().clone();
        let granted: Vec<_> = portfolio
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(granted, seen, "{key}");
        for id in &ids {
            let answer = caller.statistics(&week_of(id)).await;
            assert_eq!(
                answer.status().is_success(),
                seen.contains(&id),
                "{key} {id}"
            );
        }
    }
}

#[tokio::test]
async fn unknown_and_retired_paths_are_told_apart() {
    let caller = Caller::new("").await;
    let gone = caller.get("/2025-10/advertisers/me").send().await.unwrap();
    assert_eq!(
        refusal(gone).await,
        refused(410, "deprecation", "endpoint-deprecated")
    );
    let unknown = caller.get("/2026-07/nothing").send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    let body: Value = unknown.json().await.unwrap();
    assert_eq!(
        body["errors"][0]["traceId"],
        body["errors"][0]["traceIdentifier"]
    );
    let old = caller.get("/2026-01/advertisers/me").send().await.unwrap();
    assert_eq!(old.status(), 200);
    assert_eq!(old.headers()["deprecation"], "true");
    assert!(old.headers().contains_key("sunset"));
    let plain = caller.get("/2026-07/advertisers/me").send().await.unwrap();
    assert!(!plain.headers().contains_key("deprecation"));
}

#[tokio::test]
async fn bodies_are_json_and_say_so() {
    let caller = Caller::new("").await;
    let url = format!("{}{STATISTICS}", caller.sandbox.url());
    let request = caller.client.post(&url).bearer_auth(&caller.token);
    let plain = request.header("content-type", "text/plain").body("{}");
    assert_eq!(plain.send().await.unwrap().status(), 415);
    let request = caller.client.post(&url).bearer_auth(&caller.token);
    let broken = request.header("content-type", "application/json").body("{");
    assert_eq!(broken.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_log_of_calls_has_no_secret() {
    let caller = Caller::new("").await;
    caller.statistics(&caller.week()).await;
    let calls = caller
        .admin_get("/calls")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(!calls.contains(DEMO_CLIENT_SECRET), "{calls}");
    assert!(!calls.contains(&caller.token), "{calls}");
    let calls: Value = serde_json::from_str(&calls).unwrap();
    assert_eq!(calls[0]["operation"], "CreateToken");
    assert_eq!(calls[1]["operation"], "GetAdsetReport");
    assert_eq!(calls[1]["n"], 2);
    assert_eq!(calls[1]["status"], 200);
    assert_eq!(calls[1]["startDate"], "2026-11-16");
    assert_eq!(
        calls[1]["advertiserIds"][0],
        caller.sandbox.advertiser_ids()[0]
    );
}
