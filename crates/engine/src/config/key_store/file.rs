//! One file per connection, in a folder of the user's configuration. Only the user can read it, or it is not used.

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use criteo_api::Credentials;
use secrecy::{ExposeSecret, SecretString};

use super::{KeyStoreError, Place, StoredKey, entry};

/// The folder of the user who runs this process; `None` when the environment does not tell.
pub(super) fn folder_of_user() -> Option<PathBuf> {
    let set = |name: &str| {
        let folder = std::env::var_os(name).map(PathBuf::from)?;
        // The XDG specification: a relative path is to be ignored.
        folder.is_absolute().then_some(folder)
    };
    let configuration = set("XDG_CONFIG_HOME")
        .or_else(|| if cfg!(windows) { set("APPDATA") } else { None })
        .or_else(|| Some(std::env::home_dir()?.join(".config")))
        .filter(|folder| folder.is_absolute())?;
    Some(configuration.join("criteo-connector").join("keys"))
}

fn path_of(folder: &Path, connection: &str) -> PathBuf {
    folder.join(format!("{connection}.json"))
}

/// Reads the key of a connection; `None` when there is no file.
pub(super) fn load(folder: &Path, connection: &str) -> Result<Option<StoredKey>, KeyStoreError> {
    let path = path_of(folder, connection);
    let mut file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(&path, "read", error)),
    };
    refuse_exposed_folder(folder)?;
    // Of the open file, so that nobody can exchange it between the look and the reading.
    let metadata = file.metadata();
    refuse_exposed(
        &path,
        &metadata.map_err(|error| unusable(&path, "read", error))?,
        0o600,
    )?;
    let mut text = String::new();
    file.read_to_string(&mut text)
        .map_err(|error| unusable(&path, "read", error))?;
    let credentials = entry::parse(&SecretString::from(text));
    let place = Place::File(path);
    match credentials {
        Some(credentials) => Ok(Some(StoredKey { credentials, place })),
        None => Err(KeyStoreError::Damaged {
            place,
            connection: connection.to_owned(),
        }),
    }
}

/// Writes the key beside the file, makes it durable, and renames it into place.
pub(super) fn store(
    folder: &Path,
    connection: &str,
    credentials: &Credentials,
) -> Result<PathBuf, KeyStoreError> {
    create_folder(folder).map_err(|error| unusable(folder, "create", error))?;
    refuse_exposed_folder(folder)?;
    let path = path_of(folder, connection);
    let write = || -> std::io::Result<()> {
        // Created with mode 0600, and removed again when it is not renamed.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(entry::text(credentials).expose_secret().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        sync_folder(folder)
    };
    write().map_err(|error| unusable(&path, "write", error))?;
    Ok(path)
}

/// Removes the key of a connection, and says which file it was.
pub(super) fn remove(folder: &Path, connection: &str) -> Result<Option<PathBuf>, KeyStoreError> {
    let path = path_of(folder, connection);
    match std::fs::remove_file(&path) {
        Ok(()) => {
            sync_folder(folder).map_err(|error| unusable(folder, "write to", error))?;
            Ok(Some(path))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(&path, "remove", error)),
    }
}

fn unusable(path: &Path, doing: &'static str, source: std::io::Error) -> KeyStoreError {
    KeyStoreError::Unusable {
        path: path.to_owned(),
        doing,
        source,
    }
}

#[cfg(unix)]
fn create_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)
}

/// Other systems keep the folders of a user's profile to that user.
#[cfg(not(unix))]
fn create_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

/// A rename or removal is durable when its folder is.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Whoever may write to the folder could put another key there, and have this user read another account's data.
fn refuse_exposed_folder(folder: &Path) -> Result<(), KeyStoreError> {
    let metadata =
        std::fs::metadata(folder).map_err(|error| unusable(folder, "look into", error))?;
    refuse_exposed(folder, &metadata, 0o755)
}

#[cfg(unix)]
fn refuse_exposed(
    path: &Path,
    metadata: &std::fs::Metadata,
    wanted: u32,
) -> Result<(), KeyStoreError> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 & !wanted == 0 {
        return Ok(());
    }
    Err(KeyStoreError::Exposed {
        path: path.to_owned(),
        mode,
        wanted,
    })
}

/// Permissions of other systems are not looked at.
#[cfg(not(unix))]
fn refuse_exposed(
    _path: &Path,
    _metadata: &std::fs::Metadata,
    _wanted: u32,
) -> Result<(), KeyStoreError> {
    Ok(())
}
