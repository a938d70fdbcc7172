//! Marketplace performance, which the sandbox answers in JSON numbers.

use std::collections::BTreeMap;

use criteo_engine::catalog::{Reader, Role};
use criteo_sandbox::reports::MarketplaceStats;
use serde_json::Value;

use super::{Cell, ExpectedStream};
use crate::support::{Stage, cell};

pub(super) fn rows(
    stage: &Stage,
    stream: &ExpectedStream,
    advertisers: &[String],
    mut take: impl FnMut(&[Cell]),
) {
    let which = match stream.stream.reader {
        Reader::MarketplaceCampaignStats => MarketplaceStats::Campaigns,
        Reader::MarketplaceSellerStats => MarketplaceStats::Sellers,
        _ => MarketplaceStats::SellerCampaigns,
    };
    for advertiser in advertisers {
        let query = [
            ("advertiserId", advertiser.clone()),
            ("intervalSize", "day".to_owned()),
            ("timeZoneId", stream.time_zone.clone()),
            ("startDate", stream.start_date.to_string()),
            ("endDate", stream.today(&stage.sandbox).to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        let truth = stage
            .sandbox
            .truth_marketplace_stats(which, &BTreeMap::from(query))
            .unwrap();
        let names: Vec<&str> = array(&truth["columns"])
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        for row in array(&truth["data"]) {
            take(&cells(stream, advertiser, &names, array(row)));
        }
    }
}

fn cells(stream: &ExpectedStream, advertiser: &str, names: &[&str], row: &[Value]) -> Vec<Cell> {
    let value = |name: &str| {
        let place = names.iter().position(|known| *known == name).unwrap();
        &row[place]
    };
    stream
        .fields()
        .iter()
        .map(|field| match (field.role, field.name.as_str()) {
            (Role::Stamp, "advertiserId") => Some(advertiser.to_owned()),
            (Role::Stamp, name) => stream.constant(name),
            (_, name) => cell::of_json(field.field_type, Some(value(name))),
        })
        .collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}
