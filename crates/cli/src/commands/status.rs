//! `criteo status`: what is loaded, what is missing, and how the last run ended.

use criteo_engine::event::Outcome;
use criteo_engine::status::{RunStatus, Status, StreamStatus};
use jiff::civil::Date;

use super::context::Context;
use super::summary::{CONSENT_SAYS_HOW, in_want, left_out, without_consent};
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
        printer.prose(line)?;
    }
    if let Some(words) = lacking(&status) {
        printer.prose(format_args!("\n{words}"))?;
    }
    if let Some(words) = not_granted(&status) {
        printer.prose(format_args!("\n{words}"))?;
    }
    if let Some(names) = never_read(&status) {
        printer.prose(format_args!("\nNever read: {names}"))?;
    }
    for note in &status.notes {
        printer.note(note);
    }
    if let Some(run) = &status.last_run {
        printer.prose(format_args!("\n{}", last_run(run)))?;
    }
    if let Some(refusal) = &status.refusal {
        printer.warning(&format!(
            "The next `criteo sync` will be refused, and read nothing. {}",
            refusal.message
        ));
        if let Some(hint) = &refusal.hint {
            printer.hint(hint);
        }
        return Ok(Exit::Complete);
    }
    printer.note(next(&status));
    Ok(Exit::Complete)
}

/// The streams that nothing was read of, after a run that did not read everything. After one that did, there is nothing
/// to read of them, or they were not selected.
fn never_read(status: &Status) -> Option<String> {
    let run = status.last_run.as_ref()?;
    let names: Vec<&str> = status
        .streams
        .iter()
        .filter(|stream| stream.last_read.is_none())
        .map(|stream| stream.stream.as_str())
        .collect();
    let is_told = run.outcome != Some(Outcome::Complete) && !names.is_empty();
    is_told.then(|| names.join(", "))
}

/// The permissions for want of which something is not there, and what to do.
fn lacking(status: &Status) -> Option<String> {
    let streams = status.streams.iter();
    let words = in_want(streams.map(|stream| (stream.lacks_permission, stream.stream.as_str())))?;
    Some(format!(
        "When Criteo was last asked: {words} After another key was kept, `criteo sync` asks again."
    ))
}

/// Who does not consent, and when that was known.
fn not_granted(status: &Status) -> Option<String> {
    let not_granted = status.not_granted.as_ref()?;
    let words = without_consent(&not_granted.advertiser_ids, CONSENT_SAYS_HOW)?;
    let asked = not_granted.asked_at.strftime("%F %R");
    Some(format!("{words} (The last sync that asked: {asked} UTC.)"))
}

/// What to do next, in a sentence.
fn next(status: &Status) -> &'static str {
    let is_missing = |what: fn(&StreamStatus) -> bool| status.streams.iter().any(what);
    let Some(run) = &status.last_run else {
        return "\nNothing has been loaded yet. `criteo sync` does.";
    };
    match run.outcome {
        Some(Outcome::Failed | Outcome::Partial) => {
            "Next: `criteo check` says what is broken; when all is well, `criteo sync` reads what is missing."
        }
        _ if is_missing(|stream| !stream.quarantined.is_empty()) => {
            "Next: `criteo sync` tries again what was left out; `criteo check` says whether something is broken."
        }
        None | Some(Outcome::Interrupted) => {
            "Next: `criteo sync` reads what is missing. With the options of that run it carries on where that stopped."
        }
        Some(Outcome::Complete)
            if is_missing(|stream| stream.unread.is_some() || !stream.gaps.is_empty()) =>
        {
            "Next: `criteo sync` reads what is missing."
        }
        Some(Outcome::Complete) if status.not_granted.is_some() => {
            "Of those who consent, nothing is missing. The next `criteo sync` reads what is new by then."
        }
        Some(Outcome::Complete) => {
            "Nothing is missing. The next `criteo sync` reads what is new by then."
        }
    }
}

fn streams(status: &Status) -> String {
    let mut table = TextTable::new(&[
        Column::Words("STREAM"),
        Column::Words("TABLE"),
        Column::Number("ROWS"),
        Column::Words("FIRST DAY"),
        Column::Words("LAST DAY"),
        Column::Number("NOT READ"),
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
            unless_none(stream.unread.as_ref().map_or(0, |unread| unread.days)),
            unless_none(size(stream.gaps.len())),
            unless_none(stream.immature_days),
            unless_none(size(stream.quarantined.len())),
            last_read.unwrap_or_default(),
        ]);
    }
    table.render()
}

/// What is not there, in words.
fn missing(stream: &StreamStatus) -> Vec<String> {
    let unread = stream.unread.iter().map(|unread| {
        let days = match unread.first_day == unread.last_day {
            true => unread.first_day.to_string(),
            false => format!("{} to {}", unread.first_day, unread.last_day),
        };
        format!(
            "\n{}: not read yet: {days}, {} of {}",
            stream.stream,
            counted(unread.days, "day"),
            counted(size(unread.advertisers), "advertiser")
        )
    });
    // Most of them are among the days above; --json has every one.
    let gaps = stream
        .gaps
        .iter()
        .filter(|_| stream.unread.is_none())
        .map(|gap| format!("\n{}: gap: {gap}", stream.stream));
    // A missing permission is told once for all streams that need it.
    let others = stream
        .quarantined
        .iter()
        .filter(|window| !window.is_for_want_of_permission());
    let windows = left_out(others)
        .into_iter()
        .map(|words| format!("\n{words}"));
    unread.chain(gaps).chain(windows).collect()
}

fn last_run(run: &RunStatus) -> String {
    let ended = match run.outcome {
        Some(Outcome::Complete) => "loaded everything",
        Some(Outcome::Partial) => "loaded a part",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Interrupted) => "was stopped before its end",
        None => {
            "has not finished: it is still running, or it was cut off, and then the next sync carries on from it"
        }
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
