//! The JSON of everything that is not a report: advertisers, campaigns, ad sets, ads, creatives, coupons, bids and the
//! marketplace family, as they stand at a simulated instant.

mod campaigns;
mod creatives;
mod marketplace;
mod projection;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::reports::Problem;
use crate::world::World;
use crate::world::calendar::{self, DayNumber};

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

/// A `{type, id, attributes}` element. Every entity carries an attribute that no published shape has, because Criteo adds
/// fields to stable versions and readers must not mind.
fn resource(kind: &str, id: impl std::fmt::Display, mut attributes: Value) -> Value {
    attributes["labels"] = json!(["added-later"]);
    json!({ "type": kind, "id": id.to_string(), "attributes": attributes })
}

/// A bare marketplace object, with a field that no published shape has.
fn bare(mut object: Value) -> Value {
    object["labels"] = json!(["added-later"]);
    object
}

/// All entities of a kind that belong to an advertiser, in a stable order: the elements of `data` (`{type, id,
/// attributes}`), or bare objects for the marketplace. Empty for an unknown advertiser, and for one that is not a
/// marketplace customer when a marketplace kind is asked for. Marketplace budgets include those that are over, which
/// Criteo's listing leaves out by default; see [`search_marketplace`].
pub fn list(world: &World, as_of: Timestamp, entity: Entity, advertiser_id: &str) -> Vec<Value> {
    let Some(advertiser) = world.advertiser_position(advertiser_id) else {
        return Vec::new();
    };
    let listed = members(world, calendar::utc_day(as_of), entity, advertiser);
    listed.into_iter().map(|(_, element)| element).collect()
}

/// The ids and elements of one kind of entity of one advertiser.
fn members(
    world: &World,
    day: DayNumber,
    entity: Entity,
    advertiser: usize,
) -> Vec<(String, Value)> {
    let accounts = world.accounts();
    let account = &accounts.advertisers[advertiser];
    let campaigns = account
        .campaigns
        .clone()
        .filter(|campaign| accounts.campaigns[*campaign].life.contains(day));
    let ad_sets = account.ad_sets.clone().filter(|it| {
        accounts.campaigns[accounts.ad_sets[*it].campaign]
            .life
            .contains(day)
    });
    let own_id = account.id.to_string();
    let customer = |value: Value| {
        let entry = (own_id.clone(), value);
        account.marketplace.then_some(entry).into_iter().collect()
    };
    let identified = |element: Value| {
        let id = element["id"].as_str().map(str::to_owned);
        (id.unwrap_or_else(|| element["id"].to_string()), element)
    };
    match entity {
        Entity::Advertiser => vec![(own_id.clone(), campaigns::advertiser(world, advertiser))],
        Entity::Campaign => campaigns
            .map(|it| campaigns::campaign(world, &accounts.campaigns[it], day))
            .map(identified)
            .collect(),
        Entity::AdSet => ad_sets
            .map(|it| campaigns::ad_set(world, it, day))
            .map(identified)
            .collect(),
        Entity::Ad => account
            .ads
            .clone()
            .map(|it| &accounts.ads[it])
            .filter(|ad| ad.life.contains(day))
            .map(|ad| identified(creatives::ad(world, ad)))
            .collect(),
        Entity::Creative => account
            .creatives
            .clone()
            .map(|it| creatives::creative(world, &accounts.creatives[it], day, false))
            .map(identified)
            .collect(),
        Entity::Coupon => account
            .coupons
            .clone()
            .map(|it| &accounts.coupons[it])
            .filter(|coupon| coupon.life.from <= day)
            .map(|coupon| identified(creatives::coupon(world, coupon, day)))
            .collect(),
        Entity::CategoryBid => ad_sets
            .flat_map(|it| campaigns::category_bids(world, &accounts.ad_sets[it], day))
            .map(identified)
            .collect(),
        Entity::DisplayMultiplier => ad_sets
            .flat_map(|it| campaigns::display_multipliers(world, &accounts.ad_sets[it], day))
            .map(identified)
            .collect(),
        Entity::MarketplaceAdvertiser => customer(marketplace::advertiser(world, advertiser)),
        Entity::MarketplacePreviewLimit => {
            customer(marketplace::preview_limit(world, advertiser, day))
        }
        Entity::MarketplaceAdSet if !account.marketplace => Vec::new(),
        Entity::MarketplaceAdSet => ad_sets
            .map(|it| {
                let element = marketplace::ad_set(world, it, day);
                (element["adsetId"].to_string(), element)
            })
            .collect(),
        Entity::MarketplaceCampaign => marketplace::campaigns(world, advertiser, day)
            .into_iter()
            .map(identified)
            .collect(),
        Entity::MarketplaceSeller => world
            .sellers(advertiser)
            .iter()
            .map(|seller| identified(marketplace::seller(seller)))
            .collect(),
        Entity::MarketplaceSellerCampaign => world
            .sellers(advertiser)
            .iter()
            .flat_map(|seller| marketplace::seller_campaigns(world, seller, day))
            .map(identified)
            .collect(),
        Entity::MarketplaceBudget => world
            .sellers(advertiser)
            .iter()
            .flat_map(|seller| {
                let budgets = world.budgets(seller, day);
                let elements = budgets
                    .iter()
                    .map(|it| marketplace::budget(world, seller, it));
                elements.collect::<Vec<_>>()
            })
            .map(identified)
            .collect(),
    }
}

