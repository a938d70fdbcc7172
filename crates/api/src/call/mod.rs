//! Making one call, as often as it takes.

mod attempt;
mod caller;
mod failure;
mod json;
mod persistence;
mod route;
mod scrub;
mod token;
mod transport;

pub(crate) use caller::Caller;
pub(crate) use json::{JsonSink, MalformedJson};
pub(crate) use route::Route;
pub(crate) use transport::{Transport, describe};
