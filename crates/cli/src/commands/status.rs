//! `criteo status`: what is loaded, what is missing, and how the last run ended.

use criteo_engine::event::Outcome;
use criteo_engine::status::{RunStatus, Status, StreamStatus};
use jiff::civil::Date;

use super::context::Context;
use super::summary::left_out;
use crate::exit::Exit;
use crate::table::{Column, TextTable};
use crate::wording::{count, counted, size};

/// Reads the destination, and nothing else.
pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let config = context.configuration()?;
    let status = criteo_engine::status(&config).await?;
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&status)?;
        return Ok(Exit::Complete);
    }
    printer.data(streams(&status))?;
    if status.streams.iter().any(|stream| stream.immature_days > 0) {
        printer.note(
            "\nNot final are days (of one advertiser each) that Criteo may still restate; sync reads them again.",
        );
    }
    for line in status.streams.iter().flat_map(missing) {
        printer.data(line)?;
    }
    for note in &status.notes {
        printer.note(note);
    }
    match &status.last_run {
        Some(run) => printer.data(format_args!("\n{}", last_run(run)))?,
        None => printer.note("\nNothing has been loaded yet. `criteo sync` does."),
    }
    Ok(Exit::Complete)
}

fn streams(status: &Status) -> String {
    let mut table = TextTable::new(&[
        Column::Words("STREAM"),
        Column::Words("TABLE"),
        Column::Number("ROWS"),
        Column::Words("FIRST DAY"),
        Column::Words("LAST DAY"),
        Column::Number("GAPS"),
        Column::Number("NOT FINAL"),
        Column::Number("LEFT OUT"),
        Column::Words("LAST READ"),
    ]);
    for stream in &status.streams {
        let other_table = (stream.table != stream.stream).then(|| stream.table.clone());
        let last_read = stream
            .last_read
            .map(|instant| instant.strftime("%F %R").to_string());
        table.row([
            stream.stream.clone(),
            other_table.unwrap_or_default(),
            stream.rows.map_or_else(|| "-".to_owned(), count),
            day(stream.first_day),
            day(stream.last_day),
            unless_none(size(stream.gaps.len())),
            unless_none(stream.immature_days),
            unless_none(size(stream.quarantined.len())),
            last_read.unwrap_or_default(),
        ]);
    }
    table.render()
}

/// Gaps and windows that were left out, in words.
fn missing(stream: &StreamStatus) -> Vec<String> {
    let gaps = stream
        .gaps
        .iter()
        .map(|gap| format!("\n{}: gap: {gap}", stream.stream));
    let windows = stream
        .quarantined
        .iter()
        .map(|window| format!("\n{}", left_out(window)));
    gaps.chain(windows).collect()
}

fn last_run(run: &RunStatus) -> String {
    let ended = match run.outcome {
        Some(Outcome::Complete) => "loaded everything",
        Some(Outcome::Partial) => "loaded a part",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Interrupted) => "was interrupted",
        None => "did not finish; the next sync carries on from it",
    };
    format!(
        "Last run {} began {} UTC and {ended}: {} in {}.",
        run.run_id,
        run.started_at.strftime("%F %R"),
        counted(run.rows, "row"),
        counted(run.calls, "call"),
    )
}

fn day(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

fn unless_none(number: u64) -> String {
    match number {
        0 => String::new(),
        number => count(number),
    }
}
