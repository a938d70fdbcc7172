//! What is left to read of one stream.

use std::collections::{BTreeMap, VecDeque};

use crate::catalog::Reader;
use crate::plan::density::{Density, Knowledge};
use crate::plan::pool::Pool;
use crate::source::Scope;
use crate::stream_spec::StreamSpec;

/// Advertisers whose campaigns or ad sets are asked for in one search.
const ADVERTISERS_PER_SEARCH: usize = 100;

/// The windows of a stream that are not done yet.
pub(super) struct Work {
    rest: Rest,
    density: Density,
    /// Days of each advertiser that were taken out and are neither loaded nor given up.
    under_way: BTreeMap<String, u32>,
}

/// What was not begun yet.
enum Rest {
    /// Days and advertisers, packed as the density becomes known.
    Days { pool: Pool, learns: bool },
    /// Groups of advertisers whose listing is read whole.
    Listings(VecDeque<Vec<String>>),
}

impl Work {
    /// Days and advertisers. `learns` says whether packing them takes knowing how many rows they have.
    pub(super) fn days(pool: Pool, density: Density, learns: bool) -> Self {
        Self {
            rest: Rest::Days { pool, learns },
            density,
            under_way: BTreeMap::new(),
        }
    }

    /// Listings of groups of advertisers.
    pub(super) fn listings(units: Vec<Vec<String>>) -> Self {
        Self {
            rest: Rest::Listings(units.into()),
            density: Density::default(),
            under_way: BTreeMap::new(),
        }
    }

    /// The next window.
    pub(super) fn take(&mut self) -> Option<Scope> {
        let scope = match &mut self.rest {
            Rest::Days { pool, .. } => pool.take(&self.density).map(|window| Scope {
                advertisers: window.advertisers,
                days: Some(window.days),
            }),
            Rest::Listings(units) => units.pop_front().map(|advertisers| Scope {
                advertisers,
                days: None,
            }),
        }?;
        for advertiser in &scope.advertisers {
            *self.under_way.entry(advertiser.clone()).or_default() += days_of(&scope);
        }
        Some(scope)
    }

    /// How many windows to read at the same time: one until the density is known, since every window packed without
    /// knowing it may be wasted. Not so where a single day of an advertiser fills a call: there is nothing to pack.
    pub(super) fn width(&self, concurrency: usize) -> usize {
        match &self.rest {
            Rest::Days { learns: true, pool }
                if self.density.knowledge() != Knowledge::Enough
                    && !pool.next_fills_a_call(&self.density) =>
            {
                1
            }
            _ => concurrency,
        }
    }

    /// Learns from a window that was loaded.
    pub(super) fn learn(&mut self, rows: &BTreeMap<String, u64>, scope: &Scope) {
        self.density.observe(rows, days_of(scope));
        self.settle(scope);
    }

    /// Notes that a window will not come.
    pub(super) fn settle(&mut self, scope: &Scope) {
        for advertiser in &scope.advertisers {
            if let Some(days) = self.under_way.get_mut(advertiser) {
                *days = days.saturating_sub(days_of(scope));
            }
        }
    }

    /// Asks for no more than so many days at a time from now on.
    pub(super) fn limit_days(&mut self, days: u32) {
        if let Rest::Days { pool, .. } = &mut self.rest {
            pool.limit_days(days);
        }
    }

    /// What was not begun, in words; `None` when everything was.
    pub(super) fn rest(&self) -> Option<String> {
        match &self.rest {
            Rest::Days { pool, .. } => pool.span().map(|days| days.to_string()),
            Rest::Listings(units) => {
                let advertisers: Vec<&str> = units.iter().flatten().map(String::as_str).collect();
                (!advertisers.is_empty()).then(|| format!("advertisers {}", advertisers.join(", ")))
            }
        }
    }

    /// How many windows are left by what is known now.
    pub(super) fn windows_left(&self) -> usize {
        match &self.rest {
            Rest::Listings(units) => units.len(),
            Rest::Days { pool, .. } => pool.windows(&self.density).len(),
        }
    }

    /// How many rows are still to come, those of windows on their way among them, if they are like those that came
    /// before. `None` when none did.
    pub(super) fn rows_left(&self) -> Option<u64> {
        let under_way = self.under_way.iter();
        let under_way = under_way.map(|(advertiser, days)| (advertiser.as_str(), *days));
        match &self.rest {
            Rest::Days { pool, .. } => self.density.rows(pool.days().chain(under_way)),
            Rest::Listings(units) => {
                let rest = units.iter().flatten();
                let rest = rest.map(|advertiser| (advertiser.as_str(), 1));
                self.density.rows(rest.chain(under_way))
            }
        }
    }
}

/// The days of a window; a listing counts as one.
fn days_of(scope: &Scope) -> u32 {
    scope.days.map_or(1, |days| days.days())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::DayRange;
    use crate::plan::needs::Needs;
    use crate::plan::period::Period;
    use crate::plan::pool::Limits;
    use jiff::civil::date;

    /// Thirty days of two advertisers, of which the first had `rows` in each of two days already.
    fn begun(rows: u64) -> Work {
        let days = DayRange::new(date(2026, 3, 1), date(2026, 3, 30)).unwrap();
        let needs = Needs {
            ranges: ["1", "2"].map(|id| (id.to_owned(), vec![days])).into(),
            ..Needs::default()
        };
        let limits = Limits {
            row_cap: Some(100_000),
            max_days: None,
            max_advertisers: None,
            period: Period::Day,
        };
        let mut density = Density::default();
        if rows > 0 {
            density.observe(&BTreeMap::from([("1".to_owned(), 2 * rows)]), 2);
        }
        Work::days(Pool::new(needs, limits), density, true)
    }

    #[test]
    fn windows_are_read_one_by_one_until_the_density_is_known_or_a_day_fills_a_call() {
        for (rows, width) in [(0, 1), (10, 1), (45_000, 1), (60_000, 8), (200_000, 8)] {
            assert_eq!(begun(rows).width(8), width, "{rows} rows a day");
        }
        let mut known = begun(10);
        known.density.assume_days(7);
        assert_eq!(known.width(8), 8);
    }
}
