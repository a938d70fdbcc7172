//! Where one call goes.

use std::time::Duration;

use bytes::Bytes;
use url::Url;

use crate::{Budget, ClientOptions, Error, LogFileUrl, Media, Method, Request};

/// One call, checked and spelled out, ready to be sent any number of times.
#[derive(Debug)]
pub(crate) struct Route {
    /// The name that events and errors carry.
    pub(crate) operation: &'static str,
    pub(crate) budget: Budget,
    pub(crate) method: Method,
    /// May hold a signature: never printed.
    pub(crate) url: Hidden<Url>,
    pub(crate) body: Option<Bytes>,
    pub(crate) accept: &'static str,
    /// The longest silence before the answer begins.
    pub(crate) patience: Duration,
    /// The most bytes of body accepted, after decompression.
    pub(crate) body_limit: u64,
    pub(crate) destination: Destination,
}

/// Who is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Criteo's API, with a token.
    Api,
    /// A file store, without one.
    FileStore,
}

impl Route {
    pub(crate) fn to_operation(request: &Request, options: &ClientOptions) -> Result<Self, Error> {
        let operation = request.operation;
        Ok(Self {
            operation: operation.id,
            budget: operation.budget,
            method: operation.method,
            url: Hidden(request.url(&options.base_url)?),
            body: request
                .body
                .as_ref()
                .map(|body| Bytes::from(body.to_string())),
            accept: match operation.media {
                Media::Envelope | Media::BareJson => "application/json",
                Media::Report => "*/*",
                Media::Html => "text/html, application/json;q=0.5",
            },
            patience: if operation.is_report() {
                options.report_timeout
            } else {
                options.read_timeout
            },
            body_limit: options.max_body_bytes,
            destination: Destination::Api,
        })
    }

    /// Bounds the body further.
    pub(crate) fn with_body_limit(mut self, limit: u64) -> Self {
        self.body_limit = self.body_limit.min(limit);
        self
    }

    pub(crate) fn to_log_file(url: &LogFileUrl, options: &ClientOptions) -> Result<Self, Error> {
        Ok(Self {
            operation: "LogFile",
            budget: Budget::Unmetered,
            method: Method::Get,
            url: Hidden(url.parse()?),
            body: None,
            accept: "*/*",
            patience: options.read_timeout,
            body_limit: options.max_body_bytes,
            destination: Destination::FileStore,
        })
    }
}

/// A value that `Debug` does not show.
#[derive(Clone)]
pub(crate) struct Hidden<T>(pub(crate) T);

impl<T> std::fmt::Debug for Hidden<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[hidden]")
    }
}
