//! Advertisers, campaigns and ad sets, with the shapes of Criteo's OpenAPI 2026-07.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::resource;
use crate::world::calendar::{self, DayNumber};
use crate::world::chance::Chance;
use crate::world::money;
use crate::world::{AdSet, Campaign, Delivery, Quality, World, vocabulary};

/// An amount in hundredths of a currency unit.
pub(super) fn hundredths(amount: i64) -> Value {
    money::json_decimal(amount.into(), 2)
}

pub(super) fn advertiser(world: &World, position: usize) -> Value {
    let advertiser = &world.accounts().advertisers[position];
    resource(
        "advertiser",
        advertiser.id,
        json!({ "advertiserName": advertiser.name }),
    )
}

/// A budget's base amount and what its latest revision makes of it, in hundredths.
fn revised_amount(world: &World, entity: u32, day: DayNumber) -> i64 {
    let base = world
        .revision_chance(entity, Quality::Budget, -2)
        .between(200, 20_000)
        * 250;
    let revision = world.revision(entity, Quality::Budget, day);
    let percent = world
        .revision_chance(entity, Quality::Budget, revision)
        .between(80, 140);
    base * percent / 100
}

/// Qualities that never change: they follow from the entity alone.
fn fixed(world: &World, entity: u32) -> Chance {
    world.revision_chance(entity, Quality::Appearance, -2)
}

pub(super) fn campaign(world: &World, campaign: &Campaign, day: DayNumber) -> Value {
    let advertiser = &world.accounts().advertisers[campaign.advertiser];
    let mut chance = fixed(world, campaign.id);
    let capped = !chance.one_in(3);
    let renewal = chance.pick(&["daily", "monthly", "lifetime"]);
    let automated = chance.one_in(3);
    let objective = chance.pick(&["conversions", "revenue", "visits", "videoViews"]);
    let amount = revised_amount(world, campaign.id, day);
    let goals = ["acquisition", "retention", "unspecified"];
    let scheduled: Vec<Value> = if capped && chance.one_in(4) {
        // The planned limit of next month; it moves on when that month has come.
        let start = next_month(day);
        vec![json!({
            "id": format!("{}{}", campaign.id, start.strftime("%Y%m")),
            "startDate": start.to_string(),
            "spendLimitType": "capped",
            "spendLimitRenewal": renewal,
            "spendLimitAmount": { "value": hundredths(amount + amount / 10) },
        })]
    } else {
        Vec::new()
    };
    resource(
        "Campaign",
        campaign.id,
        json!({
            "id": campaign.id.to_string(),
            "advertiserId": advertiser.id.to_string(),
            "name": world.present_name(campaign.id, &campaign.name, day),
            "goal": goals[campaign.goal],
            "spendLimit": {
                "spendLimitType": if capped { "capped" } else { "uncapped" },
                "spendLimitRenewal": if capped { *renewal } else { "undefined" },
                "spendLimitAmount": { "value": if capped { hundredths(amount) } else { Value::Null } },
            },
            "scheduledSpendLimits": scheduled,
            "budgetAutomation": {
                "enabled": automated,
                "automatedBudgetConfiguration": {
                    "adSetOptimizationObjective": if automated { json!(objective) } else { Value::Null },
                },
            },
        }),
    )
}

pub(super) fn ad_set(world: &World, position: usize, day: DayNumber) -> Value {
    let accounts = world.accounts();
    let ad_set = &accounts.ad_sets[position];
    let advertiser = &accounts.advertisers[ad_set.advertiser];
    let campaign = &accounts.campaigns[ad_set.campaign];
    let mut chance = fixed(world, ad_set.id);
    let objective = match campaign.marketing_objective {
        0 => "displays",
        1 => "visits",
        _ => *chance.pick(&["conversions", "revenue"]),
    };
    let app = chance.one_in(4);
    let method = *chance.pick(&[
        "criteoAttribution",
        "lastClick",
        "postClick",
        "googleAnalytics",
    ]);
    // A window is given for these two methods alone (Criteo's OpenAPI 2026-07).
    let lookback = if matches!(method, "lastClick" | "postClick") {
        *chance.pick(&["30M", "24H", "7D", "30D"])
    } else {
        "unknown"
    };
    let budget = budget(world, ad_set, day, &mut chance);
    let scheduled = scheduled_budgets(ad_set, &budget, day, &mut chance);
    resource(
        "ReadAdSet",
        ad_set.id,
        json!({
            "name": world.present_name(ad_set.id, &ad_set.name, day),
            "advertiserId": advertiser.id.to_string(),
            "campaignId": campaign.id.to_string(),
            "datasetId": advertiser.dataset_id.to_string(),
            "destinationEnvironment": if app { "app" } else { "web" },
            "objective": objective,
            "mediaType": if ad_set.video { "video" } else { "display" },
            "videoChannel": if ad_set.video { json!(chance.pick(&["olv", "ctv"])) } else { Value::Null },
            "schedule": schedule(world, position, ad_set, day),
            "bidding": bidding(world, ad_set, objective, day),
            "budget": budget,
            "scheduledBudgets": scheduled,
            "targeting": targeting(&mut chance, app),
            "attributionConfiguration": {
                "attributionMethod": method,
                "lookbackWindow": lookback,
            },
        }),
    )
}

