//! Texts that fit on the page: how wide it is, and where lines break.

use console::{Term, measure_text_width};

/// The columns of a terminal, or what `COLUMNS` says. None for a pipe, where a line is a line however long.
pub(crate) fn columns(terminal: &Term) -> Option<usize> {
    let told = std::env::var("COLUMNS").ok();
    told.and_then(|columns| columns.parse().ok())
        .or_else(|| {
            terminal
                .size_checked()
                .map(|(_, columns)| usize::from(columns))
        })
        .map(|columns: usize| columns.clamp(40, 120))
}

/// The text in lines of at most `page` columns, those after the first indented by `margin`. Lines that the text has
/// already stay apart and keep their own indentation. A word that is longer than a line stands whole on its own, and so
/// does a `command in backticks`, which is going to be copied, where a line has room for it.
pub(crate) fn wrapped(text: &str, page: Option<usize>, margin: usize) -> String {
    let mut lines = Vec::new();
    for written in text.lines() {
        let words = written.trim_start();
        let indentation = &written[..written.len() - words.len()];
        let mut line = indentation.to_owned();
        for word in unbroken(words, page) {
            let is_begun = line.len() > indentation.len();
            let width = measure_text_width(&line) + 1 + measure_text_width(&word);
            if is_begun && page.is_some_and(|page| width > page) {
                lines.push(std::mem::replace(&mut line, indentation.to_owned()));
            } else if is_begun {
                line.push(' ');
            }
            line.push_str(&word);
        }
        lines.push(line);
    }
    let hanging = " ".repeat(margin);
    let mut shown = String::new();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            shown.push('\n');
            shown.push_str(if line.trim().is_empty() { "" } else { &hanging });
        }
        shown.push_str(line.trim_end());
    }
    shown
}

/// The words of a line, those between backticks as one where they fit on the page.
fn unbroken(line: &str, page: Option<usize>) -> Vec<String> {
    let is_open = |text: &str| text.matches('`').count() % 2 == 1;
    let mut words: Vec<String> = Vec::new();
    let mut command: Option<String> = None;
    for word in line.split(' ') {
        let so_far = match command.take() {
            Some(begun) => format!("{begun} {word}"),
            None => word.to_owned(),
        };
        if is_open(&so_far) {
            command = Some(so_far);
        } else if page.is_none_or(|page| measure_text_width(&so_far) <= page) {
            words.push(so_far);
        } else {
            words.extend(so_far.split(' ').map(str::to_owned));
        }
    }
    // A backtick without its other half is a mark like any other.
    words.extend(
        command
            .iter()
            .flat_map(|rest| rest.split(' '))
            .map(str::to_owned),
    );
    with_units(words, page)
}

/// A number and what it counts stay together: `1.7 s`, `12 calls`.
fn with_units(words: Vec<String>, page: Option<usize>) -> Vec<String> {
    let is_number = |word: &str| {
        word.ends_with(|last: char| last.is_ascii_digit())
            && word
                .chars()
                .all(|character| character.is_ascii_digit() || ".,".contains(character))
    };
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        match joined.last_mut() {
            Some(number)
                if is_number(number)
                    && word.starts_with(char::is_alphabetic)
                    && page.is_none_or(|page| {
                        measure_text_width(number) + 1 + measure_text_width(&word) <= page
                    }) =>
            {
                number.push(' ');
                number.push_str(&word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_break_between_words_and_hang() {
        assert_eq!(wrapped("one two three", Some(8), 2), "one two\n  three");
        assert_eq!(wrapped("one two three", None, 2), "one two three");
        assert_eq!(
            wrapped("a /very/long/path/indeed b", Some(6), 1),
            "a\n /very/long/path/indeed\n b"
        );
        assert_eq!(wrapped("größe größe", Some(11), 0), "größe größe");
    }

    #[test]
    fn commands_stay_whole_where_they_fit() {
        let text = "Run `criteo sync --rebuild` now";
        assert_eq!(
            wrapped(text, Some(26), 0),
            "Run\n`criteo sync --rebuild`\nnow"
        );
        assert_eq!(
            wrapped(text, Some(14), 0),
            "Run `criteo\nsync\n--rebuild` now"
        );
        assert_eq!(wrapped("a ` b c", Some(5), 0), "a ` b\nc");
    }

    #[test]
    fn numbers_keep_their_units() {
        assert_eq!(wrapped("in 12 calls", Some(8), 0), "in\n12 calls");
        assert_eq!(wrapped("in 12 calls", Some(6), 0), "in 12\ncalls");
        assert_eq!(
            wrapped("in 1,200 calls and 1.7 s", Some(14), 0),
            "in 1,200 calls\nand 1.7 s"
        );
        assert_eq!(
            wrapped("took 12 calls 1.7 s", Some(12), 0),
            "took\n12 calls\n1.7 s"
        );
        assert_eq!(wrapped("2026-01-01 is", Some(12), 0), "2026-01-01\nis");
    }

    #[test]
    fn lists_keep_their_lines_and_their_indentation() {
        assert_eq!(
            wrapped("two:\n  one thing\n\n  another", Some(6), 1),
            "two:\n   one\n   thing\n\n   another"
        );
    }
}
