//! Where the app key comes from.

use std::path::{Path, PathBuf};

use criteo_api::Credentials;
use secrecy::{ExposeSecret, SecretString};

use super::environment::{Environment, Variable};
use super::key_file;
use super::{ConfigError, CriteoSection};

/// An app key and where it was found.
#[derive(Debug, Clone)]
pub struct AppKey {
    /// Client id and secret.
    pub credentials: Credentials,
    /// Where the secret was found, in words: `CRITEO_CLIENT_SECRET`, or the path of a file.
    pub source: String,
    /// What a person should know about it, such as a key file that others can read.
    pub warnings: Vec<String>,
}

/// Finds the app key: first in `CRITEO_CLIENT_ID` and `CRITEO_CLIENT_SECRET`, then in the files that
/// `CRITEO_CLIENT_ID_FILE` and `CRITEO_CLIENT_SECRET_FILE` name, then in the key file of `CRITEO_KEY_FILE` or of
/// the configuration.
///
/// The id may also stand in the configuration. A key file is used as a whole: when another place names a different
/// id, that is an error, since an id with the secret of another key can only fail, and confusingly.
///
/// # Errors
///
/// [`ConfigError::NoKey`] when id or secret is nowhere, [`ConfigError::KeyUnreadable`] and [`ConfigError::NotAKey`]
/// for files.
pub fn credentials(
    section: &CriteoSection,
    environment: &Environment,
) -> Result<AppKey, ConfigError> {
    let mut warnings = Vec::new();
    let id = match value_or_file(environment, Variable::CLIENT_ID, Variable::CLIENT_ID_FILE)? {
        Some(found) => Some(found.value.expose_secret().to_owned()),
        None => section.client_id.clone(),
    };
    let secret = value_or_file(
        environment,
        Variable::CLIENT_SECRET,
        Variable::CLIENT_SECRET_FILE,
    )?;
    if let Some(secret) = secret {
        warnings.extend(secret.file.as_deref().and_then(readable_by_others));
        let Some(id) = id else {
            return Err(ConfigError::NoKey {
                missing: format!(
                    "{} gives a secret, but no client id was found",
                    secret.source
                ),
            });
        };
        return Ok(AppKey {
            credentials: Credentials::new(id, secret.value),
            source: secret.source,
            warnings,
        });
    }
    let Some((path, named_by)) = key_file_path(section, environment) else {
        return Err(ConfigError::NoKey {
            missing: match id {
                Some(_) => "There is a client id, but no client secret was found".to_owned(),
                None => "No app key was found".to_owned(),
            },
        });
    };
    let text = read(&path, &named_by)?;
    let credentials = key_file::parse(&text).map_err(|reason| ConfigError::NotAKey {
        path: path.clone(),
        reason: reason.to_owned(),
    })?;
    if id.is_some_and(|id| id != credentials.client_id) {
        return Err(ConfigError::NotAKey {
            path,
            reason: "holds another client id than CRITEO_CLIENT_ID or `client_id` in the configuration; give the id \
                     in one place only"
                .to_owned(),
        });
    }
    warnings.extend(readable_by_others(&path));
    Ok(AppKey {
        credentials,
        source: path.display().to_string(),
        warnings,
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
            Some((path, "`key_file` in [criteo]".to_owned()))
        }
    }
}

pub(super) fn read(path: &Path, named_by: &str) -> Result<String, ConfigError> {
    let bytes = std::fs::read(path).map_err(|source| ConfigError::KeyUnreadable {
        path: path.to_owned(),
        named_by: named_by.to_owned(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|_| ConfigError::NotAKey {
        path: path.to_owned(),
        reason: "is not plain UTF-8 text; save it as such".to_owned(),
    })
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
