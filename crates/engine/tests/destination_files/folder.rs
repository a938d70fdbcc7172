//! What is particular to files: how they look, when they change, and that they catch up after a crash.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use criteo_engine::destination::conformance::Subject;
use criteo_engine::destination::conformance::fixture::{Row, Table, column, january};
use criteo_engine::destination::files::{FileFolder, Format};
use criteo_engine::destination::{Destination, DestinationError};
use criteo_engine::schema::FieldType;
use tempfile::TempDir;

use crate::files_in;
use crate::reader::{ask, files_of};

fn subject(folder: &Path, destination: &FileFolder) -> Subject {
    Subject {
        destination: Arc::new(destination.clone()),
        spool: folder.to_owned(),
    }
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join("out").join(name)).unwrap()
}

#[tokio::test]
async fn a_day_is_a_file_that_anybody_can_read() {
    let folder = TempDir::new().unwrap();
    for format in [Format::Csv, Format::Jsonl] {
        let place = folder.path().join(format.extension());
        fs::create_dir(&place).unwrap();
        let destination = files_in(&place, format);
        let subject = subject(&place, &destination);
        let table = Table::report();
        table.prepare(&subject).await.unwrap();
        let days = january(1, 3);
        let rows = [
            Row {
                label: None,
                cost: Some(1_500_000_001),
                ..Row::of_day("2", days.first, "", 3)
            },
            Row {
                clicks: None,
                ..Row::of_day("1", days.first, "", 0)
            },
            Row::of_day("1", days.last, "a \"b\", c\nd", -4),
        ];
        let window = table.window(&place, Some(days), &["1", "2"], &rows);
        destination.load_window(&window).await.unwrap();

        // In an order of their own, and none for the day without rows.
        let names: Vec<_> = files_of(&place.join("out/conformance"))
            .iter()
            .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["2026-01-01", "2026-01-03"]);
        let extension = format.extension();
        let first = text(&place, &format!("conformance/2026-01-01.{extension}"));
        let last = text(&place, &format!("conformance/2026-01-03.{extension}"));
        match format {
            Format::Csv => {
                assert_eq!(
                    first,
                    "advertiser_id,day,label,clicks,cost\n\
                     1,2026-01-01,\"\",,0.000000000\n\
                     2,2026-01-01,,3,1.500000001\n"
                );
                assert_eq!(
                    last,
                    "advertiser_id,day,label,clicks,cost\n\
                     1,2026-01-03,\"a \"\"b\"\", c\nd\",-4,0.000000000\n"
                );
            }
            Format::Jsonl => {
                assert_eq!(
                    first,
                    "{\"advertiser_id\":\"1\",\"day\":\"2026-01-01\",\"label\":\"\",\"clicks\":null,\
                     \"cost\":\"0.000000000\"}\n\
                     {\"advertiser_id\":\"2\",\"day\":\"2026-01-01\",\"label\":null,\"clicks\":3,\
                     \"cost\":\"1.500000001\"}\n"
                );
                assert_eq!(
                    last,
                    "{\"advertiser_id\":\"1\",\"day\":\"2026-01-03\",\"label\":\"a \\\"b\\\", c\\nd\",\"clicks\":-4,\
                     \"cost\":\"0.000000000\"}\n"
                );
            }
        }
    }
}

#[tokio::test]
async fn only_files_whose_rows_changed_are_written() {
    let folder = TempDir::new().unwrap();
    let destination = files_in(folder.path(), Format::Csv);
    let subject = subject(folder.path(), &destination);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 2);
    let mut rows = [
        Row::of_day("1", days.first, "a", 1),
        Row::of_day("1", days.last, "b", 2),
    ];
    let window = table.window(folder.path(), Some(days), &["1"], &rows);
    destination.load_window(&window).await.unwrap();
    let identities = || {
        files_of(&folder.path().join("out/conformance"))
            .into_iter()
            .map(|file| identity(&file))
            .collect::<Vec<_>>()
    };
    let before = identities();
    rows[1].clicks = Some(3);
    let window = table.window(folder.path(), Some(days), &["1"], &rows);
    destination.load_window(&window).await.unwrap();
    let after = identities();
    assert_eq!(
        before[0], after[0],
        "a file that did not change was written"
    );
    assert_ne!(
        before[1], after[1],
        "a file was changed in place, where a reader may be half way through"
    );
    assert!(text(folder.path(), "conformance/2026-01-02.csv").contains("b,3,"));
}

