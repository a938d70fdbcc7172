//! `POST /placements/report`: where ads were shown. There is no time dimension; rows sum up the whole span.

use jiff::Timestamp;
use serde_json::Value;

use super::formula;
use super::group::{Groups, Summed};
use super::request::{self, Attributes, Problems, Span};
use super::{Caps, Format, PlacementsAnswer, Problem};
use crate::world::calendar::{self, DayNumber, LocalHours};
use crate::world::chance::{Chance, Purpose};
use crate::world::money::{self, Rate};
use crate::world::{PlacementResult, Publisher, Showing, World, vocabulary};

pub(super) const PROBLEMS: Problems = Problems {
    instance: "/placements/report",
};

/// Months for which Criteo keeps placements ("three months", Criteo's OpenAPI 2026-07).
const HISTORY_MONTHS: i32 = 3;

/// The dimensions of Criteo's OpenAPI 2026-07. An id does not bring its name along here: the pairing is documented for
/// statistics alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    AdsetId,
    AdvertiserId,
    Placement,
    Environment,
    AdsetName,
    AdvertiserName,
    CampaignId,
    CampaignName,
    AdChannel,
    SocialPlatform,
    CategoryId,
    CategoryName,
}

const DIMENSIONS: [(&str, Dimension); 12] = [
    ("AdsetId", Dimension::AdsetId),
    ("AdvertiserId", Dimension::AdvertiserId),
    ("Placement", Dimension::Placement),
    ("Environment", Dimension::Environment),
    ("AdsetName", Dimension::AdsetName),
    ("AdvertiserName", Dimension::AdvertiserName),
    ("CampaignId", Dimension::CampaignId),
    ("CampaignName", Dimension::CampaignName),
    ("AdChannel", Dimension::AdChannel),
    ("SocialPlatform", Dimension::SocialPlatform),
    ("CategoryId", Dimension::CategoryId),
    ("CategoryName", Dimension::CategoryName),
];

/// How each metric reads from a result.
type Metric = fn(&PlacementResult) -> Reading;

/// A metric's value before it is written: a count, money, or a quotient of two numbers at one scale.
enum Reading {
    Count(i64),
    Money(i64),
    Quotient(i64, i64),
    MoneyPer(i64, i64),
}

const METRICS: [(&str, Metric); 15] = [
    ("Clicks", |r| Reading::Count(r.clicks)),
    ("Displays", |r| Reading::Count(r.displays)),
    ("Cost", |r| Reading::Money(r.cost)),
    ("SalesPc30d", |r| Reading::Count(r.sales_after_click)),
    ("RevenuePc30d", |r| Reading::Money(r.revenue_after_click)),
    ("CosPc30d", |r| {
        Reading::Quotient(r.cost, r.revenue_after_click)
    }),
    ("RoasPc30d", |r| {
        Reading::Quotient(r.revenue_after_click, r.cost)
    }),
    ("CpoPc30d", |r| {
        Reading::MoneyPer(r.cost, r.sales_after_click)
    }),
    ("CvrPc30d", |r| {
        Reading::Quotient(r.sales_after_click, r.clicks)
    }),
    ("SalesPv1d", |r| Reading::Count(r.sales_after_view)),
    ("RevenuePv1d", |r| Reading::Money(r.revenue_after_view)),
    ("CosPv1d", |r| {
        Reading::Quotient(r.cost, r.revenue_after_view)
    }),
    ("RoasPv1d", |r| {
        Reading::Quotient(r.revenue_after_view, r.cost)
    }),
    ("CpoPv1d", |r| Reading::MoneyPer(r.cost, r.sales_after_view)),
    ("CvrPv1d", |r| {
        Reading::Quotient(r.sales_after_view, r.clicks)
    }),
];

