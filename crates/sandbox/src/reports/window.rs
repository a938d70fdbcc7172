//! Attribution windows: which sales count for a metric, and what they brought in.

use crate::world::measures::Measure as M;

/// The sales of an attribution window and their revenue, as sums of base measures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) sales: &'static [M],
    pub(super) revenue: &'static [M],
}

const fn window(sales: &'static [M], revenue: &'static [M]) -> Window {
    Window { sales, revenue }
}

/// A sale within one day of a click.
pub(super) const CLICK_1D: Window = window(&[M::SalesClick1d], &[M::RevenueClick1d]);
/// The same on any device of the person.
pub(super) const ALL_CLICK_1D: Window = window(
    &[M::SalesClick1d, M::SalesClick1dCross],
    &[M::RevenueClick1d, M::RevenueClick1dCross],
);
/// Within seven days of a click.
pub(super) const CLICK_7D: Window = window(&[M::SalesClick7d], &[M::RevenueClick7d]);
/// The same on any device of the person.
pub(super) const ALL_CLICK_7D: Window = window(
    &[M::SalesClick7d, M::SalesClick7dCross],
    &[M::RevenueClick7d, M::RevenueClick7dCross],
);
/// Within thirty days of a click.
pub(super) const CLICK_30D: Window = window(&[M::SalesClick30d], &[M::RevenueClick30d]);
/// The same on any device of the person.
pub(super) const ALL_CLICK_30D: Window = window(
    &[M::SalesClick30d, M::SalesClick30dCross],
    &[M::RevenueClick30d, M::RevenueClick30dCross],
);
/// Within 24 hours of a view, without a click.
pub(super) const VIEW_24H: Window = window(&[M::SalesView24h], &[M::RevenueView24h]);
/// The same on any device of the person.
pub(super) const ALL_VIEW_24H: Window = window(
    &[M::SalesView24h, M::SalesView24hCross],
    &[M::RevenueView24h, M::RevenueView24hCross],
);
/// Seven days after a click or 24 hours after a view.
pub(super) const CLICK_7D_VIEW_24H: Window = window(
    &[M::SalesClick7d, M::SalesView24h],
    &[M::RevenueClick7d, M::RevenueView24h],
);
/// The same on any device of the person.
pub(super) const ALL_CLICK_7D_VIEW_24H: Window = window(
    &[
        M::SalesClick7d,
        M::SalesView24h,
        M::SalesClick7dCross,
        M::SalesView24hCross,
    ],
    &[
        M::RevenueClick7d,
        M::RevenueView24h,
        M::RevenueClick7dCross,
        M::RevenueView24hCross,
    ],
);
/// Thirty days after a click or 24 hours after a view.
pub(super) const CLICK_30D_VIEW_24H: Window = window(
    &[M::SalesClick30d, M::SalesView24h],
    &[M::RevenueClick30d, M::RevenueView24h],
);
/// The same on any device of the person.
pub(super) const ALL_CLICK_30D_VIEW_24H: Window = window(
    &[
        M::SalesClick30d,
        M::SalesView24h,
        M::SalesClick30dCross,
        M::SalesView24hCross,
    ],
    &[
        M::RevenueClick30d,
        M::RevenueView24h,
        M::RevenueClick30dCross,
        M::RevenueView24hCross,
    ],
);
/// The click was the last one before the sale.
pub(super) const LAST_CLICK: Window = window(&[M::SalesLastClick], &[M::RevenueLastClick]);
/// The same on any device of the person.
pub(super) const ALL_LAST_CLICK: Window = window(
    &[M::SalesLastClick, M::SalesLastClickCross],
    &[M::RevenueLastClick, M::RevenueLastClickCross],
);
/// The advertiser's own attribution.
pub(super) const CLIENT: Window = window(&[M::SalesClient], &[M::RevenueClient]);
/// The same on any device of the person.
pub(super) const ALL_CLIENT: Window = window(
    &[M::SalesClient, M::SalesClientCross],
    &[M::RevenueClient, M::RevenueClientCross],
);
/// In an app, after a click.
pub(super) const APP_CLICK: Window = window(&[M::SalesAppClick], &[M::RevenueAppClick]);
/// In an app, after a view.
pub(super) const APP_VIEW: Window = window(&[M::SalesAppView], &[M::RevenueAppView]);
/// In an app.
pub(super) const APP: Window = window(
    &[M::SalesAppClick, M::SalesAppView],
    &[M::RevenueAppClick, M::RevenueAppView],
);
/// In a store, after a click.
pub(super) const STORE_CLICK: Window = window(&[M::SalesStoreClick], &[M::RevenueStoreClick]);
/// In a store, after a view.
pub(super) const STORE_VIEW: Window = window(&[M::SalesStoreView], &[M::RevenueStoreView]);
/// Online or in a store, after a click.
pub(super) const OMNI_CLICK_30D: Window = window(
    &[M::SalesClick30d, M::SalesStoreClick],
    &[M::RevenueClick30d, M::RevenueStoreClick],
);
/// The same on any device of the person.
pub(super) const ALL_OMNI_CLICK_30D: Window = window(
    &[
        M::SalesClick30d,
        M::SalesClick30dCross,
        M::SalesStoreClick,
        M::SalesStoreClickCross,
    ],
    &[
        M::RevenueClick30d,
        M::RevenueClick30dCross,
        M::RevenueStoreClick,
        M::RevenueStoreClickCross,
    ],
);
/// Online or in a store, after a view.
pub(super) const OMNI_VIEW_24H: Window = window(
    &[M::SalesView24h, M::SalesStoreView],
    &[M::RevenueView24h, M::RevenueStoreView],
);
/// The same on any device of the person.
pub(super) const ALL_OMNI_VIEW_24H: Window = window(
    &[
        M::SalesView24h,
        M::SalesView24hCross,
        M::SalesStoreView,
        M::SalesStoreViewCross,
    ],
    &[
        M::RevenueView24h,
        M::RevenueView24hCross,
        M::RevenueStoreView,
        M::RevenueStoreViewCross,
    ],
);
/// The advertiser's own attribution online, or in a store after a click.
pub(super) const OMNI_CLIENT: Window = window(
    &[M::SalesClient, M::SalesStoreClick],
    &[M::RevenueClient, M::RevenueStoreClick],
);
