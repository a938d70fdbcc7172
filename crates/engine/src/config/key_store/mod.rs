//! Where app keys are kept between runs: the keyring of the operating system, or a file that only its owner can read.
//!
//! A key belongs to the *name of a connection*; where the configuration names none, that is [`DEFAULT_CONNECTION`].
//! The store is the user's, not a configuration's: two configurations that use the same name use the same key.
//!
//! ```no_run
//! use criteo_api::Credentials;
//! use criteo_engine::config::Environment;
//! use criteo_engine::config::key_store::{DEFAULT_CONNECTION, KeyStore, Wish};
//!
//! let store = KeyStore::of_user(&Environment::of_process());
//! let stored = store.store(DEFAULT_CONNECTION, &Credentials::new("id", "secret"), Wish::Anywhere)?;
//! println!("The key is in {}", stored.place);                  // "the keyring", or the path of a file
//! for note in &stored.notes {
//!     println!("{note}");                                       // what a person should know about it
//! }
//! let found = store.load(DEFAULT_CONNECTION)?.key;              // None when there is none
//! store.remove(DEFAULT_CONNECTION)?;                            // from every place
//! # Ok::<(), criteo_engine::config::key_store::KeyStoreError>(())
//! ```
//!
//! All of it blocks: on the disk, and on the keyring for at most [`ANSWER_SECONDS`], plus the time a person is given
//! to unlock it ([`KeyStore::prompting_for`]; by default none, so that a run from cron never waits for anybody).
//!
//! A key that is replaced is there until the new one is: a file is written beside the old one and renamed over it, an
//! entry of a keyring is replaced in one call, and a key that moves from one place to the other is written there
//! before it is removed here.

mod entry;
mod file;
mod keyring;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

use criteo_api::Credentials;
use secrecy::ExposeSecret;

use super::environment::{Environment, Variable};

/// The name under which the key is kept when the configuration has no connections of its own.
pub const DEFAULT_CONNECTION: &str = "default";

/// Seconds within which a keyring has to answer; one that does not counts as absent.
pub const ANSWER_SECONDS: u64 = 5;

/// The user's store of app keys.
#[derive(Debug, Clone)]
pub struct KeyStore {
    folder: Option<PathBuf>,
    asks_keyring: bool,
    prompt_seconds: u64,
}

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The keyring of the operating system: Secret Service, macOS keychain, Windows credential manager.
    Keyring,
    /// This file.
    File(PathBuf),
}

/// Where a key should be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wish {
    /// In the keyring where one works, else in a file.
    #[default]
    Anywhere,
    /// In the keyring or not at all.
    Keyring,
    /// In a file: for servers, and for runs while nobody is logged in.
    File,
}

/// A key that the store holds.
#[derive(Debug, Clone)]
pub struct StoredKey {
    /// Client id and secret.
    pub credentials: Credentials,
    /// Where it was found.
    pub place: Place,
}

/// What a look into the store came to.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The key, if there is one.
    pub key: Option<StoredKey>,
    /// Whether the keyring could be looked into.
    pub keyring: KeyringState,
}

/// Whether the keyring could be looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyringState {
    /// It answered.
    Answered,
    /// There is none here, or it was switched off (`CRITEO_KEYRING=off`).
    Absent,
    /// It is there, but nothing could be read; why.
    Failed(String),
}

/// What became of a key that was put into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where it is now.
    pub place: Place,
    /// Whole sentences that a person should read.
    pub notes: Vec<String>,
}

/// Why the store could not be used. None of the variants holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The name cannot be one of a connection.
    #[error(
        "A connection cannot be called {name:?}; use up to 63 lower-case letters, digits, `_` and `-`, beginning with \
         a letter or a digit"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The user's folder for configuration is not known.
    #[error("There is no folder to keep keys in: neither XDG_CONFIG_HOME nor HOME is set")]
    NoFolder,
    /// Other users of the machine can read a stored key or change its folder, so it is not used.
    #[error("{} is open to other users of this machine (mode {mode:03o}), so no key is taken from it", path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The permission bits that it may have at most.
        wanted: u32,
    },
    /// A file or folder of the store cannot be used.
    #[error("Cannot {doing} {}", path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, as a verb.
        doing: &'static str,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Something is stored that is no key.
    #[error("{place} holds an entry for the connection {connection} that is not a key of ours")]
    Damaged {
        /// Where.
        place: Place,
        /// The name of the connection.
        connection: String,
    },
    /// The keyring was to be used and cannot be.
    #[error("The keyring of the operating system cannot be used: {reason}")]
    Keyring {
        /// Why.
        reason: String,
    },
}

