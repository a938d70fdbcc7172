//! Asking once without a key.

use std::time::Duration;

use criteo_api::{BaseUrl, ClientOptions, KnockFailure, knock};
use jiff::{SignedDuration, Timestamp};

use crate::server::{SECRET, Server, impatient, json, late, status, with};

/// Criteo's answer to a call without a token, as Criteo's PHP SDK tests show it.
const REFUSAL: &str = r#"{"errors":[{"type":"authorization","code":"authorization-token-invalid","title":"The authorization header is invalid"}]}"#;

#[tokio::test]
async fn nothing_of_the_key_is_sent_and_a_refusal_is_an_answer() {
    let server = Server::start(|_, _| status(401, REFUSAL)).await;
    let answer = knock(&server.options()).await.unwrap().unwrap();
    assert_eq!(answer.answer.status, 401);
    assert!(answer.is_json);
    assert_eq!(answer.redirects_to, None);
    assert!(!answer.is_deprecated);
    assert!(server.tokens().is_empty());
    let [call] = server.calls().try_into().unwrap();
    assert_eq!(call.path, "/2026-07/marketing-solutions/me");
    assert_eq!(call.header("authorization"), "");
    assert!(!format!("{call:?}").contains(SECRET));
}

#[tokio::test]
async fn the_date_is_compared_with_our_clock() {
    for hours in [-30, 0, 30] {
        let server = Server::start(move |_, _| {
            let theirs = Timestamp::now() + SignedDuration::from_hours(hours);
            let date = jiff::fmt::rfc2822::DateTimePrinter::new()
                .timestamp_to_rfc9110_string(&theirs)
                .unwrap();
            with(401, &[("date", &date)], REFUSAL)
        })
        .await;
        let answer = knock(&server.options()).await.unwrap().unwrap();
        let lead = answer.clock_lead.unwrap();
        // A date tells whole seconds, and this machine may be slow.
        let error = (lead + SignedDuration::from_hours(hours)).abs();
        assert!(error < SignedDuration::from_secs(30), "{hours}: {lead}");
    }
}

#[tokio::test]
async fn pages_and_redirects_are_not_criteos() {
    let server = Server::start(|number, _| match number {
        1 => with(200, &[], "<html><body>Please log in</body></html>"),
        2 => with(302, &[("location", "http://login.example/")], ""),
        _ => json("[]"),
    })
    .await;
    let page = knock(&server.options()).await.unwrap().unwrap();
    assert!(!page.is_json);
    let redirect = knock(&server.options()).await.unwrap().unwrap();
    assert_eq!(redirect.redirects_to.as_deref(), Some("login.example"));
    assert_eq!(server.calls().len(), 2, "a redirect was followed");
    let list = knock(&server.options()).await.unwrap().unwrap();
    assert!(!list.is_json, "everything that Criteo says is an object");
}

#[tokio::test]
async fn the_announced_end_of_the_version_is_read() {
    for (headers, expected) in [
        (vec![("deprecation", "true")], true),
        (vec![("sunset", "Fri, 30 Jul 2027 00:00:00 GMT")], true),
        (vec![("deprecation", "false")], false),
        (vec![], false),
    ] {
        let shown = headers.clone();
        let server = Server::start(move |_, _| with(401, &shown, REFUSAL)).await;
        let answer = knock(&server.options()).await.unwrap().unwrap();
        assert_eq!(answer.is_deprecated, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn no_answer_says_why() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let nobody = impatient(BaseUrl::parse(&address).unwrap());
    let failure = knock(&nobody).await.unwrap().unwrap_err();
    assert!(
        matches!(failure, KnockFailure::Connection(_)),
        "{failure:?}"
    );

    let server = Server::start(|_, _| late(Duration::from_secs(5), status(401, REFUSAL))).await;
    let options = ClientOptions {
        read_timeout: Duration::from_millis(50),
        ..server.options()
    };
    let failure = knock(&options).await.unwrap().unwrap_err();
    assert!(matches!(failure, KnockFailure::TimedOut(_)), "{failure:?}");
}
