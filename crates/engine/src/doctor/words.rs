//! Spans of time for people.

use jiff::SignedDuration;

/// `5 minutes`, `3 hours`, `12 days`: rounded to what a person would say. Negative spans count as none.
pub(super) fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let rounded = |unit: i64| (seconds + unit / 2) / unit;
    match seconds {
        0..120 => "a moment".to_owned(),
        120..7_200 => format!("{} minutes", rounded(60)),
        7_200..172_800 => format!("{} hours", rounded(3_600)),
        _ => format!("{} days", rounded(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_grow_with_the_span() {
        for (seconds, words) in [
            (-5, "a moment"),
            (119, "a moment"),
            (270, "5 minutes"),
            (7_199, "120 minutes"),
            (86_399, "24 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(span(SignedDuration::from_secs(seconds)), words);
        }
    }
}
