//! A pretend Criteo that is honest.
//!
//! The sandbox answers the read operations of Criteo's Marketing Solutions API 2026-07 from a seeded world, with
//! Criteo's limits, caps and quirks, on a simulated calendar, and with faults on demand. It also answers what is true:
//! the exact, uncapped rows of any report, for tests to compare with what a client landed.
//!
//! It is an independent reading of Criteo's contract and shares no code with any client of it.
//!
//! ```
//! use criteo_sandbox::{FaultKind, FaultRule, Sandbox, SandboxConfig};
//!
//! let sandbox = Sandbox::start(SandboxConfig::default())?;
//! sandbox.add_fault(FaultRule::new(FaultKind::Reset).on_path("statistics").on_calls([2]))?;
//! println!("Point a client at {}", sandbox.url());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admin;
mod consent;
pub mod entities;
mod faults;
pub mod reports;
mod sandbox;
pub mod scenario;
mod server;
pub mod world;

pub use admin::truth::{TrueEntity, Truth};
pub use consent::{
    Approval, CallbackRecord, ConnectorSettings, ConsentRefusal, DEMO_CONNECTOR_PRIVATE_KEY,
    DEMO_CONNECTOR_PUBLIC_KEY,
};
pub use faults::{ActiveRule, FaultKind, FaultRule, Framing};
pub use sandbox::{Sandbox, SandboxConfig, StartError};
pub use scenario::{ClockSettings, Scenario, ScenarioError};
pub use server::calls::CallRecord;
pub use server::limiter::Limits;
pub use server::state::ConsentSettings;
pub use server::tokens::{
    ANALYTICS_READ, CAMPAIGN_READ, CREATIVE_READ, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, KeyPair,
    TokenSettings,
};
