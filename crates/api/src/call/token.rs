//! The access token: one request for it at a time, however many calls want it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::HeaderValue;
use reqwest::header;
use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, de};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::{failure::Failure, persistence::Persistence, scrub::Scrubber, transport::Transport};
use crate::{
    ApiEvent, ClientOptions, Credentials, Error, Refusal, RetryReason, quota::RateHeaders,
};

/// The name that events and errors carry.
const OPERATION: &str = "Token";

/// A token with the header that it travels in.
#[derive(Clone)]
pub(crate) struct Token {
    /// `Bearer ...`, marked so that no log shows it.
    pub(crate) authorization: HeaderValue,
    /// Which of the tokens so far this is.
    generation: u64,
    refresh_at: Instant,
}

/// Gets tokens by the client-credentials grant and keeps the current one.
pub(crate) struct TokenSource {
    credentials: Credentials,
    url: Url,
    /// Held while a token is requested, so that everybody else waits for that one.
    flight: tokio::sync::Mutex<Flight>,
    /// The current token, readable while a new one is on its way.
    current: Mutex<Option<Token>>,
}

#[derive(Default)]
struct Flight {
    generation: u64,
    /// How the last request failed, for those who were waiting for it.
    failed: Option<FailedFlight>,
}

struct FailedFlight {
    at: Instant,
    failure: Failure,
    attempts: u32,
    elapsed: Duration,
}

impl TokenSource {
    pub(crate) fn new(credentials: Credentials, options: &ClientOptions) -> Result<Self, Error> {
        let mut url = options.base_url.url().clone();
        url.path_segments_mut()
            .map_err(|()| Error::configuration("The API address cannot carry a path"))?
            .pop_if_empty()
            // The one path without a version.
            .extend(["oauth2", "token"]);
        Ok(Self {
            credentials,
            url,
            flight: tokio::sync::Mutex::default(),
            current: Mutex::default(),
        })
    }

    /// A token that is good for a while.
    pub(crate) async fn get(
        &self,
        transport: &Transport,
        options: &ClientOptions,
        notify: impl Fn(&ApiEvent),
    ) -> Result<Token, Error> {
        let asked_at = Instant::now();
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        let mut flight = self.flight.lock().await;
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        // The request that this caller was waiting for has failed after all its repeats; it speaks
        // for this caller too.
        if let Some(failed) = flight
            .failed
            .as_ref()
            .filter(|failed| failed.at >= asked_at)
        {
            return Err(failed.to_error());
        }
        flight.generation += 1;
        match self
            .request(transport, options, flight.generation, notify)
            .await
        {
            Ok(token) => {
                flight.failed = None;
                *self.current() = Some(token.clone());
                Ok(token)
            }
            Err(failed) => {
                let error = failed.to_error();
                flight.failed = Some(failed);
                Err(error)
            }
        }
    }

    /// Forgets a token that Criteo refused, unless somebody has replaced it already.
    pub(crate) fn discard(&self, refused: &Token) {
        let mut current = self.current();
        if current
            .as_ref()
            .is_some_and(|token| token.generation == refused.generation)
        {
            *current = None;
        }
    }

    /// Knows the secret and the current token, to remove them from texts.
    pub(crate) fn scrubber(&self) -> Scrubber {
        let scrubber = Scrubber::default().with(self.credentials.client_secret.expose_secret());
        match self.current().as_ref() {
            Some(token) => scrubber.with(token.text()),
            None => scrubber,
        }
    }

    fn fresh(&self) -> Option<Token> {
        let now = Instant::now();
        self.current()
            .clone()
            .filter(|token| token.refresh_at > now)
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a token until one comes or patience ends.
    async fn request(
        &self,
        transport: &Transport,
        options: &ClientOptions,
        generation: u64,
        notify: impl Fn(&ApiEvent),
    ) -> Result<Token, FailedFlight> {
        let mut persistence = Persistence::new(&options.retry);
        loop {
            let attempt = persistence.begin();
            let failure =
                match timeout_at(persistence.deadline(), self.attempt(transport, options)).await {
                    Ok(Ok((answer, asked_at))) => match answer.into_token(asked_at, generation) {
                        Ok((token, expires_in)) => {
                            notify(&ApiEvent::TokenRefreshed { expires_in });
                            return Ok(token);
                        }
                        Err(failure) => failure,
                    },
                    Ok(Err(failure)) => failure,
                    Err(_) => Failure::TimedOut,
                };
            let Some(wait) = persistence.after(&failure) else {
                return Err(FailedFlight {
                    at: Instant::now(),
                    failure,
                    attempts: persistence.attempts(),
                    elapsed: persistence.elapsed(),
                });
            };
            notify(&ApiEvent::Retry {
                operation: OPERATION,
                attempt,
                wait,
                reason: failure.reason(),
            });
            sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        transport: &Transport,
        options: &ClientOptions,
    ) -> Result<(TokenAnswer, Instant), Failure> {
        let asked_at = Instant::now();
        // Form encoding matters: a bare `+` in a secret would arrive as a blank.
        let request = transport
            .api
            .post(self.url.clone())
            .header(header::ACCEPT, "application/json")
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", &self.credentials.client_id),
                (
                    "client_secret",
                    self.credentials.client_secret.expose_secret(),
                ),
            ]);
        let response = transport.send(request, options.read_timeout).await?;
        let status = response.status();
        let rate = RateHeaders::read(response.headers(), jiff::Timestamp::now());
        let body = transport.read_text(response, &mut 0).await;
        if !status.is_success() {
            let refusal = self
                .scrubber()
                .refusal(Refusal::read(status.as_u16(), &body));
            return Err(Failure::Refused {
                refusal: Box::new(refusal),
                reset: rate.reset,
            });
        }
        match serde_json::from_str(&body) {
            Ok(answer) => Ok((answer, asked_at)),
            // The body may hold a token, so only the place of the fault is told.
            Err(problem) => Err(Failure::Damaged(format!(
                "it is not a token answer (line {}, column {})",
                problem.line(),
                problem.column()
            ))),
        }
    }
}

