//! From what the ledger says to the windows that a run reads.
//!
//! [`needs`] finds the days by the rules of a [`lookback`], [`pool`] packs them into calls with the [`density`] known so far, [`period`] keeps
//! coarse reports at the borders of their weeks, months and years.

pub mod density;
pub mod lookback;
pub mod needs;
pub mod period;
pub mod pool;
pub mod summary;
