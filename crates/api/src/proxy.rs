//! Which proxy calls go through: the same answer that the HTTP library gives itself.

use hyper_util::client::proxy::matcher::Matcher;

use crate::ClientOptions;

/// A proxy that the environment (or the operating system) puts in the way. Its password is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// `http://proxy.example.org:3128`, without user name and password.
    pub address: String,
    /// Its name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether a user name and password are sent to it.
    pub has_credentials: bool,
    /// The variable that names it; none when the operating system's settings do.
    pub set_by: Option<&'static str>,
}

impl ClientOptions {
    /// The proxy that calls to [`base_url`](Self::base_url) go through, if any: `HTTPS_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY` in either case, as curl reads them. An address on this machine is called without one.
    pub fn proxy(&self) -> Option<Proxy> {
        if self.base_url.is_loopback() {
            return None;
        }
        let target: http::Uri = self.base_url.as_str().parse().ok()?;
        let found = Matcher::from_system().intercept(&target)?;
        let uri = found.uri();
        let scheme = uri.scheme_str().unwrap_or("http");
        let host = uri.host()?.to_owned();
        let port = uri.port_u16().unwrap_or(match scheme {
            "https" => 443,
            scheme if scheme.starts_with("socks") => 1080,
            _ => 80,
        });
        Some(Proxy {
            address: format!("{scheme}://{host}:{port}"),
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            has_credentials: found.basic_auth().is_some() || found.raw_auth().is_some(),
            set_by: variable(|name| std::env::var(name).ok()),
        })
    }
}

/// The first variable that names a proxy for https, in the order in which they are read.
fn variable(value: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find(|name| value(name).is_some_and(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_that_wins_is_named() {
        let only = |wanted: &'static str| {
            move |name: &str| (name == wanted).then(|| "http://p:1".to_owned())
        };
        assert_eq!(variable(only("all_proxy")), Some("all_proxy"));
        assert_eq!(variable(only("http_proxy")), None);
        assert_eq!(
            variable(|_| Some("http://p:1".to_owned())),
            Some("HTTPS_PROXY")
        );
        assert_eq!(variable(|_| Some(String::new())), None);
    }
}
