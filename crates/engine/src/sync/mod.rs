//! One run: every stream's windows read, loaded and remembered, in parallel within the quota.
//!
//! `run` begins and ends it, `prepare` makes the tables ready, `find` finds the work of each stream, `stream` takes windows from the plan, `window` reads and loads one,
//! splitting it where it has to, `resume` finds what an interrupted run left, `breaker` decides when a stream is
//! hopeless.

mod breaker;
mod context;
mod find;
mod loss;
mod prepare;
mod range;
mod replay;
mod resume;
mod run;
mod stream;
mod window;
mod work;

pub(crate) use context::selected;
pub(crate) use find::{advertisers_done, density_of, lookback, needs_of};
pub(crate) use loss::refuse_loss;
pub(crate) use prepare::{is_rebuilt, refuse_unsupported, windows_of_table};
pub(crate) use range::{Days, days_to_read, refuse_future};
pub(crate) use replay::{waiting, with_waiting};
pub(crate) use run::{configured, continuation, granted_advertisers, run};
pub(crate) use work::entity_units;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What a run is asked to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// Stream names; empty means every enabled stream. A stream named here is read even when it is not enabled.
    pub streams: Vec<String>,
    /// First day, instead of the configured one.
    pub from: Option<Date>,
    /// Last day, instead of the newest there is.
    pub to: Option<Date>,
    /// Read every day of the range again, whatever the ledger says.
    pub full_refresh: bool,
    /// Drop the tables of the selected streams first, for a changed grain, currency or time zone.
    pub rebuild: bool,
    /// Whether a rebuild may delete what cannot be read again. It changes nothing about what is read, so that a run which
    /// carries on need not be asked the same.
    #[serde(skip)]
    pub accept_loss: bool,
}
