//! The terminal as a place to ask: one question at a time, each of which can be answered, gone back from, or left.

use std::cell::RefCell;
use std::fmt;

use console::{Term, measure_text_width, style};
use criteo_setup::locality::Fit;
use inquire::ui::{RenderConfig, Styled};
use inquire::{InquireError, MultiSelect, Select};

use crate::page::{columns, wrapped};
use crate::printer::Printer;

/// The widest text that is pleasant to read.
const WIDEST: usize = 88;
/// Lines of a list that are shown at once, so that the question stays on a small screen.
const PAGE: usize = 12;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Detour {
    /// The person wants the step before.
    Back,
    /// The person wants to stop, and perhaps to go on later.
    Stop,
    /// It cannot go on.
    Failed(anyhow::Error),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Detour {
    fn from(error: E) -> Detour {
        Detour::Failed(error.into())
    }
}

fn detour(error: InquireError) -> Detour {
    match error {
        InquireError::OperationCanceled => Detour::Back,
        InquireError::OperationInterrupted => Detour::Stop,
        other => Detour::Failed(other.into()),
    }
}

/// Asks and tells, on stderr.
pub(super) struct Terminal {
    printer: Printer,
    look: RenderConfig<'static>,
}

/// An option of a list, with what it stands for.
struct Labelled<T> {
    value: T,
    label: String,
    /// The label in lines that fit on the page.
    shown: String,
}

impl<T> fmt::Display for Labelled<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl Terminal {
    /// A terminal that speaks as `printer` does.
    pub(super) fn new(printer: Printer) -> Terminal {
        let look = if console::colors_enabled_stderr() {
            RenderConfig::default_colored()
        } else {
            // An answered question has to look different from one that waits, without colours, too.
            RenderConfig::empty().with_answered_prompt_prefix(Styled::new(">"))
        };
        Terminal {
            printer,
            look: look.with_canceled_prompt_indicator(Styled::new("(left)")),
        }
    }

    /// The columns that a text may take.
    pub(super) fn width(&self) -> usize {
        columns(&Term::stderr()).unwrap_or(80).min(WIDEST)
    }

    /// A text in lines that fit between the brackets that help stands in.
    pub(super) fn help(&self, text: &str) -> String {
        let page = self.width().saturating_sub(2).max(20);
        wrapped(text, Some(page), 1)
    }

    /// What is left of a question: on one line where it fits there.
    pub(super) fn answered(&self, question: &str, answer: &str) -> String {
        let taken = 2 + measure_text_width(question) + 1 + measure_text_width(answer);
        if taken < self.width() {
            return answer.to_owned();
        }
        let page = self.width().saturating_sub(2).max(20);
        format!("\n  {}", wrapped(answer, Some(page), 2))
    }

    fn labelled_options<T>(&self, options: Vec<(T, String)>) -> Vec<Labelled<T>> {
        let page = self.width().saturating_sub(3).max(20);
        let labelled = |(value, label): (T, String)| Labelled {
            value,
            shown: wrapped(&label, Some(page), 2),
            label,
        };
        options.into_iter().map(labelled).collect()
    }

    /// A paragraph, broken into lines.
    pub(super) fn say(&self, text: &str) {
        self.say_indented(text, 0);
    }

    /// The same, all of it moved to the right.
    pub(super) fn say_indented(&self, text: &str, margin: usize) {
        let page = self.width().saturating_sub(margin).max(20);
        let text = wrapped(text, Some(page), margin);
        self.printer.tell(format_args!("{:margin$}{text}", ""));
    }

    /// One of a numbered list of things to do.
    pub(super) fn item(&self, number: usize, text: &str) {
        let margin = 5;
        let page = self.width().saturating_sub(margin).max(20);
        let text = wrapped(text, Some(page), margin);
        self.printer.tell(format_args!("{number:>3}. {text}"));
    }

    /// Lines that are broken already, such as a table.
    pub(super) fn show(&self, text: impl fmt::Display) {
        self.printer.tell(text);
    }

    /// An empty line.
    pub(super) fn space(&self) {
        self.printer.tell("");
    }

    /// The head of a step.
    pub(super) fn heading(&self, text: &str) {
        self.printer
            .tell(format_args!("\n{}", style(text).for_stderr().bold()));
    }

    /// Something good.
    pub(super) fn good(&self, text: &str) {
        self.labelled(
            &style("ok:").for_stderr().green().bold().to_string(),
            text,
            4,
        );
    }

    /// Something that did not work, and can be mended.
    pub(super) fn bad(&self, text: &str) {
        let label = style("not ok:").for_stderr().red().bold().to_string();
        self.labelled(&label, text, 8);
    }

    /// Something to be careful about.
    pub(super) fn careful(&self, text: &str) {
        let label = style("careful:").for_stderr().yellow().bold().to_string();
        self.labelled(&label, text, 9);
    }

    fn labelled(&self, label: &str, text: &str, margin: usize) {
        let page = self.width().saturating_sub(margin).max(20);
        let text = wrapped(text, Some(page), margin);
        self.printer.tell(format_args!("{label} {text}"));
    }

    /// One of a few things. The first is what most people want.
    pub(super) fn choose<T>(&self, question: &str, options: Vec<(T, String)>) -> Result<T, Detour> {
        let options = self.labelled_options(options);
        let help = self.help("Arrows move, Enter chooses, Esc goes back, Ctrl-C stops");
        Select::new(question, options)
            .with_render_config(self.look)
            .with_help_message(&help)
            .with_page_size(PAGE)
            .with_formatter(&|option| self.answered(question, &in_short(&option.value.label)))
            .without_filtering()
            .prompt()
            .map(|option| option.value)
            .map_err(detour)
    }

    /// One of many things, found by typing a part of it; the cursor begins at `first`. `fit` says how well a search fits
    /// a name. Where nothing holds what was typed, similar names are offered, and none of them is taken unasked; where
    /// nothing is similar either, that is said, and no name is shown.
    pub(super) fn find(
        &self,
        question: &str,
        names: &[String],
        first: usize,
        fit: fn(&str, &str) -> Option<Fit>,
    ) -> Result<String, Detour> {
        loop {
            let Found { name, typed } = self.search(question, names, first, fit)?;
            let typed = typed.trim();
            let Some(name) = name else {
                self.bad(&format!(
                    "There is nothing like {typed:?}. Type a part of a name, such as paris or york."
                ));
                continue;
            };
            if typed.is_empty() || matches!(fit(typed, &name), Some(Fit::Part(_))) {
                return Ok(name);
            }
            let asked = format!("There is no {typed:?}. Is {name} meant?");
            let options = vec![
                (true, format!("Yes, {name}")),
                (false, "No, search once more".to_owned()),
            ];
            match self.choose(&asked, options) {
                Ok(true) => return Ok(name),
                Ok(false) | Err(Detour::Back) => {}
                Err(other) => return Err(other),
            }
        }
    }

    fn search(
        &self,
        question: &str,
        names: &[String],
        first: usize,
        fit: fn(&str, &str) -> Option<Fit>,
    ) -> Result<Found, Detour> {
        let search = RefCell::new(Search::default());
        let page = self.width().saturating_sub(3).max(20);
        let nothing = wrapped(
            "(no name is like that; type a part of one, such as paris or york)",
            Some(page),
            2,
        );
        let rows: Vec<Row<'_>> = names
            .iter()
            .map(|name| Row {
                name,
                nothing: &nothing,
                search: &search,
            })
            .collect();
        let score = |typed: &str, row: &Row<'_>, _: &str, place: usize| {
            let mut search = search.borrow_mut();
            if search.typed != typed {
                let fits: Vec<Fit> = names.iter().filter_map(|name| fit(typed, name)).collect();
                let is_part = |fit: &Fit| matches!(fit, Fit::Part(_));
                let closest = match (fits.iter().any(is_part), fits.is_empty()) {
                    (true, _) => Closest::Part,
                    (false, false) => Closest::Similar,
                    (false, true) => Closest::Nothing,
                };
                *search = Search {
                    typed: typed.to_owned(),
                    closest,
                };
            }
            match (fit(typed, row.name), search.closest) {
                (Some(Fit::Part(rank)), _) => Some(rank),
                (Some(Fit::Similar(rank)), Closest::Similar) => Some(rank),
                // The one row that says so: an empty list would leave somebody with nothing to go on from.
                (None, Closest::Nothing) if place == 0 => Some(0),
                _ => None,
            }
        };
        let help =
            self.help("Type a part of a name to search, arrows move, Enter chooses, Esc goes back");
        let row = Select::new(question, rows)
            .with_render_config(self.look)
            .with_help_message(&help)
            .with_page_size(PAGE)
            .with_starting_cursor(first)
            .with_scorer(&score)
            .with_formatter(&|row| {
                let typed = || search.borrow().typed.clone();
                row.value.finds().map_or_else(typed, str::to_owned)
            })
            .prompt()
            .map_err(detour)?;
        let name = row.finds().map(str::to_owned);
        let Search { typed, .. } = search.into_inner();
        Ok(Found { name, typed })
    }

    /// Some of many things, by their places in the list; those of `ticked` are chosen already.
    pub(super) fn tick(
        &self,
        question: &str,
        names: &[String],
        ticked: &[usize],
    ) -> Result<Vec<usize>, Detour> {
        let all = names.len();
        let page = self.width().saturating_sub("> [x] ".len() + 1).max(20);
        let names = names
            .iter()
            .map(|name| wrapped(name, Some(page), "> [x] ".len()))
            .collect();
        let help = self.help(
            "Space ticks, Right all, Left none, type to search, Enter accepts, Esc goes back",
        );
        let chosen = MultiSelect::new(question, names)
            .with_render_config(self.look)
            .with_help_message(&help)
            .with_page_size(PAGE)
            .with_default(ticked)
            .with_keep_filter(false)
            .with_formatter(&|chosen| format!("{} of {all}", chosen.len()))
            .raw_prompt()
            .map_err(detour)?;
        Ok(chosen.into_iter().map(|option| option.index).collect())
    }
}

