//! The nearest known name to one that nobody knows.

/// How alike two names must at least be (0 nothing in common, 1 equal) for one to be offered in place of the other.
/// Below this, suggestions between short names stop making sense ("coupons" for "columns").
const LEAST_SIMILARITY: f64 = 0.6;

/// The answer whose spelling is most like `wrong_name`, ignoring case and underscores, or `None` when all are far away.
///
/// `candidates` are pairs of a spelling to compare with and the answer it stands for, so that one answer can be
/// found under several spellings. Of equally near ones the first is taken.
pub(crate) fn nearest<'names>(
    wrong_name: &str,
    candidates: impl Iterator<Item = (&'names str, &'names str)>,
) -> Option<&'names str> {
    let wrong_name = normalised(wrong_name);
    let mut best: Option<(f64, &str)> = None;
    for (spelling, answer) in candidates {
        let similarity = strsim::normalized_damerau_levenshtein(&wrong_name, &normalised(spelling));
        let is_better = best.is_none_or(|(so_far, _)| similarity > so_far);
        if similarity >= LEAST_SIMILARITY && is_better {
            best = Some((similarity, answer));
        }
    }
    best.map(|(_, answer)| answer)
}

/// Lower case without underscores, spaces and hyphens: `ad_sets`, `adsets` and `AdSets` are one word to a person.
fn normalised(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
