//! Sending one request and reading one body.

use std::{error::Error as StdError, time::Duration};

use reqwest::{Client, RequestBuilder, Response, redirect, retry};
use tokio::time::timeout;

use super::failure::Failure;
use crate::{ClientOptions, Error};

/// Connections to Criteo and to the store of log-level files.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    /// Decompresses what comes.
    pub(crate) api: Client,
    /// Hands over what comes as it is stored.
    pub(crate) file_store: Client,
    read_timeout: Duration,
}

/// A connection that says nothing for long, as while Criteo computes a report, must not be
/// forgotten on the way.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

impl Transport {
    pub(crate) fn new(options: &ClientOptions) -> Result<Self, Error> {
        let build = |gzip: bool| {
            let mut builder = Client::builder()
                .user_agent(&options.user_agent)
                .connect_timeout(options.connect_timeout)
                // A redirect would carry the query, and to another host perhaps the token. Criteo's
                // API has none.
                .redirect(redirect::Policy::none())
                .referer(false)
                // Repeats are decided in one place, where the quota is paid for each.
                .retry(retry::never())
                .gzip(gzip)
                .tcp_keepalive(KEEP_ALIVE)
                .http2_keep_alive_interval(KEEP_ALIVE)
                .http2_keep_alive_timeout(KEEP_ALIVE);
            if options.base_url.is_loopback() {
                // A proxy from the environment cannot reach this machine's own loopback address.
                builder = builder.no_proxy();
            }
            if options.base_url.is_plain_http() {
                // Nothing is encrypted, so a machine without certificate authorities will do.
                builder = builder.tls_certs_only([]);
            }
            builder.build().map_err(|problem| {
                Error::configuration(format!(
                    "The HTTP client cannot be set up: {}. Are the certificates of the usual authorities (package \
                     ca-certificates) installed?",
                    chain(&problem)
                ))
            })
        };
        Ok(Self {
            api: build(true)?,
            file_store: build(false)?,
            read_timeout: options.read_timeout,
        })
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        patience: Duration,
    ) -> Result<Response, Failure> {
        match timeout(patience, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(problem)) => Err(Failure::Connection(match server_of(&problem) {
                Some(server) => format!("{server}: {}", describe(problem)),
                None => describe(problem),
            })),
            Err(_) => Err(Failure::TimedOut),
        }
    }

    /// The next piece of a body, or none at its end. `received` counts the bytes so far, and
    /// `limit` bounds them.
    pub(crate) async fn next_piece(
        &self,
        response: &mut Response,
        limit: u64,
        received: &mut u64,
    ) -> Result<Option<bytes::Bytes>, Failure> {
        let piece = match timeout(self.read_timeout, response.chunk()).await {
            Ok(Ok(Some(piece))) => piece,
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(problem)) => {
                return Err(Failure::Connection(format!(
                    "the body broke off: {}",
                    describe(problem)
                )));
            }
            Err(_) => return Err(Failure::TimedOut),
        };
        *received += piece.len() as u64;
        if *received > limit {
            return Err(Failure::BodyTooLarge { limit });
        }
        Ok(Some(piece))
    }

    /// What can be had of a small body: a token, or the explanation of a bad answer.
    pub(crate) async fn read_text(&self, mut response: Response, received: &mut u64) -> String {
        const ENOUGH: u64 = 256 * 1024;
        let mut body = Vec::new();
        // A body that breaks off is told by what is made of it: it shortens an explanation and is
        // no token.
        while let Ok(Some(piece)) = self.next_piece(&mut response, ENOUGH, received).await {
            body.extend_from_slice(&piece);
        }
        String::from_utf8_lossy(&body).into_owned()
    }
}

/// Who was asked: `api.criteo.com, port 443`. The rest of an address is not told, since that of a log-level file is a
/// secret.
fn server_of(problem: &reqwest::Error) -> Option<String> {
    let url = problem.url()?;
    let port = url.port_or_known_default()?;
    Some(format!("{}, port {port}", url.host_str()?))
}

/// An error of the HTTP library in words, without the address: that of a log-level file is a
/// secret.
pub(crate) fn describe(problem: reqwest::Error) -> String {
    let is_connection = problem.is_connect();
    let problem = problem.without_url();
    // The outermost text says that sending failed, and the next one at which step, which is known here.
    match problem.source().and_then(StdError::source) {
        Some(reason) if is_connection => chain(reason),
        _ => chain(&problem),
    }
}

/// An error and its causes. The outer texts alone say too little ("error sending request").
fn chain(problem: &dyn StdError) -> String {
    let mut text = problem.to_string();
    let mut cause = problem.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}
