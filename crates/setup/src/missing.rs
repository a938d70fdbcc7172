//! Which answers a script has to give and did not.

use crate::answers::Answers;

/// An answer that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// What it is.
    pub what: &'static str,
    /// How to give it on the command line or in the environment.
    pub how: &'static str,
}

/// Everything that is needed and not there. Currency, time zone and destination have no defaults here: a person sees
/// what is suggested, a script would not.
#[must_use]
pub fn missing(answers: &Answers, has_key: bool) -> Vec<Missing> {
    let needed = [
        (
            has_key,
            "the app key",
            "--key-file FILE, or CRITEO_KEY_FILE, or CRITEO_CLIENT_ID and CRITEO_CLIENT_SECRET",
        ),
        (answers.currency.is_some(), "the currency", "--currency EUR"),
        (
            answers.timezone.is_some(),
            "the time zone",
            "--timezone Europe/Paris",
        ),
        (
            answers.destination.is_some(),
            "the destination",
            "--destination duckdb --destination-option path=criteo.duckdb",
        ),
    ];
    needed
        .into_iter()
        .filter(|(is_there, ..)| !is_there)
        .map(|(_, what, how)| Missing { what, how })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::DestinationAnswer;

    #[test]
    fn each_answer_that_is_given_is_one_less_missing() {
        let mut answers = Answers::default();
        assert_eq!(missing(&answers, false).len(), 4);
        answers.currency = Some("EUR".to_owned());
        answers.timezone = Some("UTC".to_owned());
        let left: Vec<&str> = missing(&answers, false)
            .iter()
            .map(|one| one.what)
            .collect();
        assert_eq!(left, ["the app key", "the destination"]);
        answers.destination = Some(DestinationAnswer::default());
        assert!(missing(&answers, true).is_empty());
    }
}
