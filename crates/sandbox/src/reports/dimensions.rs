//! The 26 statistics dimensions of Criteo's OpenAPI 2026-07: what they group by, and how their values read.
//!
//! The formats of `Hour`, `Week`, `Month` and `Year` are assumptions; Criteo's are not established.

use super::request::Problems;
use crate::reports::Problem;
use crate::world::calendar::{self, DayNumber};
use crate::world::{Cell, DENSE_CATEGORY, World, vocabulary};

/// What rows are grouped by. An id and its name are one axis, because the id alone decides the grain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Advertiser,
    Campaign,
    AdSet,
    Ad,
    Category,
    Coupon,
    MarketingObjective,
    Channel,
    Goal,
    AdChannel,
    SocialPlatform,
    Os,
    Device,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Every dimension name with its axis, in the order of Criteo's list.
const DIMENSIONS: [(&str, Axis); 26] = [
    ("AdsetId", Axis::AdSet),
    ("Adset", Axis::AdSet),
    ("AdvertiserId", Axis::Advertiser),
    ("Advertiser", Axis::Advertiser),
    ("CategoryId", Axis::Category),
    ("Category", Axis::Category),
    ("Hour", Axis::Hour),
    ("Day", Axis::Day),
    ("Week", Axis::Week),
    ("Month", Axis::Month),
    ("Year", Axis::Year),
    ("Os", Axis::Os),
    ("Device", Axis::Device),
    ("CampaignId", Axis::Campaign),
    ("Campaign", Axis::Campaign),
    ("AdId", Axis::Ad),
    ("Ad", Axis::Ad),
    ("CouponId", Axis::Coupon),
    ("Coupon", Axis::Coupon),
    ("MarketingObjectiveId", Axis::MarketingObjective),
    ("MarketingObjective", Axis::MarketingObjective),
    ("ChannelId", Axis::Channel),
    ("Channel", Axis::Channel),
    ("Goal", Axis::Goal),
    ("AdChannel", Axis::AdChannel),
    ("SocialPlatform", Axis::SocialPlatform),
];

/// The axes that the requested names stand for, each once, in the order of their first mention. Case is ignored, as
/// seen in a client that asks for `day` and reads `Day`.
pub(super) fn axes(names: &[String], problems: &Problems) -> Result<Vec<Axis>, Problem> {
    let mut axes = Vec::new();
    for name in names {
        let axis = DIMENSIONS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, axis)| *axis)
            .ok_or_else(|| problems.invalid("dimensions", name))?;
        if !axes.contains(&axis) {
            axes.push(axis);
        }
    }
    Ok(axes)
}

impl Axis {
    /// The columns of the axis: an id brings its name along, and a name its id.
    pub(super) fn columns(self) -> impl Iterator<Item = &'static str> {
        DIMENSIONS
            .iter()
            .filter(move |(_, axis)| *axis == self)
            .map(|(name, _)| *name)
    }

    /// The value of the axis that a cell belongs to; `hour` is the cell's civil hour in the report's zone.
    pub(super) fn key(self, world: &World, cell: &Cell, hour: i64) -> i64 {
        let day = hour.div_euclid(24);
        let ad_set = || world.ad_set_of(cell);
        let campaign = || &world.accounts().campaigns[ad_set().campaign];
        match self {
            Self::Advertiser => position(ad_set().advertiser),
            Self::Campaign => position(ad_set().campaign),
            Self::AdSet => position(world.accounts().ads[cell.ad].ad_set),
            Self::Ad => position(cell.ad),
            Self::Category => cell.category.into(),
            Self::Coupon => cell.coupon.map_or(-1, position),
            Self::MarketingObjective => position(campaign().marketing_objective),
            Self::Channel => position(ad_set().channel),
            Self::Goal => position(campaign().goal),
            Self::AdChannel => cell.ad_channel.into(),
            Self::SocialPlatform => cell.social_platform.into(),
            Self::Os => cell.operating_system.into(),
            Self::Device => cell.device.into(),
            Self::Hour => hour,
            Self::Day => day,
            Self::Week => monday_of(day),
            Self::Month => {
                let date = calendar::date_of(day);
                i64::from(date.year()) * 12 + i64::from(date.month()) - 1
            }
            Self::Year => calendar::date_of(day).year().into(),
        }
    }

    /// Appends the texts of a key, one for each of the axis's columns.
    pub(super) fn render(self, world: &World, now: DayNumber, key: i64, row: &mut Vec<String>) {
        let accounts = world.accounts();
        let at = usize::try_from(key).unwrap_or(0);
        let mut pair = |id: String, name: String| {
            row.push(id);
            row.push(name);
        };
        match self {
            Self::Advertiser => {
                let advertiser = &accounts.advertisers[at];
                pair(advertiser.id.to_string(), advertiser.name.clone());
            }
            Self::Campaign => {
                let campaign = &accounts.campaigns[at];
                pair(campaign.id.to_string(), world.campaign_name(at, now));
            }
            Self::AdSet => {
                let ad_set = &accounts.ad_sets[at];
                pair(ad_set.id.to_string(), world.ad_set_name(at, now));
            }
            Self::Ad => pair(
                accounts.ads[at].id.to_string(),
                accounts.ads[at].name.clone(),
            ),
            Self::Category => {
                let (id, name) = category(u32::try_from(key).unwrap_or(0));
                pair(id, name);
            }
            Self::Coupon if key < 0 => pair("0".to_owned(), String::new()),
            Self::Coupon => {
                let coupon = &accounts.coupons[at];
                pair(coupon.id.to_string(), coupon.name.clone());
            }
            Self::MarketingObjective => {
                let (id, name) = vocabulary::MARKETING_OBJECTIVES[at];
                pair(id.to_owned(), name.to_owned());
            }
            Self::Channel => {
                let (id, name) = vocabulary::CHANNELS[at];
                pair(id.to_owned(), name.to_owned());
            }
            Self::Goal => row.push(vocabulary::GOALS[at].to_owned()),
            Self::AdChannel => row.push(vocabulary::AD_CHANNELS[at].to_owned()),
            Self::SocialPlatform => row.push(vocabulary::SOCIAL_PLATFORMS[at].to_owned()),
            Self::Os => row.push(vocabulary::OPERATING_SYSTEMS[at].to_owned()),
            Self::Device => row.push(vocabulary::DEVICES[at].to_owned()),
            Self::Hour => {
                let day = calendar::date_of(key.div_euclid(24));
                row.push(format!("{day} {:02}:00:00", key.rem_euclid(24)));
            }
            Self::Day | Self::Week => row.push(calendar::date_of(key).to_string()),
            Self::Month => row.push(format!(
                "{:04}-{:02}-01",
                key.div_euclid(12),
                key.rem_euclid(12) + 1
            )),
            Self::Year => row.push(format!("{key:04}")),
        }
    }
}

/// The id and the name of a product category.
pub(super) fn category(code: u32) -> (String, String) {
    if code >= DENSE_CATEGORY {
        return (
            code.to_string(),
            format!("Long tail {}", code - DENSE_CATEGORY + 1),
        );
    }
    let name = vocabulary::CATEGORIES[usize::try_from(code).unwrap_or(0)];
    let id = if code == 0 { 0 } else { 1_000 + code };
    (id.to_string(), name.to_owned())
}

/// The Monday on or before a day (1970-01-01 was a Thursday).
fn monday_of(day: DayNumber) -> DayNumber {
    day - (day + 3).rem_euclid(7)
}

fn position(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
