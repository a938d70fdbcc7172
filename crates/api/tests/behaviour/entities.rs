//! Typed calls: the right request, and the answer as a value.

use criteo_api::{
    AdSetObjective, AdSetSearch, BudgetFilter, BudgetStatus, CampaignSearch, Error, MemorySink,
    PlacementsQuery, ReportFormat, SellerFilter, StatisticsQuery, StatsQuery, TransactionsQuery,
    TransparencyQuery,
};
use jiff::civil::date;
use serde_json::{Value, json as value};

use crate::server::{Arrived, EMPTY, Server, json, with};

fn sent(call: &Arrived) -> Value {
    serde_json::from_str(&call.body).unwrap()
}

fn statistics() -> StatisticsQuery {
    StatisticsQuery {
        advertiser_ids: vec!["1".to_owned(), "2".to_owned()],
        dimensions: vec!["AdsetId".to_owned(), "Day".to_owned()],
        metrics: vec!["Clicks".to_owned()],
        currency: "EUR".to_owned(),
        format: ReportFormat::Json,
        timezone: "Europe/Paris".to_owned(),
        start_date: date(2026, 1, 1),
        end_date: date(2026, 1, 4),
        ad_set_ids: Vec::new(),
        ad_set_names: Vec::new(),
        ad_set_status: Vec::new(),
    }
}

#[tokio::test]
async fn a_statistics_report_is_asked_for_and_streamed() {
    let server = Server::start(|_, _| json(r#"{"Total":{},"Rows":[]}"#)).await;
    let body = server
        .client()
        .statistics_report(&statistics(), &mut MemorySink::default())
        .await
        .unwrap();
    assert_eq!(body, r#"{"Total":{},"Rows":[]}"#);
    let call = &server.calls()[0];
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("POST", "/2026-07/statistics/report")
    );
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(call.header("authorization"), "Bearer token-1");
    assert!(call.header("user-agent").starts_with("criteo-connector/"));
    assert_eq!(
        sent(call),
        value!({
            "advertiserIds": "1,2", "dimensions": ["AdsetId", "Day"], "metrics": ["Clicks"], "currency": "EUR",
            "format": "json", "timezone": "Europe/Paris", "startDate": "2026-01-01", "endDate": "2026-01-04"
        })
    );
}

#[tokio::test]
async fn the_other_reports_are_framed() {
    let server = Server::start(|_, _| json(r#"{"data":[]}"#)).await;
    let client = server.client();
    let day = date(2026, 1, 1);
    let placements = PlacementsQuery {
        advertiser_ids: vec!["1".to_owned()],
        campaign_ids: Vec::new(),
        ad_set_ids: Vec::new(),
        environment: None,
        placement: None,
        dimensions: vec!["Placement".to_owned()],
        metrics: vec!["Displays".to_owned()],
        currency: "EUR".to_owned(),
        disclosed: false,
        format: ReportFormat::Json,
        timezone: "UTC".to_owned(),
        start_date: day,
        end_date: day,
    };
    client
        .placements_report(&placements, &mut MemorySink::default())
        .await
        .unwrap();
    let transactions = TransactionsQuery {
        advertiser_ids: vec!["1".to_owned()],
        currency: "EUR".to_owned(),
        event_type: None,
        format: ReportFormat::Json,
        timezone: "UTC".to_owned(),
        start_date: day,
        end_date: day,
    };
    client
        .transactions_report(&transactions, &mut MemorySink::default())
        .await
        .unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].path, "/2026-07/placements/report");
    assert_eq!(sent(&calls[0])["data"][0]["attributes"]["disclosed"], false);
    assert_eq!(calls[1].path, "/2026-07/transactions/report");
    assert_eq!(sent(&calls[1])["data"][0]["attributes"]["format"], "json");
}

#[tokio::test]
async fn questions_that_criteo_would_refuse_are_not_sent() {
    let server = Server::start(|_, _| json(EMPTY)).await;
    let client = server.client();
    let good = statistics();
    for query in [
        StatisticsQuery {
            advertiser_ids: Vec::new(),
            ..good.clone()
        },
        StatisticsQuery {
            advertiser_ids: vec!["1,2".to_owned()],
            ..good.clone()
        },
        StatisticsQuery {
            advertiser_ids: vec![" ".to_owned()],
            ..good.clone()
        },
        StatisticsQuery {
            dimensions: Vec::new(),
            ..good.clone()
        },
        StatisticsQuery {
            currency: "eur".to_owned(),
            ..good.clone()
        },
        StatisticsQuery {
            currency: "EURO".to_owned(),
            ..good.clone()
        },
        StatisticsQuery {
            end_date: date(2025, 12, 31),
            ..good.clone()
        },
    ] {
        let result = client
            .statistics_report(&query, &mut MemorySink::default())
            .await;
        assert!(
            matches!(result, Err(Error::Configuration { .. })),
            "{query:?}"
        );
    }
    assert_eq!(server.calls().len(), 0);
    assert_eq!(server.tokens().len(), 0);
}

#[tokio::test]
async fn log_level_reports_keep_their_links_hidden() {
    let server = Server::start(|_, _| {
        json(
            r#"{"data":[{"type":"TransparencyReport","attributes":{"advertiserId":"7","tokenValidUntil":"2026-02-01T00:00:00Z",
            "files":[{"fileName":"2026-01-01_v1.csv.gz","url":"https://files.example.org/a?sig=hush"}]}}]}"#,
        )
    })
    .await;
    let query = TransparencyQuery {
        start_date: date(2026, 1, 1),
        end_date: date(2026, 1, 2),
        should_display_product_ids: true,
    };
    let envelope = server
        .client()
        .transparency_report("7", &query)
        .await
        .unwrap();
    let file = &envelope.data[0].attributes.files[0];
    assert_eq!(file.url.expose(), "https://files.example.org/a?sig=hush");
    assert!(!format!("{envelope:?}").contains("hush"));
    assert!(!serde_json::to_string(&envelope).unwrap().contains("hush"));
    let call = &server.calls()[0];
    assert_eq!(call.path, "/2026-07/log-level/advertisers/7/report");
    assert_eq!(sent(call)["shouldDisplayProductIds"], true);
}

