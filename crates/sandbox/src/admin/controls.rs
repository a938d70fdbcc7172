//! Clock, faults, calls, consent and limits over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Extract;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::{ActiveRule, FaultRule};
use crate::scenario::check_rule;
use crate::server::call::CURRENT_VERSION;
use crate::server::calls::CallRecord;
use crate::server::limiter::Limits;
use crate::server::state::State;

use super::Refusal;

pub(super) async fn health(Extract(state): Extract<Arc<State>>) -> Json<Value> {
    Json(json!({
        "status": "ok",
        "apiVersion": CURRENT_VERSION,
        "seed": state.world.config().seed,
        "now": state.clock.now(),
    }))
}

pub(super) async fn calls(Extract(state): Extract<Arc<State>>) -> Json<Vec<CallRecord>> {
    Json(state.calls().records())
}

pub(super) async fn clear_calls(Extract(state): Extract<Arc<State>>) -> Json<Value> {
    state.calls().clear();
    Json(json!({ "calls": 0 }))
}

pub(super) async fn clock(Extract(state): Extract<Arc<State>>) -> Json<Value> {
    Json(json!({ "now": state.clock.now() }))
}

/// `{"now": instant}` or `{"advance_days": n}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockChange {
    now: Option<Timestamp>,
    advance_days: Option<i64>,
}

pub(super) async fn move_clock(
    Extract(state): Extract<Arc<State>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Refusal> {
    let change: ClockChange = serde_json::from_value(body).map_err(Refusal::bad_request)?;
    match (change.now, change.advance_days) {
        (Some(now), None) => state.clock.set(now),
        (None, Some(days)) => state.clock.advance_days(days),
        _ => {
            let message = "Give either `now` (an instant) or `advance_days` (a whole number)";
            return Err(Refusal::bad_request(message));
        }
    }
    Ok(Json(json!({ "now": state.clock.now() })))
}

pub(super) async fn faults(Extract(state): Extract<Arc<State>>) -> Json<Vec<ActiveRule>> {
    Json(state.faults().rules().to_vec())
}

/// Takes one rule or a list, and puts all or none of them in force.
pub(super) async fn add_faults(
    Extract(state): Extract<Arc<State>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Refusal> {
    let bodies = match body {
        Value::Array(bodies) => bodies,
        single => vec![single],
    };
    let mut rules = Vec::with_capacity(bodies.len());
    for (place, body) in bodies.into_iter().enumerate() {
        let rule: FaultRule = serde_json::from_value(body).map_err(Refusal::bad_request)?;
        check_rule(&rule, place + 1).map_err(Refusal::bad_request)?;
        rules.push(rule);
    }
    let ids: Vec<u64> = rules
        .into_iter()
        .map(|rule| state.add_fault(rule))
        .collect();
    Ok(Json(json!({ "ids": ids })))
}

pub(super) async fn clear_faults(Extract(state): Extract<Arc<State>>) -> Json<Value> {
    state.faults().clear();
    Json(json!({ "ids": [] }))
}

/// `{"advertiser_id": id, "granted": bool}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentChange {
    advertiser_id: String,
    granted: bool,
}

pub(super) async fn set_consent(
    Extract(state): Extract<Arc<State>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Refusal> {
    let change: ConsentChange = serde_json::from_value(body).map_err(Refusal::bad_request)?;
    state.set_consent(&change.advertiser_id, change.granted);
    Ok(Json(json!({ "granted": state.granted() })))
}

pub(super) async fn limits(Extract(state): Extract<Arc<State>>) -> Json<Limits> {
    Json(state.limits())
}

/// Lays the given fields over the limits in force.
pub(super) async fn set_limits(
    Extract(state): Extract<Arc<State>>,
    Json(body): Json<Value>,
) -> Result<Json<Limits>, Refusal> {
    let Value::Object(changes) = body else {
        return Err(Refusal::bad_request("The body must be a JSON object"));
    };
    let mut limits = serde_json::to_value(state.limits()).map_err(Refusal::bad_request)?;
    for (name, value) in changes {
        limits[name] = value;
    }
    let limits: Limits = serde_json::from_value(limits).map_err(Refusal::bad_request)?;
    state.set_limits(limits.clone());
    Ok(Json(limits))
}
