//! The configuration file of a test, as data. The names are those of `criteo.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use criteo_engine::catalog::Catalog;
use jiff::civil::Date;
use serde::Serialize;

use super::target::{Target, TargetKind};

/// A whole `criteo.toml`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    pub(crate) criteo: CriteoSettings,
    pub(crate) sync: SyncSettings,
    /// Where the rows go; the section follows from the stage's target.
    #[serde(skip)]
    pub(crate) target: TargetKind,
    pub(crate) streams: BTreeMap<String, StreamSettings>,
    pub(crate) reports: Vec<ReportSettings>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct CriteoSettings {
    pub(crate) currency: String,
    pub(crate) timezone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advertiser_ids: Option<Vec<String>>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct SyncSettings {
    pub(crate) start_date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_seconds: Option<u32>,
    /// A word; days are not needed so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lookback_days: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lookback: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spool_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct StreamSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metrics: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keep_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keep_versions: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_date: Option<Date>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReportSettings {
    pub(crate) name: String,
    pub(crate) dimensions: Vec<String>,
    pub(crate) metrics: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_date: Option<Date>,
}

impl Settings {
    /// The streams that are on by default, in euros and UTC, into a DuckDB file.
    pub(crate) fn new(start_date: Date) -> Settings {
        Settings {
            criteo: CriteoSettings {
                currency: "EUR".to_owned(),
                timezone: "UTC".to_owned(),
                advertiser_ids: None,
            },
            sync: SyncSettings {
                start_date,
                retry_seconds: None,
                lookback_days: None,
                lookback: None,
                spool_dir: None,
            },
            target: TargetKind::DuckDb,
            streams: BTreeMap::new(),
            reports: Vec::new(),
        }
    }

    /// Money in another currency, days of another zone.
    pub(crate) fn in_currency_and_zone(mut self, currency: &str, zone: &str) -> Settings {
        self.criteo.currency = currency.to_owned();
        self.criteo.timezone = zone.to_owned();
        self
    }

    /// The rows go to a destination of another kind.
    pub(crate) fn into_target(mut self, target: TargetKind) -> Settings {
        self.target = target;
        self
    }

    /// A call that fails is tried again for so many seconds.
    pub(crate) fn retrying_for(mut self, seconds: u32) -> Settings {
        self.sync.retry_seconds = Some(seconds);
        self
    }

    /// Every stream of the catalog is on.
    pub(crate) fn with_every_stream(mut self) -> Settings {
        for stream in Catalog::builtin().streams() {
            self.stream(&stream.name).enabled = Some(true);
        }
        self
    }

    /// Of the catalog's streams these and no others are on.
    pub(crate) fn with_only(mut self, names: &[&str]) -> Settings {
        for stream in Catalog::builtin().streams() {
            self.stream(&stream.name).enabled = Some(names.contains(&stream.name.as_str()));
        }
        self
    }

    /// One more statistics report.
    pub(crate) fn with_report(
        mut self,
        name: &str,
        dimensions: &[&str],
        metrics: &[&str],
    ) -> Settings {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        self.reports.push(ReportSettings {
            name: name.to_owned(),
            dimensions: owned(dimensions),
            metrics: owned(metrics),
            start_date: None,
        });
        self
    }

    /// The section of a stream, to be changed.
    pub(crate) fn stream(&mut self, name: &str) -> &mut StreamSettings {
        self.streams.entry(name.to_owned()).or_default()
    }

    /// The text of the file, with the section of a destination.
    pub(crate) fn to_toml(&self, destination: &dyn Target) -> String {
        let mut file = toml::Table::try_from(self).unwrap();
        file.insert("destination".to_owned(), destination.section().into());
        toml::to_string(&file).unwrap()
    }
}
