//! The frame around Criteo's JSON answers.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use crate::Problem;

/// `{"data", "warnings", "errors"}`, as every operation outside the marketplace answers (Criteo's
/// OpenAPI 2026-07).
///
/// A good status with errors inside becomes [`Error::Rejected`](crate::Error::Rejected), so there
/// are none here.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Envelope<T> {
    /// What was asked for.
    #[serde(
        deserialize_with = "present",
        bound(deserialize = "T: Deserialize<'de>")
    )]
    pub data: T,
    /// What Criteo wants known: truncation, deprecation, entities left out.
    #[serde(default, deserialize_with = "problems")]
    pub warnings: Vec<Problem>,
}

impl<T> Envelope<T> {
    /// Changes what is inside.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Envelope<U> {
        Envelope {
            data: change(self.data),
            warnings: self.warnings,
        }
    }
}

/// One entity: its id, its type, and what is known of it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Resource<T> {
    /// The entity's id, where the entity has one.
    #[serde(default)]
    pub id: Option<String>,
    /// Criteo's name of the kind of entity. Not always the same word for the same thing; do not
    /// rely on it.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// What is known of the entity.
    pub attributes: T,
}

/// Makes an absent member an error even where null is welcome.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(deserializer)
}

fn problems<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Problem>, D::Error> {
    Value::deserialize(deserializer).map(Problem::list_from_value)
}

/// The errors and warnings of a JSON body of any shape; reading them also proves that the body is
/// whole JSON.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tidings {
    pub(crate) errors: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

impl<'de> Deserialize<'de> for Tidings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TidingsVisitor)
    }
}

struct TidingsVisitor;

impl<'de> Visitor<'de> for TidingsVisitor {
    type Value = Tidings;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tidings, A::Error> {
        let mut tidings = Tidings::default();
        while let Some(name) = members.next_key::<String>()? {
            match name.as_str() {
                "errors" => tidings.errors = Problem::list_from_value(members.next_value()?),
                "warnings" => tidings.warnings = Problem::list_from_value(members.next_value()?),
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(tidings)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tidings, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Tidings::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Tidings, E> {
        Ok(Tidings::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tidings, E> {
        Ok(Tidings::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tidings, E> {
        Ok(Tidings::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tidings, E> {
        Ok(Tidings::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tidings, E> {
        Ok(Tidings::default())
    }

    fn visit_unit<E>(self) -> Result<Tidings, E> {
        Ok(Tidings::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidings_are_found_in_any_shape() {
        let found = |body| serde_json::from_str::<Tidings>(body).unwrap();
        let full =
            found(r#"{"data":[{"errors":[1]}],"errors":[{"code":"e"}],"warnings":[{"code":"w"}]}"#);
        assert_eq!(full.errors[0].code.as_deref(), Some("e"));
        assert_eq!(full.warnings[0].code.as_deref(), Some("w"));
        for quiet in [
            r#"{"errors":null,"warnings":[]}"#,
            "{}",
            "[1,[2]]",
            "\"x\"",
            "1",
            "-1",
            "1.5",
            "null",
            "true",
        ] {
            assert_eq!(found(quiet), Tidings::default(), "{quiet}");
        }
        assert!(serde_json::from_str::<Tidings>(r#"{"data":[1,2"#).is_err());
    }

    #[test]
    fn absent_data_is_an_error_and_null_may_be_none() {
        assert!(serde_json::from_str::<Envelope<Option<u8>>>("{}").is_err());
        let null: Envelope<Option<u8>> =
            serde_json::from_str(r#"{"data":null,"warnings":null}"#).unwrap();
        assert_eq!(null.data, None);
    }
}
