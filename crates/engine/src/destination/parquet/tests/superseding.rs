//! What goes and what stays when windows overlap, and how files look.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, LogicalType, Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use tempfile::TempDir;

use super::{assert_holds, lake_in, prepared, subject};
use crate::calendar::DayRange;
use crate::destination::Destination;
use crate::destination::conformance::fixture::{Row, Table, column, january};
use crate::schema::FieldType;

/// Every file below `folder`.
pub(super) fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path);
            }
        }
    }
    files
}

/// Any sequence of overlapping windows leaves what a plain list of rows would hold: delete the scope, add the rows.
#[tokio::test]
async fn any_overlap_leaves_the_rows_that_a_table_would_hold() {
    let seed: u64 = std::env::var("CRITEO_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(7);
    println!("CRITEO_TEST_SEED={seed}");
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let mut model: Vec<Row> = Vec::new();
    let mut number = seed;
    let mut chance = move |below: u64| {
        // The constants of Knuth's MMIX; the upper bits are the random ones.
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (number >> 33) % below
    };
    for round in 0..60 {
        let first = 1 + i8::try_from(chance(8)).unwrap();
        let days = january(first, first + i8::try_from(chance(4)).unwrap());
        let ids: Vec<String> = ["1", "2", "3", "4"]
            .into_iter()
            .filter(|_| chance(2) == 0)
            .map(str::to_owned)
            .collect();
        if ids.is_empty() {
            continue;
        }
        let mut rows = Vec::new();
        for day in days.iter() {
            for id in &ids {
                for _ in 0..chance(3) {
                    rows.push(Row::of_day(id, day, &format!("round {round}"), 1));
                }
            }
        }
        let names: Vec<&str> = ids.iter().map(String::as_str).collect();
        let load = table.window(folder.path(), Some(days), &names, &rows);
        lake.load_window(&load).await.unwrap();
        model.retain(|row| {
            !(ids.contains(&row.advertiser_id) && row.day.is_some_and(|day| days.contains(day)))
        });
        model.extend(rows);
        table
            .assert_holds(&subject(folder.path(), &lake), &model)
            .await;
    }
    let entries = lake.windows("conformance").await.unwrap();
    assert_holds(folder.path(), &table, &model, &entries).await;
}

#[tokio::test]
async fn rows_lie_in_folders_by_day_sorted_and_in_types_of_parquet() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let days = january(30, 31);
    let rows = [
        Row::of_day("2", days.last, "b", 1),
        Row::of_day("2", days.first, "x", 2),
        Row::of_day("1", days.last, "z", 3),
        Row::of_day("2", days.last, "a", 4),
    ];
    let load = table.window(folder.path(), Some(days), &["1", "2"], &rows);
    lake.load_window(&load).await.unwrap();
    let data = folder.path().join("lake/data");
    let files = files_below(&data);
    let folders: Vec<_> = files
        .iter()
        .map(|file| {
            file.parent()
                .unwrap()
                .strip_prefix(&data)
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        folders,
        [
            PathBuf::from("stream=conformance/day=2026-01-30"),
            PathBuf::from("stream=conformance/day=2026-01-31"),
        ]
    );
    let last = files.last().unwrap();
    let name = last.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&load.entry.window_id), "{name}");

    let opened = std::fs::File::open(last).unwrap();
    let batches: Vec<_> = ParquetRecordBatchReaderBuilder::try_new(opened)
        .unwrap()
        .build()
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let sorted = [rows[2].clone(), rows[3].clone(), rows[0].clone()];
    assert_eq!(batches, [table.batch(&sorted)]);

    let reader = SerializedFileReader::new(std::fs::File::open(last).unwrap()).unwrap();
    let metadata = reader.metadata();
    assert!(
        metadata.file_metadata().key_value_metadata().is_none(),
        "nothing of Arrow is in the footer"
    );
    let chunk = metadata.row_group(0).column(0);
    assert!(matches!(chunk.compression(), Compression::ZSTD(_)));
    let described = metadata.file_metadata().schema_descr();
    let money = described.column(4);
    assert_eq!(money.physical_type(), Type::FIXED_LEN_BYTE_ARRAY);
    assert!(matches!(
        money.logical_type_ref(),
        Some(LogicalType::Decimal {
            scale: 9,
            precision: 38
        })
    ));
    assert!(matches!(
        described.column(1).logical_type_ref(),
        Some(LogicalType::Date)
    ));
}

/// Rows of a weekly report lie by month, also a week that begins in one month and ends in the next.
#[tokio::test]
async fn coarse_reports_lie_in_folders_by_month() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let mut table = Table::report();
    table.stream.grain = vec!["AdvertiserId".to_owned(), "Week".to_owned()];
    lake.prepare(&table.schema, &table.stream).await.unwrap();
    let day = |text: &str| text.parse().unwrap();
    let days = DayRange::new(day("2026-01-19"), day("2026-02-08")).unwrap();
    let rows: Vec<Row> = ["2026-01-19", "2026-01-26", "2026-02-02"]
        .map(|first| Row::of_day("1", day(first), "week", 1))
        .to_vec();
    let load = table.window(folder.path(), Some(days), &["1"], &rows);
    lake.load_window(&load).await.unwrap();
    let data = folder.path().join("lake/data/stream=conformance");
    let mut folders: Vec<_> = std::fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, ["month=2026-01-01", "month=2026-02-01"]);

    // One week is read again: the file of its month is split.
    let week = DayRange::new(day("2026-01-26"), day("2026-02-01")).unwrap();
    let newer = [Row::of_day("1", day("2026-01-26"), "again", 2)];
    let load = table.window(folder.path(), Some(week), &["1"], &newer);
    lake.load_window(&load).await.unwrap();
    let expected = [rows[0].clone(), newer[0].clone(), rows[2].clone()];
    table
        .assert_holds(&subject(folder.path(), &lake), &expected)
        .await;
}

/// A file keeps the columns it was written with, also when a part of it is written anew.
#[tokio::test]
async fn a_split_file_keeps_its_columns_and_a_column_may_be_added() {
    let folder = TempDir::new().unwrap();
    let lake = lake_in(folder.path());
    let table = prepared(&lake).await;
    let day = january(1, 1);
    let old = [
        Row::of_day("1", day.first, "old", 1),
        Row::of_day("2", day.first, "old", 1),
    ];
    let load = table.window(folder.path(), Some(day), &["1", "2"], &old);
    lake.load_window(&load).await.unwrap();
    let mut wider = table.clone();
    wider
        .schema
        .columns
        .push(column("flag", FieldType::Boolean));
    lake.prepare(&wider.schema, &wider.stream).await.unwrap();
    // Its rows lack the new column, as those of a window do that was spooled before.
    let new = [Row::of_day("1", day.first, "new", 2)];
    let load = table.window(folder.path(), Some(day), &["1"], &new);
    lake.load_window(&load).await.unwrap();
    table
        .assert_holds(
            &subject(folder.path(), &lake),
            &[new[0].clone(), old[1].clone()],
        )
        .await;
    let answer = lake.query("SELECT * FROM conformance").await.unwrap();
    assert_eq!(
        answer.columns,
        ["advertiser_id", "day", "label", "clicks", "cost", "flag"]
    );
}
