//! Marketplace customers: sellers, their budgets, and what was sold through their products.

use jiff::ToSpan;

use super::World;
use super::activity::{age_of, invalid_clicks, is_visible};
use super::calendar::{self, DayNumber, MINUTES_PER_DAY, QUARTERS_PER_DAY, RESTATED_FOR_MINUTES};
use super::chance::{Chance, Purpose, subject};
use super::history::Quality;
use super::money::Rate;
use super::vocabulary;

/// Sellers of each marketplace customer.
const SELLERS: u32 = 5;
/// Months of budgets before the world was created.
const BUDGET_MONTHS: i32 = 6;

/// A merchant whose products an advertiser's campaigns show.
#[derive(Debug, Clone)]
pub(crate) struct Seller {
    pub(crate) id: u32,
    pub(crate) name: &'static str,
    pub(crate) active: bool,
    pub(crate) products: i64,
    /// Positions of the campaigns that show the seller's products.
    pub(crate) campaigns: Vec<usize>,
}

/// How a budget limits a seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BudgetKind {
    Daily,
    Capped,
    Uncapped,
}

/// Where a budget stands in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BudgetStatus {
    Archived,
    Current,
    Scheduled,
}

/// A seller's budget: a month each, or one without an end when it is uncapped.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pub(crate) id: u32,
    pub(crate) kind: BudgetKind,
    /// Hundredths of the advertiser's currency; none when uncapped.
    pub(crate) amount: Option<i64>,
    pub(crate) from: DayNumber,
    /// The last day; none when open-ended.
    pub(crate) until: Option<DayNumber>,
    pub(crate) status: BudgetStatus,
    pub(crate) suspended: bool,
    /// Hundredths of the advertiser's currency; none when nothing is known yet.
    pub(crate) spent: Option<i64>,
}

/// What a seller campaign's quarter hours add up to; money in the advertiser's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SellerResult {
    pub(crate) impressions: i64,
    pub(crate) clicks: i64,
    pub(crate) cost: i64,
    /// Sales of the very seller whose product was clicked.
    pub(crate) same_seller_units: i64,
    pub(crate) same_seller_revenue: i64,
    /// Sales of any seller after such a click.
    pub(crate) any_seller_units: i64,
    pub(crate) any_seller_revenue: i64,
}

impl World {
    /// The sellers of an advertiser: none unless it is a marketplace customer.
    pub(crate) fn sellers(&self, advertiser: usize) -> Vec<Seller> {
        let account = &self.accounts.advertisers[advertiser];
        if !account.marketplace {
            return Vec::new();
        }
        let first = u32::try_from(advertiser).unwrap_or(0) * SELLERS;
        let number_of = |number| usize::try_from(number).unwrap_or(0) % vocabulary::SELLERS.len();
        (first..first + SELLERS)
            .map(|number| {
                let id = 700_000 + number * 7;
                let mut chance = Chance::new(self.config.seed, Purpose::Seller, [id.into(), 0, 0]);
                Seller {
                    id,
                    name: vocabulary::SELLERS[number_of(number)],
                    active: !chance.one_in(6),
                    products: if chance.one_in(8) {
                        0
                    } else {
                        chance.between(5, 4_000)
                    },
                    campaigns: account.campaigns.clone().take(2).collect(),
                }
            })
            .collect()
    }

    /// All budgets a seller ever had, as they stand on a day, oldest first.
    pub(crate) fn budgets(&self, seller: &Seller, day: DayNumber) -> Vec<Budget> {
        let mut chance = Chance::new(self.config.seed, Purpose::Seller, [seller.id.into(), 1, 0]);
        let base = 8_000_000 + (seller.id - 700_000) * 1_000;
        let kind = match chance.below(5) {
            0 => BudgetKind::Uncapped,
            1 | 2 => BudgetKind::Daily,
            _ => BudgetKind::Capped,
        };
        if kind == BudgetKind::Uncapped {
            return vec![Budget {
                id: base,
                kind,
                amount: None,
                from: self.first_day,
                until: None,
                status: BudgetStatus::Current,
                suspended: false,
                spent: Some((day - self.first_day).max(0) * chance.between(500, 4_000)),
            }];
        }
        let created = calendar::date_of(self.created_day).first_of_month();
        let today = calendar::date_of(day).first_of_month();
        let mut budgets = Vec::new();
        // The months up to the one after the present, of which the budget is already planned.
        for number in 0_i32.. {
            let Ok(month) = created.checked_add((number - BUDGET_MONTHS).months()) else {
                break;
            };
            if month > today.saturating_add(1.month()) {
                break;
            }
            let position = u32::try_from(number).unwrap_or(0);
            budgets.push(self.monthly_budget(seller, base + position, kind, month, day));
        }
        budgets
    }

