//! The app that a key belongs to: whether Criteo accepts a key, before it is relied on.

use std::sync::Arc;
use std::time::Duration;

use criteo_api::{Client, Credentials};
use serde::Serialize;

use crate::config::Config;
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
    let mut options = client_options(config, Arc::new(ApiReporter::new(Arc::new(Silent))))?;
    options.retry.max_elapsed = PATIENCE;
    let answer = Client::new(credentials, options)?
        .current_application()
        .await?;
    let attributes = answer.data.attributes;
    Ok(Application {
        id: attributes.application_id,
        name: attributes.name,
    })
}
