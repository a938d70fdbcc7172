//! The marketplace: sellers, their campaigns, budgets and statistics (Marketplace Performance
//! Outcomes).
//!
//! These answers have no envelope. Shapes from Criteo's OpenAPI 2026-07; money is in the
//! advertiser's currency.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{BudgetStatus, open_enum::open_enum};

/// An advertiser that runs a marketplace.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceAdvertiser {
    /// The advertiser's id.
    pub id: i64,
    /// Its name.
    pub advertiser_name: String,
    /// Its currency, such as EUR: the only place where the contract tells an advertiser's
    /// currency.
    pub currency_name: String,
    /// Its zone, an IANA name.
    pub time_zone_id: Option<String>,
}

/// How many ad previews an advertiser may ask for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PreviewLimit {
    /// The advertiser.
    pub advertiser_id: Option<i64>,
    /// Previews allowed in the period.
    pub quota_limit: Option<i64>,
    /// Previews used.
    pub quota_used: Option<i64>,
    /// Start of the period, ISO 8601 as sent.
    pub quota_start_date: Option<String>,
    /// End of the period, ISO 8601 as sent.
    pub quota_end_date: Option<String>,
}

/// An ad set as the marketplace sees it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceAdSet {
    /// The ad set's id.
    pub adset_id: i64,
    /// Its name.
    pub adset_name: String,
    /// Whose ad set it is.
    pub advertiser_id: i64,
    /// Criteo's number of the partner.
    pub partner_id: i64,
    /// A mark that the contract does not explain.
    pub is_coa: bool,
    /// Whether it delivers.
    pub status: MarketplaceDeliveryStatus,
}

/// A campaign as the marketplace sees it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarketplaceCampaign {
    /// The campaign's id.
    pub id: i64,
    /// Its name.
    pub campaign_name: String,
    /// Whether its ad set delivers.
    pub ad_set_delivery_status: MarketplaceDeliveryStatus,
    /// The same as a number: 0 running, 1 archived, 2 not running.
    pub status: Option<i64>,
}

/// A seller in a marketplace.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Seller {
    /// The seller's id.
    pub id: String,
    /// Its name.
    pub seller_name: String,
}

/// A seller's part in a campaign.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SellerCampaign {
    /// `SELLER.CAMPAIGN`, both as ids.
    pub id: String,
    /// The seller.
    pub seller_id: String,
    /// The campaign.
    pub campaign_id: i64,
    /// The bid for a click; none suspends the seller campaign, 0 stops its delivery.
    pub bid: Option<f64>,
    /// The products it shows.
    pub product_set: Option<SellerProductSet>,
    /// Since when it is suspended, ISO 8601 as sent; none when it is active.
    pub suspended_since: Option<String>,
    /// Why it is suspended; none when it is active.
    pub suspension_reasons: Option<Vec<SuspensionReason>>,
}

/// The products that a seller campaign shows.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SellerProductSet {
    /// How many.
    pub product_set_number_of_products: Option<i64>,
    /// The state of the selection; the contract lists no values.
    pub product_set_status: Option<String>,
    /// The rules that select them; the contract gives them no shape.
    pub rules: Option<Vec<Value>>,
}

/// A seller's budget.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SellerBudget {
    /// The budget's id.
    pub id: String,
    /// Whose budget it is.
    pub seller_id: String,
    /// The campaigns that it pays for.
    pub campaign_ids: Vec<i64>,
    /// `Daily`, `Capped` or `Uncapped`.
    pub budget_type: String,
    /// The budget; none when there is no limit.
    pub amount: Option<f64>,
    /// What is spent; none when not known.
    pub spend: Option<f64>,
    /// The first day, `YYYY-MM-DD`.
    pub start_date: String,
    /// The last day, `YYYY-MM-DD`, or an empty text when open.
    pub end_date: String,
    /// Its state.
    pub status: BudgetStatus,
    /// Whether somebody stopped it.
    pub is_suspended: bool,
}

/// Marketplace statistics as a table.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StatsReport {
    /// Names of the columns.
    pub columns: Option<Vec<String>>,
    /// Rows, each with one value per column.
    pub data: Option<Vec<Vec<Value>>>,
    /// How many rows there are.
    pub rows: Option<i64>,
    /// Empty as long as there is one page.
    pub links: Option<Value>,
}

open_enum! {
    /// Whether an ad set delivers.
    MarketplaceDeliveryStatus {
        Running = "Running",
        Archived = "Archived",
        NotRunning = "NotRunning",
    }
}

open_enum! {
    /// Why a seller campaign is suspended.
    SuspensionReason {
        NoMoreBudget = "NoMoreBudget",
        ManuallyStopped = "ManuallyStopped",
        NoBudgetDefined = "NoBudgetDefined",
        NoCpcDefined = "NoCpcDefined",
        RemovedFromCatalog = "RemovedFromCatalog",
        NotYetStarted = "NotYetStarted",
        NoMoreDailyBudget = "NoMoreDailyBudget",
        Other = "Other",
    }
}
