//! `criteo plan`: what `sync` would read, in how many calls and minutes.

use std::collections::BTreeMap;

use criteo_engine::Plan;
use jiff::civil::Date;

use super::context::{Context, PerConnection, selection};
use crate::arguments::PlanArguments;
use crate::exit::Exit;
use crate::reporters::Warnings;
use crate::table::{Column, TextTable};
use crate::wording::{count, counted, size, span_of_seconds};

/// What the word means, for whoever meets it in a table for the first time.
pub(super) const WINDOW: &str =
    "A window is what is asked for and loaded as a whole: some days of some advertisers.";

/// Shows the plan of each connection and loads nothing.
pub(super) async fn run(context: &Context, arguments: &PlanArguments) -> anyhow::Result<Exit> {
    let selection = selection(&arguments.selection, &context.configuration()?)?;
    let connections = context
        .connections(|| Warnings::and_waits(context.printer))
        .await?;
    let mut exit = connections.exit;
    let mut plans = BTreeMap::new();
    for connected in connections.ready {
        let config = connected.config;
        // Dropped at once, so that the next one can open the destination.
        let planned = { connected.engine }.plan(&selection).await;
        let plan = match planned {
            Err(error) if connections.are_several => {
                exit = exit.and(context.failed(&config, error.into()));
                continue;
            }
            planned => planned?,
        };
        if !connections.are_several {
            show(context, &plan, arguments.windows)?;
        } else if context.printer.is_json() {
            plans.insert(config.criteo.connection.unwrap_or_default(), plan);
        } else {
            context.announce(&config)?;
            show(context, &plan, arguments.windows)?;
        }
    }
    if connections.are_several && context.printer.is_json() {
        context
            .printer
            .json(&PerConnection { connections: plans })?;
    }
    Ok(exit)
}

fn show(context: &Context, plan: &Plan, with_windows: bool) -> anyhow::Result<()> {
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(plan)?;
        return Ok(());
    }
    printer.data(streams(plan).render())?;
    let is_empty = plan.streams.iter().all(|stream| stream.windows.is_empty());
    if !is_empty {
        printer.note(WINDOW);
    }
    if with_windows {
        printer.data(format_args!("\n{}", windows(plan)))?;
    }
    printer.prose(format_args!("\n{}", cost(plan)))?;
    for stream in &plan.streams {
        if let (Some(full), Some(lookback)) = (stream.calls_with_full_lookback, &stream.lookback) {
            printer.prose(format_args!(
                "{}: {} with the lookback {lookback}; reading all of these days again in every run takes {}.",
                stream.stream,
                counted(stream.calls, "call"),
                count(full),
            ))?;
        }
        if let (Some(keep_from), days @ 1..) = (stream.keep_from, stream.days_to_drop) {
            printer.prose(format_args!(
                "{}: {} before {keep_from} would be deleted (`keep_days`).",
                stream.stream,
                counted(days, "day"),
            ))?;
        }
    }
    for remark in remarks(plan) {
        match remark {
            Remark::Warning(text) | Remark::Refusal(text) => printer.warning(&text),
            Remark::Note(text) => printer.note(text),
            Remark::Remedy(text) => printer.hint(&text),
        }
    }
    if plan.refusal.is_some() {
        return Ok(());
    }
    if is_empty {
        printer.note("There is nothing to read now.");
    } else {
        printer.note("Next: `criteo sync` reads this, with the same options if there were any.");
    }
    Ok(())
}

/// Something that a person should know of a plan besides its streams and what it costs.
pub(super) enum Remark {
    /// Not all of what is asked for can be had.
    Warning(String),
    /// How the plan is to be understood.
    Note(String),
    /// A sync would be refused.
    Refusal(String),
    /// What to do about the refusal.
    Remedy(String),
}

/// All that has to be said of a plan, in this order.
pub(super) fn remarks(plan: &Plan) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for stream in &plan.streams {
        if let Some(clamped) = &stream.clamped {
            remarks.push(Remark::Warning(format!("{}: {clamped}", stream.stream)));
        }
    }
    remarks.extend(plan.notes.iter().cloned().map(Remark::Note));
    if plan.continues.is_some() {
        let words = "An interrupted run is carried on: what it has read is not among this.";
        remarks.push(Remark::Note(words.to_owned()));
    }
    if let Some(refusal) = &plan.refusal {
        let words = format!("A sync would be refused. {}", refusal.message);
        remarks.push(Remark::Refusal(words));
        remarks.extend(refusal.hint.clone().map(Remark::Remedy));
    }
    remarks
}

/// What the plan costs, in a sentence.
pub(super) fn cost(plan: &Plan) -> String {
    format!(
        "{}, {} and {}: {}. Days are counted per advertiser.",
        counted(size(plan.advertisers), "advertiser"),
        counted(plan.report_calls, "report call"),
        counted(plan.other_calls, "other call"),
        time_at_the_quota(plan),
    )
}

/// What a minute allows at once takes no time, unless some of that minute has been used already.
fn time_at_the_quota(plan: &Plan) -> String {
    let seconds = plan.minutes * 60.0;
    if seconds < 1.0 {
        return "no waiting for the quota, unless this minute's calls are used up".to_owned();
    }
    format!("at least {} at the quota", span_of_seconds(seconds))
}

/// The streams as a table.
pub(super) fn streams(plan: &Plan) -> TextTable {
    let mut table = TextTable::new(&[
        Column::Words("STREAM"),
        Column::Words("FROM"),
        Column::Words("TO"),
        Column::Number("DAYS NEW"),
        Column::Number("DAYS AGAIN"),
        Column::Number("WINDOWS"),
        Column::Number("CALLS"),
    ]);
    for stream in &plan.streams {
        let about = if stream.estimated { "~" } else { "" };
        table.row([
            stream.stream.clone(),
            day(stream.first_day),
            day(stream.last_day),
            unless_none(stream.days_never_read),
            unless_none(stream.days_to_read_again + stream.days_lacking_columns),
            count(size(stream.windows.len())),
            format!("{about}{}", count(stream.calls)),
        ]);
    }
    table
}

fn windows(plan: &Plan) -> String {
    let mut table = TextTable::new(&[
        Column::Words("WINDOW OF"),
        Column::Words("FROM"),
        Column::Words("TO"),
        Column::Number("ADVERTISERS"),
        Column::Number("ROWS"),
    ]);
    for stream in &plan.streams {
        for window in &stream.windows {
            table.row([
                stream.stream.clone(),
                day(window.first_day),
                day(window.last_day),
                count(size(window.advertisers)),
                window
                    .estimated_rows
                    .map(|rows| format!("~{}", count(rows)))
                    .unwrap_or_default(),
            ]);
        }
    }
    table.render()
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