/// A request that obeys the contract.
struct Query {
    advertiser_ids: Vec<String>,
    campaign_ids: Vec<String>,
    ad_set_ids: Vec<String>,
    environment: Option<usize>,
    placement: Option<String>,
    disclosed: bool,
    dimensions: Vec<Dimension>,
    metrics: Vec<(&'static str, Metric)>,
    rate: Rate,
    format: Format,
    span: Span,
}

impl Query {
    fn read(body: &Value) -> Result<Self, Problem> {
        let attributes = request::attributes_of_list(body, PROBLEMS)?;
        let advertiser_ids = request::advertiser_ids(attributes, PROBLEMS)?;
        let span = request::span(attributes, PROBLEMS)?;
        let (_, rate) = request::currency(attributes, PROBLEMS)?;
        let mut dimensions = Vec::new();
        for name in request::required_list(attributes, "dimensions", false, PROBLEMS)? {
            let known = DIMENSIONS
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(&name));
            let (_, dimension) = known.ok_or_else(|| PROBLEMS.invalid("dimensions", &name))?;
            if !dimensions.contains(dimension) {
                dimensions.push(*dimension);
            }
        }
        let metrics = request::required_list(attributes, "metrics", false, PROBLEMS)?
            .iter()
            .map(|name| {
                let known = METRICS.iter().find(|(known, _)| known == name);
                known
                    .copied()
                    .ok_or_else(|| PROBLEMS.invalid("metrics", name))
            })
            .collect::<Result<_, _>>()?;
        let placement = request::text(attributes, "placement", PROBLEMS)?;
        Ok(Self {
            advertiser_ids,
            campaign_ids: request::id_list(attributes, "campaignIds", PROBLEMS)?,
            ad_set_ids: request::id_list(attributes, "adsetIds", PROBLEMS)?,
            environment: environment(attributes)?,
            placement: placement.map(str::to_owned),
            disclosed: disclosed(attributes)?,
            dimensions,
            metrics,
            rate,
            format: request::format(attributes, PROBLEMS)?,
            span,
        })
    }

    fn wants(&self, world: &World, showing: &Showing) -> bool {
        let accounts = world.accounts();
        let ad_set = &accounts.ad_sets[showing.ad_set];
        let campaign = &accounts.campaigns[ad_set.campaign];
        let allowed = |list: &[String], id: u32| list.is_empty() || list.contains(&id.to_string());
        allowed(&self.campaign_ids, campaign.id)
            && allowed(&self.ad_set_ids, ad_set.id)
            && self
                .environment
                .is_none_or(|wanted| wanted == showing.publisher.environment())
            && self
                .placement
                .as_ref()
                .is_none_or(|wanted| *wanted == showing.publisher.name())
    }

    fn has_category(&self) -> bool {
        let categories = [Dimension::CategoryId, Dimension::CategoryName];
        categories.iter().any(|it| self.dimensions.contains(it))
    }
}

fn environment(attributes: &Attributes) -> Result<Option<usize>, Problem> {
    let Some(name) = request::text(attributes, "environment", PROBLEMS)? else {
        return Ok(None);
    };
    let known = vocabulary::ENVIRONMENTS
        .iter()
        .position(|known| *known == name);
    known
        .map(Some)
        .ok_or_else(|| PROBLEMS.invalid("environment", name))
}

fn disclosed(attributes: &Attributes) -> Result<bool, Problem> {
    match attributes.get("disclosed") {
        None | Some(Value::Null) => Ok(true),
        Some(Value::Bool(disclosed)) => Ok(*disclosed),
        Some(other) => Err(PROBLEMS.invalid("disclosed", &other.to_string())),
    }
}

impl Summed for PlacementResult {
    const EMPTY: Self = Self {
        displays: 0,
        clicks: 0,
        cost: 0,
        sales_after_click: 0,
        revenue_after_click: 0,
        sales_after_view: 0,
        revenue_after_view: 0,
    };

    fn add(&mut self, other: &Self) {
        self.displays += other.displays;
        self.clicks += other.clicks;
        self.cost += other.cost;
        self.sales_after_click += other.sales_after_click;
        self.revenue_after_click += other.revenue_after_click;
        self.sales_after_view += other.sales_after_view;
        self.revenue_after_view += other.revenue_after_view;
    }
}

pub(super) fn answer(
    world: &World,
    as_of: Timestamp,
    body: &Value,
    limits: &Caps,
) -> Result<PlacementsAnswer, Problem> {
    let query = Query::read(body)?;
    let groups = group(world, as_of, &query, limits.placement_rows);
    let today = calendar::utc_day(as_of);
    let rows = groups
        .rows
        .iter()
        .map(|(key, result)| {
            let dimensions = query.dimensions.iter().zip(key);
            let metrics = query.metrics.iter();
            dimensions
                .map(|(dimension, value)| dimension.render(world, today, *value))
                .chain(metrics.map(|(_, metric)| render(world, &metric(result))))
                .collect()
        })
        .collect();
    Ok(PlacementsAnswer {
        columns: columns(world, body, &query),
        rows,
        truncated: groups.truncated,
        format: query.format,
    })
}

