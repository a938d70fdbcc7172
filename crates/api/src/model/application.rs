//! The app itself, and who consented to it.

use serde::{Deserialize, Serialize};

/// The app that the token belongs to. Attributes of `GET /marketing-solutions/me`, from
/// Criteo's OpenAPI 2026-07.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Application {
    /// The app's number.
    pub application_id: Option<i64>,
    /// The number of the organization that owns the app.
    pub organization_id: Option<i64>,
    /// The app's name.
    pub name: Option<String>,
    /// The app's description.
    pub description: Option<String>,
    /// Which side of Criteo the app is for.
    pub criteo_service: Option<String>,
}

/// An advertiser that consented to the app; its id stands in the [`Resource`](crate::Resource).
/// Attributes of `GET /advertisers/me`, from Criteo's OpenAPI 2026-07. Currency and time zone
/// are not told here.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Advertiser {
    /// The advertiser's name.
    pub advertiser_name: Option<String>,
}
