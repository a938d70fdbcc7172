//! Statistics and custom reports, which are read to whole periods.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde_json::json;

use super::{Cell, Columns, ExpectedStream};
use crate::support::Stage;

pub(super) fn rows(
    stage: &Stage,
    stream: &ExpectedStream,
    advertisers: &[String],
    mut take: impl FnMut(&[Cell]),
) {
    // One advertiser at a time, because the truth of a large world is large.
    for advertiser in advertisers {
        let truth = stage
            .sandbox
            .truth_statistics(&json!({
                "advertiserIds": advertiser,
                "dimensions": stream.dimensions,
                "metrics": stream.metrics,
                "currency": stream.currency,
                "timezone": stream.time_zone,
                "startDate": first_day(stream),
                "endDate": stream.today(&stage.sandbox),
                "format": "json",
            }))
            .unwrap();
        let columns = Columns(&truth.columns);
        for row in &truth.rows {
            take(&stream.row(&columns, row, |_| None));
        }
    }
}

/// The first day of the period that holds the configured one. A report of months has no row for a half.
fn first_day(stream: &ExpectedStream) -> Date {
    let start = stream.start_date;
    let has = |name: &str| stream.dimensions.iter().any(|dimension| dimension == name);
    if has("Day") {
        start
    } else if has("Week") {
        let since_monday = start.weekday().since(Weekday::Monday);
        start - i64::from(since_monday).days()
    } else if has("Month") {
        start.first_of_month()
    } else if has("Year") {
        start.first_of_year()
    } else {
        start
    }
}
