//! Criteo sandbox.
