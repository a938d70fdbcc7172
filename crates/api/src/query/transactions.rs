//! The transactions report's query.

use jiff::civil::Date;
use serde::Serialize;

use super::{ReportFormat, check_report, comma_separated};
use crate::{Error, open_enum::open_enum};

/// What a transactions report shows: attributes in the body of `POST /transactions/report`, from
/// Criteo's OpenAPI 2026-07. The columns are fixed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionsQuery {
    /// At least one.
    #[serde(serialize_with = "comma_separated")]
    pub advertiser_ids: Vec<String>,
    /// ISO 4217, three capitals.
    pub currency: String,
    /// Only events of this kind; none means both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<TransactionEventType>,
    /// How the answer is written. Always sent: Criteo's docs and its OpenAPI disagree about the
    /// default.
    pub format: ReportFormat,
    /// IANA name of the zone that times are told in.
    pub timezone: String,
    /// The first day, in that zone. Criteo keeps two years.
    pub start_date: Date,
    /// The last day, included.
    pub end_date: Date,
}

open_enum! {
    /// What an order is attributed to.
    TransactionEventType {
        Click = "Click",
        Display = "Display",
    }
}

impl TransactionsQuery {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        check_report(
            &self.advertiser_ids,
            &self.currency,
            self.start_date,
            self.end_date,
        )
    }
}
