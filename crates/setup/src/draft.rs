//! Writing `criteo.toml` without losing another one.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use criteo_engine::Config;
use criteo_engine::config::ConfigError;
use tempfile::NamedTempFile;

/// A configuration file that is written, but not in its place yet. Dropped, it is gone.
#[derive(Debug)]
pub struct Draft {
    file: NamedTempFile,
    path: PathBuf,
}

/// A configuration file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("Cannot write {}", path.display())]
pub struct DraftError {
    path: PathBuf,
    source: io::Error,
}

/// A file that is in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// The copy of the file that was there before, if there was one.
    pub backup: Option<PathBuf>,
}

impl Draft {
    /// Writes a configuration beside the place where it is going to be, so that relative paths in it mean the same. The
    /// folder is made when it is not there.
    ///
    /// # Errors
    /// When folder or file cannot be written.
    pub fn write(path: &Path, text: &str) -> Result<Draft, DraftError> {
        let write = || {
            let folder = folder_of(path);
            std::fs::create_dir_all(folder)?;
            let mut builder = tempfile::Builder::new();
            builder.prefix(".criteo-init-").suffix(".toml");
            #[cfg(unix)]
            {
                // As an editor would leave it: it holds no secret, and other users of a service may have to read it.
                use std::os::unix::fs::PermissionsExt as _;
                builder.permissions(std::fs::Permissions::from_mode(0o644));
            }
            let mut file = builder.tempfile_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        let file = write().map_err(|source| DraftError {
            path: path.to_owned(),
            source,
        })?;
        Ok(Draft {
            file,
            path: path.to_owned(),
        })
    }

    /// The configuration that it is, exactly as it will be read from its place.
    ///
    /// # Errors
    /// As [`Config::load`]. What is wrong with the text is said of its place, since the draft will be gone.
    pub fn config(&self) -> Result<Config, ConfigError> {
        Config::load(&self.beside()).map_err(|error| match error {
            ConfigError::Invalid { problems, .. } => ConfigError::Invalid {
                origin: self.path.display().to_string(),
                problems,
            },
            other => other,
        })
    }

    /// The draft by a path in the words of its place: relative when that is.
    fn beside(&self) -> PathBuf {
        let name = self.file.path().file_name().unwrap_or_default();
        folder_of(&self.path).join(name)
    }

    /// Puts it in its place. A file that is there is copied first, under a name that nothing has yet.
    ///
    /// # Errors
    /// When one of them cannot be written; the earlier file is then still there.
    pub fn commit(self) -> Result<Written, DraftError> {
        let path = self.path;
        let failed = |source| DraftError {
            path: path.clone(),
            source,
        };
        let backup = back_up(&path).map_err(failed)?;
        self.file
            .persist(&path)
            .map_err(|error| failed(error.error))?;
        Ok(Written { path, backup })
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Copies the file at `path`, if there is one, to the first of `path.bak`, `path.bak2`, ... that is free.
fn back_up(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut original = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    for number in 1_u32.. {
        let mut name = path.as_os_str().to_owned();
        name.push(".bak");
        if number > 1 {
            name.push(number.to_string());
        }
        let backup = PathBuf::from(name);
        match std::fs::File::create_new(&backup) {
            Ok(mut copy) => {
                // What could be read by its owner alone stays so: somebody may have put a secret there.
                copy.set_permissions(original.metadata()?.permissions())?;
                io::copy(&mut original, &mut copy)?;
                copy.sync_all()?;
                return Ok(Some(backup));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// What an existing configuration says that a new one by `criteo init` will not, as names of sections and keys. It stays
/// in the backup.
#[must_use]
pub fn lost(existing: &str, new: &str) -> Vec<String> {
    let table = |text: &str| text.parse::<toml::Table>().unwrap_or_default();
    let mut lost = Vec::new();
    collect_lost(&table(existing), &table(new), "", &mut lost);
    lost
}

fn collect_lost(existing: &toml::Table, new: &toml::Table, path: &str, lost: &mut Vec<String>) {
    for (key, value) in existing {
        let path = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        match (value, new.get(key)) {
            (toml::Value::Table(before), Some(toml::Value::Table(after))) => {
                collect_lost(before, after, &path, lost);
            }
            (_, Some(_)) => {}
            (_, None) => lost.push(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "[criteo]\ncurrency = \"EUR\"\n\n[destination]\ntype = \"csv\"\npath = \"files\"\n";

    #[test]
    fn a_draft_is_read_as_if_in_its_place_and_leaves_nothing_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/criteo.toml");
        let draft = Draft::write(&path, TEXT).unwrap();
        let config = draft.config().unwrap();
        assert!(
            format!("{:?}", config.destination).contains("new/files"),
            "{config:?}"
        );
        drop(draft);
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            0
        );
    }

    #[test]
    fn what_is_wrong_is_said_of_the_place_and_not_of_the_draft() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("criteo.toml");
        let draft = Draft::write(&path, "[criteo]\ncurrency = \"euro\"\n").unwrap();
        let refused = draft.config().unwrap_err().to_string();
        assert!(refused.contains(&path.display().to_string()), "{refused}");
        assert!(!refused.contains(".criteo-init-"), "{refused}");
    }

    #[test]
    fn every_earlier_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("criteo.toml");
        let written = Draft::write(&path, TEXT).unwrap().commit().unwrap();
        assert_eq!(written.backup, None);
        std::fs::write(&path, "first").unwrap();
        let second = Draft::write(&path, TEXT).unwrap().commit().unwrap();
        std::fs::write(&path, "second").unwrap();
        let third = Draft::write(&path, TEXT).unwrap().commit().unwrap();
        let read = |path: Option<PathBuf>| std::fs::read_to_string(path.unwrap()).unwrap();
        assert_eq!(read(second.backup), "first");
        assert_eq!(read(third.backup), "second");
        assert_eq!(read(Some(path)), TEXT);
    }

    #[test]
    fn what_would_be_lost_is_named() {
        let existing = "[criteo]\ncurrency = \"USD\"\nconcurrency = 1\n\n[[reports]]\nname = \"x\"\n\n[streams.ads]\ntable = \"t\"\n";
        assert_eq!(
            lost(existing, TEXT),
            ["criteo.concurrency", "reports", "streams"]
        );
        assert!(lost(TEXT, TEXT).is_empty());
    }
}
