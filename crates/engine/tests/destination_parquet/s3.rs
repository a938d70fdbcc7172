//! The suite against a server that speaks S3, checks signatures and obeys `If-None-Match`: s3s-fs, which
//! `scripts/setup-s3-server` installs.
//!
//! Keys come from the environment, which one test cannot change under the others. So each test runs a child process
//! that has them.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use criteo_engine::destination::conformance::fixture::{Row, Table, january};
use criteo_engine::destination::conformance::{self, Subject};
use criteo_engine::destination::parquet::{LakeOptions, ParquetLake};
use criteo_engine::destination::{Destination, DestinationError, VacuumOptions};
use tempfile::TempDir;

use crate::skipped::skipped;

const ACCESS_KEY: &str = "AKIDTEST";
const SECRET_KEY: &str = "SECRETTEST-never-in-a-message";
const BUCKET: &str = "lake";
/// Tells a child where the server is; without it the child does nothing.
const ENDPOINT_VARIABLE: &str = "CRITEO_TEST_S3_ENDPOINT";

#[test]
fn parquet_passes_the_suite_on_s3() {
    let Some(server) = Server::start() else {
        return;
    };
    server.run("s3::the_suite", SECRET_KEY);
}

#[test]
fn writers_race_on_s3_and_vacuum_removes_what_is_superseded() {
    let Some(server) = Server::start() else {
        return;
    };
    server.run("s3::writers_and_vacuum", SECRET_KEY);
}

#[test]
fn a_wrong_secret_is_said_without_repeating_it() {
    let Some(server) = Server::start() else {
        return;
    };
    server.run("s3::a_refused_signature", "WRONG-and-secret");
}

/// A running server, stopped when it is dropped.
struct Server {
    process: Child,
    endpoint: String,
    _folder: TempDir,
}

impl Server {
    /// `None`, and a word on stderr, where the server is not installed.
    fn start() -> Option<Self> {
        let Some(program) = program() else {
            skipped(
                "the Parquet destination was not tested on S3",
                "scripts/setup-s3-server has not installed its server",
            );
            return None;
        };
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let port = free_port();
        let process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            process,
            endpoint: format!("http://127.0.0.1:{port}"),
            _folder: folder,
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    /// Runs one of the ignored tests below in a process that has these keys, and fails as it does.
    fn run(&self, test: &str, secret_key: &str) {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(ENDPOINT_VARIABLE, &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", secret_key)
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_ENDPOINT_URL")
            .status()
            .unwrap();
        assert!(status.success(), "{test} failed, see above");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The installed server. The script that installs it knows where.
fn program() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/setup-s3-server");
    let output = Command::new(script).arg("--print-path").output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.exists().then_some(path)
}

/// A lake in a folder of the bucket; `None` in a process that is no child.
fn lake(folder: &str) -> Option<ParquetLake> {
    Some(ParquetLake::new(LakeOptions {
        url: format!("s3://{BUCKET}/{folder}"),
        region: None,
        endpoint: Some(std::env::var(ENDPOINT_VARIABLE).ok()?),
        allow_http: true,
    }))
}

#[tokio::test]
#[ignore = "runs as a child process of the tests above"]
async fn the_suite() {
    if lake("").is_none() {
        return;
    }
    let spools = TempDir::new().unwrap();
    conformance::run_all(async |property| {
        let spool = spools.path().join(property);
        std::fs::create_dir(&spool).unwrap();
        Subject {
            destination: Arc::new(lake(&format!("suite/{property}")).unwrap()),
            spool,
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs as a child process of the tests above"]
async fn writers_and_vacuum() {
    let Some(first) = lake("writers") else {
        return;
    };
    let spool = TempDir::new().unwrap();
    let table = Table::report();
    first.prepare(&table.schema, &table.stream).await.unwrap();
    let mut tasks = Vec::new();
    let mut expected = Vec::new();
    for writer in ["1", "2", "3"] {
        let lake = lake("writers").unwrap();
        let mut loads = Vec::new();
        for label in ["old", "new"] {
            for day in january(1, 4).iter() {
                let rows = [Row::of_day(writer, day, label, 1)];
                let days = Some(criteo_engine::calendar::DayRange::single(day));
                loads.push(table.window(spool.path(), days, &[writer], &rows));
                if label == "new" {
                    expected.extend(rows);
                }
            }
        }
        tasks.push(tokio::spawn(async move {
            for load in &loads {
                lake.load_window(load).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let options = VacuumOptions {
        older_than: Duration::ZERO,
        dry_run: false,
    };
    let report = first.vacuum(&options).await.unwrap();
    assert_eq!(report.removed.len(), 12, "{report:?}");
    let subject = Subject {
        destination: Arc::new(lake("writers").unwrap()),
        spool: spool.path().to_owned(),
    };
    table.assert_holds(&subject, &expected).await;
}

#[tokio::test]
#[ignore = "runs as a child process of the tests above"]
async fn a_refused_signature() {
    let Some(lake) = lake("refused") else {
        return;
    };
    let error = lake.check().await.unwrap_err();
    assert!(
        matches!(error, DestinationError::Unavailable { .. }),
        "{error}"
    );
    let text = format!("{error} {}", error.hint().unwrap());
    assert!(text.contains("SignatureDoesNotMatch"), "{text}");
    assert!(text.contains("AWS_SECRET_ACCESS_KEY"), "{text}");
    assert!(
        !text.contains("WRONG") && !text.contains(SECRET_KEY),
        "{text}"
    );
    assert!(!text.contains('<'), "no page of XML: {text}");
    assert!(!format!("{lake:?}").contains("WRONG"));
}
