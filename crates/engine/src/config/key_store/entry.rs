//! What is stored for a connection: id and secret as a JSON object.

use criteo_api::Credentials;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

#[derive(Deserialize)]
struct Entry {
    client_id: String,
    client_secret: String,
}

/// The text to store.
pub(super) fn text(credentials: &Credentials) -> SecretString {
    let object = serde_json::json!({
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret.expose_secret(),
    });
    SecretString::from(object.to_string())
}

/// The key in a stored text, if it is one.
pub(super) fn parse(text: &SecretString) -> Option<Credentials> {
    let entry: Entry = serde_json::from_str(text.expose_secret()).ok()?;
    let is_whole = !entry.client_id.is_empty() && !entry.client_secret.is_empty();
    is_whole.then(|| Credentials::new(entry.client_id, entry.client_secret))
}
