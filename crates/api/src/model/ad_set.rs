//! Ad sets.

use serde::{Deserialize, Serialize};

use super::LimitType;
use crate::{AdSetTargeting, Nillable, open_enum::open_enum};

/// An ad set; its id stands in the [`Resource`](crate::Resource). Attributes in the ad set
/// operations, from Criteo's OpenAPI 2026-07.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdSet {
    /// Its name.
    pub name: Option<String>,
    /// Whose ad set it is.
    pub advertiser_id: Option<String>,
    /// The campaign it belongs to.
    pub campaign_id: Option<String>,
    /// The product data it shows.
    pub dataset_id: Option<String>,
    /// What it is optimized for.
    pub objective: Option<AdSetObjective>,
    /// Where a click leads.
    pub destination_environment: Option<DestinationEnvironment>,
    /// What is shown.
    pub media_type: Option<MediaType>,
    /// Where videos are shown.
    pub video_channel: Option<VideoChannel>,
    /// When it delivers, and whether it does now.
    pub schedule: Option<AdSetSchedule>,
    /// What is bid.
    pub bidding: Option<AdSetBidding>,
    /// What may be spent now.
    pub budget: Option<AdSetBudget>,
    /// Budgets that start in the future.
    pub scheduled_budgets: Option<Vec<ScheduledBudget>>,
    /// Who sees it.
    pub targeting: Option<AdSetTargeting>,
    /// Which events count for it.
    pub attribution_configuration: Option<AttributionConfiguration>,
}

/// When an ad set delivers.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdSetSchedule {
    /// Whether it is meant to deliver.
    pub activation_status: Option<ActivationStatus>,
    /// Whether it does.
    pub delivery_status: Option<DeliveryStatus>,
    /// Since when, ISO 8601 as sent.
    pub start_date: Option<Nillable<String>>,
    /// Until when, ISO 8601 as sent; no value when open.
    pub end_date: Option<Nillable<String>>,
}

/// What an ad set bids.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdSetBidding {
    /// The amount that the cost controller speaks of, at most 4 decimals; none where the
    /// objective needs none.
    pub bid_amount: Option<f64>,
    /// What the amount is a limit or a target of.
    pub cost_controller: Option<CostController>,
}

/// What an ad set may spend, in the advertiser's currency.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdSetBudget {
    /// Whether there is a limit.
    pub budget_strategy: Option<LimitType>,
    /// The limit of one period; none when there is no limit.
    pub budget_amount: Option<f64>,
    /// The period.
    pub budget_renewal: Option<BudgetRenewal>,
    /// How the budget is spread over the period.
    pub budget_delivery_smoothing: Option<DeliverySmoothing>,
    /// Where weeks begin, for weekly budgets.
    pub budget_delivery_week: Option<DeliveryWeek>,
    /// What a spread budget aims at.
    pub pacing_behavior: Option<PacingBehavior>,
}

/// A budget of an ad set that starts in the future, in the advertiser's currency.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScheduledBudget {
    /// The scheduled budget's id.
    pub id: Option<String>,
    /// The day it starts, `YYYY-MM-DD`, in the advertiser's zone.
    pub start_date: Option<String>,
    /// Whether there is a limit.
    pub budget_strategy: Option<LimitType>,
    /// The limit of one period; none when there is no limit.
    pub budget_amount: Option<f64>,
    /// The period.
    pub budget_renewal: Option<BudgetRenewal>,
    /// How the budget is spread over the period.
    pub budget_delivery_smoothing: Option<DeliverySmoothing>,
    /// Where weeks begin, for weekly budgets.
    pub budget_delivery_week: Option<DeliveryWeek>,
    /// What a spread budget aims at.
    pub pacing_behavior: Option<PacingBehavior>,
}

/// Which events count for an ad set.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AttributionConfiguration {
    /// How events are attributed.
    pub attribution_method: Option<AttributionMethod>,
    /// How far back a click may lie.
    pub lookback_window: Option<LookbackWindow>,
}

