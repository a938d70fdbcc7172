//! Faults on demand: an error page, a reset, a body cut short, a value that fits no type.
//!
//! A [`FaultRule`] says what goes wrong and for which calls. Rules come from a scenario file, over the admin endpoint
//! or from a test. Some faults act before a call is answered ([`before`]), some on the rows of the answer ([`rows`]),
//! some on its bytes ([`wire`]).

pub(crate) mod before;
mod matching;
pub(crate) mod rows;
mod rule;
pub(crate) mod wire;

pub use matching::ActiveRule;
pub(crate) use matching::{FaultEngine, Target};
pub(crate) use rule::Fault;
pub use rule::{FaultKind, FaultRule, Framing};
