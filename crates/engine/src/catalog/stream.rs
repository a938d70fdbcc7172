//! One stream: where it is read from, how far it goes, and its fields.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use super::field::{Field, Role};
use super::suggestion;

/// One table's worth of Criteo data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// The stream's name, and unless configured otherwise its table's.
    pub name: String,
    /// A few words, for lists.
    pub title: String,
    /// What a row is and what to beware of; becomes the comment of the table.
    pub description: String,
    /// Whether rows come by day, as a full listing, or in files.
    pub kind: StreamKind,
    /// The endpoint the stream is read from.
    pub reader: Reader,
    /// The permission an app needs to read it; `None` when any valid token will do.
    pub scope: Option<Scope>,
    /// Whether the stream is read when the configuration does not mention it.
    #[serde(default = "enabled_unless_said_otherwise")]
    pub enabled: bool,
    /// Whether the versions of its rows are kept when the configuration does not say. Where what was true last month
    /// cannot be asked for today, only keeping it helps.
    #[serde(default)]
    pub history: bool,
    /// The number of rows at which Criteo truncates an answer without saying so; `None` when no cap is known.
    pub row_cap: Option<u64>,
    /// How many months back from today Criteo keeps the data.
    pub history_months: Option<u32>,
    /// How many days Criteo keeps the data, counting the last readable day as the first.
    pub history_days: Option<u32>,
    /// The last day that can be read.
    #[serde(default)]
    pub until: HistoryEnd,
    /// The longest span of days one call may ask for; `None` when no limit is known.
    pub max_days_per_call: Option<u32>,
    /// The number of advertisers one call may ask for; `None` when no limit is known.
    pub max_advertisers_per_call: Option<u32>,
    /// The ways to cut a call that answers too much, in the order in which to try them.
    #[serde(default)]
    pub splits: Vec<Split>,
    /// The dimensions asked for when the configuration names none. Empty where nothing can be chosen.
    #[serde(default)]
    pub default_dimensions: Vec<String>,
    /// The metrics asked for when the configuration names none. Empty where nothing can be chosen.
    #[serde(default)]
    pub default_metrics: Vec<String>,
    /// The name of the field that says to which day of a window a row belongs, where rows have days.
    pub day_field: Option<String>,
    /// The columns that identify a row, where they do not depend on the configuration. Empty for a report of chosen
    /// dimensions, whose grain is its key, and where Criteo gives rows no identity.
    #[serde(default)]
    pub key: Vec<String>,
    /// Whether answers may hold more columns than the catalog lists, which then become text columns.
    #[serde(default)]
    pub dynamic_columns: bool,
    /// Every field, in the order of the table's columns.
    pub fields: Vec<Field>,
}

fn enabled_unless_said_otherwise() -> bool {
    true
}

impl Stream {
    /// The field of this Criteo name, in any spelling of upper and lower case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// What the rows can be broken down by.
    pub fn dimensions(&self) -> impl Iterator<Item = &Field> {
        self.fields_of(Role::Dimension)
    }

    /// What can be measured.
    pub fn metrics(&self) -> impl Iterator<Item = &Field> {
        self.fields_of(Role::Metric)
    }

    /// What comes with every row without being chosen.
    pub fn attributes(&self) -> impl Iterator<Item = &Field> {
        self.fields_of(Role::Attribute)
    }

    /// What the engine writes onto every row.
    pub fn stamps(&self) -> impl Iterator<Item = &Field> {
        self.fields_of(Role::Stamp)
    }

    fn fields_of(&self, role: Role) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.role == role)
    }

    /// The field name a person most likely meant by `wrong_name`, be it misspelt or a column's name; `None` when
    /// nothing comes close.
    #[must_use]
    pub fn suggest_field(&self, wrong_name: &str) -> Option<&str> {
        let spellings = self.fields.iter().flat_map(|field| {
            let name = field.name.as_str();
            [(name, name), (field.column.as_str(), name)]
        });
        suggestion::nearest(wrong_name, spellings)
    }

    /// Whether its windows are packed by how many rows its days have. Where a window is a day or an advertiser anyway,
    /// there is nothing to pack and nothing to learn.
    #[must_use]
    pub fn is_packed_by_density(&self) -> bool {
        self.row_cap.is_some() && self.max_days_per_call != Some(1)
    }

    /// The first day Criteo still answers for when today is `today`; `None` when no limit is known or the stream has
    /// no days.
    #[must_use]
    pub fn first_readable_day(&self, today: Date) -> Option<Date> {
        if let Some(months) = self.history_months {
            return Some(today.saturating_sub(i64::from(months).months()));
        }
        let days = self.history_days?;
        let days_before_last = i64::from(days.saturating_sub(1));
        Some(
            self.last_readable_day(today)
                .saturating_sub(days_before_last.days()),
        )
    }

    /// For how many days before today Criteo has a day at least, whatever the month; `None` without a limit.
    #[must_use]
    pub fn shortest_history_days(&self) -> Option<u32> {
        // Of three months, those before the first of May are the shortest: 89 days.
        let of_months = self.history_months.map(|months| months * 365 / 12 - 2);
        of_months.or(self.history_days)
    }

    /// The last day Criteo answers for when today is `today`.
    #[must_use]
    pub fn last_readable_day(&self, today: Date) -> Date {
        match self.until {
            HistoryEnd::Today => today,
            HistoryEnd::Yesterday => today.saturating_sub(1.day()),
        }
    }
}

