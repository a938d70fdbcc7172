//! A ledger that an older program made gains what it lacks, and loses nothing.

use criteo_engine::destination::conformance::fixture::{Row, Table, january, rows_of};
use tempfile::TempDir;

use crate::server::server;
use crate::{another_process, finish_a_run, subject_in};

#[tokio::test]
async fn an_older_ledger_gains_what_it_lacks() {
    let Some(server) = server() else { return };
    let folder = TempDir::new().unwrap();
    let subject = subject_in(server, "older", folder.path()).await;
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 1);
    let rows = [Row::of_day("1", days.first, "row", 1)];
    let window = table.window(folder.path(), Some(days), &["1"], &rows);
    subject.destination.load_window(&window).await.unwrap();
    // What came after the first layout.
    server
        .execute("ALTER TABLE older._criteo_meta DELETE WHERE key = 'ledger_layout' SETTINGS mutations_sync = 2")
        .await;
    let first_version = "ALTER TABLE older._criteo_meta UPDATE value = '1' WHERE key = 'ledger_version' SETTINGS mutations_sync = 2";
    server.execute(first_version).await;
    let version =
        "SELECT max(toUInt32(value)) FROM older._criteo_meta WHERE key = 'ledger_version'";
    assert_eq!(server.lines(version).await, ["1"]);
    let later = "SELECT concat(if(engine = 'View', 'VIEW ', 'TABLE '), name) FROM system.tables \
                 WHERE database = 'older' AND name IN ('_criteo_drops', '_criteo_base_drops', '_criteo_base_commits', \
                 '_criteo_changes', '_criteo_base_changes', '_criteo_maturation', '_criteo_histories', \
                 '_criteo_base_histories', '_criteo_coverage', '_criteo_freshness', '_criteo_loss', '_criteo_cost') ORDER BY engine != 'View'";
    for line in server.lines(later).await {
        let (kind, name) = line.split_once(' ').unwrap();
        server
            .execute(&format!("DROP {kind} older.{name} SYNC"))
            .await;
    }

    // Whoever only looks changes nothing.
    let reader = another_process(server, "older", folder.path());
    let entries = reader.destination.windows("conformance").await.unwrap();
    assert_eq!(entries, std::slice::from_ref(&window.entry));
    let maturation = reader.destination.maturation("conformance").await;
    assert_eq!(maturation.unwrap(), []);
    assert_eq!(server.lines(later).await, [] as [String; 0]);

    let writer = another_process(server, "older", folder.path());
    table.prepare(&writer).await.unwrap();
    assert!(!server.lines(later).await.is_empty());
    // An older program, which would misread what is written now, has to refuse it.
    assert_eq!(server.lines(version).await, ["2"]);
    table.assert_holds(&writer, &rows).await;
    let again = table.window(folder.path(), Some(days), &["1"], &[]);
    writer.destination.load_window(&again).await.unwrap();
    finish_a_run(&writer).await;
    table.assert_holds(&writer, &[]).await;
    let drops = rows_of(&writer, "SELECT rows FROM _criteo_drops").await;
    assert_eq!(drops, [] as [Vec<Option<String>>; 0]);

    // One that lacks nothing else gains the version.
    server.execute(first_version).await;
    let writer = another_process(server, "older", folder.path());
    table.prepare(&writer).await.unwrap();
    assert_eq!(server.lines(version).await, ["2"]);
}
