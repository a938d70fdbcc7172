//! The table of operations: 40, which is all that Analytics-, Campaigns- and Creatives-Read reach
//! in Criteo's OpenAPI 2026-07. `tests/contract.rs` compares it with that file.

use super::{Budget, Media, Method, Operation, Scope};

/// A path below the marketplace's own.
macro_rules! marketplace {
    ($path:literal) => {
        concat!(
            "/marketing-solutions/marketplace-performance-outcomes",
            $path
        )
    };
}

impl Operation {
    /// The advertisers that consented to the app.
    pub const ADVERTISERS: Self = get("ListAdvertisers", "/advertisers/me");
    /// The app that the token belongs to.
    pub const CURRENT_APPLICATION: Self = get("GetCurrentApplication", "/marketing-solutions/me");
    /// The statistics report: performance by ad set, day, device and more.
    pub const STATISTICS_REPORT: Self = post("GetAdsetReport", "/statistics/report")
        .needs(Scope::AnalyticsRead)
        .spends(Budget::Reporting)
        .gives(Media::Report);
    /// The placements report: performance by domain or app.
    pub const PLACEMENTS_REPORT: Self = post("GetPlacementsReport", "/placements/report")
        .needs(Scope::AnalyticsRead)
        .spends(Budget::Reporting)
        .gives(Media::Report);
    /// The transactions report: one row for each attributed event of an order.
    pub const TRANSACTIONS_REPORT: Self = post("GetTransactionsReport", "/transactions/report")
        .needs(Scope::AnalyticsRead)
        .spends(Budget::Reporting)
        .gives(Media::Report);
    /// Links to log-level files, one a day.
    pub const TRANSPARENCY_REPORT: Self = post(
        "GetTransparencyReport",
        "/log-level/advertisers/{advertiser-id}/report",
    )
    .needs(Scope::AnalyticsRead)
    .spends(Budget::Reporting);
    /// Campaigns by filter, all in one answer.
    pub const SEARCH_CAMPAIGNS: Self =
        post("SearchCampaigns", "/marketing-solutions/campaigns/search").needs(Scope::CampaignRead);
    /// One campaign.
    pub const CAMPAIGN: Self = get(
        "GetCampaign",
        "/marketing-solutions/campaigns/{campaign-id}",
    )
    .needs(Scope::CampaignRead);
    /// Ad sets by filter, all in one answer.
    pub const SEARCH_AD_SETS: Self =
        post("SearchAdSets", "/marketing-solutions/ad-sets/search").needs(Scope::CampaignRead);
    /// One ad set.
    pub const AD_SET: Self =
        get("GetAdSet", "/marketing-solutions/ad-sets/{ad-set-id}").needs(Scope::CampaignRead);
    /// Bids by product category of one ad set.
    pub const AD_SET_CATEGORY_BIDS: Self = get(
        "GetAdSetCategoryBids",
        "/marketing-solutions/ad-sets/{ad-set-id}/category-bids",
    )
    .needs(Scope::CampaignRead);
    /// Display multipliers by product category of one ad set.
    pub const AD_SET_DISPLAY_MULTIPLIERS: Self = get(
        "GetDisplayMultipliers",
        "/marketing-solutions/ad-sets/{ad-set-id}/display-multipliers",
    )
    .needs(Scope::CampaignRead);
    /// Ads of one advertiser, paged.
    pub const ADVERTISER_ADS: Self = get(
        "GetAdvertiserAds",
        "/marketing-solutions/advertisers/{advertiser-id}/ads",
    )
    .needs(Scope::CreativeRead)
    .takes(&["limit", "offset"]);
    /// One ad.
    pub const AD: Self = get("GetAd", "/marketing-solutions/ads/{id}").needs(Scope::CreativeRead);
    /// Creatives of one advertiser, paged.
    pub const ADVERTISER_CREATIVES: Self = get(
        "GetAdvertiserCreatives",
        "/marketing-solutions/advertisers/{advertiser-id}/creatives",
    )
    .needs(Scope::CreativeRead)
    .takes(&["limit", "offset"]);
    /// One creative.
    pub const CREATIVE: Self =
        get("GetCreative", "/marketing-solutions/creatives/{id}").needs(Scope::CreativeRead);
    /// Coupons of one advertiser, paged.
    pub const ADVERTISER_COUPONS: Self = get(
        "GetAdvertiserCoupons",
        "/marketing-solutions/advertisers/{advertiser-id}/coupons",
    )
    .needs(Scope::CreativeRead)
    .takes(&["limit", "offset"]);
    /// One coupon.
    pub const COUPON: Self = get(
        "GetAdvertiserCoupon",
        "/marketing-solutions/advertisers/{advertiser-id}/coupons/{id}",
    )
    .needs(Scope::CreativeRead);
    /// Image sizes that coupons may have.
    pub const COUPON_SUPPORTED_SIZES: Self = get(
        "GetAdvertiserCouponSupportedSizes",
        "/marketing-solutions/advertisers/{advertiser-id}/coupons-supported-sizes",
    )
    .needs(Scope::CreativeRead)
    .takes(&["ad-set-id"]);
    /// A coupon as an HTML page.
    pub const COUPON_PREVIEW: Self = get(
        "GetAdvertiserCouponPreview",
        "/marketing-solutions/advertisers/{advertiser-id}/coupons/{id}/preview",
    )
    .needs(Scope::CreativeRead)
    .takes(&["height", "width"])
    .gives(Media::Html);
    /// Marketplace advertisers, with currency and time zone.
    pub const MARKETPLACE_ADVERTISERS: Self =
        get("GetMarketplaceAdvertisers", marketplace!("/advertisers"))
            .needs(Scope::CampaignRead)
            .gives(Media::BareJson);
    /// One marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER: Self = get(
        "GetMarketplaceAdvertiser",
        marketplace!("/advertisers/{advertiserId}"),
    )
    .needs(Scope::CampaignRead)
    .gives(Media::BareJson);
    /// How many ad previews each advertiser may still ask for.
    pub const MARKETPLACE_PREVIEW_LIMITS: Self = get(
        "GetMarketplaceAdvertiserPreviewLimits",
        marketplace!("/advertisers/preview-limit"),
    )
    .needs(Scope::CampaignRead)
    .gives(Media::BareJson);
    /// An ad with the products of a seller, as an HTML page.
    pub const MARKETPLACE_AD_PREVIEW: Self = get(
        "GetMarketplaceSellerAdPreview",
        marketplace!("/advertisers/{advertiserId}/ad-preview"),
    )
    .needs(Scope::CampaignRead)
    .takes(&["campaignId", "height", "sellerId", "width"])
    .gives(Media::Html);
    /// Ad sets of one marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER_AD_SETS: Self = get(
        "GetMarketplaceAdSetsByAdvertiser",
        marketplace!("/advertisers/{advertiserId}/adsets"),
    )
    .needs(Scope::CampaignRead)
    .gives(Media::BareJson);
    /// Seller budgets of one marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER_BUDGETS: Self = get(
        "GetMarketplaceBudgetsByAdvertiser",
        marketplace!("/advertisers/{advertiserId}/budgets"),
    )
    .needs(Scope::CampaignRead)
    .takes(&[
        "budgetId",
        "endAfterDate",
        "sellerId",
        "startBeforeDate",
        "status",
        "type",
        "withBalance",
        "withSpend",
    ])
    .gives(Media::BareJson);
    /// Campaigns of one marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER_CAMPAIGNS: Self = get(
        "GetMarketplaceCampaignsByAdvertiser",
        marketplace!("/advertisers/{advertiserId}/campaigns"),
    )
    .needs(Scope::CampaignRead)
    .gives(Media::BareJson);
    /// Seller campaigns of one marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER_SELLER_CAMPAIGNS: Self = get(
        "GetMarketplaceSellerCampaignsByAdvertiser",
        marketplace!("/advertisers/{advertiserId}/seller-campaigns"),
    )
    .needs(Scope::CampaignRead)
    .gives(Media::BareJson);
    /// Seller budgets by filter.
    pub const MARKETPLACE_BUDGETS: Self =
        get("GetMarketplaceSellerBudgets", marketplace!("/budgets"))
            .needs(Scope::CampaignRead)
            .takes(&[
                "advertiserId",
                "campaignId",
                "endAfterDate",
                "sellerId",
                "startBeforeDate",
                "status",
                "type",
                "withBalance",
                "withSpend",
            ])
            .gives(Media::BareJson);
    /// One seller budget.
    pub const MARKETPLACE_BUDGET: Self = get(
        "GetMarketplaceSellerBudget",
        marketplace!("/budgets/{budgetId}"),
    )
    .needs(Scope::CampaignRead)
    .gives(Media::BareJson);
    /// Seller campaigns by filter.
    pub const MARKETPLACE_SELLER_CAMPAIGNS: Self = get(
        "GetMarketplaceSellerCampaigns",
        marketplace!("/seller-campaigns"),
    )
    .needs(Scope::CampaignRead)
    .takes(&[
        "advertiserId",
        "budgetStatus",
        "campaignId",
        "sellerId",
        "sellerStatus",
    ])
    .gives(Media::BareJson);
    /// One seller campaign.
    pub const MARKETPLACE_SELLER_CAMPAIGN: Self = get(
        "GetMarketplaceSellerCampaign",
        marketplace!("/seller-campaigns/{sellerCampaignId}"),
    )
    .needs(Scope::CampaignRead)
    .gives(Media::BareJson);
    /// Budgets of one seller campaign.
    pub const MARKETPLACE_SELLER_CAMPAIGN_BUDGETS: Self = get(
        "GetMarketplaceBudgetsBySellerCampaign",
        marketplace!("/seller-campaigns/{sellerCampaignId}/budgets"),
    )
    .needs(Scope::CampaignRead)
    .takes(&[
        "endAfterDate",
        "startBeforeDate",
        "status",
        "type",
        "withBalance",
        "withSpend",
    ])
    .gives(Media::BareJson);
    /// Sellers by filter.
    pub const MARKETPLACE_SELLERS: Self = get("GetMarketplaceSellers", marketplace!("/sellers"))
        .needs(Scope::CampaignRead)
        .takes(&[
            "advertiserId",
            "campaignId",
            "sellerName",
            "sellerStatus",
            "withBudgetStatus",
            "withProducts",
        ])
        .gives(Media::BareJson);
    /// One seller.
    pub const MARKETPLACE_SELLER: Self =
        get("GetMarketplaceSeller", marketplace!("/sellers/{sellerId}"))
            .needs(Scope::CampaignRead)
            .gives(Media::BareJson);
    /// Budgets of one seller.
    pub const MARKETPLACE_SELLER_BUDGETS: Self = get(
        "GetMarketplaceBudgetsBySeller",
        marketplace!("/sellers/{sellerId}/budgets"),
    )
    .needs(Scope::CampaignRead)
    .takes(&[
        "campaignId",
        "endAfterDate",
        "startBeforeDate",
        "status",
        "type",
        "withBalance",
        "withSpend",
    ])
    .gives(Media::BareJson);
    /// Seller campaigns of one seller.
    pub const MARKETPLACE_CAMPAIGNS_OF_SELLER: Self = get(
        "GetMarketplaceSellerCampaignsBySeller",
        marketplace!("/sellers/{sellerId}/seller-campaigns"),
    )
    .needs(Scope::CampaignRead)
    .takes(&["budgetStatus", "campaignId", "sellerStatus"])
    .gives(Media::BareJson);
    /// Marketplace statistics by campaign.
    pub const MARKETPLACE_CAMPAIGN_STATS: Self = get(
        "GetMarketplaceCampaignsStats",
        marketplace!("/stats/campaigns"),
    )
    .needs(Scope::CampaignRead)
    .takes(&[
        "advertiserId",
        "campaignId",
        "clickAttributionPolicy",
        "count",
        "endDate",
        "intervalSize",
        "startDate",
        "timeZoneId",
    ])
    .spends(Budget::Reporting)
    .gives(Media::BareJson);
    /// Marketplace statistics by seller campaign.
    pub const MARKETPLACE_SELLER_CAMPAIGN_STATS: Self = get(
        "GetMarketplaceSellerCampaignsStats",
        marketplace!("/stats/seller-campaigns"),
    )
    .needs(Scope::CampaignRead)
    .takes(&[
        "advertiserId",
        "campaignId",
        "clickAttributionPolicy",
        "count",
        "endDate",
        "intervalSize",
        "sellerId",
        "startDate",
        "timeZoneId",
    ])
    .spends(Budget::Reporting)
    .gives(Media::BareJson);
    /// Marketplace statistics by seller.
    pub const MARKETPLACE_SELLER_STATS: Self =
        get("GetMarketplaceSellersStats", marketplace!("/stats/sellers"))
            .needs(Scope::CampaignRead)
            .takes(&[
                "advertiserId",
                "clickAttributionPolicy",
                "count",
                "endDate",
                "intervalSize",
                "sellerId",
                "startDate",
                "timeZoneId",
            ])
            .spends(Budget::Reporting)
            .gives(Media::BareJson);

    /// Every operation.
    pub const ALL: &'static [Self] = &[
        Self::ADVERTISERS,
        Self::CURRENT_APPLICATION,
        Self::STATISTICS_REPORT,
        Self::PLACEMENTS_REPORT,
        Self::TRANSACTIONS_REPORT,
        Self::TRANSPARENCY_REPORT,
        Self::SEARCH_CAMPAIGNS,
        Self::CAMPAIGN,
        Self::SEARCH_AD_SETS,
        Self::AD_SET,
        Self::AD_SET_CATEGORY_BIDS,
        Self::AD_SET_DISPLAY_MULTIPLIERS,
        Self::ADVERTISER_ADS,
        Self::AD,
        Self::ADVERTISER_CREATIVES,
        Self::CREATIVE,
        Self::ADVERTISER_COUPONS,
        Self::COUPON,
        Self::COUPON_SUPPORTED_SIZES,
        Self::COUPON_PREVIEW,
        Self::MARKETPLACE_ADVERTISERS,
        Self::MARKETPLACE_ADVERTISER,
        Self::MARKETPLACE_PREVIEW_LIMITS,
        Self::MARKETPLACE_AD_PREVIEW,
        Self::MARKETPLACE_ADVERTISER_AD_SETS,
        Self::MARKETPLACE_ADVERTISER_BUDGETS,
        Self::MARKETPLACE_ADVERTISER_CAMPAIGNS,
        Self::MARKETPLACE_ADVERTISER_SELLER_CAMPAIGNS,
        Self::MARKETPLACE_BUDGETS,
        Self::MARKETPLACE_BUDGET,
        Self::MARKETPLACE_SELLER_CAMPAIGNS,
        Self::MARKETPLACE_SELLER_CAMPAIGN,
        Self::MARKETPLACE_SELLER_CAMPAIGN_BUDGETS,
        Self::MARKETPLACE_SELLERS,
        Self::MARKETPLACE_SELLER,
        Self::MARKETPLACE_SELLER_BUDGETS,
        Self::MARKETPLACE_CAMPAIGNS_OF_SELLER,
        Self::MARKETPLACE_CAMPAIGN_STATS,
        Self::MARKETPLACE_SELLER_CAMPAIGN_STATS,
        Self::MARKETPLACE_SELLER_STATS,
    ];

    const fn needs(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    const fn takes(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }

    const fn spends(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    const fn gives(mut self, media: Media) -> Self {
        self.media = media;
        self
    }
}

const fn get(id: &'static str, path: &'static str) -> Operation {
    operation(Method::Get, id, path)
}

const fn post(id: &'static str, path: &'static str) -> Operation {
    operation(Method::Post, id, path)
}

/// What most operations are: in the large quota, with an envelope, without a query string.
const fn operation(method: Method, id: &'static str, path: &'static str) -> Operation {
    Operation {
        id,
        method,
        path,
        query: &[],
        scope: None,
        budget: Budget::General,
        media: Media::Envelope,
    }
}
