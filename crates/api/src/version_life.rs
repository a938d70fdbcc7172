//! How long Criteo serves each version of its API.

use jiff::civil::{Date, date};

use crate::API_VERSION;

/// A stable version of Criteo's API and when it ends.
///
/// Criteo's docs (versioning policy) name months, not days; a month stands here as its first day, which is the earliest
/// day that it can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionLife {
    /// The version as it stands in paths.
    pub version: &'static str,
    /// From here on Criteo calls it deprecated. It works as before.
    pub deprecated_from: Date,
    /// From here on Criteo need not serve it: 410, except for endpoints that have not changed since.
    pub decommissioned_from: Date,
}

/// Every stable version whose end Criteo's docs name, oldest first. Two appear a year, in January and July, and each is
/// served for twelve months.
pub const VERSION_LIVES: [VersionLife; 3] = [
    VersionLife {
        version: "2026-01",
        deprecated_from: date(2026, 10, 1),
        decommissioned_from: date(2027, 1, 1),
    },
    VersionLife {
        version: "2026-07",
        deprecated_from: date(2027, 4, 1),
        decommissioned_from: date(2027, 7, 1),
    },
    VersionLife {
        version: "2027-01",
        deprecated_from: date(2027, 10, 1),
        decommissioned_from: date(2028, 1, 1),
    },
];

/// Where a version stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionStage {
    /// Served, and not near its end.
    Current,
    /// Served, and announced to end.
    Deprecated,
    /// Past the day from which Criteo need not serve it.
    Decommissioned,
}

impl VersionLife {
    /// The life of the version that this crate speaks, [`API_VERSION`].
    pub fn spoken() -> &'static Self {
        VERSION_LIVES
            .iter()
            .find(|life| life.version == API_VERSION)
            .expect("a test proves that the spoken version is in the table")
    }

    /// Where the version stands on a day.
    pub fn stage(&self, day: Date) -> VersionStage {
        if day >= self.decommissioned_from {
            VersionStage::Decommissioned
        } else if day >= self.deprecated_from {
            VersionStage::Deprecated
        } else {
            VersionStage::Current
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spoken_version_has_a_life() {
        assert_eq!(VersionLife::spoken().version, API_VERSION);
    }

    #[test]
    fn versions_end_a_year_after_they_appear_in_order() {
        assert!(VERSION_LIVES.is_sorted_by_key(|life| life.version));
        for life in VERSION_LIVES {
            let appears: Date = format!("{}-01", life.version).parse().unwrap();
            let end = life.decommissioned_from;
            assert_eq!(
                (end.year() - appears.year(), end.month()),
                (1, appears.month())
            );
            assert_eq!(life.stage(appears), VersionStage::Current);
            assert_eq!(
                life.stage(end.yesterday().unwrap()),
                VersionStage::Deprecated
            );
            assert_eq!(life.stage(end), VersionStage::Decommissioned);
        }
    }
}
