//! Where the API is: `https`, or a server on this very machine.

use std::{fmt, net::IpAddr, str::FromStr};

use url::{Host, Url};

use crate::Error;

/// The address that versioned paths are appended to, checked when it is made.
///
/// A token travels with every call, so only two kinds of address are accepted: `https`, and plain
/// `http` to a loopback address (`localhost`, `127.0.0.0/8`, `::1`), which is how a sandbox runs.
/// An address with a user name, a password, a query or a fragment is refused: each would end up in
/// logs.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Criteo's own address, `https://api.criteo.com`.
    pub fn criteo() -> Self {
        Self(
            Url::parse("https://api.criteo.com")
                .expect("the address is a constant and a valid URL"),
        )
    }

    /// Checks an address.
    ///
    /// # Errors
    /// [`Error::Configuration`] when it is no URL, neither `https` nor loopback, or carries more
    /// than scheme, host, port and path.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |problem: &str| {
            Error::configuration(format!(
                "The API address is refused because {problem}; give an https address, or http on localhost"
            ))
        };
        let url = Url::parse(text.trim())
            .map_err(|problem| refuse(&format!("it is not a URL ({problem})")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it carries a user name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it carries a query or a fragment"));
        }
        if !is_safe_to_call(&url) {
            return Err(refuse(
                "it is neither https nor on this machine, and a token would travel in the clear",
            ));
        }
        Ok(Self(url))
    }

    /// Whether calls stay on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name or IP address that is called.
    pub fn host(&self) -> &str {
        // Every address that passed the check has one.
        self.0
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
    }

    /// The port that is called.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// Whether calls are encrypted.
    pub fn is_encrypted(&self) -> bool {
        !self.is_plain_http()
    }

    pub(crate) fn is_plain_http(&self) -> bool {
        self.0.scheme() == "http"
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self::criteo()
    }
}

impl FromStr for BaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BaseUrl({self})")
    }
}

/// Whether what is sent to this address cannot be read on the way.
pub(crate) fn is_safe_to_call(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url),
        _ => false,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::BaseUrl;

    #[test]
    fn https_and_loopback_are_accepted() {
        for text in [
            "https://api.criteo.com",
            "https://api.criteo.com/",
            "https://proxy.example.org/criteo",
            "http://localhost:8080",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:8080",
            "https://127.0.0.1:8443",
        ] {
            assert!(BaseUrl::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "http://api.criteo.com",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "http://10.0.0.1",
            "http://0.0.0.0:8080",
            "http://[::2]",
            "ftp://localhost",
            "file:///etc/hosts",
            "api.criteo.com",
            "",
            "https://user:password@api.criteo.com",
            "https://api.criteo.com?key=1",
            "https://api.criteo.com#part",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_a_refused_address_is_not_repeated() {
        let error = BaseUrl::parse("https://user:hunter2@api.criteo.com").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
