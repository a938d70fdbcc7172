//! Which database, and how long what was replaced stays in it.

use std::fmt;

use jiff::SignedDuration;
use secrecy::SecretString;

/// Which ClickHouse database to write to.
#[derive(Clone)]
pub struct ClickHouseOptions {
    /// Address of the HTTP interface, such as `https://clickhouse.example:8443`.
    pub url: String,
    /// The database that holds the tables. It has to exist, with the engine Atomic, Replicated or Shared.
    pub database: String,
    /// The user.
    pub user: String,
    /// The user's password, if it has one.
    pub password: Option<SecretString>,
    /// How long rows that were replaced stay for queries that began before, and rows that were sent for their commit.
    pub keep_replaced: SignedDuration,
}

impl ClickHouseOptions {
    /// A database without a password, in which replaced rows stay for an hour.
    #[must_use]
    pub fn new(
        url: impl Into<String>,
        database: impl Into<String>,
        user: impl Into<String>,
    ) -> Self {
        Self {
            url: url.into(),
            database: database.into(),
            user: user.into(),
            password: None,
            keep_replaced: SignedDuration::from_hours(1),
        }
    }
}

impl fmt::Debug for ClickHouseOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClickHouseOptions")
            .field("url", &self.url)
            .field("database", &self.database)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
