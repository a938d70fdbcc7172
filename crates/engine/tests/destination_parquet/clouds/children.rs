//! What is done in a bucket, by a process whose environment has its keys.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use criteo_engine::calendar::DayRange;
use criteo_engine::destination::conformance::fixture::{Row, Table, january};
use criteo_engine::destination::conformance::{self, Subject};
use criteo_engine::destination::parquet::{LakeOptions, ParquetLake};
use criteo_engine::destination::{Destination, DestinationError, VacuumOptions};
use tempfile::TempDir;

const URL: &str = "CRITEO_TEST_LAKE_URL";
const ENDPOINT: &str = "CRITEO_TEST_LAKE_ENDPOINT";
const SECRET: &str = "CRITEO_TEST_LAKE_SECRET";
const CODE: &str = "CRITEO_TEST_LAKE_CODE";
const VARIABLE: &str = "CRITEO_TEST_LAKE_VARIABLE";

/// A bucket that a child works in.
pub(super) struct Bucket {
    /// Its address, with no folder.
    pub(super) url: String,
    /// The server.
    pub(super) endpoint: String,
    /// What no message may repeat.
    pub(super) secret: String,
}

/// What a child does.
#[derive(Clone, Copy)]
pub(super) enum Child {
    TheSuite,
    WritersAndVacuum,
    /// With the code that the cloud answers to a wrong key, and the variable that the hint names.
    ARefusedKey(&'static str, &'static str),
}

impl Child {
    /// Runs it in a process that has these keys, and fails as it does. Nothing that the environment says of clouds
    /// reaches it.
    pub(super) fn run(self, bucket: &Bucket, keys: &[(&str, &str)]) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        for (name, _) in std::env::vars() {
            if ["AWS_", "AZURE_", "GOOGLE_"]
                .iter()
                .any(|cloud| name.starts_with(cloud))
            {
                command.env_remove(name);
            }
        }
        let (test, code, variable) = match self {
            Self::TheSuite => ("the_suite", "", ""),
            Self::WritersAndVacuum => ("writers_and_vacuum", "", ""),
            Self::ARefusedKey(code, variable) => ("a_refused_key", code, variable),
        };
        let test = format!("clouds::children::{test}");
        let status = command
            .args(["--exact", &test, "--ignored", "--nocapture"])
            .env(URL, &bucket.url)
            .env(ENDPOINT, &bucket.endpoint)
            .env(SECRET, &bucket.secret)
            .env(CODE, code)
            .env(VARIABLE, variable)
            .envs(keys.iter().copied())
            .status()
            .unwrap();
        assert!(status.success(), "{test} failed, see above");
    }
}

/// A lake in a folder of the bucket; `None` in a process that is no child.
fn lake(folder: &str) -> Option<ParquetLake> {
    Some(ParquetLake::new(LakeOptions {
        url: format!("{}/{folder}", std::env::var(URL).ok()?),
        region: None,
        endpoint: Some(std::env::var(ENDPOINT).ok()?),
        allow_http: true,
    }))
}

fn subject(folder: &str, spool: &Path) -> Subject {
    Subject {
        destination: Arc::new(lake(folder).unwrap()),
        spool: spool.to_owned(),
    }
}

#[tokio::test]
#[ignore = "runs as a child process"]
async fn the_suite() {
    if lake("").is_none() {
        return;
    }
    let spools = TempDir::new().unwrap();
    conformance::run_all(async |property| {
        let spool = spools.path().join(property);
        std::fs::create_dir(&spool).unwrap();
        subject(&format!("suite/{property}"), &spool)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs as a child process"]
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
                let days = Some(DayRange::single(day));
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
    let subject = subject("writers", spool.path());
    table.assert_holds(&subject, &expected).await;
}

#[tokio::test]
#[ignore = "runs as a child process"]
async fn a_refused_key() {
    let Some(lake) = lake("refused") else {
        return;
    };
    let said = |name: &str| std::env::var(name).unwrap();
    let error = lake.check().await.unwrap_err();
    assert!(
        matches!(error, DestinationError::Unavailable { .. }),
        "{error}"
    );
    let text = format!("{error} {}", error.hint().unwrap());
    assert!(text.contains(&said(CODE)), "{text}");
    assert!(text.contains(&said(VARIABLE)), "{text}");
    assert!(!text.contains(&said(SECRET)), "{text}");
    assert!(!text.contains('<'), "no page of XML: {text}");
    assert!(!format!("{lake:?}").contains(&said(SECRET)));
}
