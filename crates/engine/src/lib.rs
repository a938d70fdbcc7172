//! Criteo engine.
