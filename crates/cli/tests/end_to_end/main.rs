//! The built command against the sandbox, and every row and column that it lands against the sandbox's truth.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

mod density;
mod faults;
mod kills;
mod restatement;
mod truth;
mod verify;
