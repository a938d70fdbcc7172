//! Keys, their scopes, and the bearer tokens they were given.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Reading reports.
pub const ANALYTICS_READ: &str = "Analytics_Read";
/// Reading campaigns, ad sets and the marketplace family.
pub const CAMPAIGN_READ: &str = "Campaign_Read";
/// Reading ads, creatives and coupons.
pub const CREATIVE_READ: &str = "Creative_Read";

/// The client id of the key that works unless the configuration names others.
pub const DEMO_CLIENT_ID: &str = "sandbox-client";
/// The secret of the demo key. It carries `+`, `/` and `=` like real ones do: a client that does not form-encode it
/// sends a space instead of the plus and is refused.
pub const DEMO_CLIENT_SECRET: &str = "sandbox+secret/=";

/// One key pair of an application, as a scenario file or a test declares it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPair {
    /// Sent as `client_id`.
    pub client_id: String,
    /// Sent as `client_secret`.
    pub client_secret: String,
    /// The domains the application was granted, without Criteo's prefix: `Analytics_Read`, `Campaign_Read`, ...
    /// A `_Manage` scope implies the `_Read` scope of its domain, as at Criteo.
    #[serde(default = "all_read_scopes")]
    pub scopes: Vec<String>,
    /// The application that the key belongs to: keys of one application share its call budgets.
    #[serde(default = "default_application")]
    pub application: String,
    /// Real seconds after the start from which the key works. Criteo's docs: a new key takes up to 15 minutes. Until
    /// then it is answered like a wrong one (assumed: no source tells the two apart).
    #[serde(default)]
    pub works_after_seconds: u64,
    /// Real seconds after the start until which the key works, when it is going to be deleted. Criteo's docs: it stops
    /// within 15 minutes. That it is then answered like a wrong one, and that its tokens end with it, is assumed.
    #[serde(default)]
    pub deleted_after_seconds: Option<u64>,
}

impl KeyPair {
    /// The demo key: all three read scopes.
    pub fn demo() -> Self {
        Self {
            client_id: DEMO_CLIENT_ID.to_owned(),
            client_secret: DEMO_CLIENT_SECRET.to_owned(),
            scopes: all_read_scopes(),
            application: default_application(),
            works_after_seconds: 0,
            deleted_after_seconds: None,
        }
    }

    /// Whether the key works when the sandbox has run for `age`.
    pub(crate) fn works(&self, age: Duration) -> bool {
        let seconds = age.as_secs();
        seconds >= self.works_after_seconds
            && self.deleted_after_seconds.is_none_or(|end| seconds < end)
    }

    /// Whether the key may call an operation that needs `scope`.
    pub(crate) fn allows(&self, scope: &str) -> bool {
        let manage = scope.replace("_Read", "_Manage");
        self.scopes
            .iter()
            .any(|granted| granted == scope || *granted == manage)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeyPair")
            .field("client_id", &self.client_id)
            .field("scopes", &self.scopes)
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

fn all_read_scopes() -> Vec<String> {
    [ANALYTICS_READ, CAMPAIGN_READ, CREATIVE_READ]
        .map(str::to_owned)
        .to_vec()
}

fn default_application() -> String {
    "sandbox".to_owned()
}

/// How tokens are given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenSettings {
    /// Real seconds a token lives. Criteo's docs: 900.
    pub lifetime_seconds: u64,
    /// Answers `expires_in` as text instead of a number: both stand in Criteo's own SDK tests.
    pub expires_in_as_text: bool,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            lifetime_seconds: 900,
            expires_in_as_text: false,
        }
    }
}

/// Why a bearer token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    Invalid,
    Expired,
}

/// Every token that was given out. Only digests are kept, so that nothing here can leak one.
#[derive(Debug, Default)]
pub(crate) struct TokenOffice {
    issued: HashMap<[u8; 32], Issued>,
    count: u64,
}

#[derive(Debug)]
struct Issued {
    client_id: String,
    ends: Instant,
}

impl TokenOffice {
    /// Gives out a new token for a key. Tokens that were given out before stay valid.
    pub(crate) fn issue(&mut self, client_id: &str, lifetime: Duration, now: Instant) -> String {
        self.count += 1;
        let mut hasher = Sha256::new();
        hasher.update(client_id);
        hasher.update(self.count.to_le_bytes());
        hasher.update(super::limiter::unix_seconds_after(Duration::ZERO).to_le_bytes());
        hasher.update(std::process::id().to_le_bytes());
        let token = format!("sandbox-token-{}", hex::encode(hasher.finalize()));
        let issued = Issued {
            client_id: client_id.to_owned(),
            ends: now + lifetime,
        };
        self.issued.insert(digest(&token), issued);
        token
    }

    /// The client id behind an `Authorization` header.
    pub(crate) fn client_of(&self, header: Option<&str>, now: Instant) -> Result<&str, Refusal> {
        let header = header.ok_or(Refusal::Missing)?;
        let token = bearer(header).ok_or(Refusal::Invalid)?;
        let issued = self.issued.get(&digest(token)).ok_or(Refusal::Invalid)?;
        if issued.ends <= now {
            return Err(Refusal::Expired);
        }
        Ok(&issued.client_id)
    }

    /// Ends the life of the token in an `Authorization` header at once.
    pub(crate) fn kill(&mut self, header: Option<&str>, now: Instant) {
        let issued = header
            .and_then(bearer)
            .and_then(|token| self.issued.get_mut(&digest(token)));
        if let Some(issued) = issued {
            issued.ends = now;
        }
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
        .filter(|token| !token.is_empty())
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_as_long_as_it_says_or_until_it_is_killed() {
        let mut office = TokenOffice::default();
        let now = Instant::now();
        let first = format!(
            "Bearer {}",
            office.issue("id", Duration::from_secs(900), now)
        );
        let second = format!(
            "bearer {}",
            office.issue("id", Duration::from_secs(900), now)
        );
        assert_ne!(first.to_lowercase(), second.to_lowercase());
        assert_eq!(office.client_of(Some(&first), now), Ok("id"));
        let later = now + Duration::from_secs(900);
        assert_eq!(office.client_of(Some(&first), later), Err(Refusal::Expired));
        office.kill(Some(&second), now);
        assert_eq!(office.client_of(Some(&second), now), Err(Refusal::Expired));
        assert_eq!(
            office.client_of(Some("Bearer nonsense"), now),
            Err(Refusal::Invalid)
        );
        assert_eq!(office.client_of(None, now), Err(Refusal::Missing));
    }

    #[test]
    fn a_manage_scope_implies_reading() {
        let key = KeyPair {
            scopes: vec!["Campaign_Manage".to_owned()],
            ..KeyPair::demo()
        };
        assert!(key.allows(CAMPAIGN_READ));
        assert!(!key.allows(ANALYTICS_READ));
    }

    #[test]
    fn debug_output_has_no_secret() {
        assert!(!format!("{:?}", KeyPair::demo()).contains(DEMO_CLIENT_SECRET));
    }
}
