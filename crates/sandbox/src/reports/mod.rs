//! Report endpoints: what Criteo accepts in a request, and the exact rows it answers.
//!
//! Rendering is the server's: every answer here holds column names and rows of strings, in order.
//!
//! # What is assumed
//! These choices are the sandbox's own, because no source establishes what Criteo does:
//! * `Hour` reads `YYYY-MM-DD HH:00:00`, `Week` is its Monday, `Month` the first of the month, `Year` four digits. Both
//!   passes through the hour that autumn repeats are one `Hour`.
//! * Money has at most four decimals without trailing zeros, prices six, ratios eight; a ratio is a share, not a
//!   percentage. A division by zero answers [`crate::world::WorldConfig::zero_denominator`].
//! * An absent coupon has the id `0` and an empty name, a product without a category the id `0`.
//! * Sales and revenue are booked on the moment of the ad, not on that of the sale.
//! * Currencies convert at rates that never move, and there are forty of them.
//! * Metric names are matched exactly, dimension names without regard to case.
//! * `Total` holds every requested metric over all rows that match; ratios in it are ratios of the sums.
//! * `ResultType` names what a row's campaigns aim at.
//! * Placements answer the requested columns alone: no currency, and no name beside an id.
//! * Transactions are selected by their transaction date.
//! * Log-level files have the columns that Criteo's docs describe in words, under names of the sandbox's own.
//! * Texts and `instance` paths of refusals, except the few that were seen live.

mod dimensions;
mod formula;
mod group;
mod log_level;
mod marketplace;
mod metrics;
mod placements;
mod request;
mod statistics;
mod transactions;
mod window;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use crate::world::World;

/// Which report a request body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// `POST /statistics/report`.
    Statistics,
    /// `POST /placements/report`.
    Placements,
    /// `POST /transactions/report`.
    Transactions,
}

/// A refusal, as the entries of Criteo's `errors` array describe it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The sandbox refused {instance} with {status} {code}: {title}")]
pub struct Problem {
    /// The HTTP status of the answer.
    pub status: u16,
    /// Criteo's `type`: `validation`, `access-control`, `authorization`...
    pub kind: &'static str,
    /// Criteo's machine-readable `code`, such as `required-field`.
    pub code: String,
    /// One sentence for people.
    pub title: String,
    /// More about this very occurrence.
    pub detail: Option<String>,
    /// The path Criteo names in the problem.
    pub instance: String,
}

/// The row caps that the answers obey; `None` is the uncapped truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Rows of a statistics report.
    pub statistics_rows: Option<usize>,
    /// Rows of a placements report.
    pub placement_rows: Option<usize>,
    /// Entries of a transactions report.
    pub transaction_rows: Option<usize>,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            statistics_rows: Some(100_000),
            placement_rows: Some(20_000),
            transaction_rows: Some(100_000),
        }
    }
}

impl Caps {
    /// No cap at all: the truth a client is judged by.
    pub const NONE: Self = Self {
        statistics_rows: None,
        placement_rows: None,
        transaction_rows: None,
    };
}

/// The output format a report request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `json`, the default in Criteo's OpenAPI 2026-07.
    Json,
    /// `csv`.
    Csv,
    /// `xml`.
    Xml,
    /// `excel`.
    Excel,
}

/// The answer to a statistics request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsAnswer {
    /// Canonical column names: dimensions, `Currency`, metrics.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`, at most as many as the cap.
    pub rows: Vec<Vec<String>>,
    /// Every requested metric over all rows that match, including those the cap cut off.
    pub total: Vec<(String, String)>,
    /// Whether the cap cut rows off.
    pub truncated: bool,
    /// The format asked for.
    pub format: Format,
}

/// The answer to a placements request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementsAnswer {
    /// Column names in the order asked for, spelled as this very request happens to be answered.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`, at most as many as the cap.
    pub rows: Vec<Vec<String>>,
    /// Whether the cap cut rows off.
    pub truncated: bool,
    /// The format asked for.
    pub format: Format,
}

