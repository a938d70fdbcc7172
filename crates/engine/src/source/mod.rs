//! Reading one window from Criteo: the calls it takes, decoded into spool files.
//!
//! A [`Source`] knows how each kind of stream is asked for and turns every way in which that can fail into a
//! [`ReadFailure`], which is a decision for [`crate::sync`]: ask for less, leave it for this run, or stop.

mod ad_sets;
mod entity;
mod expectation;
mod failure;
mod listing;
mod log_files;
mod meter;
mod report;
mod report_sink;
mod spool_file;
mod trust;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use criteo_api::Client;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

pub use failure::ReadFailure;
pub use listing::Listings;
pub(crate) use meter::metered_until;
pub use meter::{ApiReporter, Meter, metered};
pub(crate) use spool_file::batches_of_file;
pub(crate) use trust::AGREEMENTS_TO_TRUST;
pub use trust::TotalsTrust;

use crate::calendar::DayRange;
use crate::catalog::StreamKind;
use crate::decode::Sum;
use crate::schema::TableSchema;
use crate::spool::Spool;
use crate::stream_spec::StreamSpec;

/// The part of a stream that one window covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The advertisers.
    pub advertisers: Vec<String>,
    /// The days; `None` for entity streams.
    pub days: Option<DayRange>,
}

impl Scope {
    /// Two scopes that together are this one: newer and older days, or else two groups of advertisers. `None` when
    /// there is only one advertiser and one day.
    #[must_use]
    pub fn halves(&self, spec: &StreamSpec) -> Option<(Self, Self)> {
        self.days
            .and_then(|days| self.day_halves(days, spec))
            .or_else(|| self.advertiser_halves())
    }

    /// Two groups of advertisers, or `None` when there is only one.
    #[must_use]
    pub fn advertiser_halves(&self) -> Option<(Self, Self)> {
        let (left, right) = self.advertisers.split_at(self.advertisers.len() / 2);
        if left.is_empty() {
            return None;
        }
        let part = |advertisers: &[String]| Self {
            advertisers: advertisers.to_vec(),
            days: self.days,
        };
        Some((part(left), part(right)))
    }

    fn day_halves(&self, days: DayRange, spec: &StreamSpec) -> Option<(Self, Self)> {
        let (_, newer) = days.halves()?;
        // A border in the middle of a week, month or year would give both halves a row of the same period.
        let border = [
            spec.period.first_day(newer.first),
            spec.period.first_day(days.last),
        ]
        .into_iter()
        .find(|border| *border > days.first)?;
        let newer = DayRange::new(border, days.last)?;
        let older = DayRange::new(days.first, crate::calendar::add_days(border, -1))?;
        let part = |days| Self {
            advertisers: self.advertisers.clone(),
            days: Some(days),
        };
        Some((part(newer), part(older)))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(days) = self.days {
            write!(formatter, "{days}, ")?;
        }
        match self.advertisers.as_slice() {
            [advertiser] => write!(formatter, "advertiser {advertiser}"),
            advertisers => write!(formatter, "{} advertisers", advertisers.len()),
        }
    }
}

/// What came of reading a window: files in the spool, and what is known about them.
#[derive(Debug, Clone, Default)]
pub struct ReadWindow {
    /// Parquet files with the rows.
    pub files: Vec<PathBuf>,
    /// The table as it came: the stream's own, or one with columns that were found in a file.
    pub schema: Option<TableSchema>,
    /// Rows in the files.
    pub rows: u64,
    /// Rows of each advertiser that has any.
    pub rows_by_advertiser: BTreeMap<String, u64>,
    /// Exact sums of the additive columns.
    pub sums: BTreeMap<String, Sum>,
    /// Whether the answers' own totals agreed; `None` when they had none.
    pub verified: Option<bool>,
    /// Where they did not, and that was let through: column, and what Criteo said.
    pub differences: BTreeMap<String, String>,
    /// Whether they were let through only because totals had not proved right yet.
    pub doubtful: bool,
    /// What Criteo warned of in its answers.
    pub warnings: Vec<String>,
    /// SHA-256 over what was asked.
    pub request_hash: String,
}

