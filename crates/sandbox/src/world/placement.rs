//! Where ads were shown: publishers, and what was shown on each of them.

use super::World;
use super::activity::{DENSE_QUARTERS, age_of, invalid_clicks, is_visible};
use super::calendar::{DayNumber, MINUTES_PER_DAY, QUARTERS_PER_DAY, RESTATED_FOR_MINUTES};
use super::chance::{Chance, Purpose, subject};
use super::money::Rate;
use super::vocabulary;

/// Publishers of dense days are numbered from here.
const DENSE_PUBLISHER: u64 = 1_000_000;
/// Publishers that are not disclosed are numbered from here.
const UNDISCLOSED_PUBLISHER: u64 = 2_000_000;

/// A publisher: a web site or an app, disclosed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Publisher(u64);

impl Publisher {
    /// The publisher of a number that [`Publisher::number`] gave.
    pub(crate) fn from_number(number: i64) -> Self {
        Self(u64::try_from(number).unwrap_or(0))
    }

    pub(crate) fn number(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// Position in [`vocabulary::ENVIRONMENTS`]: two of four publishers are web sites, the others apps.
    pub(crate) fn environment(self) -> usize {
        match self.0 % 4 {
            0 | 1 => 0,
            2 => 1,
            _ => 2,
        }
    }

    /// The domain of a web site, the bundle of an app, or a number in place of a name.
    pub(crate) fn name(self) -> String {
        if self.0 >= UNDISCLOSED_PUBLISHER {
            return format!("undisclosed-{}", self.0 - UNDISCLOSED_PUBLISHER);
        }
        let words = vocabulary::PUBLISHERS;
        let word = words[usize::try_from(self.0).unwrap_or(0) % words.len()];
        match self.environment() {
            0 => format!("{word}-{}.example", self.0),
            1 => format!("example.{word}.app{}", self.0),
            _ => format!("id{:09}", self.0),
        }
    }

    /// Positions in [`vocabulary::CONTENT_CATEGORIES`]: a publisher may have up to three.
    pub(crate) fn content_categories(self) -> impl Iterator<Item = usize> {
        let number = usize::try_from(self.0).unwrap_or(0);
        let length = vocabulary::CONTENT_CATEGORIES.len();
        (0..1 + number % 3).map(move |step| (number / 3 + step * 2) % length)
    }
}

/// Ads of one ad set shown by one publisher in one quarter hour.
#[derive(Debug, Clone)]
pub(crate) struct Showing {
    pub(crate) quarter: i64,
    pub(crate) ad_set: usize,
    pub(crate) publisher: Publisher,
    pub(crate) ad_channel: u32,
    pub(crate) social_platform: u32,
    dense: bool,
    outcome: Chance,
}

/// What showings add up to; money in the report's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlacementResult {
    pub(crate) displays: i64,
    pub(crate) clicks: i64,
    pub(crate) cost: i64,
    pub(crate) sales_after_click: i64,
    pub(crate) revenue_after_click: i64,
    pub(crate) sales_after_view: i64,
    pub(crate) revenue_after_view: i64,
}

