//! Entities as they travel: searches, pages, single ones, and the truth beside them.

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::Caller;

const BASE: &str = "/2026-07/marketing-solutions";

fn data(answer: &Value) -> &Vec<Value> {
    answer["data"].as_array().unwrap()
}

async fn truth(caller: &Caller, name: &str) -> Vec<Value> {
    let all = caller
        .read(caller.admin_get(&format!("/truth/entities/{name}")))
        .await;
    let all = all.as_array().unwrap().clone();
    assert!(!all.is_empty(), "{name}");
    all.into_iter()
        .map(|entity| entity["element"].clone())
        .collect()
}

#[tokio::test]
async fn searches_answer_everything_or_what_the_filters_name() {
    let caller = Caller::new("").await;
    for (path, name) in [("campaigns", "campaigns"), ("ad-sets", "ad_sets")] {
        let search = format!("{BASE}/{path}/search");
        let all = caller.read(caller.post(&search, &json!({}))).await;
        assert_eq!(*data(&all), truth(&caller, name).await);
        let first = &caller.sandbox.advertiser_ids()[0];
        let filters = json!({"filters": {"advertiserIds": [first]}});
        let some = caller.read(caller.post(&search, &filters)).await;
        assert!(!data(&some).is_empty());
        assert!(data(&some).len() < data(&all).len());
        assert!(
            data(&some)
                .iter()
                .all(|found| found["attributes"]["advertiserId"] == **first)
        );
        let unknown = json!({"filters": {"campaignIds": ["0"]}});
        assert_eq!(
            caller.read(caller.post(&search, &unknown)).await["data"],
            json!([])
        );
        // One by its id is the one of the search.
        let id = data(&all)[0]["id"].as_str().unwrap();
        let one = caller
            .read(caller.get(&format!("{BASE}/{path}/{id}")))
            .await;
        assert_eq!(one["data"], data(&all)[0]);
        let nothing = caller
            .get(&format!("{BASE}/{path}/0"))
            .send()
            .await
            .unwrap();
        assert_eq!(nothing.status(), 404);
    }
}

#[tokio::test]
async fn lists_of_an_advertiser_are_paged_without_a_word() {
    let caller = Caller::new("[world]\nads_per_ad_set = 12").await;
    let id = &caller.sandbox.advertiser_ids()[0];
    let path = format!("{BASE}/advertisers/{id}/ads");
    let first = caller.read(caller.get(&path)).await;
    assert_eq!(data(&first).len(), 50);
    assert!(first.get("meta").is_none());
    let mut all = Vec::new();
    loop {
        let page = format!("{path}?limit=20&offset={}", all.len());
        let page = caller.read(caller.get(&page)).await;
        all.extend(data(&page).clone());
        if data(&page).len() < 20 {
            break;
        }
    }
    assert!(all.len() > 50);
    assert_eq!(all[..50], data(&first)[..]);
    let wrong = caller
        .get(&format!("{path}?limit=many"))
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn envelopes_take_turns_in_what_they_leave_out() {
    let caller = Caller::new("").await;
    let mut spellings = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let answer = caller.read(caller.get("/2026-07/advertisers/me")).await;
        spellings.insert(format!("{:?}", answer.get("errors")));
    }
    assert_eq!(spellings.len(), 3, "{spellings:?}");
}

#[tokio::test]
async fn every_entity_has_a_truth() {
    let caller = Caller::new("").await;
    let names = caller.read(caller.admin_get("/truth/entities")).await;
    for name in names.as_array().unwrap() {
        truth(&caller, name.as_str().unwrap()).await;
    }
    let unknown = caller
        .admin_get("/truth/entities/nonsense")
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn the_marketplace_answers_bare_json() {
    let caller = Caller::new("").await;
    let base = format!("{BASE}/marketplace-performance-outcomes");
    let advertisers = caller
        .read(caller.get(&format!("{base}/advertisers")))
        .await;
    let id = advertisers[0]["id"].to_string();
    let one = caller
        .read(caller.get(&format!("{base}/advertisers/{id}")))
        .await;
    assert_eq!(one, advertisers[0]);
    let question = json!({"which": "sellers", "query": {"advertiserId": id,
        "startDate": "2026-11-16", "endDate": "2026-11-22"}});
    let truth = caller
        .read(caller.admin_post("/truth/marketplace-stats", &question))
        .await;
    let path =
        format!("{base}/stats/sellers?advertiserId={id}&startDate=2026-11-16&endDate=2026-11-22");
    let stats = caller.read(caller.get(&path)).await;
    assert_eq!(stats, truth);
    assert!(!stats["data"].as_array().unwrap().is_empty());
    // Without consent an advertiser's sellers are gone from what is listed.
    caller.sandbox.set_consent(&id, false);
    let sellers = caller
        .read(caller.get(&format!("{base}/sellers?advertiserId={id}")))
        .await;
    assert_eq!(sellers, json!([]));
}

#[tokio::test]
async fn the_calendar_moves() {
    let caller = Caller::new("").await;
    let moved = caller
        .read(caller.admin_post("/clock", &json!({"advance_days": 10})))
        .await;
    assert_eq!(moved["now"], "2026-12-03T10:00:00Z");
    assert_eq!(caller.sandbox.now().to_string(), "2026-12-03T10:00:00Z");
    let set = json!({"now": "2027-01-01T00:00:00Z"});
    let moved = caller.read(caller.admin_post("/clock", &set)).await;
    assert_eq!(moved["now"], "2027-01-01T00:00:00Z");
    let wrong = caller
        .admin_post("/clock", &json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 400);
}
