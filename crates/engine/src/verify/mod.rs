//! Proof after the fact: Criteo's totals of what is loaded, beside the sums of the table.
//!
//! Criteo is asked for each advertiser and month without further breakdown, which is a call or two for years of
//! data. Where a month differs, its days are asked for, so that the windows to blame can be named and read again.
//! Only additive metrics can be compared; the others are named.

mod ask;
mod sums;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use self::ask::Totals;
use self::sums::{Key, SumTable};
use crate::calendar::{DayRange, add_days};
use crate::catalog::{Reader, StreamKind};
use crate::doctor::refuse_other_purposes;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::ledger::coverage::Coverage;
use crate::neighbours::Ownership;
use crate::plan::period::Period;
use crate::stream_spec::StreamSpec;
use crate::sync::{self, Selection};

/// What came of comparing.
#[derive(Debug, Clone, Serialize)]
pub struct Verification {
    /// Per stream that can be compared.
    pub streams: Vec<StreamVerification>,
    /// The selected streams that cannot be compared.
    pub not_comparable: Vec<NotComparable>,
    /// Calls it took.
    pub calls: u32,
    /// Whether there was nothing to compare because other connections read, and compare, all of the advertisers.
    #[serde(skip)]
    pub is_left_to_others: bool,
}

impl Verification {
    /// Whether something was compared, and every sum is what Criteo says.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let has_compared = self.streams.iter().any(|stream| stream.compared > 0);
        (has_compared || self.is_left_to_others)
            && self
                .streams
                .iter()
                .all(|stream| stream.differences.is_empty())
    }
}

/// A stream that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotComparable {
    /// Stream name.
    pub stream: String,
    /// Why, as words that can stand in brackets behind the names of several such streams.
    pub reason: &'static str,
}

/// What came of comparing one stream.
#[derive(Debug, Clone, Serialize)]
pub struct StreamVerification {
    /// Stream name.
    pub stream: String,
    /// First day that was compared; `None` when nothing is loaded.
    pub first_day: Option<Date>,
    /// Last day that was compared.
    pub last_day: Option<Date>,
    /// Advertisers that were compared.
    pub advertisers: usize,
    /// Loaded advertisers that no longer consent to the app, so that Criteo cannot be asked about them.
    pub not_granted: Vec<String>,
    /// Sums that were compared: advertisers × months × metrics.
    pub compared: u64,
    /// The metrics that were compared.
    pub metrics: Vec<String>,
    /// The metrics that cannot be compared because they do not add up.
    pub left_out: Vec<String>,
    /// Every sum that differs.
    pub differences: Vec<Difference>,
}

/// A sum of the table that is not what Criteo says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The advertiser.
    pub advertiser_id: String,
    /// The first day concerned.
    pub first_day: Date,
    /// The last day concerned.
    pub last_day: Date,
    /// The column.
    pub metric: String,
    /// The sum of the table; `None` when it has no row there.
    pub table: Option<String>,
    /// What Criteo says; `None` when it has no row there.
    pub criteo: Option<String>,
    /// Whether the days were read too early to be final, so that restatement explains it.
    pub immature: bool,
}

/// Why Criteo gives no totals for a stream; `None` when it does.
fn why_not_comparable(spec: &StreamSpec) -> Option<&'static str> {
    match (spec.stream.reader, spec.stream.kind) {
        (Reader::Statistics, _) => None,
        (_, StreamKind::Entity) => Some("listings have no sums"),
        (_, StreamKind::Report | StreamKind::Files) => {
            Some("Criteo gives totals for statistics and custom reports only")
        }
    }
}

