//! What was seen at the last look, so that the next one can say what changed.
//!
//! One small JSON file for each app, in the user's state folder. It is a convenience and no record: when it is
//! missing or damaged, the next look begins anew.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::GrantedAdvertiser;
use crate::state_folder::state_folder;

/// The layout of the file. Another number is another layout, and the file counts as damaged.
const FORMAT: u32 = 1;

/// Where looks are remembered.
#[derive(Debug, Clone)]
pub struct Memory {
    folder: PathBuf,
}

/// A look at the granted advertisers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Who was granted.
    pub advertisers: Vec<GrantedAdvertiser>,
}

/// What is remembered of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recalled {
    /// Nobody looked before.
    Nothing,
    /// The last look.
    Look(Look),
    /// There is a file, but it cannot be used. The next [`Memory::remember`] replaces it.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A look could not be remembered.
#[derive(Debug, thiserror::Error)]
#[error("Cannot remember this look in {}, so the next one cannot say what changed", path.display())]
pub struct MemoryError {
    path: PathBuf,
    source: std::io::Error,
}

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    client_id: String,
    #[serde(flatten)]
    look: Look,
}

impl Memory {
    /// Looks remembered in `folder`, which is made when it is needed.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Memory {
        Memory {
            folder: folder.into(),
        }
    }

    /// Looks remembered in `consent` of this user's [`state_folder`]. `None` if the system names no such folder.
    #[must_use]
    pub fn of_user() -> Option<Memory> {
        Some(Memory::in_folder(state_folder()?.join("consent")))
    }

    /// The last look at the app with this client id.
    #[must_use]
    pub fn recall(&self, client_id: &str) -> Recalled {
        let path = self.file(client_id);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Recalled::Nothing,
            Err(error) => {
                let reason = error.to_string();
                return Recalled::Damaged { path, reason };
            }
        };
        match serde_json::from_str::<File>(&text) {
            Ok(file) if file.format == FORMAT && file.client_id == client_id => {
                Recalled::Look(file.look)
            }
            Ok(file) if file.format != FORMAT => Recalled::Damaged {
                path,
                reason: format!(
                    "it has the layout {}, and only {FORMAT} is known",
                    file.format
                ),
            },
            Ok(_) => Recalled::Damaged {
                path,
                reason: "it belongs to another app".to_owned(),
            },
            Err(error) => Recalled::Damaged {
                path,
                reason: error.to_string(),
            },
        }
    }

    /// Remembers a look in place of the last one: the file is replaced as a whole, or not at all.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn remember(&self, client_id: &str, look: Look) -> Result<(), MemoryError> {
        let path = self.file(client_id);
        let file = File {
            format: FORMAT,
            client_id: client_id.to_owned(),
            look,
        };
        replace(&self.folder, &path, &file).map_err(|source| MemoryError { path, source })
    }

    /// A client id may hold what no file name can, so the name is a hash of it.
    fn file(&self, client_id: &str) -> PathBuf {
        let name = hex::encode(&Sha256::digest(client_id.as_bytes())[..16]);
        self.folder.join(format!("{name}.json"))
    }
}

fn replace(folder: &Path, path: &Path, file: &File) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    // Beside its destination, for only within one file system is renaming atomic. Readable by its owner alone.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut temporary, file)?;
    temporary.write_all(b"\n")?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(id: &str) -> Look {
        Look {
            at: "2026-11-26T08:00:00Z".parse().unwrap(),
            advertisers: vec![GrantedAdvertiser {
                id: id.to_owned(),
                name: None,
            }],
        }
    }

    #[test]
    fn each_app_has_its_own_last_look() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::in_folder(folder.path().join("not/there/yet"));
        let strange = "../../etc/passwd";
        assert_eq!(memory.recall(strange), Recalled::Nothing);
        for (client_id, advertiser) in [(strange, "1"), ("other", "2"), (strange, "3")] {
            memory.remember(client_id, look(advertiser)).unwrap();
        }
        assert_eq!(memory.recall(strange), Recalled::Look(look("3")));
        assert_eq!(memory.recall("other"), Recalled::Look(look("2")));
        // Nothing is left over of files that were replaced.
        let files = std::fs::read_dir(folder.path().join("not/there/yet")).unwrap();
        assert_eq!(files.count(), 2);
    }

    #[test]
    fn damage_is_told_and_mended_by_the_next_look() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::in_folder(folder.path());
        for damaged in [
            "",
            "{",
            "{\"format\":2,\"client_id\":\"a\",\"at\":\"2026-11-26T08:00:00Z\",\"advertisers\":[]}",
        ] {
            std::fs::write(memory.file("a"), damaged).unwrap();
            assert!(
                matches!(memory.recall("a"), Recalled::Damaged { .. }),
                "{damaged}"
            );
            memory.remember("a", look("1")).unwrap();
            assert_eq!(memory.recall("a"), Recalled::Look(look("1")));
        }
        std::fs::copy(memory.file("a"), memory.file("b")).unwrap();
        assert!(matches!(memory.recall("b"), Recalled::Damaged { .. }));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_with_its_path() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Memory::in_folder(file.path().join("below")).remember("a", look("1"));
        assert!(error.unwrap_err().to_string().contains("below"));
    }
}
