//! Placements: a day and a kind of placement at a time, since the report knows neither.

use criteo_sandbox::Sandbox;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;

use super::{Cell, Columns, ExpectedStream};
use crate::support::Stage;

/// Criteo keeps three months, and yesterday is the last day.
fn has(stream: &ExpectedStream, sandbox: &Sandbox, day: Date) -> bool {
    let today = stream.today(sandbox);
    (today - 3.months()..today).contains(&day)
}

pub(super) fn rows(
    stage: &Stage,
    stream: &ExpectedStream,
    advertisers: &[String],
    mut take: impl FnMut(&[Cell]),
) {
    let today = stream.today(&stage.sandbox);
    let mut day = stream.start_date;
    while day < today {
        let mut instants = stage.instants().into_iter();
        let instant = instants.find(|it| stage.at(*it, |sandbox| has(stream, sandbox, day)));
        if let Some(instant) = instant {
            for disclosed in [true, false] {
                stage.at(instant, |sandbox| {
                    rows_of_day(sandbox, stream, advertisers, day, disclosed, &mut take);
                });
            }
        }
        day = day.tomorrow().unwrap();
    }
}

fn rows_of_day(
    sandbox: &Sandbox,
    stream: &ExpectedStream,
    advertisers: &[String],
    day: Date,
    disclosed: bool,
    take: &mut impl FnMut(&[Cell]),
) {
    let truth = sandbox
        .truth_placements(&json!({ "data": [{ "type": "Report", "attributes": {
            "advertiserIds": advertisers.join(","),
            "dimensions": stream.dimensions,
            "metrics": stream.metrics,
            "currency": stream.currency,
            "timezone": stream.time_zone,
            "startDate": day,
            "endDate": day,
            "disclosed": disclosed,
            "format": "json",
        } }] }))
        .unwrap();
    let stamp = |name: &str| match name {
        "day" => Some(day.to_string()),
        "disclosed" => Some(disclosed.to_string()),
        _ => None,
    };
    let columns = Columns(&truth.columns);
    for row in &truth.rows {
        take(&stream.row(&columns, row, stamp));
    }
}
