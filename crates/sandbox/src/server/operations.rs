//! The contract's operations as data: routing, scope, budget and the names that faults use all come from here.
//!
//! Source: Criteo's OpenAPI 2026-07. Forty operations are answered: the thirty-eight of the three read scopes and the
//! two that need a token and no scope. The other fifty-six are known by path, so that they can be refused for the
//! scope they need.

use std::collections::BTreeSet;

use crate::entities::Entity;
use crate::reports::{MarketplaceStats, ReportKind};

use super::limiter::Budget;
use MarketplaceRead::{OfAdvertiser, OfAll, One, SellerAdPreview, Stats};

use super::tokens::{ANALYTICS_READ, CAMPAIGN_READ, CREATIVE_READ};

/// One operation of the contract.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The contract's `operationId`.
    pub(crate) name: &'static str,
    /// The HTTP method.
    pub(crate) method: &'static str,
    /// The path after the version, with `{parameters}`.
    pub(crate) path: &'static str,
    /// The scope that it needs, without Criteo's prefix; `None` needs a token only.
    pub(crate) scope: Option<&'static str>,
    /// The budget that it is paid from.
    pub(crate) budget: Budget,
    /// How it is answered.
    pub(crate) answering: Answering,
}

/// How an operation is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answering {
    /// The advertisers that gave consent.
    Portfolio,
    /// The application behind the token.
    Application,
    /// A report with rows.
    Report(ReportKind),
    /// Signed links to log-level files.
    LogFiles,
    /// Everything that matches `filters`, unpaged.
    Search(Entity),
    /// One entity by the id in the path.
    One(Entity),
    /// One page (`limit`, `offset`) of an advertiser's entities.
    PageOf(Entity),
    /// All parts of one ad set.
    PartsOfAdSet(Entity),
    /// One coupon of the advertiser in the path.
    Coupon,
    /// The sizes that coupons may have.
    CouponSizes,
    /// A coupon as HTML.
    CouponPreview,
    /// Marketplace Performance Outcomes.
    Marketplace(MarketplaceRead),
    /// Not answered: the scope that it needs is none that the sandbox imitates.
    OutOfReach,
}

/// How an operation of Marketplace Performance Outcomes is answered: always bare JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarketplaceRead {
    /// The objects of every advertiser with consent.
    OfAll(Entity),
    /// The objects of the advertiser in the path.
    OfAdvertiser(Entity),
    /// One object by the id in the path.
    One(Entity),
    /// The objects that satisfy the filters in path and query.
    Search(Entity),
    /// `{columns, data, rows, links}`.
    Stats(MarketplaceStats),
    /// A seller's ad, HTML in a JSON string.
    SellerAdPreview,
}

/// Finds the operation of a method and path (after the version), with the values of the path's parameters. A template
/// with fewer parameters wins, as `advertisers/preview-limit` does over `advertisers/{advertiserId}`.
pub(crate) fn route(method: &str, path: &str) -> Routed {
    let mut candidates: Vec<_> = OPERATIONS
        .iter()
        .chain(OUT_OF_REACH)
        .filter_map(|operation| Some((operation, match_path(operation.path, path)?)))
        .collect();
    candidates.sort_by_key(|(_, parameters)| parameters.len());
    let path_exists = !candidates.is_empty();
    candidates
        .into_iter()
        .find(|(operation, _)| operation.method == method)
        .map_or(
            Routed::Unknown { path_exists },
            |(operation, parameters)| Routed::To(operation, parameters),
        )
}

/// The outcome of [`route`].
#[derive(Debug)]
pub(crate) enum Routed {
    /// The operation and its path parameters, name and value, in the order of the template.
    To(&'static Operation, PathParameters),
    /// No operation; `path_exists` says whether another method would have had one.
    Unknown { path_exists: bool },
}

/// The names and values of a path's parameters, in order.
pub(crate) type PathParameters = Vec<(&'static str, String)>;

fn match_path(template: &'static str, path: &str) -> Option<PathParameters> {
    let mut parameters = Vec::new();
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parameters),
            (Some(name), Some(value)) if name.starts_with('{') => {
                if value.is_empty() {
                    return None;
                }
                parameters.push((name.trim_matches(['{', '}']), value.to_owned()));
            }
            (Some(name), Some(value)) if name == value => {}
            _ => return None,
        }
    }
}

