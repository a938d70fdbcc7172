//! What the tests have in common: a sandbox and a configured folder, a destination, the command as a process, the truth as
//! the sandbox tells it, and the comparison of both.
//!
//! Values are brought into one form here and not by the engine's decoder, so that a value which the decoder misreads
//! shows. From the engine comes the catalog alone: names, types and paths.

mod cell;
mod comparison;
mod expected;
pub(crate) mod guide;
mod parallel;
pub(crate) mod proof;
pub(crate) mod restated;
mod run;
mod settings;
pub(crate) mod small_world;
pub(crate) mod snapshot;
mod stage;
mod table;
pub(crate) mod target;
pub(crate) mod terminal;

pub(crate) use parallel::in_parallel;
pub(crate) use run::Run;
pub(crate) use settings::Settings;
pub(crate) use stage::{Expectation, Stage};
pub(crate) use target::{Target, TargetKind};