/// What tells a replaced file from one that was changed in place.
#[cfg(unix)]
fn identity(file: &Path) -> (u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    let facts = fs::metadata(file).unwrap();
    (facts.ino(), facts.mtime(), facts.mtime_nsec())
}

/// A process that dies after the commit leaves old files; so does somebody who edits, empties or deletes them.
#[tokio::test]
async fn files_that_are_behind_catch_up() {
    let folder = TempDir::new().unwrap();
    let table = Table::report();
    let days = january(1, 3);
    let row = |day, label: &str| Row::of_day("1", day, label, 1);
    {
        let destination = files_in(folder.path(), Format::Csv);
        let subject = subject(folder.path(), &destination);
        table.prepare(&subject).await.unwrap();
        let rows: Vec<Row> = days.iter().map(|day| row(day, "old")).collect();
        let window = table.window(folder.path(), Some(days), &["1"], &rows);
        destination.load_window(&window).await.unwrap();
    }
    let files = folder.path().join("out/conformance");
    let published: Vec<Vec<u8>> = files_of(&files)
        .iter()
        .map(|file| fs::read(file).unwrap())
        .collect();
    let manifest = folder.path().join("out/_criteo/conformance.json");
    let old_manifest = fs::read(&manifest).unwrap();
    let new_rows = [row(days.first, "new"), row(days.last, "new")];
    {
        let destination = files_in(folder.path(), Format::Csv);
        let window = table.window(folder.path(), Some(days), &["1"], &new_rows);
        destination.load_window(&window).await.unwrap();
    }
    let expected: Vec<_> = files_of(&files)
        .iter()
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect();
    assert_eq!(expected.len(), 2);
    // As a process that died right after the commit would have left it: the first file not written, the second not
    // removed, the third only begun; and the manifest that of before.
    for (day, content) in days.iter().zip(&published) {
        fs::write(files.join(format!("{day}.csv")), content).unwrap();
    }
    fs::write(files.join("2026-01-03.csv.partial"), "advertiser_id,day,la").unwrap();
    fs::write(&manifest, old_manifest).unwrap();

    let destination = files_in(folder.path(), Format::Csv);
    table
        .prepare(&subject(folder.path(), &destination))
        .await
        .unwrap();
    let found: Vec<_> = files_of(&files)
        .iter()
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect();
    assert_eq!(found, expected);

    fs::remove_file(&expected[0].0).unwrap();
    fs::write(&expected[1].0, "edited").unwrap();
    table
        .prepare(&subject(folder.path(), &destination))
        .await
        .unwrap();
    for (file, content) in expected {
        assert_eq!(fs::read(file).unwrap(), content);
    }
}

/// Whoever puts the files together must not find values under another column's name.
#[tokio::test]
async fn an_added_column_reaches_every_file() {
    let folder = TempDir::new().unwrap();
    let destination = files_in(folder.path(), Format::Csv);
    let subject = subject(folder.path(), &destination);
    let mut table = Table::report();
    table.prepare(&subject).await.unwrap();
    let days = january(1, 2);
    let rows: Vec<Row> = days
        .iter()
        .map(|day| Row::of_day("1", day, "a", 1))
        .collect();
    let window = table.window(folder.path(), Some(days), &["1"], &rows);
    destination.load_window(&window).await.unwrap();
    table
        .schema
        .columns
        .insert(2, column("added", FieldType::Integer));
    table.prepare(&subject).await.unwrap();
    for day in days.iter() {
        assert_eq!(
            text(folder.path(), &format!("conformance/{day}.csv")),
            format!("advertiser_id,day,label,clicks,cost,added\n1,{day},a,1,0.000000000,\n")
        );
    }
}