impl ReadWindow {
    /// Adds what another call of the same window brought.
    fn absorb(&mut self, other: Self) {
        self.files.extend(other.files);
        self.schema = match (self.schema.take(), other.schema) {
            (Some(schema), Some(more)) => Some(with_columns_of(schema, more)),
            (schema, more) => schema.or(more),
        };
        self.rows += other.rows;
        for (advertiser, rows) in other.rows_by_advertiser {
            *self.rows_by_advertiser.entry(advertiser).or_default() += rows;
        }
        for (column, sum) in other.sums {
            match self.sums.get_mut(&column) {
                // An overflow of 128 bits cannot be shown; the entry is left out rather than wrong.
                Some(known) => match known.plus(sum.units) {
                    Some(both) => *known = both,
                    None => drop(self.sums.remove(&column)),
                },
                None => drop(self.sums.insert(column, sum)),
            }
        }
        self.verified = match (self.verified, other.verified) {
            (Some(left), Some(right)) => Some(left && right),
            (left, right) => left.or(right),
        };
        self.differences.extend(other.differences);
        self.doubtful |= other.doubtful;
        self.warnings.extend(other.warnings);
        self.request_hash = hash(&[&self.request_hash, &other.request_hash]);
    }
}

/// Reads windows of any stream of one app.
#[derive(Debug)]
pub struct Source {
    client: Client,
    spool: Spool,
    advertisers: Vec<String>,
    listings: Listings,
    trust: TotalsTrust,
    marketplace: OnceCell<Vec<String>>,
}

/// One window while it is being read.
#[derive(Debug, Clone, Copy)]
pub struct WindowRead<'a> {
    source: &'a Source,
    spec: &'a StreamSpec,
    scope: &'a Scope,
    window_id: &'a str,
}

impl Source {
    /// Reads through `client` into `spool`. `advertisers` are those of the run, so that what several windows need
    /// can be asked for together.
    #[must_use]
    pub fn new(client: Client, spool: Spool, advertisers: Vec<String>) -> Self {
        Self {
            client,
            spool,
            advertisers,
            listings: Listings::default(),
            trust: TotalsTrust::default(),
            marketplace: OnceCell::new(),
        }
    }

    /// The client, for calls that are not windows.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The spool it reads into.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Whether the totals in Criteo's answers have proved right in this run.
    #[must_use]
    pub fn trusts_totals(&self) -> bool {
        self.trust.is_established()
    }

    /// The advertisers among the granted ones that are customers of Criteo's marketplace product, in the order of
    /// ids. Asked once a run.
    ///
    /// # Errors
    /// A [`ReadFailure`].
    pub async fn marketplace_advertisers(&self) -> Result<&[String], ReadFailure> {
        let list = self
            .marketplace
            .get_or_try_init(|| listing::marketplace_advertisers(&self.client));
        Ok(list.await?)
    }

    /// Reads one window whole, or not at all.
    ///
    /// # Errors
    /// A [`ReadFailure`]; files of a window that failed are removed at the next start at the latest.
    pub async fn read(
        &self,
        spec: &StreamSpec,
        scope: &Scope,
        window_id: &str,
    ) -> Result<ReadWindow, ReadFailure> {
        let window = WindowRead {
            source: self,
            spec,
            scope,
            window_id,
        };
        match spec.stream.kind {
            StreamKind::Report => window.read_report().await,
            StreamKind::Files => window.read_log_files().await,
            StreamKind::Entity => window.read_entities().await,
        }
    }

    /// Reads a single advertiser and day (or period) that is too large for one call, in smaller parts: by ad sets or
    /// by kinds of events, as the catalog allows.
    ///
    /// # Errors
    /// A [`ReadFailure`]; [`ReadFailure::TooMuch`] when no part of it is small enough.
    pub async fn read_in_parts(
        &self,
        spec: &StreamSpec,
        scope: &Scope,
        window_id: &str,
    ) -> Result<ReadWindow, ReadFailure> {
        WindowRead {
            source: self,
            spec,
            scope,
            window_id,
        }
        .read_in_parts()
        .await
    }
}

/// `schema` with the columns that only `more` has behind its own. Files of one window need not have the same ones.
fn with_columns_of(mut schema: TableSchema, more: TableSchema) -> TableSchema {
    for column in more.columns {
        if schema.position(&column.name).is_none() {
            schema.columns.push(column);
        }
    }
    schema
}

/// SHA-256 over several texts, as hexadecimal digits.
fn hash(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    hex::encode(digest.finalize())
}
