//! The server that the tests talk to: one process for all of them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use clickhouse::Client;
use criteo_engine::destination::clickhouse::ClickHouseOptions;

use crate::python::environment;
use crate::skipped::skipped;

/// The same from the tests of the engine and from those of the command, which share this file.
const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../engine/tests/destination_clickhouse"
);
const REQUIREMENTS: &str = include_str!("requirements.txt");
pub(crate) const USER: &str = "criteo";
pub(crate) const PASSWORD: &str = "it's a \\secret";

/// A running server. It ends with the process of the tests, whose end closes its standard input, and so does its folder of
/// data, which nothing here would remove: a static is never dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    _process: Child,
}

/// The server, started when it is first asked for. `None`, and a word on standard error, where it cannot be had.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            match environment("clickhouse", REQUIREMENTS).and_then(|python| start(&python)) {
                Ok(server) => Some(server),
                Err(reason) => {
                    skipped("nothing was tested on ClickHouse", &reason);
                    None
                }
            }
        })
        .as_ref()
}

impl Server {
    /// How a destination reaches one of its databases. What was replaced may be cleared away at once.
    pub(crate) fn options(&self, database: &str) -> ClickHouseOptions {
        ClickHouseOptions {
            password: Some(PASSWORD.to_owned().into()),
            keep_replaced: jiff::SignedDuration::ZERO,
            ..ClickHouseOptions::new(&self.url, database, USER)
        }
    }

    pub(crate) async fn create_database(&self, database: &str) {
        self.execute(&format!("CREATE DATABASE {database}")).await;
    }

    /// Runs a statement past the destination.
    pub(crate) async fn execute(&self, statement: &str) {
        self.client().query_raw(statement).execute().await.unwrap();
    }

    /// The lines of an answer, read past the destination.
    pub(crate) async fn lines(&self, query: &str) -> Vec<String> {
        let mut answer = self
            .client()
            .query_raw(query)
            .fetch_bytes("TabSeparated")
            .unwrap();
        let text = String::from_utf8(answer.collect().await.unwrap().to_vec()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Lets the next statement on a database that holds `at` fail: `before` it runs, or `after`, so that its answer alone is
    /// lost, or with the answer of a `gateway` that does not reach the server.
    pub(crate) async fn fail(&self, database: &str, at: &str, when: &str) {
        // The client sends settings as parameters, and that is all that the shim needs here.
        Client::default()
            .with_url(format!("{}/fault", self.url))
            .with_setting("within", database)
            .with_setting("at", at)
            .with_setting("when", when)
            .query_raw("")
            .execute()
            .await
            .unwrap();
    }

    fn client(&self) -> Client {
        Client::default()
            .with_url(&self.url)
            .with_user(USER)
            .with_password(PASSWORD)
    }
}

fn start(python: &Path) -> Result<Server, String> {
    let mut process = Command::new(python)
        .arg(Path::new(FOLDER).join("shim.py"))
        .arg(PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the shim cannot be started: {error}"))?;
    let mut port = String::new();
    BufReader::new(process.stdout.take().ok_or("the shim has no output")?)
        .read_line(&mut port)
        .map_err(|error| error.to_string())?;
    let port: u16 = port
        .trim()
        .parse()
        .map_err(|_| "the shim ended before it listened".to_owned())?;
    Ok(Server {
        url: format!("http://127.0.0.1:{port}"),
        _process: process,
    })
}
