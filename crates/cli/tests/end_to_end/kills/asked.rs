//! What a run asked for, from the sandbox's log of its calls.

use std::collections::{BTreeMap, BTreeSet};

use criteo_engine::calendar::DayRange;
use criteo_sandbox::CallRecord;
use serde_json::Value;

use super::Saved;
use crate::support::Stage;
use crate::support::snapshot::Place;

/// Fails when a call asks for something that was saved before the run began, or for the same listing more often than
/// the run needs it. A run that did not end may have asked for less, so only one that `ended` must have asked at all.
pub(super) fn check(stage: &Stage, saved: &Saved, ended: bool) -> Result<(), String> {
    let calls = stage.sandbox.calls();
    let ad_sets = advertisers_of_ad_sets(stage);
    for call in &calls {
        let again: Vec<String> = places(call, &ad_sets)
            .into_iter()
            .filter(|place| saved.places.contains(place))
            .map(|place| place.to_string())
            .collect();
        if !again.is_empty() {
            return Err(format!(
                "{again:?} was saved and is asked for again: {call:?}"
            ));
        }
    }
    // Two listings are asked for beside the windows: who is there, and which ad sets there are to ask about.
    let all = stage.sandbox.advertiser_ids();
    let open = |stream: &str| {
        let mut places = Place::all(stream, &all, None);
        usize::from(places.any(|place| !saved.places.contains(&place)))
    };
    for (operation, most) in [
        ("CreateToken", 1),
        ("ListAdvertisers", 1 + open("advertisers")),
        ("SearchAdSets", open("ad_set_category_bids")),
    ] {
        let count = calls
            .iter()
            .filter(|call| call.operation == Some(operation))
            .count();
        if count > most || (ended && operation == "ListAdvertisers" && count == 0) {
            return Err(format!(
                "{count} calls of {operation}, and {most} are needed"
            ));
        }
    }
    Ok(())
}

/// The parts of streams that a call asks for.
fn places(call: &CallRecord, ad_sets: &BTreeMap<String, String>) -> BTreeSet<Place> {
    let body = call.body.as_ref().unwrap_or(&Value::Null);
    let in_path = |after: &str| {
        let mut parts = call.path.split('/').skip_while(|part| *part != after);
        parts.nth(1).unwrap_or_default().to_owned()
    };
    let (stream, advertisers) = match call.operation.unwrap_or_default() {
        "GetAdsetReport" if has_dimension(body, "Device") => {
            ("by_device", call.advertiser_ids.clone())
        }
        "GetAdsetReport" => ("statistics", call.advertiser_ids.clone()),
        "GetPlacementsReport" => ("placements", call.advertiser_ids.clone()),
        "GetTransactionsReport" => ("transactions", call.advertiser_ids.clone()),
        "GetTransparencyReport" => ("transparency", call.advertiser_ids.clone()),
        "DownloadLogFile" => return log_file(call).into_iter().collect(),
        "SearchCampaigns" => {
            let ids = body["filters"]["advertiserIds"].as_array().unwrap();
            let ids = ids.iter().map(|id| id.as_str().unwrap().to_owned());
            ("campaigns", ids.collect())
        }
        "GetAdvertiserAds" => ("ads", vec![in_path("advertisers")]),
        "GetAdSetCategoryBids" => (
            "ad_set_category_bids",
            vec![ad_sets[&in_path("ad-sets")].clone()],
        ),
        "CreateToken" | "ListAdvertisers" | "SearchAdSets" => return BTreeSet::new(),
        other => panic!("a call that the small world has no stream for: {other}"),
    };
    let day = |text: &Option<String>| text.as_ref().map(|text| text[..10].parse().unwrap());
    let days = day(&call.start_date)
        .zip(day(&call.end_date))
        .and_then(|(first, last)| DayRange::new(first, last));
    Place::all(stream, &advertisers, days).collect()
}

fn has_dimension(body: &Value, name: &str) -> bool {
    let dimensions = body["dimensions"].as_array();
    dimensions.is_some_and(|names| names.iter().any(|it| it == name))
}

/// `/log-files/{advertiser}/{day}_v1.csv.gz`.
fn log_file(call: &CallRecord) -> Option<Place> {
    let (advertiser, file) = call.path.strip_prefix("/log-files/")?.split_once('/')?;
    Some(Place {
        stream: "transparency".to_owned(),
        advertiser: advertiser.to_owned(),
        day: file.get(..10)?.parse().ok(),
    })
}

fn advertisers_of_ad_sets(stage: &Stage) -> BTreeMap<String, String> {
    let ad_sets = stage.sandbox.truth_entities("ad_sets").unwrap();
    let id = |element: &Value| element["id"].as_str().unwrap().to_owned();
    ad_sets
        .into_iter()
        .map(|ad_set| (id(&ad_set.element), ad_set.advertiser_id))
        .collect()
}
