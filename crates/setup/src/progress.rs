//! Where somebody is on the way, kept between sessions: one small file in the user's state folder, without a secret.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::answers::Answers;
use crate::setback::{Setback, Setbacks};
use crate::step::Step;

/// The layout of the file. Another number is another layout, and the file counts as damaged.
const FORMAT: u32 = 1;

/// How far a setup has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    format: u32,
    /// The file that is going to be written.
    pub configuration: PathBuf,
    /// The step that a person stands at.
    pub step: Step,
    /// When this was saved.
    pub saved_at: Timestamp,
    /// The key, as far as it is known, without its secret.
    pub key: Option<KeyNote>,
    /// What was chosen so far.
    pub answers: Answers,
    /// The keys that were typed for each kind of destination, also where nothing came of it: they are suggested the next
    /// time. What was chosen is in the answers.
    #[serde(default)]
    pub typed: BTreeMap<String, BTreeMap<String, String>>,
    /// The keys that came to nothing, so that none of them is suggested first again.
    #[serde(default)]
    pub setbacks: Setbacks,
}

/// What is remembered of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyNote {
    /// Its client id, which is no secret.
    pub client_id: String,
    /// When it came here: its file was written, or a person gave it for the first time.
    pub received: Timestamp,
    /// Where it can be found again.
    pub holder: KeyHolder,
    /// Whether Criteo has accepted it.
    pub accepted: bool,
    /// What the app is called, when Criteo said so.
    pub app: Option<String>,
}

/// Where a key can be found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyHolder {
    /// In the user's store of keys.
    Store,
    /// Where the environment (or the present configuration) says.
    Environment,
    /// In the file that was downloaded.
    File(PathBuf),
    /// Only in memory: a person typed it, and it was not accepted yet.
    Nowhere,
}

impl Progress {
    /// The beginning, for a configuration at this path.
    #[must_use]
    pub fn begin(configuration: &Path, now: Timestamp) -> Progress {
        Progress {
            format: FORMAT,
            configuration: absolute(configuration),
            step: Step::CreateApp,
            saved_at: now,
            key: None,
            answers: Answers::default(),
            typed: BTreeMap::new(),
            setbacks: Setbacks::default(),
        }
    }

    /// The keys to suggest for a kind of destination: those that were typed last, otherwise those that were chosen.
    #[must_use]
    pub fn suggested(&self, kind: &str) -> BTreeMap<String, String> {
        let chosen = self.answers.destination.as_ref();
        let chosen = chosen.filter(|chosen| chosen.kind == kind);
        let chosen = || chosen.map(|chosen| chosen.options.clone());
        let typed = self.typed.get(kind).cloned();
        typed.or_else(chosen).unwrap_or_default()
    }

    /// The first answer before the present step without which no configuration can be written, and what is wrong with
    /// it, in words. A session of another version may have left such a one, or one that a file was damaged in.
    #[must_use]
    pub fn unusable(&self) -> Option<(Step, String)> {
        self.answers
            .unusable()
            .filter(|(step, _)| *step < self.step)
    }

    /// Goes on to the next step. `false` when this was the last one.
    pub fn advance(&mut self) -> bool {
        match self.step.next() {
            Some(next) => {
                self.step = next;
                true
            }
            None => false,
        }
    }

    /// Goes back to the step before. `false` when this is the first one.
    pub fn back(&mut self) -> bool {
        match self.step.previous() {
            Some(previous) => {
                self.step = previous;
                true
            }
            None => false,
        }
    }

    /// The step at which a later session goes on. `has_key` says whether the key was found where the note says: a key
    /// that is gone has to be given again, whatever was chosen since.
    #[must_use]
    pub fn entry(&self, has_key: bool) -> Step {
        let accepted = self.key.as_ref().is_some_and(|key| key.accepted);
        if self.step.needs_key() && !(has_key && accepted) {
            Step::GiveKey
        } else {
            self.step
        }
    }

    /// Whether the way leads to a new app, because the one of the key that was given lacks a permission.
    #[must_use]
    pub fn needs_new_app(&self) -> bool {
        self.key.is_none()
            && self.step < Step::WITH_KEY
            && self.setbacks.has(Setback::LacksPermission)
    }
}

/// The file that a [`Progress`] is kept in.
#[derive(Debug, Clone)]
pub struct ProgressFile {
    path: PathBuf,
}

/// What is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// How far somebody has come.
    Progress(Box<Progress>),
    /// There is a file, but it cannot be used; why. The next [`ProgressFile::save`] replaces it.
    Damaged(String),
}

/// The progress could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("Cannot keep in {} how far this has come", path.display())]
pub struct ProgressError {
    path: PathBuf,
    source: std::io::Error,
}

impl ProgressFile {
    /// The file for the configuration at this path, in `folder`.
    #[must_use]
    pub fn in_folder(folder: &Path, configuration: &Path) -> ProgressFile {
        let absolute = absolute(configuration);
        let digest = Sha256::digest(absolute.as_os_str().as_encoded_bytes());
        ProgressFile {
            path: folder.join(format!("{}.json", hex::encode(&digest[..8]))),
        }
    }

