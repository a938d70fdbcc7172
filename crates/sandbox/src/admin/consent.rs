//! Consent URLs, approvals and callbacks over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Extract;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::consent::{self, Approval, CallbackRecord, ConsentRefusal};
use crate::server::state::State;

use super::Refusal;

/// "Generate new URL" of the portal.
pub(super) async fn generate(Extract(state): Extract<Arc<State>>) -> Json<Value> {
    let query = state.consent_office().generate(&state);
    Json(json!({ "url": format!("{}/request?{query}", state.base_url) }))
}

/// `{"url": consent URL, "advertiser_ids": [id]}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalRequest {
    url: String,
    advertiser_ids: Vec<String>,
}

/// Plays the person who opens the URL and approves.
pub(super) async fn approve(
    Extract(state): Extract<Arc<State>>,
    Json(body): Json<Value>,
) -> Result<Json<Approval>, Refusal> {
    let request: ApprovalRequest = serde_json::from_value(body).map_err(Refusal::bad_request)?;
    let query = query(&state, &request.url).map_err(Refusal::bad_request)?;
    let approval = consent::approve(&state, query, &request.advertiser_ids).await;
    approval.map(Json).map_err(Refusal::bad_request)
}

pub(super) async fn callbacks(Extract(state): Extract<Arc<State>>) -> Json<Vec<CallbackRecord>> {
    Json(state.consent_office().callbacks.clone())
}

/// `{"callback_url": URL or null}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectorChange {
    callback_url: Option<String>,
}

pub(super) async fn set_callback_url(
    Extract(state): Extract<Arc<State>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Refusal> {
    let change: ConnectorChange = serde_json::from_value(body).map_err(Refusal::bad_request)?;
    let connector = {
        let mut office = state.consent_office();
        office.connector.callback_url = change.callback_url;
        office.connector.clone()
    };
    Ok(Json(json!({
        "public_key": connector.public_key,
        "callback_url": connector.callback_url,
    })))
}

/// The query of a URL to this sandbox's consent page, as it stands there.
pub(crate) fn query<'url>(state: &State, url: &'url str) -> Result<&'url str, ConsentRefusal> {
    url.strip_prefix(&state.base_url)
        .and_then(|rest| rest.strip_prefix("/request?"))
        .ok_or(ConsentRefusal::Incomplete)
}
