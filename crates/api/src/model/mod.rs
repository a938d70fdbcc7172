//! What comes back, typed.
//!
//! Unknown members are ignored: a stable version of Criteo's API gains members over time. Whatever
//! may be null or absent is an `Option`.

mod ad;
mod ad_set;
mod application;
mod campaign;
mod creative;
mod marketplace;
mod targeting;
mod transparency;

pub use ad::*;
pub use ad_set::*;
pub use application::*;
pub use campaign::*;
pub use creative::*;
pub use marketplace::*;
pub use targeting::*;
pub use transparency::*;

use serde::{Deserialize, Serialize};

/// Criteo's wrapper around a value that may be missing: `{"value": null}`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Nillable<T> {
    /// The value.
    pub value: Option<T>,
}
