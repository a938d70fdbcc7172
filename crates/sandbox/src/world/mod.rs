//! The seeded world behind the sandbox: accounts, their activity and its restatement over time.
//!
//! Nothing is stored for years of history. Every value is derived by hashing the seed, the identity of the thing
//! and the day, so that any question can be answered at any simulated instant, always with the same answer.

mod account;
mod activity;
pub(crate) mod calendar;
pub(crate) mod chance;
mod history;
pub(crate) mod measures;
pub(crate) mod money;
mod order;
mod placement;
mod sale;
mod seller;
pub(crate) mod vocabulary;

use jiff::Timestamp;
use serde::Deserialize;

use calendar::DayNumber;

pub(crate) use account::{Accounts, Ad, AdSet, Campaign, Coupon, Creative};
pub(crate) use activity::{Cell, DENSE_CATEGORY};
pub(crate) use history::{Delivery, Quality};
pub(crate) use order::Attribution;
pub(crate) use placement::{PlacementResult, Publisher, Showing};
pub(crate) use seller::{Budget, BudgetKind, BudgetStatus, Seller, SellerResult};

/// How large the world is and how it behaves. Every field has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldConfig {
    /// Everything in the world follows from this number.
    pub seed: u64,
    /// How many advertisers the world has.
    pub advertisers: u32,
    /// How many campaigns each advertiser has.
    pub campaigns_per_advertiser: u32,
    /// How many ad sets each campaign has.
    pub ad_sets_per_campaign: u32,
    /// How many ads each ad set has.
    pub ads_per_ad_set: u32,
    /// Activity exists from this many days before the world was created.
    pub history_days: u32,
    /// Every ad set is active on every day and no row is late or withdrawn, which makes row counts exact.
    pub always_active: bool,
    /// About half of the advertisers are customers of Marketplace Performance Outcomes.
    pub marketplace: bool,
    /// Disclosed publisher domains per advertiser and day.
    pub placements_per_day: u32,
    /// Orders per advertiser and day.
    pub transactions_per_day: u32,
    /// Days with many statistics rows at the grain advertiser, campaign, ad set, category, day.
    pub dense_days: Vec<DenseDay>,
    /// Days with many disclosed placements.
    pub dense_placements: Vec<DenseDay>,
    /// Days with many transactions.
    pub dense_transactions: Vec<DenseDay>,
    /// What a ratio answers when its denominator is zero: Criteo's answer is not established, so that a client can
    /// be tried with `0`, `NaN` and an empty string.
    pub zero_denominator: String,
    /// Whether reports show an entity under its present name (Criteo's behaviour is not established) instead of the
    /// name it was created with. Present names change old rows whenever something is renamed.
    pub reports_follow_renames: bool,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            seed: 42,
            advertisers: 4,
            campaigns_per_advertiser: 3,
            ad_sets_per_campaign: 2,
            ads_per_ad_set: 2,
            history_days: 730,
            always_active: false,
            marketplace: true,
            placements_per_day: 30,
            transactions_per_day: 6,
            dense_days: Vec::new(),
            dense_placements: Vec::new(),
            dense_transactions: Vec::new(),
            zero_denominator: "0".to_owned(),
            reports_follow_renames: false,
        }
    }
}

/// One advertiser's day that holds at least `rows` rows, so that a report is capped there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseDay {
    /// The advertiser, by its position (0 is the first) or by its id.
    pub advertiser: u32,
    /// The day, in UTC; its rows lie around noon, so that most time zones agree on it.
    pub day: jiff::civil::Date,
    /// The least number of rows.
    pub rows: u64,
}

/// The pretend Criteo's accounts and everything that happened in them.
#[derive(Debug, Clone)]
pub struct World {
    config: WorldConfig,
    created_at: Timestamp,
    first_day: DayNumber,
    created_day: DayNumber,
    accounts: Accounts,
}

impl World {
    /// Builds the world as seen from `created_at`, the simulated instant at which the sandbox started.
    pub fn new(config: WorldConfig, created_at: Timestamp) -> Self {
        let created_day = calendar::utc_day(created_at);
        let first_day = created_day - i64::from(config.history_days);
        let accounts = Accounts::build(&config, first_day, created_day);
        Self {
            config,
            created_at,
            first_day,
            created_day,
            accounts,
        }
    }

    /// The ids of all advertisers, whether or not they gave consent.
    pub fn advertiser_ids(&self) -> Vec<String> {
        let advertisers = self.accounts.advertisers.iter();
        advertisers
            .map(|advertiser| advertiser.id.to_string())
            .collect()
    }

    /// The configuration the world was built from.
    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// The simulated instant the world was built at.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The ad set that a cell belongs to.
    pub(crate) fn ad_set_of(&self, cell: &Cell) -> &AdSet {
        &self.accounts.ad_sets[self.accounts.ads[cell.ad].ad_set]
    }

    /// The marketing objective of an ad set's campaign, by position in the vocabulary.
    pub(crate) fn marketing_objective(&self, ad_set: usize) -> usize {
        self.accounts.campaigns[self.accounts.ad_sets[ad_set].campaign].marketing_objective
    }

    /// The position of an advertiser by its id.
    pub(crate) fn advertiser_position(&self, id: &str) -> Option<usize> {
        let id: u32 = id.parse().ok()?;
        let advertisers = &self.accounts.advertisers;
        advertisers
            .iter()
            .position(|advertiser| advertiser.id == id)
    }

    /// The positions of advertisers by their ids, each once; unknown ids are skipped.
    pub(crate) fn advertiser_positions(&self, ids: &[String]) -> Vec<usize> {
        let mut positions = Vec::new();
        for position in ids.iter().filter_map(|id| self.advertiser_position(id)) {
            if !positions.contains(&position) {
                positions.push(position);
            }
        }
        positions
    }

    /// The first day of the history.
    pub(crate) fn first_day(&self) -> DayNumber {
        self.first_day
    }

    /// How many rows a list of dense days promises for an advertiser and day.
    pub(crate) fn dense_rows(&self, days: &[DenseDay], advertiser: usize, day: DayNumber) -> u64 {
        let id = self.accounts.advertisers[advertiser].id;
        let named = |dense: &&DenseDay| {
            dense.advertiser == id || usize::try_from(dense.advertiser) == Ok(advertiser)
        };
        days.iter()
            .filter(named)
            .filter(|dense| calendar::day_number(dense.day) == day)
            .map(|dense| dense.rows)
            .sum()
    }
}
