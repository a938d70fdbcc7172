//! Statistics and custom reports.

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
        // One advertiser at a time, because the truth of a large world is large.
        for advertiser in advertisers {
            let body = json!({
                "advertiserIds": advertiser,
                "dimensions": stream.dimensions,
                "metrics": stream.metrics,
                "currency": stream.currency,
                "timezone": stream.time_zone,
                "startDate": days.first,
                "endDate": days.last,
                "format": "json",
            });
            let truth = stage.at(days.at, |sandbox| sandbox.truth_statistics(&body));
            let truth = truth.unwrap();
            let columns = Columns(&truth.columns);
            for row in &truth.rows {
                take(&stream.row(&columns, row, |_| None));
            }
        }
    }
}
