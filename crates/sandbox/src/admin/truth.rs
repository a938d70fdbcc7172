//! What is true: exact, uncapped and whatever the consent, for tests to compare with what a client landed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State as Extract};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::entities::{self, Entity};
use crate::reports::{self, Caps, MarketplaceStats, Problem, ReportKind};
use crate::server::state::State;

use super::Refusal;

/// The exact rows of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Criteo's names of the columns, in order.
    pub columns: Vec<String>,
    /// All rows, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

/// An entity and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrueEntity {
    /// The advertiser that the entity belongs to.
    pub advertiser_id: String,
    /// The ad set, of category bids and display multipliers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_set_id: Option<String>,
    /// The element as the API answers it: `{type, id, attributes}`, or the bare object of a marketplace endpoint.
    pub element: Value,
}

/// What entities are called here.
const ENTITIES: &[(&str, Entity)] = &[
    ("advertisers", Entity::Advertiser),
    ("campaigns", Entity::Campaign),
    ("ad_sets", Entity::AdSet),
    ("ads", Entity::Ad),
    ("creatives", Entity::Creative),
    ("coupons", Entity::Coupon),
    ("ad_set_category_bids", Entity::CategoryBid),
    ("ad_set_display_multipliers", Entity::DisplayMultiplier),
    ("marketplace_advertisers", Entity::MarketplaceAdvertiser),
    (
        "marketplace_preview_limits",
        Entity::MarketplacePreviewLimit,
    ),
    ("marketplace_ad_sets", Entity::MarketplaceAdSet),
    ("marketplace_campaigns", Entity::MarketplaceCampaign),
    ("marketplace_sellers", Entity::MarketplaceSeller),
    (
        "marketplace_seller_campaigns",
        Entity::MarketplaceSellerCampaign,
    ),
    ("marketplace_budgets", Entity::MarketplaceBudget),
];

/// The exact rows of a report.
pub(crate) fn report(state: &State, kind: ReportKind, body: &Value) -> Result<Truth, Problem> {
    let (world, now, caps) = (&state.world, state.clock.now(), Caps::NONE);
    let (columns, rows) = match kind {
        ReportKind::Statistics => {
            let answer = reports::statistics(world, now, body, &caps)?;
            (answer.columns, answer.rows)
        }
        ReportKind::Placements => {
            let answer = reports::placements(world, now, body, &caps)?;
            (answer.columns, answer.rows)
        }
        ReportKind::Transactions => {
            let answer = reports::transactions(world, now, body, &caps)?;
            (answer.columns, answer.rows)
        }
    };
    Ok(Truth { columns, rows })
}

/// Every entity of a kind, of all advertisers.
pub(crate) fn entities(state: &State, name: &str) -> Option<Vec<TrueEntity>> {
    let name = name.replace('-', "_");
    let (_, entity) = ENTITIES.iter().find(|(known, _)| *known == name)?;
    let of_ad_set = matches!(entity, Entity::CategoryBid | Entity::DisplayMultiplier);
    let all = state.world.advertiser_ids().into_iter();
    Some(
        all.flat_map(|advertiser_id| {
            if of_ad_set {
                parts_of_ad_sets(state, *entity, &advertiser_id)
            } else {
                of_advertiser(state, *entity, &advertiser_id)
            }
        })
        .collect(),
    )
}

fn of_advertiser(state: &State, entity: Entity, advertiser_id: &str) -> Vec<TrueEntity> {
    entities::list(&state.world, state.clock.now(), entity, advertiser_id)
        .into_iter()
        .map(|element| TrueEntity {
            advertiser_id: advertiser_id.to_owned(),
            ad_set_id: None,
            element,
        })
        .collect()
}

fn parts_of_ad_sets(state: &State, entity: Entity, advertiser_id: &str) -> Vec<TrueEntity> {
    let now = state.clock.now();
    let mut found = Vec::new();
    for ad_set in entities::list(&state.world, now, Entity::AdSet, advertiser_id) {
        let Some(id) = ad_set.get("id").and_then(Value::as_str) else {
            continue;
        };
        let parts = entities::list_of_ad_set(&state.world, now, entity, id);
        for element in parts.map(|(_, parts)| parts).unwrap_or_default() {
            found.push(TrueEntity {
                advertiser_id: advertiser_id.to_owned(),
                ad_set_id: Some(id.to_owned()),
                element,
            });
        }
    }
    found
}

/// Marketplace statistics of all advertisers.
pub(crate) fn marketplace_stats(
    state: &State,
    which: MarketplaceStats,
    query: &BTreeMap<String, String>,
) -> Result<Value, Problem> {
    let all = state.world.advertiser_ids();
    reports::marketplace_stats(&state.world, state.clock.now(), which, &all, query)
}

pub(super) async fn serve_report(
    Extract(state): Extract<Arc<State>>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Result<Json<Truth>, Refusal> {
    let kind = match name.as_str() {
        "statistics" => ReportKind::Statistics,
        "placements" => ReportKind::Placements,
        "transactions" => ReportKind::Transactions,
        _ => {
            let message = "The truth of a report is that of statistics, placements or transactions";
            return Err(Refusal::not_found(message));
        }
    };
    let truth = tokio::task::spawn_blocking(move || report(&state, kind, &body))
        .await
        .map_err(Refusal::bad_request)??;
    Ok(Json(truth))
}

/// The query of `log-level`.
#[derive(Debug, Deserialize)]
pub(super) struct LogLevelQuery {
    #[serde(default)]
    products: bool,
}

pub(super) async fn serve_log_level(
    Extract(state): Extract<Arc<State>>,
    Path((advertiser, day)): Path<(String, String)>,
    Query(query): Query<LogLevelQuery>,
) -> Result<Response, Refusal> {
    let day: Date = day.parse().map_err(Refusal::bad_request)?;
    let now = state.clock.now();
    let text = reports::log_file_csv(&state.world, now, &advertiser, day, query.products)
        .ok_or_else(|| {
            Refusal::not_found("There is no such log-level file at the simulated time")
        })?;
    Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response())
}

pub(super) async fn serve_entity_names() -> Json<Value> {
    let names: Vec<&str> = ENTITIES.iter().map(|(name, _)| *name).collect();
    Json(json!(names))
}

pub(super) async fn serve_entities(
    Extract(state): Extract<Arc<State>>,
    Path(name): Path<String>,
) -> Result<Json<Vec<TrueEntity>>, Refusal> {
    entities(&state, &name).map(Json).ok_or_else(|| {
        Refusal::not_found("There is no such entity; GET /admin/truth/entities lists the names")
    })
}

/// The body of `marketplace-stats`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatsQuestion {
    which: String,
    #[serde(default)]
    query: BTreeMap<String, String>,
}

pub(super) async fn serve_marketplace_stats(
    Extract(state): Extract<Arc<State>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Refusal> {
    let question: StatsQuestion = serde_json::from_value(body).map_err(Refusal::bad_request)?;
    let which = match question.which.as_str() {
        "campaigns" => MarketplaceStats::Campaigns,
        "sellers" => MarketplaceStats::Sellers,
        "seller-campaigns" => MarketplaceStats::SellerCampaigns,
        _ => {
            let message = "`which` must be campaigns, sellers or seller-campaigns";
            return Err(Refusal::bad_request(message));
        }
    };
    Ok(Json(marketplace_stats(&state, which, &question.query)?))
}
