//! The keychain of macOS, the credential manager of Windows.

use std::sync::Arc;

use keyring_core::{CredentialStore, Error};
use secrecy::{ExposeSecret, SecretString};

use super::{APPLICATION, Failure, Request};

/// Both are part of their systems.
pub(super) fn may_be_there() -> bool {
    true
}

/// Asks once. These systems decide themselves whether they ask the person.
pub(super) fn ask(
    request: Request,
    connection: &str,
    _prompt_seconds: u64,
) -> Result<Option<SecretString>, Failure> {
    let entry = store()
        .and_then(|store| store.build(APPLICATION, connection, None))
        .map_err(failed)?;
    let answer = match request {
        Request::Load => entry.get_password().map(SecretString::from),
        Request::Store(text) => {
            entry.set_password(text.expose_secret()).map_err(failed)?;
            return Ok(None);
        }
        Request::Remove => entry.delete_credential().map(|()| SecretString::from("")),
    };
    match answer {
        Ok(text) => Ok(Some(text)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(target_os = "macos")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

fn failed(error: Error) -> Failure {
    match error {
        Error::NoDefaultStore => Failure::Absent,
        Error::BadEncoding(_) => Failure::Damaged,
        // The words of this variant could hold what is stored.
        Error::BadDataFormat(..) => Failure::Damaged,
        error => Failure::Failed(error.to_string()),
    }
}
