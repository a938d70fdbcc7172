//! Filters of the marketplace operations. A filter that an operation does not know is refused
//! before anything is sent.

use jiff::civil::Date;

use crate::{Request, open_enum::open_enum};

/// Which budgets are wanted. Criteo's OpenAPI: budgets that have ended are left out unless
/// [`end_after_date`](Self::end_after_date) is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetFilter {
    /// Of this advertiser.
    pub advertiser_id: Option<i64>,
    /// This budget.
    pub budget_id: Option<i64>,
    /// Paying for this campaign.
    pub campaign_id: Option<i64>,
    /// Of this seller.
    pub seller_id: Option<String>,
    /// Ending after this day.
    pub end_after_date: Option<Date>,
    /// Starting on or before this day.
    pub start_before_date: Option<Date>,
    /// In this state.
    pub status: Option<BudgetStatus>,
    /// `Daily`, `Capped` or `Uncapped`.
    pub kind: Option<String>,
    /// With money left, or without.
    pub with_balance: Option<bool>,
    /// With money spent, or without.
    pub with_spend: Option<bool>,
}

impl BudgetFilter {
    pub(crate) fn apply(&self, request: Request) -> Request {
        request
            .optional_query("advertiserId", self.advertiser_id)
            .optional_query("budgetId", self.budget_id)
            .optional_query("campaignId", self.campaign_id)
            .optional_query("sellerId", self.seller_id.as_ref())
            .optional_query("endAfterDate", self.end_after_date)
            .optional_query("startBeforeDate", self.start_before_date)
            .optional_query("status", self.status.as_ref())
            .optional_query("type", self.kind.as_ref())
            .optional_query("withBalance", self.with_balance)
            .optional_query("withSpend", self.with_spend)
    }
}

/// Which seller campaigns are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SellerCampaignFilter {
    /// Of this advertiser.
    pub advertiser_id: Option<i64>,
    /// Of this campaign.
    pub campaign_id: Option<i64>,
    /// Of this seller.
    pub seller_id: Option<String>,
    /// Of sellers in this state.
    pub seller_status: Option<SellerStatus>,
    /// With budgets in this state.
    pub budget_status: Option<BudgetStatus>,
}

impl SellerCampaignFilter {
    pub(crate) fn apply(&self, request: Request) -> Request {
        request
            .optional_query("advertiserId", self.advertiser_id)
            .optional_query("campaignId", self.campaign_id)
            .optional_query("sellerId", self.seller_id.as_ref())
            .optional_query("sellerStatus", self.seller_status.as_ref())
            .optional_query("budgetStatus", self.budget_status.as_ref())
    }
}

/// Which sellers are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SellerFilter {
    /// Of this advertiser.
    pub advertiser_id: Option<i64>,
    /// In this campaign.
    pub campaign_id: Option<i64>,
    /// With this name.
    pub seller_name: Option<String>,
    /// In this state.
    pub seller_status: Option<SellerStatus>,
    /// With budgets in this state.
    pub with_budget_status: Option<BudgetStatus>,
    /// With products in the catalogue, or without.
    pub with_products: Option<bool>,
}

impl SellerFilter {
    pub(crate) fn apply(&self, request: Request) -> Request {
        request
            .optional_query("advertiserId", self.advertiser_id)
            .optional_query("campaignId", self.campaign_id)
            .optional_query("sellerName", self.seller_name.as_ref())
            .optional_query("sellerStatus", self.seller_status.as_ref())
            .optional_query("withBudgetStatus", self.with_budget_status.as_ref())
            .optional_query("withProducts", self.with_products)
    }
}

/// What marketplace statistics show. What is left out has Criteo's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatsQuery {
    /// Of this advertiser. Criteo's OpenAPI: large accounts time out without it.
    pub advertiser_id: Option<i64>,
    /// Of this campaign.
    pub campaign_id: Option<String>,
    /// Of this seller.
    pub seller_id: Option<String>,
    /// Which clicks count for a sale. Default: any seller's.
    pub click_attribution_policy: Option<ClickAttributionPolicy>,
    /// How time is cut. Default: days.
    pub interval_size: Option<IntervalSize>,
    /// The first day. Default: the last one.
    pub start_date: Option<Date>,
    /// The last day. Default: today.
    pub end_date: Option<Date>,
    /// IANA name of the zone that time is cut in.
    pub time_zone_id: Option<String>,
    /// At most so many rows. Default: all.
    pub count: Option<u32>,
}

impl StatsQuery {
    pub(crate) fn apply(&self, request: Request) -> Request {
        request
            .optional_query("advertiserId", self.advertiser_id)
            .optional_query("campaignId", self.campaign_id.as_ref())
            .optional_query("sellerId", self.seller_id.as_ref())
            .optional_query(
                "clickAttributionPolicy",
                self.click_attribution_policy.as_ref(),
            )
            .optional_query("intervalSize", self.interval_size.as_ref())
            .optional_query("startDate", self.start_date)
            .optional_query("endDate", self.end_date)
            .optional_query("timeZoneId", self.time_zone_id.as_ref())
            .optional_query("count", self.count)
    }
}

open_enum! {
    /// The state of a budget.
    BudgetStatus {
        Archived = "Archived",
        Current = "Current",
        Scheduled = "Scheduled",
    }
}

open_enum! {
    /// The state of a seller.
    SellerStatus {
        Inactive = "Inactive",
        Active = "Active",
    }
}

open_enum! {
    /// Which clicks count for a sale.
    ClickAttributionPolicy {
        Both = "Both",
        SameSeller = "SameSeller",
        AnySeller = "AnySeller",
    }
}

open_enum! {
    /// How time is cut.
    IntervalSize {
        Hour = "Hour",
        Day = "Day",
        Month = "Month",
        Year = "Year",
    }
}
