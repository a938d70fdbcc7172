//! How the server is reached: everything that the driver has to know to connect.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{PostgresOptions, password, tls};
use crate::config::{Environment, TlsMode};

/// Silence after which the network is asked whether the server is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long what was sent may go without the network's receipt.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

/// A server to connect to.
pub(super) struct Server {
    pub(super) config: Config,
    /// None for a connection in the clear.
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl Server {
    /// Files and variables are read anew each time, because passwords and certificates change while a process runs.
    /// The error is the reason in words.
    pub(super) fn of(options: &PostgresOptions) -> Result<Server, String> {
        let address = options.address.as_ref().map_err(Clone::clone)?;
        let mut config = Config::new();
        config
            .host(&address.host)
            .port(address.port)
            .dbname(&address.database)
            .user(&address.user)
            .application_name("criteo-connector")
            .connect_timeout(options.connect_timeout)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .tcp_user_timeout(UNACKNOWLEDGED);
        if let Some(password) = password::find(address, &Environment::of_process())? {
            config.password(password.expose_secret());
        }
        let tls = match address.tls {
            TlsMode::Verify => {
                config.ssl_mode(SslMode::Require);
                Some(tls::verifying(address.root_certificate.as_deref())?)
            }
            TlsMode::Disable | TlsMode::DisableOverNetwork => {
                config.ssl_mode(SslMode::Disable);
                None
            }
        };
        Ok(Server { config, tls })
    }
}
