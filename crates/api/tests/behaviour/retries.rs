//! What is repeated, and what is not.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use axum::response::Response;
use criteo_api::{
    BodySink, ClientOptions, Error, MemorySink, Operation, Request, RetryOptions, RetryReason,
    SinkError,
};
use serde_json::json as value;

use crate::{
    server::{EMPTY, Server, broken, client, halting, impatient, json, late, status, with},
    wire,
};

fn report() -> Request {
    Request::new(Operation::STATISTICS_REPORT).body(value!({"a": 1}))
}

/// Answers badly at first and well from then on.
async fn after_a_bad_start(
    bad: impl Fn(usize) -> Option<Response> + Send + Sync + 'static,
) -> Server {
    Server::start(move |number, _| bad(number).unwrap_or_else(|| json(EMPTY))).await
}

#[tokio::test]
async fn statuses_that_may_pass_are_repeated_also_for_posts() {
    for bad in [408, 429, 500, 502, 503, 504] {
        let server = after_a_bad_start(move |number| (number < 4).then(|| status(bad, "no"))).await;
        let body = server.client().fetch(&report()).await.unwrap();
        assert_eq!(body, EMPTY);
        let calls = server.calls();
        assert_eq!(calls.len(), 4, "{bad}");
        assert!(
            calls.iter().all(|call| call.body == r#"{"a":1}"#),
            "the same body each time"
        );
    }
}

#[tokio::test]
async fn statuses_that_cannot_pass_are_not_repeated() {
    for bad in [302, 400, 402, 403, 404, 405, 409, 410, 413, 415, 422] {
        let server = Server::start(move |_, _| status(bad, "no")).await;
        let error = server.client().fetch(&report()).await.unwrap_err();
        assert_eq!(error.status(), Some(bad));
        assert!(!error.is_transient());
        assert_eq!(server.calls().len(), 1, "{bad}");
    }
}

#[tokio::test]
async fn attempts_are_bounded() {
    let server =
        Server::start(|_, _| status(503, r#"{"errors":[{"code":"internal-error"}]}"#)).await;
    let error = server.client().fetch(&report()).await.unwrap_err();
    let Error::Transient { attempts, last, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*attempts, 4);
    assert_eq!(*last, RetryReason::Status(503));
    assert_eq!(error.problems()[0].code.as_deref(), Some("internal-error"));
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test]
async fn total_time_is_bounded() {
    let server = Server::start(|_, _| status(503, "")).await;
    let client = client(ClientOptions {
        retry: RetryOptions {
            max_attempts: 1000,
            max_elapsed: Duration::from_millis(300),
            base_delay: Duration::from_millis(40),
            max_delay: Duration::from_millis(40),
            ..RetryOptions::default()
        },
        ..server.options()
    });
    let started = Instant::now();
    let error = client.fetch(&report()).await.unwrap_err();
    // On a busy machine the time may end during an attempt as well as between two.
    assert!(error.is_transient(), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(server.calls().len() < 1000);
}

#[tokio::test]
async fn a_body_that_drips_forever_is_abandoned_in_time() {
    let server = Server::start(|_, _| halting("[", Duration::from_secs(60), "]")).await;
    let client = client(ClientOptions {
        retry: RetryOptions {
            max_elapsed: Duration::from_millis(200),
            ..RetryOptions::default()
        },
        ..server.options()
    });
    let started = Instant::now();
    let error = client.fetch(&report()).await.unwrap_err();
    assert!(
        matches!(error, Error::TimedOut { attempts: 1, .. }),
        "{error:?}"
    );
    let told = error.to_string();
    assert!(told.contains("in time, 1 attempt in "), "{told}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_reset_connection_is_repeated() {
    let (base_url, calls) = wire::start(|number, mut connection| async move {
        if number < 3 {
            wire::reset(connection);
        } else {
            wire::write_response(&mut connection, EMPTY.len(), EMPTY).await;
        }
    })
    .await;
    client(impatient(base_url)).advertisers().await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_refused_connection_is_transient_in_the_end() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client(impatient(base_url.parse().unwrap()));
    let error = client.advertisers().await.unwrap_err();
    assert!(
        matches!(error, Error::Transient { attempts: 4, .. }),
        "{error:?}"
    );
    let told = error.to_string();
    assert!(
        told.contains("Still failing after 4 attempts in "),
        "{told}"
    );
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_body_shorter_than_declared_is_read_again_from_the_start() {
    let (base_url, calls) = wire::start(|number, mut connection| async move {
        let body = if number == 1 { "[1, 2" } else { "[1, 2, 3]" };
        wire::write_response(&mut connection, "[1, 2, 3]".len(), body).await;
    })
    .await;
    // The sink would take the first body for good, so HTTP must have noticed.
    let body = client(impatient(base_url)).fetch(&report()).await.unwrap();
    assert_eq!(body, "[1, 2, 3]");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_chunked_body_that_breaks_off_is_read_again_from_the_start() {
    let server = after_a_bad_start(|number| (number < 3).then(|| broken("[1, 2"))).await;
    let body = server.client().fetch(&report()).await.unwrap();
    assert_eq!(body, EMPTY);
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn json_cut_at_its_source_is_asked_for_again() {
    let server = after_a_bad_start(|number| match number {
        1 => Some(json(r#"{"data":[{"id":"1","#)),
        2 => Some(json("<html><title>Oops</title></html>")),
        3 => Some(json("")),
        _ => None,
    })
    .await;
    server.client().advertisers().await.unwrap();
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test]
async fn a_page_instead_of_json_is_shown_in_the_end() {
    let server = Server::start(|_, _| json("<html><title>Maintenance</title></html>")).await;
    let error = server.client().advertisers().await.unwrap_err();
    assert!(matches!(error, Error::UnexpectedBody { .. }), "{error:?}");
    assert!(error.to_string().contains("Maintenance"), "{error}");
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test]
async fn silence_is_repeated_once_and_then_told_as_such() {
    let server = Server::start(|_, _| late(Duration::from_secs(30), json(EMPTY))).await;
    let client = client(ClientOptions {
        report_timeout: Duration::from_millis(400),
        ..server.options()
    });
    let error = client.fetch(&report()).await.unwrap_err();
    assert!(
        matches!(error, Error::TimedOut { attempts: 2, .. }),
        "{error:?}"
    );
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn one_silence_is_forgiven_and_so_is_a_body_that_stops() {
    let server = after_a_bad_start(|number| match number {
        1 => Some(halting("{\"data\":", Duration::from_secs(30), "[]}")),
        _ => None,
    })
    .await;
    let client = client(ClientOptions {
        read_timeout: Duration::from_millis(400),
        ..server.options()
    });
    client.advertisers().await.unwrap();
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_report_may_be_slow_where_other_calls_may_not() {
    let server = Server::start(|_, _| late(Duration::from_secs(1), json(EMPTY))).await;
    let client = client(ClientOptions {
        read_timeout: Duration::from_millis(400),
        ..server.options()
    });
    client.fetch(&report()).await.unwrap();
    let error = client.advertisers().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn a_gateway_that_lost_patience_counts_as_silence_in_the_end() {
    let server = Server::start(|_, _| status(504, "")).await;
    let error = server.client().fetch(&report()).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
}

/// Finds bodies damaged, or hopeless, as long as it is told to.
struct Picky {
    begun: usize,
    complaints: usize,
    retry: bool,
    memory: MemorySink,
}

#[derive(Debug, thiserror::Error)]
#[error("row 7 has no Day")]
struct Complaint;

impl BodySink for Picky {
    type Output = bytes::Bytes;

    fn begin(&mut self) {
        self.begun += 1;
        self.memory.begin();
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.memory.chunk(bytes)
    }

    fn finish(&mut self) -> Result<bytes::Bytes, SinkError> {
        if self.begun > self.complaints {
            return self.memory.finish();
        }
        Err(if self.retry {
            SinkError::damaged(Complaint)
        } else {
            SinkError::fatal(Complaint)
        })
    }
}

fn picky(complaints: usize, retry: bool) -> Picky {
    Picky {
        begun: 0,
        complaints,
        retry,
        memory: MemorySink::default(),
    }
}

#[tokio::test]
async fn a_sink_that_finds_damage_gets_the_body_again() {
    let server = Server::start(|_, _| json("[1]")).await;
    let mut sink = picky(2, true);
    let body = server.client().stream(&report(), &mut sink).await.unwrap();
    assert_eq!(body, "[1]");
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn a_sink_has_the_last_word() {
    for (retry, calls) in [(true, 4), (false, 1)] {
        let server = Server::start(|_, _| json("[1]")).await;
        let mut sink = picky(usize::MAX, retry);
        let error = server
            .client()
            .stream(&report(), &mut sink)
            .await
            .unwrap_err();
        assert_eq!(server.calls().len(), calls);
        assert!(error.to_string().contains("row 7"), "{error}");
        let Error::Sink { source, operation } = error else {
            panic!("another error")
        };
        assert_eq!(operation, "GetAdsetReport");
        assert!(source.is::<Complaint>(), "the sink's own error comes back");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Arc::new(Server::start(|_, _| json(EMPTY)).await);
    let target = format!("{}/2026-07/advertisers/me", elsewhere.base_url);
    let server = Server::start(move |_, _| with(307, &[("location", &target)], "")).await;
    let error = server.client().advertisers().await.unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }), "{error:?}");
    assert!(
        error.to_string().contains("redirect to 127.0.0.1"),
        "{error}"
    );
    assert_eq!(elsewhere.calls().len(), 0);
}
