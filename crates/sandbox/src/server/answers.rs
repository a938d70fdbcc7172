//! Answers every operation from the world: validation and consent first, data last.

use serde_json::{Value, json};

use crate::entities::{self, Entity};
use crate::reports::{self, Format, Problem, ReportKind};

use super::call::{Asked, Call};
use super::log_files;
use super::marketplace;
use super::operations::{Answering, Operation};
use super::payload::{Payload, Remarks, Rows, envelope};
use super::problem::{invalid, no_consent, not_found, problem};
use super::state::State;
use super::tokens::KeyPair;

/// Answers a call that may be answered: its token, scope and budget are in order.
///
/// This computes reports and may take seconds, so it runs on a thread that may block.
pub(crate) fn answer(
    state: &State,
    call: &Call,
    operation: &Operation,
    key: &KeyPair,
    number: u64,
) -> Result<Payload, Problem> {
    let remarks = Remarks::of_call(number);
    let now = state.clock.now();
    match operation.answering {
        Answering::Portfolio => {
            let data = of_granted(state, call, Entity::Advertiser);
            Ok(envelope(Value::Array(data), &remarks))
        }
        Answering::Application => Ok(envelope(application(key), &remarks)),
        Answering::Report(kind) => report(state, call, kind, remarks),
        Answering::LogFiles => log_files::links(state, call, &remarks),
        Answering::Search(entity) => {
            let found = search(state, call, entity)?;
            Ok(envelope(Value::Array(found), &remarks))
        }
        Answering::One(entity) => {
            let (_, found) = find_granted(state, call, entity, call.parameter(0))?;
            Ok(envelope(found, &remarks))
        }
        Answering::PageOf(entity) => {
            let advertiser = granted_advertiser(state, call)?;
            let all = entities::list(&state.world, now, entity, advertiser);
            Ok(envelope(page(call, all)?, &remarks))
        }
        Answering::PartsOfAdSet(entity) => {
            let id = call.parameter(0);
            let (advertiser, parts) = entities::list_of_ad_set(&state.world, now, entity, id)
                .ok_or_else(|| missing(Entity::AdSet, call))?;
            if !state.has_consent(call, &advertiser) {
                return Err(missing(Entity::AdSet, call));
            }
            Ok(envelope(Value::Array(parts), &remarks))
        }
        Answering::Coupon => {
            let advertiser = granted_advertiser(state, call)?;
            let (owner, found) = find_granted(state, call, Entity::Coupon, call.parameter(1))?;
            if owner != advertiser {
                return Err(missing(Entity::Coupon, call));
            }
            Ok(envelope(found, &remarks))
        }
        Answering::CouponSizes => {
            let advertiser = granted_advertiser(state, call)?;
            let ad_set = call.query.get("ad-set-id").map(String::as_str);
            let sizes = entities::coupon_supported_sizes(&state.world, advertiser, ad_set)
                .ok_or_else(|| missing(Entity::AdSet, call))?;
            Ok(envelope(sizes, &remarks))
        }
        Answering::CouponPreview => {
            let advertiser = granted_advertiser(state, call)?;
            let width = number_in_query(call, "width", 300)?;
            let height = number_in_query(call, "height", 250)?;
            let coupon = call.parameter(1);
            entities::coupon_preview(&state.world, now, advertiser, coupon, width, height)
                .map(Payload::Html)
                .ok_or_else(|| missing(Entity::Coupon, call))
        }
        Answering::Marketplace(read) => marketplace::answer(state, call, read),
        // A key may hold the scope of such an operation, but the sandbox imitates reading only.
        Answering::OutOfReach => Err(problem(
            501,
            "availability",
            "not-implemented",
            "The sandbox does not imitate this operation",
            &call.path,
        )),
    }
}

/// A report with rows: consent for the whole request first, then the contract's validation, then the rows.
fn report(
    state: &State,
    call: &Call,
    kind: ReportKind,
    remarks: Remarks,
) -> Result<Payload, Problem> {
    let body = call.json();
    let advertisers = reports::advertisers_of(kind, body)?;
    if advertisers.iter().any(|id| !state.has_consent(call, id)) {
        return Err(no_consent(&call.path));
    }
    let (world, now, caps) = (&state.world, state.clock.now(), state.caps());
    let rows = match kind {
        ReportKind::Statistics => Rows::statistics(reports::statistics(world, now, body, &caps)?),
        ReportKind::Placements => {
            Rows::placements(reports::placements(world, now, body, &caps)?, remarks)
        }
        ReportKind::Transactions => {
            Rows::transactions(reports::transactions(world, now, body, &caps)?, remarks)
        }
    };
    if matches!(rows.format, Format::Xml | Format::Excel) {
        let title = "The sandbox answers the formats json and csv only";
        return Err(invalid(title, &call.path));
    }
    Ok(Payload::Rows(rows))
}

/// Everything of a kind that belongs to an advertiser with consent.
pub(super) fn of_granted(state: &State, call: &Call, entity: Entity) -> Vec<Value> {
    let now = state.clock.now();
    state
        .granted_to(call)
        .iter()
        .flat_map(|id| entities::list(&state.world, now, entity, id))
        .collect()
}