impl FailedFlight {
    fn to_error(&self) -> Error {
        let error = self
            .failure
            .clone()
            .into_error(OPERATION, self.attempts, self.elapsed);
        match error {
            // A time-out of a call asks for a smaller call, and a token cannot be had in smaller
            // pieces.
            Error::TimedOut {
                operation,
                attempts,
                elapsed,
            } => Error::Transient {
                operation,
                attempts,
                elapsed,
                last: RetryReason::TimedOut,
                refusal: None,
            },
            other => other,
        }
    }
}

impl Token {
    /// The token itself. Empty if it holds bytes beyond ASCII, which no header could show as text
    /// either.
    pub(crate) fn text(&self) -> &str {
        let header = self.authorization.to_str().unwrap_or_default();
        header.strip_prefix("Bearer ").unwrap_or_default()
    }
}

/// Criteo's answer; its `refresh_token` is null for this grant and is not read.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(deserialize_with = "seconds")]
    expires_in: u64,
}

impl TokenAnswer {
    fn into_token(self, asked_at: Instant, generation: u64) -> Result<(Token, Duration), Failure> {
        let is_bearer = self
            .token_type
            .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        if !is_bearer {
            return Err(Failure::Damaged(
                "the token is not a bearer token".to_owned(),
            ));
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", self.access_token))
            .map_err(|_| Failure::Damaged("the token cannot stand in a header".to_owned()))?;
        authorization.set_sensitive(true);
        let expires_in = Duration::from_secs(self.expires_in);
        let token = Token {
            authorization,
            generation,
            // Counted from the question, since the life may have begun any time after it.
            refresh_at: asked_at + usable_for(expires_in),
        };
        Ok((token, expires_in))
    }
}

/// How long a token is used: until a minute before its end, or 80 % of its life if it lives for
/// less than five minutes.
fn usable_for(expires_in: Duration) -> Duration {
    let minute_before = expires_in.saturating_sub(Duration::from_secs(60));
    minute_before.max(expires_in.mul_f64(0.8))
}

/// A number of seconds, also as text: Criteo's own SDK tests show both.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Whole(u64),
        Decimal(f64),
        Text(String),
    }
    // Tokens live for minutes; a day is more than any clock arithmetic needs.
    const LONGEST: u64 = 24 * 60 * 60;
    match Seconds::deserialize(deserializer)? {
        Seconds::Whole(seconds) => Ok(seconds),
        Seconds::Decimal(seconds) => Duration::try_from_secs_f64(seconds)
            .map(|duration| duration.as_secs())
            .map_err(de::Error::custom),
        Seconds::Text(text) => text.trim().parse().map_err(de::Error::custom),
    }
    .map(|seconds| seconds.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_come_as_numbers_and_as_texts() {
        for (text, expected) in [
            ("900", Some(900)),
            ("\"299\"", Some(299)),
            ("900.0", Some(900)),
            ("99999999999", Some(86_400)),
            ("\"soon\"", None),
            ("-1", None),
            ("null", None),
        ] {
            let body = format!(
                r#"{{"access_token":"t","token_type":"bearer","expires_in":{text},"refresh_token":null}}"#
            );
            let answer = serde_json::from_str::<TokenAnswer>(&body);
            assert_eq!(
                answer.ok().map(|answer| answer.expires_in),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_token_is_replaced_before_it_ends() {
        for (life, used) in [(900, 840), (3600, 3540), (120, 96), (10, 8), (0, 0)] {
            assert_eq!(
                usable_for(Duration::from_secs(life)),
                Duration::from_secs(used),
                "{life}"
            );
        }
    }
}