/// The bid of an ad set for a product category. Attributes of `GET
/// /marketing-solutions/ad-sets/{id}/category-bids`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdSetCategoryBid {
    /// The category.
    pub category_name: Option<String>,
    /// The bid, at most 4 decimals.
    pub bid_amount: Option<f64>,
}

/// How much more or less an ad set shows a product category. Attributes of `GET
/// /marketing-solutions/ad-sets/{id}/display-multipliers`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdSetDisplayMultiplier {
    /// The category.
    pub category_name: Option<String>,
    /// The factor.
    pub display_multiplier: Option<f64>,
}

open_enum! {
    /// What an ad set is optimized for.
    AdSetObjective {
        CustomAction = "customAction",
        Clicks = "clicks",
        Conversions = "conversions",
        Displays = "displays",
        AppPromotion = "appPromotion",
        Revenue = "revenue",
        StoreConversions = "storeConversions",
        Value = "value",
        Reach = "reach",
        Visits = "visits",
        VideoViews = "videoViews",
    }
}

open_enum! {
    /// Where a click leads.
    DestinationEnvironment {
        Undefined = "undefined",
        Web = "web",
        App = "app",
    }
}

open_enum! {
    /// What is shown.
    MediaType {
        Display = "display",
        Video = "video",
    }
}

open_enum! {
    /// Where videos are shown.
    VideoChannel {
        Olv = "olv",
        Ctv = "ctv",
    }
}

open_enum! {
    /// Whether an ad set is meant to deliver.
    ActivationStatus {
        On = "on",
        Off = "off",
    }
}

open_enum! {
    /// Whether an ad set delivers.
    DeliveryStatus {
        Draft = "draft",
        Inactive = "inactive",
        Live = "live",
        NotLive = "notLive",
        Pausing = "pausing",
        Paused = "paused",
        Scheduled = "scheduled",
        Ended = "ended",
        NotDelivering = "notDelivering",
        Archived = "archived",
    }
}

open_enum! {
    /// What a bid is a limit or a target of.
    CostController {
        Cos = "COS",
        MaxCPC = "maxCPC",
        Cpi = "CPI",
        Cpm = "CPM",
        Cpo = "CPO",
        Cpsv = "CPSV",
        Cpv = "CPV",
        DailyBudget = "dailyBudget",
        TargetCPM = "targetCPM",
    }
}

open_enum! {
    /// The period that a budget is for.
    BudgetRenewal {
        Undefined = "undefined",
        Daily = "daily",
        Monthly = "monthly",
        Lifetime = "lifetime",
        Weekly = "weekly",
    }
}

open_enum! {
    /// How a budget is spread over its period.
    DeliverySmoothing {
        Accelerated = "accelerated",
        Standard = "standard",
    }
}

open_enum! {
    /// The week of a weekly budget.
    DeliveryWeek {
        Undefined = "undefined",
        MondayToSunday = "mondayToSunday",
        TuesdayToMonday = "tuesdayToMonday",
        WednesdayToTuesday = "wednesdayToTuesday",
        ThursdayToWednesday = "thursdayToWednesday",
        FridayToThursday = "fridayToThursday",
        SaturdayToFriday = "saturdayToFriday",
        SundayToSaturday = "sundayToSaturday",
    }
}

open_enum! {
    /// What a spread budget aims at.
    PacingBehavior {
        Undefined = "undefined",
        TargetFullBudget = "targetFullBudget",
        TargetAverageDailyBudget = "targetAverageDailyBudget",
    }
}

open_enum! {
    /// How events are attributed to an ad set.
    AttributionMethod {
        Unknown = "unknown",
        CriteoAttribution = "criteoAttribution",
        LastClick = "lastClick",
        PostClick = "postClick",
        Sftp = "sftp",
        GoogleAnalytics = "googleAnalytics",
    }
}

open_enum! {
    /// How far back a click may lie.
    LookbackWindow {
        Unknown = "unknown",
        Minutes30 = "30M",
        Hours24 = "24H",
        Days7 = "7D",
        Days30 = "30D",
    }
}
