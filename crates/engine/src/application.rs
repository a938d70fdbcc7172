//! The app that a key belongs to: whether Criteo accepts a key, and what it may read, before it is relied on.

use std::sync::Arc;
use std::time::Duration;

use criteo_api::{Client, Credentials};
use serde::Serialize;

use crate::config::Config;
use crate::consent::{self, GrantedAdvertiser};
use crate::doctor::{AppPermissions, examine_permissions};
use crate::engine::client_options;
use crate::error::EngineError;
use crate::event::Silent;
use crate::source::ApiReporter;

/// A person waits for the answer, so a Criteo that is out of reach is given up soon.
const PATIENCE: Duration = Duration::from_secs(20);

/// The app that a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Application {
    /// Criteo's number of the app; `None` where Criteo gives none.
    pub id: Option<i64>,
    /// What the app is called in Criteo's portal.
    pub name: Option<String>,
}

/// Obtains a token with the key and asks which app it belongs to: two calls, neither of which needs consent or a
/// permission. Only address and quotas of `config` matter.
///
/// # Errors
/// [`EngineError::Api`]: what Criteo has against the key, or that it could not be asked.
pub async fn application_of(
    config: &Config,
    credentials: Credentials,
) -> Result<Application, EngineError> {
    let answer = client(config, credentials)?.current_application().await?;
    let attributes = answer.data.attributes;
    Ok(Application {
        id: attributes.application_id,
        name: attributes.name,
    })
}

/// What an app may read.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The advertisers that consent to it.
    pub granted: Vec<GrantedAdvertiser>,
    /// What was found of its permissions; `None` where nobody consents, so that they cannot be tried.
    pub permissions: Option<AppPermissions>,
}

/// Asks Criteo what the app of a key may read, in four calls at most. Both belong to the app and do not show in the key.
///
/// # Errors
/// [`EngineError::Api`] when Criteo does not say who consents, and whatever is wrong with the configuration.
pub async fn reach_of(config: &Config, credentials: Credentials) -> Result<Reach, EngineError> {
    let granted = consent::granted(&client(config, credentials.clone())?).await?;
    // One that is going to be read, where there is a choice.
    let wanted = config.criteo.advertiser_ids.as_ref();
    let one = granted
        .iter()
        .find(|one| wanted.is_none_or(|wanted| wanted.contains(&one.id)))
        .or(granted.first());
    let permissions = match one {
        Some(advertiser) => Some(examine_permissions(config, credentials, &advertiser.id).await?),
        None => None,
    };
    Ok(Reach {
        granted,
        permissions,
    })
}

fn client(config: &Config, credentials: Credentials) -> Result<Client, EngineError> {
    let mut options = client_options(config, Arc::new(ApiReporter::new(Arc::new(Silent))))?;
    options.retry.max_elapsed = PATIENCE;
    Ok(Client::new(credentials, options)?)
}
