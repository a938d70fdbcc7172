//! The only place that writes to stdout and stderr: data to one, words for people to the other.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use console::{Style, Term, style};
use serde::Serialize;

use crate::arguments::{Color, Global};
use crate::page::{columns, wrapped};

/// Writes results and messages the way the global options ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
    bars: bool,
}

impl Printer {
    /// Decides once how this process speaks, and switches colours on or off for both streams.
    pub(crate) fn new(global: &Global) -> Printer {
        let coloured = |is_terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        console::set_colors_enabled(coloured(io::stdout().is_terminal()));
        console::set_colors_enabled_stderr(coloured(io::stderr().is_terminal()));
        // Logs would tear bars apart, so whoever wants to read logs gets lines.
        let wants_bars = !(global.no_progress || global.quiet || global.json || global.verbose > 0);
        Printer {
            json: global.json,
            quiet: global.quiet,
            bars: wants_bars
                && io::stderr().is_terminal()
                && console::Term::stderr().features().is_attended(),
        }
    }

    /// Whether results are wanted as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether only results, warnings and errors are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether progress can be drawn as bars.
    pub(crate) fn draws_bars(&self) -> bool {
        self.bars
    }

    /// A result, as text, with a line break after it.
    pub(crate) fn data(&self, text: impl Display) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}")?;
        stdout.flush()
    }

    /// A result in sentences, which a terminal gets in lines that fit.
    pub(crate) fn prose(&self, text: impl Display) -> io::Result<()> {
        let page = columns(&Term::stdout());
        self.data(wrapped(&text.to_string(), page, 0))
    }

    /// A result, as one JSON object on indented lines.
    pub(crate) fn json(&self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.data(text)
    }

    /// A word to the person who watches. Silent when quiet.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            let page = columns(&Term::stderr());
            self.say(wrapped(&text.to_string(), page, 0));
        }
    }

    /// A command to be copied, on a line of its own that is never broken. Silent when quiet.
    pub(crate) fn command(&self, line: impl Display) {
        if !self.quiet {
            self.say(format_args!("  {line}"));
        }
    }

    /// A word of a conversation, however quiet: somebody sits there and is asked something.
    pub(crate) fn tell(&self, text: impl Display) {
        self.say(text);
    }

    /// Something a person should know, however quiet.
    pub(crate) fn warning(&self, text: &str) {
        self.say(warning_line(text));
    }

    /// What went wrong.
    pub(crate) fn error(&self, text: &str) {
        let look = Style::new().for_stderr().red().bold();
        self.say(labelled("error:", &look, text));
    }

    /// Why it went wrong.
    pub(crate) fn cause(&self, text: &str) {
        // Lines after the first begin below its first word.
        let margin = "  because: ".len();
        let page = columns(&Term::stderr()).map(|page| page.saturating_sub(margin));
        let text = wrapped(text, page, margin);
        let label = style("because:").for_stderr().dim();
        self.say(format_args!("  {label} {text}"));
    }

    /// What to do about it.
    pub(crate) fn hint(&self, text: &str) {
        let look = Style::new().for_stderr().cyan().bold();
        self.say(labelled("hint:", &look, text));
    }

    /// A reader of stderr that went away is nobody to complain to, so failures to write there are ignored.
    fn say(&self, text: impl Display) {
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "{text}");
    }
}

/// A warning as it stands on a terminal, for those who have to draw it above progress bars.
pub(crate) fn warning_line(text: &str) -> String {
    let look = Style::new().for_stderr().yellow().bold();
    labelled("warning:", &look, text)
}

/// A text behind its label, on a terminal in lines that fit. Lines that the text has already keep their own indentation.
fn labelled(label: &str, look: &Style, text: &str) -> String {
    let page = columns(&Term::stderr());
    let whole = wrapped(&format!("{label} {text}"), page, 0);
    whole.replacen(label, &look.apply_to(label).to_string(), 1)
}