    /// The file in the state folder of this user: `$XDG_STATE_HOME`, otherwise `~/.local/state`, and on Windows
    /// `%LOCALAPPDATA%`, with `criteo-connector/setup` below it. `None` if the system names no such folder.
    #[must_use]
    pub fn of_user(configuration: &Path) -> Option<ProgressFile> {
        let folder = criteo_engine::state_folder()?.join("setup");
        Some(ProgressFile::in_folder(&folder, configuration))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is kept there.
    #[must_use]
    pub fn load(&self) -> Found {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Found::Nothing,
            Err(error) => return Found::Damaged(error.to_string()),
        };
        match serde_json::from_str::<Progress>(&text) {
            Ok(progress) if progress.format == FORMAT => Found::Progress(Box::new(progress)),
            Ok(_) => Found::Damaged("it was written by another version".to_owned()),
            Err(error) => Found::Damaged(format!("it cannot be read: {error}")),
        }
    }

    /// Keeps a progress in place of the earlier one, for this user only. A process that is killed meanwhile leaves the
    /// earlier one.
    ///
    /// # Errors
    /// When the file or its folder cannot be written.
    pub fn save(&self, progress: &Progress) -> Result<(), ProgressError> {
        self.write(progress).map_err(|source| ProgressError {
            path: self.path.clone(),
            source,
        })
    }

    fn write(&self, progress: &Progress) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, progress)?;
        file.write_all(b"\n")?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// Forgets what is kept, because the setup is complete or begins anew.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove(&self) -> Result<(), ProgressError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ProgressError {
                path: self.path.clone(),
                source: error,
            }),
            _ => Ok(()),
        }
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setback::KeyTrace;

    fn note(accepted: bool) -> KeyNote {
        KeyNote {
            client_id: "id".to_owned(),
            received: "2026-11-26T12:00:00Z".parse().unwrap(),
            holder: KeyHolder::File(PathBuf::from("key.txt")),
            accepted,
            app: None,
        }
    }

    #[test]
    fn a_session_goes_on_where_it_was_unless_the_key_is_gone() {
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        let mut progress = Progress::begin(Path::new("criteo.toml"), now);
        assert!(!progress.back());
        progress.step = Step::ActivateApp;
        assert_eq!(progress.entry(false), Step::ActivateApp);
        progress.step = Step::ChooseStreams;
        for (has_key, key, entry) in [
            (true, Some(note(true)), Step::ChooseStreams),
            (false, Some(note(true)), Step::GiveKey),
            (true, Some(note(false)), Step::GiveKey),
            (true, None, Step::GiveKey),
        ] {
            progress.key = key;
            assert_eq!(progress.entry(has_key), entry, "{progress:?}");
        }
        progress.step = Step::Review;
        assert!(!progress.advance());
    }

    #[test]
    fn a_permission_that_is_missing_leads_to_a_new_app_until_there_is_another_key() {
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        let mut progress = Progress::begin(Path::new("criteo.toml"), now);
        assert!(!progress.needs_new_app());
        let lacking = KeyTrace {
            client_id: "id".to_owned(),
            holder: KeyHolder::Store,
            written: None,
        };
        progress.setbacks.note(lacking, Setback::LacksPermission);
        assert!(progress.needs_new_app());
        assert_eq!(progress.entry(false), Step::CreateApp);
        progress.key = Some(note(true));
        assert!(!progress.needs_new_app());
        progress.key = None;
        progress.step = Step::GiveKey;
        assert!(!progress.needs_new_app());
    }

    #[test]
    fn what_is_kept_comes_back_for_the_same_configuration_alone() {
        let folder = tempfile::tempdir().unwrap();
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        let file = ProgressFile::in_folder(folder.path(), Path::new("a.toml"));
        let other = ProgressFile::in_folder(folder.path(), Path::new("b.toml"));
        assert_eq!(file.load(), Found::Nothing);
        let mut progress = Progress::begin(Path::new("a.toml"), now);
        progress.key = Some(note(true));
        progress.answers.currency = Some("EUR".to_owned());
        let refused = KeyTrace {
            client_id: "id".to_owned(),
            holder: KeyHolder::File(PathBuf::from("key.txt")),
            written: Some(now),
        };
        progress.setbacks.note(refused, Setback::Refused);
        file.save(&progress).unwrap();
        assert_eq!(file.load(), Found::Progress(Box::new(progress)));
        assert_eq!(other.load(), Found::Nothing);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        file.remove().unwrap();
        file.remove().unwrap();
        assert_eq!(file.load(), Found::Nothing);
    }

    #[test]
    fn a_damaged_file_and_another_layout_are_told_apart_from_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = ProgressFile::in_folder(folder.path(), Path::new("a.toml"));
        std::fs::write(file.path(), "{").unwrap();
        assert!(matches!(file.load(), Found::Damaged(_)));
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        let mut progress = Progress::begin(Path::new("a.toml"), now);
        progress.format = 2;
        file.save(&progress).unwrap();
        assert!(matches!(file.load(), Found::Damaged(reason) if reason.contains("version")));
    }
}