/// What was typed last, and how close the closest of all names comes to it.
#[derive(Default)]
struct Search {
    typed: String,
    closest: Closest,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Closest {
    #[default]
    Part,
    Similar,
    Nothing,
}

/// A row of a list that is searched. Where the search finds nothing, the row that is left says so instead of its name.
struct Row<'list> {
    name: &'list str,
    nothing: &'list str,
    search: &'list RefCell<Search>,
}

impl Row<'_> {
    /// The name that it stands for, if there is one to be found.
    fn finds(&self) -> Option<&str> {
        (self.search.borrow().closest != Closest::Nothing).then_some(self.name)
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.finds().unwrap_or(self.nothing))
    }
}

/// A name that was found, if any, and what was typed to find it.
struct Found {
    name: Option<String>,
    typed: String,
}

/// What stays of an option that was chosen: its explanation has been read.
fn in_short(label: &str) -> String {
    let end = [": ", "; ", ", "]
        .iter()
        .filter_map(|mark| label.find(mark))
        .min();
    label[..end.unwrap_or(label.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::in_short;

    #[test]
    fn a_chosen_option_is_shown_without_its_explanation() {
        assert_eq!(
            in_short("The downloaded file: type its path, or drop it"),
            "The downloaded file"
        );
        assert_eq!(in_short("2026-01-05, 90 days ago"), "2026-01-05");
        assert_eq!(in_short("Later"), "Later");
    }
}
