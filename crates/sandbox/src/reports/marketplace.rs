//! `GET .../marketplace-performance-outcomes/stats/...`: bare `{columns, data, rows, links}` with JSON numbers.
//!
//! Column order, the first-of-month date and `null` for a division by zero follow the description in Criteo's OpenAPI
//! 2026-07. The form of hours and years, and the column names of both attribution policies at once, are assumptions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::formula::RATIO_DECIMALS;
use super::request::{self, Problems};
use super::{MarketplaceStats, Problem};
use crate::world::calendar::{self, DayNumber, LocalHours};
use crate::world::money::{self, Rate};
use crate::world::{Seller, SellerResult, World};

const PROBLEMS: Problems = Problems {
    instance: "/marketplace-performance-outcomes/stats",
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interval {
    Hour,
    Day,
    Month,
    Year,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    SameSeller,
    AnySeller,
    Both,
}

struct Query {
    interval: Interval,
    policy: Policy,
    first: DayNumber,
    last: DayNumber,
    zone: TimeZone,
    count: usize,
    advertiser_id: Option<String>,
    campaign_id: Option<String>,
    seller_id: Option<String>,
}

impl Query {
    fn read(as_of: Timestamp, query: &BTreeMap<String, String>) -> Result<Self, Problem> {
        let invalid = |field: &'static str| move |value: &str| PROBLEMS.invalid(field, value);
        let given = |field: &str| {
            query
                .get(field)
                .map(String::as_str)
                .filter(|it| !it.is_empty())
        };
        let interval = match given("intervalSize")
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("day") => Interval::Day,
            Some("hour") => Interval::Hour,
            Some("month") => Interval::Month,
            Some("year") => Interval::Year,
            Some(other) => return Err(invalid("intervalSize")(other)),
        };
        let policy = match given("clickAttributionPolicy") {
            None | Some("AnySeller") => Policy::AnySeller,
            Some("SameSeller") => Policy::SameSeller,
            Some("Both") => Policy::Both,
            Some(other) => return Err(invalid("clickAttributionPolicy")(other)),
        };
        let zone = match given("timeZoneId") {
            None => TimeZone::UTC,
            Some(name) => request::zone(name).ok_or_else(|| invalid("timeZoneId")(name))?,
        };
        let count = match given("count") {
            None => usize::MAX,
            Some(text) => text.parse().map_err(|_| invalid("count")(text))?,
        };
        let day = |field: &'static str| {
            given(field)
                .map(|text| request::date(text, field, PROBLEMS).map(calendar::day_number))
                .transpose()
        };
        let last = day("endDate")?.unwrap_or_else(|| calendar::local_day(as_of, &zone));
        let first = day("startDate")?.unwrap_or(last);
        check_span(interval, first, last)?;
        Ok(Self {
            interval,
            policy,
            first,
            last,
            zone,
            count,
            advertiser_id: given("advertiserId").map(str::to_owned),
            campaign_id: given("campaignId").map(str::to_owned),
            seller_id: given("sellerId").map(str::to_owned),
        })
    }
}

/// At most a year, and at most 31 days of hours (Criteo's OpenAPI 2026-07).
fn check_span(interval: Interval, first: DayNumber, last: DayNumber) -> Result<(), Problem> {
    let (start, end) = (calendar::date_of(first), calendar::date_of(last));
    if first > last {
        return Err(PROBLEMS.refuse(
            "start-after-end-date",
            "The start date must not be after the end date.",
            &format!("{start} is after {end}."),
        ));
    }
    let longest = if interval == Interval::Hour { 31 } else { 366 };
    if last - first + 1 > longest {
        return Err(PROBLEMS.refuse(
            "invalid-timespan",
            "The time span is too long.",
            &format!("{start} to {end} must be no more than {longest} days"),
        ));
    }
    Ok(())
}

/// What a row is about, in the order rows are answered in: campaign or 0, seller or 0, then the interval.
type Key = (u32, u32, i64);

/// Rows of one answer while they are summed up.
struct Collector<'answer> {
    world: &'answer World,
    /// The present minute.
    now: i64,
    which: MarketplaceStats,
    query: &'answer Query,
    hours: LocalHours,
    rows: BTreeMap<Key, (SellerResult, &'static str)>,
}

pub(super) fn stats(
    world: &World,
    as_of: Timestamp,
    which: MarketplaceStats,
    granted: &[String],
    query: &BTreeMap<String, String>,
) -> Result<Value, Problem> {
    let query = Query::read(as_of, query)?;
    let mut collector = Collector {
        world,
        now: calendar::minute_of(as_of),
        which,
        query: &query,
        hours: LocalHours::new(&query.zone, query.first - 1, query.last + 1),
        rows: BTreeMap::new(),
    };
    for advertiser in world.advertiser_positions(granted) {
        let account = &world.accounts().advertisers[advertiser];
        if !matches(query.advertiser_id.as_ref(), account.id) {
            continue;
        }
        let rate = Rate::of(account.currency).unwrap_or(Rate::EURO);
        for seller in world.sellers(advertiser) {
            if matches(query.seller_id.as_ref(), seller.id) {
                collector.add(&seller, rate);
            }
        }
    }
    let data: Vec<Value> = collector
        .rows
        .iter()
        .take(query.count)
        .map(|(key, (result, name))| row(which, &query, *key, result, name))
        .collect();
    Ok(json!({
        "columns": columns(which, &query),
        "rows": data.len(),
        "data": data,
        "links": {},
    }))
}

