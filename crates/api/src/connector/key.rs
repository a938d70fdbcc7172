//! The pair of keys of a Connector.

use std::fmt;

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha512;

use crate::Error;

/// What Criteo's portal hands out when a Connector is made for an app: a public signing key that names the Connector
/// in URLs, and a private one that signs. They are no API key: they get no token, and a client id and secret sign
/// nothing.
///
/// The private key is never printed.
#[derive(Clone)]
pub struct ConnectorKey {
    public_key: String,
    private_key: SecretString,
}

impl ConnectorKey {
    /// Pairs the keys. Both are texts, taken to the letter; what white space surrounds them has to be gone before.
    ///
    /// # Errors
    /// [`Error::Configuration`] when a key is empty, or when the public one cannot stand in a URL as it is.
    pub fn new(
        public_key: impl Into<String>,
        private_key: impl Into<SecretString>,
    ) -> Result<Self, Error> {
        let (public_key, private_key) = (public_key.into(), private_key.into());
        if public_key.is_empty() || private_key.expose_secret().is_empty() {
            return Err(Error::configuration(
                "A Connector key has a public and a private part, and one of them is empty",
            ));
        }
        let breaks_url = |c: char| !c.is_ascii_graphic() || matches!(c, '&' | '#' | '%' | '"');
        if public_key.contains(breaks_url) {
            return Err(Error::configuration(
                "The public part of the Connector key holds a character that cannot stand in a URL; is it the text \
                 from Criteo's portal, whole and alone?",
            ));
        }
        Ok(Self {
            public_key,
            private_key,
        })
    }

    /// The public key, which stands in every consent URL.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// HMAC-SHA512 over `message`; the key is the private key's text in UTF-8, not what it may be an encoding of.
    pub(super) fn mac(&self, message: &[u8]) -> Hmac<Sha512> {
        let mut mac = Hmac::<Sha512>::new_from_slice(self.private_key.expose_secret().as_bytes())
            .expect("HMAC takes keys of every length");
        mac.update(message);
        mac
    }
}

impl fmt::Debug for ConnectorKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConnectorKey")
            .field("public_key", &self.public_key)
            .field("private_key", &"[redacted]")
            .finish()
    }
}
