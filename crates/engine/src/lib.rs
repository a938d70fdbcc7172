//! The engine of criteo-connector: plan, read, decode, spool, load, remember.
//!
//! One engine serves every door (the command line, protocols, a web page): a door builds a [`Config`], opens an
//! [`Engine`] and listens to [`event::Event`]s. The modules follow the data's path:
//!
//! | module | |
//! |---|---|
//! | [`config`], [`catalog`] | what the user wants; what Criteo has |
//! | [`stream_spec`] | both, resolved to streams ready to be read |
//! | [`ledger`], [`plan`] | what is loaded; which windows to read next |
//! | [`source`], [`decode`] | calls to Criteo; bytes to typed Arrow |
//! | [`spool`], [`destination`] | decoded windows on disk; tables and ledger |
//! | [`sync`] | runs them together, splits, retries, quarantines |
//! | [`consent`] | who let the app read, and waiting for more |
//! | [`status`](mod@status), [`doctor`], [`verify`] | what is loaded; whether a sync could work; whether the sums are Criteo's |
//! | [`introduce`], [`application_of`], [`reach_of`] | several connections with one destination; whose key this is, and what it may read |

mod application;
pub mod calendar;
pub mod catalog;
pub mod config;
pub mod consent;
pub mod decode;
pub mod destination;
pub mod doctor;
mod engine;
pub mod error;
pub mod event;
pub mod ledger;
mod neighbours;
pub mod plan;
pub mod schema;
pub mod source;
pub mod spool;
mod state_folder;
pub mod status;
pub mod stream_spec;
pub mod sync;
pub mod verify;

pub use application::{Application, Reach, application_of, reach_of};
pub use config::Config;
pub use engine::{Engine, client};
pub use error::EngineError;
pub use event::{Event, Outcome, Reporter, RunSummary};
pub use neighbours::{Neighbours, introduce};
pub use plan::summary::Plan;
pub use state_folder::state_folder;
pub use status::{maturation, status};
pub use stream_spec::StreamSpec;
pub use sync::Selection;
