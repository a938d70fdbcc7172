//! The JSON of everything that is not a report: advertisers, campaigns, ad sets, ads, creatives, coupons, bids and the
//! marketplace family, as they stand at a simulated instant.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::reports::Problem;
use crate::world::World;

/// A kind of entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// An element of `/advertisers/me`.
    Advertiser,
    /// An element of `campaigns/search`.
    Campaign,
    /// An element of `ad-sets/search`.
    AdSet,
    /// An element of `advertisers/{id}/ads`.
    Ad,
    /// An element of `advertisers/{id}/creatives`; [`find`] answers the single shape, which repeats the id.
    Creative,
    /// An element of `advertisers/{id}/coupons`.
    Coupon,
    /// An element of `ad-sets/{id}/category-bids`; see [`list_of_ad_set`].
    CategoryBid,
    /// An element of `ad-sets/{id}/display-multipliers`; see [`list_of_ad_set`].
    DisplayMultiplier,
    /// Bare object of the marketplace `advertisers`.
    MarketplaceAdvertiser,
    /// Bare object of the marketplace `advertisers/preview-limit`.
    MarketplacePreviewLimit,
    /// Bare object of the marketplace `advertisers/{id}/adsets`.
    MarketplaceAdSet,
    /// Bare object of the marketplace `advertisers/{id}/campaigns`.
    MarketplaceCampaign,
    /// Bare object of the marketplace `sellers`.
    MarketplaceSeller,
    /// Bare object of the marketplace `seller-campaigns`.
    MarketplaceSellerCampaign,
    /// Bare object of the marketplace `budgets`.
    MarketplaceBudget,
}

/// All entities of a kind that belong to an advertiser, in a stable order: the elements of `data` (`{type, id,
/// attributes}`), or bare objects for the marketplace. Empty for an unknown advertiser, and for one that is not a
/// marketplace customer when a marketplace kind is asked for.
pub fn list(
    _world: &World,
    _as_of: Timestamp,
    _entity: Entity,
    _advertiser_id: &str,
) -> Vec<Value> {
    Vec::new()
}

/// One entity by its id, with the id of the advertiser it belongs to. Category bids and display multipliers have no
/// ids of their own and are never found here.
pub fn find(
    _world: &World,
    _as_of: Timestamp,
    _entity: Entity,
    _id: &str,
) -> Option<(String, Value)> {
    None
}

/// The category bids or display multipliers of one ad set, with the id of its advertiser; `None` when there is no such
/// ad set.
pub fn list_of_ad_set(
    _world: &World,
    _as_of: Timestamp,
    _entity: Entity,
    _ad_set_id: &str,
) -> Option<(String, Vec<Value>)> {
    None
}

/// An element of `ad-sets/search` as it looks when the request projects `fields` (`meta.fields`): everything else is
/// present with its default value, as Criteo's OpenAPI 2026-07 describes.
///
/// # Errors
/// A 400 [`Problem`] for a field that does not exist.
pub fn project_ad_set(_element: Value, _fields: &[String]) -> Result<Value, Problem> {
    Ok(Value::Null)
}

/// The resource of `advertisers/{id}/coupons-supported-sizes`; `None` for an unknown advertiser or ad set.
pub fn coupon_supported_sizes(
    _world: &World,
    _advertiser_id: &str,
    _ad_set_id: Option<&str>,
) -> Option<Value> {
    None
}

/// The HTML of a coupon preview; `None` when the advertiser has no such coupon.
pub fn coupon_preview(
    _world: &World,
    _as_of: Timestamp,
    _advertiser_id: &str,
    _coupon_id: &str,
    _width: u32,
    _height: u32,
) -> Option<String> {
    None
}

/// The HTML of a marketplace seller's ad preview; `None` when the advertiser has no such seller.
pub fn seller_ad_preview(
    _world: &World,
    _advertiser_id: &str,
    _seller_id: &str,
    _width: u32,
    _height: u32,
) -> Option<String> {
    None
}

/// Marketplace sellers, seller campaigns or budgets of the `granted` advertisers that satisfy the filters of the decoded
/// query string. A path parameter (`sellerId`, `advertiserId`, `sellerCampaignId`) is given as if it were a filter.
///
/// # Errors
/// A 400 [`Problem`] when a filter breaks the contract.
pub fn search_marketplace(
    _world: &World,
    _as_of: Timestamp,
    _entity: Entity,
    _granted: &[String],
    _query: &BTreeMap<String, String>,
) -> Result<Vec<Value>, Problem> {
    Ok(Vec::new())
}
