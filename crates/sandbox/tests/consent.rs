//! The consent page: which URLs open it, what an approval does, and the callback that follows.
//!
//! Signed URLs and callbacks are held against signatures that Python's hmac computed, as the comments say.

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod support;

use criteo_sandbox::{ConsentRefusal, DEMO_CONNECTOR_PRIVATE_KEY, Sandbox};
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use support::{Caller, sandbox};

/// The beginning of [`support::NOW`]'s minute: 2026-11-23T10:00:00Z.
const SIGNED: &str = "?key=sandbox-connector&timestamp=1795428000&state=customer-42\
                      &redirect-uri=https://agency.example/thanks";
/// `python3 -c 'import hmac; print(hmac.new(b"sandbox+connector/secret=", b"?key=...", "sha512").hexdigest())'`
const SIGNATURE: &str = "c7036b0d5633f1574ca52e62e88665f0ccc0d3edd63886898c016d278bb893f10d816271bf6239706623d2dbe3c91dfba40a81edfe37cd6a0d4d60c47e80d882";

fn nobody() -> Sandbox {
    sandbox("[consent]\ngranted = []")
}

fn signed(sandbox: &Sandbox) -> String {
    format!("{}{SIGNED}&signature={SIGNATURE}", sandbox.consent_page())
}

fn browser() -> Client {
    let builder = Client::builder().no_proxy();
    builder.redirect(redirect::Policy::none()).build().unwrap()
}