const fn read(
    name: &'static str,
    path: &'static str,
    scope: Option<&'static str>,
    answering: Answering,
) -> Operation {
    let (method, budget) = match answering {
        Answering::Report(_) | Answering::LogFiles => ("POST", Budget::Reports),
        Answering::Search(_) => ("POST", Budget::Other),
        _ => ("GET", Budget::Other),
    };
    Operation {
        name,
        method,
        path,
        scope,
        budget,
        answering,
    }
}

const ANALYTICS: Option<&str> = Some(ANALYTICS_READ);
const CAMPAIGN: Option<&str> = Some(CAMPAIGN_READ);
const CREATIVE: Option<&str> = Some(CREATIVE_READ);

/// The operations that are answered.
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    read("ListAdvertisers", "/advertisers/me", None, Answering::Portfolio),
    read("GetCurrentApplication", "/marketing-solutions/me", None, Answering::Application),
    read("GetTransparencyReport", "/log-level/advertisers/{advertiser-id}/report", ANALYTICS, Answering::LogFiles),
    read("GetPlacementsReport", "/placements/report", ANALYTICS, Answering::Report(ReportKind::Placements)),
    read("GetAdsetReport", "/statistics/report", ANALYTICS, Answering::Report(ReportKind::Statistics)),
    read("GetTransactionsReport", "/transactions/report", ANALYTICS, Answering::Report(ReportKind::Transactions)),
    read("SearchAdSets", "/marketing-solutions/ad-sets/search", CAMPAIGN, Answering::Search(Entity::AdSet)),
    read("GetAdSet", "/marketing-solutions/ad-sets/{ad-set-id}", CAMPAIGN, Answering::One(Entity::AdSet)),
    read("GetAdSetCategoryBids", "/marketing-solutions/ad-sets/{ad-set-id}/category-bids", CAMPAIGN, Answering::PartsOfAdSet(Entity::CategoryBid)),
    read("GetDisplayMultipliers", "/marketing-solutions/ad-sets/{ad-set-id}/display-multipliers", CAMPAIGN, Answering::PartsOfAdSet(Entity::DisplayMultiplier)),
    read("SearchCampaigns", "/marketing-solutions/campaigns/search", CAMPAIGN, Answering::Search(Entity::Campaign)),
    read("GetCampaign", "/marketing-solutions/campaigns/{campaign-id}", CAMPAIGN, Answering::One(Entity::Campaign)),
    read("GetMarketplaceAdvertisers", "/marketing-solutions/marketplace-performance-outcomes/advertisers", CAMPAIGN, Answering::Marketplace(OfAll(Entity::MarketplaceAdvertiser))),
    read("GetMarketplaceAdvertiserPreviewLimits", "/marketing-solutions/marketplace-performance-outcomes/advertisers/preview-limit", CAMPAIGN, Answering::Marketplace(OfAll(Entity::MarketplacePreviewLimit))),
    read("GetMarketplaceAdvertiser", "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}", CAMPAIGN, Answering::Marketplace(One(Entity::MarketplaceAdvertiser))),
    read("GetMarketplaceSellerAdPreview", "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/ad-preview", CAMPAIGN, Answering::Marketplace(SellerAdPreview)),
    read("GetMarketplaceAdSetsByAdvertiser", "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/adsets", CAMPAIGN, Answering::Marketplace(OfAdvertiser(Entity::MarketplaceAdSet))),
    read("GetMarketplaceBudgetsByAdvertiser", "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/budgets", CAMPAIGN, Answering::Marketplace(MarketplaceRead::Search(Entity::MarketplaceBudget))),
    read("GetMarketplaceCampaignsByAdvertiser", "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/campaigns", CAMPAIGN, Answering::Marketplace(OfAdvertiser(Entity::MarketplaceCampaign))),
    read("GetMarketplaceSellerCampaignsByAdvertiser", "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/seller-campaigns", CAMPAIGN, Answering::Marketplace(MarketplaceRead::Search(Entity::MarketplaceSellerCampaign))),
    read("GetMarketplaceSellerBudgets", "/marketing-solutions/marketplace-performance-outcomes/budgets", CAMPAIGN, Answering::Marketplace(MarketplaceRead::Search(Entity::MarketplaceBudget))),
    read("GetMarketplaceSellerBudget", "/marketing-solutions/marketplace-performance-outcomes/budgets/{budgetId}", CAMPAIGN, Answering::Marketplace(One(Entity::MarketplaceBudget))),
    read("GetMarketplaceSellerCampaigns", "/marketing-solutions/marketplace-performance-outcomes/seller-campaigns", CAMPAIGN, Answering::Marketplace(MarketplaceRead::Search(Entity::MarketplaceSellerCampaign))),
    read("GetMarketplaceSellerCampaign", "/marketing-solutions/marketplace-performance-outcomes/seller-campaigns/{sellerCampaignId}", CAMPAIGN, Answering::Marketplace(One(Entity::MarketplaceSellerCampaign))),
    read("GetMarketplaceBudgetsBySellerCampaign", "/marketing-solutions/marketplace-performance-outcomes/seller-campaigns/{sellerCampaignId}/budgets", CAMPAIGN, Answering::Marketplace(MarketplaceRead::Search(Entity::MarketplaceBudget))),
    read("GetMarketplaceSellers", "/marketing-solutions/marketplace-performance-outcomes/sellers", CAMPAIGN, Answering::Marketplace(MarketplaceRead::Search(Entity::MarketplaceSeller))),
    read("GetMarketplaceSeller", "/marketing-solutions/marketplace-performance-outcomes/sellers/{sellerId}", CAMPAIGN, Answering::Marketplace(One(Entity::MarketplaceSeller))),
    read("GetMarketplaceBudgetsBySeller", "/marketing-solutions/marketplace-performance-outcomes/sellers/{sellerId}/budgets", CAMPAIGN, Answering::Marketplace(MarketplaceRead::Search(Entity::MarketplaceBudget))),
    read("GetMarketplaceSellerCampaignsBySeller", "/marketing-solutions/marketplace-performance-outcomes/sellers/{sellerId}/seller-campaigns", CAMPAIGN, Answering::Marketplace(MarketplaceRead::Search(Entity::MarketplaceSellerCampaign))),
    read("GetMarketplaceCampaignsStats", "/marketing-solutions/marketplace-performance-outcomes/stats/campaigns", CAMPAIGN, Answering::Marketplace(Stats(MarketplaceStats::Campaigns))),
    read("GetMarketplaceSellerCampaignsStats", "/marketing-solutions/marketplace-performance-outcomes/stats/seller-campaigns", CAMPAIGN, Answering::Marketplace(Stats(MarketplaceStats::SellerCampaigns))),
    read("GetMarketplaceSellersStats", "/marketing-solutions/marketplace-performance-outcomes/stats/sellers", CAMPAIGN, Answering::Marketplace(Stats(MarketplaceStats::Sellers))),
    read("GetAd", "/marketing-solutions/ads/{id}", CREATIVE, Answering::One(Entity::Ad)),
    read("GetAdvertiserAds", "/marketing-solutions/advertisers/{advertiser-id}/ads", CREATIVE, Answering::PageOf(Entity::Ad)),
    read("GetAdvertiserCoupons", "/marketing-solutions/advertisers/{advertiser-id}/coupons", CREATIVE, Answering::PageOf(Entity::Coupon)),
    read("GetAdvertiserCouponSupportedSizes", "/marketing-solutions/advertisers/{advertiser-id}/coupons-supported-sizes", CREATIVE, Answering::CouponSizes),
    read("GetAdvertiserCoupon", "/marketing-solutions/advertisers/{advertiser-id}/coupons/{id}", CREATIVE, Answering::Coupon),
    read("GetAdvertiserCouponPreview", "/marketing-solutions/advertisers/{advertiser-id}/coupons/{id}/preview", CREATIVE, Answering::CouponPreview),
    read("GetAdvertiserCreatives", "/marketing-solutions/advertisers/{advertiser-id}/creatives", CREATIVE, Answering::PageOf(Entity::Creative)),
    read("GetCreative", "/marketing-solutions/creatives/{id}", CREATIVE, Answering::One(Entity::Creative)),
];

