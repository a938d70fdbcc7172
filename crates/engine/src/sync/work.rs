//! What is left to read of one stream.

use std::collections::VecDeque;

use crate::catalog::Reader;
use crate::plan::density::{Density, Knowledge};
use crate::plan::pool::Pool;
use crate::source::Scope;
use crate::stream_spec::StreamSpec;

/// Advertisers whose campaigns or ad sets are asked for in one search.
const ADVERTISERS_PER_SEARCH: usize = 100;

/// The windows of a stream that were not begun yet.
pub(super) enum Work {
    /// Days and advertisers, packed as the density becomes known.
    Days {
        pool: Pool,
        density: Density,
        learns: bool,
    },
    /// Groups of advertisers whose listing is read whole.
    Listings(VecDeque<Vec<String>>),
}

impl Work {
    /// The next window.
    pub(super) fn take(&mut self) -> Option<Scope> {
        match self {
            Self::Days { pool, density, .. } => pool.take(density).map(|window| Scope {
                advertisers: window.advertisers,
                days: Some(window.days),
            }),
            Self::Listings(units) => units.pop_front().map(|advertisers| Scope {
                advertisers,
                days: None,
            }),
        }
    }

    /// How many windows to read at the same time: one until the density is known, since every window packed without
    /// knowing it may be wasted.
    pub(super) fn width(&self, concurrency: usize) -> usize {
        match self {
            Self::Days {
                density,
                learns: true,
                ..
            } if density.knowledge() != Knowledge::Enough => 1,
            _ => concurrency,
        }
    }

    /// Learns from a window that was loaded.
    pub(super) fn learn(&mut self, rows: &std::collections::BTreeMap<String, u64>, scope: &Scope) {
        if let (Self::Days { density, .. }, Some(days)) = (self, scope.days) {
            density.observe(rows, days.days());
        }
    }

    /// Asks for no more than so many days at a time from now on.
    pub(super) fn limit_days(&mut self, days: u32) {
        if let Self::Days { pool, .. } = self {
            pool.limit_days(days);
        }
    }

    /// What was not begun, in words; `None` when everything was.
    pub(super) fn rest(&self) -> Option<String> {
        match self {
            Self::Days { pool, .. } => pool.span().map(|days| days.to_string()),
            Self::Listings(units) => {
                let advertisers: Vec<&str> = units.iter().flatten().map(String::as_str).collect();
                (!advertisers.is_empty()).then(|| format!("advertisers {}", advertisers.join(", ")))
            }
        }
    }

    /// How many windows are left by what is known now.
    pub(super) fn windows_left(&self) -> usize {
        match self {
            Self::Listings(units) => units.len(),
            Self::Days { pool, density, .. } => pool.windows(density).len(),
        }
    }
}

/// The advertisers of an entity stream in the groups in which their listings are read.
pub(crate) fn entity_units(spec: &StreamSpec, advertisers: &[String]) -> Vec<Vec<String>> {
    if advertisers.is_empty() {
        return Vec::new();
    }
    let size = match spec.stream.reader {
        Reader::Advertisers | Reader::MarketplaceAdvertisers => advertisers.len(),
        Reader::Campaigns | Reader::AdSets => ADVERTISERS_PER_SEARCH,
        _ => 1,
    };
    advertisers.chunks(size).map(<[String]>::to_vec).collect()
}
