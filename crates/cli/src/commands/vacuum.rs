//! `criteo vacuum`: removes files that a destination needs no more.

use criteo_engine::destination::{self, VacuumOptions, VacuumReport};
use serde_json::json;

use super::context::Context;
use crate::arguments::VacuumArguments;
use crate::exit::Exit;
use crate::wording::{amount, counted, size};

/// Removes them, or lists them. Needs no app key.
pub(super) async fn run(context: &Context, arguments: &VacuumArguments) -> anyhow::Result<Exit> {
    let config = context.configuration()?;
    let destination = destination::open(&config);
    let options = VacuumOptions {
        older_than: arguments.older_than,
        dry_run: arguments.dry_run,
    };
    let report = destination.vacuum(&options).await?;
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&json!({
            "destination": destination.describe(),
            "dry_run": options.dry_run,
            "removed": report.removed,
            "too_young": report.too_young,
            "is_needless": report.is_needless,
        }))?;
        return Ok(Exit::Complete);
    }
    for file in &report.removed {
        printer.data(format_args!("{}  ({})", file.path, file.reason))?;
    }
    printer.note(summary(&destination.describe(), options, &report));
    Ok(Exit::Complete)
}

fn summary(destination: &str, options: VacuumOptions, report: &VacuumReport) -> String {
    if report.is_needless {
        return format!(
            "Nothing to remove: {destination} keeps no files that would have to be cleared away."
        );
    }
    let bytes: u64 = report.removed.iter().map(|file| file.bytes).sum();
    let verb = if options.dry_run {
        "would be removed"
    } else {
        "removed"
    };
    let mut text = format!(
        "{} {verb} from {destination}, {}.",
        counted(size(report.removed.len()), "file"),
        amount(bytes)
    );
    if report.too_young > 0 {
        text.push_str(&format!(
            " {} too young: somebody may still be reading or writing.",
            counted(report.too_young, "file")
        ));
    }
    text
}