#[tokio::test]
async fn entities_are_one_file_even_when_there_are_none() {
    let folder = TempDir::new().unwrap();
    let destination = files_in(folder.path(), Format::Csv);
    let subject = subject(folder.path(), &destination);
    let table = Table::entities();
    table.prepare(&subject).await.unwrap();
    let window = table.window(folder.path(), None, &["1"], &[]);
    destination.load_window(&window).await.unwrap();
    assert_eq!(
        text(folder.path(), "conformance.csv"),
        "advertiser_id,label,clicks,cost\n"
    );
}

#[tokio::test]
async fn somebody_elses_files_are_left_alone() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("out/conformance")).unwrap();
    let theirs = folder.path().join("out/conformance/2026-01-01.csv");
    fs::write(&theirs, "theirs").unwrap();
    let destination = files_in(folder.path(), Format::Csv);
    let refusal = Table::report()
        .prepare(&subject(folder.path(), &destination))
        .await
        .unwrap_err();
    assert!(
        matches!(refusal, DestinationError::ForeignTable { .. }),
        "{refusal:?}"
    );
    assert_eq!(fs::read_to_string(theirs).unwrap(), "theirs");
}

#[tokio::test]
async fn forgetting_removes_the_files_and_only_those() {
    let folder = TempDir::new().unwrap();
    let destination = files_in(folder.path(), Format::Csv);
    let subject = subject(folder.path(), &destination);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let day = january(1, 1);
    let window = table.window(
        folder.path(),
        Some(day),
        &["1"],
        &[Row::of_day("1", day.first, "a", 1)],
    );
    destination.load_window(&window).await.unwrap();
    let notes = folder.path().join("out/conformance/notes.txt");
    fs::write(&notes, "mine").unwrap();
    destination.forget("conformance").await.unwrap();
    assert_eq!(files_of(&folder.path().join("out/conformance")), [notes]);
}

/// Trying leaves no trace, and a folder that cannot be made is refused in words.
#[tokio::test]
async fn a_check_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    files_in(folder.path(), Format::Csv).check().await.unwrap();
    assert!(files_of(folder.path()).is_empty());

    let refusal = files_in(&folder.path().join("absent"), Format::Csv)
        .check()
        .await
        .unwrap_err();
    assert!(
        refusal.to_string().contains("there is no folder"),
        "{refusal}"
    );
    fs::write(folder.path().join("out"), "a file").unwrap();
    let refusal = files_in(folder.path(), Format::Csv)
        .check()
        .await
        .unwrap_err();
    assert!(
        refusal.hint().unwrap().contains("`destination.path`"),
        "{refusal}"
    );
}

/// A file that cannot be replaced fails the window's load; the rows are safe, and the file follows.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_cannot_be_written_follows_later() {
    let folder = TempDir::new().unwrap();
    let destination = files_in(folder.path(), Format::Csv);
    let subject = subject(folder.path(), &destination);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let day = january(1, 1);
    let load = |label| {
        table.window(
            folder.path(),
            Some(day),
            &["1"],
            &[Row::of_day("1", day.first, label, 1)],
        )
    };
    destination.load_window(&load("old")).await.unwrap();
    // A folder in the place of the temporary file: the tests may run as root, whom permissions do not stop.
    let obstacle = folder.path().join("out/conformance/2026-01-01.csv.partial");
    fs::create_dir(&obstacle).unwrap();
    let window = load("new");
    let refusal = destination.load_window(&window).await.unwrap_err();
    assert!(
        refusal.hint().unwrap().contains("Nothing is lost"),
        "{refusal}"
    );
    assert!(text(folder.path(), "conformance/2026-01-01.csv").contains(",old,"));
    fs::remove_dir(&obstacle).unwrap();
    destination.load_window(&window).await.unwrap();
    let answer = ask(&folder.path().join("out"), "SELECT label FROM conformance");
    assert_eq!(answer.rows, [[Some("new".to_owned())]]);
}