fn group(
    world: &World,
    as_of: Timestamp,
    query: &Query,
    cap: Option<usize>,
) -> Groups<PlacementResult> {
    let mut groups = Groups::new(cap);
    let (first, last) = query.span.clamp(as_of, HISTORY_MONTHS);
    if first > last {
        return groups;
    }
    let now = calendar::minute_of(as_of);
    let hours = LocalHours::new(&query.span.zone, first - 1, last + 1);
    let in_span = |quarter| {
        hours
            .of(quarter)
            .is_some_and(|hour| (first..=last).contains(&hour.div_euclid(24)))
    };
    for advertiser in world.advertiser_positions(&query.advertiser_ids) {
        for day in first - 1..=last + 1 {
            if now < world.placements_ready_at(advertiser, day) {
                continue;
            }
            for showing in world.showings(advertiser, day, query.disclosed) {
                if !in_span(showing.quarter) || !query.wants(world, &showing) {
                    continue;
                }
                let Some(result) = showing.result(world, now, query.rate) else {
                    continue;
                };
                if query.has_category() {
                    for category in showing.publisher.content_categories() {
                        groups.add(&key(world, query, &showing, category), &result);
                    }
                } else {
                    groups.add(&key(world, query, &showing, 0), &result);
                }
            }
        }
    }
    groups
}

fn key(world: &World, query: &Query, showing: &Showing, category: usize) -> Vec<i64> {
    let ad_set = &world.accounts().ad_sets[showing.ad_set];
    let position = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
    let part = |dimension: &Dimension| match dimension {
        Dimension::AdsetId | Dimension::AdsetName => position(showing.ad_set),
        Dimension::AdvertiserId | Dimension::AdvertiserName => position(ad_set.advertiser),
        Dimension::CampaignId | Dimension::CampaignName => position(ad_set.campaign),
        Dimension::Placement => showing.publisher.number(),
        Dimension::Environment => position(showing.publisher.environment()),
        Dimension::AdChannel => showing.ad_channel.into(),
        Dimension::SocialPlatform => showing.social_platform.into(),
        Dimension::CategoryId | Dimension::CategoryName => position(category),
    };
    query.dimensions.iter().map(part).collect()
}

impl Dimension {
    fn render(self, world: &World, today: DayNumber, key: i64) -> String {
        let accounts = world.accounts();
        let at = usize::try_from(key).unwrap_or(0);
        match self {
            Self::AdsetId => accounts.ad_sets[at].id.to_string(),
            Self::AdsetName => world.ad_set_name(at, today),
            Self::AdvertiserId => accounts.advertisers[at].id.to_string(),
            Self::AdvertiserName => accounts.advertisers[at].name.clone(),
            Self::CampaignId => accounts.campaigns[at].id.to_string(),
            Self::CampaignName => world.campaign_name(at, today),
            Self::Placement => Publisher::from_number(key).name(),
            Self::Environment => vocabulary::ENVIRONMENTS[at].to_owned(),
            Self::AdChannel => vocabulary::AD_CHANNELS[at].to_owned(),
            Self::SocialPlatform => vocabulary::SOCIAL_PLATFORMS[at].to_owned(),
            Self::CategoryId => vocabulary::CONTENT_CATEGORIES[at].0.to_owned(),
            Self::CategoryName => vocabulary::CONTENT_CATEGORIES[at].1.to_owned(),
        }
    }
}

fn render(world: &World, value: &Reading) -> String {
    let scale = 10_i128.pow(money::MONEY_SCALE);
    let quotient = match *value {
        Reading::Count(count) => return count.to_string(),
        Reading::Money(amount) => return money::money(amount),
        Reading::Quotient(numerator, denominator) => money::quotient(
            numerator.into(),
            denominator.into(),
            formula::RATIO_DECIMALS,
        ),
        Reading::MoneyPer(amount, count) => {
            let denominator = i128::from(count) * scale;
            money::quotient(amount.into(), denominator, formula::PRICE_DECIMALS)
        }
    };
    quotient.unwrap_or_else(|| world.config().zero_denominator.clone())
}

/// Keys as this request happens to be answered: their casing cannot be relied on (seen in third-party code that was run
/// against the live endpoint). The same request always gets the same spelling.
fn columns(world: &World, body: &Value, query: &Query) -> Vec<String> {
    let request = body.to_string().bytes().fold(0_u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut chance = Chance::new(world.config().seed, Purpose::Spelling, [request, 0, 0]);
    let name_of = |dimension: &Dimension| {
        let known = DIMENSIONS.iter().find(|(_, known)| known == dimension);
        known.map_or("", |(name, _)| name)
    };
    let names = query.dimensions.iter().map(name_of);
    names
        .chain(query.metrics.iter().map(|(name, _)| *name))
        .map(|name| match chance.below(3) {
            0 => name.to_owned(),
            1 => lower_first(name),
            _ => lower_first(&name.replacen("Adset", "AdSet", 1)),
        })
        .collect()
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}
