//! Searches for campaigns and ad sets.

use serde_json::{Map, Value, json};

/// Which campaigns are wanted; empty lists filter nothing. All that match come in one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignSearch {
    /// Only campaigns of these advertisers.
    pub advertiser_ids: Vec<String>,
    /// Only these campaigns.
    pub campaign_ids: Vec<String>,
}

impl CampaignSearch {
    /// The body of `POST /marketing-solutions/campaigns/search`.
    pub fn to_body(&self) -> Value {
        filters(&[
            ("advertiserIds", &self.advertiser_ids),
            ("campaignIds", &self.campaign_ids),
        ])
    }
}

/// Which ad sets are wanted; empty lists filter nothing. All that match come in one answer.
///
/// The contract also knows a projection (`meta.fields`). It is not offered: fields left out come
/// back with default values instead of being absent, and nobody could tell them from real ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdSetSearch {
    /// Only ad sets of these advertisers.
    pub advertiser_ids: Vec<String>,
    /// Only ad sets of these campaigns.
    pub campaign_ids: Vec<String>,
    /// Only these ad sets.
    pub ad_set_ids: Vec<String>,
}

impl AdSetSearch {
    /// The body of `POST /marketing-solutions/ad-sets/search`.
    pub fn to_body(&self) -> Value {
        filters(&[
            ("advertiserIds", &self.advertiser_ids),
            ("campaignIds", &self.campaign_ids),
            ("adSetIds", &self.ad_set_ids),
        ])
    }
}

fn filters(lists: &[(&str, &Vec<String>)]) -> Value {
    let filters: Map<_, _> = lists
        .iter()
        .filter(|(_, ids)| !ids.is_empty())
        .map(|(name, ids)| ((*name).to_owned(), json!(ids)))
        .collect();
    json!({ "filters": filters })
}
