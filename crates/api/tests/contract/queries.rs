//! Request bodies: required members are sent, and nothing the contract does not know.

use std::collections::BTreeSet;

use criteo_api::{
    AdSetSearch, AdSetStatus, CampaignSearch, PlacementsEnvironment, PlacementsQuery, ReportFormat,
    StatisticsQuery, TransactionEventType, TransactionsQuery, TransparencyQuery,
};
use jiff::civil::date;
use serde::Serialize;
use serde_json::{Value, json};

use crate::document::{Document, load};

fn names(body: &Value) -> BTreeSet<String> {
    body.as_object().unwrap().keys().cloned().collect()
}

/// A query with every filter sends every member of the schema; without filters, at least the
/// required ones.
fn compare(schema: &Value, full: &impl Serialize, bare: &impl Serialize) {
    let known = names(&schema["properties"]);
    assert_eq!(names(&json!(full)), known);
    let sent = names(&json!(bare));
    assert!(sent.is_subset(&known));
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(sent.contains(required.as_str().unwrap()), "{required}");
    }
}

/// The attributes inside `{"data": [{"attributes": ...}]}`.
fn attributes<'a>(document: &'a Document, id: &str) -> &'a Value {
    let list = document.member(document.request_body(id), "data");
    document.member(document.items(list), "attributes")
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn statistics() -> StatisticsQuery {
    StatisticsQuery {
        advertiser_ids: texts(&["1", "2"]),
        dimensions: texts(&["AdsetId"]),
        metrics: texts(&["Clicks"]),
        currency: "EUR".to_owned(),
        format: ReportFormat::Json,
        timezone: "UTC".to_owned(),
        start_date: date(2026, 1, 1),
        end_date: date(2026, 1, 2),
        ad_set_ids: Vec::new(),
        ad_set_names: Vec::new(),
        ad_set_status: Vec::new(),
    }
}

fn placements() -> PlacementsQuery {
    PlacementsQuery {
        advertiser_ids: texts(&["1"]),
        campaign_ids: Vec::new(),
        ad_set_ids: Vec::new(),
        environment: None,
        placement: None,
        dimensions: texts(&["Placement"]),
        metrics: texts(&["Clicks"]),
        currency: "EUR".to_owned(),
        disclosed: true,
        format: ReportFormat::Json,
        timezone: "UTC".to_owned(),
        start_date: date(2026, 1, 1),
        end_date: date(2026, 1, 1),
    }
}

fn transactions() -> TransactionsQuery {
    TransactionsQuery {
        advertiser_ids: texts(&["1"]),
        currency: "EUR".to_owned(),
        event_type: None,
        format: ReportFormat::Json,
        timezone: "UTC".to_owned(),
        start_date: date(2026, 1, 1),
        end_date: date(2026, 1, 1),
    }
}

#[test]
fn statistics_queries_fit() {
    let Some(document) = load() else { return };
    let full = StatisticsQuery {
        ad_set_ids: texts(&["1"]),
        ad_set_names: texts(&["a"]),
        ad_set_status: vec![AdSetStatus::Active],
        ..statistics()
    };
    compare(
        document.request_body("GetAdsetReport"),
        &full,
        &statistics(),
    );
}

#[test]
fn placements_queries_fit() {
    let Some(document) = load() else { return };
    let full = PlacementsQuery {
        campaign_ids: texts(&["1"]),
        ad_set_ids: texts(&["1"]),
        environment: Some(PlacementsEnvironment::Web),
        placement: Some("example.org".to_owned()),
        ..placements()
    };
    compare(
        attributes(document, "GetPlacementsReport"),
        &full,
        &placements(),
    );
}

#[test]
fn transactions_queries_fit() {
    let Some(document) = load() else { return };
    let full = TransactionsQuery {
        event_type: Some(TransactionEventType::Click),
        ..transactions()
    };
    compare(
        attributes(document, "GetTransactionsReport"),
        &full,
        &transactions(),
    );
}

#[test]
fn transparency_queries_fit() {
    let Some(document) = load() else { return };
    let query = TransparencyQuery {
        start_date: date(2026, 1, 1),
        end_date: date(2026, 1, 1),
        should_display_product_ids: false,
    };
    compare(
        document.request_body("GetTransparencyReport"),
        &query,
        &query,
    );
}

#[test]
fn searches_fit() {
    let Some(document) = load() else { return };
    let campaigns = CampaignSearch {
        advertiser_ids: texts(&["1"]),
        campaign_ids: texts(&["2"]),
    };
    let ad_sets = AdSetSearch {
        advertiser_ids: texts(&["1"]),
        campaign_ids: texts(&["2"]),
        ad_set_ids: texts(&["3"]),
    };
    for (id, full) in [
        ("SearchCampaigns", campaigns.to_body()),
        ("SearchAdSets", ad_sets.to_body()),
    ] {
        let filters = document.member(document.request_body(id), "filters");
        compare(filters, &full["filters"], &json!({}));
    }
}

#[test]
fn bodies_are_written_as_criteo_writes_them() {
    let statistics = json!(statistics());
    assert_eq!(statistics["advertiserIds"], "1,2");
    assert_eq!(statistics["startDate"], "2026-01-01");
    assert_eq!(statistics["format"], "json");
    let placements = PlacementsQuery {
        ad_set_ids: texts(&["1", "2"]),
        ..placements()
    };
    assert_eq!(json!(placements)["adsetIds"], "1,2");
    assert_eq!(CampaignSearch::default().to_body(), json!({"filters": {}}));
}
