//! What views have to show, from the sandbox's truth: at the grain of each view, as Criteo itself would group it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::support::Stage;

/// A row of a view or of the truth, by column; NULL is `None`.
pub(super) type Row = BTreeMap<String, Option<String>>;

/// Billionths, as money has nine digits behind the point.
pub(super) fn units(text: &str) -> i128 {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 9, "{text} has too many digits");
    sign * format!("{whole}{fraction:0<9}").parse::<i128>().unwrap()
}

/// A quotient of two amounts or counts; NULL over zero.
pub(super) fn ratio(dividend: i128, divisor: i128) -> Option<f64> {
    // Compared with a tolerance, so the digits that a float lacks do not matter.
    (divisor != 0).then(|| dividend as f64 / divisor as f64)
}

/// A report of statistics from the first day of the stage to today, a row for each of its own, by Criteo's names.
pub(super) fn statistics(
    stage: &Stage,
    dimensions: &[&str],
    metrics: &[&str],
) -> Vec<BTreeMap<String, String>> {
    let body = json!({
        "advertiserIds": stage.sandbox.advertiser_ids().join(","),
        "dimensions": dimensions,
        "metrics": metrics,
        "currency": stage.settings.criteo.currency,
        "timezone": stage.settings.criteo.timezone,
        "startDate": stage.settings.sync.start_date,
        "endDate": today(stage),
        "format": "json",
    });
    let truth = stage.sandbox.truth_statistics(&body).unwrap();
    by_name(&truth.columns, &truth.rows)
}

fn by_name(columns: &[String], rows: &[Vec<String>]) -> Vec<BTreeMap<String, String>> {
    let names: Vec<String> = columns.iter().map(|name| name.to_lowercase()).collect();
    let row = |row: &Vec<String>| names.iter().cloned().zip(row.iter().cloned()).collect();
    rows.iter().map(row).collect()
}

/// The day that it is where the reports are cut.
pub(super) fn today(stage: &Stage) -> Date {
    let zone = TimeZone::get(&stage.settings.criteo.timezone).unwrap();
    zone.to_datetime(stage.sandbox.now()).date()
}

/// Entities as they stand now, by id.
pub(super) fn entities(stage: &Stage, kind: &str) -> BTreeMap<String, Value> {
    let all = stage.sandbox.truth_entities(kind).unwrap();
    all.into_iter()
        .map(|entity| {
            (
                entity.element["id"].as_str().unwrap().to_owned(),
                entity.element,
            )
        })
        .collect()
}

/// The event that an order is counted for, how many events it has, and how many of them are clicks.
type Order = (BTreeMap<String, String>, usize, usize);

/// The orders, by advertiser and id.
pub(super) fn orders(stage: &Stage) -> BTreeMap<(String, String), Order> {
    let mut orders: BTreeMap<(String, String), Vec<BTreeMap<String, String>>> = BTreeMap::new();
    for advertiser in stage.sandbox.advertiser_ids() {
        let body = json!({ "data": [{ "type": "Report", "attributes": {
            "advertiserIds": advertiser,
            "currency": stage.settings.criteo.currency,
            "timezone": stage.settings.criteo.timezone,
            "startDate": stage.settings.sync.start_date,
            "endDate": today(stage),
            "format": "json",
        } }] });
        let truth = stage.sandbox.truth_transactions(&body).unwrap();
        let rows: BTreeSet<_> = by_name(&truth.columns, &truth.rows).into_iter().collect();
        for row in rows {
            let id = row["transactionid"].clone();
            orders
                .entry((advertiser.clone(), id))
                .or_default()
                .push(row);
        }
    }
    let chosen = |mut events: Vec<BTreeMap<String, String>>| {
        let clicks = events
            .iter()
            .filter(|event| event["eventtype"] == "click")
            .count();
        let count = events.len();
        events.sort_by_key(|event| {
            let moment = jiff::civil::DateTime::strptime("%m/%d/%Y %H:%M:%S", &event["eventdate"]);
            let is_attributed = event["attributedtransaction"] == "True";
            let is_click = event["eventtype"] == "click";
            (is_attributed, is_click, moment.unwrap())
        });
        (events.pop().unwrap(), count, clicks)
    };
    orders
        .into_iter()
        .map(|(id, events)| (id, chosen(events)))
        .collect()
}

