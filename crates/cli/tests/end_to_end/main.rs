//! The built command against the sandbox, and every row and column that it lands against the sandbox's truth.

mod support;

mod density;
mod faults;
mod restatement;
mod truth;