impl Engine {
    /// Compares the sums of every loaded statistics stream with Criteo's totals.
    ///
    /// # Errors
    /// When Criteo or the destination cannot be asked, or a table holds another currency, time zone or grain than the
    /// configuration asks for.
    pub async fn verify(&self, selection: &Selection) -> Result<Verification, EngineError> {
        let specs = sync::selected(&self.specs, selection)?;
        // Sums in another currency, or of other days, would differ everywhere and say nothing.
        let comparable = specs.iter().map(AsRef::as_ref);
        refuse_other_purposes(
            self.destination.as_ref(),
            comparable.filter(|spec: &&StreamSpec| why_not_comparable(spec).is_none()),
        )
        .await?;
        let totals = Totals::new(self)?;
        let granted = sync::granted_advertisers(&self.client).await?;
        // What another connection reads is compared by that one.
        let has_advertisers = !granted.is_empty();
        let (comparable, _) = self.without_those_of_neighbours(granted);
        let ownership = self.ownership().await?;
        let mut streams = Vec::new();
        let mut not_comparable = Vec::new();
        for spec in specs {
            if let Some(reason) = why_not_comparable(&spec) {
                not_comparable.push(NotComparable {
                    stream: spec.name.clone(),
                    reason,
                });
            } else {
                streams.push(
                    self.verify_stream(&spec, selection, &totals, &comparable, &ownership)
                        .await?,
                );
            }
        }
        Ok(Verification {
            streams,
            not_comparable,
            calls: totals.calls(),
            is_left_to_others: has_advertisers && comparable.is_empty(),
        })
    }

    async fn verify_stream(
        &self,
        spec: &Arc<StreamSpec>,
        selection: &Selection,
        totals: &Totals,
        comparable: &[String],
        ownership: &Ownership,
    ) -> Result<StreamVerification, EngineError> {
        let entries = self.destination.windows(&spec.name).await?;
        let columns: Vec<String> = spec
            .metrics
            .iter()
            .filter(|metric| metric.additive)
            .map(|metric| metric.column.clone())
            .collect();
        let mut verification = StreamVerification {
            stream: spec.name.clone(),
            first_day: None,
            last_day: None,
            advertisers: 0,
            not_granted: Vec::new(),
            compared: 0,
            left_out: spec
                .metrics
                .iter()
                .filter(|metric| !metric.additive)
                .map(|metric| metric.column.clone())
                .collect(),
            metrics: columns.clone(),
            differences: Vec::new(),
        };
        let Some(range) = self.range_to_verify(spec, selection, &entries) else {
            return Ok(verification);
        };
        if columns.is_empty() {
            return Ok(verification);
        }
        let own: BTreeSet<String> = ownership
            .own(
                entries
                    .iter()
                    .filter(|entry| entry.quarantine_reason.is_none()),
            )
            .into_iter()
            .map(str::to_owned)
            .collect();
        let coverage = Coverage::paint(entries, range);
        let comparison = Comparison {
            engine: self,
            totals,
            spec,
            coverage: &coverage,
            columns: &columns,
        };
        for (days, advertisers) in loaded_together(&coverage) {
            let (advertisers, departed): (Vec<String>, Vec<String>) = advertisers
                .into_iter()
                .partition(|advertiser| comparable.contains(advertiser));
            let departed = departed.into_iter().filter(|one| own.contains(one));
            verification.not_granted.extend(departed);
            if advertisers.is_empty() {
                continue;
            }
            verification.advertisers += advertisers.len();
            verification.first_day = verification.first_day.into_iter().chain([days.first]).min();
            verification.last_day = verification.last_day.into_iter().chain([days.last]).max();
            comparison
                .compare(&advertisers, days, &mut verification)
                .await?;
        }
        Ok(verification)
    }

    /// The loaded days that the selection asks for and that Criteo still has.
    fn range_to_verify(
        &self,
        spec: &StreamSpec,
        selection: &Selection,
        entries: &[crate::ledger::WindowEntry],
    ) -> Option<DayRange> {
        let loaded = || {
            entries
                .iter()
                .filter(|entry| entry.quarantine_reason.is_none())
                .filter_map(|entry| entry.days)
        };
        let today = self.clock.today(&spec.time_zone);
        let readable = spec.stream.first_readable_day(today).unwrap_or(Date::MIN);
        let first = loaded().map(|days| days.first).min()?.max(readable);
        let last = loaded().map(|days| days.last).max()?;
        DayRange::new(
            selection.from.map_or(first, |from| from.max(first)),
            selection.to.map_or(last, |to| to.min(last)),
        )
    }
}

/// What comparing one stream needs.
struct Comparison<'a> {
    engine: &'a Engine,
    totals: &'a Totals,
    spec: &'a Arc<StreamSpec>,
    coverage: &'a Coverage,
    columns: &'a [String],
}