const fn refused(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    scope: &'static str,
) -> Operation {
    Operation {
        name,
        method,
        path,
        scope: Some(scope),
        budget: Budget::Other,
        answering: Answering::OutOfReach,
    }
}

/// The operations that are refused for the scope they need: Reco, Audience and everything that writes.
#[rustfmt::skip]
pub(crate) static OUT_OF_REACH: &[Operation] = &[
    refused("UpdateAudienceSegments", "PATCH", "/marketing-solutions/audience-segments", "Audience_Manage"),
    refused("ComputeAudienceSegmentsSizes", "POST", "/marketing-solutions/audience-segments/compute-sizes", "Audience_Manage"),
    refused("CreateAudienceSegments", "POST", "/marketing-solutions/audience-segments/create", "Audience_Manage"),
    refused("DeleteAudienceSegments", "POST", "/marketing-solutions/audience-segments/delete", "Audience_Manage"),
    refused("EstimateAudienceSegmentsSizes", "POST", "/marketing-solutions/audience-segments/estimate-size", "Audience_Manage"),
    refused("DeleteContactListByAudienceSegment", "DELETE", "/marketing-solutions/audience-segments/{audience-segment-id}/contact-list", "Audience_Manage"),
    refused("UpdateContactListByAudienceSegment", "PATCH", "/marketing-solutions/audience-segments/{audience-segment-id}/contact-list", "Audience_Manage"),
    refused("UpdateAudiences", "PATCH", "/marketing-solutions/audiences", "Audience_Manage"),
    refused("ComputeAudiencesSizes", "POST", "/marketing-solutions/audiences/compute-sizes", "Audience_Manage"),
    refused("CreateAudiences", "POST", "/marketing-solutions/audiences/create", "Audience_Manage"),
    refused("DeleteAudiences", "POST", "/marketing-solutions/audiences/delete", "Audience_Manage"),
    refused("EstimateAudiencesSizes", "POST", "/marketing-solutions/audiences/estimate-size", "Audience_Manage"),
    refused("GetAudienceSegmentsInMarketBrands", "GET", "/marketing-solutions/audience-segments/in-market-brands", "Audience_Read"),
    refused("GetAudienceSegmentsInMarketInterests", "GET", "/marketing-solutions/audience-segments/in-market-interests", "Audience_Read"),
    refused("SearchAudienceSegments", "POST", "/marketing-solutions/audience-segments/search", "Audience_Read"),
    refused("GetAudienceSegmentContactListStatistics", "GET", "/marketing-solutions/audience-segments/{audience-segment-id}/contact-list/statistics", "Audience_Read"),
    refused("SearchAudiences", "POST", "/marketing-solutions/audiences/search", "Audience_Read"),
    refused("PatchAdSets", "PATCH", "/marketing-solutions/ad-sets", "Campaign_Manage"),
    refused("CreateAdSet", "POST", "/marketing-solutions/ad-sets", "Campaign_Manage"),
    refused("StartAdSets", "POST", "/marketing-solutions/ad-sets/start", "Campaign_Manage"),
    refused("StopAdSets", "POST", "/marketing-solutions/ad-sets/stop", "Campaign_Manage"),
    refused("UpdateAdSetAudience", "PUT", "/marketing-solutions/ad-sets/{ad-set-id}/audience", "Campaign_Manage"),
    refused("PatchAdSetCategoryBids", "PATCH", "/marketing-solutions/ad-sets/{ad-set-id}/category-bids", "Campaign_Manage"),
    refused("PatchDisplayMultipliers", "PATCH", "/marketing-solutions/ad-sets/{ad-set-id}/display-multipliers", "Campaign_Manage"),
    refused("PatchCampaigns", "PATCH", "/marketing-solutions/campaigns", "Campaign_Manage"),
    refused("CreateCampaign", "POST", "/marketing-solutions/campaigns", "Campaign_Manage"),
    refused("GetMarketplaceSellersByAdvertiser", "POST", "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/sellers", "Campaign_Manage"),
    refused("UpdateMarketplaceSellerBudgets", "PATCH", "/marketing-solutions/marketplace-performance-outcomes/budgets", "Campaign_Manage"),
    refused("CreateMarketplaceSellerBudgets", "POST", "/marketing-solutions/marketplace-performance-outcomes/budgets", "Campaign_Manage"),
    refused("UpdateMarketplaceSellerBudget", "PATCH", "/marketing-solutions/marketplace-performance-outcomes/budgets/{budgetId}", "Campaign_Manage"),
    refused("UpdateMarketplaceSellerCampaigns", "PATCH", "/marketing-solutions/marketplace-performance-outcomes/seller-campaigns", "Campaign_Manage"),
    refused("UpdateMarketplaceSellerCampaign", "PATCH", "/marketing-solutions/marketplace-performance-outcomes/seller-campaigns/{sellerCampaignId}", "Campaign_Manage"),
    refused("CreateMarketplaceSellerCampaignsBySeller", "POST", "/marketing-solutions/marketplace-performance-outcomes/sellers/{sellerId}/seller-campaigns", "Campaign_Manage"),
    refused("DeleteAd", "DELETE", "/marketing-solutions/ads/{id}", "Creative_Manage"),
    refused("CreateAdvertiserAd", "POST", "/marketing-solutions/advertisers/{advertiser-id}/ads", "Creative_Manage"),
    refused("CreateAdvertiserCoupon", "POST", "/marketing-solutions/advertisers/{advertiser-id}/coupons", "Creative_Manage"),
    refused("DeleteAdvertiserCoupon", "DELETE", "/marketing-solutions/advertisers/{advertiser-id}/coupons/{id}", "Creative_Manage"),
    refused("EditAdvertiserCoupon", "PUT", "/marketing-solutions/advertisers/{advertiser-id}/coupons/{id}", "Creative_Manage"),
    refused("CreateAdvertiserCreative", "POST", "/marketing-solutions/advertisers/{advertiser-id}/creatives", "Creative_Manage"),
    refused("DeleteCreative", "DELETE", "/marketing-solutions/creatives/{id}", "Creative_Manage"),
    refused("EditCreative", "PUT", "/marketing-solutions/creatives/{id}", "Creative_Manage"),
    refused("GenerateCreativePreview", "POST", "/marketing-solutions/creatives/{id}/preview", "Creative_Manage"),
    refused("DeleteBoostedAdAssociation", "DELETE", "/marketing-solutions/ads/{ad-id}/product-boost/{product-set-id}", "Reco_Manage"),
    refused("CreateBoostedAdAssociation", "POST", "/marketing-solutions/ads/{ad-id}/product-boost/{product-set-id}", "Reco_Manage"),
    refused("DisableProductFiltering", "DELETE", "/marketing-solutions/ads/{ad-id}/product-filter", "Reco_Manage"),
    refused("EnableProductFiltering", "POST", "/marketing-solutions/ads/{ad-id}/product-filter", "Reco_Manage"),
    refused("CreateProductSet", "POST", "/marketing-solutions/product-sets", "Reco_Manage"),
    refused("RemoveProductSet", "DELETE", "/marketing-solutions/product-sets/{product-set-id}", "Reco_Manage"),
    refused("PatchProductSet", "PATCH", "/marketing-solutions/product-sets/{product-set-id}", "Reco_Manage"),
    refused("FetchBoostedAdAssociations", "GET", "/marketing-solutions/ads/{ad-id}/product-boost", "Reco_Read"),
    refused("FetchBoostedAdAssociation", "GET", "/marketing-solutions/ads/{ad-id}/product-boost/{product-set-id}", "Reco_Read"),
    refused("FetchProductFilteringConfig", "GET", "/marketing-solutions/ads/{ad-id}/product-filter", "Reco_Read"),
    refused("FetchBoostedAdAssociationByPartnerId", "GET", "/marketing-solutions/dataset/{dataset-id}/product-boost", "Reco_Read"),
    refused("FetchProductSets", "GET", "/marketing-solutions/product-sets/dataset/{dataset-id}", "Reco_Read"),
    refused("FetchProductSet", "GET", "/marketing-solutions/product-sets/{product-set-id}", "Reco_Read"),
    refused("FetchProductFilteringUsages", "GET", "/marketing-solutions/product-sets/{product-set-id}/product-filters", "Reco_Read"),
];

