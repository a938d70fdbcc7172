//! The statistics report's query.

use jiff::civil::Date;
use serde::Serialize;

use super::{ReportFormat, check_report, comma_separated};
use crate::{Error, open_enum::open_enum};

/// What a statistics report shows. Body of `POST /statistics/report`, flat, from Criteo's OpenAPI
/// 2026-07.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatisticsQuery {
    /// At least one. One id without consent makes Criteo refuse the whole report.
    #[serde(serialize_with = "comma_separated")]
    pub advertiser_ids: Vec<String>,
    /// At least one of [`STATISTICS_DIMENSIONS`](crate::contract::STATISTICS_DIMENSIONS). Asking
    /// for an id or its name brings both columns.
    pub dimensions: Vec<String>,
    /// Any of [`STATISTICS_METRICS`](crate::contract::STATISTICS_METRICS); none lists the
    /// dimensions alone.
    pub metrics: Vec<String>,
    /// ISO 4217, three capitals. Every money metric is converted into it.
    pub currency: String,
    /// How the answer is written.
    pub format: ReportFormat,
    /// IANA name of the zone that days and hours are cut in.
    pub timezone: String,
    /// The first day, in that zone. Criteo keeps two years.
    pub start_date: Date,
    /// The last day, included.
    pub end_date: Date,
    /// Only these ad sets; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ad_set_ids: Vec<String>,
    /// Only ad sets of these names; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ad_set_names: Vec<String>,
    /// Only ad sets in these states; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ad_set_status: Vec<AdSetStatus>,
}

open_enum! {
    /// The state of an ad set as the statistics report filters it.
    AdSetStatus {
        Active = "Active",
        NotRunning = "NotRunning",
        Dead = "Dead",
    }
}

impl StatisticsQuery {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        if self.dimensions.is_empty() {
            return Err(Error::configuration(
                "A statistics report needs at least one dimension",
            ));
        }
        check_report(
            &self.advertiser_ids,
            &self.currency,
            self.start_date,
            self.end_date,
        )
    }
}