/// `campaigns/search` and `ad-sets/search`: unknown and forbidden ids are passed over in silence.
fn search(state: &State, call: &Call, entity: Entity) -> Result<Vec<Value>, Problem> {
    let body = call.json();
    if !body.is_null() && !body.is_object() {
        return Err(invalid("The body must be a JSON object", &call.path));
    }
    let advertisers = id_filter(call, "advertiserIds")?;
    let campaigns = id_filter(call, "campaignIds")?;
    let ad_sets = id_filter(call, "adSetIds")?;
    let campaign_of = |element: &Value| match entity {
        Entity::Campaign => text(element.get("id")),
        _ => text(element.pointer("/attributes/campaignId")),
    };
    let mut found = of_granted(state, call, entity);
    found.retain(|element| {
        passes(
            advertisers.as_deref(),
            &text(element.pointer("/attributes/advertiserId")),
        ) && passes(campaigns.as_deref(), &campaign_of(element))
            && (entity != Entity::AdSet || passes(ad_sets.as_deref(), &text(element.get("id"))))
    });
    let Some(fields) = body
        .pointer("/meta/fields")
        .filter(|fields| !fields.is_null())
    else {
        return Ok(found);
    };
    if entity != Entity::AdSet {
        return Ok(found);
    }
    let fields: Vec<String> = serde_json::from_value(fields.clone())
        .map_err(|_| invalid("The field meta.fields must be a list of names", &call.path))?;
    found
        .into_iter()
        .map(|element| entities::project_ad_set(element, &fields))
        .collect()
}

/// The ids in `filters`; absent, null and empty lists filter nothing.
fn id_filter(call: &Call, name: &str) -> Result<Option<Vec<String>>, Problem> {
    let filter = call.json().pointer(&format!("/filters/{name}"));
    let Some(filter) = filter.filter(|filter| !filter.is_null()) else {
        return Ok(None);
    };
    let ids: Vec<String> = serde_json::from_value(filter.clone()).map_err(|_| {
        let title = format!("The filter {name} must be a list of ids as text");
        invalid(&title, &call.path)
    })?;
    Ok(Some(ids).filter(|ids| !ids.is_empty()))
}

fn passes(filter: Option<&[String]>, id: &str) -> bool {
    filter.is_none_or(|ids| ids.iter().any(|wanted| wanted == id))
}

/// An id, whether it is written as text or as a number.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// The advertiser in the path, if it exists and gave consent. Others are refused alike, so that nobody can find out
/// which ids exist.
pub(super) fn granted_advertiser<'a>(state: &State, call: &'a Call) -> Result<&'a str, Problem> {
    let advertiser = call.parameter(0);
    if state.has_consent(call, advertiser) {
        Ok(advertiser)
    } else {
        Err(no_consent(&call.path))
    }
}

/// One entity by id. One whose advertiser gave no consent is not found, like one that does not exist.
pub(super) fn find_granted(
    state: &State,
    call: &Call,
    entity: Entity,
    id: &str,
) -> Result<(String, Value), Problem> {
    entities::find(&state.world, state.clock.now(), entity, id)
        .filter(|(advertiser, _)| state.has_consent(call, advertiser))
        .ok_or_else(|| missing(entity, call))
}

pub(super) fn missing(entity: Entity, call: &Call) -> Problem {
    let (code, what) = match entity {
        Entity::Advertiser | Entity::MarketplaceAdvertiser => {
            ("advertiser-not-found", "The advertiser")
        }
        Entity::Campaign | Entity::MarketplaceCampaign => ("campaign-not-found", "The campaign"),
        Entity::AdSet | Entity::MarketplaceAdSet => ("ad-set-not-found", "The ad set"),
        Entity::Ad => ("ad-not-found", "The ad"),
        Entity::Creative => ("creative-not-found", "The creative"),
        Entity::Coupon => ("coupon-not-found", "The coupon"),
        Entity::MarketplaceSeller => ("seller-not-found", "The seller"),
        Entity::MarketplaceSellerCampaign => ("seller-campaign-not-found", "The seller campaign"),
        Entity::MarketplaceBudget => ("budget-not-found", "The budget"),
        Entity::CategoryBid | Entity::DisplayMultiplier | Entity::MarketplacePreviewLimit => {
            ("resource-not-found", "The resource")
        }
    };
    not_found(code, what, &call.path)
}

/// A page of a list: 50 elements from the first unless the query says otherwise, and no word of how many there are.
fn page(call: &Call, all: Vec<Value>) -> Result<Value, Problem> {
    let limit = number_in_query(call, "limit", 50)?;
    let offset = number_in_query(call, "offset", 0)?;
    let page = all
        .into_iter()
        .skip(offset as usize)
        .take(limit as usize)
        .collect();
    Ok(Value::Array(page))
}

pub(super) fn number_in_query(call: &Call, name: &str, default: u32) -> Result<u32, Problem> {
    call.query.get(name).map_or(Ok(default), |text| {
        text.parse().map_err(|_| {
            let title = format!("The parameter {name} must be a whole number of at least 0");
            invalid(&title, &call.path)
        })
    })
}

/// The application of a key, with numbers that follow from its name.
fn application(key: &KeyPair) -> Value {
    let id = key
        .application
        .bytes()
        .fold(17_u32, |id, byte| (id * 31 + u32::from(byte)) % 1_000_000);
    json!({
        "type": "ApplicationSummaryModel",
        "attributes": {
            "applicationId": 10_000 + id,
            "organizationId": 1_000 + id % 1_000,
            "name": key.application,
            "description": "An application of the sandbox",
            "criteoService": "MarketingSolutions",
        },
    })
}

/// The span in days, both ends included, that a report asks for, when its dates can be read.
pub(crate) fn span_in_days(asked: &Asked) -> Option<i64> {
    let day = |text: &Option<String>| text.as_deref()?.parse::<jiff::civil::Date>().ok();
    let span = day(&asked.end_date)?.since(day(&asked.start_date)?).ok()?;
    Some(i64::from(span.get_days()) + 1)
}
