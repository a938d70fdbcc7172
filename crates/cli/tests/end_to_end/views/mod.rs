//! `criteo views`: every number of every view against the sandbox's truth, on each database; what happens to views when
//! tables change; and whose views are left alone.

mod clickhouse;
mod dbt;
mod expected;
mod guide;
mod life;
mod numbers;
mod printed;
mod rights;
mod weeks;

use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::civil::date;

use self::expected::Row;
use crate::support::{Settings, Stage, TargetKind};

/// The names of all views.
const VIEWS: [&str; 6] = [
    "criteo_campaign_daily",
    "criteo_ad_set_daily",
    "criteo_ad_daily",
    "criteo_placements_ranked",
    "criteo_orders",
    "criteo_spend_pacing",
];

/// Attribution models that are asked for, with Criteo's names of their sales and revenue.
const MODELS: [(&str, &str, &str); 5] = [
    ("pc1d", "SalesPc1d", "RevenueGeneratedPc1d"),
    ("pc30d", "SalesPc30d", "RevenueGeneratedPc30d"),
    ("all_pc30d", "SalesAllPc30d", "RevenueGeneratedAllPc30d"),
    ("pv24h", "SalesPv24h", "RevenueGeneratedPv24h"),
    (
        "client_attribution",
        "SalesClientAttribution",
        "RevenueGeneratedClientAttribution",
    ),
];

/// What is asked of statistics.
fn metrics() -> Vec<&'static str> {
    let mut metrics = vec!["Displays", "Clicks", "AdvertiserCost"];
    metrics.extend(
        MODELS
            .iter()
            .flat_map(|(_, sales, revenue)| [*sales, *revenue]),
    );
    metrics
}

fn settings() -> Settings {
    let mut settings = Settings::new(date(2026, 1, 20))
        .in_currency_and_zone("EUR", "Europe/Paris")
        .with_only(&[
            "statistics",
            "placements",
            "transactions",
            "advertisers",
            "campaigns",
            "ad_sets",
            "ads",
        ])
        .with_report(
            "statistics_by_ad",
            &["AdvertiserId", "CampaignId", "AdsetId", "AdId", "Day"],
            &metrics(),
        );
    settings.stream("statistics").metrics =
        Some(metrics().into_iter().map(str::to_owned).collect());
    settings
}

/// A loaded stage: the ninth of February is being lived, in Paris since an hour.
fn loaded(kind: TargetKind) -> Stage {
    let mut stage = opened(settings().into_target(kind));
    stage.sync();
    stage
}

fn opened(settings: Settings) -> Stage {
    let scenario = Scenario {
        world: WorldConfig {
            seed: 7,
            advertisers: 2,
            campaigns_per_advertiser: 4,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    };
    Stage::open("2026-02-08T23:59:00Z", scenario, settings)
}

/// All rows of a view or table.
fn rows(stage: &Stage, name: &str) -> Vec<Row> {
    let tables = stage.target.tables().unwrap();
    let columns = tables.columns(name);
    assert!(!columns.is_empty(), "there is no {name}");
    let names: Vec<String> = columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    let mut rows = Vec::new();
    tables.ask(
        &format!("SELECT {} FROM {name}", names.join(", ")),
        &mut |cells| {
            let names = columns.iter().map(|column| column.name.clone());
            rows.push(names.zip(cells.iter().cloned()).collect());
        },
    );
    rows
}

/// The names of a view's columns, in order; none when there is no such view.
fn columns(stage: &Stage, name: &str) -> Vec<String> {
    let columns = stage.target.tables().unwrap().columns(name);
    columns.into_iter().map(|column| column.name).collect()
}
