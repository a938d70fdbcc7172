//! URLs that ask somebody for consent.

use std::fmt;

use hmac::Mac;
use jiff::Timestamp;
use url::Url;

use super::ConnectorKey;
use crate::Error;
use crate::base_url::is_safe_to_call;

/// The page at which people give consent.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentPage(String);

impl ConsentPage {
    /// Criteo's own, `https://consent.criteo.com/request` (Criteo's docs).
    pub fn criteo() -> Self {
        Self("https://consent.criteo.com/request".to_owned())
    }

    /// Another one, such as the sandbox's.
    ///
    /// # Errors
    /// [`Error::Configuration`] when it is no URL, neither `https` nor on this machine, or carries a user name, a
    /// password, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let url = Url::parse(text.trim()).ok().filter(|url| {
            let is_bare = url.query().is_none() && url.fragment().is_none();
            is_bare && has_no_user(url) && is_safe_to_call(url)
        });
        match url {
            Some(url) => Ok(Self(url.into())),
            None => Err(Error::configuration(
                "The address of the consent page is refused; give an https address, or http on localhost, without \
                 user name, query or fragment",
            )),
        }
    }
}

impl Default for ConsentPage {
    fn default() -> Self {
        Self::criteo()
    }
}

impl fmt::Display for ConsentPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ConsentPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ConsentPage({self})")
    }
}

/// What a consent URL says besides who asks. Made of checked values only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRequest {
    state: String,
    redirect_uri: String,
    timestamp: Timestamp,
}

impl ConsentRequest {
    /// Checks the values.
    ///
    /// * `state` is yours: Criteo repeats it in the callback, so that you know whom the consent is from. Letters,
    ///   digits and `-._~`.
    /// * `redirect_uri` is where the person's browser goes afterwards: `https`, or a page on this machine.
    /// * `timestamp` is now; Criteo sees whole seconds.
    ///
    /// # Errors
    /// [`Error::Configuration`] with the character that would have to be percent-encoded: whether Criteo verifies the
    /// encoded or the raw form is not known, and one of them would make a URL that is refused when a customer opens
    /// it. Also for an empty state, and for a redirect URI that is none.
    pub fn new(state: &str, redirect_uri: &str, timestamp: Timestamp) -> Result<Self, Error> {
        if state.is_empty() {
            return Err(Error::configuration(
                "The state is empty; give a word by which you know whose consent it is",
            ));
        }
        plain("state", state, "", "use letters, digits and - . _ ~ only")?;
        plain(
            "redirect URI",
            redirect_uri,
            ":/",
            "use an address without query, such as https://example.com/criteo/thanks",
        )?;
        let url = Url::parse(redirect_uri).ok();
        if !url.is_some_and(|url| url.has_host() && is_safe_to_call(&url)) {
            return Err(Error::configuration(
                "The redirect URI is refused; give an https address, or http on localhost",
            ));
        }
        Ok(Self {
            state: state.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            timestamp,
        })
    }
}

impl ConnectorKey {
    /// The URL to open in a browser, by somebody who may grant access to an advertiser: `page` with the parameters
    /// `key`, `timestamp`, `state`, `redirect-uri` in this order, and `signature`. The signature covers everything
    /// from the question mark to the end of the redirect URI, and is HMAC-SHA512 in small hexadecimal digits.
    ///
    /// It holds no secret, but whoever opens it can use it up.
    pub fn consent_url(&self, page: &ConsentPage, request: &ConsentRequest) -> String {
        let query = format!(
            "?key={}&timestamp={}&state={}&redirect-uri={}",
            self.public_key(),
            request.timestamp.as_second(),
            request.state,
            request.redirect_uri,
        );
        let signature = hex::encode(self.mac(query.as_bytes()).finalize().into_bytes());
        format!("{page}{query}&signature={signature}")
    }
}

/// Refuses a value that would be another one when it is percent-encoded. Unreserved characters (RFC 3986) never are.
fn plain(name: &str, value: &str, also: &str, advice: &str) -> Result<(), Error> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c) || also.contains(c);
    match value.chars().find(|c| !is_plain(*c)) {
        None => Ok(()),
        Some(odd) => Err(Error::configuration(format!(
            "The {name} holds {odd:?}, which would have to be percent-encoded, and it is not known which form Criteo \
             verifies; {advice}"
        ))),
    }
}

fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}
