//! The app's key.

use secrecy::SecretString;

/// What Criteo's portal hands out when a key is created for an app: an id and a secret.
///
/// The secret is never printed: `Debug` shows the id alone. The id is not a secret by itself, but
/// it names the app.
#[derive(Clone)]
pub struct Credentials {
    /// Criteo's `client_id`.
    pub client_id: String,
    /// Criteo's `client_secret`, to the letter: it often holds `+`, `/` and `=`, which belong to
    /// it.
    pub client_secret: SecretString,
}

impl Credentials {
    /// Pairs an id with its secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretString>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .field("client_secret", &"[redacted]")
            .finish()
    }
}
