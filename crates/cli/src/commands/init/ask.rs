//! The terminal as a place to ask: one question at a time, each of which can be answered, gone back from, or left.

use std::fmt;

use console::{Term, measure_text_width, style};
use criteo_setup::Step;
use inquire::list_option::ListOption;
use inquire::ui::{RenderConfig, Styled};
use inquire::validator::Validation;
use inquire::{CustomUserError, InquireError, MultiSelect, Select};

use crate::page::{columns, wrapped};
use crate::printer::Printer;

/// The widest text that is pleasant to read.
const WIDEST: usize = 88;
/// Options of a list that are shown at once at most.
const PAGE: usize = 12;
/// The least of them: with fewer, nobody sees where the cursor goes.
const FEWEST: usize = 2;
/// Rows for what is wrong with an answer.
const COMPLAINT: usize = 2;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Detour {
    /// The person wants the step before.
    Back,
    /// Another step comes next than the one before or after.
    To(Step),
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

pub(super) fn detour(error: InquireError) -> Detour {
    match error {
        InquireError::OperationCanceled => Detour::Back,
        InquireError::OperationInterrupted => Detour::Stop,
        other => Detour::Failed(other.into()),
    }
}

/// Asks and tells, on stderr.
pub(super) struct Terminal {
    printer: Printer,
    pub(super) look: RenderConfig<'static>,
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

    /// How many of these options fit on the screen together with the question, its help and a complaint. What is higher
    /// than the screen cannot be drawn anew: its rows would get mixed up.
    pub(super) fn fitting<'list>(
        &self,
        options: impl Iterator<Item = &'list str>,
        help: &str,
    ) -> usize {
        let rows = Term::stderr().size_checked().map_or(24, |(rows, _)| rows);
        // One row is the question's, and one the cursor's below all of it.
        let taken = 2 + help.lines().count() + COMPLAINT;
        let mut heights: Vec<usize> = options.map(|option| option.lines().count()).collect();
        heights.sort_unstable_by(|one, other| other.cmp(one));
        fitting(&heights, usize::from(rows).saturating_sub(taken))
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
        self.choose_from(question, options, 0)
    }

    /// The same with the cursor on the option at this place, such as the one that was chosen before.
    pub(super) fn choose_from<T>(
        &self,
        question: &str,
        options: Vec<(T, String)>,
        at: usize,
    ) -> Result<T, Detour> {
        let options = self.labelled_options(options);
        let help = self.help("Arrows move, Enter chooses, Esc goes back, Ctrl-C stops");
        let shown = options.iter().map(|option| option.shown.as_str());
        let fitting = self.fitting(shown, &help);
        Select::new(question, options)
            .with_render_config(self.look)
            .with_help_message(&help)
            .with_page_size(fitting)
            .with_starting_cursor(at)
            .with_formatter(&|option| self.answered(question, &in_short(&option.value.label)))
            .without_filtering()
            .prompt()
            .map(|option| option.value)
            .map_err(detour)
    }

    /// Some of many things and at least one, by their places in the list; those of `ticked` are chosen already. The first
    /// line of each is its name, which is what a search looks at first. `nothing` says what is wrong with none.
    pub(super) fn tick(
        &self,
        question: &str,
        names: &[String],
        ticked: &[usize],
        nothing: &'static str,
    ) -> Result<Vec<usize>, Detour> {
        let all = names.len();
        let margin = "> [x] ".len();
        let page = self.width().saturating_sub(margin + 1).max(20);
        let names: Vec<String> = names
            .iter()
            .map(|name| wrapped(name, Some(page), margin))
            .collect();
        let help = self.help(
            "Space ticks, Right all, Left none, type to search, Enter accepts, Esc goes back",
        );
        let fitting = self.fitting(names.iter().map(String::as_str), &help);
        let at_least_one =
            move |chosen: &[ListOption<&String>]| -> Result<Validation, CustomUserError> {
                Ok(match chosen {
                    [] => Validation::Invalid(nothing.into()),
                    _ => Validation::Valid,
                })
            };
        let score =
            |typed: &str, _: &String, shown: &str, place: usize| found_in(shown, typed, place);
        let chosen = MultiSelect::new(question, names)
            .with_render_config(self.look)
            .with_help_message(&help)
            .with_page_size(fitting)
            .with_default(ticked)
            .with_keep_filter(false)
            .with_scorer(&score)
            .with_validator(at_least_one)
            .with_formatter(&|chosen| format!("{} of {all}", chosen.len()))
            .raw_prompt()
            .map_err(detour)?;
        Ok(chosen.into_iter().map(|option| option.index).collect())
    }
}

/// How many options of these heights, the highest first, fit into so many rows, whichever of them they are.
fn fitting(heights: &[usize], rows: usize) -> usize {
    let mut taken = 0_usize;
    let fits = |height: &&usize| {
        taken = taken.saturating_add(**height);
        taken <= rows
    };
    let count = heights.iter().take_while(fits).count();
    count.clamp(FEWEST, PAGE)
}

/// How well an option fits what was typed: best where the first line, its name, holds it; of equal ones, in their order.
fn found_in(shown: &str, typed: &str, place: usize) -> Option<i64> {
    let typed = typed.trim().to_lowercase();
    let shown = shown.to_lowercase();
    let name = shown.lines().next().unwrap_or_default();
    let rank = if name.contains(&typed) {
        2
    } else if shown.contains(&typed) {
        1
    } else {
        return None;
    };
    let place = i64::try_from(place).unwrap_or(i64::MAX / 4);
    Some((rank * (i64::MAX / 4)).saturating_sub(place))
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
    use super::{FEWEST, PAGE, fitting, found_in, in_short};

    #[test]
    fn a_list_is_no_higher_than_its_room_whichever_part_is_shown() {
        assert_eq!(fitting(&[3, 2, 2, 1, 1], 7), 3);
        assert_eq!(fitting(&[3, 2, 2, 1, 1], 6), 2);
        assert_eq!(fitting(&[1; 40], 100), PAGE);
        assert_eq!(fitting(&[9, 9, 9], 4), FEWEST);
    }

    #[test]
    fn a_name_that_holds_what_was_typed_comes_first() {
        let name = found_in("ads  1 call\nAds", "ads", 5);
        let title = found_in("x  1 call\nAds", "ads", 0);
        assert!(name > title && title.is_some(), "{name:?} {title:?}");
        assert!(found_in("a", "", 0) > found_in("a", "", 1));
        assert_eq!(found_in("ads", "bids", 0), None);
    }

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
