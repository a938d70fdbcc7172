//! Campaigns and ad sets. Permission: Campaigns, Read.

use super::Client;
use crate::{
    AdSet, AdSetCategoryBid, AdSetDisplayMultiplier, AdSetSearch, Campaign, CampaignSearch,
    Envelope, Error, Operation, Request, Resource,
};

impl Client {
    /// All campaigns that match: `POST /marketing-solutions/campaigns/search`. No pages: everything
    /// comes at once.
    ///
    /// Ids that do not exist or may not be seen are left out without an error (Criteo's docs).
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the permission; otherwise as everywhere.
    pub async fn search_campaigns(
        &self,
        search: &CampaignSearch,
    ) -> Result<Envelope<Vec<Resource<Campaign>>>, Error> {
        let request = Request::new(Operation::SEARCH_CAMPAIGNS).body(search.to_body());
        self.list(request).await
    }

    /// One campaign: `GET /marketing-solutions/campaigns/{campaign-id}`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn campaign(&self, campaign_id: &str) -> Result<Envelope<Resource<Campaign>>, Error> {
        let request = Request::new(Operation::CAMPAIGN).path("campaign-id", campaign_id);
        self.envelope(request).await
    }

    /// All ad sets that match: `POST /marketing-solutions/ad-sets/search`. No pages: everything
    /// comes at once.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the permission; otherwise as everywhere.
    pub async fn search_ad_sets(
        &self,
        search: &AdSetSearch,
    ) -> Result<Envelope<Vec<Resource<AdSet>>>, Error> {
        let request = Request::new(Operation::SEARCH_AD_SETS).body(search.to_body());
        self.list(request).await
    }

    /// One ad set: `GET /marketing-solutions/ad-sets/{ad-set-id}`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn ad_set(&self, ad_set_id: &str) -> Result<Envelope<Resource<AdSet>>, Error> {
        let request = Request::new(Operation::AD_SET).path("ad-set-id", ad_set_id);
        self.envelope(request).await
    }

    /// Bids by product category: `GET /marketing-solutions/ad-sets/{ad-set-id}/category-bids`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn ad_set_category_bids(
        &self,
        ad_set_id: &str,
    ) -> Result<Envelope<Vec<Resource<AdSetCategoryBid>>>, Error> {
        let request = Request::new(Operation::AD_SET_CATEGORY_BIDS).path("ad-set-id", ad_set_id);
        self.list(request).await
    }

    /// Display multipliers by product category:
    /// `GET /marketing-solutions/ad-sets/{ad-set-id}/display-multipliers`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn ad_set_display_multipliers(
        &self,
        ad_set_id: &str,
    ) -> Result<Envelope<Vec<Resource<AdSetDisplayMultiplier>>>, Error> {
        let request =
            Request::new(Operation::AD_SET_DISPLAY_MULTIPLIERS).path("ad-set-id", ad_set_id);
        self.list(request).await
    }
}
