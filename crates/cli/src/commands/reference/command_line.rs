//! The page of the command line, from its clap definition.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Page;
use super::markdown::{Table, anchor, code, sentence};
use crate::arguments::Arguments;

/// Every command with its arguments and examples. Hidden ones are left out.
pub(super) fn page() -> Page {
    let mut root = Arguments::command();
    root.build();
    let mut commands = Vec::new();
    collect(&root, &mut commands);

    let mut body = format!("{}\n\n", about(&root));
    let mut list = Table::new(&["command", ""]);
    for command in &commands {
        let name = command.get_bin_name().unwrap_or_default();
        let link = format!("[`{name}`](#{})", anchor(name));
        list.row(&[link, summary(command)]);
    }
    let _ = write!(body, "{}\n{}\n", list.text(), examples(&root));
    let _ = write!(
        body,
        "## Global options\n\nThey can stand before or after any command.\n\n{}",
        table(
            root.get_arguments()
                .filter(|argument| !argument.is_hide_set())
        )
    );
    for command in commands {
        body.push('\n');
        body.push_str(&section(command));
    }
    Page::new(
        "command-line.md",
        "Command line",
        "every command, its options, defaults and examples",
        &body,
    )
}

/// The commands that can be typed, each after the one it belongs to.
fn collect<'root>(command: &'root Command, found: &mut Vec<&'root Command>) {
    for command in command.get_subcommands() {
        if command.is_hide_set() || command.get_name() == "help" {
            continue;
        }
        found.push(command);
        collect(command, found);
    }
}

fn section(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let mut text = format!(
        "## {name}\n\n{}\n\n```text\n{usage}\n```\n\n",
        about(command)
    );
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set() && !argument.is_global_set())
        .filter(|argument| !is_of_clap(argument))
        .collect();
    if !own.is_empty() {
        let _ = write!(text, "\n{}", table(own.into_iter()));
    }
    let examples = examples(command);
    if !examples.is_empty() {
        let _ = write!(text, "\n{examples}");
    }
    text
}

fn table<'argument>(arguments: impl Iterator<Item = &'argument Arg>) -> String {
    let mut table = Table::new(&["argument", "default", "what it does"]);
    for argument in arguments {
        table.row(&[spelling(argument), default(argument), meaning(argument)]);
    }
    table.text().to_owned()
}

/// `-s`, `--stream STREAM`; for what has no name `STREAM`, or `[SEARCH]...` when it may be left out.
fn spelling(argument: &Arg) -> String {
    let values: Vec<String> = argument
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect();
    let values = values.join(" ");
    if argument.is_positional() {
        let several = match argument.get_num_args() {
            Some(number) if number.max_values() > 1 => "...",
            _ => "",
        };
        return if argument.is_required_set() {
            format!("`{values}{several}`")
        } else {
            format!("`[{values}]{several}`")
        };
    }
    let value = if argument.get_action().takes_values() {
        format!(" {values}")
    } else {
        String::new()
    };
    let short = argument.get_short().map(|short| format!("`-{short}`"));
    let long = argument.get_long().map(|long| format!("`--{long}{value}`"));
    let spellings: Vec<String> = short.into_iter().chain(long).collect();
    spellings.join(", ")
}

fn default(argument: &Arg) -> String {
    if !argument.get_action().takes_values() {
        return String::new();
    }
    if argument.is_required_set() {
        return "required".to_owned();
    }
    let defaults: Vec<_> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    code(&defaults.join(" "))
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_long_help().or_else(|| argument.get_help());
    let mut text = sentence(&help.map(ToString::to_string).unwrap_or_default());
    if argument.get_action().takes_values() {
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| code(value.get_name()))
            .collect();
        if !values.is_empty() {
            let _ = write!(text, " One of {}.", values.join(", "));
        }
    }
    if let Some(variable) = argument.get_env() {
        let _ = write!(text, " Also read from `{}`.", variable.to_string_lossy());
    }
    text
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    sentence(&about.map(ToString::to_string).unwrap_or_default())
}

fn summary(command: &Command) -> String {
    command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// What stands below the options in `--help`, as it stands there.
fn examples(command: &Command) -> String {
    let text = command
        .get_after_long_help()
        .or_else(|| command.get_after_help());
    match text {
        Some(text) => format!("```text\n{}\n```\n", text.to_string().trim_end()),
        None => String::new(),
    }
}

fn is_of_clap(argument: &Arg) -> bool {
    matches!(
        argument.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}