fn schedule(world: &World, position: usize, ad_set: &AdSet, day: DayNumber) -> Value {
    let status = world.delivery(position, day);
    let started = ad_set.delivery.from <= day;
    let delivery_status = match status {
        Delivery::Active => "live",
        Delivery::NotRunning if !started => "scheduled",
        Delivery::NotRunning => "paused",
        Delivery::Dead => "ended",
    };
    let midnight = |day| format!("{}T00:00:00Z", calendar::date_of(day));
    json!({
        "activationStatus": if status == Delivery::NotRunning && started { "off" } else { "on" },
        "deliveryStatus": delivery_status,
        "startDate": { "value": midnight(ad_set.delivery.from) },
        "endDate": { "value": ad_set.delivery.until.map(midnight) },
    })
}

fn bidding(world: &World, ad_set: &AdSet, objective: &str, day: DayNumber) -> Value {
    let revision = world.revision(ad_set.id, Quality::Bid, day);
    let amount = world
        .revision_chance(ad_set.id, Quality::Bid, revision)
        .between(1_000, 90_000);
    let (controller, has_amount) = match objective {
        "displays" => ("CPM", true),
        "visits" => ("maxCPC", true),
        "revenue" => ("COS", true),
        _ => ("dailyBudget", false),
    };
    json!({
        "bidAmount": if has_amount { money::json_money(amount) } else { Value::Null },
        "costController": controller,
    })
}

fn budget(world: &World, ad_set: &AdSet, day: DayNumber, chance: &mut Chance) -> Value {
    if chance.one_in(4) {
        return json!({
            "budgetStrategy": "uncapped",
            "budgetRenewal": "undefined",
            "budgetAmount": null,
            "budgetDeliverySmoothing": null,
            "budgetDeliveryWeek": "undefined",
            "pacingBehavior": "undefined",
        });
    }
    let renewal = chance.pick(&["daily", "weekly", "monthly", "lifetime"]);
    json!({
        "budgetStrategy": "capped",
        "budgetRenewal": renewal,
        "budgetAmount": hundredths(revised_amount(world, ad_set.id, day)),
        "budgetDeliverySmoothing": "standard",
        "budgetDeliveryWeek": if *renewal == "weekly" { "mondayToSunday" } else { "undefined" },
        "pacingBehavior": chance.pick(&["targetFullBudget", "targetAverageDailyBudget"]),
    })
}

/// The budget planned for the next month, for some of the capped ones.
fn scheduled_budgets(
    ad_set: &AdSet,
    budget: &Value,
    day: DayNumber,
    chance: &mut Chance,
) -> Vec<Value> {
    if budget["budgetStrategy"] != "capped" || !chance.one_in(4) {
        return Vec::new();
    }
    let start = next_month(day);
    let mut planned = budget.clone();
    planned["id"] = json!(format!("{}{}", ad_set.id, start.strftime("%Y%m")));
    planned["startDate"] = json!(start.to_string());
    planned["budgetAmount"] = hundredths(chance.between(50, 900) * 1_050);
    vec![planned]
}

/// The first day of the month after a day.
fn next_month(day: DayNumber) -> Date {
    let month = calendar::date_of(day).first_of_month();
    month.saturating_add(1.month())
}

fn targeting(chance: &mut Chance, app: bool) -> Value {
    let limited = chance.one_in(2);
    let countries = if chance.one_in(2) {
        json!({ "operand": "in", "values": ["FR", "BE"] })
    } else {
        Value::Null
    };
    let capping = if chance.one_in(3) {
        json!({ "value": { "frequency": "daily", "maximumImpressions": chance.between(2, 12) } })
    } else {
        Value::Null
    };
    json!({
        "deliveryLimitations": {
            "devices": if limited { json!(["desktop", "mobile"]) } else { json!([]) },
            "environments": if app { json!(["inApp"]) } else { json!([]) },
            "operatingSystems": if limited { json!(["android", "ios", "unknown"]) } else { json!([]) },
        },
        "frequencyCapping": capping,
        "geoLocation": {
            "countries": { "value": countries },
            "subdivisions": { "value": null },
            "zipCodes": { "value": null },
        },
    })
}

/// The bids an ad set has for some product categories.
pub(super) fn category_bids(world: &World, ad_set: &AdSet, day: DayNumber) -> Vec<Value> {
    categories_of(world, ad_set)
        .map(|(number, category)| {
            let revision = world.revision(ad_set.id + number, Quality::Bid, day);
            let amount = world
                .revision_chance(ad_set.id + number, Quality::Bid, revision)
                .between(500, 30_000);
            resource(
                "AdSetCategoryBid",
                format!("{}-{number}", ad_set.id),
                json!({ "categoryName": category, "bidAmount": money::json_money(amount) }),
            )
        })
        .collect()
}

/// The display multipliers an ad set has for some product categories.
pub(super) fn display_multipliers(world: &World, ad_set: &AdSet, day: DayNumber) -> Vec<Value> {
    categories_of(world, ad_set)
        .map(|(number, category)| {
            let revision = world.revision(ad_set.id + number, Quality::Budget, day);
            let multiplier = world
                .revision_chance(ad_set.id + number, Quality::Budget, revision)
                .between(25, 400);
            resource(
                "AdSetDisplayMultiplier",
                format!("{}-{number}", ad_set.id),
                json!({ "categoryName": category, "displayMultiplier": hundredths(multiplier) }),
            )
        })
        .collect()
}

fn categories_of(world: &World, ad_set: &AdSet) -> impl Iterator<Item = (u32, &'static str)> {
    let bits = fixed(world, ad_set.id + 1).bits();
    (1_u32..)
        .zip(vocabulary::CATEGORIES.into_iter().skip(1))
        .filter(move |(number, _)| (bits >> number) & 3 == 0)
}
