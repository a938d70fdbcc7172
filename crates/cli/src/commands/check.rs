//! `criteo check`: every link of the chain between a person and a sync that works. One line each for those that could be
//! judged, and one for all that wait for the same one.

use std::collections::BTreeMap;

use console::{Style, style};
use criteo_engine::EngineError;
use criteo_engine::doctor::{self, Examination, Link, LinkReport, Verdict};

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
    let names = examination.links.iter().map(|link| link.name.len());
    let list = List {
        names: names.max().unwrap_or(0),
        width: columns(&console::Term::stdout()),
    };
    for link in &examination.links {
        if link.waits_for.is_none() {
            printer.data(list.judged(link))?;
        }
    }
    // Nothing can be done about these, so they take no more room than that below what has to be mended.
    for because in Link::ALL {
        let waiting = examination.links.iter();
        let names: Vec<&str> = waiting
            .filter(|link| link.waits_for == Some(because))
            .map(|link| link.name)
            .collect();
        if !names.is_empty() {
            printer.data(list.not_reached(because, &names))?;
        }
    }
    let summary = summary(examination);
    printer.data(format_args!("\n{summary}"))
}

/// The list of links: its marks, its names, and what was found.
struct List {
    /// Columns that the longest name takes.
    names: usize,
    /// Columns of the terminal; `None` for a pipe.
    width: Option<usize>,
}

impl List {
    /// A link that was judged, and below it what to do.
    fn judged(&self, link: &LinkReport) -> String {
        let (mark, look) = match link.verdict {
            Verdict::Ok => ("ok", Style::new().green()),
            Verdict::Warning => ("warn", Style::new().yellow().bold()),
            Verdict::Failed => ("FAIL", Style::new().red().bold()),
            Verdict::NotReached => ("-", Style::new().dim()),
        };
        let mut text = self.line(mark, &look, link.name, &link.detail, &Style::new());
        if let Some(next) = &link.next {
            let (label, margin) = ("next: ", self.margin());
            let next = self.wrapped(next, margin + label.len());
            let label = style(label).cyan().bold();
            text.push_str(&format!("\n{:margin$}{label}{next}", ""));
        }
        text
    }

    /// All links that wait for one.
    fn not_reached(&self, because: Link, names: &[&str]) -> String {
        let detail = format!("because of {}: {}", because.name(), names.join(", "));
        let look = Style::new().dim();
        self.line("-", &look, "not reached", &detail, &look)
    }

    fn line(
        &self,
        mark: &str,
        mark_look: &Style,
        name: &str,
        detail: &str,
        look: &Style,
    ) -> String {
        let mark = mark_look.apply_to(format!("{mark:<4}"));
        let column = self.names;
        let name = look.apply_to(format!("{name:<column$}"));
        let detail = look.apply_to(self.wrapped(detail, self.margin()));
        format!("{mark}  {name}  {detail}")
    }

    /// Where what was found begins.
    fn margin(&self) -> usize {
        "FAIL  ".len() + self.names + 2
    }

    /// A text in lines from `margin` to the end of the page.
    fn wrapped(&self, text: &str, margin: usize) -> String {
        let page = self.width.map(|width| width.saturating_sub(margin).max(20));
        wrapped(text, page, margin)
    }
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
