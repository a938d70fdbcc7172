//! PostgreSQL as a destination: the suite every destination passes, and what is particular to a server, against a real
//! one that the tests start.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

mod outages;
mod proxy;
mod refusals;
#[allow(dead_code, reason = "the tests of the command need more of it")]
mod server;
#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;
mod tables;
mod values;
mod writers;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use criteo_engine::config::{PostgresAddress, TlsMode};
use criteo_engine::destination::conformance::{self, Subject};
use criteo_engine::destination::postgres::{Postgres, PostgresOptions};
use tempfile::TempDir;

use server::Server;

/// The server that these tests share; none where there cannot be one.
fn shared_server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(Server::start).as_ref()
}

/// Options for a new schema of the restricted user, without encryption.
fn options(server: &Server) -> PostgresOptions {
    options_in(server, &server.make_schema())
}

fn options_in(server: &Server, schema: &str) -> PostgresOptions {
    PostgresOptions {
        address: Ok(PostgresAddress {
            host: "127.0.0.1".to_owned(),
            port: server.port(),
            database: server::DATABASE.to_owned(),
            user: server::USER.to_owned(),
            password: Some(server::PASSWORD.into()),
            tls: TlsMode::Disable,
            root_certificate: None,
        }),
        schema: schema.to_owned(),
        connect_timeout: Duration::from_secs(10),
        statement_timeout: Duration::from_secs(60),
    }
}

/// Options for a user whom the server lets in by TLS alone, and who may create schemas.
fn options_with_tls(server: &Server, schema: &str) -> PostgresOptions {
    let mut options = options_in(server, schema);
    let address = options.address.as_mut().unwrap();
    "localhost".clone_into(&mut address.host);
    "tls_only".clone_into(&mut address.user);
    address.tls = TlsMode::Verify;
    address.root_certificate = Some(server.root_certificate());
    options
}

/// A destination in a new schema of the restricted user.
fn subject(server: &Server, folder: &TempDir) -> Subject {
    subject_of(options(server), folder)
}

fn subject_of(options: PostgresOptions, folder: &TempDir) -> Subject {
    Subject {
        destination: Arc::new(Postgres::new(options)),
        spool: folder.path().to_owned(),
    }
}

#[tokio::test]
async fn postgres_passes_the_suite_as_the_owner_of_one_schema() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    conformance::run_all(async |_| subject(server, &folder)).await;
}

#[tokio::test]
async fn postgres_passes_the_suite_over_tls_in_schemas_that_it_creates() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    conformance::run_all(async |property| {
        let schema = format!("TLS \"{property}\"")
            .chars()
            .take(60)
            .collect::<String>();
        subject_of(options_with_tls(server, &schema), &folder)
    })
    .await;
}
