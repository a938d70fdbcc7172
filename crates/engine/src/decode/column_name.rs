//! Names of columns that are not known before a file is opened.

/// The name of a column in the destination for a heading of Criteo's: lower case, words joined by underscores.
///
/// A new word begins at every upper-case letter after a lower-case one or a digit, at the last letter of an
/// abbreviation that a word follows, and wherever there is something else than a letter or a digit. The name is
/// empty when the heading has neither.
pub(super) fn snake_case(heading: &str) -> String {
    let mut name = String::with_capacity(heading.len() + 4);
    let mut previous: Option<char> = None;
    let mut letters = heading.chars().peekable();
    while let Some(letter) = letters.next() {
        if !letter.is_alphanumeric() {
            previous = None;
            continue;
        }
        let begins_word = match previous {
            None => true,
            Some(before) if letter.is_uppercase() => {
                !before.is_uppercase() || letters.peek().is_some_and(|next| next.is_lowercase())
            }
            Some(_) => false,
        };
        if begins_word && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
        previous = Some(letter);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn headings_become_names() {
        for (heading, name) in [
            ("publisher_domain", "publisher_domain"),
            ("PublisherDomain", "publisher_domain"),
            ("Publisher Domain", "publisher_domain"),
            (" price (EUR) ", "price_eur"),
            ("advertiserID", "advertiser_id"),
            ("IDOfAdvertiser", "id_of_advertiser"),
            ("CPCEuro", "cpc_euro"),
            ("sales7d", "sales7d"),
            ("Größe", "größe"),
            ("--", ""),
        ] {
            assert_eq!(snake_case(heading), name, "{heading}");
        }
    }
}
