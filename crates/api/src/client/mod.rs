//! The client: one method for each read operation.

mod campaigns;
mod creatives;
mod marketplace;
mod portfolio;
mod reports;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::{
    ApiEvent, ClientOptions, Credentials, Envelope, Error, Media, MemorySink, Operation, Refusal,
    Request,
    call::{Caller, JsonSink, MalformedJson, Route},
};

/// The largest body that is held in memory, whatever the options allow for streaming.
const LARGEST_IN_MEMORY: u64 = 512 << 20;

/// Speaks to Criteo on behalf of one app.
///
/// Clones share the token, the connections and, above all, the quotas: make one client for an app
/// and clone it. Two clients for one app would each believe they had the whole quota.
#[derive(Clone)]
pub struct Client {
    caller: Arc<Caller>,
}

impl Client {
    /// Makes a client. Nothing is sent before the first call.
    ///
    /// # Errors
    /// [`Error::Configuration`] when the options cannot work, or the machine has no certificate
    /// authorities to check Criteo's certificate with.
    pub fn new(credentials: Credentials, options: ClientOptions) -> Result<Self, Error> {
        let caller = Caller::new(credentials, options)?;
        Ok(Self {
            caller: Arc::new(caller),
        })
    }

    /// Makes any call and gives the body as it came: the way to data that the typed methods would
    /// narrow.
    ///
    /// JSON is checked to be whole, its `warnings` become events, and its `errors`, if there are
    /// any, become [`Error::Rejected`], as with the typed methods. The body is held in memory and
    /// may have 512 MiB at most; large reports belong into a sink.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn fetch(&self, request: &Request) -> Result<Bytes, Error> {
        let route =
            Route::to_operation(request, &self.caller.options)?.with_body_limit(LARGEST_IN_MEMORY);
        if !matches!(request.operation.media, Media::Envelope | Media::BareJson) {
            return self.caller.call(&route, &mut MemorySink::default()).await;
        }
        let operation = request.operation.id;
        let (body, tidings) = self
            .caller
            .call(&route, &mut JsonSink::default())
            .await
            .map_err(|error| match error {
                // The check of the JSON is ours, so its failure is told as such, not as that of
                // somebody's sink.
                Error::Sink { operation, source } if source.is::<MalformedJson>() => {
                    Error::UnexpectedBody {
                        operation,
                        problem: self.caller.scrub_text(source.to_string()),
                    }
                }
                other => other,
            })?;
        for problem in tidings.warnings {
            self.caller.notify(&ApiEvent::Warning {
                operation,
                problem: self.caller.scrub(problem),
            });
        }
        if tidings.errors.is_empty() {
            Ok(body)
        } else {
            let refusal = Refusal::read(200, &String::from_utf8_lossy(&body));
            Err(Error::Rejected {
                operation,
                refusal: Box::new(self.caller.scrub_refusal(refusal)),
            })
        }
    }

    /// A body in Criteo's envelope.
    async fn envelope<T: DeserializeOwned>(&self, request: Request) -> Result<Envelope<T>, Error> {
        debug_assert_eq!(request.operation.media, Media::Envelope);
        self.json(request).await
    }

    /// A list in Criteo's envelope. The contract lets `data` be null, which is an empty list.
    async fn list<T: DeserializeOwned>(&self, request: Request) -> Result<Envelope<Vec<T>>, Error> {
        let envelope: Envelope<Option<Vec<T>>> = self.envelope(request).await?;
        Ok(envelope.map(Option::unwrap_or_default))
    }

    /// A JSON body of any shape.
    async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        let operation = request.operation.id;
        // Links to log files are secrets that nobody can know beforehand, and serde quotes what it cannot read.
        let may_quote = request.operation != Operation::TRANSPARENCY_REPORT;
        let body = self.fetch(&request).await?;
        let mut deserializer = serde_json::Deserializer::from_slice(&body);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|problem| {
            Error::UnexpectedBody {
                operation,
                problem: if may_quote {
                    self.caller
                        .scrub_text(format!("at {}: {}", problem.path(), problem.inner()))
                } else {
                    format!("at {}", problem.path())
                },
            }
        })
    }

    /// An HTML page, which the contract also allows to come as a JSON text.
    async fn page(&self, request: Request) -> Result<String, Error> {
        let operation = request.operation.id;
        let body = self.fetch(&request).await?;
        if let Ok(text) = serde_json::from_slice(&body) {
            return Ok(text);
        }
        String::from_utf8(body.into()).map_err(|problem| Error::UnexpectedBody {
            operation,
            problem: format!("the page is not UTF-8: {problem}"),
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").finish_non_exhaustive()
    }
}
