//! The members of a JSON object, with their values unread.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The members of an object, in order, repeated ones included.
#[derive(Debug)]
pub(super) struct Members<'j>(Vec<(String, &'j RawValue)>);

/// An object has several members of this name, so that nobody knows which of them is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repeated(pub(super) String);

impl<'j> Members<'j> {
    /// The members of `json` if that is an object.
    pub(super) fn of(json: &'j str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The value of the member of this name in any case, as JSON.
    pub(super) fn any_case(&self, name: &str) -> Result<Option<&'j str>, Repeated> {
        let found = self.single(name, |other| other.eq_ignore_ascii_case(name))?;
        Ok(found.map(RawValue::get))
    }

    /// The value of the member of exactly this name.
    pub(super) fn exact(&self, name: &str) -> Result<Option<&'j RawValue>, Repeated> {
        self.single(name, |other| other == name)
    }

    fn single(
        &self,
        name: &str,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<Option<&'j RawValue>, Repeated> {
        let mut found = self.0.iter().filter(|(other, _)| is_meant(other));
        let value = found.next().map(|(_, value)| *value);
        match found.next() {
            Some(_) => Err(Repeated(name.to_owned())),
            None => Ok(value),
        }
    }

    /// Every member, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'j RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

impl<'de: 'j, 'j> Deserialize<'de> for Members<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_once_or_refused() {
        let members = Members::of(r#"{"Rows":[1],"rows":2,"a":null}"#).unwrap();
        assert_eq!(members.exact("rows").unwrap().map(RawValue::get), Some("2"));
        assert_eq!(members.any_case("A").unwrap(), Some("null"));
        assert_eq!(members.any_case("ROWS"), Err(Repeated("ROWS".to_owned())));
        assert_eq!(members.any_case("b").unwrap(), None);
        assert!(Members::of("[1]").is_none());
    }
}
