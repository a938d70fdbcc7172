//! `criteo check`: is the key good, who gave consent, what may it read, can we write?

use std::sync::Arc;

use console::style;
use criteo_engine::CheckLine;

use super::context::Context;
use crate::exit::Exit;
use crate::reporters::Warnings;

/// Tests everything a sync needs, with one cheap call each.
pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let config = context.configuration()?;
    let engine = context.engine(&config, Arc::new(Warnings::new(context.printer)))?;
    let lines = engine.check().await;
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&lines)?;
    } else {
        let width = lines
            .iter()
            .map(|line| line.name.chars().count())
            .max()
            .unwrap_or(0);
        for line in &lines {
            printer.data(text(line, width))?;
        }
    }
    let all_is_well = lines.iter().all(|line| line.ok);
    Ok(if all_is_well {
        Exit::Complete
    } else {
        Exit::Failed
    })
}

fn text(line: &CheckLine, width: usize) -> String {
    let mark = if line.ok {
        style("ok  ").green()
    } else {
        style("FAIL").red().bold()
    };
    let name = &line.name;
    let mut text = format!("{mark}  {name:width$}  {}", line.detail);
    if let Some(hint) = &line.hint {
        text.push_str(&format!(
            "\n      {:width$}  {} {hint}",
            "",
            style("hint:").cyan().bold()
        ));
    }
    text
}
