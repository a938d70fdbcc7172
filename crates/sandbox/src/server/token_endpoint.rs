//! `POST /oauth2/token`: a form with a key pair for a bearer token.
//!
//! Refusals have the OAuth shape instead of Criteo's envelope. That a token request costs no budget is an assumption.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::reports::Problem;

use super::call::{Call, RequestBody};
use super::payload::Payload;
use super::problem::problem;
use super::state::State;

/// Gives out a token for the client-credentials grant.
pub(super) fn answer(state: &State, call: &Call) -> Result<Payload, Problem> {
    let form = form(call)?;
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    if field("grant_type") != "client_credentials" {
        return Err(refuse(
            400,
            "unsupported_grant_type",
            "The sandbox knows the grant client_credentials only",
        ));
    }
    let known = state.keys.iter().any(|key| {
        key.client_id == field("client_id")
            && key.client_secret == field("client_secret")
            && key.works(state.age())
    });
    if !known {
        return Err(refuse(
            401,
            "invalid_client",
            "The client authentication failed, the provided client_id doesn't exist or the client_secret is invalid",
        ));
    }
    let settings = &state.token_settings;
    let lifetime = Duration::from_secs(settings.lifetime_seconds);
    let token = state
        .tokens()
        .issue(field("client_id"), lifetime, Instant::now());
    let expires_in = if settings.expires_in_as_text {
        Value::String(settings.lifetime_seconds.to_string())
    } else {
        Value::from(settings.lifetime_seconds)
    };
    Ok(Payload::Json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "refresh_token": null,
        "expires_in": expires_in,
    })))
}

/// The body of a refusal.
pub(super) fn refusal(problem: &Problem) -> Value {
    json!({ "error": problem.code, "error_description": problem.title })
}

/// The fields of the form. A body of digits or quotes can be JSON by accident, so the content type decides.
fn form(call: &Call) -> Result<HashMap<String, String>, Problem> {
    let is_form = call
        .content_type
        .as_deref()
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    match &call.body {
        RequestBody::Other(bytes) if is_form => {
            Ok(form_urlencoded::parse(bytes).into_owned().collect())
        }
        _ => Err(refuse(
            400,
            "invalid_request",
            "The body must be a form (application/x-www-form-urlencoded)",
        )),
    }
}

fn refuse(status: u16, error: &str, description: &str) -> Problem {
    problem(status, "authorization", error, description, "/oauth2/token")
}
