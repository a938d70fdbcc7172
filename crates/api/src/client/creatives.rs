//! Ads, creatives and coupons. Permission: Creatives, Read.
//!
//! The three lists are paged by `limit` and `offset` and tell no total: the last page is the one
//! that is shorter than its limit. Criteo's OpenAPI: 50 when no limit is given; no largest limit is
//! documented. Only "self-services" items are listed.

use super::Client;
use crate::{
    Ad, Coupon, CouponSupportedSizes, Creative, Envelope, Error, Operation, Request, Resource,
};

impl Client {
    /// A page of an advertiser's ads: `GET /marketing-solutions/advertisers/{advertiser-id}/ads`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without permission or consent; otherwise as everywhere.
    pub async fn advertiser_ads(
        &self,
        advertiser_id: &str,
        limit: u32,
        offset: u64,
    ) -> Result<Envelope<Vec<Resource<Ad>>>, Error> {
        self.list(page_of(
            Operation::ADVERTISER_ADS,
            advertiser_id,
            limit,
            offset,
        ))
        .await
    }

    /// One ad: `GET /marketing-solutions/ads/{id}`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn ad(&self, ad_id: &str) -> Result<Envelope<Resource<Ad>>, Error> {
        self.envelope(Request::new(Operation::AD).path("id", ad_id))
            .await
    }

    /// A page of an advertiser's creatives: `GET
    /// /marketing-solutions/advertisers/{advertiser-id}/creatives`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without permission or consent; otherwise as everywhere.
    pub async fn advertiser_creatives(
        &self,
        advertiser_id: &str,
        limit: u32,
        offset: u64,
    ) -> Result<Envelope<Vec<Resource<Creative>>>, Error> {
        self.list(page_of(
            Operation::ADVERTISER_CREATIVES,
            advertiser_id,
            limit,
            offset,
        ))
        .await
    }

    /// One creative: `GET /marketing-solutions/creatives/{id}`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn creative(&self, creative_id: &str) -> Result<Envelope<Resource<Creative>>, Error> {
        self.envelope(Request::new(Operation::CREATIVE).path("id", creative_id))
            .await
    }

    /// A page of an advertiser's coupons: `GET
    /// /marketing-solutions/advertisers/{advertiser-id}/coupons`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without permission or consent; otherwise as everywhere.
    pub async fn advertiser_coupons(
        &self,
        advertiser_id: &str,
        limit: u32,
        offset: u64,
    ) -> Result<Envelope<Vec<Resource<Coupon>>>, Error> {
        self.list(page_of(
            Operation::ADVERTISER_COUPONS,
            advertiser_id,
            limit,
            offset,
        ))
        .await
    }

    /// One coupon: `GET /marketing-solutions/advertisers/{advertiser-id}/coupons/{id}`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn coupon(
        &self,
        advertiser_id: &str,
        coupon_id: &str,
    ) -> Result<Envelope<Resource<Coupon>>, Error> {
        let request = Request::new(Operation::COUPON)
            .path("advertiser-id", advertiser_id)
            .path("id", coupon_id);
        self.envelope(request).await
    }

    /// Sizes that coupons may have, for all ad sets or for one:
    /// `GET /marketing-solutions/advertisers/{advertiser-id}/coupons-supported-sizes`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without permission or consent; otherwise as everywhere.
    pub async fn coupon_supported_sizes(
        &self,
        advertiser_id: &str,
        ad_set_id: Option<&str>,
    ) -> Result<Envelope<Resource<CouponSupportedSizes>>, Error> {
        let request = Request::new(Operation::COUPON_SUPPORTED_SIZES)
            .path("advertiser-id", advertiser_id)
            .optional_query("ad-set-id", ad_set_id);
        self.envelope(request).await
    }

    /// A coupon as an HTML page, of a size in pixels:
    /// `GET /marketing-solutions/advertisers/{advertiser-id}/coupons/{id}/preview`.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Forbidden`]; otherwise as everywhere.
    pub async fn coupon_preview(
        &self,
        advertiser_id: &str,
        coupon_id: &str,
        width: Option<u32>,
        height: Option<u32>,
    ) -> Result<String, Error> {
        let request = Request::new(Operation::COUPON_PREVIEW)
            .path("advertiser-id", advertiser_id)
            .path("id", coupon_id)
            .optional_query("width", width)
            .optional_query("height", height);
        self.page(request).await
    }
}

fn page_of(operation: Operation, advertiser_id: &str, limit: u32, offset: u64) -> Request {
    Request::new(operation)
        .path("advertiser-id", advertiser_id)
        .query("limit", limit)
        .query("offset", offset)
}
