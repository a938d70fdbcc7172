//! A client for the sandbox's tests that is no client of Criteo's: `reqwest` for answers that arrive, bare sockets for
//! those that do not.

#![allow(dead_code, reason = "Each test file uses a part of it")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Sandbox, SandboxConfig, Scenario};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// A day in the middle of a small world's history.
pub(crate) const NOW: &str = "2026-11-23T10:00:00Z";

/// A sandbox that stands at [`NOW`], with a scenario.
pub(crate) fn sandbox(scenario: &str) -> Sandbox {
    let frozen = format!("[clock]\nnow = \"{NOW}\"\nfrozen = true\n{scenario}");
    Sandbox::start(SandboxConfig {
        scenario: Some(Scenario::from_toml(&frozen).unwrap()),
        ..SandboxConfig::default()
    })
    .unwrap()
}

/// A sandbox and a token for it.
pub(crate) struct Caller {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) token: String,
}

impl Caller {
    pub(crate) async fn new(scenario: &str) -> Self {
        Self::with_key(scenario, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET).await
    }

    pub(crate) async fn with_key(scenario: &str, id: &str, secret: &str) -> Self {
        let sandbox = sandbox(scenario);
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let answer = token(&client, &sandbox, id, secret).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Self {
            sandbox,
            client,
            token,
        }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.sandbox.url());
        self.client.get(url).bearer_auth(&self.token)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}{path}", self.sandbox.url());
        self.client.post(url).bearer_auth(&self.token).json(body)
    }

    pub(crate) fn admin_post(&self, path: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}/admin{path}", self.sandbox.url());
        self.client.post(url).json(body)
    }

    pub(crate) fn admin_get(&self, path: &str) -> RequestBuilder {
        self.client
            .get(format!("{}/admin{path}", self.sandbox.url()))
    }

    /// Calls and expects status 200 and JSON.
    pub(crate) async fn read(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn statistics(&self, body: &Value) -> Response {
        self.post(STATISTICS, body).send().await.unwrap()
    }

    /// The first advertiser's statistics by ad set and day, of the week before [`NOW`].
    pub(crate) fn week(&self) -> Value {
        week_of(&self.sandbox.advertiser_ids()[0])
    }

    /// The call as raw bytes, for clients of [`raw`].
    pub(crate) fn raw_report(&self, body: &Value) -> String {
        let body = body.to_string();
        let length = body.len();
        let token = &self.token;
        format!(
            "POST {STATISTICS} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    }
}

pub(crate) const STATISTICS: &str = "/2026-07/statistics/report";
pub(crate) const PLACEMENTS: &str = "/2026-07/placements/report";
pub(crate) const TRANSACTIONS: &str = "/2026-07/transactions/report";

pub(crate) fn week_of(advertiser_id: &str) -> Value {
    json!({
        "advertiserIds": advertiser_id,
        "dimensions": ["AdvertiserId", "AdsetId", "Day"],
        "metrics": ["Clicks", "Displays", "AdvertiserCost"],
        "currency": "EUR",
        "format": "json",
        "timezone": "UTC",
        "startDate": "2026-11-16",
        "endDate": "2026-11-22",
    })
}

pub(crate) async fn token(client: &Client, sandbox: &Sandbox, id: &str, secret: &str) -> Response {
    client
        .post(format!("{}/oauth2/token", sandbox.url()))
        .form(&[
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
        ])
        .send()
        .await
        .unwrap()
}

/// What a bare socket sees of an answer.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// How the connection ended: none is an orderly close.
    pub(crate) error: Option<std::io::ErrorKind>,
}

/// Sends bytes and reads until the connection ends, or two seconds bring nothing more.
pub(crate) fn raw(sandbox: &Sandbox, request: &str) -> Seen {
    let mut stream = TcpStream::connect(("127.0.0.1", sandbox.port())).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let error = loop {
        match stream.read(&mut piece) {
            Ok(0) => break None,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(error) => break Some(error.kind()),
        }
    };
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = match end {
        Some(end) => (bytes[..end].to_vec(), bytes[end + 4..].to_vec()),
        None => (bytes, Vec::new()),
    };
    Seen {
        head: String::from_utf8(head).unwrap().to_ascii_lowercase(),
        body,
        error,
    }
}
