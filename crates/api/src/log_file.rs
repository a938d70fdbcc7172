//! Links to log-level files.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::{Error, base_url::is_safe_to_call};

/// The address of one log-level file. It carries its own signature, so whoever holds it can read
/// the file: it is treated as a secret and never printed.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct LogFileUrl(SecretString);

impl LogFileUrl {
    /// Takes an address as Criteo sent it. It is checked when it is used.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self(url.into())
    }

    /// The address itself, for use outside this crate.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Checks the address without repeating it.
    pub(crate) fn parse(&self) -> Result<Url, Error> {
        let url = Url::parse(self.expose()).map_err(|problem| {
            Error::configuration(format!("The log file's link is not a URL: {problem}"))
        })?;
        if is_safe_to_call(&url) {
            Ok(url)
        } else {
            Err(Error::configuration(
                "The log file's link is neither https nor on this machine, and is not followed",
            ))
        }
    }
}

impl fmt::Debug for LogFileUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LogFileUrl([redacted])")
    }
}

impl From<String> for LogFileUrl {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

impl Serialize for LogFileUrl {
    /// Writes `[redacted]`: whoever needs the address says so with [`expose`](Self::expose).
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[redacted]")
    }
}

impl PartialEq for LogFileUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::LogFileUrl;

    #[test]
    fn the_signature_is_never_shown() {
        for text in [
            "http://files.example.org/a?sig=hush",
            "hush",
            "https://files.example.org/a?sig=hush",
        ] {
            let url = LogFileUrl::new(text.to_owned());
            let shown = format!("{url:?} {:?}", url.parse().map(|_| ()));
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}
