//! What happened in an ad set on a day: cells, the finest facts there are, and what is known of them at an instant.
//!
//! A cell is one ad, product category, coupon, device and quarter hour. Reports only ever group cells, so every grain
//! adds up to the same totals. What is known of a cell changes for [`RESTATED_FOR_MINUTES`] after it: conversions
//! arrive, invalid clicks are taken out, some cells appear late and some are withdrawn. After that it stands.

use super::World;
use super::calendar::{DayNumber, MINUTES_PER_DAY, QUARTERS_PER_DAY, RESTATED_FOR_MINUTES};
use super::chance::{Chance, Purpose, subject};
use super::measures::{Measure, Measures};
use super::money::Rate;
use super::sale::Sale;
use super::vocabulary;

/// Categories of dense days are numbered from here; no such category exists elsewhere.
pub(crate) const DENSE_CATEGORY: u32 = 900_000;

/// The quarter hours of the UTC day that dense rows lie in, first and last: from 10:00 to 14:00, which is the same civil
/// day in zones up to ten hours from UTC.
pub(super) const DENSE_QUARTERS: (i64, i64) = (40, 55);

/// The finest fact: where and when ads were shown.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// Quarter hours since 1970-01-01T00:00Z.
    pub(crate) quarter: i64,
    /// Position of the ad in the accounts.
    pub(crate) ad: usize,
    /// Position in the category vocabulary, or [`DENSE_CATEGORY`] and up.
    pub(crate) category: u32,
    /// Position of the coupon in the accounts.
    pub(crate) coupon: Option<usize>,
    /// Positions in the vocabulary's lists.
    pub(crate) operating_system: u32,
    pub(crate) device: u32,
    pub(crate) ad_channel: u32,
    pub(crate) social_platform: u32,
    outcome: Chance,
}

