//! Marketplace Performance Outcomes: bare objects, with the shapes of Criteo's OpenAPI 2026-07.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::campaigns::hundredths;
use super::{Entity, bare};
use crate::reports::Problem;
use crate::world::calendar::{self, DayNumber};
use crate::world::{Budget, BudgetKind, BudgetStatus, Delivery, Quality, Seller, World};

const INSTANCE: &str = "/marketplace-performance-outcomes";

pub(super) fn advertiser(world: &World, position: usize) -> Value {
    let advertiser = &world.accounts().advertisers[position];
    bare(json!({
        "id": advertiser.id,
        "advertiserName": advertiser.name,
        "currencyName": advertiser.currency,
        "timeZoneId": advertiser.zone,
    }))
}

pub(super) fn preview_limit(world: &World, position: usize, day: DayNumber) -> Value {
    let advertiser = &world.accounts().advertisers[position];
    bare(json!({
        "advertiserId": advertiser.id,
        "quotaLimit": 1_000,
        "quotaUsed": world.revision_chance(advertiser.id, Quality::Bid, day).below(1_000),
        "quotaStartDate": format!("{}T00:00:00Z", calendar::date_of(day)),
        "quotaEndDate": format!("{}T00:00:00Z", calendar::date_of(day + 1)),
    }))
}

fn delivery_status(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Active => "Running",
        Delivery::NotRunning => "NotRunning",
        Delivery::Dead => "Archived",
    }
}

pub(super) fn ad_set(world: &World, position: usize, day: DayNumber) -> Value {
    let accounts = world.accounts();
    let ad_set = &accounts.ad_sets[position];
    let advertiser = &accounts.advertisers[ad_set.advertiser];
    bare(json!({
        "adsetId": ad_set.id,
        "adsetName": world.present_name(ad_set.id, &ad_set.name, day),
        "advertiserId": advertiser.id,
        "partnerId": advertiser.dataset_id,
        "isCoa": false,
        "status": delivery_status(world.delivery(position, day)),
    }))
}

/// The campaigns that sellers take part in, each with the status of its first ad set.
pub(super) fn campaigns(world: &World, advertiser: usize, day: DayNumber) -> Vec<Value> {
    let accounts = world.accounts();
    let Some(seller) = world.sellers(advertiser).into_iter().next() else {
        return Vec::new();
    };
    let ad_sets = accounts.advertisers[advertiser].ad_sets.clone();
    seller
        .campaigns
        .iter()
        .filter(|campaign| accounts.campaigns[**campaign].life.contains(day))
        .map(|position| {
            let campaign = &accounts.campaigns[*position];
            let first = ad_sets
                .clone()
                .find(|ad_set| accounts.ad_sets[*ad_set].campaign == *position);
            let delivery = first.map_or(Delivery::Dead, |ad_set| world.delivery(ad_set, day));
            bare(json!({
                "id": campaign.id,
                "campaignName": world.present_name(campaign.id, &campaign.name, day),
                "adSetDeliveryStatus": delivery_status(delivery),
                "status": match delivery {
                    Delivery::Active => 0,
                    Delivery::Dead => 1,
                    Delivery::NotRunning => 2,
                },
            }))
        })
        .collect()
}

pub(super) fn seller(seller: &Seller) -> Value {
    bare(json!({ "id": seller.id.to_string(), "sellerName": seller.name }))
}