/// Every scope that an operation of the contract needs, and the one that writes in each domain.
pub(crate) fn known_scopes() -> BTreeSet<String> {
    let operations = OPERATIONS.iter().chain(OUT_OF_REACH);
    operations
        .filter_map(|operation| operation.scope)
        .flat_map(|scope| [scope.to_owned(), scope.replace("_Read", "_Manage")])
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_contract_is_complete() {
        assert_eq!(OPERATIONS.len(), 40);
        assert_eq!(OUT_OF_REACH.len(), 56);
        let in_scope = |scope| OPERATIONS.iter().filter(|o| o.scope == scope).count();
        assert_eq!(in_scope(None), 2);
        assert_eq!(in_scope(ANALYTICS), 4);
        assert_eq!(in_scope(CAMPAIGN), 26);
        assert_eq!(in_scope(CREATIVE), 8);
        let names: HashSet<_> = OPERATIONS
            .iter()
            .chain(OUT_OF_REACH)
            .map(|o| o.name)
            .collect();
        assert_eq!(names.len(), 96);
    }

    #[test]
    fn every_template_routes_to_itself() {
        for operation in OPERATIONS.iter().chain(OUT_OF_REACH) {
            let path: String = operation
                .path
                .split('/')
                .map(|part| if part.starts_with('{') { "1" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            match route(operation.method, &path) {
                Routed::To(found, _) => assert_eq!(found.name, operation.name),
                Routed::Unknown { .. } => panic!("{path} routes nowhere"),
            }
        }
    }

    #[test]
    fn a_fixed_segment_wins_over_a_parameter() {
        let base = "/marketing-solutions/marketplace-performance-outcomes/advertisers";
        let Routed::To(fixed, parameters) = route("GET", &format!("{base}/preview-limit")) else {
            panic!("preview-limit routes nowhere");
        };
        assert_eq!(fixed.name, "GetMarketplaceAdvertiserPreviewLimits");
        assert!(parameters.is_empty());
        let Routed::To(other, parameters) = route("GET", &format!("{base}/17")) else {
            panic!("an advertiser routes nowhere");
        };
        assert_eq!(other.name, "GetMarketplaceAdvertiser");
        assert_eq!(parameters, [("advertiserId", "17".to_owned())]);
    }

    #[test]
    fn unknown_paths_and_methods_are_told_apart() {
        assert!(matches!(
            route("GET", "/nothing"),
            Routed::Unknown { path_exists: false }
        ));
        assert!(matches!(
            route("DELETE", "/statistics/report"),
            Routed::Unknown { path_exists: true }
        ));
    }
}
