//! A server that answers as a test tells it to.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use criteo_api::{ApiEvent, BaseUrl, Client, ClientOptions, Credentials, Observer, RetryOptions};
use futures_util::{StreamExt, stream};

/// What a test sends the client.
pub(crate) const SECRET: &str = "s3cr+t/with=specials&more";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Answers a call by its number, from 1, among the calls of its kind.
type Script = Arc<dyn Fn(usize, &Arrived) -> Response + Send + Sync>;

#[derive(Clone)]
struct Scripts {
    token: Script,
    api: Script,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    tokens: Vec<Arrived>,
    calls: Vec<Arrived>,
}

pub(crate) struct Server {
    pub(crate) base_url: BaseUrl,
    log: Arc<Mutex<Log>>,
}

impl Server {
    /// Issues tokens `token-1`, `token-2`... and answers everything else by the script.
    pub(crate) async fn start(
        api: impl Fn(usize, &Arrived) -> Response + Send + Sync + 'static,
    ) -> Self {
        Self::with_tokens(|number, _| token(number, "900"), api).await
    }

    pub(crate) async fn with_tokens(
        token: impl Fn(usize, &Arrived) -> Response + Send + Sync + 'static,
        api: impl Fn(usize, &Arrived) -> Response + Send + Sync + 'static,
    ) -> Self {
        let log = Arc::<Mutex<Log>>::default();
        let scripts = Scripts {
            token: Arc::new(token),
            api: Arc::new(api),
            log: Arc::clone(&log),
        };
        let router = Router::new().fallback(answer).with_state(scripts);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            base_url: BaseUrl::parse(&format!("http://{address}")).unwrap(),
            log,
        }
    }

    pub(crate) fn tokens(&self) -> Vec<Arrived> {
        self.log.lock().unwrap().tokens.clone()
    }

    pub(crate) fn calls(&self) -> Vec<Arrived> {
        self.log.lock().unwrap().calls.clone()
    }

    pub(crate) fn options(&self) -> ClientOptions {
        impatient(self.base_url.clone())
    }

    pub(crate) fn client(&self) -> Client {
        client(self.options())
    }
}

async fn answer(State(scripts): State<Scripts>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let arrived = Arrived {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let is_token = arrived.path == "/oauth2/token";
    let number = {
        let mut log = scripts.log.lock().unwrap();
        let kind = if is_token {
            &mut log.tokens
        } else {
            &mut log.calls
        };
        kind.push(arrived.clone());
        kind.len()
    };
    let script = if is_token { scripts.token } else { scripts.api };
    let response = script(number, &arrived);
    if let Some(Pause(pause)) = response.extensions().get::<Pause>() {
        tokio::time::sleep(*pause).await;
    }
    response
}

#[derive(Clone)]
struct Pause(Duration);

/// Lets an answer come late.
pub(crate) fn late(pause: Duration, mut response: Response) -> Response {
    response.extensions_mut().insert(Pause(pause));
    response
}

pub(crate) fn token(number: usize, expires_in: &str) -> Response {
    json(&format!(
        r#"{{"access_token":"token-{number}","token_type":"Bearer","refresh_token":null,"expires_in":{expires_in}}}"#
    ))
}

pub(crate) fn json(body: &str) -> Response {
    with(
        200,
        &[("content-type", "application/json")],
        body.to_owned(),
    )
}

pub(crate) fn status(status: u16, body: &str) -> Response {
    with(status, &[], body.to_owned())
}

pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut builder = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap()
}

/// A body in two pieces with a pause between them.
pub(crate) fn halting(first: &'static str, pause: Duration, second: &'static str) -> Response {
    let pieces = stream::once(async move { first }).chain(stream::once(async move {
        tokio::time::sleep(pause).await;
        second
    }));
    Body::from_stream(pieces.map(|piece| Ok::<_, Infallible>(Bytes::from(piece)))).into_response()
}

/// A body without a declared length that breaks off after its first piece.
pub(crate) fn broken(first: &'static str) -> Response {
    // The pause lets the first piece leave before the connection is dropped.
    let pieces = stream::once(async move { Ok(Bytes::from(first)) }).chain(stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other("cut"))
    }));
    Body::from_stream(pieces).into_response()
}

/// Options under which failures are fast.
pub(crate) fn impatient(base_url: BaseUrl) -> ClientOptions {
    ClientOptions {
        base_url,
        retry: RetryOptions {
            max_attempts: 4,
            max_timeouts: 2,
            max_elapsed: Duration::from_secs(20),
            base_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(4),
        },
        report_calls_per_minute: 1000,
        calls_per_minute: 1000,
        ..ClientOptions::default()
    }
}

pub(crate) fn client(options: ClientOptions) -> Client {
    Client::new(Credentials::new("an-id", SECRET), options).unwrap()
}

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<ApiEvent>>);

impl Recorder {
    pub(crate) fn events(&self) -> Vec<ApiEvent> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Recorder {
    fn on_event(&self, event: &ApiEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// An empty portfolio.
pub(crate) const EMPTY: &str = r#"{"data":[],"errors":[],"warnings":[]}"#;
