//! The engine as its callers see it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use criteo_api::{BaseUrl, Client, ClientOptions, Credentials, Observer};
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::calendar::Clock;
use crate::config::Config;
use crate::destination::{self, Destination};
use crate::doctor::KeyFingerprint;
use crate::error::EngineError;
use crate::event::{Reporter, RunSummary};
use crate::neighbours::Neighbours;
use crate::plan::summary::Plan;
use crate::source::ApiReporter;
use crate::stream_spec::StreamSpec;
use crate::sync::{self, Selection};

/// Reads one app's data into one destination.
pub struct Engine {
    pub(crate) specs: Vec<Arc<StreamSpec>>,
    pub(crate) client: Client,
    key: KeyFingerprint,
    pub(crate) destination: Arc<dyn Destination>,
    /// Tells this destination from any other, so that a spooled window finds the one it was read for.
    pub(crate) destination_identity: String,
    pub(crate) reporter: Arc<dyn Reporter>,
    pub(crate) clock: Clock,
    pub(crate) time_zone: TimeZone,
    pub(crate) spool_folder: PathBuf,
    /// Holds the spool when nothing is to be carried on; it is removed with the engine.
    _temporary: Option<TempDir>,
    pub(crate) concurrency: usize,
    pub(crate) advertiser_ids: Option<Vec<String>>,
    pub(crate) report_calls_per_minute: u32,
    pub(crate) calls_per_minute: u32,
    /// The connection of the configuration that this is for, where there are any.
    pub(crate) connection: Option<String>,
    /// How many connections the configuration has.
    pub(crate) connection_count: usize,
    /// What it knows of the others, when several work one after the other.
    pub(crate) neighbours: Option<Neighbours>,
}

impl Engine {
    /// Resolves the configuration. Nothing is called or opened before one of the other methods, and nothing created
    /// but, where the destination keeps nothing, a temporary folder.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] and its kin; [`EngineError::Api`] when the address or a quota is refused.
    pub fn open(
        config: &Config,
        credentials: Credentials,
        reporter: Arc<dyn Reporter>,
    ) -> Result<Self, EngineError> {
        let observer = Arc::new(ApiReporter::new(Arc::clone(&reporter)));
        let options = client_options(config, observer)?;
        let (report_calls_per_minute, calls_per_minute) =
            (options.report_calls_per_minute, options.calls_per_minute);
        let specs = StreamSpec::resolve_all(config)?;
        let time_zone =
            TimeZone::get(&config.criteo.timezone).map_err(|_| EngineError::Configuration {
                message: format!("Time zone '{}' is not an IANA name", config.criteo.timezone),
            })?;
        let (spool_folder, temporary) = spool_folder(config)?;
        Ok(Self {
            specs: specs.into_iter().map(Arc::new).collect(),
            key: KeyFingerprint::of(&credentials),
            client: Client::new(credentials, options)?,
            destination: destination::open(config),
            destination_identity: destination::identity(config),
            reporter,
            clock: Clock::from_env()?,
            time_zone,
            spool_folder,
            _temporary: temporary,
            concurrency: config.sync.concurrency.max(1),
            advertiser_ids: config.criteo.advertiser_ids.clone(),
            report_calls_per_minute,
            calls_per_minute,
            connection: config.criteo.connection.clone(),
            connection_count: config.connections.len(),
            neighbours: None,
        })
    }

    /// Reaches the destination of the configuration by another handle, such as one opened with a password that the
    /// environment does not hold ([`destination::open_with_password`]).
    #[must_use]
    pub fn with_destination(mut self, destination: Arc<dyn Destination>) -> Self {
        self.destination = destination;
        self
    }

    /// Tells the key that it reads with from others.
    #[must_use]
    pub fn key(&self) -> &KeyFingerprint {
        &self.key
    }

    /// Every stream, enabled or not.
    pub fn streams(&self) -> impl Iterator<Item = &StreamSpec> {
        self.specs.iter().map(AsRef::as_ref)
    }

    /// What a run would do. Asks Criteo for the advertisers and reads the ledger; loads nothing.
    ///
    /// # Errors
    /// When the configuration, the app key or the destination cannot be used.
    pub async fn plan(&self, selection: &Selection) -> Result<Plan, EngineError> {
        Plan::make(self, selection).await
    }

    /// Reads everything that `selection` asks for and that the ledger does not vouch for, and loads it. When `stop`
    /// is cancelled the windows in flight are finished and loaded, and the run ends as interrupted.
    ///
    /// # Errors
    /// What keeps the run from beginning or from going on. Windows that cannot be read are not errors; the summary
    /// names them.
    pub async fn sync(
        &self,
        selection: &Selection,
        stop: CancellationToken,
    ) -> Result<RunSummary, EngineError> {
        sync::run(self, selection, stop).await
    }
}

/// A client of Criteo's API by the configuration, for what needs no streams and no destination.
///
/// # Errors
/// [`EngineError::Api`] when the address or a quota is refused.
pub fn client(
    config: &Config,
    credentials: Credentials,
    reporter: Arc<dyn Reporter>,
) -> Result<Client, EngineError> {
    let observer = Arc::new(ApiReporter::new(reporter));
    Ok(Client::new(credentials, client_options(config, observer)?)?)
}

/// Where decoded windows wait. A destination that remembers nothing gets a folder that only this process knows.
fn spool_folder(config: &Config) -> Result<(PathBuf, Option<TempDir>), EngineError> {
    if let Some(folder) = destination::spool_folder(config) {
        return Ok((folder, None));
    }
    let temporary = tempfile::Builder::new()
        .prefix("criteo-")
        .tempdir()
        .map_err(|source| EngineError::Spool {
            path: std::env::temp_dir().display().to_string(),
            doing: "creating a temporary folder in it",
            source,
        })?;
    Ok((temporary.path().join("spool"), Some(temporary)))
}

/// The environment is not asked here: a door that wants it to win has applied it to the configuration, and one that
/// brings its own (the demo) is not led astray by variables meant for another account.
pub(crate) fn client_options(
    config: &Config,
    observer: Arc<dyn Observer>,
) -> Result<ClientOptions, EngineError> {
    let mut options = ClientOptions {
        observer: Some(observer),
        ..ClientOptions::default()
    };
    if let Some(address) = &config.criteo.api_url {
        options.base_url = BaseUrl::parse(address)?;
    }
    if let Some(calls) = config.criteo.report_calls_per_minute {
        options.report_calls_per_minute = calls;
    }
    if let Some(calls) = config.criteo.calls_per_minute {
        options.calls_per_minute = calls;
    }
    options.retry.max_elapsed = Duration::from_secs(config.sync.retry_seconds.into());
    Ok(options)
}
