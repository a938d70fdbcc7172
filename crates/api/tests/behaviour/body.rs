//! Bodies: streamed, decompressed, and bounded.

use std::io::Write;

use axum::response::Response;
use criteo_api::{
    BodySink, ClientOptions, Error, LogFileUrl, MemorySink, Operation, Request, SinkError,
};
use flate2::{Compression, write::GzEncoder};
use serde_json::json as value;

use crate::server::{EMPTY, Server, client, json, with};

fn report() -> Request {
    Request::new(Operation::STATISTICS_REPORT).body(value!({}))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn compressed(body: Vec<u8>) -> Response {
    with(200, &[("content-encoding", "gzip")], body)
}

/// Counts, and keeps nothing.
#[derive(Default)]
struct Counter {
    bytes: usize,
    pieces: usize,
}

impl BodySink for Counter {
    type Output = usize;

    fn begin(&mut self) {
        *self = Self::default();
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.bytes += bytes.len();
        self.pieces += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<usize, SinkError> {
        Ok(self.bytes)
    }
}

#[tokio::test]
async fn compressed_bodies_are_asked_for_and_arrive_in_pieces() {
    let body = gzip(&vec![b'1'; 3_000_000]);
    let server = Server::start(move |_, _| compressed(body.clone())).await;
    let mut counter = Counter::default();
    let bytes = server
        .client()
        .stream(&report(), &mut counter)
        .await
        .unwrap();
    assert_eq!(bytes, 3_000_000);
    assert!(counter.pieces > 1);
    assert_eq!(server.calls()[0].header("accept-encoding"), "gzip");
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_limit() {
    let bomb = gzip(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let server = Server::start(move |_, _| compressed(bomb.clone())).await;
    let client = client(ClientOptions {
        max_body_bytes: 1 << 20,
        ..server.options()
    });
    let mut counter = Counter::default();
    let error = client.stream(&report(), &mut counter).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::BodyTooLarge {
                limit: 1_048_576,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        counter.bytes <= 1 << 20,
        "the sink never saw more than the limit"
    );
    assert_eq!(
        server.calls().len(),
        1,
        "it would be as large the next time"
    );
}

#[tokio::test]
async fn the_limit_itself_is_allowed() {
    let server = Server::start(|_, _| with(200, &[], vec![b' '; 1000])).await;
    for (limit, passes) in [(1000, true), (999, false)] {
        let client = client(ClientOptions {
            max_body_bytes: limit,
            ..server.options()
        });
        let result = client.stream(&report(), &mut MemorySink::default()).await;
        assert_eq!(result.is_ok(), passes);
    }
}

#[tokio::test]
async fn a_compressed_body_cut_short_is_read_again() {
    let whole = gzip(EMPTY.as_bytes());
    let server = Server::start(move |number, _| match number {
        1 => compressed(whole[..whole.len() - 9].to_vec()),
        2 => compressed(b"this is not gzip".to_vec()),
        _ => compressed(whole.clone()),
    })
    .await;
    let body = server.client().fetch(&report()).await.unwrap();
    assert_eq!(body, EMPTY);
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn a_log_file_is_downloaded_as_stored_and_without_the_token() {
    let file = gzip(b"domain,price\nexample.org,1\n");
    let stored = file.clone();
    let server =
        Server::start(move |_, _| with(200, &[("content-encoding", "gzip")], stored.clone())).await;
    let client = client(ClientOptions {
        calls_per_minute: 1,
        report_calls_per_minute: 1,
        ..server.options()
    });
    for _ in 0..3 {
        let url = LogFileUrl::new(format!("{}/files/1.csv.gz?sig=a%2Bb%3D", server.base_url));
        let body = client
            .download_log_file(&url, &mut MemorySink::default())
            .await
            .unwrap();
        assert_eq!(body, file, "not decompressed, whatever the store calls it");
    }
    assert_eq!(server.tokens().len(), 0);
    for call in server.calls() {
        assert_eq!(
            call.path, "/files/1.csv.gz?sig=a%2Bb%3D",
            "the signature is not touched"
        );
        assert_eq!(call.header("authorization"), "");
    }
}

#[tokio::test]
async fn an_expired_link_says_so_without_the_link() {
    let server = Server::start(|_, call| {
        let page = format!(
            "<Error><Code>AuthenticationFailed</Code>{}</Error>",
            call.path
        );
        with(403, &[], page)
    })
    .await;
    let url = LogFileUrl::new(format!(
        "{}/1.csv.gz?se=2026&sig=hush-hush",
        server.base_url
    ));
    let error = server
        .client()
        .download_log_file(&url, &mut MemorySink::default())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Forbidden {
                operation: "LogFile",
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("expired"));
    assert!(
        !format!("{error} {error:?}").contains("hush-hush"),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("AuthenticationFailed"),
        "{error}"
    );
}

#[tokio::test]
async fn a_log_file_elsewhere_in_the_clear_is_not_fetched() {
    let server = Server::start(|_, _| json(EMPTY)).await;
    let url = LogFileUrl::new("http://files.example.org/1.csv.gz?sig=hush-hush".to_owned());
    let error = server
        .client()
        .download_log_file(&url, &mut MemorySink::default())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
}
