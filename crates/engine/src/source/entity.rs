//! Reading one window of an entity stream: a full listing for some advertisers.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use criteo_api::{Error as ApiError, Operation, Request};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::failure::unreadable;
use super::{ReadFailure, ReadWindow, WindowRead, hash};
use crate::catalog::{Reader, Stamp};
use crate::decode::{EntityDecoder, EntityExpectation, EntitySource};

/// Elements of one page. It is the size Criteo documents as its default, so it is certain to be honoured; a page
/// that comes shorter than asked would otherwise look like the last one.
const PAGE_SIZE: usize = 50;
/// Times a listing is started over when it shifts between two pages.
const LISTINGS_AT_MOST: u32 = 4;
/// Criteo's OpenAPI 2026-07: budgets that have ended are only listed when asked for by date.
const BUDGETS_SINCE: &str = "2000-01-01";

/// Elements that came in one answer, and what is known of them from the question.
struct Answer {
    elements: Vec<Box<RawValue>>,
    advertiser: Option<String>,
    ad_set: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    data: Option<Vec<Box<RawValue>>>,
}

#[derive(Deserialize)]
struct Identified {
    id: Option<Value>,
}

impl WindowRead<'_> {
    /// Lists the elements of the window's advertisers.
    pub(super) async fn read_entities(&self) -> Result<ReadWindow, ReadFailure> {
        let answers = self.list().await?;
        let expectation = self.entity_expectation();
        let mut decoder = EntityDecoder::new(&expectation)?;
        for answer in &answers {
            let mut stamps: Vec<(Stamp, &str)> = vec![
                (Stamp::Currency, &self.spec.currency),
                (Stamp::TimeZone, &self.spec.time_zone_name),
            ];
            stamps.extend(
                answer
                    .advertiser
                    .as_deref()
                    .map(|id| (Stamp::AdvertiserId, id)),
            );
            stamps.extend(answer.ad_set.as_deref().map(|id| (Stamp::AdSetId, id)));
            for element in &answer.elements {
                if self.is_wanted(element)? {
                    decoder.push_element(element.get(), &stamps)?;
                }
            }
        }
        let decoded = decoder.finish()?;
        let rows = u64::try_from(decoded.batch.num_rows()).unwrap_or(u64::MAX);
        let mut part = self
            .source
            .spool
            .part(self.window_id, 0, &self.spec.schema)?;
        part.write(&decoded.batch)?;
        Ok(ReadWindow {
            files: part.finish()?.into_iter().collect(),
            rows,
            rows_by_advertiser: decoded.rows_by_advertiser,
            request_hash: hash(&[&self.spec.name, &self.scope.advertisers.join(",")]),
            ..ReadWindow::default()
        })
    }

    /// Two listings name every advertiser the app was granted; only the configured ones are wanted.
    fn is_wanted(&self, element: &RawValue) -> Result<bool, ReadFailure> {
        if !matches!(
            self.spec.stream.reader,
            Reader::Advertisers | Reader::MarketplaceAdvertisers
        ) {
            return Ok(true);
        }
        Ok(self.scope.advertisers.contains(&self.identity(element)?))
    }

    async fn list(&self) -> Result<Vec<Answer>, ReadFailure> {
        let advertisers = &self.scope.advertisers;
        let filter = || json!({ "filters": { "advertiserIds": advertisers } });
        match self.spec.stream.reader {
            Reader::Advertisers => Ok(vec![
                self.envelope(Request::new(Operation::ADVERTISERS)).await?,
            ]),
            Reader::Campaigns => {
                let request = Request::new(Operation::SEARCH_CAMPAIGNS).body(filter());
                Ok(vec![self.envelope(request).await?])
            }
            Reader::AdSets => {
                // No `meta.fields`: what is not projected would come as defaults, indistinguishable from values.
                let request = Request::new(Operation::SEARCH_AD_SETS).body(filter());
                Ok(vec![self.envelope(request).await?])
            }
            Reader::MarketplaceAdvertisers => Ok(vec![
                self.bare(Request::new(Operation::MARKETPLACE_ADVERTISERS))
                    .await?,
            ]),
            _ => {
                let mut answers = Vec::new();
                for advertiser in advertisers {
                    answers.extend(self.list_advertiser(advertiser).await?);
                }
                Ok(answers)
            }
        }
    }

    /// What is listed one advertiser at a time.
    async fn list_advertiser(&self, advertiser: &str) -> Result<Vec<Answer>, ReadFailure> {
        let of = |operation, placeholder| Request::new(operation).path(placeholder, advertiser);
        let answer = match self.spec.stream.reader {
            Reader::Ads => self.pages(Operation::ADVERTISER_ADS, advertiser).await?,
            Reader::Creatives => {
                self.pages(Operation::ADVERTISER_CREATIVES, advertiser)
                    .await?
            }
            Reader::Coupons => {
                self.pages(Operation::ADVERTISER_COUPONS, advertiser)
                    .await?
            }
            Reader::AdSetCategoryBids => {
                return self
                    .per_ad_set(advertiser, Operation::AD_SET_CATEGORY_BIDS)
                    .await;
            }
            Reader::AdSetDisplayMultipliers => {
                return self
                    .per_ad_set(advertiser, Operation::AD_SET_DISPLAY_MULTIPLIERS)
                    .await;
            }
            Reader::MarketplaceSellers => {
                self.bare(
                    Request::new(Operation::MARKETPLACE_SELLERS).query("advertiserId", advertiser),
                )
                .await?
            }
            Reader::MarketplaceSellerCampaigns => {
                self.bare(of(
                    Operation::MARKETPLACE_ADVERTISER_SELLER_CAMPAIGNS,
                    "advertiserId",
                ))
                .await?
            }
            Reader::MarketplaceCampaigns => {
                self.bare(of(
                    Operation::MARKETPLACE_ADVERTISER_CAMPAIGNS,
                    "advertiserId",
                ))
                .await?
            }
            Reader::MarketplaceAdSets => {
                self.bare(of(
                    Operation::MARKETPLACE_ADVERTISER_AD_SETS,
                    "advertiserId",
                ))
                .await?
            }
            Reader::MarketplaceBudgets => {
                let request = of(Operation::MARKETPLACE_ADVERTISER_BUDGETS, "advertiserId");
                self.bare(request.query("endAfterDate", BUDGETS_SINCE))
                    .await?
            }
            other => {
                return Err(ReadFailure::Systematic {
                    reason: format!("Stream '{}' has no listing for {other:?}", self.spec.name),
                });
            }
        };
        Ok(vec![Answer {
            advertiser: Some(advertiser.to_owned()),
            ..answer
        }])
    }

    /// One call for each ad set of the advertiser. An ad set without bids or multipliers may not exist there.
    async fn per_ad_set(
        &self,
        advertiser: &str,
        operation: Operation,
    ) -> Result<Vec<Answer>, ReadFailure> {
        let client = &self.source.client;
        let ad_sets = self
            .source
            .listings
            .ad_sets(client, advertiser, &self.source.advertisers)
            .await?;
        let mut answers = Vec::new();
        let mut not_found = None;
        for ad_set in ad_sets.iter() {
            let request = Request::new(operation).path("ad-set-id", ad_set);
            let body = match client.fetch(&request).await {
                Ok(body) => body,
                Err(error @ ApiError::NotFound { .. }) => {
                    not_found = Some(error);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            answers.push(Answer {
                elements: self.elements(&body)?,
                advertiser: Some(advertiser.to_owned()),
                ad_set: Some(ad_set.clone()),
            });
        }
        match not_found {
            // One ad set may have none; that not one of several has any looks like the wrong address.
            Some(error) if answers.is_empty() && ad_sets.len() > 1 => Err(error.into()),
            _ => Ok(answers),
        }
    }

    /// All pages of a listing. When they do not join, the listing shifted while it was read, and an element may have
    /// slipped through, so it is read from the start again.
    async fn pages(&self, operation: Operation, advertiser: &str) -> Result<Answer, ReadFailure> {
        for _ in 0..LISTINGS_AT_MOST {
            if let Some(elements) = self.steady_pages(operation, advertiser).await? {
                return Ok(Answer {
                    elements,
                    advertiser: None,
                    ad_set: None,
                });
            }
        }
        Err(ReadFailure::Unavailable {
            reason: format!(
                "The listing kept changing while it was read, {LISTINGS_AT_MOST} times"
            ),
        })
    }

    /// Pages overlap by one element: when it is not the one that was seen last, something before it appeared or
    /// went, and the pages do not join.
    async fn steady_pages(
        &self,
        operation: Operation,
        advertiser: &str,
    ) -> Result<Option<Vec<Box<RawValue>>>, ReadFailure> {
        let mut elements: Vec<Box<RawValue>> = Vec::new();
        let mut seen = HashSet::new();
        let mut last: Option<String> = None;
        loop {
            let request = Request::new(operation)
                .path("advertiser-id", advertiser)
                .query("limit", PAGE_SIZE)
                .query("offset", elements.len().saturating_sub(1));
            let page = self.elements(&self.source.client.fetch(&request).await?)?;
            let is_last = page.len() < PAGE_SIZE;
            let mut page = page.into_iter();
            if last.is_some() {
                let joint = page.next().map(|element| self.identity(&element));
                if joint.transpose()? != last {
                    return Ok(None);
                }
            }
            for element in page {
                let id = self.identity(&element)?;
                if !seen.insert(id.clone()) {
                    return Ok(None);
                }
                last = Some(id);
                elements.push(element);
            }
            if is_last {
                return Ok(Some(elements));
            }
        }
    }

    /// The element's id, as text.
    fn identity(&self, element: &RawValue) -> Result<String, ReadFailure> {
        let stream = &self.spec.name;
        let identified: Identified =
            serde_json::from_str(element.get()).map_err(|error| unreadable(stream, &error))?;
        match identified.id {
            Some(Value::String(text)) => Ok(text),
            Some(Value::Number(number)) => Ok(number.to_string()),
            _ => Err(ReadFailure::Systematic {
                reason: format!("Criteo's listing of {stream} has an element without an id"),
            }),
        }
    }

    async fn envelope(&self, request: Request) -> Result<Answer, ReadFailure> {
        let body = self.source.client.fetch(&request).await?;
        Ok(Answer {
            elements: self.elements(&body)?,
            advertiser: None,
            ad_set: None,
        })
    }

    async fn bare(&self, request: Request) -> Result<Answer, ReadFailure> {
        let body = self.source.client.fetch(&request).await?;
        let elements =
            serde_json::from_slice(&body).map_err(|error| unreadable(&self.spec.name, &error))?;
        Ok(Answer {
            elements,
            advertiser: None,
            ad_set: None,
        })
    }

    fn elements(&self, body: &Bytes) -> Result<Vec<Box<RawValue>>, ReadFailure> {
        let envelope: Envelope =
            serde_json::from_slice(body).map_err(|error| unreadable(&self.spec.name, &error))?;
        envelope.data.ok_or_else(|| ReadFailure::Systematic {
            reason: format!("Criteo's listing of {} has no data", self.spec.name),
        })
    }

    fn entity_expectation(&self) -> EntityExpectation {
        let spec = self.spec;
        let sources = spec
            .fields
            .iter()
            .map(|field| match field.stamp() {
                Some(stamp) => EntitySource::Stamp(stamp),
                None => EntitySource::Path(field.name.split('.').map(str::to_owned).collect()),
            })
            .collect();
        EntityExpectation {
            stream: spec.name.clone(),
            schema: spec.schema.clone(),
            sources,
            advertiser_column: spec.schema.position("advertiser_id"),
            advertiser_ids: Arc::new(
                self.scope
                    .advertisers
                    .iter()
                    .cloned()
                    .collect::<BTreeSet<_>>(),
            ),
        }
    }
}
