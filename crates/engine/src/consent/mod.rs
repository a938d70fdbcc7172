//! Who gave the app consent: the advertisers that it may read now, what changed, and waiting for more.
//!
//! | module | |
//! |---|---|
//! | here | the advertisers granted now, and how two looks differ |
//! | [`watch()`] | looks again and again until an advertiser appears |
//! | [`memory`] | what was seen at the last look, kept from one process to the next |
//! | [`listen`] | receives and verifies the callbacks that Criteo sends to apps with a Connector |
//!
//! At Criteo, consent is given to the app: it is the same for all of its keys, what several people grant adds up, and
//! the sum is what `GET /advertisers/me` answers (seen by third-party code; an app without any consent gets an empty
//! list). So one cheap call, which needs no permission, tells everything that is known here.

pub mod listen;
pub mod memory;
mod watch;

pub use watch::{Watch, WatchEvent, WatchOutcome, watch};

use std::collections::{BTreeMap, BTreeSet};

use criteo_api::{Client, Error as ApiError, Operation};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::destination::{self, Destination, DestinationError};
use crate::error::EngineError;
use crate::stream_spec::StreamSpec;

/// An advertiser that the app may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedAdvertiser {
    /// Criteo's id.
    pub id: String,
    /// Its name, where Criteo gives one.
    pub name: Option<String>,
}

/// Asks Criteo which advertisers the app was granted, each once, in Criteo's order. Costs one call of the larger quota.
///
/// # Errors
/// As [`Client::advertisers`]; and when an advertiser comes without an id, because a list with holes would pass for a
/// withdrawn consent.
pub async fn granted(client: &Client) -> Result<Vec<GrantedAdvertiser>, ApiError> {
    let answer = client.advertisers().await?;
    let mut advertisers = Vec::with_capacity(answer.data.len());
    let mut seen = BTreeSet::new();
    for (index, resource) in answer.data.into_iter().enumerate() {
        let Some(id) = resource.id else {
            return Err(ApiError::UnexpectedBody {
                operation: Operation::ADVERTISERS.id,
                problem: format!("advertiser number {} of the list has no id", index + 1),
            });
        };
        if seen.insert(id.clone()) {
            let name = resource.attributes.advertiser_name;
            advertisers.push(GrantedAdvertiser { id, name });
        }
    }
    Ok(advertisers)
}

/// Advertisers that were read into the destination and are not among the granted ones, sorted: their consent was withdrawn.
/// Where the configuration names advertisers, those that it does not name are missed by nobody.
/// `None` where several connections load into the destination, because there another app may read them.
///
/// # Errors
/// When the configuration is wrong or the destination cannot be read.
pub async fn departed(
    config: &Config,
    granted: &[GrantedAdvertiser],
) -> Result<Option<Vec<String>>, EngineError> {
    if !config.connections.is_empty() {
        return Ok(None);
    }
    let specs = StreamSpec::resolve_all(config)?;
    let streams: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    let mut read = read_before(destination::open(config).as_ref(), &streams).await?;
    read.retain(|advertiser| granted.iter().all(|one| one.id != *advertiser));
    if let Some(wanted) = &config.criteo.advertiser_ids {
        read.retain(|advertiser| wanted.contains(advertiser));
    }
    Ok(Some(read.into_iter().collect()))
}

/// Every advertiser of which a window of these streams was loaded.
pub(crate) async fn read_before(
    destination: &dyn Destination,
    streams: &[&str],
) -> Result<BTreeSet<String>, DestinationError> {
    let mut read = BTreeSet::new();
    for stream in streams {
        let windows = destination.windows(stream).await?;
        let loaded = windows
            .into_iter()
            .filter(|entry| entry.quarantine_reason.is_none());
        read.extend(loaded.flat_map(|entry| entry.advertisers.into_keys()));
    }
    Ok(read)
}

/// How one look at the granted advertisers differs from an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Granted now, and not before.
    pub appeared: Vec<GrantedAdvertiser>,
    /// Granted before, and no longer: somebody withdrew consent, or lost the right to give it.
    pub gone: Vec<GrantedAdvertiser>,
    /// The same advertiser under another name.
    pub renamed: Vec<Renamed>,
}

/// An advertiser whose name changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// Criteo's id.
    pub id: String,
    /// What it was called before.
    pub before: Option<String>,
    /// What it is called now.
    pub now: Option<String>,
}

impl Change {
    /// Compares two looks, each in the order in which it came.
    #[must_use]
    pub fn between(before: &[GrantedAdvertiser], now: &[GrantedAdvertiser]) -> Change {
        let names = |list: &[GrantedAdvertiser]| -> BTreeMap<String, Option<String>> {
            list.iter()
                .map(|advertiser| (advertiser.id.clone(), advertiser.name.clone()))
                .collect()
        };
        let (names_before, names_now) = (names(before), names(now));
        let missing_in = |list: &[GrantedAdvertiser], others: &BTreeMap<String, _>| {
            let missing = list.iter().filter(|one| !others.contains_key(&one.id));
            missing.cloned().collect()
        };
        let renamed = now.iter().filter_map(|advertiser| {
            let before = names_before.get(&advertiser.id)?;
            (*before != advertiser.name).then(|| Renamed {
                id: advertiser.id.clone(),
                before: before.clone(),
                now: advertiser.name.clone(),
            })
        });
        Change {
            appeared: missing_in(now, &names_before),
            gone: missing_in(before, &names_now),
            renamed: renamed.collect(),
        }
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.appeared.is_empty() && self.gone.is_empty() && self.renamed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advertiser(id: &str, name: &str) -> GrantedAdvertiser {
        GrantedAdvertiser {
            id: id.to_owned(),
            name: Some(name.to_owned()),
        }
    }

    #[test]
    fn two_looks_differ_by_what_came_what_went_and_what_is_called_otherwise() {
        let before = [
            advertiser("1", "One"),
            advertiser("2", "Two"),
            advertiser("3", "Three"),
        ];
        let now = [
            advertiser("3", "Third"),
            advertiser("4", "Four"),
            advertiser("1", "One"),
        ];
        let change = Change::between(&before, &now);
        assert_eq!(change.appeared, [advertiser("4", "Four")]);
        assert_eq!(change.gone, [advertiser("2", "Two")]);
        let renamed = Renamed {
            id: "3".to_owned(),
            before: Some("Three".to_owned()),
            now: Some("Third".to_owned()),
        };
        assert_eq!(change.renamed, [renamed]);
        assert!(!change.is_empty());
        assert!(Change::between(&now, &now).is_empty());
    }
}
