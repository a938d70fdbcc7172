//! A client for the read side of Criteo's Marketing Solutions API, version 2026-07: correct, and
//! polite.
//!
//! * **All 40 read operations** that an app with the Analytics, Campaigns and Creatives permissions
//!   reaches, typed ([`Client`]), and as data ([`Operation::ALL`]).
//! * **Reports are streamed** into a [`BodySink`] as they arrive. What comes back is read again
//!   from the start when a body breaks off.
//! * **Quotas are kept before Criteo has to enforce them**: never more calls in any 60 seconds than
//!   granted, over all clones of a client, and fewer when Criteo's headers say so.
//! * **Every failure that may pass is retried**, also of `POST`s, which here only read. What
//!   remains is an [`Error`] whose variants are decisions a caller can take.
//! * **Consent without the portal**: signs consent URLs and verifies callbacks of apps with a
//!   Connector ([`connector`]).
//! * **Secrets stay secret**: no key, token or signed link stands in any text that this crate
//!   makes.
//!
//! ```no_run
//! use criteo_api::{Client, ClientOptions, Credentials};
//!
//! # async fn example() -> Result<(), criteo_api::Error> {
//! let credentials = Credentials::new("id", "secret");
//! let client = Client::new(credentials, ClientOptions::from_env(ClientOptions::default())?)?;
//! for advertiser in client.advertisers().await?.data {
//!     println!("{:?}: {:?}", advertiser.id, advertiser.attributes.advertiser_name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Facts about Criteo carry their source in words: "Criteo's OpenAPI 2026-07", "Criteo's docs", or
//! what others have seen. This crate was not written against the live API.

mod base_url;
mod call;
mod client;
pub mod connector;
pub mod contract;
mod credentials;
mod envelope;
mod error;
mod event;
mod knock;
mod log_file;
mod model;
mod open_enum;
mod operation;
mod options;
mod problem;
mod proxy;
mod query;
mod quota;
mod request;
mod sink;
mod version_life;

pub use base_url::BaseUrl;
pub use client::Client;
pub use credentials::Credentials;
pub use envelope::{Envelope, Resource};
pub use error::{Error, OauthFailure, Refusal};
pub use event::{ApiEvent, Observer, RetryReason};
pub use knock::{Knock, KnockFailure, knock};
pub use log_file::LogFileUrl;
pub use model::*;
pub use operation::{API_VERSION, Budget, Media, Method, Operation, Scope};
pub use options::{ClientOptions, RetryOptions};
pub use problem::{Problem, ProblemCategory};
pub use proxy::Proxy;
pub use query::*;
pub use request::Request;
pub use sink::{BodySink, MemorySink, SinkError};
pub use version_life::{VERSION_LIVES, VersionLife, VersionStage};
