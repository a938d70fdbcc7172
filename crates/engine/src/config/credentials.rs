//! Where the app key comes from.

use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use criteo_api::Credentials;
use secrecy::{ExposeSecret, SecretString};

use super::environment::{Environment, Variable};
use super::key_file;
use super::key_store::{DEFAULT_CONNECTION, KeyStore, KeyringState, Place};
use super::{ConfigError, CriteoSection};

/// An app key and where it was found.
#[derive(Debug, Clone)]
pub struct AppKey {
    /// Client id and secret.
    pub credentials: Credentials,
    /// Where the secret was found, in words: `CRITEO_CLIENT_SECRET`, the path of a file, `the keyring`.
    pub source: String,
    /// Where the secret was found.
    pub place: KeyPlace,
    /// What a person should know about it, such as a key file that others can read.
    pub warnings: Vec<String>,
}

/// Where a secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In a variable of the environment.
    Environment,
    /// In a file that the environment or the configuration names.
    File(PathBuf),
    /// In the user's store of keys.
    Store(Place),
}

/// Finds the app key of a connection: first in `CRITEO_CLIENT_ID` and `CRITEO_CLIENT_SECRET`, then in the files that
/// `CRITEO_CLIENT_ID_FILE` and `CRITEO_CLIENT_SECRET_FILE` name, then in the key file of `CRITEO_KEY_FILE` or of
/// the configuration, then in the user's [store](super::key_store): the keyring, and a file.
///
/// The id may also stand in the configuration. A key file and a stored key are used as a whole: when another place
/// names a different id, that is an error, since an id with the secret of another key can only fail, and confusingly.
///
/// This blocks, on the keyring for seconds in the worst case.
///
/// # Errors
///
/// [`ConfigError::NoKey`] when id or secret is nowhere, [`ConfigError::KeyUnreadable`] and [`ConfigError::NotAKey`]
/// for files, [`ConfigError::Store`] for the store, [`ConfigError::OtherKey`] for ids that differ.
pub fn credentials(
    section: &CriteoSection,
    environment: &Environment,
) -> Result<AppKey, ConfigError> {
    credentials_from(section, environment, &KeyStore::of_user(environment))
}

/// The same with a store of the caller's: one that may ask a person to unlock the keyring, say.
///
/// # Errors
///
/// As [`credentials`].
pub fn credentials_from(
    section: &CriteoSection,
    environment: &Environment,
    store: &KeyStore,
) -> Result<AppKey, ConfigError> {
    let (id, id_named_by) =
        match value_or_file(environment, Variable::CLIENT_ID, Variable::CLIENT_ID_FILE)? {
            Some(found) => (
                Some(found.value.expose_secret().to_owned()),
                Variable::CLIENT_ID.name,
            ),
            None => (
                section.client_id.clone(),
                "`client_id` in the configuration",
            ),
        };
    let secret = value_or_file(
        environment,
        Variable::CLIENT_SECRET,
        Variable::CLIENT_SECRET_FILE,
    )?;
    if let Some(secret) = secret {
        return with_secret(id, secret);
    }
    let key = match key_file_path(section, environment) {
        Some((path, named_by)) => AppKey {
            credentials: key_from_file(&path, &named_by)?,
            source: path.display().to_string(),
            warnings: readable_by_others(&path).into_iter().collect(),
            place: KeyPlace::File(path),
        },
        None => stored(section, store, id.as_deref())?,
    };
    let found = &key.credentials.client_id;
    match id {
        Some(id) if id != *found => Err(ConfigError::OtherKey {
            found_in: key.source,
            found: found.clone(),
            wanted_by: id_named_by,
            wanted: id,
        }),
        _ => Ok(key),
    }
}

fn with_secret(id: Option<String>, secret: Found) -> Result<AppKey, ConfigError> {
    let Some(id) = id else {
        return Err(ConfigError::NoKey {
            missing: format!(
                "{} gives a secret, but no client id was found",
                secret.source
            ),
        });
    };
    Ok(AppKey {
        credentials: Credentials::new(id, secret.value),
        source: secret.source,
        warnings: secret
            .file
            .as_deref()
            .and_then(readable_by_others)
            .into_iter()
            .collect(),
        place: secret.file.map_or(KeyPlace::Environment, KeyPlace::File),
    })
}

