//! The way of every call, from the log to the last byte.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State as Extract};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use crate::faults::before::{Ending, HTML_PAGE};
use crate::faults::{Fault, before, rows, wire};
use crate::reports::Problem;

use super::answers;
use super::call::{Call, RequestBody, Route};
use super::limiter::{Budget, Quota};
use super::log_files;
use super::payload::Payload;
use super::problem::{self, problem};
use super::rendering;
use super::state::State;
use super::token_endpoint;
use super::transport::Line;

/// Answers shorter than this are not worth compressing.
const WORTH_COMPRESSING: usize = 1024;
/// Pieces of a streamed answer that may wait for a slow client.
const WAITING_PIECES: usize = 8;

/// Log the call, let faults act, answer, let faults act on the answer, log the status.
pub(crate) async fn handle(
    Extract(state): Extract<Arc<State>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let call = Arc::new(Call::read(request).await);
    let number = state.calls().begin(&call);
    let struck = state.faults().strike(call.target());
    let names = struck.iter().map(|(kind, _)| kind.to_string()).collect();
    state.calls().struck(number, names);
    let faults: Vec<Fault> = struck.into_iter().map(|(_, fault)| fault).collect();

    let mut headers = quota_headers(&state, &call);
    deprecation_headers(&call, &faults, &mut headers);
    wrong_date(&faults, &mut headers);
    let outcome = match act_before(&faults, &state, &call, &line).await {
        Some(ending) => Err(ending),
        None => serve(&state, &call, number.get(), &mut headers)
            .await
            .map_err(|problem| Ending::Refused(problem, None)),
    };
    let (status, payload) = match outcome {
        Ok(mut payload) => {
            for fault in &faults {
                rows::apply(fault, &mut payload);
            }
            (200, payload)
        }
        Err(Ending::Refused(problem, reset)) => {
            if let Some(reset) = reset {
                set(&mut headers, "x-ratelimit-remaining", 0);
                set(&mut headers, "x-ratelimit-reset", reset);
            }
            let body = match call.route {
                Route::Token => token_endpoint::refusal(&problem),
                _ => problem::envelope(&problem, &state.trace_id(number.get())),
            };
            (problem.status, Payload::Json(body))
        }
        Err(Ending::HtmlPage(status)) => (status, Payload::Html(HTML_PAGE.to_owned())),
        // The line is broken, so nothing of this answer arrives; the log keeps the call without a status.
        Err(Ending::Silence) => return Response::new(Body::empty()),
    };
    state.calls().finish(number, status);
    tracing::debug!(
        method = call.method,
        path = call.path,
        status,
        "Answered a call"
    );
    render(status, headers, payload, call.accepts_gzip, faults, &line).await
}

async fn act_before(faults: &[Fault], state: &State, call: &Call, line: &Line) -> Option<Ending> {
    for fault in faults {
        if let Some(ending) = before::act(fault, state, call, line).await {
            return Some(ending);
        }
    }
    None
}

/// Route, token, scope, budget, and then the operation's own validation, consent and data.
async fn serve(
    state: &Arc<State>,
    call: &Arc<Call>,
    number: u64,
    headers: &mut HeaderMap,
) -> Result<Payload, Problem> {
    let instance = &call.path;
    let operation = match &call.route {
        Route::Token => return token_endpoint::answer(state, call),
        Route::LogFile {
            advertiser_id,
            file_name,
        } => return log_files::download(state, call, advertiser_id, file_name),
        Route::Retired => return Err(problem::gone(instance)),
        Route::Unknown => return Err(problem::not_found("not-found", "The resource", instance)),
        Route::WrongMethod => {
            let title = "The method is not allowed";
            return Err(problem(
                405,
                "validation",
                "method-not-allowed",
                title,
                instance,
            ));
        }
        Route::Operation { operation, .. } => *operation,
    };
    let key = state
        .key_of(call)
        .map_err(|refusal| problem::unauthorized(refusal, instance))?;
    if let Some(scope) = operation.scope.filter(|scope| !key.allows(scope)) {
        return Err(problem::scope_missing(scope, instance));
    }
    match state.spend(key, operation.budget) {
        Ok(quota) => write_quota(quota, headers),
        Err(quota) => {
            write_quota(quota, headers);
            return Err(problem::quota_spent(instance));
        }
    }
    check_body(call)?;

    // Reports compute for seconds, so they stay off the threads that serve other calls.
    let (state, call, key) = (Arc::clone(state), Arc::clone(call), key.clone());
    let path = call.path.clone();
    tokio::task::spawn_blocking(move || answers::answer(&state, &call, operation, &key, number))
        .await
        .unwrap_or_else(|_| {
            let title = "The sandbox failed to compute the answer";
            Err(problem(500, "availability", "internal-error", title, &path))
        })
}

