//! Transactions: events that are equal in every field are one row.

use std::collections::HashSet;

use serde_json::json;

use super::{Cell, Columns, ExpectedStream};
use crate::support::Stage;

pub(super) fn rows(
    stage: &Stage,
    stream: &ExpectedStream,
    advertisers: &[String],
    mut take: impl FnMut(&[Cell]),
) {
    for advertiser in advertisers {
        let truth = stage
            .sandbox
            .truth_transactions(&json!({ "data": [{ "type": "Report", "attributes": {
                "advertiserIds": advertiser,
                "currency": stream.currency,
                "timezone": stream.time_zone,
                "startDate": stream.start_date,
                "endDate": stream.today(&stage.sandbox),
                "format": "json",
            } }] }))
            .unwrap();
        let columns = Columns(&truth.columns);
        let mut seen = HashSet::new();
        for row in &truth.rows {
            if seen.insert(row) {
                take(&stream.row(&columns, row, |_| None));
            }
        }
    }
}
