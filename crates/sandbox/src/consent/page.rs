//! The page itself: `GET /request` shows the choice, `POST /request` with the same query makes it.
//!
//! The form has one field `advertiser` for each advertiser that is chosen. Nobody logs in: that the person may grant
//! access (Admin, Business Manager or Technical Manager of the account, by Criteo's docs) is taken for granted.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Extract;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{StatusCode, Uri};
use url::form_urlencoded;

use crate::server::state::State;

use super::{ConsentRefusal, approve};

/// Shows the advertisers to choose from, or why there is no choice.
pub(crate) async fn open(Extract(state): Extract<Arc<State>>, uri: Uri) -> Response {
    let admitted = state.consent_office().admit(query(&uri), &state);
    match admitted {
        Ok(_) => Html(choice(&state)).into_response(),
        Err(refusal) => turn_away(refusal),
    }
}

/// Takes the choice.
pub(crate) async fn submit(Extract(state): Extract<Arc<State>>, uri: Uri, form: Bytes) -> Response {
    let chosen: Vec<String> = form_urlencoded::parse(&form)
        .filter(|(name, _)| name == "advertiser")
        .map(|(_, id)| id.into_owned())
        .collect();
    match approve(&state, query(&uri), &chosen).await {
        Ok(approval) => match approval.redirect_uri {
            Some(redirect_uri) => Redirect::to(&redirect_uri).into_response(),
            None => {
                Html("<p>Thank you. The app can read these advertisers now.</p>").into_response()
            }
        },
        Err(refusal) => turn_away(refusal),
    }
}

fn query(uri: &Uri) -> &str {
    uri.query().unwrap_or_default()
}

fn turn_away(refusal: ConsentRefusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
    (status, Html(format!("<p>{refusal}.</p>"))).into_response()
}

fn choice(state: &State) -> String {
    let mut page = "<!doctype html>\n<title>Consent</title>\n<form method=\"post\">\n\
                    <p>An app asks to read these advertisers:</p>\n"
        .to_owned();
    for id in state.world.advertiser_ids() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "<p><label><input type=\"checkbox\" name=\"advertiser\" value=\"{id}\"> {id}</label></p>"
        );
    }
    page.push_str("<button>Approve</button>\n</form>\n");
    page
}
