//! What time it is, where the age of files is told.

use std::sync::Arc;

use jiff::Timestamp;

/// The wall clock. A machine that was asleep has to find its files older when it wakes, which no timer tells; and
/// `CRITEO_NOW`, which moves the calendar, does not make files older or younger for a `vacuum`.
#[derive(Clone)]
pub(super) struct WallClock(pub(super) Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl WallClock {
    /// The current instant.
    pub(super) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for WallClock {
    fn default() -> Self {
        Self(Arc::new(Timestamp::now))
    }
}
