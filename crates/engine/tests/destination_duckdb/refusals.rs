//! Files and tables that cannot be used: what is said, what to do, and that nothing was touched.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use criteo_engine::destination::conformance::Subject;
use criteo_engine::destination::conformance::fixture::{Row, Table, january, write_parquet};
use criteo_engine::destination::duckdb::{DuckDb, DuckDbOptions};
use criteo_engine::destination::{Destination, DestinationError};
use duckdb::Connection;
use tempfile::TempDir;

use crate::{file_in, subject_in};

/// Tells a child process where to work; without it the children do nothing.
const FOLDER_VARIABLE: &str = "CRITEO_TEST_REFUSAL_FOLDER";

/// Fails unless `refusal` says that the destination cannot be opened, in these words and with this hint.
fn assert_unavailable(refusal: &DestinationError, words: &str, hint: &str) {
    assert!(
        matches!(refusal, DestinationError::Unavailable { .. }),
        "{refusal:?}"
    );
    let text = refusal.to_string();
    assert!(text.contains(words), "'{text}' does not say '{words}'");
    let found = refusal.hint().unwrap_or_default();
    assert!(
        found.contains(hint),
        "the hint '{found}' does not say '{hint}'"
    );
}

async fn refusal_of(options: DuckDbOptions) -> DestinationError {
    let destination = DuckDb::new(options);
    let by_writing = Table::report()
        .prepare(&Subject {
            destination: std::sync::Arc::new(destination.clone()),
            spool: PathBuf::new(),
        })
        .await
        .unwrap_err();
    let by_checking = destination.check().await.unwrap_err();
    assert_eq!(
        by_checking.hint(),
        by_writing.hint(),
        "check has to find what writing would"
    );
    by_writing
}

/// Runs one of the ignored tests below as a process of its own.
fn child(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(FOLDER_VARIABLE, folder);
    command
}

#[tokio::test]
async fn a_file_that_another_process_has_open() {
    let folder = TempDir::new().unwrap();
    let mut holder = Killed(
        child("refusals::holds_the_file", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(holder.0.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("holding")));

    let refusal = refusal_of(DuckDbOptions::new(file_in(folder.path()))).await;
    assert_unavailable(
        &refusal,
        "another run of destination_duckdb",
        "Wait until that one has ended",
    );
    assert!(
        refusal.to_string().contains(&holder.0.id().to_string()),
        "{refusal}"
    );

    drop(holder);
    Table::report()
        .prepare(&subject_in(folder.path()))
        .await
        .unwrap();
}

/// Ends the process even when the test fails before it would.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "runs as a child process of the test above"]
fn holds_the_file() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
        return;
    };
    let _connection = Connection::open(file_in(Path::new(&folder))).unwrap();
    println!("\nholding");
    // Until the test above is done with it.
    let _ = std::io::stdin().read(&mut [0]);
}

