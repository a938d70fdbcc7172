//! Keeping within the app's quotas.

mod headers;
mod limiter;

pub(crate) use headers::{RateHeaders, Reset, date};
pub(crate) use limiter::Limiter;