#[tokio::test]
async fn a_portal_url_works_once_and_within_thirty_days() {
    let caller = Caller::new("[consent]\ngranted = []").await;
    let ids = caller.sandbox.advertiser_ids();
    let answer = caller.admin_post("/consent/urls", &json!({}));
    let url = caller.read(answer).await["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        url.contains("/request?nonce=") && url.contains("&hmac="),
        "{url}"
    );

    let page = browser().get(&url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(
        ids.iter()
            .all(|id| page.contains(&format!("value=\"{id}\""))),
        "{page}"
    );

    // To look at the page uses nothing up; to choose nothing neither.
    let chosen = browser()
        .post(&url)
        .form(&[("other", "1")])
        .send()
        .await
        .unwrap();
    assert_eq!(chosen.status(), 400);
    let form = [("advertiser", &ids[1]), ("advertiser", &ids[2])];
    let chosen = browser().post(&url).form(&form).send().await.unwrap();
    assert_eq!(chosen.status(), 200);
    let me = caller.read(caller.get("/2026-07/advertisers/me")).await;
    let granted: Vec<&str> = me["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(granted, [ids[1].as_str(), ids[2].as_str()]);

    assert_eq!(browser().get(&url).send().await.unwrap().status(), 410);
    assert_eq!(
        caller.sandbox.approve_consent(&url, &ids),
        Err(ConsentRefusal::Used)
    );

    // Another one adds to what was granted, if it is not too old.
    let (in_time, too_late) = (
        caller.sandbox.generate_consent_url(),
        caller.sandbox.generate_consent_url(),
    );
    assert_ne!(in_time, too_late);
    caller.sandbox.advance_days(30);
    caller.sandbox.approve_consent(&in_time, &ids[..1]).unwrap();
    caller.sandbox.advance_days(1);
    assert_eq!(
        caller.sandbox.approve_consent(&too_late, &ids),
        Err(ConsentRefusal::Expired)
    );
    let me = caller.read(caller.get("/2026-07/advertisers/me")).await;
    assert_eq!(me["data"].as_array().unwrap().len(), 3);
}

#[test]
fn a_signed_url_is_accepted_with_the_signature_that_python_gives_it() {
    let sandbox = nobody();
    let ids = sandbox.advertiser_ids();
    let approval = sandbox
        .approve_consent(&signed(&sandbox), &ids[..1])
        .unwrap();
    assert_eq!(
        approval.redirect_uri.as_deref(),
        Some("https://agency.example/thanks")
    );
    assert_eq!(approval.callback, None);
    let again = sandbox.approve_consent(&signed(&sandbox), &ids[..1]);
    assert_eq!(again, Err(ConsentRefusal::Used));
}

#[test]
fn a_signed_url_that_was_changed_in_any_way_is_refused() {
    let sandbox = nobody();
    let ids = sandbox.advertiser_ids();
    let good = signed(&sandbox);
    for (from, to, why) in [
        ("customer-42", "customer-43", ConsentRefusal::Signature),
        (
            "agency.example",
            "attacker.example",
            ConsentRefusal::Signature,
        ),
        (
            "https://agency.example/thanks",
            "https%3A%2F%2Fagency.example%2Fthanks",
            ConsentRefusal::Signature,
        ),
        ("sandbox-connector", "another", ConsentRefusal::Signature),
        ("1795428000", "1795428001", ConsentRefusal::Signature),
        ("&signature=", "&signature=0", ConsentRefusal::Signature),
        ("&state=customer-42", "", ConsentRefusal::Incomplete),
        ("&signature=", "&x=", ConsentRefusal::Incomplete),
        ("/request?", "/elsewhere?", ConsentRefusal::Incomplete),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good);
        assert_eq!(
            sandbox.approve_consent(&changed, &ids),
            Err(why),
            "{changed}"
        );
    }
    let none = sandbox.approve_consent(&good, &[]);
    assert_eq!(none, Err(ConsentRefusal::NothingChosen));
    let unknown = sandbox.approve_consent(&good, &["77".to_owned()]);
    assert_eq!(unknown, Err(ConsentRefusal::NothingChosen));
    // None of them has used it up.
    sandbox.approve_consent(&good, &ids).unwrap();
}

#[test]
fn a_signed_url_ages_and_one_from_the_future_is_refused() {
    for (days, why) in [
        (31, ConsentRefusal::Expired),
        (-1, ConsentRefusal::FromTheFuture),
    ] {
        let sandbox = nobody();
        sandbox.advance_days(days);
        let refused = sandbox.approve_consent(&signed(&sandbox), &sandbox.advertiser_ids());
        assert_eq!(refused, Err(why));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_is_called_back_and_the_browser_sent_on() {
    use axum::extract::State;
    use axum::http::HeaderMap;
    use std::sync::{Arc, Mutex};

    type Received = Arc<Mutex<Vec<(String, Vec<u8>)>>>;
    let received = Received::default();
    let take = |State(received): State<Received>, headers: HeaderMap, body: axum::body::Bytes| async move {
        let signature = headers["x-criteo-hmac-sha512"].to_str().unwrap().to_owned();
        received.lock().unwrap().push((signature, body.to_vec()));
        "thanks"
    };
    let app = axum::Router::new()
        .fallback(take)
        .with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let caller = Caller::new("[consent]\ngranted = []").await;
    let change = json!({ "callback_url": format!("http://{address}/criteo") });
    let connector = caller.read(caller.admin_post("/connector", &change)).await;
    assert_eq!(connector["public_key"], "sandbox-connector");
    assert!(
        !connector.to_string().contains(DEMO_CONNECTOR_PRIVATE_KEY),
        "{connector}"
    );

    let ids = caller.sandbox.advertiser_ids();
    let url = signed(&caller.sandbox);
    let form = [("advertiser", &ids[0])];
    let answer = browser().post(&url).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(
        answer.headers()["location"],
        "https://agency.example/thanks"
    );

    let received = received.lock().unwrap().clone();
    let [(signature, body)] = &received[..] else {
        panic!("{received:?}")
    };
    let told: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(told["state"], "customer-42");
    assert_eq!(told["advertiserIds"], json!([ids[0]]));
    // The body of this world at this instant, signed by Python's hmac like the URL above.
    assert_eq!(
        signature,
        "d3d1c6fe1b6bee40901204759c12d09dc8bab72bda7fe519ba658e61747a1f20c76c6f8e230071feb98c3d04a424a0cc9f6c6b6e11db2caa04e39de0578d7abd"
    );
    let callbacks = caller.read(caller.admin_get("/consent/callbacks")).await;
    assert_eq!(callbacks[0]["status"], 200);
}

#[test]
fn the_sandbox_calls_nobody_but_this_machine() {
    let sandbox = nobody();
    sandbox.set_callback_url(Some("http://192.0.2.1/".to_owned()));
    let approval = sandbox
        .approve_consent(&signed(&sandbox), &sandbox.advertiser_ids())
        .unwrap();
    let callback = approval.callback.unwrap();
    assert_eq!(callback.status, None);
    assert!(callback.error.unwrap().contains("this machine only"));
    // The consent stands, whether or not the app could be told.
    assert_eq!(sandbox.callbacks().len(), 1);
}
