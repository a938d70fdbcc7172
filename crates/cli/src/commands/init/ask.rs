//! The terminal as a place to ask: one question at a time, each of which can be answered, gone back from, or left.

use std::fmt;

use console::{Term, style};
use inquire::ui::{RenderConfig, Styled};
use inquire::validator::{ErrorMessage, Validation};
use inquire::{
    CustomUserError, InquireError, MultiSelect, Password, PasswordDisplayMode, Select, Text,
};
use secrecy::SecretString;

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
}

impl<T> fmt::Display for Labelled<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.label)
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

    /// The longer help where it fits, brackets and all.
    fn help(&self, long: &'static str, short: &'static str) -> &'static str {
        if self.width() > long.len() + 2 {
            long
        } else {
            short
        }
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
        let options = labelled_options(options);
        Select::new(question, options)
            .with_render_config(self.look)
            .with_help_message(self.help(
                "Arrows move, Enter chooses, Esc goes back, Ctrl-C stops",
                "Enter chooses, Esc back, Ctrl-C stops",
            ))
            .with_page_size(PAGE)
            .with_formatter(&|option| in_short(&option.value.label))
            .without_filtering()
            .prompt()
            .map(|option| option.value)
            .map_err(detour)
    }

    /// One of many things, found by typing a part of it; the cursor begins at `first`.
    pub(super) fn find(
        &self,
        question: &str,
        names: Vec<String>,
        first: usize,
    ) -> Result<String, Detour> {
        Select::new(question, names)
            .with_render_config(self.look)
            .with_help_message(self.help(
                "Type to search, arrows move, Enter chooses, Esc goes back",
                "Type to search, Enter chooses, Esc back",
            ))
            .with_page_size(PAGE)
            .with_starting_cursor(first)
            .prompt()
            .map_err(detour)
    }

    /// Some of many things, by their places in the list; those of `ticked` are chosen already.
    pub(super) fn tick(
        &self,
        question: &str,
        names: Vec<String>,
        ticked: &[usize],
    ) -> Result<Vec<usize>, Detour> {
        let all = names.len();
        let chosen = MultiSelect::new(question, names)
            .with_render_config(self.look)
            .with_help_message(self.help(
                "Space ticks, Right all, Left none, type to search, Enter accepts",
                "Space ticks, Enter accepts, Esc back",
            ))
            .with_page_size(PAGE)
            .with_default(ticked)
            .with_keep_filter(false)
            .with_formatter(&|chosen| format!("{} of {all}", chosen.len()))
            .raw_prompt()
            .map_err(detour)?;
        Ok(chosen.into_iter().map(|option| option.index).collect())
    }

    /// A line of text that `check` accepts, in the form that `check` gives it.
    pub(super) fn text<T>(
        &self,
        question: &str,
        default: Option<&str>,
        help: &str,
        check: impl Fn(&str) -> Result<T, String> + Clone + 'static,
    ) -> Result<T, Detour> {
        let tried = check.clone();
        let validator = move |text: &str| -> Result<Validation, CustomUserError> {
            Ok(match tried(text) {
                Ok(_) => Validation::Valid,
                Err(reason) => Validation::Invalid(ErrorMessage::Custom(sentence(&reason))),
            })
        };
        let mut prompt = Text::new(question)
            .with_render_config(self.look)
            .with_validator(validator);
        if !help.is_empty() {
            prompt = prompt.with_help_message(help);
        }
        if let Some(default) = default {
            prompt = prompt.with_default(default);
        }
        let text = prompt.prompt().map_err(detour)?;
        check(&text).map_err(|reason| Detour::Failed(anyhow::anyhow!(reason)))
    }

    /// A line of text that is not shown.
    pub(super) fn secret(&self, question: &str, help: &str) -> Result<SecretString, Detour> {
        Password::new(question)
            .with_render_config(self.look)
            .with_help_message(help)
            .with_display_mode(PasswordDisplayMode::Hidden)
            .without_confirmation()
            .prompt()
            .map(SecretString::from)
            .map_err(detour)
    }
}

/// What stays of an option that was chosen: its explanation has been read.
fn in_short(label: &str) -> String {
    let end = [": ", "; ", ", "]
        .iter()
        .filter_map(|mark| label.find(mark))
        .min();
    label[..end.unwrap_or(label.len())].to_owned()
}

fn labelled_options<T>(options: Vec<(T, String)>) -> Vec<Labelled<T>> {
    let labelled = |(value, label)| Labelled { value, label };
    options.into_iter().map(labelled).collect()
}

/// A reason as a sentence of its own. Paths and keys stay as they are.
fn sentence(reason: &str) -> String {
    let first = reason.split_whitespace().next().unwrap_or_default();
    if !first.chars().all(char::is_alphabetic) {
        return reason.to_owned();
    }
    let mut characters = reason.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{in_short, sentence};

    #[test]
    fn a_chosen_option_is_shown_without_its_explanation() {
        assert_eq!(
            in_short("The downloaded file: type its path, or drop it"),
            "The downloaded file"
        );
        assert_eq!(in_short("2026-01-05, 90 days ago"), "2026-01-05");
        assert_eq!(in_short("Later"), "Later");
        assert_eq!(sentence("ünder"), "Ünder");
        assert_eq!(sentence("keys/half.txt holds"), "keys/half.txt holds");
    }
}
