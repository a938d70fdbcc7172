//! Sales that follow an ad, and which attribution windows count them.

use super::calendar::{MINUTES_PER_DAY, RESTATED_FOR_MINUTES};
use super::chance::Chance;
use super::measures::{Measure, Measures};
use super::money::Rate;

/// Where a sale was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Online,
    App,
    Store,
}

/// One sale, booked on the moment of the ad it is attributed to.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    /// Minutes from the ad to the sale. The sale is not known earlier.
    pub(crate) delay: i64,
    after_click: bool,
    other_device: bool,
    last_click: bool,
    by_client: bool,
    place: Place,
    /// Ten-thousandths of a euro.
    amount: i64,
}

impl Sale {
    /// Draws one sale. Most follow within days, some take four weeks; after a view only the first day counts.
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let after_click = !chance.one_in(4);
        let longest = if after_click {
            RESTATED_FOR_MINUTES
        } else {
            MINUTES_PER_DAY - 1
        };
        let reach = chance.between(0, longest);
        Self {
            // Squared, so that small delays are common: half of them fall into the first quarter of the window.
            delay: reach * reach / longest,
            after_click,
            other_device: chance.one_in(5),
            last_click: !chance.one_in(3),
            by_client: chance.one_in(2),
            place: match chance.below(8) {
                0 => Place::App,
                1 => Place::Store,
                _ => Place::Online,
            },
            amount: chance.between(50_000, 2_500_000),
        }
    }

    /// Counts the sale in every attribution window that it belongs to.
    pub(crate) fn record(&self, outcome: &mut Measures, rate: Rate) {
        let amount = rate.convert(self.amount);
        let mut count = |sales: Measure, revenue: Measure| {
            outcome[sales] += 1;
            outcome[revenue] += amount;
        };
        use Measure as M;
        match (self.place, self.after_click, self.other_device) {
            (Place::App, true, _) => {
                count(M::SalesAppClick, M::RevenueAppClick);
            }
            (Place::App, false, _) => count(M::SalesAppView, M::RevenueAppView),
            (Place::Store, true, false) => count(M::SalesStoreClick, M::RevenueStoreClick),
            (Place::Store, false, false) => count(M::SalesStoreView, M::RevenueStoreView),
            (Place::Store, true, true) => count(M::SalesStoreClickCross, M::RevenueStoreClickCross),
            (Place::Store, false, true) => count(M::SalesStoreViewCross, M::RevenueStoreViewCross),
            (Place::Online, false, false) => count(M::SalesView24h, M::RevenueView24h),
            (Place::Online, false, true) => count(M::SalesView24hCross, M::RevenueView24hCross),
            (Place::Online, true, false) => {
                count(M::SalesClick30d, M::RevenueClick30d);
                if self.delay <= 7 * MINUTES_PER_DAY {
                    count(M::SalesClick7d, M::RevenueClick7d);
                }
                if self.delay <= MINUTES_PER_DAY {
                    count(M::SalesClick1d, M::RevenueClick1d);
                }
                if self.last_click {
                    count(M::SalesLastClick, M::RevenueLastClick);
                }
            }
            (Place::Online, true, true) => {
                count(M::SalesClick30dCross, M::RevenueClick30dCross);
                if self.delay <= 7 * MINUTES_PER_DAY {
                    count(M::SalesClick7dCross, M::RevenueClick7dCross);
                }
                if self.delay <= MINUTES_PER_DAY {
                    count(M::SalesClick1dCross, M::RevenueClick1dCross);
                }
                if self.last_click {
                    count(M::SalesLastClickCross, M::RevenueLastClickCross);
                }
            }
        }
        if self.place == Place::Online && self.by_client {
            let (sales, revenue, value) = if self.other_device {
                (
                    M::SalesClientCross,
                    M::RevenueClientCross,
                    M::ValueClientCross,
                )
            } else {
                (M::SalesClient, M::RevenueClient, M::ValueClient)
            };
            outcome[sales] += 1;
            outcome[revenue] += amount;
            outcome[value] += rate.convert(self.amount * 30 / 100);
        }
        if self.place == Place::App && self.after_click {
            outcome[M::AppInstalls] += 1;
        }
    }
}
