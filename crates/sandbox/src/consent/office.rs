//! Which URLs were given out and used, which Connector the app has, and what an approval does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::server::state::State;

use super::callback::{self, CallbackRecord};
use super::link::{ConsentRefusal, Link, is_alive};

/// The public key of the Connector that the app has unless the scenario says otherwise.
pub const DEMO_CONNECTOR_PUBLIC_KEY: &str = "sandbox-connector";
/// Its private key, with the signs that encodings would change.
pub const DEMO_CONNECTOR_PRIVATE_KEY: &str = "sandbox+connector/secret=";

/// The Connector of the app: `[connector]` of a scenario.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectorSettings {
    /// Stands in signed URLs.
    pub public_key: String,
    /// Signs URLs and callbacks.
    pub private_key: String,
    /// Where callbacks are posted to: a server on this machine, since the sandbox calls nobody else. Without it none
    /// are sent.
    pub callback_url: Option<String>,
}

impl Default for ConnectorSettings {
    fn default() -> Self {
        Self {
            public_key: DEMO_CONNECTOR_PUBLIC_KEY.to_owned(),
            private_key: DEMO_CONNECTOR_PRIVATE_KEY.to_owned(),
            callback_url: None,
        }
    }
}

impl fmt::Debug for ConnectorSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConnectorSettings")
            .field("public_key", &self.public_key)
            .field("callback_url", &self.callback_url)
            .finish_non_exhaustive()
    }
}

/// The books of the consent page.
#[derive(Debug, Default)]
pub(crate) struct ConsentOffice {
    pub(crate) connector: ConnectorSettings,
    pub(crate) callbacks: Vec<CallbackRecord>,
    /// The portal's nonces, and when they were made.
    nonces: BTreeMap<String, Timestamp>,
    /// Nonces and signatures of URLs that were used.
    used: BTreeSet<String>,
}

impl ConsentOffice {
    pub(crate) fn new(connector: ConnectorSettings) -> Self {
        Self {
            connector,
            ..Self::default()
        }
    }

    /// "Generate new URL" of the portal: the query of a URL that works once, within 30 days.
    pub(crate) fn generate(&mut self, state: &State) -> String {
        let nonce = state.trace_id(u64::MAX - u64::try_from(self.nonces.len()).unwrap_or_default());
        let hmac = portal_hmac(state, &nonce);
        self.nonces.insert(nonce.clone(), state.clock.now());
        format!("nonce={nonce}&hmac={hmac}")
    }

    /// Whether somebody who opens this URL now gets to choose.
    pub(super) fn admit(&self, query: &str, state: &State) -> Result<Link, ConsentRefusal> {
        let now = state.clock.now();
        let link = Link::read(
            query,
            &self.connector,
            |nonce| portal_hmac(state, nonce),
            now,
        )?;
        if self.used.contains(once(&link)) {
            return Err(ConsentRefusal::Used);
        }
        if let Link::Portal { nonce } = &link {
            let made = self.nonces.get(nonce).ok_or(ConsentRefusal::Signature)?;
            if !is_alive(*made, now) {
                return Err(ConsentRefusal::Expired);
            }
        }
        Ok(link)
    }
}

/// What an approval brought about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// The advertisers that were chosen.
    pub advertiser_ids: Vec<String>,
    /// Where the browser goes; none after a URL of the portal.
    pub redirect_uri: Option<String>,
    /// The callback that was sent; none without a callback URL, or after a URL of the portal.
    pub callback: Option<CallbackRecord>,
}

/// Somebody approves: the URL is used up, the advertisers can be read, and the app is called back.
pub(crate) async fn approve(
    state: &State,
    query: &str,
    advertiser_ids: &[String],
) -> Result<Approval, ConsentRefusal> {
    let (link, connector) = {
        let mut office = state.consent_office();
        let link = office.admit(query, state)?;
        let known = state.world.advertiser_ids();
        if advertiser_ids.is_empty() || advertiser_ids.iter().any(|id| !known.contains(id)) {
            return Err(ConsentRefusal::NothingChosen);
        }
        office.used.insert(once(&link).to_owned());
        (link, office.connector.clone())
    };
    for id in advertiser_ids {
        state.set_consent(id, true);
    }
    let mut approval = Approval {
        advertiser_ids: advertiser_ids.to_vec(),
        redirect_uri: None,
        callback: None,
    };
    if let Link::Signed {
        state: told,
        redirect_uri,
        ..
    } = link
    {
        approval.redirect_uri = Some(redirect_uri);
        let sent = callback::send(&connector, &told, advertiser_ids, state.clock.now()).await;
        if let Some(record) = sent {
            state.consent_office().callbacks.push(record.clone());
            approval.callback = Some(record);
        }
    }
    Ok(approval)
}

/// What can be used once.
fn once(link: &Link) -> &str {
    match link {
        Link::Portal { nonce } => nonce,
        Link::Signed { signature, .. } => signature,
    }
}

fn portal_hmac(state: &State, nonce: &str) -> String {
    state.sign_link(&format!("consent {nonce}"), 0)
}