/// Sums of placements by month, advertiser, placement, environment and disclosure: displays, clicks, cost, sales and
/// revenue of 30 days after a click.
pub(super) fn placements(stage: &Stage) -> BTreeMap<[String; 5], [i128; 5]> {
    let mut sums: BTreeMap<[String; 5], [i128; 5]> = BTreeMap::new();
    let mut day = stage.settings.sync.start_date;
    while day < today(stage) {
        for disclosed in [true, false] {
            let body = json!({ "data": [{ "type": "Report", "attributes": {
                "advertiserIds": stage.sandbox.advertiser_ids().join(","),
                "dimensions": ["AdvertiserId", "Placement", "Environment"],
                "metrics": ["Displays", "Clicks", "Cost", "SalesPc30d", "RevenuePc30d"],
                "currency": stage.settings.criteo.currency,
                "timezone": stage.settings.criteo.timezone,
                "startDate": day,
                "endDate": day,
                "disclosed": disclosed,
                "format": "json",
            } }] });
            let truth = stage.sandbox.truth_placements(&body).unwrap();
            for row in by_name(&truth.columns, &truth.rows) {
                let key = [
                    day.first_of_month().to_string(),
                    row["advertiserid"].clone(),
                    row["placement"].clone(),
                    row["environment"].clone(),
                    disclosed.to_string(),
                ];
                let sums = sums.entry(key).or_default();
                let metrics = ["displays", "clicks", "cost", "salespc30d", "revenuepc30d"];
                for (sum, metric) in sums.iter_mut().zip(metrics) {
                    *sum += units(&row[metric]);
                }
            }
        }
        day = day.tomorrow().unwrap();
    }
    sums
}

/// What a campaign or ad set may spend in which days, and did.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) renewal: String,
    pub(super) budget: Option<i128>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    pub(super) spend: i128,
}

impl Pace {
    /// Days of the period, if it ends, and those up to a day.
    pub(super) fn days(&self, as_of: Date) -> (Option<i128>, Option<i128>) {
        let count = |from: Date, to: Date| i128::from((to - from).get_days()) + 1;
        let all = self.from.zip(self.to).map(|(from, to)| count(from, to));
        let elapsed = self.from.map(|from| match self.to {
            _ if as_of < from => 0,
            Some(to) if to < as_of => count(from, to),
            _ => count(from, as_of),
        });
        (all, elapsed)
    }
}

/// By level and id.
pub(super) fn paces(stage: &Stage) -> BTreeMap<(&'static str, String), Pace> {
    let as_of = today(stage).yesterday().unwrap();
    let text = |value: &Value, path: &str| {
        value
            .pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let amount = |value: &Value, path: &str| match value.pointer(path) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(units(text)),
        Some(number) => Some(units(&number.to_string())),
    };
    let day = |value: &Value, path: &str| {
        let instant: Timestamp = text(value, path)?.parse().unwrap();
        Some(TimeZone::UTC.to_datetime(instant).date())
    };
    let (start, end) = (
        "/attributes/schedule/startDate/value",
        "/attributes/schedule/endDate/value",
    );
    let ad_sets = entities(stage, "ad_sets");
    let mut paces = BTreeMap::new();
    for (id, campaign) in entities(stage, "campaigns") {
        let own: Vec<&Value> = ad_sets
            .values()
            .filter(|it| text(it, "/attributes/campaignId").as_deref() == Some(id.as_str()))
            .collect();
        let ends: Vec<Option<Date>> = own.iter().map(|it| day(it, end)).collect();
        let flight = (
            own.iter().filter_map(|it| day(it, start)).min(),
            if ends.iter().all(Option::is_some) {
                ends.into_iter().flatten().max()
            } else {
                None
            },
        );
        let renewal = text(&campaign, "/attributes/spendLimit/spendLimitRenewal").unwrap();
        let budget = amount(&campaign, "/attributes/spendLimit/spendLimitAmount/value");
        paces.insert(("campaign", id), pace(renewal, budget, flight, as_of));
    }
    for (id, ad_set) in ad_sets {
        let flight = (day(&ad_set, start), day(&ad_set, end));
        let renewal = text(&ad_set, "/attributes/budget/budgetRenewal").unwrap();
        let budget = amount(&ad_set, "/attributes/budget/budgetAmount");
        paces.insert(("ad_set", id), pace(renewal, budget, flight, as_of));
    }
    for (level, dimension) in [("campaign", "CampaignId"), ("ad_set", "AdsetId")] {
        for row in statistics(
            stage,
            &["AdvertiserId", dimension, "Day"],
            &["AdvertiserCost"],
        ) {
            let spent_on: Date = row["day"].parse().unwrap();
            let Some(pace) = paces.get_mut(&(level, row[&dimension.to_lowercase()].clone())) else {
                continue;
            };
            let is_in = pace.from.is_none_or(|from| from <= spent_on)
                && pace.to.is_none_or(|to| spent_on <= to);
            if is_in && spent_on <= as_of {
                pace.spend += units(&row["advertisercost"]);
            }
        }
    }
    paces
}

fn pace(
    renewal: String,
    budget: Option<i128>,
    flight: (Option<Date>, Option<Date>),
    as_of: Date,
) -> Pace {
    let (from, to) = match renewal.as_str() {
        "daily" => (Some(as_of), Some(as_of)),
        // The sandbox's weeks begin on Mondays.
        "weekly" => {
            let monday = as_of - i64::from(as_of.weekday().since(Weekday::Monday)).days();
            (Some(monday), Some(monday + 6.days()))
        }
        "lifetime" => flight,
        _ => (Some(as_of.first_of_month()), Some(as_of.last_of_month())),
    };
    Pace {
        renewal,
        budget,
        from,
        to,
        spend: 0,
    }
}
