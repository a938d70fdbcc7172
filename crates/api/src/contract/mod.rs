//! Names in Criteo's contract, version 2026-07, as lists: for catalogues, for checking what people
//! type, and for tests.
//!
//! The values of smaller enumerations stand with their types, as `VALUES`: for instance
//! [`AttributionMethod::VALUES`](crate::AttributionMethod::VALUES).

mod placements;
mod statistics;
mod transactions;

pub use placements::{PLACEMENT_DIMENSIONS, PLACEMENT_METRICS};
pub use statistics::{STATISTICS_DIMENSIONS, STATISTICS_METRICS};
pub use transactions::TRANSACTION_FIELDS;

/// The most rows that Criteo puts into one statistics report; what exceeds them is left out without
/// a word (Criteo's docs). For transactions no cap is documented and the same is assumed.
pub const STATISTICS_ROW_CAP: u64 = 100_000;

/// The most rows that Criteo puts into one placements report (Criteo's docs).
pub const PLACEMENT_ROW_CAP: u64 = 20_000;

/// Pairs of dimensions of the statistics report, id and name: asking for either brings both, and
/// the id decides what a row stands for (Criteo's OpenAPI 2026-07).
pub const STATISTICS_ID_NAME_PAIRS: &[(&str, &str)] = &[
    ("AdsetId", "Adset"),
    ("AdId", "Ad"),
    ("AdvertiserId", "Advertiser"),
    ("CampaignId", "Campaign"),
    ("CategoryId", "Category"),
    ("CouponId", "Coupon"),
    ("MarketingObjectiveId", "MarketingObjective"),
    ("ChannelId", "Channel"),
];