/// A seller's part in each of its campaigns.
pub(super) fn seller_campaigns(world: &World, seller: &Seller, day: DayNumber) -> Vec<Value> {
    let campaigns = world.accounts();
    seller
        .campaigns
        .iter()
        .map(|position| &campaigns.campaigns[*position])
        .filter(|campaign| campaign.life.contains(day))
        .map(|campaign| {
            let entity = seller.id + campaign.id;
            let revision = world.revision(entity, Quality::Bid, day);
            let mut chance = world.revision_chance(entity, Quality::Bid, revision);
            let bid = (!chance.one_in(8)).then(|| chance.between(5, 250));
            let suspended = bid.is_none() || !seller.active;
            let reason = if bid.is_none() {
                "NoCpcDefined"
            } else {
                "ManuallyStopped"
            };
            let since = format!(
                "{}T08:15:24.813Z",
                calendar::date_of(world.first_day() + 40)
            );
            bare(json!({
                "id": format!("{}.{}", seller.id, campaign.id),
                "sellerId": seller.id.to_string(),
                "campaignId": campaign.id,
                "bid": bid.map(hundredths),
                "suspendedSince": suspended.then_some(since),
                "suspensionReasons": suspended.then(|| vec![reason]),
                "productSet": {
                    "productSetNumberOfProducts": seller.products,
                    "productSetStatus": "Active",
                    "rules": [],
                },
            }))
        })
        .collect()
}

fn status_name(status: BudgetStatus) -> &'static str {
    match status {
        BudgetStatus::Archived => "Archived",
        BudgetStatus::Current => "Current",
        BudgetStatus::Scheduled => "Scheduled",
    }
}

fn kind_name(kind: BudgetKind) -> &'static str {
    match kind {
        BudgetKind::Daily => "Daily",
        BudgetKind::Capped => "Capped",
        BudgetKind::Uncapped => "Uncapped",
    }
}

pub(super) fn budget(world: &World, seller: &Seller, budget: &Budget) -> Value {
    let campaigns = &world.accounts().campaigns;
    let campaign_ids: Vec<u32> = seller
        .campaigns
        .iter()
        .map(|position| campaigns[*position].id)
        .collect();
    bare(json!({
        "id": budget.id.to_string(),
        "sellerId": seller.id.to_string(),
        "campaignIds": campaign_ids,
        "budgetType": kind_name(budget.kind),
        "amount": budget.amount.map(hundredths),
        "startDate": calendar::date_of(budget.from).to_string(),
        "endDate": budget.until.map_or_else(String::new, |day| calendar::date_of(day).to_string()),
        "isSuspended": budget.suspended,
        "spend": budget.spent.map(hundredths),
        "status": status_name(budget.status),
    }))
}

/// The filters of the marketplace listings. Names mean the same on every listing that has them.
#[derive(Debug)]
struct Filters<'query> {
    query: &'query BTreeMap<String, String>,
    end_after: Option<DayNumber>,
    start_before: Option<DayNumber>,
}

impl<'query> Filters<'query> {
    fn read(query: &'query BTreeMap<String, String>) -> Result<Self, Problem> {
        let filters = Self {
            query,
            end_after: day(query, "endAfterDate")?,
            start_before: day(query, "startBeforeDate")?,
        };
        for (field, allowed) in [
            ("status", &["Archived", "Current", "Scheduled"][..]),
            ("withBudgetStatus", &["Archived", "Current", "Scheduled"]),
            ("budgetStatus", &["Archived", "Current", "Scheduled"]),
            ("sellerStatus", &["Inactive", "Active"]),
            ("withBalance", &["true", "false"]),
            ("withSpend", &["true", "false"]),
            ("withProducts", &["true", "false"]),
        ] {
            if let Some(value) = filters.get(field)
                && !allowed.contains(&value)
            {
                return Err(invalid(field, value));
            }
        }
        Ok(filters)
    }

    fn get(&self, field: &str) -> Option<&'query str> {
        let value = self.query.get(field).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    fn allows(&self, field: &str, value: &str) -> bool {
        self.get(field).is_none_or(|wanted| wanted == value)
    }

    fn allows_number(&self, field: &str, value: u32) -> bool {
        self.allows(field, &value.to_string())
    }

    fn allows_flag(&self, field: &str, value: bool) -> bool {
        self.allows(field, if value { "true" } else { "false" })
    }