impl World {
    /// The cells of an ad set on a UTC day that are known at `now` (a minute), in a fixed order.
    pub(crate) fn cells(
        &self,
        ad_set: usize,
        day: DayNumber,
        now: i64,
    ) -> impl Iterator<Item = Cell> + '_ {
        let regular = if self.delivers(ad_set, day) {
            self.regular_cells(ad_set, day)
        } else {
            0
        };
        let dense = self.dense_cells(ad_set, day);
        (0..regular)
            .filter_map(move |number| self.regular_cell(ad_set, day, number, now))
            .chain((0..dense).filter_map(move |number| self.dense_cell(ad_set, day, number, now)))
    }

    /// Whether an ad set delivers on a UTC day at all.
    pub(crate) fn delivers(&self, ad_set: usize, day: DayNumber) -> bool {
        let entry = &self.accounts.ad_sets[ad_set];
        day >= self.first_day
            && entry.delivery.contains(day)
            && (self.config.always_active || !self.paused(ad_set, day))
    }

    /// Whether an ad set is switched off on a day: now and then for a fortnight.
    pub(crate) fn paused(&self, ad_set: usize, day: DayNumber) -> bool {
        let entry = &self.accounts.ad_sets[ad_set];
        let fortnight = subject(day.div_euclid(14));
        Chance::new(
            self.config.seed,
            Purpose::Pause,
            [entry.id.into(), fortnight, 0],
        )
        .one_in(12)
    }

    fn regular_cells(&self, ad_set: usize, day: DayNumber) -> u64 {
        if self.config.always_active {
            return 4;
        }
        let id = u64::from(self.accounts.ad_sets[ad_set].id);
        let mut chance = Chance::new(
            self.config.seed,
            Purpose::DayActivity,
            [id, subject(day), 0],
        );
        if chance.one_in(20) {
            0
        } else {
            1 + chance.below(7)
        }
    }

    fn regular_cell(&self, ad_set: usize, day: DayNumber, number: u64, now: i64) -> Option<Cell> {
        let entry = &self.accounts.ad_sets[ad_set];
        let mut chance = Chance::new(
            self.config.seed,
            Purpose::Cell,
            [entry.id.into(), subject(day), number],
        );
        let anchor = self.config.always_active && number == 0;
        let slot = if anchor {
            48
        } else {
            chance.between(0, QUARTERS_PER_DAY - 1)
        };
        let quarter = day * QUARTERS_PER_DAY + slot;
        let age = age_of(quarter, now)?;
        let mut visibility = chance.clone();
        if !self.config.always_active && !is_visible(&mut visibility, age) {
            return None;
        }
        let category = u32::try_from(chance.index(vocabulary::CATEGORIES.len())).unwrap_or(0);
        Some(self.cell(ad_set, quarter, category, visibility, chance))
    }

    /// How many cells dense days add: each ad set of the advertiser takes its share, each in a category of its own.
    fn dense_cells(&self, ad_set: usize, day: DayNumber) -> u64 {
        let advertiser = self.accounts.ad_sets[ad_set].advertiser;
        let rows = self.dense_rows(&self.config.dense_days, advertiser, day);
        if rows == 0 {
            return 0;
        }
        let ad_sets = &self.accounts.advertisers[advertiser].ad_sets;
        rows.div_ceil(u64::try_from(ad_sets.len()).unwrap_or(1).max(1))
    }

    fn dense_cell(&self, ad_set: usize, day: DayNumber, number: u64, now: i64) -> Option<Cell> {
        let entry = &self.accounts.ad_sets[ad_set];
        let mut chance = Chance::new(
            self.config.seed,
            Purpose::Cell,
            [entry.id.into(), subject(day), number + (1 << 40)],
        );
        let slot = chance.between(DENSE_QUARTERS.0, DENSE_QUARTERS.1);
        let quarter = day * QUARTERS_PER_DAY + slot;
        age_of(quarter, now)?;
        let category = DENSE_CATEGORY + u32::try_from(number).unwrap_or(0);
        Some(self.cell(ad_set, quarter, category, chance.clone(), chance))
    }

    fn cell(
        &self,
        ad_set: usize,
        quarter: i64,
        category: u32,
        outcome: Chance,
        mut chance: Chance,
    ) -> Cell {
        let entry = &self.accounts.ad_sets[ad_set];
        let day = quarter.div_euclid(QUARTERS_PER_DAY);
        let ad = entry.ads.start + chance.index(entry.ads.len());
        let ad = if self.accounts.ads[ad].life.contains(day) {
            ad
        } else {
            entry.ads.start
        };
        let coupon = (!entry.coupons.is_empty() && chance.one_in(3))
            .then(|| entry.coupons.start + chance.index(entry.coupons.len()))
            .filter(|coupon| self.accounts.coupons[*coupon].life.contains(day));
        // The systems of each device: phones and tablets run Android or iOS, desktops the rest.
        let (device, operating_system) = match chance.below(10) {
            0..=3 => (0, 2 + chance.below(3)),
            4..=7 => (1, chance.below(2)),
            8 => (2, chance.below(2)),
            _ => (3, 5),
        };
        let social = chance.one_in(5);
        Cell {
            quarter,
            ad,
            category,
            coupon,
            operating_system: u32::try_from(operating_system).unwrap_or(0),
            device,
            ad_channel: u32::from(social),
            social_platform: if social {
                1 + u32::from(chance.one_in(2))
            } else {
                0
            },
            outcome,
        }
    }
}

/// Minutes since a quarter hour ended, or `None` when it has not ended yet.
pub(crate) fn age_of(quarter: i64, now: i64) -> Option<i64> {
    let age = now - (quarter + 1) * 15;
    (age >= 0).then_some(age)
}

/// Whether something of a certain age is in the reports: a few things come hours late, a few are withdrawn for good.
pub(crate) fn is_visible(chance: &mut Chance, age: i64) -> bool {
    match chance.below(48) {
        0..=2 => age >= chance.between(60, 4 * MINUTES_PER_DAY),
        3 => age < chance.between(MINUTES_PER_DAY, RESTATED_FOR_MINUTES),
        _ => true,
    }
}

