//! The Singer protocol.
