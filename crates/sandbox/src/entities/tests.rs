use std::collections::BTreeMap;

use super::*;
use crate::world::WorldConfig;

const CREATED: &str = "2026-06-15T09:30:00Z";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn world() -> World {
    World::new(WorldConfig::default(), instant(CREATED))
}

const ENTITIES: [Entity; 15] = [
    Entity::Advertiser,
    Entity::Campaign,
    Entity::AdSet,
    Entity::Ad,
    Entity::Creative,
    Entity::Coupon,
    Entity::CategoryBid,
    Entity::DisplayMultiplier,
    Entity::MarketplaceAdvertiser,
    Entity::MarketplacePreviewLimit,
    Entity::MarketplaceAdSet,
    Entity::MarketplaceCampaign,
    Entity::MarketplaceSeller,
    Entity::MarketplaceSellerCampaign,
    Entity::MarketplaceBudget,
];

fn everything(world: &World, as_of: &str, entity: Entity) -> Vec<Value> {
    let ids = world.advertiser_ids();
    ids.iter()
        .flat_map(|id| list(world, instant(as_of), entity, id))
        .collect()
}

#[test]
fn every_kind_exists_and_is_the_same_each_time() {
    let world = world();
    for entity in ENTITIES {
        let found = everything(&world, CREATED, entity);
        assert!(!found.is_empty(), "{entity:?}");
        assert_eq!(found, everything(&world, CREATED, entity), "{entity:?}");
    }
    assert!(list(&world, instant(CREATED), Entity::Campaign, "1").is_empty());
}

#[test]
fn what_is_listed_is_found_by_its_id() {
    let world = world();
    for entity in [
        Entity::Campaign,
        Entity::AdSet,
        Entity::Ad,
        Entity::Coupon,
        Entity::MarketplaceSeller,
        Entity::MarketplaceSellerCampaign,
        Entity::MarketplaceBudget,
    ] {
        for advertiser in world.advertiser_ids() {
            for element in list(&world, instant(CREATED), entity, &advertiser) {
                let id = element["id"].as_str().unwrap();
                let found = find(&world, instant(CREATED), entity, id).unwrap();
                assert_eq!(found, (advertiser.clone(), element.clone()), "{entity:?}");
            }
        }
    }
    let creatives = everything(&world, CREATED, Entity::Creative);
    let id = creatives[0]["id"].as_str().unwrap();
    assert!(creatives[0]["attributes"].get("id").is_none());
    let (_, single) = find(&world, instant(CREATED), Entity::Creative, id).unwrap();
    assert_eq!(single["attributes"]["id"], id);
}

#[test]
fn entities_change_as_the_calendar_moves() {
    let world = world();
    let later = "2026-07-20T00:00:00Z";
    for entity in [
        Entity::Campaign,
        Entity::AdSet,
        Entity::Ad,
        Entity::Creative,
        Entity::CategoryBid,
        Entity::DisplayMultiplier,
        Entity::MarketplaceBudget,
    ] {
        assert_ne!(
            everything(&world, CREATED, entity),
            everything(&world, later, entity),
            "{entity:?}"
        );
    }
    let ids = |as_of| -> Vec<Value> {
        let campaigns = everything(&world, as_of, Entity::Campaign);
        campaigns.iter().map(|it| it["id"].clone()).collect()
    };
    let (before, after) = (ids(CREATED), ids(later));
    assert!(
        after.iter().any(|id| !before.contains(id)),
        "one is created"
    );
    assert!(
        before.iter().any(|id| !after.contains(id)),
        "one is deleted"
    );
}

#[test]
fn bids_of_an_ad_set_are_part_of_all_bids() {
    let world = world();
    let advertiser = world.advertiser_ids()[0].clone();
    let all = list(&world, instant(CREATED), Entity::CategoryBid, &advertiser);
    let mut gathered = Vec::new();
    for ad_set in list(&world, instant(CREATED), Entity::AdSet, &advertiser) {
        let id = ad_set["id"].as_str().unwrap();
        let (owner, bids) =
            list_of_ad_set(&world, instant(CREATED), Entity::CategoryBid, id).unwrap();
        assert_eq!(owner, advertiser);
        gathered.extend(bids);
    }
    assert_eq!(gathered, all);
    assert!(list_of_ad_set(&world, instant(CREATED), Entity::CategoryBid, "1").is_none());
}

#[test]
fn projection_keeps_what_was_asked_for_and_empties_the_rest() {
    let world = world();
    let element = everything(&world, CREATED, Entity::AdSet).remove(0);
    let projected = project_ad_set(element.clone(), &["Name".to_owned()]).unwrap();
    assert_eq!(
        projected["attributes"]["name"],
        element["attributes"]["name"]
    );
    assert_eq!(projected["attributes"]["advertiserId"], Value::Null);
    assert_eq!(
        projected["attributes"]["destinationEnvironment"],
        "undefined"
    );
    assert_eq!(
        projected["attributes"]["budget"]["budgetAmount"],
        Value::Null
    );
    let refused = project_ad_set(element, &["name".to_owned()]).unwrap_err();
    assert_eq!(refused.status, 400);
}

#[test]
fn budgets_that_are_over_are_listed_only_on_request() {
    let world = world();
    let granted = world.advertiser_ids();
    let ask = |query: &[(&str, &str)]| {
        let query: BTreeMap<String, String> = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let entity = Entity::MarketplaceBudget;
        search_marketplace(&world, instant(CREATED), entity, &granted, &query)
    };
    let present = ask(&[]).unwrap();
    assert!(!present.is_empty() && present.iter().all(|it| it["status"] != "Archived"));
    let all = ask(&[("endAfterDate", "2020-01-01")]).unwrap();
    assert_eq!(all, everything(&world, CREATED, Entity::MarketplaceBudget));
    let archived = ask(&[("endAfterDate", "2020-01-01"), ("status", "Archived")]).unwrap();
    assert!(!archived.is_empty() && archived.iter().all(|it| it["status"] == "Archived"));
    assert_eq!(ask(&[("status", "Over")]).unwrap_err().status, 400);
}

#[test]
fn previews_escape_names() {
    let world = world();
    let coupon = everything(&world, CREATED, Entity::Coupon).remove(0);
    let advertiser = coupon["attributes"]["advertiserId"].as_str().unwrap();
    let id = coupon["id"].as_str().unwrap();
    let html = coupon_preview(&world, instant(CREATED), advertiser, id, 300, 250).unwrap();
    assert!(html.contains("&quot;welcome") && html.contains("width=\"300\""));
    assert!(coupon_preview(&world, instant(CREATED), advertiser, "1", 300, 250).is_none());
}
