//! The numbers of the views.

use std::collections::BTreeMap;

use super::expected::{self, Row, ratio, units};
use super::{MODELS, VIEWS, loaded, metrics, rows};
use crate::support::{Stage, TargetKind};

#[test]
fn views_show_the_truth() {
    for kind in TargetKind::databases() {
        let stage = loaded(kind);
        let told = stage.criteo(&["views", "--json"]).expect(0).json();
        assert_eq!(told["made"], serde_json::json!(VIEWS), "{told}");
        assert_truth(&stage);
        described(&stage);
        super::weeks::begin_on_the_day_of_their_name(&stage);
        // Entities that are listed twice multiply nothing.
        for table in ["campaigns", "ad_sets", "ads", "advertisers"] {
            let doubled = stage
                .target
                .execute(&format!("INSERT INTO {table} SELECT * FROM {table}"));
            assert!(doubled > 0);
        }
        daily(&stage, "criteo_campaign_daily", &["Campaign"]);
        daily(&stage, "criteo_ad_daily", &["Campaign", "Adset", "Ad"]);
        orders_of_equal_events(&stage);
        orders_without_ids(&stage);
        days_without_clicks_or_displays(&stage);
        given_up_days_do_not_count_as_loaded(&stage);
    }
}

/// Every number of every view, on any database.
pub(super) fn assert_truth(stage: &Stage) {
    daily(stage, "criteo_campaign_daily", &["Campaign"]);
    daily(stage, "criteo_ad_set_daily", &["Campaign", "Adset"]);
    daily(stage, "criteo_ad_daily", &["Campaign", "Adset", "Ad"]);
    placements(stage);
    orders(stage);
    pacing(stage);
}

/// Money and counts by the text that says them; NULL is refused.
#[track_caller]
fn amount(row: &Row, column: &str) -> i128 {
    match &row[column] {
        Some(text) => units(text),
        None => panic!("{column} is NULL: {row:?}"),
    }
}

#[track_caller]
fn assert_ratio(row: &Row, column: &str, expected: Option<f64>) {
    let found: Option<f64> = row[column].as_ref().map(|text| text.parse().unwrap());
    let agrees = match (found, expected) {
        (Some(found), Some(expected)) => {
            (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3)
        }
        (None, None) => true,
        _ => false,
    };
    assert!(
        agrees,
        "{column} is {found:?} and not {expected:?}: {row:?}"
    );
}

/// One text per thing, for columns of Criteo's and of ours.
const COLUMNS: [(&str, &str, &str); 3] = [
    ("Campaign", "campaign", "campaigns"),
    ("Adset", "ad_set", "ad_sets"),
    ("Ad", "ad", "ads"),
];

