//! Keeping quotas, and believing Criteo's headers.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use criteo_api::{
    ApiEvent, Budget, Client, ClientOptions, Error, Operation, Request, RetryOptions,
};
use futures_util::future::join_all;
use serde_json::json as value;
use tokio::time::timeout;

use crate::server::{EMPTY, Recorder, Server, client, json, with};

fn unix_time_in(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (now.as_secs() + seconds).to_string()
}

fn report() -> Request {
    Request::new(Operation::STATISTICS_REPORT).body(value!({}))
}

/// Long enough for every call that need not wait, far too short for one that waits for a minute.
const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn clones_share_two_quotas() {
    let server = Server::start(|_, _| json(EMPTY)).await;
    let client = client(ClientOptions {
        report_calls_per_minute: 3,
        calls_per_minute: 5,
        ..server.options()
    });
    let clones: Vec<Client> = (0..10).map(|_| client.clone()).collect();
    let query = report();
    let reports = join_all(
        clones
            .iter()
            .map(|client| timeout(SOON, client.fetch(&query))),
    );
    let others = join_all(
        clones
            .iter()
            .map(|client| timeout(SOON, client.advertisers())),
    );
    let (reports, others) = tokio::join!(reports, others);
    assert_eq!(reports.iter().filter(|result| result.is_ok()).count(), 3);
    assert_eq!(others.iter().filter(|result| result.is_ok()).count(), 5);
    assert_eq!(server.calls().len(), 8);
}

#[tokio::test]
async fn every_attempt_takes_from_the_quota() {
    let server = Server::start(|_, _| with(503, &[], "")).await;
    let client = client(ClientOptions {
        calls_per_minute: 2,
        ..server.options()
    });
    assert!(
        timeout(SOON, client.advertisers()).await.is_err(),
        "the third attempt waits"
    );
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn the_reset_of_a_429_is_obeyed() {
    for name in ["x-ratelimit-reset", "ratelimit-reset"] {
        let server = Server::start(move |number, _| match number {
            1 => with(429, &[(name, &unix_time_in(2))], "{}"),
            _ => json(EMPTY),
        })
        .await;
        let started = Instant::now();
        server.client().advertisers().await.unwrap();
        let waited = started.elapsed();
        // The reset is told in whole seconds, so up to one of the two may have passed already.
        assert!(waited >= Duration::from_millis(900), "{waited:?}");
        assert!(waited < Duration::from_secs(10), "{waited:?}");
        assert_eq!(server.calls().len(), 2);
    }
}

#[tokio::test]
async fn more_429s_than_attempts_are_waited_out() {
    let server = Server::start(|number, _| match number {
        1..=6 => with(429, &[("x-ratelimit-reset", &unix_time_in(1))], ""),
        _ => json(EMPTY),
    })
    .await;
    server.client().advertisers().await.unwrap();
    assert_eq!(
        server.calls().len(),
        7,
        "four attempts are allowed, but a told wait is no failure"
    );
}

#[tokio::test]
async fn a_reset_beyond_all_patience_is_reported_at_once() {
    let server = Server::start(|_, _| {
        with(
            429,
            &[("x-ratelimit-reset", &unix_time_in(3600))],
            r#"{"errors":[{"type":"quota","code":"too-many"}]}"#,
        )
    })
    .await;
    let error = server.client().advertisers().await.unwrap_err();
    let Error::RateLimited {
        reset, attempts, ..
    } = &error
    else {
        panic!("{error:?}")
    };
    let away = reset
        .unwrap()
        .duration_since(jiff::Timestamp::now())
        .as_secs();
    assert!((3590..=3600).contains(&away));
    assert_eq!(*attempts, 1);
    assert_eq!(error.problems()[0].code.as_deref(), Some("too-many"));
    assert!(error.hint().unwrap().contains("Try again after"));
}

#[tokio::test]
async fn the_reset_on_another_failure_is_no_order_to_wait() {
    let server = Server::start(|number, _| match number {
        1 => with(
            500,
            &[
                ("x-ratelimit-remaining", "39"),
                ("x-ratelimit-reset", &unix_time_in(600)),
            ],
            "",
        ),
        _ => json(EMPTY),
    })
    .await;
    server.client().advertisers().await.unwrap();
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_429_without_a_reset_counts_as_an_attempt() {
    let server = Server::start(|_, _| with(429, &[], "")).await;
    let error = server.client().advertisers().await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::RateLimited {
                reset: None,
                attempts: 4,
                ..
            }
        ),
        "{error:?}"
    );
    let told = error.to_string();
    assert!(told.contains("is still spent after 4 attempts: "), "{told}");
}

#[tokio::test]
async fn a_429_stops_its_own_quota_for_everybody_and_the_other_for_nobody() {
    let server = Server::start(|number, _| match number {
        1 => with(429, &[("x-ratelimit-reset", &unix_time_in(600))], ""),
        _ => json(EMPTY),
    })
    .await;
    let client = server.client();
    client.fetch(&report()).await.unwrap_err();
    assert!(timeout(SOON, client.fetch(&report())).await.is_err());
    assert!(timeout(SOON, client.advertisers()).await.is_ok());
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn nothing_is_sent_while_nothing_remains() {
    let server = Server::start(|_, _| {
        with(
            200,
            &[
                ("x-ratelimit-limit", "40"),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", &unix_time_in(2)),
            ],
            EMPTY,
        )
    })
    .await;
    let recorder = Arc::new(Recorder::default());
    let client = client(ClientOptions {
        observer: Some(recorder.clone()),
        ..server.options()
    });
    client.fetch(&report()).await.unwrap();
    let started = Instant::now();
    client.fetch(&report()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(900));
    assert!(recorder.events().iter().any(|event| matches!(
        event,
        ApiEvent::RateLimitWait { budget: Budget::Reporting, wait } if *wait > Duration::from_millis(900)
    )));
}

#[tokio::test]
async fn a_lower_limit_in_the_headers_is_obeyed_and_a_higher_one_is_not() {
    for (limit, passing, told) in [("2", 2, 1), ("250", 6, 0)] {
        let server =
            Server::start(move |_, _| with(200, &[("x-ratelimit-limit", limit)], EMPTY)).await;
        let recorder = Arc::new(Recorder::default());
        let client = client(ClientOptions {
            observer: Some(recorder.clone()),
            calls_per_minute: 6,
            ..server.options()
        });
        client.advertisers().await.unwrap();
        let rest = join_all((0..9).map(|_| timeout(SOON, client.advertisers()))).await;
        let passed = 1 + rest.iter().filter(|result| result.is_ok()).count();
        assert_eq!(passed, passing);
        let lowered = ApiEvent::QuotaLowered {
            budget: Budget::General,
            per_minute: 2,
        };
        let events = recorder.events();
        assert_eq!(
            events.iter().filter(|event| **event == lowered).count(),
            told
        );
    }
}

#[tokio::test]
async fn waiting_for_the_first_place_in_the_queue_is_no_fault_of_the_call() {
    let server = Server::start(|number, _| match number {
        1 => with(
            200,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", &unix_time_in(2)),
            ],
            EMPTY,
        ),
        _ => json(EMPTY),
    })
    .await;
    let client = client(ClientOptions {
        retry: RetryOptions {
            max_elapsed: Duration::from_millis(500),
            ..RetryOptions::default()
        },
        ..server.options()
    });
    client.advertisers().await.unwrap();
    client.advertisers().await.unwrap();
}
