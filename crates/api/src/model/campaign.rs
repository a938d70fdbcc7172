//! Campaigns.

use serde::{Deserialize, Serialize};

use crate::{Nillable, open_enum::open_enum};

/// A campaign. Attributes in the campaign operations, from Criteo's OpenAPI 2026-07. Money is
/// in the advertiser's currency.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Campaign {
    /// The campaign's id, again.
    pub id: Option<String>,
    /// Whose campaign it is.
    pub advertiser_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub goal: Option<CampaignGoal>,
    /// How much it may spend now.
    pub spend_limit: Option<SpendLimit>,
    /// Limits that start in the future.
    pub scheduled_spend_limits: Option<Vec<ScheduledSpendLimit>>,
    /// Whether Criteo spreads the budget over the ad sets.
    pub budget_automation: Option<BudgetAutomation>,
}

/// How much a campaign may spend.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SpendLimit {
    /// Whether there is a limit.
    pub spend_limit_type: Option<LimitType>,
    /// The period that the limit is for.
    pub spend_limit_renewal: Option<SpendLimitRenewal>,
    /// The limit, in the advertiser's currency; no value when there is none.
    pub spend_limit_amount: Option<Nillable<f64>>,
}

/// A spend limit that starts in the future.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScheduledSpendLimit {
    /// The limit's id.
    pub id: Option<String>,
    /// The day it starts, `YYYY-MM-DD`, in the advertiser's zone.
    pub start_date: Option<String>,
    /// Whether there is a limit.
    pub spend_limit_type: Option<LimitType>,
    /// The period that the limit is for.
    pub spend_limit_renewal: Option<SpendLimitRenewal>,
    /// The limit, in the advertiser's currency; no value when there is none.
    pub spend_limit_amount: Option<Nillable<f64>>,
}

/// Whether and how Criteo spreads the budget of a campaign over its ad sets.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BudgetAutomation {
    /// Whether it does.
    pub enabled: Option<bool>,
    /// How it does.
    pub automated_budget_configuration: Option<AutomatedBudgetConfiguration>,
}

/// What the spreading of the budget aims at.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AutomatedBudgetConfiguration {
    /// The aim.
    pub ad_set_optimization_objective: Option<OptimizationObjective>,
}

open_enum! {
    /// What a campaign is for.
    CampaignGoal {
        Unspecified = "unspecified",
        Acquisition = "acquisition",
        Retention = "retention",
    }
}

open_enum! {
    /// Whether spending is limited.
    LimitType {
        Capped = "capped",
        Uncapped = "uncapped",
    }
}

open_enum! {
    /// The period that a spend limit is for.
    SpendLimitRenewal {
        Undefined = "undefined",
        Daily = "daily",
        Monthly = "monthly",
        Lifetime = "lifetime",
    }
}

open_enum! {
    /// What automated budgets aim at.
    OptimizationObjective {
        Conversions = "conversions",
        Revenue = "revenue",
        Visits = "visits",
        VideoViews = "videoViews",
    }
}
