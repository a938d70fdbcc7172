//! The client against small servers on this machine, each playing one part of Criteo.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod body;
mod entities;
mod events;
mod knock;
mod quotas;
mod refusals;
mod retries;
mod secrets;
mod server;
mod tokens;
mod wire;