    fn allows_seller(&self, world: &World, seller: &Seller, day: DayNumber) -> bool {
        let status = if seller.active { "Active" } else { "Inactive" };
        let has_budget = |field: &str| {
            self.get(field).is_none_or(|wanted| {
                let budgets = world.budgets(seller, day);
                budgets
                    .iter()
                    .any(|budget| status_name(budget.status) == wanted)
            })
        };
        self.allows_number("sellerId", seller.id)
            && self.allows("sellerName", seller.name)
            && self.allows("sellerStatus", status)
            && self.allows_flag("withProducts", seller.products > 0)
            && has_budget("withBudgetStatus")
            && has_budget("budgetStatus")
    }

    fn allows_campaign(&self, world: &World, seller: &Seller) -> bool {
        self.get("campaignId").is_none_or(|wanted| {
            let campaigns = &world.accounts().campaigns;
            let mut ids = seller.campaigns.iter().map(|at| campaigns[*at].id);
            ids.any(|id| id.to_string() == wanted)
        })
    }

    /// Budgets that are over are left out unless `endAfterDate` asks for them (Criteo's OpenAPI 2026-07).
    fn allows_budget(&self, budget: &Budget, today: DayNumber) -> bool {
        let ends_in_time = budget.until.is_none_or(|until| match self.end_after {
            Some(day) => until > day,
            None => until >= today,
        });
        let has_balance = match (budget.amount, budget.spent) {
            (Some(amount), Some(spent)) => spent < amount,
            _ => true,
        };
        ends_in_time
            && self.start_before.is_none_or(|day| budget.from <= day)
            && self.allows_number("budgetId", budget.id)
            && self.allows("status", status_name(budget.status))
            && self.allows("type", kind_name(budget.kind))
            && self.allows_flag("withBalance", has_balance)
            && self.allows_flag("withSpend", budget.spent.is_some_and(|spent| spent > 0))
    }
}

fn day(query: &BTreeMap<String, String>, field: &str) -> Result<Option<DayNumber>, Problem> {
    let Some(text) = query.get(field).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let date = text.get(..10).unwrap_or(text).parse();
    date.map(|date| Some(calendar::day_number(date)))
        .map_err(|_| invalid(field, text))
}

fn invalid(field: &str, value: &str) -> Problem {
    Problem {
        status: 400,
        kind: "validation",
        code: "invalid".to_owned(),
        title: format!("The parameter {field} is invalid."),
        detail: Some(format!("'{value}' is not a valid value for '{field}'.")),
        instance: INSTANCE.to_owned(),
    }
}

pub(super) fn search(
    world: &World,
    day: DayNumber,
    entity: Entity,
    granted: &[String],
    query: &BTreeMap<String, String>,
) -> Result<Vec<Value>, Problem> {
    let filters = Filters::read(query)?;
    let mut found = Vec::new();
    for advertiser in world.advertiser_positions(granted) {
        if !filters.allows_number("advertiserId", world.accounts().advertisers[advertiser].id) {
            continue;
        }
        for candidate in world.sellers(advertiser) {
            if !filters.allows_seller(world, &candidate, day)
                || !filters.allows_campaign(world, &candidate)
            {
                continue;
            }
            match entity {
                Entity::MarketplaceSeller => found.push(seller(&candidate)),
                Entity::MarketplaceSellerCampaign => {
                    found.extend(seller_campaigns(world, &candidate, day).into_iter().filter(
                        |it| {
                            let campaign = it["campaignId"].to_string();
                            let id = it["id"].as_str().unwrap_or_default();
                            filters.allows("campaignId", &campaign)
                                && filters.allows("sellerCampaignId", id)
                        },
                    ));
                }
                Entity::MarketplaceBudget => {
                    let pays = filters.get("sellerCampaignId").is_none_or(|wanted| {
                        seller_campaigns(world, &candidate, day)
                            .iter()
                            .any(|it| it["id"] == wanted)
                    });
                    let budgets = world.budgets(&candidate, day);
                    let wanted = budgets
                        .iter()
                        .filter(|budget| pays && filters.allows_budget(budget, day));
                    found.extend(wanted.map(|it| budget(world, &candidate, it)));
                }
                _ => {}
            }
        }
    }
    Ok(found)
}
