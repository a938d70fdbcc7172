//! Log-level files.