fn matches(wanted: Option<&String>, id: u32) -> bool {
    wanted.is_none_or(|wanted| *wanted == id.to_string())
}

impl Collector<'_> {
    /// Adds what a seller's campaigns did in the span.
    fn add(&mut self, seller: &Seller, rate: Rate) {
        let (first, last) = (self.query.first, self.query.last);
        for campaign in &seller.campaigns {
            let campaign_id = self.world.accounts().campaigns[*campaign].id;
            if !matches(self.query.campaign_id.as_ref(), campaign_id) {
                continue;
            }
            for day in first - 1..=last + 1 {
                let results = self
                    .world
                    .seller_results(seller, *campaign, day, self.now, rate);
                for (quarter, part) in results {
                    let hour = self.hours.of(quarter);
                    let in_span = |hour: &i64| (first..=last).contains(&hour.div_euclid(24));
                    if let Some(hour) = hour.filter(in_span) {
                        self.add_part(seller, campaign_id, hour, &part);
                    }
                }
            }
        }
    }

    fn add_part(&mut self, seller: &Seller, campaign_id: u32, hour: i64, part: &SellerResult) {
        let interval = self.query.interval.key(hour);
        let key = match self.which {
            MarketplaceStats::Campaigns => (campaign_id, 0, interval),
            MarketplaceStats::Sellers => (0, seller.id, interval),
            MarketplaceStats::SellerCampaigns => (campaign_id, seller.id, interval),
        };
        let empty = (SellerResult::default(), seller.name);
        let (sum, _) = self.rows.entry(key).or_insert(empty);
        sum.impressions += part.impressions;
        sum.clicks += part.clicks;
        sum.cost += part.cost;
        sum.same_seller_units += part.same_seller_units;
        sum.same_seller_revenue += part.same_seller_revenue;
        sum.any_seller_units += part.any_seller_units;
        sum.any_seller_revenue += part.any_seller_revenue;
    }
}

impl Interval {
    /// The interval of a civil hour, as the number of its first hour.
    fn key(self, hour: i64) -> i64 {
        let date = calendar::date_of(hour.div_euclid(24));
        match self {
            Self::Hour => hour,
            Self::Day => hour.div_euclid(24) * 24,
            Self::Month => calendar::day_number(date.first_of_month()) * 24,
            Self::Year => calendar::day_number(date.first_of_year()) * 24,
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    fn render(self, key: i64) -> String {
        let date = calendar::date_of(key.div_euclid(24));
        match self {
            Self::Hour => format!("{date}T{:02}:00:00", key.rem_euclid(24)),
            _ => date.to_string(),
        }
    }
}

fn columns(which: MarketplaceStats, query: &Query) -> Vec<String> {
    let identity: &[&str] = match which {
        MarketplaceStats::Campaigns => &["campaignId"],
        MarketplaceStats::Sellers => &["sellerId", "sellerName"],
        MarketplaceStats::SellerCampaigns => &["campaignId", "sellerId", "sellerName"],
    };
    let suffixes: &[&str] = match query.policy {
        Policy::Both => &["SameSeller", "AnySeller"],
        _ => &[""],
    };
    let sales = ["saleUnits", "revenue", "cr", "cpo", "cos", "roas"];
    identity
        .iter()
        .chain(&[query.interval.column(), "impressions", "clicks", "cost"])
        .map(|name| (*name).to_owned())
        .chain(
            suffixes
                .iter()
                .flat_map(|suffix| sales.map(|name| format!("{name}{suffix}"))),
        )
        .collect()
}

fn row(
    which: MarketplaceStats,
    query: &Query,
    key: Key,
    result: &SellerResult,
    seller_name: &str,
) -> Value {
    let (campaign_id, seller_id, interval) = key;
    let mut row = match which {
        MarketplaceStats::Campaigns => vec![json!(campaign_id)],
        MarketplaceStats::Sellers => vec![json!(seller_id), json!(seller_name)],
        MarketplaceStats::SellerCampaigns => {
            vec![json!(campaign_id), json!(seller_id), json!(seller_name)]
        }
    };
    row.push(json!(query.interval.render(interval)));
    row.push(json!(result.impressions));
    row.push(json!(result.clicks));
    row.push(money::json_money(result.cost));
    let same = (result.same_seller_units, result.same_seller_revenue);
    let any = (result.any_seller_units, result.any_seller_revenue);
    let sales: &[(i64, i64)] = match query.policy {
        Policy::SameSeller => &[same],
        Policy::AnySeller => &[any],
        Policy::Both => &[same, any],
    };
    for (units, revenue) in sales {
        let divide = |numerator: i64, denominator: i128| {
            money::quotient(numerator.into(), denominator, RATIO_DECIMALS)
                .map_or(Value::Null, |text| money::json_number(&text))
        };
        let scale = 10_i128.pow(money::MONEY_SCALE);
        row.push(json!(units));
        row.push(money::json_money(*revenue));
        row.push(divide(*units, result.clicks.into()));
        row.push(divide(result.cost, i128::from(*units) * scale));
        row.push(divide(result.cost, (*revenue).into()));
        row.push(divide(*revenue, result.cost.into()));
    }
    Value::Array(row)
}
