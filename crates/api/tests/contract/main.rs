//! Compares what the crate keeps of Criteo's contract with Criteo's OpenAPI file, so that drift
//! fails a test.
//!
//! The file is not part of the project. Its place is given by `CRITEO_OPENAPI`; Criteo publishes it
//! at `https://api.criteo.com/2026-07/marketingsolutions/open-api-specifications.json`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod answers;
mod document;
mod enumerations;
mod operations;
mod queries;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;