/// The answer to a transactions request; each row becomes one entry of `data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionsAnswer {
    /// The fixed columns, camelCase.
    pub columns: Vec<String>,
    /// The entries, each as long as `columns`, at most as many as the cap.
    pub rows: Vec<Vec<String>>,
    /// Whether the cap cut entries off.
    pub truncated: bool,
    /// The format asked for.
    pub format: Format,
}

/// One downloadable log-level file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// The name Criteo gives the file, `YYYY-MM-DD_v1.csv.gz`.
    pub file_name: String,
    /// The day (UTC) whose displays the file holds.
    pub day: Date,
    /// Whether the file holds product ids, as the request asked.
    pub product_ids: bool,
}

/// Which marketplace statistics are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketplaceStats {
    /// `stats/campaigns`.
    Campaigns,
    /// `stats/sellers`.
    Sellers,
    /// `stats/seller-campaigns`.
    SellerCampaigns,
}

/// The advertiser ids that a report body names, so that consent can be checked before any data is read.
///
/// # Errors
/// The same 400 as the report itself when the ids are missing or not integers.
pub fn advertisers_of(kind: ReportKind, body: &Value) -> Result<Vec<String>, Problem> {
    let (problems, attributes) = match kind {
        ReportKind::Statistics => {
            let problems = statistics::PROBLEMS;
            (problems, request::attributes_of_object(body, problems)?)
        }
        ReportKind::Placements => {
            let problems = placements::PROBLEMS;
            (problems, request::attributes_of_list(body, problems)?)
        }
        ReportKind::Transactions => {
            let problems = transactions::PROBLEMS;
            (problems, request::attributes_of_list(body, problems)?)
        }
    };
    request::advertiser_ids(attributes, problems)
}

/// Answers `POST /statistics/report`.
///
/// # Errors
/// A 400 [`Problem`] when the body breaks the contract.
pub fn statistics(
    world: &World,
    as_of: Timestamp,
    body: &Value,
    limits: &Caps,
) -> Result<StatisticsAnswer, Problem> {
    statistics::answer(world, as_of, body, limits)
}

/// Answers `POST /placements/report`. Ratios and money are spelled as in statistics. When a content category is asked
/// for, a placement of several categories appears in each of them, so that such rows must not be added up.
///
/// # Errors
/// A 400 [`Problem`] when the body breaks the contract.
pub fn placements(
    world: &World,
    as_of: Timestamp,
    body: &Value,
    limits: &Caps,
) -> Result<PlacementsAnswer, Problem> {
    placements::answer(world, as_of, body, limits)
}

/// Answers `POST /transactions/report`: orders whose transaction date lies in the requested days.
///
/// # Errors
/// A 400 [`Problem`] when the body breaks the contract.
pub fn transactions(
    world: &World,
    as_of: Timestamp,
    body: &Value,
    limits: &Caps,
) -> Result<TransactionsAnswer, Problem> {
    transactions::answer(world, as_of, body, limits)
}

/// Answers `POST /log-level/advertisers/{advertiser-id}/report` with the files that exist; the server signs links.
///
/// # Errors
/// A 400 [`Problem`] when the body breaks the contract.
pub fn transparency(
    world: &World,
    as_of: Timestamp,
    advertiser_id: &str,
    body: &Value,
) -> Result<Vec<LogFile>, Problem> {
    log_level::files(world, as_of, advertiser_id, body)
}

/// The plain CSV text of one log-level file; `None` when no such file exists at `as_of`. A file never changes.
pub fn log_file_csv(
    world: &World,
    as_of: Timestamp,
    advertiser_id: &str,
    day: Date,
    product_ids: bool,
) -> Option<Vec<u8>> {
    log_level::csv(world, as_of, advertiser_id, day, product_ids)
}

/// Answers `GET .../marketplace-performance-outcomes/stats/...` with `{columns, data, rows, links}`.
///
/// `granted` are the advertisers the caller may see; `query` is the decoded query string.
///
/// # Errors
/// A 400 [`Problem`] when a parameter breaks the contract.
pub fn marketplace_stats(
    world: &World,
    as_of: Timestamp,
    which: MarketplaceStats,
    granted: &[String],
    query: &BTreeMap<String, String>,
) -> Result<Value, Problem> {
    marketplace::stats(world, as_of, which, granted, query)
}

#[cfg(test)]
mod tests;
