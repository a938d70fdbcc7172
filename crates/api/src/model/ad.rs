//! Ads and coupons.

use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;

/// An ad: a creative in an ad set. Attributes in the ad operations, from Criteo's OpenAPI
/// 2026-07.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Ad {
    /// The ad's id, again.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// The ad set that runs it.
    pub ad_set_id: Option<String>,
    /// The creative it shows.
    pub creative_id: Option<String>,
    /// The kind of place it is for.
    pub inventory_type: Option<InventoryType>,
    /// Since when, ISO 8601 as sent.
    pub start_date: Option<String>,
    /// Until when, ISO 8601 as sent; none when open.
    pub end_date: Option<String>,
}

/// A coupon: pictures laid over ads. Attributes in the coupon operations, from Criteo's OpenAPI
/// 2026-07.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Coupon {
    /// The coupon's id, again.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Whose coupon it is.
    pub advertiser_id: Option<String>,
    /// The ad set it is laid over.
    pub ad_set_id: Option<String>,
    /// The login of the person who made it: personal data.
    pub author: Option<String>,
    /// `FullFrame` or `LogoZone`.
    pub format: Option<String>,
    /// Its state; the contract lists no values.
    pub status: Option<String>,
    /// Where a click leads.
    pub landing_page_url: Option<String>,
    /// Its pictures.
    pub images: Option<Vec<ImageSlide>>,
    /// How often it comes, 1 to 10 times.
    pub rotations_number: Option<i64>,
    /// For how long, 1 to 5 seconds.
    pub show_duration: Option<i64>,
    /// At which distance, 1 to 10 seconds.
    pub show_every: Option<i64>,
    /// Since when, ISO 8601 as sent.
    pub start_date: Option<String>,
    /// Until when, ISO 8601 as sent; none when open.
    pub end_date: Option<String>,
}

/// Pictures of one size.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageSlide {
    /// In pixels.
    pub width: Option<i64>,
    /// In pixels.
    pub height: Option<i64>,
    /// Where the pictures are.
    pub slide_urls: Option<Vec<String>>,
}

/// Sizes that a coupon's pictures may have, each as `WIDTHxHEIGHT`. Attributes of `GET
/// /marketing-solutions/advertisers/{id}/coupons-supported-sizes`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CouponSupportedSizes {
    /// For coupons that fill the frame.
    pub full_frame: Option<Vec<String>>,
    /// For coupons in the place of the logo.
    pub logo_zone: Option<Vec<String>>,
}

open_enum! {
    /// The kind of place that an ad is for.
    InventoryType {
        Native = "Native",
        Display = "Display",
        Video = "Video",
    }
}
