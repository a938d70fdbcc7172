//! Marketplace Performance Outcomes: bare JSON, without the envelope of the other endpoints.

use serde_json::Value;

use crate::entities::{self, Entity};
use crate::reports::{self, Problem};

use super::answers::{find_granted, granted_advertiser, missing, number_in_query, of_granted};
use super::call::Call;
use super::operations::MarketplaceRead;
use super::payload::Payload;
use super::problem::invalid;
use super::state::State;

/// Answers one of the marketplace operations.
pub(super) fn answer(
    state: &State,
    call: &Call,
    read: MarketplaceRead,
) -> Result<Payload, Problem> {
    let now = state.clock.now();
    match read {
        MarketplaceRead::OfAdvertiser(entity) => {
            let advertiser = granted_advertiser(state, call)?;
            let list = entities::list(&state.world, now, entity, advertiser);
            Ok(Payload::Json(Value::Array(list)))
        }
        MarketplaceRead::One(entity) => {
            let (_, found) = find_granted(state, call, entity, call.parameter(0))?;
            Ok(Payload::Json(found))
        }
        MarketplaceRead::Search(entity) => {
            let filters = call.filters();
            let granted = state.granted_to(call);
            let found =
                entities::search_marketplace(&state.world, now, entity, &granted, &filters)?;
            Ok(Payload::Json(Value::Array(found)))
        }
        MarketplaceRead::Stats(which) => {
            let granted = state.granted_to(call);
            reports::marketplace_stats(&state.world, now, which, &granted, &call.query)
                .map(Payload::Json)
        }
        MarketplaceRead::SellerAdPreview => {
            let advertiser = granted_advertiser(state, call)?;
            let seller = call
                .query
                .get("sellerId")
                .ok_or_else(|| invalid("The parameter sellerId is required", &call.path))?;
            let width = number_in_query(call, "width", 300)?;
            let height = number_in_query(call, "height", 250)?;
            entities::seller_ad_preview(&state.world, advertiser, seller, width, height)
                .map(|html| Payload::Json(Value::String(html)))
                .ok_or_else(|| missing(Entity::MarketplaceSeller, call))
        }
        MarketplaceRead::OfAll(entity) => {
            Ok(Payload::Json(Value::Array(of_granted(state, call, entity))))
        }
    }
}