fn daily(stage: &Stage, view: &str, levels: &[&str]) {
    let ids: Vec<String> = levels.iter().map(|level| format!("{level}Id")).collect();
    let mut dimensions = vec!["AdvertiserId", "Day"];
    dimensions.extend(ids.iter().map(String::as_str));
    let truth = expected::statistics(stage, &dimensions, &metrics());
    let names: BTreeMap<&str, BTreeMap<String, serde_json::Value>> = COLUMNS
        .iter()
        .map(|(level, _, kind)| (*level, expected::entities(stage, kind)))
        .collect();
    let found = rows(stage, view);
    assert_eq!(found.len(), truth.len(), "rows of {view}");
    let of_row = |row: &Row| {
        let mut key = vec![
            row["day"].clone().unwrap(),
            row["advertiser_id"].clone().unwrap(),
        ];
        for (_, ours, _) in COLUMNS.iter().take(levels.len()) {
            key.push(row[&format!("{ours}_id")].clone().unwrap());
        }
        key
    };
    let found: BTreeMap<Vec<String>, Row> =
        found.into_iter().map(|row| (of_row(&row), row)).collect();
    assert_eq!(
        found.len(),
        truth.len(),
        "{view} has rows that agree in its key"
    );
    let mut with_revenue = 0;
    for expected in &truth {
        let mut key = vec![expected["day"].clone(), expected["advertiserid"].clone()];
        key.extend(ids.iter().map(|id| expected[&id.to_lowercase()].clone()));
        let row = &found[&key];
        for (level, ours, _) in COLUMNS.iter().take(levels.len()) {
            let id = &expected[&format!("{}id", level.to_lowercase())];
            let present = names[level]
                .get(id)
                .and_then(|entity| entity["attributes"]["name"].as_str());
            let name = present.unwrap_or(&expected[&level.to_lowercase()]);
            assert_eq!(
                row[&format!("{ours}_name")].as_deref(),
                Some(name),
                "{row:?}"
            );
        }
        assert_eq!(row["currency"].as_deref(), Some("EUR"));
        assert_eq!(row["time_zone"].as_deref(), Some("Europe/Paris"));
        let value = |name: &str| units(&expected[&name.to_lowercase()]);
        let (displays, clicks, cost) =
            (value("Displays"), value("Clicks"), value("AdvertiserCost"));
        assert_eq!(amount(row, "displays"), displays);
        assert_eq!(amount(row, "clicks"), clicks);
        assert_eq!(amount(row, "cost"), cost);
        assert_ratio(row, "ctr", ratio(clicks, displays));
        assert_ratio(row, "cpc", ratio(cost, clicks));
        assert_ratio(row, "cpm", ratio(cost * 1000, displays));
        for (key, sales, revenue) in MODELS {
            let (sales, revenue) = (value(sales), value(revenue));
            assert_eq!(amount(row, &format!("sales_{key}")), sales);
            assert_eq!(amount(row, &format!("revenue_{key}")), revenue);
            assert_ratio(row, &format!("roas_{key}"), ratio(revenue, cost));
            assert_ratio(row, &format!("cos_{key}"), ratio(cost, revenue));
            with_revenue += usize::from(revenue > 0);
        }
    }
    assert!(with_revenue > 0, "no row of {view} has revenue");
}

fn placements(stage: &Stage) {
    let truth = expected::placements(stage);
    let found = rows(stage, "criteo_placements_ranked");
    assert_eq!(found.len(), truth.len());
    let months: std::collections::BTreeSet<_> = truth.keys().map(|key| &key[0]).collect();
    assert_eq!(months.len(), 2, "ranks begin anew in each month");
    for row in &found {
        let key = [
            "month",
            "advertiser_id",
            "placement",
            "environment",
            "disclosed",
        ]
        .map(|column| boolean(row[column].clone().unwrap()));
        let [displays, clicks, cost, sales, revenue] = truth[&key];
        assert_eq!(amount(row, "displays"), displays);
        assert_eq!(amount(row, "clicks"), clicks);
        assert_eq!(amount(row, "cost"), cost);
        assert_eq!(amount(row, "sales_pc30d"), sales);
        assert_eq!(amount(row, "revenue_pc30d"), revenue);
        assert_ratio(row, "ctr", ratio(clicks, displays));
        assert_ratio(row, "cpc", ratio(cost, clicks));
        assert_ratio(row, "roas_pc30d", ratio(revenue, cost));
        let same_month = truth.iter().filter(|(other, _)| other[..2] == key[..2]);
        let costs: Vec<i128> = same_month.map(|(_, sums)| sums[2]).collect();
        let rank = costs.iter().filter(|other| **other > cost).count() + 1;
        assert_eq!(row["cost_rank"], Some(rank.to_string()), "{row:?}");
        assert_ratio(row, "cost_share", ratio(cost, costs.iter().sum()));
    }
}

/// PostgreSQL's letters as words.
fn boolean(text: String) -> String {
    match text.as_str() {
        "t" => "true".to_owned(),
        "f" => "false".to_owned(),
        _ => text,
    }
}

