//! How a metric follows from base measures, exactly.

use super::group::Summed;
use super::window::Window;
use crate::world::measures::{Measure as M, Measures};
use crate::world::money;

/// A sum of base measures.
type Sum = &'static [M];

/// Decimals that a quotient is rounded to. Criteo's own number of decimals is not established.
pub(super) const RATIO_DECIMALS: u32 = 8;
pub(super) const PRICE_DECIMALS: u32 = 6;

/// How a metric is computed from the summed base measures of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Formula {
    /// An integer.
    Count(Sum),
    /// An amount with at most four decimals.
    Money(Sum),
    /// A share: both sums count the same thing, or both are money.
    Ratio(Sum, Sum),
    /// Money per counted thing.
    Price(Sum, Sum),
    /// Money per thousand counted things.
    PricePerThousand(Sum, Sum),
    /// Counted users do not add up: the more displays, the more often the same person saw one.
    ExposedUsers,
    /// Users who could have been reached.
    PotentialUsers,
    /// Exposed users as a share of potential users.
    Reach,
    /// Displays per exposed user.
    Frequency,
    /// What a row's ad sets are optimised for.
    ResultType,
}

/// The summed measures of a row, and which objectives its ad sets have.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    pub(super) measures: Measures,
    /// One bit for each marketing objective.
    pub(super) objectives: u8,
}

impl Summed for Summary {
    const EMPTY: Self = Self {
        measures: Measures::ZERO,
        objectives: 0,
    };

    fn add(&mut self, other: &Self) {
        self.measures += &other.measures;
        self.objectives |= other.objectives;
    }
}

pub(super) const fn count(sum: Sum) -> Formula {
    Formula::Count(sum)
}

pub(super) const fn money(sum: Sum) -> Formula {
    Formula::Money(sum)
}

pub(super) const fn ratio(numerator: Sum, denominator: Sum) -> Formula {
    Formula::Ratio(numerator, denominator)
}

pub(super) const fn price(amount: Sum, counted: Sum) -> Formula {
    Formula::Price(amount, counted)
}

pub(super) const fn sales(window: Window) -> Formula {
    Formula::Count(window.sales)
}

pub(super) const fn revenue(window: Window) -> Formula {
    Formula::Money(window.revenue)
}

pub(super) const fn conversion_rate(window: Window) -> Formula {
    Formula::Ratio(window.sales, &[M::Clicks])
}

pub(super) const fn cost_of_sale(window: Window) -> Formula {
    Formula::Ratio(&[M::Cost], window.revenue)
}

pub(super) const fn cost_per_order(window: Window) -> Formula {
    Formula::Price(&[M::Cost], window.sales)
}

pub(super) const fn average_cart(window: Window) -> Formula {
    Formula::Price(window.revenue, window.sales)
}

pub(super) const fn return_on_spend(window: Window) -> Formula {
    Formula::Ratio(window.revenue, &[M::Cost])
}

impl Formula {
    /// The metric's text for a row; `undefined` is the answer to a division by zero.
    pub(super) fn evaluate(self, summary: &Summary, undefined: &str) -> String {
        let of = |sum: Sum| i128::from(summary.measures.sum(sum));
        let divide = |numerator, denominator, decimals| {
            money::quotient(numerator, denominator, decimals)
                .unwrap_or_else(|| undefined.to_owned())
        };
        let scale = 10_i128.pow(money::MONEY_SCALE);
        let displays = summary.measures[M::Displays];
        match self {
            Self::Count(sum) => summary.measures.sum(sum).to_string(),
            Self::Money(sum) => money::money(summary.measures.sum(sum)),
            Self::Ratio(numerator, denominator) => {
                divide(of(numerator), of(denominator), RATIO_DECIMALS)
            }
            Self::Price(amount, counted) => divide(of(amount), of(counted) * scale, PRICE_DECIMALS),
            Self::PricePerThousand(amount, counted) => {
                divide(of(amount) * 1_000, of(counted) * scale, PRICE_DECIMALS)
            }
            Self::ExposedUsers => exposed_users(displays).to_string(),
            Self::PotentialUsers => potential_users(summary).to_string(),
            Self::Reach => divide(
                exposed_users(displays).into(),
                potential_users(summary).into(),
                RATIO_DECIMALS,
            ),
            Self::Frequency => divide(
                displays.into(),
                exposed_users(displays).into(),
                RATIO_DECIMALS,
            ),
            Self::ResultType => result_type(summary.objectives).to_owned(),
        }
    }
}

/// A person sees more ads the more there are: the frequency grows with the logarithm of the displays.
fn exposed_users(displays: i64) -> i64 {
    if displays <= 0 {
        return 0;
    }
    let frequency_in_thousandths = 1_000 + 120 * i64::from(displays.ilog2());
    (displays * 1_000)
        .div_euclid(frequency_in_thousandths)
        .max(1)
}

fn potential_users(summary: &Summary) -> i64 {
    2 * exposed_users(summary.measures[M::PotentialDisplays])
}

fn result_type(objectives: u8) -> &'static str {
    match objectives {
        0b001 => "Displays",
        0b010 => "Visits",
        0b100 => "Sales",
        0 => "",
        _ => "Mixed",
    }
}
