//! The base measures every metric is derived from. All of them are integers that add up.

use std::ops::{AddAssign, Index, IndexMut};

/// A base measure. Sales and revenue without `Cross` were made on the device that saw the ad; `Cross` ones on another
/// device of the same person, so that "all" sales are the sum of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    Displays,
    PotentialDisplays,
    ViewableDisplays,
    NonViewableDisplays,
    UntrackableDisplays,
    InvalidDisplays,
    Clicks,
    InvalidClicks,
    Visits,
    QualifiedVisits,
    BouncedVisits,
    VisitsAfterView,
    VisitsAfterViewCross,
    AppInstalls,
    VideoStarted,
    VideoFirstQuartile,
    VideoMidpoint,
    VideoThirdQuartile,
    VideoCompleted,
    VideoAudibleViewableOnCompletion,
    /// Money from here on, except the sales counts: in the report's currency.
    Cost,
    NetCost,
    /// Money in euros whatever the report's currency.
    RetailerMarginEuro,
    PlatformFeeEuro,
    SalesClick1d,
    SalesClick7d,
    SalesClick30d,
    SalesView24h,
    SalesLastClick,
    SalesClient,
    SalesClick1dCross,
    SalesClick7dCross,
    SalesClick30dCross,
    SalesView24hCross,
    SalesLastClickCross,
    SalesClientCross,
    SalesAppClick,
    SalesAppView,
    SalesStoreClick,
    SalesStoreView,
    SalesStoreClickCross,
    SalesStoreViewCross,
    RevenueClick1d,
    RevenueClick7d,
    RevenueClick30d,
    RevenueView24h,
    RevenueLastClick,
    RevenueClient,
    RevenueClick1dCross,
    RevenueClick7dCross,
    RevenueClick30dCross,
    RevenueView24hCross,
    RevenueLastClickCross,
    RevenueClientCross,
    RevenueAppClick,
    RevenueAppView,
    RevenueStoreClick,
    RevenueStoreView,
    RevenueStoreClickCross,
    RevenueStoreViewCross,
    ValueClient,
    ValueClientCross,
}

/// How many base measures there are.
pub(crate) const MEASURES: usize = Measure::ValueClientCross as usize + 1;

/// One value for every base measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measures([i64; MEASURES]);

impl Measures {
    pub(crate) const ZERO: Self = Self([0; MEASURES]);

    /// The sum of several measures.
    pub(crate) fn sum(&self, measures: &[Measure]) -> i64 {
        measures.iter().map(|measure| self[*measure]).sum()
    }
}

impl Index<Measure> for Measures {
    type Output = i64;

    fn index(&self, measure: Measure) -> &i64 {
        &self.0[measure as usize]
    }
}

impl IndexMut<Measure> for Measures {
    fn index_mut(&mut self, measure: Measure) -> &mut i64 {
        &mut self.0[measure as usize]
    }
}

impl AddAssign<&Measures> for Measures {
    fn add_assign(&mut self, other: &Measures) {
        for (own, more) in self.0.iter_mut().zip(&other.0) {
            *own += more;
        }
    }
}
