//! The table of operations: 40, which is all that Analytics-, Campaigns- and Creatives-Read reach in Criteo's OpenAPI
//! 2026-07. `tests/contract.rs` compares it with that file.

use super::{Budget, Media, Method, Operation, Scope};

impl Operation {
    /// The advertisers that consented to the app.
    pub const ADVERTISERS: Self = Self {
        id: "ListAdvertisers",
        method: Method::Get,
        path: "/advertisers/me",
        query: &[],
        scope: None,
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// The app that the token belongs to.
    pub const CURRENT_APPLICATION: Self = Self {
        id: "GetCurrentApplication",
        method: Method::Get,
        path: "/marketing-solutions/me",
        query: &[],
        scope: None,
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// The statistics report: performance by ad set, day, device and more.
    pub const STATISTICS_REPORT: Self = Self {
        id: "GetAdsetReport",
        method: Method::Post,
        path: "/statistics/report",
        query: &[],
        scope: Some(Scope::AnalyticsRead),
        budget: Budget::Reporting,
        media: Media::Report,
    };

    /// The placements report: performance by domain or app.
    pub const PLACEMENTS_REPORT: Self = Self {
        id: "GetPlacementsReport",
        method: Method::Post,
        path: "/placements/report",
        query: &[],
        scope: Some(Scope::AnalyticsRead),
        budget: Budget::Reporting,
        media: Media::Report,
    };

    /// The transactions report: one row for each attributed event of an order.
    pub const TRANSACTIONS_REPORT: Self = Self {
        id: "GetTransactionsReport",
        method: Method::Post,
        path: "/transactions/report",
        query: &[],
        scope: Some(Scope::AnalyticsRead),
        budget: Budget::Reporting,
        media: Media::Report,
    };

    /// Links to log-level files, one a day.
    pub const TRANSPARENCY_REPORT: Self = Self {
        id: "GetTransparencyReport",
        method: Method::Post,
        path: "/log-level/advertisers/{advertiser-id}/report",
        query: &[],
        scope: Some(Scope::AnalyticsRead),
        budget: Budget::Reporting,
        media: Media::Envelope,
    };

    /// Campaigns by filter, all in one answer.
    pub const SEARCH_CAMPAIGNS: Self = Self {
        id: "SearchCampaigns",
        method: Method::Post,
        path: "/marketing-solutions/campaigns/search",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// One campaign.
    pub const CAMPAIGN: Self = Self {
        id: "GetCampaign",
        method: Method::Get,
        path: "/marketing-solutions/campaigns/{campaign-id}",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// Ad sets by filter, all in one answer.
    pub const SEARCH_AD_SETS: Self = Self {
        id: "SearchAdSets",
        method: Method::Post,
        path: "/marketing-solutions/ad-sets/search",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// One ad set.
    pub const AD_SET: Self = Self {
        id: "GetAdSet",
        method: Method::Get,
        path: "/marketing-solutions/ad-sets/{ad-set-id}",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// Bids by product category of one ad set.
    pub const AD_SET_CATEGORY_BIDS: Self = Self {
        id: "GetAdSetCategoryBids",
        method: Method::Get,
        path: "/marketing-solutions/ad-sets/{ad-set-id}/category-bids",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// Display multipliers by product category of one ad set.
    pub const AD_SET_DISPLAY_MULTIPLIERS: Self = Self {
        id: "GetDisplayMultipliers",
        method: Method::Get,
        path: "/marketing-solutions/ad-sets/{ad-set-id}/display-multipliers",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// Ads of one advertiser, paged.
    pub const ADVERTISER_ADS: Self = Self {
        id: "GetAdvertiserAds",
        method: Method::Get,
        path: "/marketing-solutions/advertisers/{advertiser-id}/ads",
        query: &["limit", "offset"],
        scope: Some(Scope::CreativeRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// One ad.
    pub const AD: Self = Self {
        id: "GetAd",
        method: Method::Get,
        path: "/marketing-solutions/ads/{id}",
        query: &[],
        scope: Some(Scope::CreativeRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// Creatives of one advertiser, paged.
    pub const ADVERTISER_CREATIVES: Self = Self {
        id: "GetAdvertiserCreatives",
        method: Method::Get,
        path: "/marketing-solutions/advertisers/{advertiser-id}/creatives",
        query: &["limit", "offset"],
        scope: Some(Scope::CreativeRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// One creative.
    pub const CREATIVE: Self = Self {
        id: "GetCreative",
        method: Method::Get,
        path: "/marketing-solutions/creatives/{id}",
        query: &[],
        scope: Some(Scope::CreativeRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// Coupons of one advertiser, paged.
    pub const ADVERTISER_COUPONS: Self = Self {
        id: "GetAdvertiserCoupons",
        method: Method::Get,
        path: "/marketing-solutions/advertisers/{advertiser-id}/coupons",
        query: &["limit", "offset"],
        scope: Some(Scope::CreativeRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// One coupon.
    pub const COUPON: Self = Self {
        id: "GetAdvertiserCoupon",
        method: Method::Get,
        path: "/marketing-solutions/advertisers/{advertiser-id}/coupons/{id}",
        query: &[],
        scope: Some(Scope::CreativeRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// Image sizes that coupons may have.
    pub const COUPON_SUPPORTED_SIZES: Self = Self {
        id: "GetAdvertiserCouponSupportedSizes",
        method: Method::Get,
        path: "/marketing-solutions/advertisers/{advertiser-id}/coupons-supported-sizes",
        query: &["ad-set-id"],
        scope: Some(Scope::CreativeRead),
        budget: Budget::General,
        media: Media::Envelope,
    };

    /// A coupon as an HTML page.
    pub const COUPON_PREVIEW: Self = Self {
        id: "GetAdvertiserCouponPreview",
        method: Method::Get,
        path: "/marketing-solutions/advertisers/{advertiser-id}/coupons/{id}/preview",
        query: &["height", "width"],
        scope: Some(Scope::CreativeRead),
        budget: Budget::General,
        media: Media::Html,
    };

    /// Marketplace advertisers, with currency and time zone.
    pub const MARKETPLACE_ADVERTISERS: Self = Self {
        id: "GetMarketplaceAdvertisers",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/advertisers",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// One marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER: Self = Self {
        id: "GetMarketplaceAdvertiser",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// How many ad previews each advertiser may still ask for.
    pub const MARKETPLACE_PREVIEW_LIMITS: Self = Self {
        id: "GetMarketplaceAdvertiserPreviewLimits",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/advertisers/preview-limit",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// An ad with the products of a seller, as an HTML page.
    pub const MARKETPLACE_AD_PREVIEW: Self = Self {
        id: "GetMarketplaceSellerAdPreview",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/ad-preview",
        query: &["campaignId", "height", "sellerId", "width"],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::Html,
    };

    /// Ad sets of one marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER_AD_SETS: Self = Self {
        id: "GetMarketplaceAdSetsByAdvertiser",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/adsets",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Seller budgets of one marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER_BUDGETS: Self = Self {
        id: "GetMarketplaceBudgetsByAdvertiser",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/budgets",
        query: &[
            "budgetId",
            "endAfterDate",
            "sellerId",
            "startBeforeDate",
            "status",
            "type",
            "withBalance",
            "withSpend",
        ],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Campaigns of one marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER_CAMPAIGNS: Self = Self {
        id: "GetMarketplaceCampaignsByAdvertiser",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/campaigns",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Seller campaigns of one marketplace advertiser.
    pub const MARKETPLACE_ADVERTISER_SELLER_CAMPAIGNS: Self = Self {
        id: "GetMarketplaceSellerCampaignsByAdvertiser",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/seller-campaigns",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Seller budgets by filter.
    pub const MARKETPLACE_BUDGETS: Self = Self {
        id: "GetMarketplaceSellerBudgets",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/budgets",
        query: &[
            "advertiserId",
            "campaignId",
            "endAfterDate",
            "sellerId",
            "startBeforeDate",
            "status",
            "type",
            "withBalance",
            "withSpend",
        ],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// One seller budget.
    pub const MARKETPLACE_BUDGET: Self = Self {
        id: "GetMarketplaceSellerBudget",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/budgets/{budgetId}",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Seller campaigns by filter.
    pub const MARKETPLACE_SELLER_CAMPAIGNS: Self = Self {
        id: "GetMarketplaceSellerCampaigns",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/seller-campaigns",
        query: &[
            "advertiserId",
            "budgetStatus",
            "campaignId",
            "sellerId",
            "sellerStatus",
        ],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// One seller campaign.
    pub const MARKETPLACE_SELLER_CAMPAIGN: Self = Self {
        id: "GetMarketplaceSellerCampaign",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/seller-campaigns/{sellerCampaignId}",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Budgets of one seller campaign.
    pub const MARKETPLACE_SELLER_CAMPAIGN_BUDGETS: Self = Self {
        id: "GetMarketplaceBudgetsBySellerCampaign",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/seller-campaigns/{sellerCampaignId}/budgets",
        query: &[
            "endAfterDate",
            "startBeforeDate",
            "status",
            "type",
            "withBalance",
            "withSpend",
        ],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Sellers by filter.
    pub const MARKETPLACE_SELLERS: Self = Self {
        id: "GetMarketplaceSellers",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/sellers",
        query: &[
            "advertiserId",
            "campaignId",
            "sellerName",
            "sellerStatus",
            "withBudgetStatus",
            "withProducts",
        ],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// One seller.
    pub const MARKETPLACE_SELLER: Self = Self {
        id: "GetMarketplaceSeller",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/sellers/{sellerId}",
        query: &[],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Budgets of one seller.
    pub const MARKETPLACE_SELLER_BUDGETS: Self = Self {
        id: "GetMarketplaceBudgetsBySeller",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/sellers/{sellerId}/budgets",
        query: &[
            "campaignId",
            "endAfterDate",
            "startBeforeDate",
            "status",
            "type",
            "withBalance",
            "withSpend",
        ],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Seller campaigns of one seller.
    pub const MARKETPLACE_CAMPAIGNS_OF_SELLER: Self = Self {
        id: "GetMarketplaceSellerCampaignsBySeller",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/sellers/{sellerId}/seller-campaigns",
        query: &["budgetStatus", "campaignId", "sellerStatus"],
        scope: Some(Scope::CampaignRead),
        budget: Budget::General,
        media: Media::BareJson,
    };

    /// Marketplace statistics by campaign.
    pub const MARKETPLACE_CAMPAIGN_STATS: Self = Self {
        id: "GetMarketplaceCampaignsStats",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/stats/campaigns",
        query: &[
            "advertiserId",
            "campaignId",
            "clickAttributionPolicy",
            "count",
            "endDate",
            "intervalSize",
            "startDate",
            "timeZoneId",
        ],
        scope: Some(Scope::CampaignRead),
        budget: Budget::Reporting,
        media: Media::BareJson,
    };

    /// Marketplace statistics by seller campaign.
    pub const MARKETPLACE_SELLER_CAMPAIGN_STATS: Self = Self {
        id: "GetMarketplaceSellerCampaignsStats",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/stats/seller-campaigns",
        query: &[
            "advertiserId",
            "campaignId",
            "clickAttributionPolicy",
            "count",
            "endDate",
            "intervalSize",
            "sellerId",
            "startDate",
            "timeZoneId",
        ],
        scope: Some(Scope::CampaignRead),
        budget: Budget::Reporting,
        media: Media::BareJson,
    };

    /// Marketplace statistics by seller.
    pub const MARKETPLACE_SELLER_STATS: Self = Self {
        id: "GetMarketplaceSellersStats",
        method: Method::Get,
        path: "/marketing-solutions/marketplace-performance-outcomes/stats/sellers",
        query: &[
            "advertiserId",
            "clickAttributionPolicy",
            "count",
            "endDate",
            "intervalSize",
            "sellerId",
            "startDate",
            "timeZoneId",
        ],
        scope: Some(Scope::CampaignRead),
        budget: Budget::Reporting,
        media: Media::BareJson,
    };

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
}
