//! A world so small that it can be loaded hundreds of times, with a stream of every kind that there is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use criteo_sandbox::{CallRecord, Scenario};
use jiff::civil::date;

use super::snapshot::{Findings, Snapshot};
use super::{Settings, Stage, Target, TargetKind};

const NOW: &str = "2026-11-23T10:00:00Z";
const WORLD: &str = "
[world]
seed = 11
advertisers = 2
campaigns_per_advertiser = 1
ad_sets_per_campaign = 2
ads_per_ad_set = 1
history_days = 10
placements_per_day = 3
transactions_per_day = 3
";

/// An undisturbed run in the small world.
pub(crate) struct Reference {
    /// What is in the database after it, which is the truth.
    pub(crate) snapshot: Snapshot,
    /// The calls that it took.
    pub(crate) calls: Vec<CallRecord>,
}

/// A stage in the small world. All of them have the same truth.
pub(crate) fn stage() -> Stage {
    stage_with(settings())
}

/// The same with other settings.
pub(crate) fn stage_with(settings: Settings) -> Stage {
    let scenario = Scenario::from_toml(WORLD).unwrap();
    Stage::open(NOW, scenario, settings)
}

/// The same with a destination that is made for the folder of the stage.
pub(crate) fn stage_into(
    settings: Settings,
    target: impl FnOnce(&Path) -> Box<dyn Target>,
) -> Stage {
    let scenario = Scenario::from_toml(WORLD).unwrap();
    Stage::open_into(NOW, scenario, settings, target)
}

/// Reports with and without totals and dimensions, files, and entities that are searched, paged and asked for one ad
/// set at a time.
pub(crate) fn settings() -> Settings {
    Settings::new(date(2026, 11, 20))
        .with_only(&[
            "statistics",
            "placements",
            "transactions",
            "transparency",
            "advertisers",
            "campaigns",
            "ads",
            "ad_set_category_bids",
        ])
        .with_report(
            "by_device",
            &["AdvertiserId", "CampaignId", "Day", "Device"],
            &["Clicks", "AdvertiserCost"],
        )
}

/// The undisturbed run into a destination of this kind. It is made once, and its tables are held against the truth.
/// Each kind has its own, because each writes values as text in its own way.
pub(crate) fn reference(target: TargetKind) -> &'static Reference {
    static REFERENCES: Mutex<BTreeMap<TargetKind, &OnceLock<Reference>>> =
        Mutex::new(BTreeMap::new());
    let reference = *REFERENCES
        .lock()
        .unwrap()
        .entry(target)
        .or_insert_with(|| Box::leak(Box::new(OnceLock::new())));
    reference.get_or_init(|| {
        let mut stage = stage_with(settings().into_target(target));
        stage.sync();
        stage.assert_equals_truth();
        let snapshot = Snapshot::of(&stage);
        let whole = snapshot.compare(&snapshot);
        assert!(whole.are_none(), "{whole:?}");
        Reference {
            snapshot,
            calls: stage.sandbox.calls(),
        }
    })
}

/// In what the destination of a stage in the small world differs from the truth.
pub(crate) fn findings(stage: &Stage) -> Findings {
    Snapshot::of(stage).compare(&reference(stage.target.kind()).snapshot)
}
