//! Receives the callbacks that Criteo posts when somebody approved a signed consent URL.
//!
//! A small HTTP server. It believes what carries a valid signature of the Connector and nothing else, so it takes a
//! POST to any path: which one was registered at the portal, and what a reverse proxy makes of it, is not its business.
//! It speaks plain HTTP, and Criteo needs a public https address; TLS, time-outs against slow clients and limits on
//! connections are the reverse proxy's part.
//!
//! A callback is answered with 200 after the caller has taken it. When the caller fails, the answer is 500, so that
//! whoever sent it knows that it was lost. The same callback may come again (a repeated delivery, or somebody who
//! caught it on its way): it is answered with 200 and not handed over twice, as long as this process lives.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use criteo_api::connector::{CALLBACK_SIGNATURE_HEADER, ConnectorKey};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The largest body that is read. A callback names advertisers, so it is small.
pub const LARGEST_BODY_BYTES: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// How long connections may take to end after the last callback.
const FAREWELL: Duration = Duration::from_secs(2);
/// So many callbacks are known again when they are repeated.
const REMEMBERED: usize = 10_000;

/// A callback whose signature is valid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Callback {
    /// When it arrived.
    pub received_at: Timestamp,
    /// The `state` of the consent URL, if the body is a JSON object with such a text. That Criteo repeats it was seen
    /// in third-party code; no source shows a body.
    pub state: Option<String>,
    /// Everything that Criteo said, serialised as a member `body`, `text` or `hex`.
    #[serde(flatten)]
    pub body: CallbackBody,
}

/// The body of a callback. Its shape is not documented, so it is handed over whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackBody {
    /// It is JSON.
    #[serde(rename = "body")]
    Json(serde_json::Value),
    /// It is another text.
    Text(String),
    /// It is no text; in hexadecimal digits.
    Hex(String),
}

impl Callback {
    fn read(body: &[u8]) -> Callback {
        let body = match (serde_json::from_slice(body), std::str::from_utf8(body)) {
            (Ok(json), _) => CallbackBody::Json(json),
            (Err(_), Ok(text)) => CallbackBody::Text(text.to_owned()),
            (Err(_), Err(_)) => CallbackBody::Hex(hex::encode(body)),
        };
        let state = match &body {
            CallbackBody::Json(json) => json["state"].as_str().map(str::to_owned),
            CallbackBody::Text(_) | CallbackBody::Hex(_) => None,
        };
        Callback {
            received_at: Timestamp::now(),
            state,
            body,
        }
    }
}

/// What a caller is told while somebody listens.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenEvent<'request> {
    /// A callback of Criteo's. It is handed over once; an error keeps it from being acknowledged.
    Verified(&'request Callback),
    /// The same callback came again.
    Repeated,
    /// A request that is not believed. Nothing of it is told but why.
    Refused {
        /// Counts the refusals from 1.
        count: u64,
        /// The HTTP status that was answered.
        status: u16,
        /// Why, in a sentence.
        reason: String,
    },
}

/// What came in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ListenSummary {
    /// Callbacks that were handed over.
    pub verified: u64,
    /// Callbacks that came again.
    pub repeated: u64,
    /// Requests that were not believed.
    pub refused: u64,
}

/// Why nobody listens, or no longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address cannot be listened on.
    #[error("Cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The caller did not take a callback, which was then not acknowledged.
    #[error("A callback was verified but could not be handed over; Criteo was told that it failed")]
    HandOver(#[source] io::Error),
    /// The server ended by itself.
    #[error("The server for callbacks ended")]
    Serve(#[source] io::Error),
}

impl ListenError {
    /// What to do about it, where the message does not say it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let Self::Bind { source, address } = self else {
            return None;
        };
        Some(match source.kind() {
            io::ErrorKind::AddrInUse => format!(
                "Another program listens there. Choose another port with --port, or find that program with \
                 `ss -ltnp 'sport = {}'`.",
                address.port()
            ),
            io::ErrorKind::PermissionDenied => {
                "Ports below 1024 need special rights; choose a higher one with --port.".to_owned()
            }
            _ => "Choose another address with --bind or another port with --port.".to_owned(),
        })
    }
}