impl KeyStoreError {
    /// What to do about it, where the message does not say it already.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            KeyStoreError::Exposed { path, wanted, .. } => Some(format!(
                "Somebody may have read or replaced the key: if you are not alone on this machine, delete it in \
                 Criteo's portal and make a new one. Then run `chmod {wanted:o} {}`.",
                path.display()
            )),
            KeyStoreError::Damaged { connection, .. } => Some(format!(
                "Remove it with `criteo --connection {connection} auth remove`, then import the key again."
            )),
            KeyStoreError::Keyring { .. } => Some(
                "Unlock it, or keep the key in a file that only you can read: `criteo auth import --store file`."
                    .to_owned(),
            ),
            KeyStoreError::NoFolder => {
                Some("Set XDG_CONFIG_HOME, or give the key in the environment.".to_owned())
            }
            KeyStoreError::Name { .. } | KeyStoreError::Unusable { .. } => None,
        }
    }
}

impl KeyStore {
    /// The store of whoever runs this process: files in `$XDG_CONFIG_HOME/criteo-connector/keys` (`~/.config` where
    /// that is unset, `%APPDATA%` on Windows), and the keyring unless `CRITEO_KEYRING` is `off`.
    #[must_use]
    pub fn of_user(environment: &Environment) -> KeyStore {
        let is_off = environment
            .value(Variable::KEYRING)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("off"));
        KeyStore {
            folder: file::folder_of_user(),
            asks_keyring: !is_off,
            prompt_seconds: 0,
        }
    }

    /// A store that is nothing but files in `folder`.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> KeyStore {
        KeyStore {
            folder: Some(folder.into()),
            asks_keyring: false,
            prompt_seconds: 0,
        }
    }

    /// Lets a locked keyring ask the person for its password and waits so many seconds for the answer. For commands
    /// that a person watches; nobody answers in cron.
    #[must_use]
    pub fn prompting_for(self, seconds: u64) -> KeyStore {
        KeyStore {
            prompt_seconds: seconds,
            ..self
        }
    }

    /// The key of a connection: that of the keyring, else that of the file. A keyring that is not there or does not
    /// answer is passed over, and the answer says so.
    ///
    /// # Errors
    ///
    /// [`KeyStoreError::Exposed`] for a file that others can read, and when something else than a key is stored.
    pub fn load(&self, connection: &str) -> Result<Lookup, KeyStoreError> {
        check_name(connection)?;
        let (key, keyring) = match self.load_from_keyring(connection) {
            Ok(key) => (key, KeyringState::Answered),
            Err(keyring::Failure::Absent) => (None, KeyringState::Absent),
            Err(keyring::Failure::Failed(reason)) => (None, KeyringState::Failed(reason)),
            Err(keyring::Failure::Damaged) => {
                return Err(KeyStoreError::Damaged {
                    place: Place::Keyring,
                    connection: connection.to_owned(),
                });
            }
        };
        let key = match (key, &self.folder) {
            (Some(key), _) => Some(key),
            (None, Some(folder)) => file::load(folder, connection)?,
            (None, None) => None,
        };
        Ok(Lookup { key, keyring })
    }

    /// Puts a key into the store, in place of whatever it holds for this connection. When this returns an error, the
    /// earlier key is still there.
    ///
    /// # Errors
    ///
    /// [`KeyStoreError::Keyring`] when only the keyring will do; otherwise what keeps a file from being written.
    pub fn store(
        &self,
        connection: &str,
        credentials: &Credentials,
        wish: Wish,
    ) -> Result<Stored, KeyStoreError> {
        check_name(connection)?;
        let mut notes = Vec::new();
        if wish != Wish::File {
            match self.store_in_keyring(connection, credentials) {
                Ok(()) => {
                    // The keyring is asked first from now on, so a file that stays behind could only mislead.
                    if let Some(folder) = &self.folder {
                        file::remove(folder, connection)?;
                    }
                    let place = Place::Keyring;
                    return Ok(Stored { place, notes });
                }
                Err(failure) if wish == Wish::Keyring => {
                    return Err(KeyStoreError::Keyring {
                        reason: failure.to_string(),
                    });
                }
                Err(keyring::Failure::Absent) => {}
                Err(failure) => notes.push(format!(
                    "The keyring of the operating system was not used: {failure}."
                )),
            }
        }
        let folder = self.folder.as_ref().ok_or(KeyStoreError::NoFolder)?;
        let path = file::store(folder, connection, credentials)?;
        // Only now, so that the key is never nowhere.
        match self.in_keyring(keyring::Request::Remove, connection) {
            Ok(_) | Err(keyring::Failure::Absent) => {}
            Err(failure) => notes.push(format!(
                "Whether the keyring holds another key for this connection could not be told ({failure}). If it does, \
                 that one is used whenever the keyring answers: check with `criteo auth status`."
            )),
        }
        let place = Place::File(path);
        Ok(Stored { place, notes })
    }

    /// Takes the key of a connection out of every place, and says where it was.
    ///
    /// # Errors
    ///
    /// [`KeyStoreError::Keyring`] when there is a keyring that cannot be looked into; the file is gone by then.
    pub fn remove(&self, connection: &str) -> Result<Vec<Place>, KeyStoreError> {
        check_name(connection)?;
        let mut places = Vec::new();
        if let Some(folder) = &self.folder {
            places.extend(file::remove(folder, connection)?.map(Place::File));
        }
        match self.in_keyring(keyring::Request::Remove, connection) {
            Ok(Some(_)) => places.push(Place::Keyring),
            Ok(None) | Err(keyring::Failure::Absent) => {}
            Err(failure) => {
                return Err(KeyStoreError::Keyring {
                    reason: failure.to_string(),
                });
            }
        }
        Ok(places)
    }

    fn load_from_keyring(&self, connection: &str) -> Result<Option<StoredKey>, keyring::Failure> {
        let Some(secret) = self.in_keyring(keyring::Request::Load, connection)? else {
            return Ok(None);
        };
        let credentials = entry::parse(&secret).ok_or(keyring::Failure::Damaged)?;
        Ok(Some(StoredKey {
            credentials,
            place: Place::Keyring,
        }))
    }

    /// Writes, and reads back: some keyrings accept what they then do not keep.
    fn store_in_keyring(
        &self,
        connection: &str,
        credentials: &Credentials,
    ) -> Result<(), keyring::Failure> {
        let request = keyring::Request::Store(entry::text(credentials));
        self.in_keyring(request, connection)?;
        match self.load_from_keyring(connection)? {
            Some(kept) if is_same(&kept.credentials, credentials) => Ok(()),
            _ => Err(keyring::Failure::Failed(
                "it did not keep the key".to_owned(),
            )),
        }
    }

    fn in_keyring(
        &self,
        request: keyring::Request,
        connection: &str,
    ) -> Result<Option<secrecy::SecretString>, keyring::Failure> {
        if !self.asks_keyring {
            return Err(keyring::Failure::Absent);
        }
        keyring::ask(request, connection, self.prompt_seconds)
    }
}

/// Whether two keys are the same, id and secret.
#[must_use]
pub fn is_same(one: &Credentials, other: &Credentials) -> bool {
    one.client_id == other.client_id
        && one.client_secret.expose_secret() == other.client_secret.expose_secret()
}

/// Refuses a name that is no name of a connection. It becomes part of the name of a file.
///
/// # Errors
///
/// [`KeyStoreError::Name`].
pub fn check_name(name: &str) -> Result<(), KeyStoreError> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_name = name.starts_with(is_plain)
        && name.chars().all(|c| is_plain(c) || c == '_' || c == '-')
        && name.len() <= 63;
    if is_name {
        Ok(())
    } else {
        Err(KeyStoreError::Name {
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Keyring => formatter.write_str("the keyring"),
            Place::File(path) => path.display().fmt(formatter),
        }
    }
}
