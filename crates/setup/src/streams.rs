//! The streams that can be chosen, and what each costs.

use std::collections::{BTreeMap, BTreeSet};

use criteo_engine::catalog::{Catalog, Reader, Scope, Stream};

/// A stream that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamOffer {
    /// Its name.
    pub name: &'static str,
    /// What it holds, in a few words.
    pub title: &'static str,
    /// The permission that it needs.
    pub permission: Option<Scope>,
    /// Whether it is on when nobody says anything.
    pub by_default: bool,
    /// What it costs.
    pub cost: StreamCost,
}

/// What grows with the calls of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamCost {
    /// As few report calls as Criteo's cap on rows allows, many days in one.
    ReportCalls,
    /// Two report calls for each day, since the report has no days of its own.
    TwoReportCallsADay,
    /// A report call for each advertiser, and a download for each advertiser and day.
    ReportCallAndFiles,
    /// One call for everything.
    OneCall,
    /// A call or a few for each advertiser.
    CallsPerAdvertiser,
    /// A call for each ad set.
    CallPerAdSet,
}

impl StreamCost {
    /// In a few words, for a list.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            StreamCost::ReportCalls => "few report calls",
            StreamCost::TwoReportCallsADay => "2 report calls a day",
            StreamCost::ReportCallAndFiles => "a report call and files per advertiser",
            StreamCost::OneCall => "1 call",
            StreamCost::CallsPerAdvertiser => "calls per advertiser",
            StreamCost::CallPerAdSet => "1 call per ad set",
        }
    }

    fn of(stream: &Stream) -> StreamCost {
        match stream.reader {
            Reader::Statistics | Reader::Transactions => StreamCost::ReportCalls,
            Reader::Placements => StreamCost::TwoReportCallsADay,
            Reader::Transparency => StreamCost::ReportCallAndFiles,
            Reader::Advertisers
            | Reader::Campaigns
            | Reader::AdSets
            | Reader::MarketplaceAdvertisers => StreamCost::OneCall,
            Reader::AdSetCategoryBids | Reader::AdSetDisplayMultipliers => StreamCost::CallPerAdSet,
            Reader::Ads
            | Reader::Creatives
            | Reader::Coupons
            | Reader::MarketplaceSellers
            | Reader::MarketplaceSellerCampaigns
            | Reader::MarketplaceCampaigns
            | Reader::MarketplaceAdSets
            | Reader::MarketplaceBudgets
            | Reader::MarketplaceCampaignStats
            | Reader::MarketplaceSellerStats
            | Reader::MarketplaceSellerCampaignStats => StreamCost::CallsPerAdvertiser,
        }
    }
}

/// Every stream of the catalog, in its order.
#[must_use]
pub fn offers() -> Vec<StreamOffer> {
    let offer = |stream: &'static Stream| StreamOffer {
        name: &stream.name,
        title: &stream.title,
        permission: stream.scope,
        by_default: stream.enabled,
        cost: StreamCost::of(stream),
    };
    Catalog::builtin().streams().iter().map(offer).collect()
}

/// Whether a stream is on, given what differs from the defaults.
#[must_use]
pub fn is_on(offer: &StreamOffer, changes: &BTreeMap<String, bool>) -> bool {
    changes.get(offer.name).copied().unwrap_or(offer.by_default)
}

/// What differs from the defaults when exactly these streams are on.
#[must_use]
pub fn changes(chosen: &BTreeSet<&str>) -> BTreeMap<String, bool> {
    offers()
        .iter()
        .filter(|offer| chosen.contains(offer.name) != offer.by_default)
        .map(|offer| (offer.name.to_owned(), chosen.contains(offer.name)))
        .collect()
}

/// The name of a stream as it was meant, for changes that are typed.
///
/// # Errors
/// When there is no such stream, with the nearest one, in words.
pub fn check_stream(name: &str) -> Result<String, String> {
    let catalog = Catalog::builtin();
    if catalog.stream(name).is_some() {
        return Ok(name.to_owned());
    }
    Err(match catalog.suggest_stream(name) {
        Some(near) => format!("there is no stream {name}; did you mean {near}?"),
        None => format!("there is no stream {name}; `criteo streams` lists them all"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_from_the_defaults_is_a_change() {
        let defaults: BTreeSet<&str> = offers()
            .iter()
            .filter(|offer| offer.by_default)
            .map(|offer| offer.name)
            .collect();
        assert!(changes(&defaults).is_empty());
        let mut chosen = defaults;
        chosen.remove("ad_set_category_bids");
        chosen.insert("transparency");
        let changed = changes(&chosen);
        assert_eq!(
            changed,
            BTreeMap::from([
                ("ad_set_category_bids".to_owned(), false),
                ("transparency".to_owned(), true)
            ])
        );
        for offer in offers() {
            assert_eq!(is_on(&offer, &changed), chosen.contains(offer.name));
        }
    }

    #[test]
    fn a_call_per_ad_set_is_said_where_it_is_one() {
        let per_ad_set: Vec<&str> = offers()
            .iter()
            .filter(|offer| offer.cost == StreamCost::CallPerAdSet)
            .map(|offer| offer.name)
            .collect();
        assert_eq!(
            per_ad_set,
            ["ad_set_category_bids", "ad_set_display_multipliers"]
        );
    }

    #[test]
    fn a_misspelt_stream_is_named_with_the_nearest() {
        assert!(check_stream("statistics").is_ok());
        assert!(check_stream("statistic").is_err_and(|words| words.contains("statistics")));
    }
}
