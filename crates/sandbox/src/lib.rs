//! Criteo sandbox.

pub mod entities;
pub mod reports;
pub mod world;
