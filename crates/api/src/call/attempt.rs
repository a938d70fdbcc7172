//! One attempt at a call.

use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use reqwest::{RequestBuilder, Response};

use super::{
    caller::Caller,
    failure::Failure,
    route::{Destination, Route},
    token::Token,
};
use crate::{ApiEvent, BodySink, Method, Refusal, SinkError, quota::RateHeaders};

/// How far an attempt came.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) status: Option<u16>,
    pub(super) bytes: u64,
}

/// An attempt failed.
#[derive(Debug)]
pub(super) enum Setback {
    /// On the way, or by Criteo's decision.
    Failure(Failure),
    /// By the reader's decision.
    Sink(SinkError),
}

impl From<Failure> for Setback {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<SinkError> for Setback {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

impl Caller {
    pub(super) async fn attempt<S: BodySink>(
        &self,
        route: &Route,
        token: Option<&Token>,
        sink: &mut S,
        progress: &mut Progress,
    ) -> Result<S::Output, Setback> {
        let request = self.request(route, token);
        let mut response = self.transport.send(request, route.patience).await?;
        progress.status = Some(response.status().as_u16());
        let rate = self.heed(route, response.headers());
        if !response.status().is_success() {
            // A reset stands on every answer. It is an order only where the quota is spent; else a
            // call that failed would wait for the end of a minute that it has nothing to do with.
            let must_wait = response.status() == StatusCode::TOO_MANY_REQUESTS
                || rate.remaining == Some(0)
                || response.headers().contains_key(header::RETRY_AFTER);
            let refusal = self
                .read_refusal(route, token, response, &mut progress.bytes)
                .await;
            return Err(Setback::Failure(Failure::Refused {
                refusal: Box::new(refusal),
                reset: rate.reset.filter(|_| must_wait),
            }));
        }
        sink.begin();
        while let Some(piece) = self
            .transport
            .next_piece(&mut response, route.body_limit, &mut progress.bytes)
            .await?
        {
            sink.chunk(&piece)?;
        }
        Ok(sink.finish()?)
    }

    fn request(&self, route: &Route, token: Option<&Token>) -> RequestBuilder {
        let client = match route.destination {
            Destination::Api => &self.transport.api,
            Destination::FileStore => &self.transport.file_store,
        };
        let url = route.url.0.clone();
        let mut request = match route.method {
            Method::Get => client.get(url),
            Method::Post => client.post(url),
        }
        .header(header::ACCEPT, route.accept);
        if let Some(body) = &route.body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, token.authorization.clone());
        }
        request
    }

    /// Obeys what the headers say about quotas, and passes on what they say about the operation's
    /// end.
    fn heed(&self, route: &Route, headers: &HeaderMap) -> RateHeaders {
        let rate = RateHeaders::read(headers, Timestamp::now());
        if rate.limit.is_some() || rate.remaining.is_some() {
            self.notify(&ApiEvent::QuotaTold {
                budget: route.budget,
                limit: rate.limit,
                remaining: rate.remaining,
                reset: rate.reset.map(|reset| reset.at),
            });
        }
        if let Some(limiter) = self.limiter(route.budget) {
            if let Some(per_minute) = rate.limit.filter(|limit| limiter.lower(*limit)) {
                self.notify(&ApiEvent::QuotaLowered {
                    budget: route.budget,
                    per_minute,
                });
            }
            if let (Some(0), Some(reset)) = (rate.remaining, rate.reset) {
                self.block(limiter, reset.wait);
            }
        }
        let sunset = headers.get("sunset");
        let deprecation = headers.get("deprecation").filter(|value| *value != "false");
        if (sunset.is_some() || deprecation.is_some()) && self.is_news(route.operation) {
            self.notify(&ApiEvent::Deprecated {
                operation: route.operation,
                sunset: sunset
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned),
            });
        }
        rate
    }

    async fn read_refusal(
        &self,
        route: &Route,
        token: Option<&Token>,
        response: Response,
        bytes: &mut u64,
    ) -> Refusal {
        let status = response.status();
        let target = response
            .headers()
            .get(header::LOCATION)
            .filter(|_| status.is_redirection())
            .and_then(|location| response.url().join(location.to_str().ok()?).ok())
            .and_then(|target| target.host_str().map(str::to_owned));
        let body = self.transport.read_text(response, bytes).await;
        let mut refusal = Refusal::read(status.as_u16(), &body);
        if let Some(host) = target {
            refusal.body = format!("a redirect to {host}, which is not followed");
        }
        let mut scrubber = self.tokens.scrubber();
        if let Some(token) = token {
            // Not always the current one: another call may have replaced it.
            scrubber = scrubber.with(token.text());
        }
        if route.destination == Destination::FileStore {
            scrubber = scrubber.with_signed_url(&route.url.0);
        }
        scrubber.refusal(refusal)
    }
}
