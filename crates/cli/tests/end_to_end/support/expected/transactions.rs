//! Transactions: events that are equal in every field are one row.

use std::collections::HashSet;

use serde_json::json;

use super::{Cell, Columns, ExpectedStream, history};
use crate::support::Stage;

/// Criteo keeps two years.
const KEPT_MONTHS: i32 = 24;

pub(super) fn rows(
    stage: &Stage,
    stream: &ExpectedStream,
    advertisers: &[String],
    mut take: impl FnMut(&[Cell]),
) {
    for days in history::told(stage, stream, KEPT_MONTHS) {
        for advertiser in advertisers {
            let body = json!({ "data": [{ "type": "Report", "attributes": {
                "advertiserIds": advertiser,
                "currency": stream.currency,
                "timezone": stream.time_zone,
                "startDate": days.first,
                "endDate": days.last,
                "format": "json",
            } }] });
            let truth = stage.at(days.at, |sandbox| sandbox.truth_transactions(&body));
            let truth = truth.unwrap();
            let columns = Columns(&truth.columns);
            let mut seen = HashSet::new();
            for row in &truth.rows {
                if seen.insert(row) {
                    take(&stream.row(&columns, row, |_| None));
                }
            }
        }
    }
}
