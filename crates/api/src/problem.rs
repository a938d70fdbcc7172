//! Criteo's problem object: one error or one warning.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// One error or warning as Criteo sends it, kept whole.
///
/// Shape from Criteo's OpenAPI 2026-07 (`CommonProblem`, and `CriteoApiError` for the portfolio):
/// every member may be absent or null. What the contract does not name is kept in
/// [`other`](Self::other).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The category as sent, with a hyphen or an underscore: see [`category`](Self::category).
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A code for programs, in kebab case: `required-field`, `invalid-timespan`...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A short text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A longer text about this very case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// A path that names the operation or the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Where in the request the cause lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Value>,
    /// What Criteo's support asks for, from `traceId` or its older name `traceIdentifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Everything else that was in the object.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The categories of problems in Criteo's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemCategory {
    /// The app may not see this resource.
    AccessControl,
    /// Who is calling is not established.
    Authentication,
    /// The token or the scope does not suffice.
    Authorization,
    /// Criteo is in trouble.
    Availability,
    /// Something used will go away.
    Deprecation,
    /// A quota is spent.
    Quota,
    /// The request is wrong.
    Validation,
    /// Anything else.
    Unknown,
}

impl Problem {
    /// Reads one problem out of JSON, leniently: a number becomes its text, a bare string becomes
    /// the title.
    ///
    /// Gives nothing for a value that says nothing (null, an empty object, a list).
    pub fn from_value(value: Value) -> Option<Self> {
        let mut members = match value {
            Value::Object(members) if !members.is_empty() => members,
            Value::String(title) if !title.trim().is_empty() => {
                return Some(Self {
                    title: Some(title),
                    ..Self::default()
                });
            }
            _ => return None,
        };
        let mut text = |name: &str| take_text(&mut members, name);
        let trace_id = text("traceId");
        let trace_identifier = text("traceIdentifier");
        let mut problem = Self {
            kind: text("type"),
            code: text("code"),
            title: text("title"),
            detail: text("detail"),
            instance: text("instance"),
            source: None,
            trace_id: trace_id.or(trace_identifier),
            other: Map::new(),
        };
        problem.source = members.remove("source").filter(|source| !source.is_null());
        members.retain(|_, value| !value.is_null());
        problem.other = members;
        Some(problem)
    }

    /// Reads what stands under `errors` or `warnings`: a list, one object, a text, or null.
    pub fn list_from_value(value: Value) -> Vec<Self> {
        match value {
            Value::Array(items) => items.into_iter().filter_map(Self::from_value).collect(),
            other => Self::from_value(other).into_iter().collect(),
        }
    }

    /// The category, whichever way it is spelled.
    pub fn category(&self) -> ProblemCategory {
        let spelled = self.kind.as_deref().unwrap_or_default().replace('_', "-");
        match spelled.to_ascii_lowercase().as_str() {
            "access-control" => ProblemCategory::AccessControl,
            "authentication" => ProblemCategory::Authentication,
            "authorization" => ProblemCategory::Authorization,
            "availability" => ProblemCategory::Availability,
            "deprecation" => ProblemCategory::Deprecation,
            "quota" => ProblemCategory::Quota,
            "validation" => ProblemCategory::Validation,
            _ => ProblemCategory::Unknown,
        }
    }

    /// Whether the code begins like this. Criteo spells some codes in several ways, which differ at
    /// the end.
    pub fn code_starts_with(&self, start: &str) -> bool {
        self.code
            .as_deref()
            .is_some_and(|code| code.starts_with(start))
    }
}

impl fmt::Display for Problem {
    /// `code: title (detail)`, with what there is of it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let label = filled(&self.code).or(filled(&self.kind));
        let title = filled(&self.title);
        let detail = filled(&self.detail).filter(|detail| Some(detail) != title.as_ref());
        match (label, title, detail) {
            (None, None, None) => formatter.write_str("a problem without a description"),
            (Some(label), None, None) => formatter.write_str(&label),
            (None, Some(text), None) | (None, None, Some(text)) => formatter.write_str(&text),
            (None, Some(title), Some(detail)) => write!(formatter, "{title} ({detail})"),
            (Some(label), Some(text), None) | (Some(label), None, Some(text)) => {
                write!(formatter, "{label}: {text}")
            }
            (Some(label), Some(title), Some(detail)) => {
                write!(formatter, "{label}: {title} ({detail})")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Problem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
    }
}

/// Takes a member out as text. A list or an object under a text's name stays where it is, so that
/// nothing is lost.
fn take_text(members: &mut Map<String, Value>, name: &str) -> Option<String> {
    let text = match members.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    members.remove(name);
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_of_a_category_are_one() {
        for kind in ["access-control", "access_control", "Access-Control"] {
            let problem = Problem::from_value(json!({ "type": kind })).unwrap();
            assert_eq!(problem.category(), ProblemCategory::AccessControl);
        }
        let unheard_of = Problem::from_value(json!({"type": "weather"})).unwrap();
        assert_eq!(unheard_of.category(), ProblemCategory::Unknown);
    }

    #[test]
    fn a_problem_is_kept_whole() {
        let problem = Problem::from_value(json!({
            "traceIdentifier": "t-1", "type": "validation", "code": 17, "title": "No", "detail": null,
            "instance": "/report", "source": {"body": "startDate"}, "stackTrace": "at...", "extra": [1]
        }))
        .unwrap();
        assert_eq!(problem.trace_id.as_deref(), Some("t-1"));
        assert_eq!(problem.code.as_deref(), Some("17"));
        assert_eq!(problem.source, Some(json!({"body": "startDate"})));
        assert_eq!(problem.other["stackTrace"], json!("at..."));
        assert_eq!(problem.other["extra"], json!([1]));
        assert_eq!(problem.to_string(), "17: No");
    }

    #[test]
    fn lists_come_in_several_forms() {
        for (value, count) in [
            (json!(null), 0),
            (json!([]), 0),
            (json!([{}, null]), 0),
            (json!([{"code": "a"}, "b"]), 2),
            (json!({"code": "a"}), 1),
            (json!("a text"), 1),
        ] {
            assert_eq!(
                Problem::list_from_value(value.clone()).len(),
                count,
                "{value}"
            );
        }
    }
}