/// Clicks that turn out to be invalid and are taken out again, in two instalments: those taken out by now.
pub(crate) fn invalid_clicks(chance: &mut Chance, clicks: i64, age: i64) -> i64 {
    let first = chance.between(0, clicks / 8);
    let second = chance.between(0, clicks / 8);
    let first_at = chance.between(MINUTES_PER_DAY / 2, 5 * MINUTES_PER_DAY);
    let second_at = chance.between(5 * MINUTES_PER_DAY, RESTATED_FOR_MINUTES);
    (if age >= first_at { first } else { 0 }) + (if age >= second_at { second } else { 0 })
}

impl Cell {
    /// What is known of the cell at `now` (a minute), money converted at `rate`.
    pub(crate) fn measures(&self, world: &World, now: i64, rate: Rate) -> Measures {
        let mut outcome = Measures::ZERO;
        let Some(age) = age_of(self.quarter, now) else {
            return outcome;
        };
        let ad_set = &world.accounts.ad_sets[world.accounts.ads[self.ad].ad_set];
        let mut chance = self.outcome.clone();

        let displays = if self.category >= DENSE_CATEGORY {
            chance.between(1, 60)
        } else {
            chance.between(40, 1_800)
        };
        let clicked = (displays * ad_set.clicks_per_thousand + chance.between(0, 999)) / 1_000;
        let invalid = invalid_clicks(&mut chance, clicked, age);
        let clicks = clicked - invalid;
        let cost = clicks * ad_set.click_price + displays * chance.between(2, 9);

        let untrackable = displays * chance.between(2, 9) / 100;
        let viewable = (displays - untrackable) * chance.between(40, 80) / 100;
        outcome[Measure::Displays] = displays;
        outcome[Measure::PotentialDisplays] = displays + chance.between(0, displays * 3);
        outcome[Measure::UntrackableDisplays] = untrackable;
        outcome[Measure::ViewableDisplays] = viewable;
        outcome[Measure::NonViewableDisplays] = displays - untrackable - viewable;
        outcome[Measure::InvalidDisplays] = displays * chance.between(0, 3) / 100;
        outcome[Measure::Clicks] = clicks;
        outcome[Measure::InvalidClicks] = invalid;
        outcome[Measure::Cost] = rate.convert(cost);
        outcome[Measure::NetCost] = rate.convert(cost - cost * 15 / 100);
        outcome[Measure::PlatformFeeEuro] = cost * 5 / 100;
        outcome[Measure::RetailerMarginEuro] = cost * 10 / 100;

        let visits = clicks * chance.between(60, 95) / 100;
        let qualified = visits * chance.between(30, 80) / 100;
        outcome[Measure::Visits] = visits;
        outcome[Measure::QualifiedVisits] = qualified;
        outcome[Measure::BouncedVisits] = visits - qualified;
        outcome[Measure::VisitsAfterView] = displays * chance.between(0, 6) / 1_000;
        outcome[Measure::VisitsAfterViewCross] = displays * chance.between(0, 2) / 1_000;
        if ad_set.video {
            record_video(&mut outcome, &mut chance, displays);
        }
        for _ in 0..chance.below(3) + chance.below(u64::try_from(clicked / 8 + 1).unwrap_or(1)) {
            let sale = Sale::draw(&mut chance);
            if sale.delay <= age {
                sale.record(&mut outcome, rate);
            }
        }
        outcome
    }
}

fn record_video(outcome: &mut Measures, chance: &mut Chance, displays: i64) {
    let mut viewers = displays * chance.between(70, 95) / 100;
    for stage in [
        Measure::VideoStarted,
        Measure::VideoFirstQuartile,
        Measure::VideoMidpoint,
        Measure::VideoThirdQuartile,
        Measure::VideoCompleted,
        Measure::VideoAudibleViewableOnCompletion,
    ] {
        outcome[stage] = viewers;
        viewers = viewers * chance.between(60, 95) / 100;
    }
}