    fn monthly_budget(
        &self,
        seller: &Seller,
        id: u32,
        kind: BudgetKind,
        month: jiff::civil::Date,
        day: DayNumber,
    ) -> Budget {
        let from = calendar::day_number(month);
        let until = calendar::day_number(month.last_of_month());
        let mut chance = Chance::new(self.config.seed, Purpose::Seller, [id.into(), 2, 0]);
        let monthly = kind == BudgetKind::Capped;
        let base = chance.between(20, 400) * if monthly { 5_000 } else { 250 };
        // A budget is raised now and then while it runs, and stands still once it is over.
        let revision = self.revision(id, Quality::Budget, day.clamp(from, until));
        let raised = self
            .revision_chance(seller.id, Quality::Budget, revision)
            .between(0, 9);
        let amount = base + base * raised / 100;
        let status = if until < day {
            BudgetStatus::Archived
        } else if from > day {
            BudgetStatus::Scheduled
        } else {
            BudgetStatus::Current
        };
        let days = (day.min(until) - from + 1).max(0);
        let limit = if monthly { base } else { base * 30 };
        Budget {
            id,
            kind,
            amount: Some(amount),
            from,
            until: Some(until),
            status,
            suspended: status == BudgetStatus::Current && chance.one_in(10),
            spent: (days > 0).then(|| limit * days / 31 * chance.between(60, 99) / 100),
        }
    }

    /// What a seller campaign did on a UTC day, by quarter hour, as known at `now` (a minute).
    pub(crate) fn seller_results(
        &self,
        seller: &Seller,
        campaign: usize,
        day: DayNumber,
        now: i64,
        rate: Rate,
    ) -> Vec<(i64, SellerResult)> {
        let account = &self.accounts.campaigns[campaign];
        if day < self.first_day || !account.life.contains(day) || !seller.active {
            return Vec::new();
        }
        let name = (u64::from(seller.id) << 32) | u64::from(account.id);
        let mut chance = Chance::new(
            self.config.seed,
            Purpose::SellerOutcome,
            [name, subject(day), 0],
        );
        let count = chance.below(4);
        (1..=count)
            .filter_map(|number| {
                let mut chance = Chance::new(
                    self.config.seed,
                    Purpose::SellerOutcome,
                    [name, subject(day), number],
                );
                let slot = chance.between(0, QUARTERS_PER_DAY - 1);
                let quarter = day * QUARTERS_PER_DAY + slot;
                let age = age_of(quarter, now)?;
                is_visible(&mut chance, age).then(|| (quarter, draw(&mut chance, age, rate)))
            })
            .collect()
    }
}

fn draw(chance: &mut Chance, age: i64, rate: Rate) -> SellerResult {
    let impressions = chance.between(20, 2_000);
    let clicked = impressions * chance.between(2, 12) / 1_000;
    let clicks = clicked - invalid_clicks(chance, clicked, age);
    let mut result = SellerResult {
        impressions,
        clicks,
        cost: rate.convert(clicks * chance.between(700, 5_000)),
        ..SellerResult::default()
    };
    for _ in 0..chance.below(3) {
        let reach = chance.between(0, RESTATED_FOR_MINUTES);
        let same = chance.one_in(2);
        let units = chance.between(1, 3);
        let revenue = rate.convert(units * chance.between(50_000, 900_000));
        if reach * reach / (RESTATED_FOR_MINUTES + MINUTES_PER_DAY) > age {
            continue;
        }
        result.any_seller_units += units;
        result.any_seller_revenue += revenue;
        if same {
            result.same_seller_units += units;
            result.same_seller_revenue += revenue;
        }
    }
    result
}
