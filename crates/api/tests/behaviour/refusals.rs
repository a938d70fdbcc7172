//! What Criteo's refusals become.

use criteo_api::{Error, Operation, ProblemCategory, Request};

use crate::server::{Server, json, status, with};

async fn refusal(code: u16, content_type: &'static str, body: &'static str) -> Error {
    let server =
        Server::start(move |_, _| with(code, &[("content-type", content_type)], body)).await;
    let request = Request::new(Operation::STATISTICS_REPORT).body(serde_json::json!({}));
    server.client().fetch(&request).await.unwrap_err()
}

#[tokio::test]
async fn each_status_is_a_decision() {
    let problem = r#"{"errors":[{"code":"x","traceId":"t-2"}]}"#;
    for (code, decision) in [
        (400, "Rejected"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "Rejected"),
        (410, "Retired"),
        (413, "TooLarge"),
    ] {
        let error = refusal(code, "application/json", problem).await;
        assert!(format!("{error:?}").starts_with(decision), "{error:?}");
        assert_eq!(error.status(), Some(code));
        assert_eq!(error.trace_id(), Some("t-2"));
        assert_eq!(error.operation(), Some("GetAdsetReport"));
        assert_eq!(error.problems().len(), 1);
        let text = error.to_string();
        assert!(
            text.contains("GetAdsetReport") && text.contains("t-2"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_media_type_does_not_matter() {
    let problem = r#"{"warnings":[],"errors":[{"traceId":"t","type":"validation","code":"required-field",
        "instance":"/report","title":"Start date and end date are required.","detail":""}]}"#;
    for content_type in [
        "text/csv",
        "text/xml",
        "application/octet-stream",
        "text/html",
        "application/problem+json",
    ] {
        let error = refusal(400, content_type, problem).await;
        assert_eq!(error.problems()[0].category(), ProblemCategory::Validation);
        assert!(
            error
                .to_string()
                .contains("required-field: Start date and end date are required.")
        );
    }
}

#[tokio::test]
async fn missing_consent_is_recognised_in_its_three_spellings() {
    for code in [
        "insufficient-advertiser-permission",
        "insufficient-advertisers-permissions",
        "insufficient-advertiser-permissions",
    ] {
        let body = format!(r#"{{"errors":[{{"type":"access_control","code":"{code}"}}]}}"#);
        let error = refusal(403, "application/json", body.leak()).await;
        assert!(error.is_missing_consent());
        assert_eq!(
            error.problems()[0].category(),
            ProblemCategory::AccessControl
        );
    }
    let other = refusal(403, "application/json", r#"{"errors":[{"code":"scope"}]}"#).await;
    assert!(!other.is_missing_consent());
    let not_forbidden = refusal(
        400,
        "application/json",
        r#"{"errors":[{"code":"insufficient-advertiser"}]}"#,
    )
    .await;
    assert!(!not_forbidden.is_missing_consent());
}

#[tokio::test]
async fn too_long_a_span_is_its_own_decision() {
    let body = r#"{"errors":[{"code":"other"},{"code":"invalid-timespan",
        "detail":"2024-01-01 to 2026-01-01 must be no more than 90 days"}]}"#;
    let error = refusal(400, "application/json", body).await;
    assert!(matches!(error, Error::TimespanTooLong { .. }), "{error:?}");
    assert!(error.to_string().contains("no more than 90 days"));
    assert_eq!(error.problems().len(), 2);
}

#[tokio::test]
async fn a_page_and_an_empty_body_are_told_too() {
    let page = refusal(
        400,
        "text/html",
        "<html><body><h1>Blocked</h1> by a proxy</body></html>",
    )
    .await;
    assert!(page.to_string().contains("Blocked by a proxy"), "{page}");
    assert!(page.problems().is_empty());
    let empty = refusal(403, "text/plain", "").await;
    assert!(empty.to_string().contains("without a body"), "{empty}");
}

#[tokio::test]
async fn a_retired_version_says_what_to_do() {
    let error = refusal(410, "application/json", "{}").await;
    assert!(error.to_string().contains("2026-07"), "{error}");
    assert!(error.hint().unwrap().contains("API_VERSION"));
}

#[tokio::test]
async fn errors_inside_a_good_answer_are_errors() {
    let body = r#"{"data":[],"errors":[{"code":"partial","title":"Some advertisers failed","traceId":"t-3"}]}"#;
    let server = Server::start(move |_, _| json(body)).await;
    let error = server.client().advertisers().await.unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }), "{error:?}");
    assert_eq!(error.status(), Some(200));
    assert_eq!(error.trace_id(), Some("t-3"));
}

#[tokio::test]
async fn a_body_of_another_shape_says_where_it_differs() {
    for (body, place) in [
        (
            r#"{"data":[{"id":"1","attributes":{"advertiserName":{"a":1}}}]}"#,
            "data[0].attributes.advertiserName",
        ),
        (r#"{"rows":[]}"#, "missing field `data`"),
        ("[]", "Envelope"),
    ] {
        let server = Server::start(move |_, _| json(body)).await;
        let error = server.client().advertisers().await.unwrap_err();
        assert!(matches!(error, Error::UnexpectedBody { .. }), "{error:?}");
        assert!(error.to_string().contains(place), "{error}");
        assert_eq!(
            server.calls().len(),
            1,
            "a whole body of another shape will not change"
        );
    }
}

#[tokio::test]
async fn the_explanation_of_a_refusal_may_break_off() {
    let long = "x".repeat(5_000_000);
    let server = Server::start(move |_, _| status(400, &long)).await;
    let error = server.client().advertisers().await.unwrap_err();
    assert!(error.refusal().unwrap().body.len() <= 16 * 1024);
    assert!(error.to_string().len() < 500);
}
