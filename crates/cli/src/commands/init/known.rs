//! Keys that are here already: of this session or the last one, or where commands look for one. One that came to nothing
//! is never the first to be suggested.

use criteo_engine::config::key_store::{DEFAULT_CONNECTION, Place, is_same};
use criteo_engine::config::{self, Config, ConfigError, KeyPlace};
use criteo_setup::key_text::key_in_file;
use criteo_setup::{KeyHolder, KeyTrace, Setback};

use super::key::{of_file, written};
use super::session::{Key, Session};

/// A key that is here already.
pub(super) struct KnownKey {
    pub(super) key: Key,
    /// Why it came to nothing, if it did.
    pub(super) setback: Option<Setback>,
    /// Where it comes from, in words that follow its id.
    origin: String,
}

impl KnownKey {
    /// Its id, and where it comes from.
    pub(super) fn in_words(&self) -> String {
        format!("{}, {}", self.key.credentials.client_id, self.origin)
    }

    /// What somebody does who gives it.
    pub(super) fn label(&self) -> String {
        let id = &self.key.credentials.client_id;
        let origin = &self.origin;
        match self.setback {
            None => format!("Use the key {id}, {origin}"),
            Some(Setback::Refused) => {
                format!("Try the key {id} again, {origin}; Criteo refused it before")
            }
            Some(Setback::LacksPermission) => {
                format!("Use the key {id} all the same, {origin}; its app lacks a permission")
            }
        }
    }
}

impl Key {
    /// What tells it from others without its secret.
    pub(super) fn trace(&self) -> KeyTrace {
        let written = match &self.holder {
            KeyHolder::File(path) => written(path),
            _ => None,
        };
        KeyTrace {
            client_id: self.credentials.client_id.clone(),
            holder: self.holder.clone(),
            written,
        }
    }
}

impl Session<'_> {
    /// Each key that is here already, once; the one that was given last is the first.
    pub(super) fn known_keys(&self) -> Vec<KnownKey> {
        let recalled = self.recall_key();
        // Where commands look for a key, that is the one to be found once more.
        let is_theirs = recalled
            .as_ref()
            .is_some_and(|key| matches!(key.holder, KeyHolder::Store | KeyHolder::Environment));
        let mut found = Vec::new();
        if let Some(key) = recalled {
            let origin = match &key.holder {
                KeyHolder::File(path) => format!("found in {}", path.display()),
                _ if self.has_given_key => "given a moment ago".to_owned(),
                _ => "given in the last session".to_owned(),
            };
            found.push((key, origin));
        }
        if !is_theirs {
            found.extend(self.configured_key());
        }
        let mut known: Vec<KnownKey> = Vec::new();
        for (key, origin) in found {
            let is_it = |other: &KnownKey| is_same(&other.key.credentials, &key.credentials);
            if !known.iter().any(is_it) {
                let setback = self.progress.setbacks.of(&key.trace());
                known.push(KnownKey {
                    key,
                    setback,
                    origin,
                });
            }
        }
        known
    }

    /// The key of this session or the last one, from where its note says.
    pub(super) fn recall_key(&self) -> Option<Key> {
        let note = self.progress.key.as_ref()?;
        let (credentials, written) = match &note.holder {
            KeyHolder::Store => {
                let store = self.context.key_store(&self.environment);
                let lookup = store.load(DEFAULT_CONNECTION).ok()?;
                (lookup.key?.credentials, None)
            }
            KeyHolder::Environment => (self.key_of_environment().ok()?.credentials, None),
            KeyHolder::File(path) => (key_in_file(path, "your answer").ok()?, written(path)),
            KeyHolder::Nowhere => return None,
        };
        let is_the_one = credentials.client_id == note.client_id;
        is_the_one.then(|| Key {
            credentials,
            // The file may have been mended since.
            received: written.or(Some(note.received)),
            holder: note.holder.clone(),
        })
    }

    /// The key that commands would use with the configuration that is going to be written, which names none itself.
    pub(super) fn key_of_environment(&self) -> Result<config::AppKey, ConfigError> {
        let present = self.connection()?;
        let store = self.context.key_store(&self.environment);
        config::credentials_from(&present.criteo, &self.environment, &store)
    }

    /// The same with where it was found; otherwise the key in the file that the configuration of before names. The new one
    /// does not, so that key is taken over from it.
    fn configured_key(&self) -> Option<(Key, String)> {
        let Ok(found) = self.key_of_environment() else {
            let path = Config::load(&self.path).ok()?.criteo.key_file?;
            let credentials = key_in_file(&path, "your answer").ok()?;
            let origin = format!("found in {}", path.display());
            return Some((of_file(credentials, &path), origin));
        };
        let holder = match &found.place {
            KeyPlace::Store(_) => KeyHolder::Store,
            KeyPlace::File(_) | KeyPlace::Environment => KeyHolder::Environment,
        };
        let received = match &found.place {
            KeyPlace::File(path) | KeyPlace::Store(Place::File(path)) => written(path),
            KeyPlace::Environment | KeyPlace::Store(Place::Keyring) => None,
        };
        let key = Key {
            credentials: found.credentials,
            received,
            holder,
        };
        Some((key, format!("found in {}", found.source)))
    }
}