/// How a stream's rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// A time series, read window by window from a report endpoint.
    Report,
    /// A full listing, read from a REST resource and replaced per advertiser.
    Entity,
    /// One file per advertiser and day, downloaded from signed links.
    Files,
}

/// The endpoint a stream is read from. Several streams may share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// `POST statistics/report`.
    Statistics,
    /// `POST placements/report`, once for disclosed and once for undisclosed placements.
    Placements,
    /// `POST transactions/report`.
    Transactions,
    /// `POST log-level/advertisers/{advertiser-id}/report` and the files it links to.
    Transparency,
    /// `GET advertisers/me`.
    Advertisers,
    /// `POST campaigns/search`.
    Campaigns,
    /// `POST ad-sets/search`.
    AdSets,
    /// `GET advertisers/{advertiser-id}/ads`, in pages.
    Ads,
    /// `GET advertisers/{advertiser-id}/creatives`, in pages.
    Creatives,
    /// `GET advertisers/{advertiser-id}/coupons`, in pages.
    Coupons,
    /// `GET ad-sets/{ad-set-id}/category-bids`, one call per ad set.
    AdSetCategoryBids,
    /// `GET ad-sets/{ad-set-id}/display-multipliers`, one call per ad set.
    AdSetDisplayMultipliers,
    /// `GET marketplace-performance-outcomes/advertisers`.
    MarketplaceAdvertisers,
    /// `GET marketplace-performance-outcomes/sellers`, one call per advertiser.
    MarketplaceSellers,
    /// `GET marketplace-performance-outcomes/advertisers/{advertiserId}/seller-campaigns`.
    MarketplaceSellerCampaigns,
    /// `GET marketplace-performance-outcomes/advertisers/{advertiserId}/campaigns`.
    MarketplaceCampaigns,
    /// `GET marketplace-performance-outcomes/advertisers/{advertiserId}/adsets`.
    MarketplaceAdSets,
    /// `GET marketplace-performance-outcomes/advertisers/{advertiserId}/budgets`.
    MarketplaceBudgets,
    /// `GET marketplace-performance-outcomes/stats/campaigns`, one call per advertiser.
    MarketplaceCampaignStats,
    /// `GET marketplace-performance-outcomes/stats/sellers`, one call per advertiser.
    MarketplaceSellerStats,
    /// `GET marketplace-performance-outcomes/stats/seller-campaigns`, one call per advertiser.
    MarketplaceSellerCampaignStats,
}

impl Reader {
    /// Whether it can be read for customers of Marketplace Performance Outcomes only.
    #[must_use]
    pub fn is_of_marketplace(self) -> bool {
        matches!(
            self,
            Self::MarketplaceAdvertisers
                | Self::MarketplaceSellers
                | Self::MarketplaceSellerCampaigns
                | Self::MarketplaceCampaigns
                | Self::MarketplaceAdSets
                | Self::MarketplaceBudgets
                | Self::MarketplaceCampaignStats
                | Self::MarketplaceSellerStats
                | Self::MarketplaceSellerCampaignStats
        )
    }
}

/// A permission that an app is given in Criteo's portal. Criteo's OpenAPI 2026-07 spells it with
/// `MarketingSolutions_` before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Scope {
    /// Reports and log-level files.
    #[serde(rename = "Analytics_Read")]
    AnalyticsRead,
    /// Campaigns, ad sets, and everything of marketplaces.
    #[serde(rename = "Campaign_Read")]
    CampaignRead,
    /// Ads, creatives and coupons.
    #[serde(rename = "Creative_Read")]
    CreativeRead,
}

/// The last day of a stream that can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryEnd {
    /// Today, as far as it has come.
    #[default]
    Today,
    /// The last day that is over.
    Yesterday,
}

/// A way to cut one call into several that answer less each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Fewer days per call.
    Days,
    /// Fewer advertisers per call.
    Advertisers,
    /// Fewer ad sets per call.
    AdSets,
    /// One call for clicks and one for displays.
    EventType,
}
