//! The nearest known name to one that nobody knows.

use std::cmp::Ordering;

/// How alike two names must at least be (0 nothing in common, 1 equal) for one to be offered in place of the other.
/// Below this, suggestions between short names stop making sense ("coupons" for "columns").
const LEAST_SIMILARITY: f64 = 0.6;

/// The answer whose spelling is most like `wrong_name`, ignoring case and underscores, or `None` when all are far away.
///
/// `candidates` are pairs of a spelling to compare with and the answer it stands for, so that one answer can be
/// found under several spellings. Of equally near ones the first is taken that has the very same letters, since fingers
/// swap letters more often than they invent one (`NKO` is `NOK`, not `NIO`); without such a one, the first.
pub(crate) fn nearest<'names>(
    wrong_name: &str,
    candidates: impl Iterator<Item = (&'names str, &'names str)>,
) -> Option<&'names str> {
    let wrong_name = normalised(wrong_name);
    let wrong_letters = letters(&wrong_name);
    let mut best: Option<(Likeness, &str)> = None;
    for (spelling, answer) in candidates {
        let spelling = normalised(spelling);
        let likeness = Likeness {
            similarity: strsim::normalized_damerau_levenshtein(&wrong_name, &spelling),
            has_same_letters: letters(&spelling) == wrong_letters,
        };
        let is_better = best.is_none_or(|(so_far, _)| likeness.compared_to(so_far).is_gt());
        if likeness.similarity >= LEAST_SIMILARITY && is_better {
            best = Some((likeness, answer));
        }
    }
    best.map(|(_, answer)| answer)
}

/// How alike two names are.
#[derive(Debug, Clone, Copy)]
struct Likeness {
    /// From 0 to 1. A swap of two neighbours counts as one step, like a wrong letter.
    similarity: f64,
    /// Whether one has the letters of the other, in whatever order.
    has_same_letters: bool,
}

impl Likeness {
    fn compared_to(self, other: Likeness) -> Ordering {
        self.similarity
            .total_cmp(&other.similarity)
            .then(self.has_same_letters.cmp(&other.has_same_letters))
    }
}

/// The letters of a word, in the order of the alphabet.
fn letters(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

/// Lower case without underscores, spaces and hyphens: `ad_sets`, `adsets` and `AdSets` are one word to a person.
fn normalised(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest_of(wrong_name: &str, known: &[&'static str]) -> Option<&'static str> {
        nearest(wrong_name, known.iter().map(|name| (*name, *name)))
    }

    #[test]
    fn of_equally_near_names_one_with_swapped_letters_comes_first() {
        assert_eq!(nearest_of("NKO", &["NIO", "NOK"]), Some("NOK"));
        assert_eq!(nearest_of("NKO", &["NOK", "NIO"]), Some("NOK"));
        // What is nearer comes before what has the same letters.
        assert_eq!(
            nearest_of("abcdefgh", &["badcfegh", "abcdefgx"]),
            Some("abcdefgx")
        );
    }

    #[test]
    fn of_names_that_are_alike_in_everything_the_first_is_taken() {
        assert_eq!(nearest_of("EUD", &["EUR", "AUD"]), Some("EUR"));
        assert_eq!(
            nearest_of("Ad Sets", &["ad_sets", "AdSets"]),
            Some("ad_sets")
        );
        assert_eq!(nearest_of("coupons", &["columns"]), None);
    }
}
