//! A door before s3s-fs, without which it is not quite a cloud.
//!
//! It looks whether an object exists and writes it in two steps (`put_object` of s3s-fs 0.14), so that of two writers
//! that create the same object at the same time both may be told that they did. No cloud does that. The door lets one
//! write with a condition through at a time. For Google it also says the same in S3's words.

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use tokio::sync::Mutex;

/// Google's `If-None-Match: *`.
const OF_GOOGLE: HeaderName = HeaderName::from_static("x-goog-if-generation-match");

/// Where requests go, and how.
struct Door {
    server: String,
    client: reqwest::Client,
    writing: Mutex<()>,
    /// The token of requests in Google's words; `None` where they are in S3's.
    google: Option<String>,
}

/// Opens a door to the server behind `port`, and says the door's own port. It is closed when the tests end.
pub(super) fn open(port: u16, google: Option<&str>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own_port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let door = Arc::new(Door {
        server: format!("http://127.0.0.1:{port}"),
        client: reqwest::Client::builder()
            .no_proxy()
            .no_gzip()
            .build()
            .unwrap(),
        writing: Mutex::new(()),
        google: google.map(|token| format!("Bearer {token}")),
    });
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let router = Router::new().fallback(pass).with_state(door);
            axum::serve(listener, router).await.unwrap();
        });
    });
    own_port
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut headers = parts.headers;
    if let Some(token) = &door.google {
        in_words_of_s3(&mut headers, token);
    }
    let one_at_a_time = if headers.contains_key(header::IF_NONE_MATCH) {
        Some(door.writing.lock().await)
    } else {
        None
    };
    // The host stays the door's, for which the request was signed.
    let answer = door
        .client
        .request(parts.method, format!("{}{}", door.server, parts.uri))
        .headers(headers)
        .body(body)
        .send()
        .await
        .unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    drop(one_at_a_time);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().remove(header::TRANSFER_ENCODING);
    response
}

/// Google's words in S3's. A request without the token is none of ours.
fn in_words_of_s3(headers: &mut HeaderMap, token: &str) {
    let given = headers.remove(header::AUTHORIZATION);
    assert_eq!(given.unwrap(), token);
    if let Some(generation) = headers.remove(OF_GOOGLE) {
        assert_eq!(generation, "0", "only creating is translated");
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("*"));
    }
}