fn orders(stage: &Stage) {
    let truth = expected::orders(stage);
    let found = rows(stage, "criteo_orders");
    assert_eq!(found.len(), truth.len());
    let mut several = 0;
    let mut total = 0;
    for row in &found {
        let key = ["advertiser_id", "transaction_id"].map(|column| row[column].clone().unwrap());
        let (event, count, clicks) = &truth[&(key[0].clone(), key[1].clone())];
        several += usize::from(*count > 1);
        total += amount(row, "amount");
        assert_eq!(amount(row, "amount"), units(&event["amount"]));
        assert_eq!(
            row["event_type"].as_deref(),
            Some(event["eventtype"].as_str())
        );
        assert_eq!(
            row["ad_set_name"].as_deref(),
            Some(event["adsetname"].as_str())
        );
        let attributed = boolean(row["attributed"].clone().unwrap());
        assert_eq!(attributed, event["attributedtransaction"].to_lowercase());
        let moment =
            |text: &str| jiff::civil::DateTime::strptime("%m/%d/%Y %H:%M:%S", text).unwrap();
        for (column, name) in [
            ("transaction_date", "transactiondate"),
            ("event_date", "eventdate"),
        ] {
            let found: jiff::civil::DateTime = row[column].as_ref().unwrap().parse().unwrap();
            assert_eq!(found, moment(&event[name]), "{row:?}");
        }
        let day = moment(&event["transactiondate"]).date().to_string();
        assert_eq!(row["day"].as_deref(), Some(day.as_str()));
        assert_eq!(row["event_count"], Some(count.to_string()));
        assert_eq!(row["click_count"], Some(clicks.to_string()));
    }
    assert!(several > 0, "no order has a click and a display");
    let naive = expected::orders(stage)
        .values()
        .map(|(event, count, _)| units(&event["amount"]) * i128::try_from(*count).unwrap())
        .sum();
    assert!(total < naive, "adding up transactions would have done");
}

/// A quotient over nothing is NULL, and one of nothing is zero.
fn days_without_clicks_or_displays(stage: &Stage) {
    let changed = [
        "UPDATE statistics SET clicks = 0, revenue_generated_pc30d = 0 WHERE day = DATE '2026-02-01'",
        "UPDATE statistics SET displays = 0, clicks = 0, advertiser_cost = 0 WHERE day = DATE '2026-02-02'",
    ];
    for statement in changed {
        assert!(stage.target.execute(statement) > 0);
    }
    let mut seen = 0;
    for row in rows(stage, "criteo_campaign_daily") {
        let is_zero = |column: &str| {
            assert_ratio(&row, column, Some(0.0));
        };
        match row["day"].as_deref() {
            Some("2026-02-01") => {
                is_zero("ctr");
                is_zero("roas_pc30d");
                assert_eq!((&row["cpc"], &row["cos_pc30d"]), (&None, &None), "{row:?}");
                assert!(amount(&row, "cost") > 0 && row["cpm"].is_some(), "{row:?}");
            }
            Some("2026-02-02") => {
                for column in ["ctr", "cpc", "cpm", "roas_pc30d"] {
                    assert_eq!(row[column], None, "{column}: {row:?}");
                }
                assert_eq!(amount(&row, "cost"), 0);
            }
            _ => continue,
        }
        seen += 1;
    }
    assert!(seen > 3, "{seen} rows of those days");
}

/// Spending is known up to the last day that was loaded, and a window that was given up loaded nothing.
fn given_up_days_do_not_count_as_loaded(stage: &Stage) {
    let known = "SELECT count(*) FROM criteo_spend_pacing WHERE as_of IS NOT NULL";
    assert!(stage.number(known) > 0);
    let given_up =
        "UPDATE _criteo_windows SET quarantine_reason = 'unreadable' WHERE stream = 'statistics'";
    assert!(stage.target.execute(given_up) > 0);
    assert_eq!(stage.number(known), 0);
}

/// Of events that are equal otherwise, the latest counts.
fn orders_of_equal_events(stage: &Stage) {
    stage
        .target
        .execute("UPDATE transactions SET attributed_transaction = false, event_type = 'click'");
    let by_order = "SELECT advertiser_id, transaction_id, min(event_date) AS earliest, max(event_date) AS latest \
                    FROM transactions GROUP BY advertiser_id, transaction_id";
    let several = format!("SELECT count(*) FROM ({by_order}) AS t WHERE earliest < latest");
    assert!(stage.number(&several) > 0);
    let found = format!(
        "SELECT count(*) FROM criteo_orders AS o INNER JOIN ({by_order}) AS t ON t.advertiser_id = o.advertiser_id \
         AND t.transaction_id = o.transaction_id AND t.latest = o.event_date"
    );
    let all = stage.number("SELECT count(*) FROM criteo_orders");
    assert_eq!(stage.number(&found), all);
}

