//! The engine as a source of the platforms that people already run.
//!
//! Airbyte and Singer run a program, give it a configuration, a catalog and a state, and read records and new states from
//! its standard output. A door translates between these words and the engine's and has no logic of its own: what is
//! due, split, retried or given up is decided by the engine, as for every other destination.
//!
//! | module | |
//! |---|---|
//! | [`configuration`] | the platform's configuration as the engine's, and the form that describes it |
//! | [`stream`] | a stream as a platform sees it: columns, key, selection |
//! | [`ledger`] | the platform's state as the engine's ledger |
//! | [`destination`] | the platform as a destination: windows become records and checkpoints |
//! | `window`, `rows`, `output` | records as bytes, on one pipe |
//! | [`keys`] | the keys of what was delivered, so that rows that vanish can be deleted |
//! | [`airbyte`], [`singer`] | the protocols |

pub mod airbyte;
pub mod configuration;
pub mod destination;
mod error;
pub mod keys;
pub mod ledger;
pub mod narration;
pub mod output;
mod request;
mod rows;
mod run;
pub mod singer;
pub mod stream;
mod window;

pub use error::DoorError;
