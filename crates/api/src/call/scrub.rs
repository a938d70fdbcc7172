//! Taking secrets out of texts that come from outside.

use std::borrow::Cow;

use serde_json::Value;
use url::Url;

use crate::{OauthFailure, Problem, Refusal};

/// Knows secrets, to remove them from texts: a server may repeat what it was sent, in a page or in
/// an error.
#[derive(Default)]
pub(crate) struct Scrubber {
    needles: Vec<String>,
}

/// What stands in a secret's place.
const MASK: &str = "[redacted]";

/// Shorter texts are no secrets and would tear harmless words apart.
const SHORTEST_SECRET: usize = 4;

impl Scrubber {
    /// Adds a secret in the forms in which it travels: bare, form-encoded, and as JSON may escape
    /// it.
    pub(crate) fn with(mut self, secret: &str) -> Self {
        if secret.len() < SHORTEST_SECRET {
            return self;
        }
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let forms = [
            secret.to_owned(),
            form,
            secret.replace('/', "\\/"),
            secret.replace('+', "\\u002B"),
            secret.replace('+', "\\u002b"),
        ];
        for form in forms {
            if !self.needles.contains(&form) {
                self.needles.push(form);
            }
        }
        self
    }

    /// Adds a signed address: every value of its query, for which of them is the signature is not
    /// ours to know.
    pub(crate) fn with_signed_url(self, url: &Url) -> Self {
        let scrubber = match url.query() {
            Some(query) => self.with(query),
            None => self,
        };
        url.query_pairs()
            .fold(scrubber, |scrubber, (_, value)| scrubber.with(&value))
    }

    pub(crate) fn text(&self, text: String) -> String {
        let mut text = Cow::Owned::<str>(text);
        for needle in &self.needles {
            if text.contains(needle.as_str()) {
                text = Cow::Owned(text.replace(needle.as_str(), MASK));
            }
        }
        text.into_owned()
    }

    pub(crate) fn refusal(&self, refusal: Refusal) -> Refusal {
        Refusal {
            status: refusal.status,
            problems: refusal
                .problems
                .into_iter()
                .map(|problem| self.problem(problem))
                .collect(),
            oauth: refusal.oauth.map(|oauth| OauthFailure {
                error: self.text(oauth.error),
                description: oauth.description.map(|text| self.text(text)),
            }),
            body: self.text(refusal.body),
        }
    }

    pub(crate) fn problem(&self, problem: Problem) -> Problem {
        let text = |text: Option<String>| text.map(|text| self.text(text));
        Problem {
            kind: text(problem.kind),
            code: text(problem.code),
            title: text(problem.title),
            detail: text(problem.detail),
            instance: text(problem.instance),
            trace_id: text(problem.trace_id),
            source: problem.source.map(|source| self.value(source)),
            other: problem
                .other
                .into_iter()
                .map(|(name, value)| (name, self.value(value)))
                .collect(),
        }
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (self.text(name), self.value(value)))
                .collect(),
            plain => plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_removed_in_every_form() {
        let secret = "a+b/c=d9";
        let scrubber = Scrubber::default().with(secret);
        let body = r#"{"errors":[{"title":"a\u002Bb/c=d9","source":{"x":["a+b\/c=d9"]},"y":"a%2Bb%2Fc%3Dd9"}]}"#;
        let refusal = scrubber.refusal(Refusal::read(400, body));
        let shown = format!("{refusal} {refusal:?}");
        for form in [secret, "b/c=d9", "b\\/c=d9", "a%2Bb%2Fc%3Dd9"] {
            assert!(!shown.contains(form), "{form} in {shown}");
        }
        assert_eq!(refusal.problems[0].title.as_deref(), Some(MASK));
    }

    #[test]
    fn short_texts_are_left_alone() {
        assert_eq!(
            Scrubber::default().with("a").text("banana".to_owned()),
            "banana"
        );
    }
}
