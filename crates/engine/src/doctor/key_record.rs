//! Which keys Criteo has accepted here, and when: what tells a key that was deleted from one that never worked.
//!
//! One small JSON file for each key, in the user's state folder. It is named by a hash of id and secret together, since a
//! wrong secret beside an id that has worked is another key. Where there is no such folder (in a container, say) nothing
//! is remembered, and less can be said.

use std::io::Write as _;
use std::path::PathBuf;

use criteo_api::Credentials;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::state_folder::state_folder;

/// Tells one key from every other, and nothing about it: a hash of its id and its secret, which is long and random.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFingerprint(String);

impl KeyFingerprint {
    /// That of a key.
    #[must_use]
    pub fn of(key: &Credentials) -> KeyFingerprint {
        let digest = Sha256::new()
            .chain_update(key.client_id.as_bytes())
            // In no client id, so that no other pair gives the same bytes.
            .chain_update([0])
            .chain_update(key.client_secret.expose_secret().as_bytes())
            .finalize();
        KeyFingerprint(hex::encode(&digest[..16]))
    }
}

/// Where it is remembered.
#[derive(Debug, Clone)]
pub struct KeyRecord {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct File {
    accepted_at: Timestamp,
}

impl KeyRecord {
    /// A record in `folder`, which is made when it is needed.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> KeyRecord {
        KeyRecord {
            folder: folder.into(),
        }
    }

    /// The record in the state folder of this user; `None` if the system names no such folder.
    #[must_use]
    pub fn of_user() -> Option<KeyRecord> {
        Some(KeyRecord::in_folder(state_folder()?.join("accepted-keys")))
    }

    /// When Criteo last accepted this very key, as far as is remembered. A file that cannot be read counts as none.
    #[must_use]
    pub fn last_accepted(&self, key: &KeyFingerprint) -> Option<Timestamp> {
        let text = std::fs::read_to_string(self.file(key)).ok()?;
        let file: File = serde_json::from_str(&text).ok()?;
        Some(file.accepted_at)
    }

    /// Remembers that Criteo has accepted this key.
    ///
    /// # Errors
    /// When the folder or the file cannot be written. Nothing but a better guess is lost then.
    pub fn note(&self, key: &KeyFingerprint, accepted_at: Timestamp) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let file = File { accepted_at };
        // Beside its destination, for only within one file system is renaming atomic. Readable by its owner alone.
        let mut temporary = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer(&mut temporary, &file)?;
        temporary.write_all(b"\n")?;
        temporary.persist(self.file(key))?;
        Ok(())
    }

    fn file(&self, key: &KeyFingerprint) -> PathBuf {
        self.folder.join(format!("{}.json", key.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_remembered_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let record = KeyRecord::in_folder(folder.path().join("not/there/yet"));
        let key = |id: &str, secret: &str| KeyFingerprint::of(&Credentials::new(id, secret));
        let (right, wrong) = (key("id", "right"), key("id", "wrong"));
        assert_eq!(record.last_accepted(&right), None);
        let first = "2026-11-26T08:00:00Z".parse().unwrap();
        let second = "2026-11-26T09:00:00Z".parse().unwrap();
        record.note(&right, first).unwrap();
        record.note(&right, second).unwrap();
        let other = key("../b", "right");
        record.note(&other, first).unwrap();
        assert_eq!(record.last_accepted(&right), Some(second));
        assert_eq!(record.last_accepted(&other), Some(first));
        // The same id with another secret has never worked.
        assert_eq!(record.last_accepted(&wrong), None);
        for file in std::fs::read_dir(&record.folder).unwrap() {
            let file = file.unwrap();
            let text = std::fs::read_to_string(file.path()).unwrap();
            assert!(!text.contains("right"), "{text}");
        }
        std::fs::write(record.file(&right), "{").unwrap();
        assert_eq!(record.last_accepted(&right), None);
    }
}