/// Orders without an id are told apart by moment and amount, and none is lost.
fn orders_without_ids(stage: &Stage) {
    let changed = [
        "UPDATE transactions SET transaction_id = NULL",
        // And those of one moment by their amounts alone.
        "UPDATE transactions SET transaction_date = (SELECT min(transaction_date) FROM transactions)",
    ];
    for statement in changed {
        assert!(stage.target.execute(statement) > 0);
        let distinct = "SELECT count(*) FROM (SELECT DISTINCT advertiser_id, transaction_date, amount FROM transactions) \
                        AS t";
        let found = stage.number("SELECT count(*) FROM criteo_orders");
        assert!(found > 1);
        assert_eq!(found, stage.number(distinct));
    }
}

fn pacing(stage: &Stage) {
    let truth = expected::paces(stage);
    let as_of = expected::today(stage).yesterday().unwrap();
    let found = rows(stage, "criteo_spend_pacing");
    assert_eq!(found.len(), truth.len());
    let mut seen = std::collections::BTreeSet::new();
    let mut idle = 0;
    for row in &found {
        let level = if row["level"].as_deref() == Some("campaign") {
            "campaign"
        } else {
            "ad_set"
        };
        let pace = &truth[&(level, row["id"].clone().unwrap())];
        let day = |column: &str| {
            row[column]
                .as_ref()
                .map(|text| text.parse::<jiff::civil::Date>().unwrap())
        };
        assert_eq!(day("as_of"), Some(as_of));
        assert_eq!(row["budget_renewal"].as_ref(), Some(&pace.renewal));
        assert_eq!(day("period_from"), pace.from, "{row:?}");
        assert_eq!(day("period_to"), pace.to, "{row:?}");
        assert_eq!(row["budget"].as_deref().map(units), pace.budget);
        assert_eq!(amount(row, "spend"), pace.spend, "{row:?} {pace:?}");
        let (all, elapsed) = pace.days(as_of);
        assert_eq!(
            row["days_in_period"],
            all.map(|days| days.to_string()),
            "{row:?}"
        );
        assert_eq!(
            row["days_elapsed"],
            elapsed.map(|days| days.to_string()),
            "{row:?}"
        );
        let remaining = pace.budget.map(|budget| budget - pace.spend);
        assert_eq!(row["remaining"].as_deref().map(units), remaining);
        assert_ratio(
            row,
            "budget_share",
            pace.budget.and_then(|budget| ratio(pace.spend, budget)),
        );
        let part = all
            .zip(elapsed)
            .and_then(|(all, elapsed)| ratio(elapsed, all));
        assert_ratio(row, "period_share", part);
        let projected = all
            .zip(elapsed)
            .and_then(|(all, elapsed)| ratio(pace.spend * all, elapsed * 1_000_000_000));
        assert_ratio(row, "projected_spend", projected);
        let expected = pace.budget.and_then(|budget| {
            let (all, elapsed) = all.zip(elapsed)?;
            ratio(pace.spend * all, elapsed * budget)
        });
        assert_ratio(row, "pace", expected);
        let is_loaded = pace.from.map(|from| stage.settings.sync.start_date <= from);
        let found = row["is_period_loaded"].clone().map(boolean);
        assert_eq!(found, is_loaded.map(|is_loaded| is_loaded.to_string()));
        seen.insert((level, pace.renewal.clone(), pace.budget.is_some()));
        idle += usize::from(pace.spend == 0);
    }
    for renewal in ["daily", "monthly", "lifetime"] {
        assert!(
            seen.iter()
                .any(|(_, it, has_budget)| it == renewal && *has_budget),
            "{renewal}: {seen:?}"
        );
    }
    assert!(idle > 0, "everything spent something");
    // What has no rows at all is there as well.
    let active = expected::statistics(stage, &["AdvertiserId", "AdsetId"], &["Displays"]).len();
    let all = truth.keys().filter(|(level, _)| *level == "ad_set").count();
    assert!(active < all, "every ad set has rows");
}

/// Every column of every view has a description, and so has the view.
fn described(stage: &Stage) {
    let tables = stage.target.tables().unwrap();
    for view in VIEWS {
        let comment = tables.comment(view).unwrap_or_default();
        assert!(comment.starts_with("One row per"), "{view}: {comment:?}");
        for column in tables.columns(view) {
            assert!(
                column.comment.is_some_and(|text| text.ends_with('.')),
                "{view}.{}",
                column.name
            );
        }
    }
}
