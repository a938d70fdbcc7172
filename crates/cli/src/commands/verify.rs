//! `criteo verify`: are the sums of the tables what Criteo says they are?

use std::collections::BTreeMap;
use std::sync::Arc;

use criteo_engine::verify::{NotComparable, StreamVerification, Verification};
use criteo_engine::{Config, Engine, Neighbours, Selection};
use jiff::civil::Date;

use super::context::{Context, PerConnection, check_range, check_streams};
use super::summary;
use crate::arguments::VerifyArguments;
use crate::exit::Exit;
use crate::reporters::{Progress, Warnings};
use crate::signals;
use crate::table::{Column, TextTable};
use crate::wording::{by_group, count, counted, size};

/// Differences shown per stream; `--json` has them all.
const DIFFERENCES_TO_SHOW: usize = 20;

/// Compares for each connection, and with `--fix` reads again what differs and compares once more.
pub(super) async fn run(context: &Context, arguments: &VerifyArguments) -> anyhow::Result<Exit> {
    let config = context.configuration()?;
    check_range(arguments.from, arguments.to)?;
    check_streams(&arguments.streams, &config)?;
    let selection = Selection {
        streams: arguments.streams.clone(),
        from: arguments.from,
        to: arguments.to,
        ..Selection::default()
    };
    let connections = context
        .connections(|| Warnings::and_waits(context.printer))
        .await?;
    let mut exit = connections.exit;
    let mut verifications = BTreeMap::new();
    let is_one_object = connections.are_several && context.printer.is_json();
    for connected in connections.ready {
        let config = connected.config;
        if connections.are_several {
            context.announce(&config)?;
        }
        let print = |verification: &Verification| match is_one_object {
            true => Ok(()),
            false => print(context, verification),
        };
        let compared = compare_and_fix(
            context,
            &config,
            connected.engine,
            &selection,
            arguments.fix,
            print,
        );
        let verification = match compared.await {
            Err(error) if connections.are_several => {
                exit = exit.and(context.failed(&config, error));
                continue;
            }
            compared => compared?,
        };
        if !verification.agrees() {
            exit = exit.and(Exit::Partial);
        }
        verifications.insert(config.criteo.connection.unwrap_or_default(), verification);
    }
    if is_one_object {
        context.printer.json(&PerConnection {
            connections: verifications,
        })?;
    }
    Ok(exit)
}

async fn compare_and_fix(
    context: &Context,
    config: &Config,
    engine: Engine,
    selection: &Selection,
    fix: bool,
    print: impl Fn(&Verification) -> anyhow::Result<()>,
) -> anyhow::Result<Verification> {
    let neighbours = engine.neighbours();
    let mut verification = engine.verify(selection).await?;
    // Its destination has to be closed before another engine opens it.
    drop(engine);
    if fix && !verification.agrees() {
        print(&verification)?;
        for stream in &verification.streams {
            read_again(context, config, stream, neighbours.clone()).await?;
        }
        let engine = context.engine(config, Arc::new(Warnings::new(context.printer)))?;
        verification = engine.with_neighbours(neighbours).verify(selection).await?;
    }
    print(&verification)?;
    Ok(verification)
}

async fn read_again(
    context: &Context,
    config: &Config,
    stream: &StreamVerification,
    neighbours: Option<Neighbours>,
) -> anyhow::Result<()> {
    let Some((first, last)) = blamed_days(stream) else {
        return Ok(());
    };
    let selection = Selection {
        streams: vec![stream.stream.clone()],
        from: Some(first),
        to: Some(last),
        full_refresh: true,
        rebuild: false,
        accept_loss: false,
    };
    let progress = Arc::new(Progress::new(context.printer));
    let engine = context
        .engine(config, Arc::clone(&progress))?
        .with_neighbours(neighbours);
    let stop = signals::stop_token(Arc::clone(&progress));
    let result = engine.sync(&selection, stop).await;
    progress.finish();
    summary::print(
        &context.printer,
        &result?,
        summary::Kept::Yes,
        summary::SAME_COMMAND,
    )?;
    Ok(())
}

