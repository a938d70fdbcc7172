//! Tells an app that somebody approved.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use url::{Host, Url};

use super::ConnectorSettings;
use super::link::sign;

/// How long the app may take to answer. Assumed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A callback that was sent. The sandbox sends each once; whether Criteo repeats them is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallbackRecord {
    /// Where to.
    pub url: String,
    /// The body, to the byte.
    pub body: String,
    /// The value of `x-criteo-hmac-sha512`.
    pub signature: String,
    /// What the app answered; none when it did not.
    pub status: Option<u16>,
    /// Why it was not sent, or got no answer.
    pub error: Option<String>,
}

/// Posts the callback, if the Connector has an address for it. That `state` is repeated was seen in third-party code;
/// the other members are invented, since nobody shows a body.
pub(super) async fn send(
    connector: &ConnectorSettings,
    state: &str,
    advertiser_ids: &[String],
    now: Timestamp,
) -> Option<CallbackRecord> {
    let url = connector.callback_url.clone()?;
    let body =
        json!({ "state": state, "advertiserIds": advertiser_ids, "timestamp": now.as_second() })
            .to_string();
    let signature = sign(&connector.private_key, body.as_bytes());
    let mut record = CallbackRecord {
        url,
        body,
        signature,
        status: None,
        error: None,
    };
    match post(&record).await {
        Ok(status) => record.status = Some(status),
        Err(error) => record.error = Some(error),
    }
    Some(record)
}

async fn post(record: &CallbackRecord) -> Result<u16, String> {
    let url = Url::parse(&record.url).map_err(|error| error.to_string())?;
    if !is_on_this_machine(&url) {
        return Err("The sandbox calls back to this machine only".to_owned());
    }
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build();
    let answer = client
        .map_err(|error| error.to_string())?
        .post(url)
        .header("content-type", "application/json")
        .header("x-criteo-hmac-sha512", &record.signature)
        .body(record.body.clone())
        .send()
        .await;
    answer
        .map(|answer| answer.status().as_u16())
        .map_err(|error| error.to_string())
}

fn is_on_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
