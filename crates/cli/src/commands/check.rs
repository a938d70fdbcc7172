//! `criteo check`: every link of the chain between a person and a sync that works, one line each.

use std::collections::BTreeMap;

use console::{Style, style};
use criteo_engine::EngineError;
use criteo_engine::doctor::{self, Examination, LinkReport, Verdict};

use super::context::{Context, PerConnection};
use crate::exit::Exit;
use crate::page::{columns, wrapped};
use crate::printer::Printer;

/// Examines every link of each connection and shows what was found. Also a configuration that cannot be read is a
/// finding.
pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let configs = match context.configurations() {
        Ok(configs) => configs,
        Err(error) => {
            let examination = doctor::without_configuration(&EngineError::Config(error));
            return print(context, &examination);
        }
    };
    if let [config] = configs.as_slice() {
        let examination = doctor::examine(config, context.key(config)).await;
        return print(context, &examination);
    }
    let mut exit = Exit::Complete;
    let mut examinations = BTreeMap::new();
    for config in configs {
        let examination = doctor::examine(&config, context.key(&config)).await;
        exit = exit.and(exit_of(&examination));
        if context.printer.is_json() {
            examinations.insert(config.criteo.connection.unwrap_or_default(), examination);
        } else {
            context.announce(&config)?;
            show(&examination, &context.printer)?;
        }
    }
    if context.printer.is_json() {
        context.printer.json(&PerConnection {
            connections: examinations,
        })?;
    }
    Ok(exit)
}

fn print(context: &Context, examination: &Examination) -> anyhow::Result<Exit> {
    if context.printer.is_json() {
        context.printer.json(examination)?;
    } else {
        show(examination, &context.printer)?;
    }
    Ok(exit_of(examination))
}

fn exit_of(examination: &Examination) -> Exit {
    match examination.verdict {
        Verdict::Failed if examination.is_configuration() => Exit::Usage,
        Verdict::Failed => Exit::Failed,
        _ => Exit::Complete,
    }
}

fn show(examination: &Examination, printer: &Printer) -> std::io::Result<()> {
    let width = columns(&console::Term::stdout());
    let names = examination.links.iter().map(|link| link.name.len());
    let column = names.max().unwrap_or(0);
    for link in &examination.links {
        printer.data(text(link, column, width))?;
    }
    let summary = summary(examination);
    printer.data(format_args!("\n{summary}"))
}

/// The mark, the name, what was found; and below it what to do.
fn text(link: &LinkReport, column: usize, width: Option<usize>) -> String {
    let (mark, mark_style) = match link.verdict {
        Verdict::Ok => ("ok", Style::new().green()),
        Verdict::Warning => ("warn", Style::new().yellow().bold()),
        Verdict::Failed => ("FAIL", Style::new().red().bold()),
        Verdict::NotReached => ("-", Style::new().dim()),
    };
    let margin = "FAIL  ".len() + column + 2;
    let page = width.map(|width| width.saturating_sub(margin).max(20));
    let mark = mark_style.apply_to(format!("{mark:<4}"));
    let mut name = format!("{:<column$}", link.name);
    let mut detail = wrapped(&link.detail, page, margin);
    if link.verdict == Verdict::NotReached {
        name = style(name).dim().to_string();
        detail = style(detail).dim().to_string();
    }
    let mut text = format!("{mark}  {name}  {detail}");
    if let Some(next) = &link.next {
        let label = "next: ";
        let page = page.map(|page| page.saturating_sub(label.len()).max(20));
        let next = wrapped(next, page, margin + label.len());
        let label = style(label).cyan().bold();
        text.push_str(&format!("\n{:margin$}{label}{next}", ""));
    }
    text
}

/// The one sentence at the end.
fn summary(examination: &Examination) -> String {
    let count = |verdict| {
        let links = examination.links.iter();
        links.filter(|link| link.verdict == verdict).count()
    };
    let (failed, warned) = (count(Verdict::Failed), count(Verdict::Warning));
    let first = examination
        .links
        .iter()
        .find(|link| link.verdict == Verdict::Failed);
    match (first, failed, warned) {
        (None, _, 0) => "Everything is in order: `criteo sync` can run.".to_owned(),
        (None, _, 1) => "`criteo sync` can run; one thing should be known.".to_owned(),
        (None, _, _) => format!("`criteo sync` can run; {warned} things should be known."),
        (Some(link), 1, _) => format!("One link is broken: {}.", link.name),
        (Some(link), _, _) => format!("{failed} links are broken. Begin with: {}.", link.name),
    }
}
