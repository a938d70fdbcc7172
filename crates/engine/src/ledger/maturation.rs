//! How much of the final numbers is known how early, and which lookback that supports.

use serde::Serialize;

/// Days (of one advertiser each) that must tell of an age before anything is concluded from it: four weeks of one
/// advertiser, so that every weekday is among them.
pub const DAYS_TO_CONCLUDE: u64 = 28;
/// The highest age looked at: the day after it, nothing moves any more.
pub const HIGHEST_AGE: u32 = 30;
/// Up to this share of a metric's value may still move where "nearly all" is known.
const NEARLY_ALL: f64 = 0.001;
/// The lookback is never taken to be shorter, whatever the numbers say: a month without late conversions says little of
/// the next one.
pub const LEAST_LOOKBACK_DAYS: u32 = 7;

/// What is known of one metric at one age.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MaturationPoint {
    /// Column of the stream's table.
    pub metric: String,
    /// The age, in days of the report's time zone.
    pub age_days: u32,
    /// Days (of one advertiser each) that tell of it.
    pub days: u64,
    /// The value known at that age as a share of the final one; `None` when that is zero.
    pub share_known: Option<f64>,
    /// All movements at higher ages, up or down, as a share of the final value; `None` when that is zero.
    pub share_moved_later: Option<f64>,
}

/// Which lookback the data supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Support {
    /// The smallest age from which on at most a thousandth of every metric still moves.
    pub nearly_all_known_after: Option<u32>,
    /// The smallest age from which on nothing moves any more.
    pub all_known_after: Option<u32>,
    /// Days (of one advertiser each) that were followed until they were final.
    pub days: u64,
}

impl Support {
    /// What `points` of one stream support.
    #[must_use]
    pub fn of(points: &[MaturationPoint]) -> Self {
        Self {
            nearly_all_known_after: smallest_age(points, NEARLY_ALL),
            all_known_after: smallest_age(points, 0.0),
            days: points.iter().map(|point| point.days).max().unwrap_or(0),
        }
    }

    /// The age up to which days are to be read in every run; `None` while there is too little data to tell. What nearly all
    /// is known after decides, not all: a single conversion of the last hour would otherwise end what months have shown,
    /// and the reading at the end of the lookback brings it in any case.
    #[must_use]
    pub fn lookback_days(&self) -> Option<u32> {
        self.nearly_all_known_after
            .map(|days| days.max(LEAST_LOOKBACK_DAYS))
    }
}

/// The smallest age such that at it and every higher one there are enough days, and no metric moves by more than
/// `share` later.
fn smallest_age(points: &[MaturationPoint], share: f64) -> Option<u32> {
    let still = |age: u32| {
        let of_age = || points.iter().filter(move |point| point.age_days == age);
        let is_known = of_age().any(|point| point.share_moved_later.is_some());
        is_known
            && of_age().all(|point| {
                point.days >= DAYS_TO_CONCLUDE
                    && point.share_moved_later.is_none_or(|moved| moved <= share)
            })
    };
    (0..=HIGHEST_AGE).rev().take_while(|age| still(*age)).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(days: u64, moved: impl Fn(u32) -> f64) -> Vec<MaturationPoint> {
        (0..=HIGHEST_AGE)
            .flat_map(|age_days| {
                let point = |metric: &str, share_moved_later| MaturationPoint {
                    metric: metric.to_owned(),
                    age_days,
                    days,
                    share_known: Some(1.0),
                    share_moved_later,
                };
                [
                    point("clicks", Some(0.0)),
                    point("sales", Some(moved(age_days))),
                    point("never", None),
                ]
            })
            .collect()
    }

    #[test]
    fn the_slowest_metric_decides() {
        let moved = |age| match age {
            0..=4 => 0.2,
            5..=11 => 0.0005,
            _ => 0.0,
        };
        let support = Support::of(&points(28, moved));
        assert_eq!(support.nearly_all_known_after, Some(5));
        assert_eq!(support.all_known_after, Some(12));
        assert_eq!(support.lookback_days(), Some(7));
        let later = |age| if age < 10 { 0.2 } else { 0.0005 };
        assert_eq!(Support::of(&points(28, later)).lookback_days(), Some(10));
        let early = Support::of(&points(28, |_| 0.0));
        assert_eq!(early.all_known_after, Some(0));
        assert_eq!(early.lookback_days(), Some(7));
    }

    #[test]
    fn few_days_or_days_that_never_rest_support_nothing() {
        assert_eq!(Support::of(&points(27, |_| 0.0)).lookback_days(), None);
        assert_eq!(Support::of(&points(99, |_| 0.01)).lookback_days(), None);
        assert_eq!(Support::of(&[]).lookback_days(), None);
    }
}
