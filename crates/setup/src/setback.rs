//! Keys that came to nothing: they are not suggested first any more.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::progress::KeyHolder;

/// What tells a key from others without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTrace {
    /// Its client id.
    pub client_id: String,
    /// Where it was found.
    pub holder: KeyHolder,
    /// When its file was written, if it was in one: a file that was mended since holds another key.
    pub written: Option<Timestamp>,
}

/// Why a key came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setback {
    /// Criteo did not accept it: id or secret is wrong, it was deleted, or it was not active yet.
    Refused,
    /// Its app lacks a permission, and an active app gets no other ones.
    LacksPermission,
}

/// The keys that came to nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Setbacks(Vec<(KeyTrace, Setback)>);

impl Setbacks {
    /// Remembers what became of a key.
    pub fn note(&mut self, key: KeyTrace, setback: Setback) {
        let noted = (key, setback);
        self.0.retain(|other| *other != noted);
        self.0.push(noted);
    }

    /// Why a key came to nothing, if it did; what was noted last comes first.
    #[must_use]
    pub fn of(&self, key: &KeyTrace) -> Option<Setback> {
        let is_its = |(other, setback): &&(KeyTrace, Setback)| match setback {
            Setback::Refused => other == key,
            // That is a matter of its app, wherever the key comes from.
            Setback::LacksPermission => other.client_id == key.client_id,
        };
        let noted = self.0.iter().rev().find(is_its);
        noted.map(|(_, setback)| *setback)
    }

    /// Forgets that a key came to nothing for this reason: Criteo accepts it after all, or somebody goes on without the
    /// permission.
    pub fn forget(&mut self, client_id: &str, setback: Setback) {
        self.0
            .retain(|(key, noted)| key.client_id != client_id || *noted != setback);
    }

    /// Whether any key came to nothing for this reason.
    #[must_use]
    pub fn has(&self, setback: Setback) -> bool {
        self.0.iter().any(|(_, noted)| *noted == setback)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn in_file(client_id: &str, name: &str, written: &str) -> KeyTrace {
        KeyTrace {
            client_id: client_id.to_owned(),
            holder: KeyHolder::File(PathBuf::from(name)),
            written: Some(written.parse().unwrap()),
        }
    }

    #[test]
    fn a_refusal_is_about_what_was_given_and_a_permission_about_the_app() {
        let (before, after) = ("2026-11-26T12:00:00Z", "2026-11-26T12:01:00Z");
        let wrong = in_file("id", "wrong.txt", before);
        let mut setbacks = Setbacks::default();
        assert_eq!(setbacks.of(&wrong), None);
        setbacks.note(wrong.clone(), Setback::Refused);
        setbacks.note(wrong.clone(), Setback::Refused);
        assert_eq!(setbacks.of(&wrong), Some(Setback::Refused));
        // The file that was mended, and another one with the same id.
        assert_eq!(setbacks.of(&in_file("id", "wrong.txt", after)), None);
        assert_eq!(setbacks.of(&in_file("id", "right.txt", before)), None);
        setbacks.forget("id", Setback::LacksPermission);
        assert!(setbacks.has(Setback::Refused));
        setbacks.forget("id", Setback::Refused);
        assert_eq!(setbacks, Setbacks::default());

        setbacks.note(wrong, Setback::LacksPermission);
        let kept = KeyTrace {
            client_id: "id".to_owned(),
            holder: KeyHolder::Store,
            written: None,
        };
        assert_eq!(setbacks.of(&kept), Some(Setback::LacksPermission));
        assert_eq!(setbacks.of(&in_file("other", "wrong.txt", before)), None);
    }
}
