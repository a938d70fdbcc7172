//! One request without a key: does Criteo answer, what does its clock say, does it still serve this version?

use std::time::Duration;

use http::{StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout};

use crate::call::{Transport, describe};
use crate::quota::date;
use crate::{ClientOptions, Error, Operation, Refusal, Request};

/// An answer to a request without a key. From Criteo it is a refusal (401), which costs no quota as far as is known.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Knock {
    /// The answer, read as a refusal.
    pub answer: Refusal,
    /// Whether the body is JSON, as everything is that Criteo says about errors. A page comes from something in between.
    pub is_json: bool,
    /// The host that a redirect leads to. Criteo's API has no redirects.
    pub redirects_to: Option<String>,
    /// How far our clock is ahead of the `Date` header (negative: behind), if there was one. It tells whole seconds.
    pub clock_lead: Option<SignedDuration>,
    /// Whether Criteo marks the version as ending, by its `Deprecation` or `Sunset` header.
    pub is_deprecated: bool,
    /// The `Sunset` header as sent.
    pub sunset: Option<String>,
    /// From sending until the head of the answer.
    pub elapsed: Duration,
}

/// No answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KnockFailure {
    /// No connection could be made; after TCP worked, that is TLS, or a proxy that refuses.
    #[error("{0}")]
    Connection(String),
    /// The connection was made, and broke.
    #[error("{0}")]
    Broken(String),
    /// Nothing came in time.
    #[error("nothing came in {0:.0?}")]
    TimedOut(Duration),
}

/// Asks Criteo for the app without saying who asks, once and without repeats.
///
/// # Errors
/// [`Error::Configuration`] when the options cannot work. The inner result says whether an answer came.
pub async fn knock(options: &ClientOptions) -> Result<Result<Knock, KnockFailure>, Error> {
    let transport = Transport::new(options)?;
    let url = Request::new(Operation::CURRENT_APPLICATION).url(&options.base_url)?;
    let request = transport
        .api
        .get(url)
        .header(header::ACCEPT, "application/json");
    let (started, asked_at) = (Instant::now(), Timestamp::now());
    let response = match timeout(options.read_timeout, request.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => {
            let is_connection = problem.is_connect();
            let is_timeout = problem.is_timeout();
            let text = describe(problem);
            return Ok(Err(if is_timeout {
                KnockFailure::TimedOut(started.elapsed())
            } else if is_connection {
                KnockFailure::Connection(text)
            } else {
                KnockFailure::Broken(text)
            }));
        }
        Err(_) => return Ok(Err(KnockFailure::TimedOut(started.elapsed()))),
    };
    let elapsed = started.elapsed();
    let headers = response.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let sunset = text("sunset").map(str::to_owned);
    let is_deprecated =
        sunset.is_some() || text("deprecation").is_some_and(|value| value != "false");
    let clock_lead = date(headers).map(|theirs| lead(asked_at, elapsed, theirs));
    let redirects_to = text(header::LOCATION.as_str())
        .filter(|_| response.status().is_redirection())
        .and_then(|location| response.url().join(location).ok())
        .and_then(|target| target.host_str().map(str::to_owned));
    let status: StatusCode = response.status();
    let body = transport.read_text(response, &mut 0).await;
    let is_json = serde_json::from_str::<serde_json::Value>(body.trim_start_matches('\u{feff}'))
        .is_ok_and(|value| value.is_object());
    Ok(Ok(Knock {
        answer: Refusal::read(status.as_u16(), &body),
        is_json,
        redirects_to,
        clock_lead,
        is_deprecated,
        sunset,
        elapsed,
    }))
}

/// Our clock's lead. Criteo wrote its date somewhere between our question and its answer; the middle is the best guess.
fn lead(asked_at: Timestamp, elapsed: Duration, theirs: Timestamp) -> SignedDuration {
    let half = SignedDuration::try_from(elapsed / 2).unwrap_or_default();
    asked_at.duration_since(theirs) + half
}
