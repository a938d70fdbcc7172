//! The log-level report's query.

use jiff::civil::Date;
use serde::Serialize;

use super::check_days;
use crate::Error;

/// Which days' log-level files are wanted. Body of `POST /log-level/advertisers/{id}/report`, from
/// Criteo's OpenAPI 2026-07. Criteo's docs: 30 days are kept, ending yesterday; older days bring no
/// files and no error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransparencyQuery {
    /// The first day.
    pub start_date: Date,
    /// The last day, included.
    pub end_date: Date,
    /// Whether the files name the products shown.
    pub should_display_product_ids: bool,
}

impl TransparencyQuery {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        check_days(self.start_date, self.end_date)
    }
}
