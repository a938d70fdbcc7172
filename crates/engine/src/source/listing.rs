//! Listings that several streams need: asked for once a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use criteo_api::{Client, Operation, Request};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::ReadFailure;
use super::failure::unreadable;

/// Advertisers named in one search. Criteo documents no limit and no pages; a search that still proves too large is
/// split.
const ADVERTISERS_PER_SEARCH: usize = 100;

/// Which ad sets each advertiser has, as far as it was asked for in this run.
#[derive(Debug, Default)]
pub struct Listings {
    ad_sets: Mutex<BTreeMap<String, Arc<Vec<String>>>>,
}

/// Nothing in it is optional: an ad set that is not recognised would be left out of other streams without a word.
#[derive(Deserialize)]
struct AdSetAnswer {
    data: Vec<AdSetElement>,
}

#[derive(Deserialize)]
struct AdSetElement {
    id: String,
    attributes: AdSetAttributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdSetAttributes {
    advertiser_id: String,
}

#[derive(Deserialize)]
struct MarketplaceAdvertiser {
    id: serde_json::Number,
}

impl Listings {
    /// The ad sets of one advertiser. The first question asks for many advertisers at once, since the streams that
    /// need one need all; `all` are those that will be asked about.
    pub(super) async fn ad_sets(
        &self,
        client: &Client,
        advertiser: &str,
        all: &[String],
    ) -> Result<Arc<Vec<String>>, ReadFailure> {
        // Held while asking, so that concurrent windows wait for one search instead of each making it.
        let mut known = self.ad_sets.lock().await;
        if let Some(ad_sets) = known.get(advertiser) {
            return Ok(Arc::clone(ad_sets));
        }
        let others = all
            .iter()
            .filter(|id| *id != advertiser && !known.contains_key(*id));
        let asked: Vec<String> = std::iter::once(advertiser.to_owned())
            .chain(others.cloned())
            .take(ADVERTISERS_PER_SEARCH)
            .collect();
        let request = Request::new(Operation::SEARCH_AD_SETS)
            .body(json!({ "filters": { "advertiserIds": asked } }));
        let body = client.fetch(&request).await?;
        let answer: AdSetAnswer =
            serde_json::from_slice(&body).map_err(|error| unreadable("ad sets", &error))?;
        let mut found: BTreeMap<String, Vec<String>> = asked
            .into_iter()
            .map(|advertiser| (advertiser, Vec::new()))
            .collect();
        for element in answer.data {
            if let Some(list) = found.get_mut(&element.attributes.advertiser_id) {
                list.push(element.id);
            }
        }
        known.extend(
            found
                .into_iter()
                .map(|(advertiser, list)| (advertiser, Arc::new(list))),
        );
        Ok(known.get(advertiser).map(Arc::clone).unwrap_or_default())
    }
}

/// The advertisers that are customers of Criteo's marketplace product.
pub(super) async fn marketplace_advertisers(client: &Client) -> Result<Vec<String>, ReadFailure> {
    let body = client
        .fetch(&Request::new(Operation::MARKETPLACE_ADVERTISERS))
        .await?;
    let list: Vec<MarketplaceAdvertiser> = serde_json::from_slice(&body)
        .map_err(|error| unreadable("marketplace advertisers", &error))?;
    Ok(list
        .into_iter()
        .map(|advertiser| advertiser.id.to_string())
        .collect())
}
