//! Numbers and spans of time as people write them.

use std::time::Duration;

/// Anything shorter is `0.0 s` in the words of [`span`].
const TELLABLE: Duration = Duration::from_millis(50);

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

/// An amount of data: `1.50 MB`.
pub(crate) fn amount(bytes: u64) -> String {
    indicatif::DecimalBytes(bytes).to_string()
}

/// A number in writing with its thousands grouped, `12345.67` as `12,345.67`; what is no number stays as it is.
pub(crate) fn grouped(written: &str) -> String {
    let (whole, fraction) = written.split_at(written.find('.').unwrap_or(written.len()));
    match whole.parse() {
        Ok(whole) => format!("{}{fraction}", count(whole)),
        Err(_) => written.to_owned(),
    }
}

/// `1 window`, `2 windows`: the number with its noun.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{} {noun}s", count(number)),
    }
}

/// A text as one word of a POSIX shell.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain =
        |character: char| character.is_ascii_alphanumeric() || "_-./".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Names in groups, by what is said of them all, both in the order in which they come.
pub(crate) fn by_group<'text>(
    pairs: impl IntoIterator<Item = (&'text str, &'text str)>,
) -> Vec<(&'text str, Vec<&'text str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (group, name) in pairs {
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, names)) => names.push(name),
            None => groups.push((group, vec![name])),
        }
    }
    groups
}

/// The first of some names, and how many there are beyond them: `a, b, c, d and 3 more`.
pub(crate) fn few(names: &[&str]) -> String {
    const NAMED: usize = 4;
    match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => {
            let first = names.get(..NAMED).unwrap_or(names);
            format!("{} and {} more", first.join(", "), count(size(more)))
        }
    }
}

/// The length of something in memory as a number to print.
pub(crate) fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A span of time in at most two words: `0.3 s`, `12 s`, `3 min`, `2 h 5 min`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = duration.as_secs_f64().round();
    if whole < 120.0 {
        return format!("{whole:.0} s");
    }
    let minutes = (whole / 60.0).round();
    if minutes < 120.0 {
        return format!("{minutes:.0} min");
    }
    format!(
        "{:.0} h {:.0} min",
        (minutes / 60.0).floor(),
        minutes % 60.0
    )
}

/// When something comes that is waited for: `in 12 s`, or `at once` where the wait is too short to be told.
pub(crate) fn in_a_while(wait: Duration) -> String {
    if wait < TELLABLE {
        return "at once".to_owned();
    }
    format!("in {}", span(wait))
}

/// [`span`] of a number of seconds; what is no length of time counts as none.
pub(crate) fn span_of_seconds(seconds: f64) -> String {
    span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nouns_agree() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(grouped("12345.67"), "12,345.67");
        assert_eq!(grouped("Spring 2026"), "Spring 2026");
        assert_eq!(counted(0, "window"), "0 windows");
        assert_eq!(counted(1, "window"), "1 window");
        assert_eq!(counted(1200, "window"), "1,200 windows");
    }

    #[test]
    fn of_many_names_the_first_are_named() {
        assert_eq!(few(&["a", "b"]), "a, b");
        assert_eq!(
            few(&["a", "b", "c", "d", "e", "f"]),
            "a, b, c, d and 2 more"
        );
    }

    #[test]
    fn spans_get_coarser_as_they_grow() {
        for (seconds, words) in [
            (0.04, "0.0 s"),
            (0.3, "0.3 s"),
            (9.96, "10 s"),
            (61.0, "61 s"),
            (200.0, "3 min"),
            (7_500.0, "2 h 5 min"),
        ] {
            assert_eq!(span_of_seconds(seconds), words);
        }
        assert_eq!(span_of_seconds(-1.0), "0.0 s");
        assert_eq!(span_of_seconds(f64::NAN), "0.0 s");
    }

    #[test]
    fn no_wait_is_told_as_none() {
        for (milliseconds, words) in [
            (0, "at once"),
            (49, "at once"),
            (50, "in 0.1 s"),
            (12_000, "in 12 s"),
        ] {
            assert_eq!(in_a_while(Duration::from_millis(milliseconds)), words);
        }
    }
}
