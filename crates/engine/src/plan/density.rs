//! How many rows an advertiser has in a day: learnt from answers, used to pack calls.

use std::collections::{BTreeMap, HashMap};

/// Rows a day assumed for a plan printed before anything was ever read.
const ASSUMED_ROWS_PER_DAY: f64 = 50.0;
/// An advertiser that had no row so far may have one tomorrow.
const LEAST_ROWS_PER_DAY: f64 = 0.2;
/// Days of data after which an estimate is trusted enough to fill calls to the brim.
const DAYS_TO_KNOW: u32 = 7;
/// The share of the cap to aim for while little is known.
const CAUTIOUS_FILL: f64 = 0.5;
/// The share of the cap to aim for when the density is known: an answer at the cap is a call wasted, so some room
/// is left for denser days.
const CONFIDENT_FILL: f64 = 0.85;

/// How much is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// Nothing was read yet: a small window first.
    Nothing,
    /// A few days: a larger window, filled with caution.
    Little,
    /// Enough to pack calls nearly full.
    Enough,
}

/// Rows per advertiser and day of one stream.
#[derive(Debug, Clone, Default)]
pub struct Density {
    advertisers: HashMap<String, Observed>,
    days: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Observed {
    rows: u64,
    days: u32,
}

impl Density {
    /// Counts `days` as read without learning rows from them, to rehearse a plan.
    pub fn assume_days(&mut self, days: u32) {
        self.days = self.days.saturating_add(days);
    }

    /// Learns from a window: the rows of each advertiser over `days` days.
    pub fn observe(&mut self, advertisers: &BTreeMap<String, u64>, days: u32) {
        for (advertiser, rows) in advertisers {
            let observed = self.advertisers.entry(advertiser.clone()).or_default();
            observed.rows += rows;
            observed.days += days;
        }
        self.days += days;
    }

    /// How much is known.
    #[must_use]
    pub fn knowledge(&self) -> Knowledge {
        match self.days {
            0 => Knowledge::Nothing,
            days if days < DAYS_TO_KNOW => Knowledge::Little,
            _ => Knowledge::Enough,
        }
    }

    /// Rows to aim for in one call under `cap`.
    #[must_use]
    pub fn target(&self, cap: u64) -> f64 {
        let fill = if self.knowledge() == Knowledge::Enough {
            CONFIDENT_FILL
        } else {
            CAUTIOUS_FILL
        };
        to_f64(cap) * fill
    }

    /// Rows a day to expect of `advertiser`; an unknown one is taken for an average one.
    #[must_use]
    pub fn rows_per_day(&self, advertiser: &str) -> f64 {
        match self.advertisers.get(advertiser) {
            Some(observed) if observed.days > 0 => {
                (to_f64(observed.rows) / f64::from(observed.days)).max(LEAST_ROWS_PER_DAY)
            }
            _ => self.average(),
        }
    }

    /// The rows to expect of so many days of each advertiser; `None` when nothing is known.
    #[must_use]
    pub fn rows<'id>(&self, days: impl Iterator<Item = (&'id str, u32)>) -> Option<u64> {
        let rows = days.map(|(advertiser, days)| self.rows_per_day(advertiser) * f64::from(days));
        (self.knowledge() != Knowledge::Nothing).then(|| round(rows.sum()))
    }

    fn average(&self) -> f64 {
        let (rows, days) = self
            .advertisers
            .values()
            .fold((0_u64, 0_u64), |(rows, days), seen| {
                (rows + seen.rows, days + u64::from(seen.days))
            });
        if days == 0 {
            return ASSUMED_ROWS_PER_DAY;
        }
        (to_f64(rows) / to_f64(days)).max(LEAST_ROWS_PER_DAY)
    }
}

/// The nearest whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "row estimates are positive and saturate at the ends of u64"
)]
pub(super) fn round(value: f64) -> u64 {
    value.round() as u64
}

/// Row counts are far below 2^53, where every whole number still has an exact `f64`.
#[expect(
    clippy::cast_precision_loss,
    reason = "row counts and caps are far below 2^53"
)]
fn to_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_advertiser_is_taken_for_an_average_one() {
        let mut density = Density::default();
        assert_eq!(density.knowledge(), Knowledge::Nothing);
        density.observe(
            &BTreeMap::from([("1".to_owned(), 20), ("2".to_owned(), 40)]),
            2,
        );
        assert_eq!(density.knowledge(), Knowledge::Little);
        assert!((density.rows_per_day("1") - 10.0).abs() < 1e-9);
        assert!((density.rows_per_day("3") - 15.0).abs() < 1e-9);
        density.observe(&BTreeMap::from([("1".to_owned(), 0)]), 8);
        assert_eq!(density.knowledge(), Knowledge::Enough);
        assert!((density.rows_per_day("1") - 2.0).abs() < 1e-9);
    }

    #[test]
    fn rows_are_expected_only_when_some_were_seen() {
        let mut density = Density::default();
        assert_eq!(density.rows([("1", 30)].into_iter()), None);
        density.observe(
            &BTreeMap::from([("1".to_owned(), 20), ("2".to_owned(), 40)]),
            2,
        );
        let days = [("1", 30), ("2", 3), ("unknown", 2)];
        assert_eq!(density.rows(days.into_iter()), Some(300 + 60 + 30));
    }
}
