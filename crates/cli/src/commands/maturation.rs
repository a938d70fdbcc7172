//! `criteo status --maturation`: how early the numbers of an account are final.

use criteo_engine::ledger::maturation::{DAYS_TO_CONCLUDE, MaturationPoint, Support};
use criteo_engine::status::StreamMaturation;

use super::context::Context;
use crate::exit::Exit;
use crate::table::{Column, TextTable};
use crate::wording::counted;

/// The ages that have a column; the view in the database has all of them.
const AGES: [u32; 7] = [0, 1, 3, 7, 14, 21, 30];

/// Reads the destination, and nothing else.
pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let config = context.configuration()?;
    let maturation = criteo_engine::maturation(&config).await?;
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&maturation)?;
        return Ok(Exit::Complete);
    }
    printer.data(table(&maturation.streams))?;
    printer.note(
        "\nShares of the final value that were known when days had that age, in per cent. Days count once they have \
         been read as final and were read first at that age or before.\n",
    );
    for stream in &maturation.streams {
        printer.data(format_args!(
            "{}: {} Lookback in use: {}.",
            stream.stream,
            verdict(stream.support),
            stream.lookback
        ))?;
    }
    Ok(Exit::Complete)
}

fn table(streams: &[StreamMaturation]) -> String {
    let mut columns = vec![
        Column::Words("STREAM"),
        Column::Words("METRIC"),
        Column::Number("DAYS"),
    ];
    columns.extend(["0", "1", "3", "7", "14", "21", "30"].map(Column::Number));
    let mut table = TextTable::new(&columns);
    for stream in streams {
        for points in stream
            .points
            .chunk_by(|left, right| left.metric == right.metric)
        {
            let days = points.iter().map(|point| point.days).max().unwrap_or(0);
            let mut cells = vec![
                stream.stream.clone(),
                points
                    .first()
                    .map_or_else(String::new, |point| point.metric.clone()),
                days.to_string(),
            ];
            cells.extend(AGES.map(|age| share(points, age)));
            table.row(cells);
        }
    }
    table.render()
}

fn share(points: &[MaturationPoint], age: u32) -> String {
    points
        .iter()
        .find(|point| point.age_days == age && point.days > 0)
        .and_then(|point| point.share_known)
        .map_or_else(String::new, |share| format!("{:.2}", share * 100.0))
}

fn verdict(support: Support) -> String {
    let too_few = || {
        format!(
            "too little is known yet ({} followed until final; {DAYS_TO_CONCLUDE} at every age are needed).",
            counted(support.days, "day")
        )
    };
    match (support.nearly_all_known_after, support.all_known_after) {
        (Some(nearly), Some(all)) => format!(
            "99.9 % of every metric is known after {}, all of it after {}.",
            counted(nearly.into(), "day"),
            counted(all.into(), "day")
        ),
        (Some(nearly), None) => format!(
            "99.9 % of every metric is known after {}; some moves after 30 days.",
            counted(nearly.into(), "day")
        ),
        (None, _) if support.days < DAYS_TO_CONCLUDE => too_few(),
        (None, _) => "more than a thousandth of some metric moves after 30 days.".to_owned(),
    }
}
