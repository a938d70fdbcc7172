//! What whoever watches is told.

use std::sync::Arc;

use criteo_api::{
    ApiEvent, Budget, Client, ClientOptions, MemorySink, Operation, Request, RetryReason,
};

use crate::server::{EMPTY, Recorder, Server, client, json, status, with};

fn watched(server: &Server) -> (Client, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let client = client(ClientOptions {
        observer: Some(recorder.clone()),
        ..server.options()
    });
    (client, recorder)
}

#[tokio::test]
async fn every_attempt_is_told_with_its_end() {
    let server = Server::start(|number, _| match number {
        1 => status(500, "oops"),
        _ => json(EMPTY),
    })
    .await;
    let (client, recorder) = watched(&server);
    client.advertisers().await.unwrap();
    let told: Vec<String> = recorder
        .events()
        .into_iter()
        .map(|event| match event {
            ApiEvent::TokenRefreshed { .. } => "token".to_owned(),
            ApiEvent::CallStarted {
                operation,
                budget,
                attempt,
            } => {
                format!("{operation} {budget} {attempt}")
            }
            ApiEvent::CallFinished {
                status,
                attempt,
                bytes,
                ..
            } => {
                format!("{attempt}: {status:?}, {bytes} bytes")
            }
            ApiEvent::Retry {
                attempt, reason, ..
            } => format!("again after {attempt}: {reason}"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "token",
            "ListAdvertisers general 1",
            "1: Some(500), 4 bytes",
            "again after 1: status 500",
            "ListAdvertisers general 2",
            &format!("2: Some(200), {} bytes", EMPTY.len()),
        ]
    );
}

#[tokio::test]
async fn the_replay_after_a_401_is_told() {
    let server = Server::start(|number, _| match number {
        1 => status(401, "{}"),
        _ => json(EMPTY),
    })
    .await;
    let (client, recorder) = watched(&server);
    client.advertisers().await.unwrap();
    assert!(recorder.events().iter().any(|event| matches!(
        event,
        ApiEvent::Retry {
            attempt: 1,
            reason: RetryReason::Unauthorized,
            ..
        }
    )));
}

#[tokio::test]
async fn warnings_are_told_and_handed_over() {
    let body = r#"{"data":[],"warnings":[{"type":"deprecation","code":"deprecated-field","detail":"goal"}]}"#;
    let server = Server::start(move |_, _| json(body)).await;
    let (client, recorder) = watched(&server);
    let envelope = client.advertisers().await.unwrap();
    assert_eq!(
        envelope.warnings[0].code.as_deref(),
        Some("deprecated-field")
    );
    let told = recorder.events().into_iter().any(|event| {
        matches!(event, ApiEvent::Warning { operation: "ListAdvertisers", problem }
            if problem == envelope.warnings[0])
    });
    assert!(told);
}

#[tokio::test]
async fn the_end_of_an_operation_is_told_once() {
    let date = "Fri, 01 Jan 2027 00:00:00 GMT";
    for (headers, sunset, times) in [
        (
            vec![("deprecation", "true"), ("sunset", date)],
            Some(date),
            1,
        ),
        (vec![("sunset", date)], Some(date), 1),
        (vec![("deprecation", "true")], None, 1),
        (vec![("deprecation", "false")], None, 0),
        (vec![], None, 0),
    ] {
        let server = Server::start(move |_, _| with(200, &headers, EMPTY)).await;
        let (client, recorder) = watched(&server);
        client.advertisers().await.unwrap();
        client.advertisers().await.unwrap();
        let expected = ApiEvent::Deprecated {
            operation: "ListAdvertisers",
            sunset: sunset.map(str::to_owned),
        };
        let events = recorder.events();
        assert_eq!(
            events.iter().filter(|event| **event == expected).count(),
            times
        );
    }
}

#[tokio::test]
async fn reports_spend_the_small_quota() {
    let server = Server::start(|_, _| json(EMPTY)).await;
    let (client, recorder) = watched(&server);
    let request = Request::new(Operation::TRANSACTIONS_REPORT).body(serde_json::json!({}));
    client
        .stream(&request, &mut MemorySink::default())
        .await
        .unwrap();
    assert!(recorder.events().iter().any(|event| matches!(
        event,
        ApiEvent::CallStarted {
            budget: Budget::Reporting,
            ..
        }
    )));
}
