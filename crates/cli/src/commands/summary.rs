//! What a run did, as a table and in a sentence.

use std::io;

use criteo_engine::event::{Outcome, QuarantinedWindow, RunSummary, StreamSummary};

use crate::printer::Printer;
use crate::table::{Column, TextTable};
use crate::wording::{count, counted, size, span_of_seconds};

/// Whether the rows of a run were kept somewhere, or printed on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// In a destination with a ledger.
    Yes,
    /// They are on standard output, which is theirs alone, and forgotten.
    No,
}

/// Prints the streams of a run, and below them how it ended. In JSON the last event has said it already.
pub(super) fn print(printer: &Printer, run: &RunSummary, kept: Kept) -> io::Result<()> {
    if printer.is_json() {
        return Ok(());
    }
    if !printer.is_quiet() {
        match kept {
            Kept::Yes => printer.data(table(&run.streams))?,
            Kept::No => printer.note(table(&run.streams)),
        }
        printer.note("");
    }
    for stream in &run.streams {
        if let Some(failure) = &stream.failure {
            printer.warning(&format!("{} was not read: {failure}", stream.stream));
        }
    }
    for window in &run.quarantined {
        printer.warning(&left_out(window));
    }
    let words = loaded(run);
    match (run.outcome, kept) {
        (Outcome::Complete, _) => printer.note(words),
        (Outcome::Partial, Kept::Yes) => printer.warning(&format!(
            "Partly loaded. {words} What was left out keeps its old rows, and the next `criteo sync` reads it again."
        )),
        (Outcome::Partial, Kept::No) => printer.warning(&format!(
            "Partly printed. {words} The rows of what was left out are not among those above."
        )),
        (Outcome::Interrupted, Kept::Yes) => printer.warning(&format!(
            "Interrupted. {words} The same command carries on from here."
        )),
        (Outcome::Interrupted, Kept::No) => {
            printer.warning(&format!("Interrupted. {words} The rest was not read."));
        }
        (Outcome::Failed, Kept::Yes) => printer.error("Nothing could be loaded"),
        (Outcome::Failed, Kept::No) => printer.error("Nothing could be read"),
    }
    Ok(())
}

fn table(streams: &[StreamSummary]) -> String {
    let mut table = TextTable::new(&[
        Column::Words("STREAM"),
        Column::Number("WINDOWS"),
        Column::Number("CALLS"),
        Column::Number("ROWS"),
        Column::Number("SECONDS"),
        Column::Number("VERIFIED"),
    ]);
    for stream in streams {
        let verified = match stream.verifiable {
            0 => String::new(),
            all => format!("{}/{}", count(size(stream.verified)), count(size(all))),
        };
        table.row([
            stream.stream.clone(),
            count(size(stream.windows)),
            count(stream.calls.into()),
            count(stream.rows),
            format!("{:.1}", stream.seconds),
            verified,
        ]);
    }
    table.render()
}

fn loaded(run: &RunSummary) -> String {
    let rows: u64 = run.streams.iter().map(|stream| stream.rows).sum();
    let of_streams: u64 = run
        .streams
        .iter()
        .map(|stream| u64::from(stream.calls))
        .sum();
    // The table above has the others only.
    let of_none = match run.calls.saturating_sub(of_streams) {
        0 => String::new(),
        calls => format!(
            " ({} of no stream, such as asking for the advertisers)",
            count(calls)
        ),
    };
    let streams = counted(size(run.streams.len()), "stream");
    // The others may have had nothing to read; after a run that was stopped, nobody knows.
    let touched = run.streams.iter().filter(|stream| stream.windows > 0);
    let of_streams = match (run.outcome, size(touched.count())) {
        (Outcome::Interrupted, touched) if touched < size(run.streams.len()) => {
            format!("{} of {streams}", count(touched))
        }
        _ => streams,
    };
    format!(
        "Loaded {} of {of_streams} in {}{of_none} and {}.",
        counted(rows, "row"),
        counted(run.calls, "call"),
        span_of_seconds(run.seconds)
    )
}

/// A window that was given up, with as many advertisers as a person wants to read.
pub(super) fn left_out(window: &QuarantinedWindow) -> String {
    let days = match (window.first_day, window.last_day) {
        (Some(first), Some(last)) if first == last => format!(" of {first}"),
        (Some(first), Some(last)) => format!(" of {first} to {last}"),
        _ => String::new(),
    };
    let advertisers = match window.advertiser_ids.as_slice() {
        [] => String::new(),
        [one] => format!(", advertiser {one}"),
        few if few.len() <= 5 => format!(", advertisers {}", few.join(", ")),
        many => format!(", {}", counted(size(many.len()), "advertiser")),
    };
    format!(
        "{}{days}{advertisers} left out: {}",
        window.stream, window.reason
    )
}
