//! The built command against the sandbox, and every row and column that it lands against the sandbox's truth.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    clippy::print_stdout,
    reason = "a test says what it measured, and what it had to leave out"
)]

mod support;

#[path = "../../../../tests/shared/python.rs"]
mod python;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;

/// A ClickHouse, as the engine's tests start it.
#[expect(dead_code, reason = "the engine's tests use the rest of it")]
#[path = "../../../engine/tests/destination_clickhouse/server.rs"]
mod server;

mod clickhouse;
mod density;
mod doors;
mod faults;
mod files;
mod history;
mod init;
mod kills;
mod lake_readers;
mod postgres;
mod proof;
mod query;
mod restatement;
mod secrets;
mod truth;
mod vacuum;
mod verify;
mod views;
