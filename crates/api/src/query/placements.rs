//! The placements report's query.

use jiff::civil::Date;
use serde::Serialize;

use super::{ReportFormat, check_ids, check_report, comma_separated};
use crate::{Error, open_enum::open_enum};

/// What a placements report shows: attributes in the body of `POST /placements/report`, from
/// Criteo's OpenAPI 2026-07.
///
/// There is no dimension of time, so one query gives one row per place for its whole range of days.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementsQuery {
    /// At least one.
    #[serde(serialize_with = "comma_separated")]
    pub advertiser_ids: Vec<String>,
    /// Only these campaigns; none means all.
    #[serde(
        serialize_with = "comma_separated",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub campaign_ids: Vec<String>,
    /// Only these ad sets; none means all.
    #[serde(
        rename = "adsetIds",
        serialize_with = "comma_separated",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub ad_set_ids: Vec<String>,
    /// Only this environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<PlacementsEnvironment>,
    /// Only this domain or app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<String>,
    /// At least one of [`PLACEMENT_DIMENSIONS`](crate::contract::PLACEMENT_DIMENSIONS).
    pub dimensions: Vec<String>,
    /// At least one of [`PLACEMENT_METRICS`](crate::contract::PLACEMENT_METRICS).
    pub metrics: Vec<String>,
    /// ISO 4217, three capitals.
    pub currency: String,
    /// True for places whose name Criteo discloses, false for the others. Both together are the
    /// whole.
    pub disclosed: bool,
    /// How the answer is written.
    pub format: ReportFormat,
    /// IANA name of the zone that days are cut in.
    pub timezone: String,
    /// The first day. Criteo's docs: three months are kept.
    pub start_date: Date,
    /// The last day, included. Criteo's docs: the current day is not there before it ends.
    pub end_date: Date,
}

open_enum! {
    /// Where an ad was shown.
    PlacementsEnvironment {
        Web = "Web",
        Android = "Android",
        Ios = "Ios",
    }
}

impl PlacementsQuery {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        if self.dimensions.is_empty() || self.metrics.is_empty() {
            return Err(Error::configuration(
                "A placements report needs at least one dimension and one metric",
            ));
        }
        check_ids("campaign", &self.campaign_ids)?;
        check_ids("ad set", &self.ad_set_ids)?;
        check_report(
            &self.advertiser_ids,
            &self.currency,
            self.start_date,
            self.end_date,
        )
    }
}
