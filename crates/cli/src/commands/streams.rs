//! `criteo streams`: everything that can be read.

use criteo_engine::catalog::{Catalog, HistoryEnd, Stream, StreamKind};
use serde::Serialize;

use super::context::Context;
use crate::exit::Exit;
use crate::table::{Column, TextTable};
use crate::wording::count;

/// A stream as scripts see it.
#[derive(Serialize)]
struct Listed<'a> {
    stream: &'a str,
    title: &'a str,
    description: &'a str,
    kind: &'static str,
    on_by_default: bool,
    permission: Option<&'static str>,
    row_cap: Option<u64>,
    history: Option<String>,
    fields: usize,
}

/// Lists the catalog.
pub(super) fn run(context: &Context) -> anyhow::Result<Exit> {
    let streams: Vec<Listed<'_>> = Catalog::builtin().streams().iter().map(listed).collect();
    if context.printer.is_json() {
        context.printer.json(&streams)?;
        return Ok(Exit::Complete);
    }
    let mut table = TextTable::new(&[
        Column::Words("STREAM"),
        Column::Words("ON"),
        Column::Words("WHAT"),
        Column::Words("HISTORY"),
        Column::Number("ROWS A CALL"),
    ]);
    for stream in &streams {
        let is_on = if stream.on_by_default { "yes" } else { "no" };
        table.row([
            stream.stream.to_owned(),
            is_on.to_owned(),
            stream.title.to_owned(),
            stream.history.clone().unwrap_or_default(),
            stream.row_cap.map(count).unwrap_or_default(),
        ]);
    }
    context.printer.data(table.render())?;
    context.printer.note(
        "\nTo turn a stream on (or off, with false), write this into criteo.toml, once for each stream:\n\n  \
         [streams.NAME]\n  enabled = true\n\n\
         The same section chooses its metrics, which `criteo fields STREAM` lists.\n\
         A [[reports]] section is a statistics report of your own; `criteo fields --help` has an example.",
    );
    Ok(Exit::Complete)
}

fn listed(stream: &Stream) -> Listed<'_> {
    Listed {
        stream: &stream.name,
        title: &stream.title,
        description: &stream.description,
        kind: match stream.kind {
            StreamKind::Report => "report",
            StreamKind::Entity => "listing",
            StreamKind::Files => "files",
        },
        on_by_default: stream.enabled,
        permission: stream.scope.map(super::permission),
        row_cap: stream.row_cap,
        history: history(stream),
        fields: stream.fields.len(),
    }
}

/// How far back Criteo goes, and until when.
pub(super) fn history(stream: &Stream) -> Option<String> {
    let span = match (stream.history_months, stream.history_days) {
        (Some(months), _) if months % 12 == 0 => format!("{} years", months / 12),
        (Some(months), _) => format!("{months} months"),
        (None, Some(days)) => format!("{days} days"),
        (None, None) => return None,
    };
    Some(match stream.until {
        HistoryEnd::Today => span,
        HistoryEnd::Yesterday => format!("{span}, to yesterday"),
    })
}
