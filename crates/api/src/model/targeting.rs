//! Whom an ad set reaches.

use serde::{Deserialize, Serialize};

use crate::{Nillable, open_enum::open_enum};

/// Whom an ad set reaches, from Criteo's OpenAPI 2026-07.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdSetTargeting {
    /// On which devices.
    pub delivery_limitations: Option<DeliveryLimitations>,
    /// How often.
    pub frequency_capping: Option<Nillable<FrequencyCapping>>,
    /// Where.
    pub geo_location: Option<GeoLocation>,
}

/// The devices that an ad set reaches; an empty list limits nothing.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeliveryLimitations {
    /// Kinds of device.
    pub devices: Option<Vec<TargetDevice>>,
    /// Web or app.
    pub environments: Option<Vec<TargetEnvironment>>,
    /// Operating systems.
    pub operating_systems: Option<Vec<TargetOperatingSystem>>,
}

/// How often one person sees an ad set.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FrequencyCapping {
    /// The period.
    pub frequency: Option<CappingFrequency>,
    /// Displays in that period.
    pub maximum_impressions: Option<i64>,
}

/// The places that an ad set reaches.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GeoLocation {
    /// By country.
    pub countries: Option<Nillable<TargetingRule>>,
    /// By region.
    pub subdivisions: Option<Nillable<TargetingRule>>,
    /// By postal code.
    pub zip_codes: Option<Nillable<TargetingRule>>,
}

/// A list of values to reach, or to leave out.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TargetingRule {
    /// Reach or leave out.
    pub operand: Option<TargetingOperand>,
    /// The values.
    pub values: Option<Vec<String>>,
}

open_enum! {
    /// A kind of device.
    TargetDevice {
        Other = "other",
        Desktop = "desktop",
        Mobile = "mobile",
        Tablet = "tablet",
    }
}

open_enum! {
    /// Web or app.
    TargetEnvironment {
        Web = "web",
        InApp = "inApp",
    }
}

open_enum! {
    /// An operating system.
    TargetOperatingSystem {
        Android = "android",
        Ios = "ios",
        Unknown = "unknown",
    }
}

open_enum! {
    /// The period of a frequency cap.
    CappingFrequency {
        Hourly = "hourly",
        Daily = "daily",
        Lifetime = "lifetime",
        Advanced = "advanced",
    }
}

open_enum! {
    /// Reach or leave out.
    TargetingOperand {
        Undefined = "undefined",
        In = "in",
        NotIn = "notIn",
    }
}
