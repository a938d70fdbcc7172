//! The Secret Service of freedesktop.org (GNOME Keyring, KWallet, KeePassXC), over the D-Bus of the session.

use std::collections::HashMap;
use std::path::Path;

use dbus_secret_service::{EncryptionType, Error, Item, SecretService};
use secrecy::{ExposeSecret, SecretString};

use super::{APPLICATION, Failure, Request};

/// Whether there is a session bus to ask on. Without this look, libdbus would try to start a bus of its own.
pub(super) fn may_be_there() -> bool {
    let is_set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    is_set("DBUS_SESSION_BUS_ADDRESS").is_some()
        || is_set("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("bus").exists())
}

/// Asks once. The secret crosses the bus unencrypted: it is a socket that only this user can open, and whoever could
/// listen there could ask the keyring, too.
pub(super) fn ask(
    request: Request,
    connection: &str,
    prompt_seconds: u64,
) -> Result<Option<SecretString>, Failure> {
    let service =
        SecretService::connect_with_max_prompt_timeout(EncryptionType::Plain, prompt_seconds)
            // No service on the bus, no bus: the same to us.
            .map_err(|_| Failure::Absent)?;
    let attributes = HashMap::from([("application", APPLICATION), ("connection", connection)]);
    match request {
        Request::Load => match found(&service, attributes)?.first() {
            None => Ok(None),
            Some(item) => {
                item.ensure_unlocked_or_prompt()?;
                let secret = item.get_secret().map_err(failed)?;
                let text = String::from_utf8(secret).map_err(|_| Failure::Damaged)?;
                Ok(Some(SecretString::from(text)))
            }
        },
        Request::Store(text) => {
            let collection = match service.get_default_collection() {
                Ok(collection) => collection,
                Err(Error::NoResult) => {
                    return Err(Failure::Failed("it has no default collection".to_owned()));
                }
                Err(error) => return Err(failed(error)),
            };
            if collection.is_locked().map_err(failed)? {
                collection.unlock().map_err(failed)?;
            }
            let label = format!("Criteo app key ({connection})");
            let secret = text.expose_secret().as_bytes();
            collection
                .create_item(&label, attributes, secret, true, "text/plain")
                .map_err(failed)?;
            Ok(None)
        }
        Request::Remove => {
            let items = found(&service, attributes)?;
            for item in &items {
                item.ensure_unlocked_or_prompt()?;
                item.delete().map_err(failed)?;
            }
            Ok((!items.is_empty()).then(|| SecretString::from("")))
        }
    }
}

/// Entries of the connection, those that can be read at once first.
fn found<'service>(
    service: &'service SecretService,
    attributes: HashMap<&str, &str>,
) -> Result<Vec<Item<'service>>, Failure> {
    let mut items = service.search_items(attributes).map_err(failed)?;
    items.unlocked.append(&mut items.locked);
    Ok(items.unlocked)
}

trait Unlock {
    /// Unlocks it where it is locked, which may ask the person.
    fn ensure_unlocked_or_prompt(&self) -> Result<(), Failure>;
}

impl Unlock for Item<'_> {
    fn ensure_unlocked_or_prompt(&self) -> Result<(), Failure> {
        if self.is_locked().map_err(failed)? {
            self.unlock().map_err(failed)?;
        }
        Ok(())
    }
}

fn failed(error: Error) -> Failure {
    match error {
        Error::Unavailable => Failure::Absent,
        Error::Locked | Error::Prompt => Failure::Failed("it is locked".to_owned()),
        error => Failure::Failed(error.to_string()),
    }
}
