//! No secret in anything that can be printed.

use std::sync::Arc;

use axum::response::Response;
use criteo_api::{Client, ClientOptions, Credentials};
use serde_json::json;

use crate::server::{self, Arrived, EMPTY, Recorder, SECRET, Server, client, status};

/// Every form in which the secret or a token might be repeated.
fn assert_clean(shown: &str) {
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for secret in [
        SECRET,
        encoded.as_str(),
        "with=specials",
        "token-1",
        "token-2",
    ] {
        assert!(!shown.contains(secret), "{secret:?} in {shown}");
    }
}

/// What a careless server repeats: the request, in a page, in an error, or in data of another type.
fn parrot(frame: usize, code: u16, call: &Arrived) -> Response {
    let authorization = call.header("authorization");
    let body = match frame {
        0 => format!("<html>{authorization} {} {SECRET}</html>", call.body),
        1 => json!({
            "errors": [{
                "title": authorization,
                "source": {"header": authorization},
                "seen": [call.body, SECRET],
            }],
            "error_description": SECRET,
        })
        .to_string(),
        2 => json!({"data": format!("{authorization} {SECRET}")}).to_string(),
        _ => json!({"error": authorization, "error_description": SECRET}).to_string(),
    };
    status(code, &body)
}

fn shown(error: &criteo_api::Error) -> String {
    let mut text = format!(
        "{error} {error:?} {error:#?} {:?} {:?}",
        error.hint(),
        error.problems()
    );
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text} {cause} {cause:?}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn servers_that_repeat_what_they_were_sent_do_no_harm() {
    for code in [200, 302, 400, 401, 403, 404, 410, 413, 429, 500, 503] {
        for frame in 0..4 {
            let server = Server::start(move |_, call| parrot(frame, code, call)).await;
            let recorder = Arc::new(Recorder::default());
            let client = client(ClientOptions {
                observer: Some(recorder.clone()),
                ..server.options()
            });
            let error = client.advertisers().await.unwrap_err();
            assert_clean(&shown(&error));
            assert_clean(&format!("{:?} {client:?}", recorder.events()));
        }
    }
}

#[tokio::test]
async fn a_token_endpoint_that_repeats_what_it_was_sent_does_no_harm() {
    for code in [200, 400, 401, 403, 429, 500] {
        for frame in 0..4 {
            let server = Server::with_tokens(
                move |_, call| parrot(frame, code, call),
                |_, _| server::json(EMPTY),
            )
            .await;
            let error = server.client().advertisers().await.unwrap_err();
            assert_clean(&shown(&error));
        }
    }
}

#[tokio::test]
async fn a_token_answer_of_another_shape_is_not_repeated() {
    for body in [
        r#"{"access_token":"token-1","token_type":"mac","expires_in":900}"#,
        r#"{"access_token":"token-1\n","token_type":"Bearer","expires_in":900}"#,
        r#"{"access_token":["token-1"],"token_type":"Bearer","expires_in":900}"#,
        r#"{"access_token":"x","token_type":"Bearer","expires_in":"token-1"}"#,
        r#""token-1""#,
    ] {
        let server =
            Server::with_tokens(move |_, _| server::json(body), |_, _| server::json(EMPTY)).await;
        let error = server.client().advertisers().await.unwrap_err();
        assert_clean(&shown(&error));
    }
}

#[tokio::test]
async fn warnings_are_cleaned_too() {
    let server = Server::start(|_, call| {
        let warning = json!({"title": call.header("authorization")});
        server::json(&json!({"data": [], "warnings": [warning]}).to_string())
    })
    .await;
    let recorder = Arc::new(Recorder::default());
    let client = client(ClientOptions {
        observer: Some(recorder.clone()),
        ..server.options()
    });
    client.advertisers().await.unwrap();
    assert_clean(&format!("{:?}", recorder.events()));
}

#[test]
fn values_that_hold_secrets_do_not_show_them() {
    let credentials = Credentials::new("an-id", SECRET);
    assert_clean(&format!("{credentials:?} {credentials:#?}"));
    let client = Client::new(credentials, ClientOptions::default()).unwrap();
    assert_clean(&format!("{client:?} {:?}", ClientOptions::default()));
}
