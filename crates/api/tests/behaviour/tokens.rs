//! Getting, keeping and replacing the token.

use std::time::Duration;

use criteo_api::{ApiEvent, Client, ClientOptions, Error};
use futures_util::future::join_all;

use crate::server::{EMPTY, Recorder, SECRET, Server, client, json, late, status, token, with};

const REFUSED: &str = r#"{"errors":[{"type":"authorization","code":"authorization-token-expired",
    "title":"The authorization token has expired","traceId":"t-1"}]}"#;

#[tokio::test]
async fn the_secret_arrives_to_the_letter() {
    let server = Server::start(|_, _| json(EMPTY)).await;
    server.client().advertisers().await.unwrap();
    let request = &server.tokens()[0];
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(request.body.as_bytes())
        .into_owned()
        .collect();
    let expected = [
        ("grant_type", "client_credentials"),
        ("client_id", "an-id"),
        ("client_secret", SECRET),
    ];
    assert_eq!(
        fields,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[tokio::test]
async fn fifty_calls_at_once_share_one_token() {
    let server = Server::with_tokens(
        |number, _| late(Duration::from_millis(50), token(number, "900")),
        |_, _| json(EMPTY),
    )
    .await;
    let client = server.client();
    let clones: Vec<Client> = (0..50).map(|_| client.clone()).collect();
    let results = join_all(clones.iter().map(Client::advertisers)).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(server.tokens().len(), 1);
    assert_eq!(server.calls().len(), 50);
    for call in server.calls() {
        assert_eq!(call.header("authorization"), "Bearer token-1");
    }
}

#[tokio::test]
async fn fifty_calls_at_once_share_one_refusal() {
    let refused = r#"{"error":"invalid_client","error_description":"unknown id"}"#;
    let server = Server::with_tokens(
        move |_, _| late(Duration::from_millis(50), status(401, refused)),
        |_, _| json(EMPTY),
    )
    .await;
    let client = server.client();
    let results = join_all((0..50).map(|_| client.advertisers())).await;
    for result in results {
        let error = result.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Authentication {
                    operation: "Token",
                    ..
                }
            ),
            "{error:?}"
        );
        let oauth = error.refusal().unwrap().oauth.clone().unwrap();
        assert_eq!(oauth.error, "invalid_client");
        assert_eq!(oauth.description.as_deref(), Some("unknown id"));
        assert!(error.hint().is_some());
    }
    assert_eq!(server.tokens().len(), 1, "a wrong key is not tried twice");
    assert_eq!(server.calls().len(), 0);
    // Whoever comes later gets a new chance.
    client.advertisers().await.unwrap_err();
    assert_eq!(server.tokens().len(), 2);
}

#[tokio::test]
async fn lifetimes_and_types_are_read_in_every_spelling() {
    for body in [
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":null,"expires_in":900}"#,
        r#"{"access_token":"a","token_type":"bearer","expires_in":"299"}"#,
        r#"{"access_token":"a","token_type":"BEARER","expires_in":900,"new":1}"#,
        r#"{"access_token":"a","expires_in":900}"#,
    ] {
        let server = Server::with_tokens(move |_, _| json(body), |_, _| json(EMPTY)).await;
        let client = server.client();
        client.advertisers().await.unwrap();
        client.advertisers().await.unwrap();
        assert_eq!(server.tokens().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn a_token_is_replaced_before_it_ends() {
    let server = Server::with_tokens(
        |number, _| token(number, if number == 1 { "1" } else { "900" }),
        |_, _| json(EMPTY),
    )
    .await;
    let client = server.client();
    client.advertisers().await.unwrap();
    tokio::time::sleep(Duration::from_millis(850)).await;
    client.advertisers().await.unwrap();
    assert_eq!(server.tokens().len(), 2);
    assert_eq!(server.calls()[1].header("authorization"), "Bearer token-2");
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_call_replayed() {
    let server = Server::start(|_, call| match call.header("authorization") {
        "Bearer token-1" => status(401, REFUSED),
        _ => json(EMPTY),
    })
    .await;
    server.client().advertisers().await.unwrap();
    assert_eq!(server.tokens().len(), 2);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn many_calls_with_a_refused_token_replace_it_once() {
    let server = Server::start(|_, call| match call.header("authorization") {
        "Bearer token-1" => late(Duration::from_millis(20), status(401, REFUSED)),
        _ => json(EMPTY),
    })
    .await;
    let client = server.client();
    let results = join_all((0..20).map(|_| client.advertisers())).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(server.tokens().len(), 2);
}

#[tokio::test]
async fn a_call_is_replayed_once_and_not_twice() {
    let server = Server::start(|_, _| status(401, REFUSED)).await;
    let error = server.client().advertisers().await.unwrap_err();
    assert!(matches!(
        error,
        Error::Authentication {
            operation: "ListAdvertisers",
            ..
        }
    ));
    assert_eq!(error.status(), Some(401));
    assert_eq!(error.trace_id(), Some("t-1"));
    assert_eq!(
        error.problems()[0].code.as_deref(),
        Some("authorization-token-expired")
    );
    assert_eq!(server.calls().len(), 2);
    assert_eq!(server.tokens().len(), 2);
}

#[tokio::test]
async fn a_token_request_is_repeated_after_what_may_pass() {
    let server = Server::with_tokens(
        |number, _| match number {
            1 => status(503, "<html>busy</html>"),
            2 => status(500, ""),
            3 => json("{\"access_token\":"),
            _ => token(number, "900"),
        },
        |_, _| json(EMPTY),
    )
    .await;
    server.client().advertisers().await.unwrap();
    assert_eq!(server.tokens().len(), 4);
}

#[tokio::test]
async fn a_token_that_never_comes_is_no_reason_to_ask_for_less() {
    let server = Server::with_tokens(
        |number, _| late(Duration::from_secs(5), token(number, "900")),
        |_, _| json(EMPTY),
    )
    .await;
    let client = client(ClientOptions {
        read_timeout: Duration::from_millis(50),
        ..server.options()
    });
    let error = client.advertisers().await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Transient {
                operation: "Token",
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn oauth_errors_under_status_400_are_about_the_key() {
    let server = Server::with_tokens(
        |_, _| {
            with(
                400,
                &[],
                r#"{"error":"invalid_grant","error_description":"no"}"#,
            )
        },
        |_, _| json(EMPTY),
    )
    .await;
    let error = server.client().advertisers().await.unwrap_err();
    assert!(matches!(error, Error::Authentication { .. }), "{error:?}");
    assert_eq!(server.tokens().len(), 1);
}

#[tokio::test]
async fn a_refreshed_token_is_told() {
    let server = Server::start(|_, _| json(EMPTY)).await;
    let recorder = std::sync::Arc::new(Recorder::default());
    let client = client(ClientOptions {
        observer: Some(recorder.clone()),
        ..server.options()
    });
    client.advertisers().await.unwrap();
    let expected = ApiEvent::TokenRefreshed {
        expires_in: Duration::from_secs(900),
    };
    assert_eq!(recorder.events()[0], expected);
}
