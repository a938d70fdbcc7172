//! The marketplace (Marketplace Performance Outcomes). Permission: Campaigns, Read.
//!
//! Only advertisers that run a marketplace have anything here; others get an empty list or
//! [`Error::Forbidden`]. The answers have no envelope, so there are no warnings.

use super::Client;
use crate::{
    BudgetFilter, Error, MarketplaceAdSet, MarketplaceAdvertiser, MarketplaceCampaign, Operation,
    PreviewLimit, Request, Seller, SellerBudget, SellerCampaign, SellerCampaignFilter,
    SellerFilter, StatsQuery, StatsReport,
};

impl Client {
    /// The advertisers that run a marketplace: `GET .../advertisers`.
    ///
    /// # Errors
    /// As everywhere.
    pub async fn marketplace_advertisers(&self) -> Result<Vec<MarketplaceAdvertiser>, Error> {
        self.json(Request::new(Operation::MARKETPLACE_ADVERTISERS))
            .await
    }

    /// One of them: `GET .../advertisers/{advertiserId}`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn marketplace_advertiser(
        &self,
        advertiser_id: i64,
    ) -> Result<MarketplaceAdvertiser, Error> {
        self.json(
            Request::new(Operation::MARKETPLACE_ADVERTISER).path("advertiserId", advertiser_id),
        )
        .await
    }

    /// How many ad previews each may ask for: `GET .../advertisers/preview-limit`.
    ///
    /// # Errors
    /// As everywhere.
    pub async fn marketplace_preview_limits(&self) -> Result<Vec<PreviewLimit>, Error> {
        self.json(Request::new(Operation::MARKETPLACE_PREVIEW_LIMITS))
            .await
    }

    /// An ad with a seller's products as an HTML page: `GET
    /// .../advertisers/{advertiserId}/ad-preview`. Spends the advertiser's preview limit. Width and
    /// height are pixels.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn marketplace_ad_preview(
        &self,
        advertiser_id: i64,
        seller_id: i64,
        campaign_id: Option<i64>,
        width: Option<u32>,
        height: Option<u32>,
    ) -> Result<String, Error> {
        let request = Request::new(Operation::MARKETPLACE_AD_PREVIEW)
            .path("advertiserId", advertiser_id)
            .query("sellerId", seller_id)
            .optional_query("campaignId", campaign_id)
            .optional_query("width", width)
            .optional_query("height", height);
        self.page(request).await
    }

    /// Ad sets of an advertiser: `GET .../advertisers/{advertiserId}/adsets`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn marketplace_ad_sets(
        &self,
        advertiser_id: i64,
    ) -> Result<Vec<MarketplaceAdSet>, Error> {
        self.json(
            Request::new(Operation::MARKETPLACE_ADVERTISER_AD_SETS)
                .path("advertiserId", advertiser_id),
        )
        .await
    }

    /// Campaigns of an advertiser: `GET .../advertisers/{advertiserId}/campaigns`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn marketplace_campaigns(
        &self,
        advertiser_id: i64,
    ) -> Result<Vec<MarketplaceCampaign>, Error> {
        self.json(
            Request::new(Operation::MARKETPLACE_ADVERTISER_CAMPAIGNS)
                .path("advertiserId", advertiser_id),
        )
        .await
    }

    /// Seller campaigns of an advertiser: `GET .../advertisers/{advertiserId}/seller-campaigns`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn marketplace_advertiser_seller_campaigns(
        &self,
        advertiser_id: i64,
    ) -> Result<Vec<SellerCampaign>, Error> {
        self.json(
            Request::new(Operation::MARKETPLACE_ADVERTISER_SELLER_CAMPAIGNS)
                .path("advertiserId", advertiser_id),
        )
        .await
    }

    /// Seller budgets of an advertiser: `GET .../advertisers/{advertiserId}/budgets`.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Configuration`] for a filter that this operation does not
    /// know; otherwise as everywhere.
    pub async fn marketplace_advertiser_budgets(
        &self,
        advertiser_id: i64,
        filter: &BudgetFilter,
    ) -> Result<Vec<SellerBudget>, Error> {
        self.json(
            filter.apply(
                Request::new(Operation::MARKETPLACE_ADVERTISER_BUDGETS)
                    .path("advertiserId", advertiser_id),
            ),
        )
        .await
    }

    /// Sellers: `GET .../sellers`.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Configuration`] for a filter that this operation does not
    /// know; otherwise as everywhere.
    pub async fn sellers(&self, filter: &SellerFilter) -> Result<Vec<Seller>, Error> {
        self.json(filter.apply(Request::new(Operation::MARKETPLACE_SELLERS)))
            .await
    }

    /// One seller: `GET .../sellers/{sellerId}`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn seller(&self, seller_id: &str) -> Result<Seller, Error> {
        self.json(Request::new(Operation::MARKETPLACE_SELLER).path("sellerId", seller_id))
            .await
    }

    /// Seller budgets: `GET .../budgets`. Ended ones come only with `end_after_date`.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Configuration`] for a filter that this operation does not
    /// know; otherwise as everywhere.
    pub async fn seller_budgets(&self, filter: &BudgetFilter) -> Result<Vec<SellerBudget>, Error> {
        self.json(filter.apply(Request::new(Operation::MARKETPLACE_BUDGETS)))
            .await
    }

    /// One seller budget: `GET .../budgets/{budgetId}`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn seller_budget(&self, budget_id: i64) -> Result<SellerBudget, Error> {
        self.json(Request::new(Operation::MARKETPLACE_BUDGET).path("budgetId", budget_id))
            .await
    }

    /// Budgets of one seller: `GET .../sellers/{sellerId}/budgets`.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Configuration`] for a filter that this operation does not
    /// know; otherwise as everywhere.
    pub async fn budgets_of_seller(
        &self,
        seller_id: &str,
        filter: &BudgetFilter,
    ) -> Result<Vec<SellerBudget>, Error> {
        self.json(
            filter.apply(
                Request::new(Operation::MARKETPLACE_SELLER_BUDGETS).path("sellerId", seller_id),
            ),
        )
        .await
    }

    /// Seller campaigns: `GET .../seller-campaigns`.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Configuration`] for a filter that this operation does not
    /// know; otherwise as everywhere.
    pub async fn seller_campaigns(
        &self,
        filter: &SellerCampaignFilter,
    ) -> Result<Vec<SellerCampaign>, Error> {
        self.json(filter.apply(Request::new(Operation::MARKETPLACE_SELLER_CAMPAIGNS)))
            .await
    }

    /// One seller campaign, by its `SELLER.CAMPAIGN` id: `GET
    /// .../seller-campaigns/{sellerCampaignId}`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn seller_campaign(&self, seller_campaign_id: &str) -> Result<SellerCampaign, Error> {
        self.json(
            Request::new(Operation::MARKETPLACE_SELLER_CAMPAIGN)
                .path("sellerCampaignId", seller_campaign_id),
        )
        .await
    }

    /// Budgets of one seller campaign: `GET .../seller-campaigns/{sellerCampaignId}/budgets`.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Configuration`] for a filter that this operation does not
    /// know; otherwise as everywhere.
    pub async fn budgets_of_seller_campaign(
        &self,
        seller_campaign_id: &str,
        filter: &BudgetFilter,
    ) -> Result<Vec<SellerBudget>, Error> {
        self.json(
            filter.apply(
                Request::new(Operation::MARKETPLACE_SELLER_CAMPAIGN_BUDGETS)
                    .path("sellerCampaignId", seller_campaign_id),
            ),
        )
        .await
    }

    /// Seller campaigns of one seller: `GET .../sellers/{sellerId}/seller-campaigns`.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Configuration`] for a filter that this operation does not
    /// know; otherwise as everywhere.
    pub async fn campaigns_of_seller(
        &self,
        seller_id: &str,
        filter: &SellerCampaignFilter,
    ) -> Result<Vec<SellerCampaign>, Error> {
        self.json(filter.apply(
            Request::new(Operation::MARKETPLACE_CAMPAIGNS_OF_SELLER).path("sellerId", seller_id),
        ))
        .await
    }

    /// Statistics by campaign and interval: `GET .../stats/campaigns`.
    ///
    /// # Errors
    /// [`Error::TimedOut`] for large accounts without an advertiser; [`Error::Configuration`] for a
    /// filter that this operation does not know; otherwise as everywhere.
    pub async fn marketplace_campaign_stats(
        &self,
        filter: &StatsQuery,
    ) -> Result<StatsReport, Error> {
        self.json(filter.apply(Request::new(Operation::MARKETPLACE_CAMPAIGN_STATS)))
            .await
    }

    /// Statistics by seller and interval: `GET .../stats/sellers`.
    ///
    /// # Errors
    /// [`Error::TimedOut`] for large accounts without an advertiser; [`Error::Configuration`] for a
    /// filter that this operation does not know; otherwise as everywhere.
    pub async fn marketplace_seller_stats(
        &self,
        filter: &StatsQuery,
    ) -> Result<StatsReport, Error> {
        self.json(filter.apply(Request::new(Operation::MARKETPLACE_SELLER_STATS)))
            .await
    }

    /// Statistics by seller campaign and interval: `GET .../stats/seller-campaigns`.
    ///
    /// # Errors
    /// [`Error::TimedOut`] for large accounts without an advertiser; [`Error::Configuration`] for a
    /// filter that this operation does not know; otherwise as everywhere.
    pub async fn marketplace_seller_campaign_stats(
        &self,
        filter: &StatsQuery,
    ) -> Result<StatsReport, Error> {
        self.json(filter.apply(Request::new(Operation::MARKETPLACE_SELLER_CAMPAIGN_STATS)))
            .await
    }
}