/// Takes events, one at a time. What it returns for [`ListenEvent::Verified`] decides whether the callback is
/// acknowledged; for the other events it is ignored.
pub type Take = dyn Fn(&ListenEvent<'_>) -> io::Result<()> + Send + Sync;

/// A socket that is open already, so that the address can be told before anybody is served.
#[derive(Debug)]
pub struct CallbackListener {
    socket: TcpListener,
    address: SocketAddr,
}

impl CallbackListener {
    /// Opens the socket. Port 0 takes any that is free.
    ///
    /// # Errors
    /// [`ListenError::Bind`].
    pub async fn bind(address: SocketAddr) -> Result<CallbackListener, ListenError> {
        let refuse = |source| ListenError::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(refuse)?;
        let address = socket.local_addr().map_err(refuse)?;
        Ok(CallbackListener { socket, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled or, with `once`, until one callback was handed over. What is being answered
    /// then is finished.
    ///
    /// # Errors
    /// [`ListenError::HandOver`] after `take` failed; [`ListenError::Serve`].
    pub async fn serve(
        self,
        key: ConnectorKey,
        once: bool,
        stop: CancellationToken,
        take: Arc<Take>,
    ) -> Result<ListenSummary, ListenError> {
        let stop = stop.child_token();
        let desk = Arc::new(Desk {
            key,
            once,
            take,
            stop: stop.clone(),
            book: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        let serving = axum::serve(self.socket, router)
            .with_graceful_shutdown(stop.clone().cancelled_owned())
            .into_future();
        // A client that neither sends nor leaves must not keep this process.
        let farewell = async {
            stop.cancelled().await;
            tokio::time::sleep(FAREWELL).await;
        };
        tokio::select! {
            served = serving => served.map_err(ListenError::Serve)?,
            () = farewell => {}
        }
        let mut book = desk.book.lock().unwrap_or_else(PoisonError::into_inner);
        match book.failure.take() {
            Some(error) => Err(ListenError::HandOver(error)),
            None => Ok(book.summary),
        }
    }
}

/// What all requests share.
struct Desk {
    key: ConnectorKey,
    once: bool,
    take: Arc<Take>,
    stop: CancellationToken,
    /// Held while an event is told, so that events come one at a time.
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    summary: ListenSummary,
    seen: BTreeSet<[u8; 32]>,
    failure: Option<io::Error>,
}

async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> (StatusCode, String) {
    let outcome = match verified_body(&desk.key, request).await {
        Ok(body) => desk.accept(&body),
        Err((status, reason)) => {
            desk.refuse(status, reason.clone());
            Err((status, reason))
        }
    };
    match outcome {
        Ok(()) => (StatusCode::OK, String::new()),
        Err((status, reason)) => (status, format!("{reason}\n")),
    }
}

type Refusal = (StatusCode, String);

/// The body of a request that Criteo signed.
async fn verified_body(key: &ConnectorKey, request: Request) -> Result<Vec<u8>, Refusal> {
    let refuse = |status, reason: &str| Err((status, reason.to_owned()));
    if request.method() != axum::http::Method::POST {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "Callbacks are posted");
    }
    let (head, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_PATIENCE, read(body)).await {
        Ok(body) => body?,
        Err(_) => {
            return refuse(
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time",
            );
        }
    };
    let mut signatures = head.headers.get_all(CALLBACK_SIGNATURE_HEADER).iter();
    let signature = signatures.next().map(axum::http::HeaderValue::as_bytes);
    if signatures.next().is_some() {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "The callback has more than one signature",
        );
    }
    match key.verify_callback(signature, &body) {
        Ok(()) => Ok(body),
        Err(refusal) => Err((StatusCode::UNAUTHORIZED, refusal.to_string())),
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    // One byte more than is allowed tells a body that is too large from one that broke off.
    match to_bytes(body, LARGEST_BODY_BYTES).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if is_too_large(&error) => {
            let reason = format!("The body is larger than {LARGEST_BODY_BYTES} bytes");
            Err((StatusCode::PAYLOAD_TOO_LARGE, reason))
        }
        Err(_) => Err((StatusCode::BAD_REQUEST, "The body broke off".to_owned())),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = error.source();
    }
    false
}

impl Desk {
    fn accept(&self, body: &[u8]) -> Result<(), Refusal> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let digest: [u8; 32] = Sha256::digest(body).into();
        if book.seen.contains(&digest) {
            book.summary.repeated += 1;
            let _ = (self.take)(&ListenEvent::Repeated);
            return Ok(());
        }
        if self.stop.is_cancelled() {
            let reason = "No further callbacks are taken".to_owned();
            return Err((StatusCode::SERVICE_UNAVAILABLE, reason));
        }
        let callback = Callback::read(body);
        if let Err(error) = (self.take)(&ListenEvent::Verified(&callback)) {
            book.failure = Some(error);
            self.stop.cancel();
            let reason = "The callback could not be handed over".to_owned();
            return Err((StatusCode::INTERNAL_SERVER_ERROR, reason));
        }
        book.summary.verified += 1;
        if book.seen.len() < REMEMBERED {
            book.seen.insert(digest);
        }
        if self.once {
            self.stop.cancel();
        }
        Ok(())
    }

    fn refuse(&self, status: StatusCode, reason: String) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.summary.refused += 1;
        let _ = (self.take)(&ListenEvent::Refused {
            count: book.summary.refused,
            status: status.as_u16(),
            reason,
        });
    }
}
