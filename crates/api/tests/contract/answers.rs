//! Typed answers: a value with every member of the contract comes back whole from its type, and one
//! with as little as the contract allows can be read.

use criteo_api::{
    Ad, AdSet, AdSetCategoryBid, AdSetDisplayMultiplier, Advertiser, Application, Campaign, Coupon,
    CouponSupportedSizes, Creative, MarketplaceAdSet, MarketplaceAdvertiser, MarketplaceCampaign,
    PreviewLimit, Seller, SellerBudget, SellerCampaign, StatsReport, TransparencyReport,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::document::{Document, load};

/// What a type keeps of a value.
fn through<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    let typed: T = serde_json::from_value(value.clone())
        .unwrap_or_else(|problem| panic!("{problem} in {value:#}"));
    json!(typed)
}

/// The attributes of an enveloped answer, list or not.
fn attributes<'a>(document: &'a Document, id: &str) -> &'a Value {
    let data = document.member(document.answer(id), "data");
    let resource = if data["type"] == "array" {
        document.items(data)
    } else {
        data
    };
    document.member(resource, "attributes")
}

/// `missing` names members that the type knows and this answer does not have.
fn check<T: DeserializeOwned + Serialize>(document: &Document, schema: &Value, missing: &[&str]) {
    let mut full = document.full_sample(schema);
    for name in missing {
        assert!(full.get(name).is_none(), "{name} is there after all");
        full[*name] = Value::Null;
    }
    // Links are secrets and written as such.
    if let Some(url) = full.pointer_mut("/files/0/url") {
        *url = json!("[redacted]");
    }
    assert_eq!(through::<T>(&full), full);
}

fn enveloped<T: DeserializeOwned + Serialize>(id: &str, missing: &[&str]) {
    let Some(document) = load() else { return };
    let schema = attributes(document, id);
    check::<T>(document, schema, missing);
    through::<T>(&document.sparse_sample(schema, false));
}

/// The marketplace's contract never says what is required. Scalars that cannot be null are taken to
/// be always there.
fn bare<T: DeserializeOwned + Serialize>(id: &str) {
    let Some(document) = load() else { return };
    let answer = document.answer(id);
    let schema = if answer["type"] == "array" {
        document.items(answer)
    } else {
        answer
    };
    check::<T>(document, schema, &[]);
    through::<T>(&document.sparse_sample(schema, true));
}

#[test]
fn the_portfolio_is_typed_as_in_the_contract() {
    enveloped::<Advertiser>("ListAdvertisers", &[]);
    enveloped::<Application>("GetCurrentApplication", &[]);
}

#[test]
fn campaigns_are_typed_as_in_the_contract() {
    enveloped::<Campaign>("SearchCampaigns", &[]);
    enveloped::<Campaign>("GetCampaign", &[]);
    enveloped::<AdSet>("SearchAdSets", &[]);
    enveloped::<AdSet>("GetAdSet", &[]);
    enveloped::<AdSetCategoryBid>("GetAdSetCategoryBids", &[]);
    enveloped::<AdSetDisplayMultiplier>("GetDisplayMultipliers", &[]);
}

#[test]
fn creatives_are_typed_as_in_the_contract() {
    enveloped::<Ad>("GetAdvertiserAds", &[]);
    enveloped::<Ad>("GetAd", &[]);
    enveloped::<Creative>("GetAdvertiserCreatives", &["id"]);
    enveloped::<Creative>("GetCreative", &[]);
    enveloped::<Coupon>("GetAdvertiserCoupons", &[]);
    enveloped::<Coupon>("GetAdvertiserCoupon", &[]);
    enveloped::<CouponSupportedSizes>("GetAdvertiserCouponSupportedSizes", &[]);
}

#[test]
fn log_level_reports_are_typed_as_in_the_contract() {
    enveloped::<TransparencyReport>("GetTransparencyReport", &[]);
}

#[test]
fn the_marketplace_is_typed_as_in_the_contract() {
    bare::<MarketplaceAdvertiser>("GetMarketplaceAdvertisers");
    bare::<MarketplaceAdvertiser>("GetMarketplaceAdvertiser");
    bare::<PreviewLimit>("GetMarketplaceAdvertiserPreviewLimits");
    bare::<MarketplaceAdSet>("GetMarketplaceAdSetsByAdvertiser");
    bare::<MarketplaceCampaign>("GetMarketplaceCampaignsByAdvertiser");
    for id in [
        "GetMarketplaceSellerCampaignsByAdvertiser",
        "GetMarketplaceSellerCampaigns",
        "GetMarketplaceSellerCampaign",
        "GetMarketplaceSellerCampaignsBySeller",
    ] {
        bare::<SellerCampaign>(id);
    }
    for id in [
        "GetMarketplaceBudgetsByAdvertiser",
        "GetMarketplaceSellerBudgets",
        "GetMarketplaceSellerBudget",
        "GetMarketplaceBudgetsBySellerCampaign",
        "GetMarketplaceBudgetsBySeller",
    ] {
        bare::<SellerBudget>(id);
    }
    bare::<Seller>("GetMarketplaceSellers");
    bare::<Seller>("GetMarketplaceSeller");
    for id in [
        "GetMarketplaceCampaignsStats",
        "GetMarketplaceSellerCampaignsStats",
        "GetMarketplaceSellersStats",
    ] {
        bare::<StatsReport>(id);
    }
}

#[test]
fn what_the_contract_does_not_know_is_ignored() {
    let advertiser = json!({"advertiserName": "a", "somethingNew": {"deep": [1]}});
    assert_eq!(
        through::<Advertiser>(&advertiser),
        json!({"advertiserName": "a"})
    );
    let ad_set = json!({"objective": "somethingNew"});
    assert_eq!(through::<AdSet>(&ad_set)["objective"], "somethingNew");
}
