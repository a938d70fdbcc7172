//! Refusals that the server itself decides on, and how any refusal is written.
//!
//! Texts and codes follow what third-party code has seen of live Criteo where that is known (`insufficient-advertisers-
//! permissions`, `authorization-token-expired`); the bodies of a missing scope, a spent budget and a decommissioned
//! version are not documented and follow the contract's `CommonProblem`.

use serde_json::{Value, json};

use crate::reports::Problem;

use super::tokens::Refusal;

/// A problem of the gateway: it carries its trace id under both names.
const GATEWAY_CODES: &[&str] = &["not-found", "method-not-allowed", "endpoint-deprecated"];

pub(crate) fn problem(
    status: u16,
    kind: &'static str,
    code: &str,
    title: &str,
    instance: &str,
) -> Problem {
    Problem {
        status,
        kind,
        code: code.to_owned(),
        title: title.to_owned(),
        detail: None,
        instance: instance.to_owned(),
    }
}

pub(crate) fn unauthorized(refusal: Refusal, instance: &str) -> Problem {
    let (code, title) = match refusal {
        Refusal::Missing => (
            "authorization-token-missing",
            "The authorization header is missing",
        ),
        Refusal::Invalid => (
            "authorization-token-invalid",
            "The authorization header is invalid",
        ),
        Refusal::Expired => (
            "authorization-token-expired",
            "The authorization token has expired",
        ),
    };
    problem(401, "authorization", code, title, instance)
}

pub(crate) fn scope_missing(scope: &str, instance: &str) -> Problem {
    Problem {
        detail: Some(format!(
            "The application lacks the scope MarketingSolutions_{scope}"
        )),
        ..problem(
            403,
            "access-control",
            "insufficient-scope",
            "The application is not allowed to use this endpoint",
            instance,
        )
    }
}

pub(crate) fn no_consent(instance: &str) -> Problem {
    const TEXT: &str = "You do not have the rights to report on these advertisers";
    Problem {
        detail: Some(TEXT.to_owned()),
        ..problem(
            403,
            "access-control",
            "insufficient-advertisers-permissions",
            TEXT,
            instance,
        )
    }
}

pub(crate) fn quota_spent(instance: &str) -> Problem {
    problem(
        429,
        "quota",
        "too-many-requests",
        "The call budget of the application is spent",
        instance,
    )
}

pub(crate) fn not_found(code: &str, what: &str, instance: &str) -> Problem {
    let title = format!("{what} was not found");
    problem(404, "validation", code, &title, instance)
}

pub(crate) fn invalid(title: &str, instance: &str) -> Problem {
    problem(400, "validation", "invalid", title, instance)
}

pub(crate) fn gone(instance: &str) -> Problem {
    problem(
        410,
        "deprecation",
        "endpoint-deprecated",
        "This version of the API was decommissioned",
        instance,
    )
}

/// The problem that goes with a status which a fault rule asked for.
pub(crate) fn of_status(status: u16, instance: &str) -> Problem {
    let (kind, code, title) = match status {
        400 => ("validation", "invalid", "The request is invalid"),
        401 => (
            "authorization",
            "authorization-token-invalid",
            "The authorization header is invalid",
        ),
        403 => ("access-control", "forbidden", "Access is forbidden"),
        404 => ("validation", "not-found", "The resource was not found"),
        410 => (
            "deprecation",
            "endpoint-deprecated",
            "This version of the API was decommissioned",
        ),
        413 => (
            "validation",
            "request-too-large",
            "The request is too large",
        ),
        429 => (
            "quota",
            "too-many-requests",
            "The call budget of the application is spent",
        ),
        _ => (
            "availability",
            "internal-error",
            "An internal error occurred",
        ),
    };
    problem(status, kind, code, title, instance)
}

/// The body of a refusal. The endpoint `advertisers/me` spells its types with an underscore, all others with a hyphen;
/// only the gateway repeats the trace id under its deprecated name.
pub(crate) fn envelope(problem: &Problem, trace_id: &str) -> Value {
    let kind = if problem.instance.ends_with("/advertisers/me") {
        problem.kind.replace('-', "_")
    } else {
        problem.kind.to_owned()
    };
    let mut entry = json!({
        "traceId": trace_id,
        "type": kind,
        "code": problem.code,
        "instance": problem.instance,
        "title": problem.title,
        "detail": problem.detail,
    });
    if GATEWAY_CODES.contains(&problem.code.as_str()) {
        entry["traceIdentifier"] = Value::String(trace_id.to_owned());
    }
    json!({ "warnings": [], "errors": [entry] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portfolio_spells_types_with_an_underscore() {
        let portfolio = envelope(&no_consent("/2026-07/advertisers/me"), "t");
        assert_eq!(portfolio["errors"][0]["type"], "access_control");
        let report = envelope(&no_consent("/2026-07/statistics/report"), "t");
        assert_eq!(report["errors"][0]["type"], "access-control");
    }
}
