//! Azure Blob Storage: Azurite, Microsoft's own server for tests, which checks signatures and obeys `If-None-Match`.
//! `scripts/setup-azure-server` installs it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureCredential};
use object_store::client::HttpRequestBody;

use super::children::{Bucket, Child};
use super::{Server, WRONG_SECRET, program};
use crate::skipped::skipped;

/// The one account that Azurite has, and its published key.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const CONTAINER: &str = "lake";

/// `None`, and a word on stderr, where the server is not installed.
fn start() -> Option<Server> {
    let Some(program) = program("setup-azure-server") else {
        skipped(
            "the Parquet destination was not tested on Azure",
            "scripts/setup-azure-server has not installed its server",
        );
        return None;
    };
    Some(Server::start(|port, folder| {
        let mut command = Command::new(program);
        command
            .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
            .args(["--silent", "--disableTelemetry", "--location"])
            .arg(folder);
        command
    }))
}

/// Makes the container, which the connector never does.
fn make_container(server: &Server) {
    let host = format!("127.0.0.1:{}", server.port);
    let path = format!("/{ACCOUNT}/{CONTAINER}?restype=container");
    let mut request = http::Request::put(format!("http://{host}{path}"))
        .header("host", &host)
        .header("content-length", "0")
        .header("connection", "close")
        .body(HttpRequestBody::empty())
        .unwrap();
    let credential = AzureCredential::AccessKey(AzureAccessKey::try_new(KEY).unwrap());
    AzureAuthorizer::new(&credential, ACCOUNT)
        .try_authorize(&mut request)
        .unwrap();
    let mut text = format!("PUT {path} HTTP/1.1\r\n");
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    text.push_str("\r\n");
    let mut stream = TcpStream::connect(&host).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

fn run(child: Child, key: &str) {
    let Some(server) = start() else {
        return;
    };
    make_container(&server);
    let bucket = Bucket {
        url: format!("az://{CONTAINER}"),
        endpoint: format!("http://127.0.0.1:{}/{ACCOUNT}", server.port),
        secret: key.to_owned(),
    };
    child.run(
        &bucket,
        &[
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT),
            ("AZURE_STORAGE_ACCOUNT_KEY", key),
        ],
    );
}

#[test]
fn parquet_passes_the_suite_on_azure() {
    run(Child::TheSuite, KEY);
}

#[test]
fn writers_race_on_azure_and_vacuum_removes_what_is_superseded() {
    run(Child::WritersAndVacuum, KEY);
}

#[test]
fn a_wrong_key_of_azure_is_said_without_repeating_it() {
    run(
        Child::ARefusedKey("AuthorizationFailure", "AZURE_STORAGE_ACCOUNT_NAME"),
        WRONG_SECRET,
    );
}
