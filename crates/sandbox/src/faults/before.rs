//! Faults that act before a call is looked at.

use std::time::Duration;

use crate::reports::Problem;
use crate::server::answers::span_in_days;
use crate::server::call::Call;
use crate::server::limiter::unix_seconds_after;
use crate::server::problem::{gone, of_status, problem};
use crate::server::state::State;
use crate::server::transport::Line;

use super::rule::Fault;

/// How a fault ended a call that was never looked at.
#[derive(Debug)]
pub(crate) enum Ending {
    /// An error answer, and for a 429 the Unix time at which its reset header says that calls are allowed again.
    Refused(Problem, Option<u64>),
    /// An HTML page of nobody's.
    HtmlPage(u16),
    /// No answer: the connection is broken.
    Silence,
}

/// Lets the fault act; gives an ending when it leaves nothing to answer.
pub(crate) async fn act(fault: &Fault, state: &State, call: &Call, line: &Line) -> Option<Ending> {
    match fault {
        Fault::Latency(delay) => {
            tokio::time::sleep(*delay).await;
            None
        }
        Fault::Status {
            status,
            reset_after,
        } => {
            let reset = (*status == 429).then(|| unix_seconds_after(*reset_after));
            Some(Ending::Refused(of_status(*status, &call.path), reset))
        }
        Fault::Reset { after_bytes: None } => {
            line.reset();
            Some(Ending::Silence)
        }
        Fault::HtmlErrorPage { status } => Some(Ending::HtmlPage(*status)),
        Fault::TokenDies => {
            let now = std::time::Instant::now();
            state.tokens().kill(call.authorization.as_deref(), now);
            None
        }
        Fault::BadTimespan { days } => {
            too_long(call, *days).map(|problem| Ending::Refused(problem, None))
        }
        Fault::Timeout(wait) => {
            stay_silent(*wait, line).await;
            Some(Ending::Silence)
        }
        Fault::Retired => Some(Ending::Refused(gone(&call.path), None)),
        _ => None,
    }
}

/// The page that an `html_error_page` fault shows: what a proxy or a maintenance window would.
pub(crate) const HTML_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Service temporarily unavailable</title></head>\
    <body><h1>We will be back soon</h1><p>Please try again later.</p></body></html>\n";

async fn stay_silent(wait: Duration, line: &Line) {
    tokio::time::sleep(wait).await;
    line.reset();
}

/// Criteo's refusal of a span that is too long. The code and the detail's wording are those of Criteo's error catalogue.
fn too_long(call: &Call, days: i64) -> Option<Problem> {
    let asked = call.asked();
    if span_in_days(&asked)? <= days {
        return None;
    }
    let (start, end) = (asked.start_date?, asked.end_date?);
    Some(Problem {
        detail: Some(format!("{start} to {end} must be no more than {days} days")),
        ..problem(
            400,
            "validation",
            "invalid-timespan",
            "The time span is invalid",
            &call.path,
        )
    })
}