#[tokio::test]
async fn searches_send_their_filters_and_read_what_comes() {
    let server = Server::start(|_, call| {
        if call.path.ends_with("/campaigns/search") {
            return json(
                r#"{"data":[{"id":"5","type":"Campaign","attributes":{"name":"n","goal":"acquisition","spendLimit":
                {"spendLimitType":"capped","spendLimitAmount":{"value":12.5}}}}],"errors":null,"warnings":null}"#,
            );
        }
        json(r#"{"data":[{"id":"6","attributes":{"objective":"conversions","bidding":{"bidAmount":null}}}]}"#)
    })
    .await;
    let client = server.client();
    let campaigns = client
        .search_campaigns(&CampaignSearch {
            advertiser_ids: vec!["1".to_owned()],
            ..CampaignSearch::default()
        })
        .await
        .unwrap();
    let limit = campaigns.data[0].attributes.spend_limit.as_ref().unwrap();
    assert_eq!(limit.spend_limit_amount.as_ref().unwrap().value, Some(12.5));
    let ad_sets = client
        .search_ad_sets(&AdSetSearch::default())
        .await
        .unwrap();
    assert_eq!(
        ad_sets.data[0].attributes.objective,
        Some(AdSetObjective::Conversions)
    );
    let calls = server.calls();
    assert_eq!(
        sent(&calls[0]),
        value!({"filters": {"advertiserIds": ["1"]}})
    );
    assert_eq!(sent(&calls[1]), value!({"filters": {}}));
}

#[tokio::test]
async fn a_null_list_is_empty() {
    let server = Server::start(|_, _| json(r#"{"data":null}"#)).await;
    assert!(server.client().advertisers().await.unwrap().data.is_empty());
}

#[tokio::test]
async fn pages_are_asked_for_by_limit_and_offset() {
    let server = Server::start(|_, _| json(EMPTY)).await;
    let client = server.client();
    client.advertiser_ads("7", 50, 100).await.unwrap();
    client.advertiser_creatives("7", 50, 0).await.unwrap();
    client.advertiser_coupons("7", 50, 0).await.unwrap();
    let paths: Vec<_> = server.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(
        paths,
        [
            "/2026-07/marketing-solutions/advertisers/7/ads?limit=50&offset=100",
            "/2026-07/marketing-solutions/advertisers/7/creatives?limit=50&offset=0",
            "/2026-07/marketing-solutions/advertisers/7/coupons?limit=50&offset=0",
        ]
    );
}

#[tokio::test]
async fn previews_come_as_html_or_as_a_json_text() {
    for (content_type, body) in [
        ("text/html", "<p>hi</p>"),
        ("application/json", r#""<p>hi</p>""#),
    ] {
        let server =
            Server::start(move |_, _| with(200, &[("content-type", content_type)], body)).await;
        let page = server
            .client()
            .coupon_preview("7", "9", Some(300), None)
            .await
            .unwrap();
        assert_eq!(page, "<p>hi</p>");
        assert!(
            server.calls()[0]
                .path
                .ends_with("/coupons/9/preview?width=300")
        );
    }
}

#[tokio::test]
async fn the_marketplace_has_no_envelope() {
    let server = Server::start(|_, call| {
        if call.path.contains("/stats/") {
            json(r#"{"columns":["campaignId","clicks"],"data":[[1,2]],"rows":1,"links":{}}"#)
        } else if call.path.contains("/sellers") {
            json(r#"[{"id":"3","sellerName":"s"}]"#)
        } else {
            json("[]")
        }
    })
    .await;
    let client = server.client();
    let filter = SellerFilter {
        with_products: Some(true),
        ..SellerFilter::default()
    };
    assert_eq!(client.sellers(&filter).await.unwrap()[0].seller_name, "s");
    let query = StatsQuery {
        advertiser_id: Some(7),
        start_date: Some(date(2026, 1, 1)),
        ..StatsQuery::default()
    };
    let stats = client.marketplace_campaign_stats(&query).await.unwrap();
    assert_eq!(stats.data.unwrap(), [[value!(1), value!(2)]]);
    let filter = BudgetFilter {
        status: Some(BudgetStatus::Archived),
        ..BudgetFilter::default()
    };
    assert!(client.seller_budgets(&filter).await.unwrap().is_empty());
    let paths: Vec<_> = server
        .calls()
        .into_iter()
        .map(|call| {
            call.path
                .rsplit("performance-outcomes")
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        paths,
        [
            "/sellers?withProducts=true",
            "/stats/campaigns?advertiserId=7&startDate=2026-01-01",
            "/budgets?status=Archived",
        ]
    );
}

#[tokio::test]
async fn a_filter_that_an_operation_does_not_know_is_refused() {
    let server = Server::start(|_, _| json("[]")).await;
    let filter = BudgetFilter {
        advertiser_id: Some(1),
        ..BudgetFilter::default()
    };
    let error = server
        .client()
        .budgets_of_seller("3", &filter)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("advertiserId"), "{error}");
    assert_eq!(server.calls().len(), 0);
}
