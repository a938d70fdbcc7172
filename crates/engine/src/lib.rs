//! Criteo engine.

pub mod catalog;
