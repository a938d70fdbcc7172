//! What a run did, as a table and in a sentence.

use std::collections::BTreeSet;
use std::io;

use criteo_engine::doctor::lacking_permissions;
use criteo_engine::event::{Outcome, QuarantinedWindow, RunSummary, StreamSummary};
use jiff::civil::Date;

use super::plan::WINDOW;
use crate::printer::Printer;
use crate::table::{Column, TextTable};
use crate::wording::{by_group, count, counted, few, size, span_of_seconds};

/// What carries on where nobody else than the person began it.
pub(super) const SAME_COMMAND: &str = "The same command";

/// Where to read how consent is given.
pub(super) const CONSENT_SAYS_HOW: &str = "`criteo consent` says how";

/// What stands in a stream's failure before that which was not even tried.
const NOT_TRIED: &str = " Not tried: ";

/// Whether the rows of a run were kept somewhere, or printed on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// In a destination with a ledger.
    Yes,
    /// They are on standard output, which is theirs alone, and forgotten.
    No,
}

/// Prints the streams of a run, and below them how it ended. In JSON the last event has said it already. `again` names the
/// command that carries on after an interruption.
pub(super) fn print(
    printer: &Printer,
    run: &RunSummary,
    kept: Kept,
    again: &str,
) -> io::Result<()> {
    if printer.is_json() {
        return Ok(());
    }
    if !printer.is_quiet() {
        match kept {
            Kept::Yes => printer.data(table(&run.streams))?,
            Kept::No => printer.note(table(&run.streams)),
        }
        printer.note("");
        if run.streams.iter().any(|stream| stream.windows > 0) {
            printer.note(WINDOW);
        }
    }
    for words in not_read(&run.streams) {
        printer.warning(&words);
    }
    // What a stream could not be read for says why its windows were given up, too.
    let is_told = |window: &&QuarantinedWindow| {
        let mut streams = run.streams.iter();
        streams.any(|stream| stream.stream == window.stream && is_forbidden(stream))
    };
    for words in left_out(run.quarantined.iter().filter(|window| !is_told(window))) {
        printer.warning(&words);
    }
    let words = loaded(run);
    let lacking = lacking(run);
    let without_consent = without_consent(&run.not_granted, CONSENT_SAYS_HOW);
    let in_vain: Vec<&str> = [
        lacking.as_ref().map(|_| "the app lacks a permission"),
        without_consent
            .as_ref()
            .map(|_| "an advertiser does not consent"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (run.outcome, kept) {
        (Outcome::Complete, _) => printer.note(words),
        (Outcome::Partial, Kept::Yes) => printer.warning(&format!(
            "Partly loaded. {words} What was left out keeps its old rows, and the next `criteo sync` reads it again{}.",
            match in_vain.as_slice() {
                [] => String::new(),
                reasons => format!(", except where {}", reasons.join(" or ")),
            }
        )),
        (Outcome::Partial, Kept::No) => printer.warning(&format!(
            "Partly printed. {words} The rows of what was left out are not among those above."
        )),
        (Outcome::Interrupted, Kept::Yes) => printer.warning(&format!(
            "Interrupted. {words} {again} carries on from here."
        )),
        (Outcome::Interrupted, Kept::No) => {
            printer.warning(&format!("Interrupted. {words} The rest was not read."));
        }
        (Outcome::Failed, Kept::Yes) => printer.error("Nothing could be loaded"),
        (Outcome::Failed, Kept::No) => printer.error("Nothing could be read"),
    }
    if let Some(without_consent) = without_consent {
        printer.hint(&without_consent);
    }
    if let Some(lacking) = lacking {
        printer.hint(&lacking);
    }
    Ok(())
}

/// Whether the app lacks the permission that a stream needs, so that all of its windows fail alike.
fn is_forbidden(stream: &StreamSummary) -> bool {
    stream.failure.is_some() && stream.lacks_permission.is_some()
}

/// Why streams were not read, in the order in which they come. Those that lack the same permission are one paragraph.
fn not_read(streams: &[StreamSummary]) -> Vec<String> {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut paragraphs = Vec::new();
    for stream in streams {
        let Some(failure) = &stream.failure else {
            continue;
        };
        let Some(permission) = &stream.lacks_permission else {
            paragraphs.push(format!("{} was not read: {failure}", stream.stream));
            continue;
        };
        if !told.insert(permission) {
            continue;
        }
        let alike: Vec<&str> = streams
            .iter()
            .filter(|other| {
                is_forbidden(other) && other.lacks_permission == stream.lacks_permission
            })
            .map(|other| other.stream.as_str())
            .collect();
        paragraphs.push(match alike.as_slice() {
            [one] => format!("{one} was not read: {failure}"),
            // What was not tried differs from stream to stream: it is all of it.
            several => format!(
                "{} were not read: {}",
                several.join(", "),
                failure.split(NOT_TRIED).next().unwrap_or(failure)
            ),
        });
    }
    paragraphs
}

/// Which advertisers Criteo does not grant to the app, what that means, and what to do, which `how` tells in detail: a
/// command, or what stands above. `None` where it grants all.
pub(super) fn without_consent(advertiser_ids: &[String], how: &str) -> Option<String> {
    let (advertisers, them) = match advertiser_ids {
        [] => return None,
        [_] => ("advertiser", "it"),
        _ => ("advertisers", "them"),
    };
    let ids: Vec<&str> = advertiser_ids.iter().map(String::as_str).collect();
    Some(format!(
        "Without consent: {advertisers} {}. What was loaded of {them} stays, and nothing new of {them} is read. To get {them} \
         back, let somebody who administers {them} approve a new consent URL: {how}. To part with {them} for good, or where an \
         id is misspelt, list the right ones in criteo.toml, below [criteo]: `advertiser_ids = [\"ID\", \"ID\"]`; one that is \
         granted later has to be added by hand then.",
        few(&ids)
    ))
}

/// The permissions for want of which streams were not read, and what to do; `None` when the app has what it needs.
fn lacking(run: &RunSummary) -> Option<String> {
    let streams = run.streams.iter();
    let words = in_want(
        streams.map(|stream| (stream.lacks_permission.as_deref(), stream.stream.as_str())),
    )?;
    Some(format!("{words} `criteo check` tries each permission."))
}

/// What it means that streams were not read for want of these permissions, and what to do; `None` when none lacks one.
pub(super) fn in_want<'text>(
    streams: impl Iterator<Item = (Option<&'text str>, &'text str)>,
) -> Option<String> {
    let lacking = streams.filter_map(|(permission, stream)| Some((permission?, stream)));
    let by_permission = by_group(lacking);
    (!by_permission.is_empty()).then(|| lacking_permissions(by_permission))
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
        (Outcome::Partial, _) if run.streams.iter().any(|stream| stream.failure.is_some()) => {
            let read = run.streams.iter().filter(|stream| stream.failure.is_none());
            format!("{} of {streams}", count(size(read.count())))
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

/// Windows that were given up, in the order in which they come: those of one stream that failed for the same reason in
/// one paragraph, with as many advertisers as a person wants to read.
pub(super) fn left_out<'windows>(
    windows: impl IntoIterator<Item = &'windows QuarantinedWindow>,
) -> Vec<String> {
    let mut groups: Vec<LeftOut<'_>> = Vec::new();
    for window in windows {
        let cause = without_trace(&window.reason);
        match groups
            .iter_mut()
            .find(|group| group.stream == window.stream && group.cause == cause)
        {
            Some(group) => group.add(window),
            None => groups.push(LeftOut::of(window, cause)),
        }
    }
    groups.iter().map(LeftOut::words).collect()
}

/// Windows of one stream that were given up for the same reason.
struct LeftOut<'windows> {
    stream: &'windows str,
    /// The reason of the first one, as it was given.
    reason: &'windows str,
    /// The same without what differs from answer to answer.
    cause: String,
    windows: u64,
    /// The days of each one, from the first to the last, as far as the stream has days.
    days: BTreeSet<(Date, Date)>,
    advertisers: BTreeSet<&'windows str>,
}

impl<'windows> LeftOut<'windows> {
    fn of(window: &'windows QuarantinedWindow, cause: String) -> Self {
        let mut group = Self {
            stream: &window.stream,
            reason: &window.reason,
            cause,
            windows: 0,
            days: BTreeSet::new(),
            advertisers: BTreeSet::new(),
        };
        group.add(window);
        group
    }

    fn add(&mut self, window: &'windows QuarantinedWindow) {
        self.windows += 1;
        self.days.extend(window.first_day.zip(window.last_day));
        let ids = window.advertiser_ids.iter();
        self.advertisers.extend(ids.map(String::as_str));
    }

    fn words(&self) -> String {
        let first = self.days.iter().map(|(first, _)| first).min();
        let last = self.days.iter().map(|(_, last)| last).max();
        let days = match (first, last) {
            (Some(first), Some(last)) if first == last => format!(" of {first}"),
            (Some(first), Some(last)) if self.days.len() == 1 => format!(" of {first} to {last}"),
            // Some of the days in between may be there.
            (Some(first), Some(last)) => format!(" of days from {first} to {last}"),
            _ => String::new(),
        };
        let advertisers: Vec<&str> = self.advertisers.iter().copied().collect();
        let advertisers = match advertisers.as_slice() {
            [] => String::new(),
            [one] => format!(", advertiser {one}"),
            few if few.len() <= 5 => format!(", advertisers {}", few.join(", ")),
            many => format!(", {}", counted(size(many.len()), "advertiser")),
        };
        let windows = match self.windows {
            1 => String::new(),
            windows => format!(" in {}", counted(windows, "window")),
        };
        format!(
            "{}{days}{advertisers} left out{windows}: {}",
            self.stream, self.reason
        )
    }
}

/// A reason without the identifier that Criteo gives to each answer.
fn without_trace(reason: &str) -> String {
    const TRACE: &str = " [trace ";
    let mut text = String::new();
    let mut rest = reason;
    while let Some((before, after)) = rest.split_once(TRACE) {
        text.push_str(before);
        rest = after.split_once(']').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn window(stream: &str, day: i8, advertiser: &str, reason: &str) -> QuarantinedWindow {
        QuarantinedWindow {
            stream: stream.to_owned(),
            first_day: Some(date(2026, 1, day)),
            last_day: Some(date(2026, 1, day)),
            advertiser_ids: vec![advertiser.to_owned()],
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn windows_with_the_same_reason_are_one_paragraph() {
        let windows = [
            window("placements", 3, "7", "status 403 [trace a]. More"),
            window("placements", 3, "8", "status 403 [trace b]. More"),
            window("statistics", 3, "7", "status 403 [trace c]. More"),
            window("placements", 1, "7", "status 403 [trace d]. More"),
            window("placements", 2, "7", "status 400 [trace e]. More"),
        ];
        assert_eq!(
            left_out(&windows),
            [
                "placements of days from 2026-01-01 to 2026-01-03, advertisers 7, 8 left out in 3 windows: status 403 \
                 [trace a]. More",
                "statistics of 2026-01-03, advertiser 7 left out: status 403 [trace c]. More",
                "placements of 2026-01-02, advertiser 7 left out: status 400 [trace e]. More",
            ]
        );
    }
}
