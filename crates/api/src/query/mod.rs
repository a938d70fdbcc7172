//! What can be asked.

mod entity;
mod marketplace;
mod placements;
mod statistics;
mod transactions;
mod transparency;

use jiff::civil::Date;
use serde::Serializer;

pub use entity::{AdSetSearch, CampaignSearch};
pub use marketplace::{
    BudgetFilter, BudgetStatus, ClickAttributionPolicy, IntervalSize, SellerCampaignFilter,
    SellerFilter, SellerStatus, StatsQuery,
};
pub use placements::{PlacementsEnvironment, PlacementsQuery};
pub use statistics::{AdSetStatus, StatisticsQuery};
pub use transactions::{TransactionEventType, TransactionsQuery};
pub use transparency::TransparencyQuery;

use crate::{Error, open_enum::open_enum};

open_enum! {
    /// The media type that a report comes in.
    ReportFormat {
        Csv = "csv",
        Excel = "excel",
        Xml = "xml",
        Json = "json",
    }
}

/// Criteo wants several ids as one text with commas.
fn comma_separated<S: Serializer>(ids: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&ids.join(","))
}

/// Refuses a report that Criteo would refuse, or would answer with something else than what was
/// meant.
fn check_report(
    advertiser_ids: &[String],
    currency: &str,
    start_date: Date,
    end_date: Date,
) -> Result<(), Error> {
    // Criteo's docs say that no ids means all advertisers; a live answer seen by others says 400
    // `required-field`.
    if advertiser_ids.is_empty() {
        return Err(Error::configuration(
            "A report needs at least one advertiser id",
        ));
    }
    check_ids("advertiser", advertiser_ids)?;
    let is_iso_4217 = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_iso_4217 {
        return Err(Error::configuration(format!(
            "The currency {currency:?} is not three capital letters as in EUR"
        )));
    }
    check_days(start_date, end_date)
}

/// An id with a comma would ask for two entities and one that is blank would widen the question.
fn check_ids(kind: &str, ids: &[String]) -> Result<(), Error> {
    match ids
        .iter()
        .find(|id| id.trim().is_empty() || id.contains(','))
    {
        Some(id) => Err(Error::configuration(format!(
            "{id:?} is not the id of one {kind}"
        ))),
        None => Ok(()),
    }
}

fn check_days(start_date: Date, end_date: Date) -> Result<(), Error> {
    if start_date > end_date {
        return Err(Error::configuration(format!(
            "The range of days ends ({end_date}) before it starts ({start_date})"
        )));
    }
    Ok(())
}