/// What the gateway checks of a request body.
fn check_body(call: &Call) -> Result<(), Problem> {
    let instance = &call.path;
    match &call.body {
        RequestBody::Empty => Ok(()),
        RequestBody::TooLarge => Err(problem::of_status(413, instance)),
        RequestBody::Json(_) | RequestBody::Other(_) if !declares_json(call) => {
            let title = "The content type must be application/json";
            Err(problem(
                415,
                "validation",
                "unsupported-media-type",
                title,
                instance,
            ))
        }
        RequestBody::Json(_) => Ok(()),
        RequestBody::Other(_) => Err(problem::invalid("The body is not valid JSON", instance)),
    }
}

fn declares_json(call: &Call) -> bool {
    call.content_type
        .as_deref()
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
}

/// The budget as it stands before the call, for answers that never come to pay.
fn quota_headers(state: &State, call: &Call) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(key) = state.key_of(call) {
        let budget = call
            .operation()
            .map_or(Budget::Other, |operation| operation.budget);
        write_quota(state.quota(key, budget), &mut headers);
    }
    headers
}

fn write_quota(quota: Quota, headers: &mut HeaderMap) {
    set(headers, "x-ratelimit-limit", quota.limit);
    set(headers, "x-ratelimit-remaining", quota.remaining);
    set(headers, "x-ratelimit-reset", quota.reset);
}

fn set(headers: &mut HeaderMap, name: &'static str, value: impl Into<HeaderValue>) {
    headers.insert(HeaderName::from_static(name), value.into());
}

/// Criteo's versioning policy: `Deprecation: true` and a `Sunset` date for a version in its last months.
fn deprecation_headers(call: &Call, faults: &[Fault], headers: &mut HeaderMap) {
    let by_fault = faults.iter().find_map(|fault| match fault {
        Fault::Deprecated { sunset } => Some(sunset.as_str()),
        _ => None,
    });
    let by_version = match call.route {
        Route::Operation {
            deprecated: true, ..
        } => Some("Sun, 31 Jan 2027 00:00:00 GMT"),
        _ => None,
    };
    let sunset = by_fault.or(by_version).map(HeaderValue::from_str);
    if let Some(Ok(sunset)) = sunset {
        headers.insert("deprecation", HeaderValue::from_static("true"));
        headers.insert("sunset", sunset);
    }
}

/// A `Date` that the fault moves; without it the server writes the real one.
fn wrong_date(faults: &[Fault], headers: &mut HeaderMap) {
    let days = faults.iter().find_map(|fault| match fault {
        Fault::WrongDate { days } => Some(*days),
        _ => None,
    });
    let date = days.and_then(|days| {
        let step = SignedDuration::from_hours(days.saturating_mul(24));
        let moved = Timestamp::now().checked_add(step).ok()?;
        let text = jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&moved)
            .ok()?;
        HeaderValue::from_str(&text).ok()
    });
    if let Some(date) = date {
        headers.insert(DATE, date);
    }
}

/// Renders the answer: streamed when nothing is wrong with it, whole when a fault acts on its bytes.
async fn render(
    status: u16,
    mut headers: HeaderMap,
    payload: Payload,
    accepts_gzip: bool,
    faults: Vec<Fault>,
    line: &Line,
) -> Response {
    let content_type = HeaderValue::from_static(rendering::content_type(&payload));
    headers.insert(CONTENT_TYPE, content_type);
    let compressible = accepts_gzip && !matches!(payload, Payload::GzipFile(_));
    let streams = matches!(payload, Payload::Rows(_)) && !faults.iter().any(wire::acts_on_bytes);
    let body = if streams {
        if compressible {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        streamed(payload, compressible)
    } else {
        match whole(payload, compressible, faults.clone()).await {
            Ok((bytes, compressed)) => {
                if compressed {
                    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                }
                wire::body(&faults, bytes, &mut headers, line)
            }
            // Writing into memory does not fail; should it ever, the client sees a broken answer.
            Err(error) => Body::from_stream(stream::iter([Err::<Bytes, _>(error)])),
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// A body that is rendered while it is sent.
fn streamed(payload: Payload, compressed: bool) -> Body {
    let (pieces, waiting) = mpsc::channel::<Bytes>(WAITING_PIECES);
    tokio::task::spawn_blocking(move || rendering::stream(&payload, compressed, pieces));
    Body::from_stream(stream::unfold(waiting, |mut waiting| async move {
        let piece = waiting.recv().await?;
        Some((Ok::<_, io::Error>(piece), waiting))
    }))
}

/// The whole body, damaged by the faults that act on text, and whether it was compressed.
async fn whole(
    payload: Payload,
    compressible: bool,
    faults: Vec<Fault>,
) -> io::Result<(Vec<u8>, bool)> {
    let work = move || {
        let mut text = rendering::to_bytes(&payload)?;
        for fault in &faults {
            wire::damage(fault, &mut text);
        }
        if compressible && text.len() >= WORTH_COMPRESSING {
            return Ok((rendering::gzip(&text)?, true));
        }
        Ok((text, false))
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
