//! A report that is fine enough for rows to vanish when Criteo restates a day, and an account in which they do.

use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::civil::date;

use super::{Settings, Stage};

/// The report's key.
pub(crate) const FINE: [&str; 7] = [
    "AdvertiserId",
    "AdsetId",
    "AdId",
    "CategoryId",
    "Device",
    "Os",
    "Day",
];
/// The moment at which its stages begin.
pub(crate) const NOW: &str = "2026-03-01T09:00:00Z";

/// The account.
pub(crate) fn two_advertisers() -> Scenario {
    Scenario {
        world: WorldConfig {
            advertisers: 2,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    }
}

/// These streams and the report `fine`, from three weeks ago on.
pub(crate) fn settings(streams: &[&str]) -> Settings {
    Settings::new(date(2026, 2, 10))
        .in_currency_and_zone("EUR", "Europe/Paris")
        .with_only(streams)
        .with_report("fine", &FINE, &["Clicks", "AdvertiserCost", "SalesPc30d"])
}

/// A stage with these streams and the report.
pub(crate) fn stage(streams: &[&str]) -> Stage {
    Stage::open(NOW, two_advertisers(), settings(streams))
}
