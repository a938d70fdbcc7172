//! Questions for a line of text, shown or not.

use console::{Style, measure_text_width, style, truncate_str};
use secrecy::SecretString;

use super::ask::{Detour, Terminal};
use super::line::{Frame, Typed, type_line};
use crate::page::wrapped;

impl Terminal {
    /// A line of text that `check` accepts, in the form that `check` gives it. Enter on an empty line gives `default`.
    pub(super) fn text<T>(
        &self,
        question: &str,
        default: Option<&str>,
        help: &str,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Detour> {
        let or_default = |typed: &str| match default {
            Some(default) if typed.is_empty() => default.to_owned(),
            _ => typed.to_owned(),
        };
        let page = self.width().saturating_sub(2).max(20);
        let frame = TextFrame {
            question,
            default,
            help,
            is_secret: false,
            refuse: &|typed| {
                let reason = check(&or_default(typed)).err()?;
                Some(wrapped(&format!("# {}", sentence(&reason)), Some(page), 2))
            },
            answered: &|typed| self.answered(question, &or_default(typed)),
        };
        let text = self.typed(&frame)?;
        check(&or_default(&text)).map_err(|reason| Detour::Failed(anyhow::anyhow!(reason)))
    }

    /// A line of text that is not shown.
    pub(super) fn secret(&self, question: &str, help: &str) -> Result<SecretString, Detour> {
        let frame = TextFrame {
            question,
            default: None,
            help,
            is_secret: true,
            refuse: &|_| None,
            answered: &|typed| if typed.is_empty() { "" } else { "********" }.to_owned(),
        };
        self.typed(&frame).map(SecretString::from)
    }

    fn typed(&self, text: &TextFrame<'_>) -> Result<String, Detour> {
        let question = text.question;
        let coloured = |lines: &str, look: &Style| -> Vec<String> {
            let lines = lines.lines().map(|line| look.apply_to(line).to_string());
            lines.collect()
        };
        let (red, cyan) = (
            Style::new().for_stderr().red(),
            Style::new().for_stderr().cyan(),
        );
        let below = match text.help {
            "" => Vec::new(),
            help => coloured(&format!("[{}]", self.help(help)), &cyan),
        };
        let mark = style("?").for_stderr().green();
        let in_brackets = text.default.map_or_else(String::new, |default| {
            // The text is typed on the same line, which needs some room.
            let room = self
                .width()
                .saturating_sub(measure_text_width(question) + 24);
            format!(" ({})", truncate_str(default, room.max(10), "…"))
        });
        let done = style(">").for_stderr().green();
        let frame = Frame {
            refuse: &|typed| Some(coloured(&(text.refuse)(typed)?, &red)),
            prompt: &format!("{mark} {question}{in_brackets} "),
            below: &below,
            is_secret: text.is_secret,
            answered: &|typed| {
                format!(
                    "{done} {question} {}",
                    cyan.apply_to((text.answered)(typed))
                )
            },
            left: &format!("{done} {question} (left)"),
        };
        match type_line(&frame)? {
            Typed::Text(text) => Ok(text),
            Typed::Back => Err(Detour::Back),
            Typed::Stop => Err(Detour::Stop),
        }
    }
}

/// A question for a text.
struct TextFrame<'text> {
    question: &'text str,
    default: Option<&'text str>,
    help: &'text str,
    is_secret: bool,
    /// Why a text cannot be taken, in lines.
    refuse: &'text dyn Fn(&str) -> Option<String>,
    /// What is shown of a text that was.
    answered: &'text dyn Fn(&str) -> String,
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
    use super::sentence;

    #[test]
    fn reasons_become_sentences_and_paths_stay_as_they_are() {
        assert_eq!(sentence("ünder"), "Ünder");
        assert_eq!(sentence("keys/half.txt holds"), "keys/half.txt holds");
    }
}
