//! Which keys Criteo has accepted here, and when: what tells a key that was deleted from one that never worked.
//!
//! One small JSON file for each key, in the user's state folder, with its client id and without its secret. Where there
//! is no such folder (in a container, say) nothing is remembered, and less can be said.

use std::io::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::state_folder::state_folder;

/// Where it is remembered.
#[derive(Debug, Clone)]
pub struct KeyRecord {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct File {
    client_id: String,
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

    /// When Criteo last accepted the key with this client id, as far as is remembered. A file that cannot be read counts
    /// as none.
    #[must_use]
    pub fn last_accepted(&self, client_id: &str) -> Option<Timestamp> {
        let text = std::fs::read_to_string(self.file(client_id)).ok()?;
        let file: File = serde_json::from_str(&text).ok()?;
        (file.client_id == client_id).then_some(file.accepted_at)
    }

    /// Remembers that Criteo has accepted the key with this client id.
    ///
    /// # Errors
    /// When the folder or the file cannot be written. Nothing but a better guess is lost then.
    pub fn note(&self, client_id: &str, accepted_at: Timestamp) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let file = File {
            client_id: client_id.to_owned(),
            accepted_at,
        };
        // Beside its destination, for only within one file system is renaming atomic. Readable by its owner alone.
        let mut temporary = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer(&mut temporary, &file)?;
        temporary.write_all(b"\n")?;
        temporary.persist(self.file(client_id))?;
        Ok(())
    }

    /// A client id may hold what no file name can, so the name is a hash of it.
    fn file(&self, client_id: &str) -> PathBuf {
        let name = hex::encode(&Sha256::digest(client_id.as_bytes())[..16]);
        self.folder.join(format!("{name}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_remembered_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let record = KeyRecord::in_folder(folder.path().join("not/there/yet"));
        assert_eq!(record.last_accepted("a"), None);
        let first = "2026-11-26T08:00:00Z".parse().unwrap();
        let second = "2026-11-26T09:00:00Z".parse().unwrap();
        record.note("a", first).unwrap();
        record.note("a", second).unwrap();
        record.note("../b", first).unwrap();
        assert_eq!(record.last_accepted("a"), Some(second));
        assert_eq!(record.last_accepted("../b"), Some(first));
        assert_eq!(record.last_accepted("c"), None);
        std::fs::write(record.file("a"), "{").unwrap();
        assert_eq!(record.last_accepted("a"), None);
    }
}
