//! `/admin`: the sandbox's own controls, for tests and demonstrations over HTTP.
//!
//! There is no authentication: the sandbox listens on the loopback interface only.
//! The README of the crate has a table of the endpoints.

mod consent;
mod controls;
pub(crate) mod truth;

use std::sync::Arc;

pub(crate) use consent::query as consent_query;

use axum::Json;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::json;

use crate::reports::Problem;
use crate::server::state::State;

/// The routes below `/admin`.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/health", get(controls::health))
        .route("/calls", get(controls::calls).delete(controls::clear_calls))
        .route("/clock", get(controls::clock).post(controls::move_clock))
        .route(
            "/faults",
            get(controls::faults)
                .post(controls::add_faults)
                .delete(controls::clear_faults),
        )
        .route("/consent", post(controls::set_consent))
        .route("/consent/urls", post(consent::generate))
        .route("/consent/approve", post(consent::approve))
        .route("/consent/callbacks", get(consent::callbacks))
        .route("/connector", post(consent::set_callback_url))
        .route("/limits", get(controls::limits).post(controls::set_limits))
        .route("/truth/{report}", post(truth::serve_report))
        .route(
            "/truth/marketplace-stats",
            post(truth::serve_marketplace_stats),
        )
        .route(
            "/truth/log-level/{advertiser}/{day}",
            get(truth::serve_log_level),
        )
        .route("/truth/entities", get(truth::serve_entity_names))
        .route("/truth/entities/{name}", get(truth::serve_entities))
        .fallback(unknown)
}

/// An admin request that makes no sense.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    /// Takes errors of all kinds, so that it can stand in a `map_err`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "map_err hands the error over"
    )]
    fn bad_request(message: impl ToString) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.to_string(),
        }
    }

    fn not_found(message: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            message: message.to_owned(),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::bad_request(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}

async fn unknown() -> Refusal {
    Refusal::not_found("There is no such admin endpoint; crates/sandbox/README.md lists them")
}
