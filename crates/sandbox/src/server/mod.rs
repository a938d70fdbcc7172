//! The HTTP side: one chain that every call goes through ([`chain`]), driven by one table of operations
//! ([`operations`]).

pub(crate) mod answers;
pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod chain;
pub(crate) mod clock;
pub(crate) mod limiter;
mod log_files;
mod marketplace;
pub(crate) mod operations;
pub(crate) mod payload;
pub(crate) mod problem;
mod rendering;
pub(crate) mod state;
mod token_endpoint;
pub(crate) mod tokens;
pub(crate) mod transport;
