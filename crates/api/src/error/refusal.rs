//! An answer that is not a good one, in every form that has been seen.

use std::fmt;

use serde_json::{Map, Value};

use crate::Problem;

/// What Criteo said instead of a good answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Errors and, after them, warnings of the answer, whole. Empty when the body has none that can
    /// be read.
    pub problems: Vec<Problem>,
    /// The error of an OAuth answer, which is how the token endpoint speaks.
    pub oauth: Option<OauthFailure>,
    /// The body as text without secrets, cut at 16 KiB.
    pub body: String,
}

/// An error in OAuth's form (RFC 6749, section 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthFailure {
    /// `invalid_client`, `invalid_grant`...
    pub error: String,
    /// A text for people.
    pub description: Option<String>,
}

impl Refusal {
    /// Reads a body that came with a status. The `Content-Type` is not asked: Criteo's older
    /// contracts declare problem bodies under the media type that was requested, CSV and
    /// spreadsheets included.
    pub(crate) fn read(status: u16, body: &str) -> Self {
        let body = body.trim_start_matches('\u{feff}').trim();
        let mut refusal = Self {
            status,
            problems: Vec::new(),
            oauth: None,
            body: cut(body, 16 * 1024).to_owned(),
        };
        match serde_json::from_str(body) {
            Ok(Value::Object(members)) => refusal.read_object(members),
            Ok(list @ Value::Array(_)) => refusal.problems = Problem::list_from_value(list),
            Ok(Value::String(text)) => refusal
                .problems
                .extend(Problem::from_value(Value::String(text))),
            _ => {}
        }
        refusal
    }

    fn read_object(&mut self, mut members: Map<String, Value>) {
        for name in ["errors", "warnings"] {
            if let Some(value) = members.remove(name) {
                self.problems.extend(Problem::list_from_value(value));
            }
        }
        match members.remove("error") {
            Some(Value::String(error)) => {
                let description = match members.remove("error_description") {
                    Some(Value::String(text)) => Some(text),
                    _ => None,
                };
                self.oauth = Some(OauthFailure { error, description });
            }
            // Gateways put an object there.
            Some(value) => self.problems.extend(Problem::from_value(value)),
            None => {}
        }
        // A bare problem at the top (RFC 9457), or a gateway's {"message"}.
        if self.problems.is_empty() && self.oauth.is_none() {
            if let Some(message) = members.get("message").or(members.get("Message")).cloned() {
                members.entry("detail").or_insert(message);
            }
            let speaks = [
                "type",
                "code",
                "title",
                "detail",
                "traceId",
                "traceIdentifier",
            ]
            .iter()
            .any(|name| members.get(*name).is_some_and(|value| !value.is_null()));
            if speaks {
                self.problems
                    .extend(Problem::from_value(Value::Object(members)));
            }
        }
    }

    /// What Criteo's support asks for.
    pub fn trace_id(&self) -> Option<&str> {
        self.problems
            .iter()
            .find_map(|problem| problem.trace_id.as_deref())
    }
}

impl fmt::Display for Refusal {
    /// The status, then everything Criteo said about it; of a body without problems, its beginning
    /// on one line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "status {}", self.status)?;
        if let Some(oauth) = &self.oauth {
            write!(formatter, ", {}", oauth.error)?;
            if let Some(description) = &oauth.description {
                write!(formatter, ": {description}")?;
            }
        }
        for problem in &self.problems {
            write!(formatter, ", {problem}")?;
        }
        if self.oauth.is_none() && self.problems.is_empty() {
            match gist(&self.body) {
                Some(gist) => write!(formatter, ", {gist:?}")?,
                None => formatter.write_str(", without a body")?,
            }
        }
        match self.trace_id() {
            Some(trace_id) => write!(formatter, " [trace {trace_id}]"),
            None => Ok(()),
        }
    }
}

/// The beginning of a text on one line, without markup.
pub(crate) fn gist(body: &str) -> Option<String> {
    let mut text = String::new();
    let mut in_tag = false;
    let is_markup = body.trim_start().starts_with('<');
    for character in body.chars() {
        match character {
            '<' if is_markup => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if in_tag => {}
            _ => text.push(character),
        }
    }
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    (!line.is_empty()).then(|| cut(&line, 200).to_owned())
}

/// At most so many bytes of a text, cut between characters.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(body: &str) -> Vec<String> {
        Refusal::read(400, body)
            .problems
            .into_iter()
            .map(|problem| problem.code.or(problem.title).or(problem.detail).unwrap())
            .collect()
    }

    #[test]
    fn every_spelling_of_an_error_body_is_read() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"a"},{"code":"b"}],"warnings":[]}"#,
                vec!["a", "b"],
            ),
            (r#"{"errors":[{"code":"a"}],"warnings":null}"#, vec!["a"]),
            (r#"{"errors":[{"code":"a"}]}"#, vec!["a"]),
            (r#"{"errors":null,"warnings":[{"code":"w"}]}"#, vec!["w"]),
            (r#"{"errors":[]}"#, vec![]),
            (r#"{"data":null,"errors":{"code":"a"}}"#, vec!["a"]),
            (r#"{"errors":["a text"]}"#, vec!["a text"]),
            (r#"[{"code":"a"}]"#, vec!["a"]),
            (
                r#"{"type":"about:blank","title":"Gone","status":410}"#,
                vec!["Gone"],
            ),
            (r#"{"error":{"code":"a","message":"m"}}"#, vec!["a"]),
            (r#"{"message":"no"}"#, vec!["no"]),
            ("\u{feff}{\"errors\":[{\"code\":\"a\"}]}", vec!["a"]),
            ("{}", vec![]),
            ("", vec![]),
            ("AdsetId;Day\n1;2", vec![]),
            ("<html><body>Bad gateway</body></html>", vec![]),
            ("{\"errors\":[{\"code\":", vec![]),
        ] {
            assert_eq!(codes(body), expected, "{body}");
        }
    }

    #[test]
    fn an_oauth_error_is_read() {
        let refusal = Refusal::read(
            401,
            r#"{"error":"invalid_client","error_description":"wrong secret"}"#,
        );
        assert_eq!(
            refusal.oauth,
            Some(OauthFailure {
                error: "invalid_client".to_owned(),
                description: Some("wrong secret".to_owned())
            })
        );
        assert_eq!(
            refusal.to_string(),
            "status 401, invalid_client: wrong secret"
        );
    }

    #[test]
    fn both_names_of_the_trace_id_are_known() {
        for name in ["traceId", "traceIdentifier"] {
            let refusal = Refusal::read(404, &format!(r#"{{"errors":[{{"{name}":"t-9"}}]}}"#));
            assert_eq!(refusal.trace_id(), Some("t-9"));
            assert!(refusal.to_string().contains("t-9"));
        }
    }

    #[test]
    fn a_page_is_reduced_to_its_text() {
        let refusal = Refusal::read(502, "<html>\n<h1>Bad  gateway</h1></html>");
        assert_eq!(refusal.to_string(), "status 502, \"Bad gateway\"");
        assert_eq!(
            Refusal::read(502, "").to_string(),
            "status 502, without a body"
        );
    }
}
