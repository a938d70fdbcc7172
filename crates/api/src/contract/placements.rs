//! What the placements report offers, in the order of Criteo's OpenAPI 2026-07.

/// The 12 dimensions. None of them is a time.
pub const PLACEMENT_DIMENSIONS: &[&str] = &[
    "AdsetId",
    "AdvertiserId",
    "Placement",
    "Environment",
    "AdsetName",
    "AdvertiserName",
    "CampaignId",
    "CampaignName",
    "AdChannel",
    "SocialPlatform",
    "CategoryId",
    "CategoryName",
];

/// The 15 metrics.
pub const PLACEMENT_METRICS: &[&str] = &[
    "Clicks",
    "Displays",
    "Cost",
    "SalesPc30d",
    "RevenuePc30d",
    "CosPc30d",
    "RoasPc30d",
    "CpoPc30d",
    "CvrPc30d",
    "SalesPv1d",
    "RevenuePv1d",
    "CosPv1d",
    "RoasPv1d",
    "CpoPv1d",
    "CvrPv1d",
];