impl Comparison<'_> {
    async fn compare(
        &self,
        advertisers: &[String],
        days: DayRange,
        verification: &mut StreamVerification,
    ) -> Result<(), EngineError> {
        let Some(day_column) = self.spec.day_column.as_deref() else {
            return Ok(());
        };
        let is_daily = self.spec.period == Period::Day;
        let coarse = if is_daily { "month" } else { day_column };
        let (compared, differing) = self.differing(advertisers, days, coarse).await?;
        verification.compared += compared;
        if differing.is_empty() {
            return Ok(());
        }
        if !is_daily {
            verification
                .differences
                .extend(self.words(differing, self.spec.period));
            return Ok(());
        }
        let blamed: BTreeSet<String> = differing
            .iter()
            .map(|(key, ..)| key.advertiser.clone())
            .collect();
        let first = differing
            .iter()
            .map(|(key, ..)| key.period)
            .min()
            .unwrap_or(days.first);
        let last = differing
            .iter()
            .map(|(key, ..)| key.period.last_of_month())
            .max()
            .unwrap_or(days.last);
        let Some(days) = DayRange { first, last }.intersection(&days) else {
            return Ok(());
        };
        let blamed: Vec<String> = blamed.into_iter().collect();
        let (_, daily) = self.differing(&blamed, days, day_column).await?;
        if daily.is_empty() {
            // The months moved between the two questions; say so rather than nothing.
            verification
                .differences
                .extend(self.words(differing, Period::Month));
        } else {
            verification
                .differences
                .extend(self.words(daily, Period::Day));
        }
        Ok(())
    }

    /// The sums that differ between the table and Criteo at one grain, and how many were compared.
    async fn differing(
        &self,
        advertisers: &[String],
        days: DayRange,
        period_column: &str,
    ) -> Result<(u64, Vec<(Key, String, Option<i128>, Option<i128>)>), EngineError> {
        let criteo = self
            .totals
            .ask(self.spec, advertisers, days, period_column)
            .await?;
        let table = sums::of_table(
            self.engine.destination.as_ref(),
            self.spec,
            advertisers,
            days,
            period_column,
            self.columns,
        )
        .await?;
        let keys: BTreeSet<&Key> = criteo.keys().chain(table.keys()).collect();
        let mut compared = 0;
        let mut differing = Vec::new();
        for key in keys {
            for column in self.columns {
                let value = |sums: &SumTable| {
                    sums.get(key)
                        .and_then(|row| row.get(column).copied().flatten())
                };
                let (here, there) = (value(&table), value(&criteo));
                compared += 1;
                // A row of zeros and no row at all are the same sum.
                if here.unwrap_or_default() != there.unwrap_or_default() {
                    differing.push((key.clone(), column.clone(), here, there));
                }
            }
        }
        Ok((compared, differing))
    }

    fn words(
        &self,
        differing: Vec<(Key, String, Option<i128>, Option<i128>)>,
        period: Period,
    ) -> Vec<Difference> {
        differing
            .into_iter()
            .map(|(key, column, table, criteo)| {
                let days = DayRange {
                    first: key.period,
                    last: period.last_day(key.period),
                };
                let text =
                    |value: Option<i128>| value.map(|units| sums::text(self.spec, &column, units));
                Difference {
                    immature: days
                        .iter()
                        .any(|day| self.is_immature(&key.advertiser, day)),
                    advertiser_id: key.advertiser,
                    first_day: days.first,
                    last_day: days.last,
                    table: text(table),
                    criteo: text(criteo),
                    metric: column,
                }
            })
            .collect()
    }

    fn is_immature(&self, advertiser: &str, day: Date) -> bool {
        let lookback = i32::try_from(self.spec.lookback.full_days()).unwrap_or(i32::MAX);
        self.coverage
            .reading(advertiser, day)
            .is_some_and(|reading| {
                let read_on = reading
                    .read_at
                    .to_zoned_datetime(self.spec.time_zone.clone())
                    .date();
                read_on < add_days(self.spec.period.last_day(day), lookback)
            })
    }
}

/// Advertisers grouped by the days they have, so that each group is one question.
fn loaded_together(coverage: &Coverage) -> Vec<(DayRange, Vec<String>)> {
    let mut groups: BTreeMap<(Date, Date), Vec<String>> = BTreeMap::new();
    for advertiser in coverage.advertisers() {
        for range in coverage.read_ranges(advertiser) {
            groups
                .entry((range.first, range.last))
                .or_default()
                .push(advertiser.to_owned());
        }
    }
    groups
        .into_iter()
        .map(|((first, last), advertisers)| (DayRange { first, last }, advertisers))
        .collect()
}