#[tokio::test]
async fn a_file_that_this_process_has_open() {
    let folder = TempDir::new().unwrap();
    let subject = subject_in(folder.path());
    Table::report().prepare(&subject).await.unwrap();
    for _ in 0..2 {
        let refusal = refusal_of(DuckDbOptions::new(file_in(folder.path()))).await;
        assert_unavailable(&refusal, "this process has it open", "may not share a file");
    }
    drop(subject);
    Table::report()
        .prepare(&subject_in(folder.path()))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_of_a_newer_duckdb() {
    let folder = TempDir::new().unwrap();
    let file = file_in(folder.path());
    drop(Connection::open(&file).unwrap());
    raise_storage_version(&file);
    let before = std::fs::read(&file).unwrap();
    let refusal = refusal_of(DuckDbOptions::new(&file)).await;
    assert_unavailable(&refusal, "newer DuckDB", "another file");
    assert!(std::fs::read(&file).unwrap() == before);
}

/// Writes the storage version of DuckDB 2.0 into the main header: a checksum, the letters `DUCK`, the version.
fn raise_storage_version(file: &Path) {
    const HEADER_LENGTH: usize = 4096;
    const STORAGE_VERSION_2_0: u64 = 69;
    let mut bytes = std::fs::read(file).unwrap();
    assert_eq!(&bytes[8..12], b"DUCK");
    bytes[12..20].copy_from_slice(&STORAGE_VERSION_2_0.to_le_bytes());
    let checksum = bytes[8..HEADER_LENGTH]
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes(word.try_into().unwrap()))
        .fold(5_381, |sum, word| {
            sum ^ word.wrapping_mul(0xbf58_476d_1ce4_e5b9)
        });
    bytes[..8].copy_from_slice(&checksum.to_le_bytes());
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database() {
    let folder = TempDir::new().unwrap();
    for content in [
        "advertiser_id,day\n".repeat(2_000).into_bytes(),
        Vec::new(),
        // DuckDB would download an extension to open this.
        [b"SQLite format 3\0".to_vec(), vec![0; 8_192]].concat(),
    ] {
        // DuckDB would open a file called .csv as a view in memory.
        for name in ["criteo.duckdb", "report.csv"] {
            let file = folder.path().join(name);
            std::fs::write(&file, &content).unwrap();
            let refusal = refusal_of(DuckDbOptions::new(&file)).await;
            assert_unavailable(&refusal, "not a DuckDB database", "`destination.path`");
            assert!(
                std::fs::read(&file).unwrap() == content,
                "the file was changed"
            );
        }
    }
}

#[tokio::test]
async fn a_path_that_cannot_be_a_file() {
    let folder = TempDir::new().unwrap();
    let absent = folder.path().join("absent");
    let refusal = refusal_of(DuckDbOptions::new(file_in(&absent))).await;
    assert_unavailable(&refusal, "there is no folder", "Create the folder");
    assert!(refusal.to_string().contains("absent"));
    assert!(!absent.exists());

    let refusal = refusal_of(DuckDbOptions::new(folder.path())).await;
    assert_unavailable(&refusal, "it is a folder", "criteo.duckdb");

    let refusal = refusal_of(DuckDbOptions::new(folder.path().join("what?.duckdb"))).await;
    assert_unavailable(&refusal, "question mark", "`destination.path`");
}

#[tokio::test]
async fn a_damaged_file() {
    let folder = TempDir::new().unwrap();
    let file = file_in(folder.path());
    drop(Connection::open(&file).unwrap());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refusal = refusal_of(DuckDbOptions::new(&file)).await;
    assert_unavailable(
        &refusal,
        "Corrupt database file",
        "Restore the file from a backup",
    );
}

#[tokio::test]
async fn a_memory_limit_that_is_none() {
    let folder = TempDir::new().unwrap();
    for nonsense in ["lots", "5 bananas"] {
        let refusal = refusal_of(DuckDbOptions {
            memory_limit: Some(nonsense.to_owned()),
            ..DuckDbOptions::new(file_in(folder.path()))
        })
        .await;
        assert_unavailable(&refusal, nonsense, "`destination.memory_limit`");
    }
}

#[tokio::test]
async fn a_ledger_of_a_later_version() {
    let folder = TempDir::new().unwrap();
    Table::report()
        .prepare(&subject_in(folder.path()))
        .await
        .unwrap();
    Connection::open(file_in(folder.path()))
        .unwrap()
        .execute_batch("UPDATE _criteo_meta SET value = '2' WHERE key = 'ledger_version'")
        .unwrap();
    let refusal = refusal_of(DuckDbOptions::new(file_in(folder.path()))).await;
    assert_unavailable(&refusal, "its ledger has version 2", "newest version");
    let reading = subject_in(folder.path())
        .destination
        .runs(1)
        .await
        .unwrap_err();
    assert_unavailable(&reading, "its ledger has version 2", "newest version");
}

#[tokio::test]
async fn a_table_that_somebody_else_made() {
    let folder = TempDir::new().unwrap();
    for object in ["TABLE", "VIEW"] {
        let file = folder.path().join(format!("{object}.duckdb"));
        Connection::open(&file)
            .unwrap()
            .execute_batch(&format!(
                "CREATE {object} Conformance AS SELECT 'theirs' AS advertiser_id"
            ))
            .unwrap();
        let subject = Subject {
            destination: std::sync::Arc::new(DuckDb::new(DuckDbOptions::new(&file))),
            spool: folder.path().to_owned(),
        };
        let table = Table::report();
        let refusal = table.prepare(&subject).await.unwrap_err();
        assert!(
            matches!(refusal, DestinationError::ForeignTable { .. }),
            "{refusal:?}"
        );
        assert!(refusal.to_string().contains("'conformance'"));
        assert!(refusal.hint().unwrap().contains("another table name"));

        let days = january(1, 1);
        let rows = [Row::of_day("1", days.first, "a", 1)];
        let window = table.window(&subject.spool, Some(days), &["1"], &rows);
        let refusal = subject.destination.load_window(&window).await.unwrap_err();
        assert!(
            refusal.to_string().contains("was not prepared"),
            "{refusal}"
        );
        let kept = subject.destination.query("FROM conformance").await.unwrap();
        assert_eq!(kept.rows, [[Some("theirs".to_owned())]]);
    }
}

#[tokio::test]
async fn a_table_name_of_the_ledger() {
    let folder = TempDir::new().unwrap();
    let refusal = Table::report()
        .named("_Criteo_Windows")
        .prepare(&subject_in(folder.path()))
        .await
        .unwrap_err();
    assert!(
        refusal.to_string().contains("belong to the ledger"),
        "{refusal}"
    );
}

/// A disk cannot be filled in a test, but a process may be allowed no more than so many bytes in a file, which
/// fails at the same place and in the same way.
#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_leaves_the_window_as_it_was() {
    let folder = TempDir::new().unwrap();
    let command = child("refusals::loads_more_than_fits", folder.path());
    let arguments: Vec<_> = command.get_args().collect();
    let output = Command::new("sh")
        // In blocks of 512 bytes, and without being killed for the attempt.
        .args(["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(arguments)
        .env(FOLDER_VARIABLE, folder.path())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(printed.contains("refused as expected"), "{printed}");

    let subject = subject_in(folder.path());
    Table::report().assert_holds(&subject, &[small_row()]).await;
    let windows = subject.destination.windows("conformance").await.unwrap();
    assert_eq!(windows.len(), 1);
}

/// A disk that fails is not played here, but the same error is: the log beside the file cannot be opened.
#[tokio::test]
async fn a_log_that_cannot_be_written_is_no_fault_of_the_rows() {
    let folder = TempDir::new().unwrap();
    let table = Table::report();
    table.prepare(&subject_in(folder.path())).await.unwrap();
    let subject = subject_in(folder.path());
    let log = folder.path().join(format!(
        "{}.wal",
        file_in(folder.path())
            .file_name()
            .unwrap()
            .to_string_lossy()
    ));
    // Opened, and nothing written yet.
    subject.destination.windows("conformance").await.unwrap();
    assert!(!log.exists());
    std::fs::create_dir(&log).unwrap();
    let days = Some(january(1, 1));
    let window = table.window(&subject.spool, days, &["1"], &[small_row()]);
    let refusal = subject.destination.load_window(&window).await.unwrap_err();
    assert_unavailable(&refusal, "loading a window", "waits in the spool");
    drop(subject);
    std::fs::remove_dir(&log).unwrap();

    let subject = subject_in(folder.path());
    table.assert_holds(&subject, &[]).await;
    subject.destination.load_window(&window).await.unwrap();
    table.assert_holds(&subject, &[small_row()]).await;
}

fn small_row() -> Row {
    Row::of_day("1", january(1, 1).first, "fits", 1)
}

#[cfg(unix)]
#[tokio::test]
#[ignore = "runs as a child process of the test above, with a limit on the size of files"]
async fn loads_more_than_fits() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from) else {
        return;
    };
    let subject = subject_in(&folder);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = Some(january(1, 1));
    let small = table.window(&folder, days, &["1"], &[small_row()]);
    subject.destination.load_window(&small).await.unwrap();

    let mut rows = Vec::new();
    for number in 0_u64..120_000 {
        // Multiplied out, the labels hardly compress.
        let noise = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        rows.push(Row::of_day(
            "1",
            january(1, 1).first,
            &format!("{noise:032x}"),
            1,
        ));
    }
    let mut large = table.load(table.entry(days, &["1"], &rows), Vec::new());
    // The files of the window have to stay below the limit themselves.
    for (number, part) in rows.chunks(30_000).enumerate() {
        let file = folder.join(format!("part {number}.parquet"));
        write_parquet(&file, &table.batch(part));
        large.files.push(file);
    }
    for _ in 0..2 {
        let refusal = subject.destination.load_window(&large).await.unwrap_err();
        assert!(
            matches!(refusal, DestinationError::Exhausted { .. }),
            "{refusal:?}"
        );
        assert!(refusal.to_string().contains("File too large"), "{refusal}");
        assert!(refusal.hint().unwrap().contains("Free disk space"));
        table.assert_holds(&subject, &[small_row()]).await;
    }
    println!("\nrefused as expected");
}