fn print(context: &Context, verification: &Verification) -> anyhow::Result<()> {
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(verification)?;
        return Ok(());
    }
    if verification.streams.is_empty() {
        printer.note(not_comparable(&verification.not_comparable));
        printer.prose(
            "None of the selected streams has totals to compare with. `criteo verify` without --stream compares those that \
             have.",
        )?;
        return Ok(());
    }
    printer.data(overview(verification))?;
    for stream in &verification.streams {
        if !stream.not_granted.is_empty() {
            printer.warning(&format!(
                "{}: not compared, because they no longer consent to this app: advertisers {}",
                stream.stream,
                stream.not_granted.join(", ")
            ));
        }
        if stream.compared == 0 && verification.streams.len() > 1 {
            printer.warning(&format!(
                "{}: nothing is loaded that could be compared",
                stream.stream
            ));
        }
        if !stream.left_out.is_empty() {
            printer.note(format_args!(
                "{}: not compared, because they do not add up: {}",
                stream.stream,
                stream.left_out.join(", ")
            ));
        }
        if let Some((first, last)) = blamed_days(stream) {
            printer.data(format_args!("\n{}", differences(stream)))?;
            if !is_immature(stream) {
                printer.hint(&format!(
                    "`criteo sync -s {} --full-refresh --from {first} --to {last}` reads these days again; so does \
                     --fix. Days marked \"not final\" were read while Criteo was still restating them.",
                    stream.stream
                ));
            }
        }
    }
    if !verification.not_comparable.is_empty() {
        printer.note(not_comparable(&verification.not_comparable));
    }
    printer.note(format_args!(
        "Asked Criteo with {}.",
        counted(u64::from(verification.calls), "call")
    ));
    printer.prose(format_args!("\n{}", verdict(verification)))?;
    Ok(())
}

/// How it ended, in a sentence.
fn verdict(verification: &Verification) -> String {
    let sum = |part: fn(&StreamVerification) -> u64| -> u64 {
        verification.streams.iter().map(part).sum()
    };
    let compared = sum(|stream| stream.compared);
    let different = sum(|stream| size(stream.differences.len()));
    match (compared, different) {
        (0, _) if verification.agrees() => {
            "Nothing to compare here: other connections read these advertisers.".to_owned()
        }
        (0, _) => {
            "Nothing is loaded that could be compared. `criteo status` shows what is loaded, and what `criteo sync` would do."
                .to_owned()
        }
        (compared, 0) => format!("All {} agree with Criteo.", counted(compared, "sum")),
        (compared, different) => format!(
            "{} of {} are not what Criteo says now.{}",
            count(different),
            counted(compared, "sum"),
            if verification.streams.iter().all(is_immature) {
                " Only days that are not final yet differ, which is to be expected; the next `criteo sync` reads them again."
            } else {
                ""
            }
        ),
    }
}

/// Whether nothing differs but days that were read while Criteo was still restating them.
fn is_immature(stream: &StreamVerification) -> bool {
    stream
        .differences
        .iter()
        .all(|difference| difference.immature)
}

/// The streams that cannot be compared, those with the same reason side by side.
fn not_comparable(streams: &[NotComparable]) -> String {
    let reasons = streams.iter().map(|one| (one.reason, one.stream.as_str()));
    let groups: Vec<String> = by_group(reasons)
        .into_iter()
        .map(|(reason, names)| format!("{} ({reason})", names.join(", ")))
        .collect();
    format!("Not compared: {}.", groups.join("; "))
}

fn overview(verification: &Verification) -> String {
    let mut table = TextTable::new(&[
        Column::Words("STREAM"),
        Column::Words("FROM"),
        Column::Words("TO"),
        Column::Number("ADVERTISERS"),
        Column::Number("METRICS"),
        Column::Number("SUMS COMPARED"),
        Column::Number("DIFFERENT"),
    ]);
    for stream in &verification.streams {
        table.row([
            stream.stream.clone(),
            day(stream.first_day),
            day(stream.last_day),
            count(size(stream.advertisers)),
            count(size(stream.metrics.len())),
            count(stream.compared),
            count(size(stream.differences.len())),
        ]);
    }
    table.render()
}

fn differences(stream: &StreamVerification) -> String {
    let mut table = TextTable::new(&[
        Column::Words("DIFFERS IN"),
        Column::Words("ADVERTISER"),
        Column::Words("FROM"),
        Column::Words("TO"),
        Column::Words("METRIC"),
        Column::Number("TABLE"),
        Column::Number("CRITEO"),
        Column::Words("NOTE"),
    ]);
    for difference in stream.differences.iter().take(DIFFERENCES_TO_SHOW) {
        let sum = |sum: &Option<String>| sum.clone().unwrap_or_else(|| "no rows".to_owned());
        table.row([
            stream.stream.clone(),
            difference.advertiser_id.clone(),
            difference.first_day.to_string(),
            difference.last_day.to_string(),
            difference.metric.clone(),
            sum(&difference.table),
            sum(&difference.criteo),
            if difference.immature { "not final" } else { "" }.to_owned(),
        ]);
    }
    let more = stream.differences.len().saturating_sub(DIFFERENCES_TO_SHOW);
    let mut text = table.render();
    if more > 0 {
        text.push_str(&format!(
            "\nand {} (--json shows all)",
            counted(size(more), "more difference")
        ));
    }
    text
}

/// The days from the first to the last that differ.
fn blamed_days(stream: &StreamVerification) -> Option<(Date, Date)> {
    let first = stream
        .differences
        .iter()
        .map(|difference| difference.first_day)
        .min()?;
    let last = stream
        .differences
        .iter()
        .map(|difference| difference.last_day)
        .max()?;
    Some((first, last))
}

fn day(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}
