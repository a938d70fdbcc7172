//! The built command into ClickHouse: the same rows as in the DuckDB file that is held against the truth, also after a
//! restatement, and sums that agree with Criteo's.

use std::path::Path;

use criteo_engine::config::Config;
use tokio::runtime::Runtime;

use crate::files::assert_same_rows;
use crate::server::{PASSWORD, Server, USER, server};
use crate::support::{Stage, small_world};

const STREAMS: [&str; 6] = [
    "statistics",
    "placements",
    "transactions",
    "transparency",
    "campaigns",
    "by_device",
];
const DATABASE: &str = "end_to_end";

/// How DuckDB reads what ClickHouse writes as CSV.
const CSV: &str = "FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR '\\N', \
                   ALLOW_QUOTED_NULLS false, AUTO_DETECT false";

/// A second configuration beside the stage's own, for the same streams.
pub(crate) fn configure(stage: &Stage, server: &Server, database: &str) {
    let text = std::fs::read_to_string(stage.folder().join("criteo.toml")).unwrap();
    let mut file: toml::Table = text.parse().unwrap();
    let mut section = toml::Table::new();
    for (key, value) in [
        ("type", "clickhouse"),
        ("url", &server.url),
        ("database", database),
        ("user", USER),
    ] {
        section.insert(key.to_owned(), value.into());
    }
    file.insert("destination".to_owned(), section.into());
    let text = toml::to_string(&file).unwrap();
    Config::parse(&text, "clickhouse.toml").unwrap();
    std::fs::write(stage.folder().join("clickhouse.toml"), text).unwrap();
}

/// Runs the command with that configuration.
pub(crate) fn criteo(stage: &Stage, arguments: &[&str], code: i32) -> String {
    let output = stage
        .command()
        .env("CRITEO_DESTINATION_PASSWORD", PASSWORD)
        .args(["--config", "clickhouse.toml"])
        .args(arguments)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {words}");
    assert!(!words.contains(PASSWORD), "the password was printed");
    String::from_utf8(output.stdout).unwrap()
}

fn compare(
    stage: &Stage,
    server: &Server,
    runtime: &Runtime,
    folder: &Path,
    (database, streams): (&str, &[&str]),
) {
    for stream in streams {
        let query = format!(
            "SELECT * FROM {database}.{stream} SETTINGS output_format_decimal_trailing_zeros = 1 FORMAT CSVWithNames"
        );
        let text = runtime.block_on(server.lines(&query)).join("\n") + "\n";
        let file = folder.join(format!("{stream}.csv"));
        std::fs::write(&file, text).unwrap();
        assert_same_rows(&stage.database_file(), stream, file.to_str().unwrap(), CSV);
    }
}

#[test]
fn a_database_holds_the_truth_and_catches_up_with_it() {
    let Some(server) = server() else { return };
    let runtime = Runtime::new().unwrap();
    runtime.block_on(server.create_database(DATABASE));
    let mut stage = small_world::stage();
    configure(&stage, server, DATABASE);
    let copies = tempfile::tempdir().unwrap();
    criteo(&stage, &["check"], 0);
    for round in 0..2 {
        stage.sync();
        stage.assert_equals_truth();
        criteo(&stage, &["sync"], 0);
        compare(
            &stage,
            server,
            &runtime,
            copies.path(),
            (DATABASE, &STREAMS),
        );
        if round == 0 {
            stage.advance_days(1);
        }
    }
    let verified = criteo(
        &stage,
        &["verify", "-s", "statistics", "-s", "by_device"],
        0,
    );
    assert!(verified.contains("statistics"), "{verified}");
    let status: serde_json::Value =
        serde_json::from_str(&criteo(&stage, &["status", "--json"], 0)).unwrap();
    assert_eq!(status["last_run"]["outcome"], "complete");
}

/// The manifests of windows that were read and not loaded.
fn waiting(stage: &Stage) -> Vec<String> {
    let spools = std::fs::read_dir(stage.folder()).unwrap();
    let spools: Vec<_> = spools
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .contains("clickhouse-")
        })
        .collect();
    assert_eq!(spools.len(), 1, "{spools:?}");
    let mut manifests: Vec<String> = std::fs::read_dir(&spools[0])
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    manifests.sort();
    manifests
}

/// A server that cannot be reached behind its gateway costs no window that was read: neither in the run that read it, nor
/// in the next one, which begins with what waits.
#[test]
fn what_was_read_waits_for_a_server_that_does_not_answer() {
    let Some(server) = server() else { return };
    let runtime = Runtime::new().unwrap();
    let database = "behind_a_gateway";
    runtime.block_on(server.create_database(database));
    let mut stage = small_world::stage();
    configure(&stage, server, database);
    let stop = || {
        runtime.block_on(server.fail(database, "FORMAT Parquet", "gateway"));
        criteo(&stage, &["sync", "-s", "statistics"], 1);
        (waiting(&stage), stage.calls("GetAdsetReport"))
    };
    let (waits, calls) = stop();
    assert!(
        !waits.is_empty() && calls > 0,
        "{waits:?} after {calls} calls"
    );
    assert_eq!(stop(), (waits, calls), "what waits is tried first");
    criteo(&stage, &["sync", "-s", "statistics"], 0);
    assert_eq!(waiting(&stage), [] as [String; 0]);
    stage.sync();
    let copies = tempfile::tempdir().unwrap();
    compare(
        &stage,
        server,
        &runtime,
        copies.path(),
        (database, &["statistics"]),
    );
}
