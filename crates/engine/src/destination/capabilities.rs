//! What a destination can promise.

use schemars::JsonSchema;
use serde::Serialize;

#[cfg(doc)]
use super::{Destination, WindowLoad};

/// What a destination can promise. The engine reads it, and the reference page shows each field beside the
/// documentation comment that it has here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Capabilities {
    /// Name for people.
    pub name: &'static str,
    /// Rows and ledger entry become visible together, or not at all.
    pub atomic_windows: bool,
    /// Columns can be added to an existing table.
    pub adds_columns: bool,
    /// Money is held as an exact decimal.
    pub exact_decimals: bool,
    /// Column and table descriptions are stored.
    pub comments: bool,
    /// Several processes may write at the same time.
    pub concurrent_writers: bool,
    /// Replaced rows can be kept, each with the time for which it was the current one
    /// ([`Destination::keep_versions`]).
    pub keeps_versions: bool,
    /// What a window changes in days that were read before is recorded ([`WindowLoad::observation`]).
    pub records_changes: bool,
    /// Days before a horizon can be dropped ([`Destination::drop_days`]).
    pub drops_days: bool,
    /// It remembers what was loaded. Without a ledger a run reads everything that was selected.
    pub ledger: bool,
    /// It takes more than one stream.
    pub several_streams: bool,
    /// `criteo views` makes views for analysts in it ([`Destination::replace_views`]).
    pub views: bool,
}

impl Capabilities {
    /// The JSON Schema of these promises, with the documentation comments as descriptions.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::generate::SchemaSettings::draft2020_12()
            .into_generator()
            .into_root_schema_for::<Capabilities>()
            .to_value()
    }
}
