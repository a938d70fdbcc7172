//! Orders that Criteo attributed to an ad.

use super::World;
use super::calendar::{self, DayNumber, MINUTES_PER_DAY, RESTATED_FOR_MINUTES};
use super::chance::{Chance, Purpose, subject};

/// One attribution of an order: the same order may follow a click and a view.
#[derive(Debug, Clone)]
pub(crate) struct Attribution {
    pub(crate) transaction_id: String,
    /// Seconds since 1970-01-01T00:00Z.
    pub(crate) transaction_second: i64,
    /// Position of the ad set in the accounts.
    pub(crate) ad_set: usize,
    pub(crate) after_click: bool,
    pub(crate) event_second: i64,
    pub(crate) attributed: bool,
    /// Ten-thousandths of a euro.
    pub(crate) amount: i64,
    pub(crate) other_device: bool,
}

impl World {
    /// The attributions of an advertiser's orders on a UTC day that are known at `now` (a minute). Now and then one is
    /// listed twice, equal in every field.
    pub(crate) fn attributions(
        &self,
        advertiser: usize,
        day: DayNumber,
        now: i64,
    ) -> impl Iterator<Item = Attribution> + '_ {
        let regular = if day < self.first_day {
            0
        } else {
            u64::from(self.config.transactions_per_day)
        };
        let dense = self.dense_rows(&self.config.dense_transactions, advertiser, day);
        let candidates = self.selling_ad_sets(advertiser, day);
        (0..regular + dense).flat_map(move |number| {
            self.order(advertiser, &candidates, day, number, number >= regular, now)
        })
    }

    /// The ad sets that may claim an order of a day: those that deliver, or else the first.
    fn selling_ad_sets(&self, advertiser: usize, day: DayNumber) -> Vec<usize> {
        let ad_sets = self.accounts.advertisers[advertiser].ad_sets.clone();
        let delivering: Vec<usize> = ad_sets
            .clone()
            .filter(|ad_set| self.delivers(*ad_set, day))
            .collect();
        if delivering.is_empty() {
            ad_sets.take(1).collect()
        } else {
            delivering
        }
    }

    fn order(
        &self,
        advertiser: usize,
        candidates: &[usize],
        day: DayNumber,
        number: u64,
        dense: bool,
        now: i64,
    ) -> Vec<Attribution> {
        let id = self.accounts.advertisers[advertiser].id;
        let mut chance = Chance::new(
            self.config.seed,
            Purpose::Order,
            [id.into(), subject(day), number],
        );
        // Dense orders lie around noon, like all dense rows.
        let second = if dense {
            chance.between(10 * 3_600, 14 * 3_600 - 1)
        } else {
            chance.between(0, 86_399)
        };
        let transaction_second = day * 86_400 + second;
        let age = now - (transaction_second.div_euclid(60) + 1);
        let exact = dense || self.config.always_active;
        if candidates.is_empty() || age < 0 || (!exact && !is_known(&mut chance.clone(), age)) {
            return Vec::new();
        }
        let mut chance = Chance::new(
            self.config.seed,
            Purpose::Order,
            [id.into(), subject(day), number + (1 << 40)],
        );
        let amount = refunded(&mut chance, age, exact);
        let after_click = !chance.one_in(4);
        let first = Attribution {
            transaction_id: format!(
                "{}{id}{number:06}",
                calendar::date_of(day).strftime("%Y%m%d")
            ),
            transaction_second,
            ad_set: *chance.pick(candidates),
            after_click,
            event_second: transaction_second - seconds_before(&mut chance, after_click),
            attributed: !chance.one_in(10),
            amount,
            other_device: chance.one_in(5),
        };
        let mut attributions = vec![first];
        if !dense && after_click && chance.one_in(4) {
            attributions.push(Attribution {
                after_click: false,
                event_second: transaction_second - seconds_before(&mut chance, false),
                attributed: false,
                ..attributions[0].clone()
            });
        }
        if !dense && chance.one_in(25) {
            attributions.push(attributions[0].clone());
        }
        attributions
    }
}

/// Whether an order is known at an age: some are reported late, some are cancelled.
fn is_known(chance: &mut Chance, age: i64) -> bool {
    match chance.below(20) {
        0..=2 => age >= chance.between(60, RESTATED_FOR_MINUTES),
        3 => age < chance.between(MINUTES_PER_DAY / 2, RESTATED_FOR_MINUTES),
        _ => true,
    }
}

/// The order's amount: now and then a part is refunded within four weeks.
fn refunded(chance: &mut Chance, age: i64, exact: bool) -> i64 {
    let amount = chance.between(49_900, 3_000_000);
    let refund = chance.one_in(12) && !exact;
    let refunded_at = chance.between(MINUTES_PER_DAY, RESTATED_FOR_MINUTES);
    if refund && age >= refunded_at {
        amount - amount * chance.between(10, 60) / 100
    } else {
        amount
    }
}

/// Seconds from the ad to the order: up to thirty days after a click, up to one day after a view.
fn seconds_before(chance: &mut Chance, after_click: bool) -> i64 {
    let longest = if after_click { 30 * 86_400 } else { 86_400 };
    let reach = chance.between(60, longest);
    reach * reach / longest + 1
}