/// One entity by its id, with the id of the advertiser it belongs to. Marketplace ad sets, campaigns and preview limits
/// are found by the id inside them; category bids and display multipliers by the sandbox's own ids.
pub fn find(world: &World, as_of: Timestamp, entity: Entity, id: &str) -> Option<(String, Value)> {
    let day = calendar::utc_day(as_of);
    let accounts = world.accounts();
    (0..accounts.advertisers.len()).find_map(|advertiser| {
        let found = members(world, day, entity, advertiser)
            .into_iter()
            .find(|(own, _)| own == id)?;
        let owner = accounts.advertisers[advertiser].id.to_string();
        if entity == Entity::Creative {
            let creatives = &accounts.creatives;
            let creative = creatives.iter().find(|it| it.id.to_string() == id)?;
            return Some((owner, creatives::creative(world, creative, day, true)));
        }
        Some((owner, found.1))
    })
}

/// The category bids or display multipliers of one ad set, with the id of its advertiser; `None` when there is no such
/// ad set, or for any other kind of entity.
pub fn list_of_ad_set(
    world: &World,
    as_of: Timestamp,
    entity: Entity,
    ad_set_id: &str,
) -> Option<(String, Vec<Value>)> {
    let day = calendar::utc_day(as_of);
    let accounts = world.accounts();
    let mut ad_sets = accounts.ad_sets.iter();
    let ad_set = ad_sets.find(|it| it.id.to_string() == ad_set_id)?;
    if !accounts.campaigns[ad_set.campaign].life.contains(day) {
        return None;
    }
    let elements = match entity {
        Entity::CategoryBid => campaigns::category_bids(world, ad_set, day),
        Entity::DisplayMultiplier => campaigns::display_multipliers(world, ad_set, day),
        _ => return None,
    };
    let owner = accounts.advertisers[ad_set.advertiser].id.to_string();
    Some((owner, elements))
}

/// An element of `ad-sets/search` as it looks when the request projects `fields` (`meta.fields`): everything else is
/// present with its default value, as Criteo's OpenAPI 2026-07 describes.
///
/// # Errors
/// A 400 [`Problem`] for a field that does not exist.
pub fn project_ad_set(element: Value, fields: &[String]) -> Result<Value, Problem> {
    projection::project(element, fields)
}

/// The resource of `advertisers/{id}/coupons-supported-sizes`; `None` for an unknown advertiser or ad set.
pub fn coupon_supported_sizes(
    world: &World,
    advertiser_id: &str,
    ad_set_id: Option<&str>,
) -> Option<Value> {
    let advertiser = world.advertiser_position(advertiser_id)?;
    let accounts = world.accounts();
    let mut ad_sets = accounts.advertisers[advertiser].ad_sets.clone();
    let known = |id| ad_sets.any(|it| accounts.ad_sets[it].id.to_string() == id);
    ad_set_id
        .is_none_or(known)
        .then(|| creatives::coupon_supported_sizes(advertiser_id))
}

/// The HTML of a coupon preview; `None` when the advertiser has no such coupon.
pub fn coupon_preview(
    world: &World,
    as_of: Timestamp,
    advertiser_id: &str,
    coupon_id: &str,
    width: u32,
    height: u32,
) -> Option<String> {
    let advertiser = world.advertiser_position(advertiser_id)?;
    let day = calendar::utc_day(as_of);
    let accounts = world.accounts();
    let coupons = accounts.advertisers[advertiser].coupons.clone();
    let coupon = coupons
        .map(|it| &accounts.coupons[it])
        .find(|it| it.id.to_string() == coupon_id && it.life.from <= day)?;
    Some(creatives::coupon_preview(coupon, width, height))
}

/// The HTML of a marketplace seller's ad preview; `None` when the advertiser has no such seller.
pub fn seller_ad_preview(
    world: &World,
    advertiser_id: &str,
    seller_id: &str,
    width: u32,
    height: u32,
) -> Option<String> {
    let advertiser = world.advertiser_position(advertiser_id)?;
    let sellers = world.sellers(advertiser);
    let seller = sellers.iter().find(|it| it.id.to_string() == seller_id)?;
    Some(creatives::seller_ad_preview(seller.name, width, height))
}

/// Marketplace sellers, seller campaigns or budgets of the `granted` advertisers that satisfy the filters of the decoded
/// query string; nothing for other kinds. A path parameter (`sellerId`, `advertiserId`, `sellerCampaignId`) is given as
/// if it were a filter.
///
/// # Errors
/// A 400 [`Problem`] when a filter breaks the contract.
pub fn search_marketplace(
    world: &World,
    as_of: Timestamp,
    entity: Entity,
    granted: &[String],
    query: &BTreeMap<String, String>,
) -> Result<Vec<Value>, Problem> {
    marketplace::search(world, calendar::utc_day(as_of), entity, granted, query)
}

#[cfg(test)]
mod tests;
