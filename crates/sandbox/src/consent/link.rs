//! Reads the URLs that lead to the consent page, and says why one does not.

use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha512;

use super::ConnectorSettings;

/// How long a URL works. Criteo's docs say so of the portal's; that it holds for signed ones is assumed.
const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far the clock of an app may be ahead. Assumed.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Why the consent page turns somebody away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentRefusal {
    /// Not the parameters of a consent URL, or not in their order.
    #[error("This link is not complete; ask for another one")]
    Incomplete,
    /// No such Connector, or a signature that does not fit, or an unknown nonce.
    #[error("The signature of this link is not valid")]
    Signature,
    /// It was used before.
    #[error("This link was used before; every link works once")]
    Used,
    /// It is older than 30 days.
    #[error("This link has expired; links work for 30 days")]
    Expired,
    /// It was made in the future.
    #[error("This link is from the future; the clock of the app that made it is wrong")]
    FromTheFuture,
    /// No advertiser was chosen, or one that does not exist.
    #[error("Choose one or more of your advertisers")]
    NothingChosen,
}

impl ConsentRefusal {
    /// The status of the page that says so.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Incomplete | Self::NothingChosen => 400,
            Self::Signature | Self::FromTheFuture => 403,
            Self::Used | Self::Expired => 410,
        }
    }
}

/// A URL that was read and is genuine. Whether it was used is the office's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// Made at the portal.
    Portal { nonce: String },
    /// Signed by an app.
    Signed {
        state: String,
        redirect_uri: String,
        signature: String,
    },
}

impl Link {
    /// Reads everything after the question mark, as it came. `portal_hmac` gives the right hmac of a nonce.
    pub(super) fn read(
        query: &str,
        connector: &ConnectorSettings,
        portal_hmac: impl Fn(&str) -> String,
        now: Timestamp,
    ) -> Result<Link, ConsentRefusal> {
        let pairs: Vec<(&str, &str)> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .collect();
        match pairs[..] {
            [("nonce", nonce), ("hmac", hmac)] if portal_hmac(nonce) == hmac => Ok(Link::Portal {
                nonce: nonce.to_owned(),
            }),
            [("nonce", _), ("hmac", _)] => Err(ConsentRefusal::Signature),
            [
                ("key", key),
                ("timestamp", timestamp),
                ("state", state),
                ("redirect-uri", redirect_uri),
                ("signature", signature),
            ] => {
                let signed = query.len() - "&signature=".len() - signature.len();
                let expected = sign(
                    &connector.private_key,
                    format!("?{}", &query[..signed]).as_bytes(),
                );
                if key != connector.public_key || signature != expected {
                    return Err(ConsentRefusal::Signature);
                }
                check_age(timestamp, now)?;
                Ok(Link::Signed {
                    state: state.to_owned(),
                    redirect_uri: redirect_uri.to_owned(),
                    signature: signature.to_owned(),
                })
            }
            _ => Err(ConsentRefusal::Incomplete),
        }
    }
}

/// Whether something made at `then` still works.
pub(super) fn is_alive(then: Timestamp, now: Timestamp) -> bool {
    now.duration_since(then) <= LIFETIME
}

fn check_age(written: &str, now: Timestamp) -> Result<(), ConsentRefusal> {
    let seconds = written.parse().map_err(|_| ConsentRefusal::Incomplete)?;
    let made = Timestamp::from_second(seconds).map_err(|_| ConsentRefusal::Incomplete)?;
    if made.duration_since(now) > TOLERANCE {
        return Err(ConsentRefusal::FromTheFuture);
    }
    if !is_alive(made, now) {
        return Err(ConsentRefusal::Expired);
    }
    Ok(())
}

/// HMAC-SHA512 with the text of a private key, in small hexadecimal digits.
pub(super) fn sign(private_key: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(private_key.as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(message);
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second case of RFC 4231, whose key is a text.
    #[test]
    fn signatures_are_those_of_the_standard() {
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?"),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        );
    }
}
