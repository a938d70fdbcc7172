//! `criteo views`: views for analysts in the destination.

use criteo_engine::Config;
use criteo_engine::destination::{self, AnalysisView};
use criteo_views::{DEFAULT_PREFIX, Dialect, LeftOut, Prepared, Refreshed, Sources};
use serde_json::json;

use super::context::Context;
use super::query;
use crate::arguments::ViewsArguments;
use crate::exit::{Exit, UsageError};
use crate::printer::Printer;

/// Makes, drops or prints them. Needs no app key.
pub(super) async fn run(context: &Context, arguments: &ViewsArguments) -> anyhow::Result<Exit> {
    let config = context.configuration()?;
    let printer = &context.printer;
    if arguments.print {
        return print(printer, &config, arguments);
    }
    let destination = destination::open(&config);
    if arguments.drop {
        // Asked first, because a database that does not exist is not to be made for this.
        let mut dropped = Refreshed::default();
        if !destination.views().await?.is_empty() {
            dropped.dropped = destination.replace_views(&[]).await?.dropped;
        } else if !printer.is_json() {
            let place = destination.describe();
            printer.note(format_args!("There are no views of ours in {place}."));
        }
        tell(printer, &dropped)?;
        return Ok(Exit::Complete);
    }
    let prefix = arguments.prefix.as_deref();
    let refreshed = criteo_views::refresh(&config, destination.as_ref(), prefix).await?;
    tell(printer, &refreshed)?;
    if let (Some((view, columns)), false) = (refreshed.columns.first(), printer.is_json()) {
        printer.note("Next: ask one of them, for example");
        printer.command(query::command_line(&context.global.config, view, columns));
    }
    Ok(Exit::Complete)
}

/// Brings views up to date after a run, where somebody has asked for some before. The rows are loaded, so a failure is
/// told of and does not change how the run ended.
pub(super) async fn renew(context: &Context, config: &Config) {
    let destination = destination::open(config);
    let printer = &context.printer;
    match criteo_views::renew(config, destination.as_ref()).await {
        Ok(Some(refreshed)) if !printer.is_json() => {
            for (names, what) in [(&refreshed.made, "brought up to date"), (&refreshed.dropped, "dropped")] {
                if !names.is_empty() {
                    printer.note(format_args!("Views {what}: {}.", names.join(", ")));
                }
            }
        }
        Ok(_) => {}
        Err(error) => printer.warning(&format!(
            "The views could not be brought up to date, and may show old columns or nothing: {error}. `criteo views` \
             makes them again."
        )),
    }
}

fn tell(printer: &Printer, refreshed: &Refreshed) -> std::io::Result<()> {
    if printer.is_json() {
        return printer.json(refreshed);
    }
    for (names, word) in [
        (&refreshed.made, "made"),
        (&refreshed.unchanged, "unchanged"),
        (&refreshed.dropped, "dropped"),
    ] {
        for name in names {
            printer.data(format_args!("{name}  ({word})"))?;
        }
    }
    note_left_out(printer, &refreshed.left_out);
    if !(refreshed.made.is_empty() && refreshed.unchanged.is_empty()) {
        printer.note("They are asked like tables, and `criteo sync` keeps them up to date. --print shows their SQL.");
    }
    Ok(())
}

fn note_left_out(printer: &Printer, left_out: &[LeftOut]) {
    for LeftOut { name, reason } in left_out {
        printer.note(format_args!("No {name}: {reason}."));
    }
}

fn print(printer: &Printer, config: &Config, arguments: &ViewsArguments) -> anyhow::Result<Exit> {
    let dialect = match arguments.dialect {
        Some(dialect) => dialect,
        None => configured_dialect(config)?,
    };
    let sources = Sources::of_configuration(config)?;
    let prefix = arguments.prefix.as_deref().unwrap_or(DEFAULT_PREFIX);
    let Prepared { views, left_out } = criteo_views::prepare(dialect, &sources, prefix)?;
    if printer.is_json() {
        let views: Vec<_> = views.iter().map(as_json).collect();
        printer.json(&json!({ "dialect": dialect.name, "views": views, "left_out": left_out }))?;
        return Ok(Exit::Complete);
    }
    for view in &views {
        printer.data(format_args!(
            "-- {}\nCREATE OR REPLACE VIEW {} AS\n{};\n",
            view.description,
            Dialect::identifier(&view.name),
            view.query
        ))?;
    }
    note_left_out(printer, &left_out);
    Ok(Exit::Complete)
}

/// The destination's own, or for files those of DuckDB, which reads them.
fn configured_dialect(config: &Config) -> Result<&'static Dialect, UsageError> {
    let destination = destination::open(config);
    criteo_views::refresh::dialect_of(destination.as_ref())
        .ok()
        .or_else(|| Dialect::named("duckdb"))
        .ok_or_else(|| UsageError::new("Name a database with --dialect"))
}

fn as_json(view: &AnalysisView) -> serde_json::Value {
    let columns: Vec<_> = view
        .columns
        .iter()
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .collect();
    json!({
        "name": view.name,
        "description": view.description,
        "query": view.query,
        "columns": columns,
    })
}