impl World {
    /// The showings of an advertiser's ads on a UTC day, disclosed or undisclosed, whether or not they are reported yet.
    pub(crate) fn showings(
        &self,
        advertiser: usize,
        day: DayNumber,
        disclosed: bool,
    ) -> impl Iterator<Item = Showing> + '_ {
        let ad_sets = self.accounts.advertisers[advertiser].ad_sets.clone();
        let all: Vec<usize> = ad_sets.collect();
        let delivering: Vec<usize> = all
            .iter()
            .copied()
            .filter(|ad_set| self.delivers(*ad_set, day))
            .collect();
        let wanted = u64::from(self.config.placements_per_day);
        let regular = match (delivering.is_empty(), disclosed) {
            (true, _) => 0,
            (false, true) => wanted,
            (false, false) => wanted.div_ceil(4),
        };
        let dense = if disclosed && !all.is_empty() {
            self.dense_rows(&self.config.dense_placements, advertiser, day)
        } else {
            0
        };
        (0..regular)
            .flat_map(move |number| {
                self.regular_showings(advertiser, &delivering, day, number, disclosed)
            })
            .chain((0..dense).map(move |number| self.dense_showing(&all, day, number)))
    }

    fn regular_showings(
        &self,
        advertiser: usize,
        delivering: &[usize],
        day: DayNumber,
        number: u64,
        disclosed: bool,
    ) -> Vec<Showing> {
        let id = self.accounts.advertisers[advertiser].id;
        // Consecutive numbers in a pool three times as large: distinct on a day, coming and going over the days.
        let wanted = u64::from(self.config.placements_per_day).max(1);
        let pool = wanted * 3;
        let shift = Chance::new(
            self.config.seed,
            Purpose::Placement,
            [id.into(), subject(day), 0],
        )
        .below(pool);
        let publisher = (shift + number) % pool;
        let publisher = if disclosed {
            Publisher(publisher)
        } else {
            Publisher(UNDISCLOSED_PUBLISHER + publisher)
        };
        let salt = 1 + number * 2 + u64::from(disclosed);
        let mut chance = Chance::new(
            self.config.seed,
            Purpose::Placement,
            [id.into(), subject(day), salt],
        );
        (0..1 + chance.below(2))
            .map(|_| {
                let slot = chance.between(0, QUARTERS_PER_DAY - 1);
                let social = chance.one_in(6);
                Showing {
                    quarter: day * QUARTERS_PER_DAY + slot,
                    ad_set: *chance.pick(delivering),
                    publisher,
                    ad_channel: u32::from(social),
                    social_platform: if social {
                        1 + u32::from(chance.one_in(2))
                    } else {
                        0
                    },
                    dense: false,
                    outcome: Chance::new(chance.bits(), Purpose::PlacementOutcome, [0; 3]),
                }
            })
            .collect()
    }

    fn dense_showing(&self, ad_sets: &[usize], day: DayNumber, number: u64) -> Showing {
        let turn = usize::try_from(number).unwrap_or(0) % ad_sets.len();
        let ad_set = ad_sets[turn];
        let id = self.accounts.ad_sets[ad_set].id;
        let mut chance = Chance::new(
            self.config.seed,
            Purpose::Placement,
            [id.into(), subject(day), number + (1 << 40)],
        );
        let slot = chance.between(DENSE_QUARTERS.0, DENSE_QUARTERS.1);
        Showing {
            quarter: day * QUARTERS_PER_DAY + slot,
            ad_set,
            publisher: Publisher(DENSE_PUBLISHER + number),
            ad_channel: 0,
            social_platform: 0,
            dense: true,
            outcome: chance,
        }
    }

    /// The minute from which a UTC day's placements are reported: up to four hours after its midnight (Criteo's docs).
    pub(crate) fn placements_ready_at(&self, advertiser: usize, day: DayNumber) -> i64 {
        let id = self.accounts.advertisers[advertiser].id;
        let mut chance = Chance::new(
            self.config.seed,
            Purpose::PlacementOutcome,
            [id.into(), subject(day), 1],
        );
        (day + 1) * MINUTES_PER_DAY + chance.between(5, 240)
    }
}

impl Showing {
    /// A chance of the showing's own, for what is not a result.
    pub(crate) fn chance(&self, purpose: Purpose) -> Chance {
        Chance::new(self.outcome.clone().bits(), purpose, [0; 3])
    }

    /// What is known of the showing at `now` (a minute); `None` when it is not, or no longer, reported.
    pub(crate) fn result(&self, world: &World, now: i64, rate: Rate) -> Option<PlacementResult> {
        let age = age_of(self.quarter, now)?;
        let mut chance = self.outcome.clone();
        let steady = self.dense || world.config.always_active;
        if !is_visible(&mut chance, age) && !steady {
            return None;
        }
        let ad_set = &world.accounts.ad_sets[self.ad_set];
        let displays = chance.between(5, 900);
        let clicked = (displays * ad_set.clicks_per_thousand + chance.between(0, 999)) / 1_000;
        let clicks = clicked - invalid_clicks(&mut chance, clicked, age);
        let mut result = PlacementResult {
            displays,
            clicks,
            cost: rate.convert(clicks * ad_set.click_price + displays * chance.between(2, 9)),
            sales_after_click: 0,
            revenue_after_click: 0,
            sales_after_view: 0,
            revenue_after_view: 0,
        };
        for _ in 0..chance.below(3) {
            let after_click = !chance.one_in(3);
            let longest = if after_click {
                RESTATED_FOR_MINUTES
            } else {
                MINUTES_PER_DAY - 1
            };
            let delay = chance.between(0, longest);
            let amount = rate.convert(chance.between(50_000, 2_500_000));
            if delay > age {
                continue;
            }
            if after_click {
                result.sales_after_click += 1;
                result.revenue_after_click += amount;
            } else {
                result.sales_after_view += 1;
                result.revenue_after_view += amount;
            }
        }
        Some(result)
    }
}
