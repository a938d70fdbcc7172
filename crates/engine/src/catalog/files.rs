//! The files of the catalog, compiled into the library.

/// Pairs of file name and text for the files of the `catalog` folder whose names, without ending, are given.
macro_rules! catalog_files {
    ($($stream:literal),+ $(,)?) => {
        &[$((
            concat!($stream, ".toml"),
            include_str!(concat!("../../catalog/", $stream, ".toml")),
        )),+]
    };
}

/// File name and text of every stream, in the order in which people expect to see them: reports first, then what
/// they are joined with, then what few need.
pub(super) const FILES: &[(&str, &str)] = catalog_files![
    "statistics",
    "placements",
    "placement_categories",
    "transactions",
    "advertisers",
    "campaigns",
    "ad_sets",
    "ads",
    "creatives",
    "coupons",
    "ad_set_category_bids",
    "ad_set_display_multipliers",
    "transparency",
    "marketplace_advertisers",
    "marketplace_sellers",
    "marketplace_seller_campaigns",
    "marketplace_campaigns",
    "marketplace_ad_sets",
    "marketplace_budgets",
    "marketplace_campaign_stats",
    "marketplace_seller_stats",
    "marketplace_seller_campaign_stats",
];