/// The key of the connection in the user's store.
fn stored(
    section: &CriteoSection,
    store: &KeyStore,
    id: Option<&str>,
) -> Result<AppKey, ConfigError> {
    let connection = section.connection.as_deref();
    let lookup = store.load(connection.unwrap_or(DEFAULT_CONNECTION))?;
    if let Some(key) = lookup.key {
        return Ok(AppKey {
            credentials: key.credentials,
            source: key.place.to_string(),
            place: KeyPlace::Store(key.place),
            warnings: Vec::new(),
        });
    }
    let of_connection = connection
        .map(|name| format!(" for the connection {name}"))
        .unwrap_or_default();
    let missing = match id {
        Some(_) => format!("There is a client id, but no client secret was found{of_connection}"),
        None => format!("No app key was found{of_connection}"),
    };
    let keyring = match lookup.keyring {
        KeyringState::Failed(reason) => {
            format!("; the keyring of the operating system could not be looked into: {reason}")
        }
        KeyringState::Answered | KeyringState::Absent => String::new(),
    };
    Err(ConfigError::NoKey {
        missing: format!("{missing}{keyring}"),
    })
}

/// Reads a key file as Criteo's portal lets people download it, whatever its layout. `named_by` says in errors what
/// named the file.
///
/// # Errors
///
/// [`ConfigError::KeyUnreadable`] and [`ConfigError::NotAKey`].
pub fn key_from_file(path: &Path, named_by: &str) -> Result<Credentials, ConfigError> {
    key_from_text(&read(path, named_by)?, path)
}

/// The same for the text of one. `origin` says in errors where the text is from.
///
/// # Errors
///
/// [`ConfigError::NotAKey`].
pub fn key_from_text(text: &str, origin: &Path) -> Result<Credentials, ConfigError> {
    key_file::parse(text).map_err(|reason| ConfigError::NotAKey {
        path: origin.to_owned(),
        reason: reason.to_owned(),
    })
}

struct Found {
    value: SecretString,
    source: String,
    file: Option<PathBuf>,
}

fn value_or_file(
    environment: &Environment,
    variable: Variable,
    file_variable: Variable,
) -> Result<Option<Found>, ConfigError> {
    if let Some(value) = environment.value(variable) {
        return Ok(Some(Found {
            value: SecretString::from(value.trim()),
            source: variable.name.to_owned(),
            file: None,
        }));
    }
    let Some(path) = environment.value(file_variable).map(PathBuf::from) else {
        return Ok(None);
    };
    let text = read(&path, file_variable.name)?;
    let value = text.trim_start_matches('\u{feff}').trim();
    if value.is_empty() || value.contains(['\n', '\r']) {
        return Err(ConfigError::NotAKey {
            path,
            reason: format!(
                "must hold one value on one line, because {} names it; a key file from Criteo's portal belongs into {}",
                file_variable.name,
                Variable::KEY_FILE.name
            ),
        });
    }
    Ok(Some(Found {
        value: SecretString::from(value),
        source: path.display().to_string(),
        file: Some(path),
    }))
}

fn key_file_path(section: &CriteoSection, environment: &Environment) -> Option<(PathBuf, String)> {
    match environment.value(Variable::KEY_FILE) {
        Some(path) => Some((PathBuf::from(path), Variable::KEY_FILE.name.to_owned())),
        None => {
            let path = section.key_file.clone()?;
            let section = match &section.connection {
                Some(name) => format!("[connections.{name}]"),
                None => "[criteo]".to_owned(),
            };
            Some((path, format!("`key_file` in {section}")))
        }
    }
}

pub(super) fn read(path: &Path, named_by: &str) -> Result<String, ConfigError> {
    let bytes = std::fs::read(path).map_err(|source| ConfigError::KeyUnreadable {
        path: path.to_owned(),
        named_by: named_by.to_owned(),
        source: in_words(source),
    })?;
    String::from_utf8(bytes).map_err(|_| ConfigError::NotAKey {
        path: path.to_owned(),
        reason: "is not plain UTF-8 text; save it as such".to_owned(),
    })
}

/// The most usual reasons in words for people, without the number that the operating system has for it.
fn in_words(error: IoError) -> IoError {
    match error.kind() {
        kind @ ErrorKind::NotFound => IoError::new(kind, "there is no such file"),
        kind @ ErrorKind::IsADirectory => IoError::new(kind, "it is a folder; name the file in it"),
        _ => error,
    }
}

/// A sentence about a secret that other people of this machine can read, if they can.
#[cfg(unix)]
pub(super) fn readable_by_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;

    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    let path = path.display();
    (mode & 0o077 != 0).then(|| {
        format!("{path} holds a secret and other users of this machine can read it; run `chmod 600 {path}`")
    })
}

/// Permissions of other systems are not looked at.
#[cfg(not(unix))]
pub(super) fn readable_by_others(_path: &Path) -> Option<String> {
    None
}
